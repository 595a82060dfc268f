"""The rule set: everything an examination is made of, its words included."""

from __future__ import annotations

from importlib.resources import files

from gateway.rules.version import ROOMS, SCHEMAS, rule_files, rule_set


def test_the_rule_set_is_over_the_words_an_examination_is_told_in() -> None:
    catalogue = files("gateway.model").joinpath("catalogue", "vi")
    assert {f"model/catalogue/vi/{page.name}" for page in catalogue.iterdir()} <= rule_files().keys()


def test_the_rule_set_is_over_modules_and_schemas_and_nothing_python_leaves_behind() -> None:
    names = rule_files().keys()
    assert {f"{room}/__init__.py" for room in ROOMS} | set(SCHEMAS) <= names
    assert {name.rpartition(".")[2] for name in names} == {"py", "po", "xsd", "sch"}
    assert len(rule_set()) == 64
