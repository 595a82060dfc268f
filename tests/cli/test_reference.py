"""The verbs that explain."""

from __future__ import annotations

from pathlib import Path

from gateway import config
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.rules.form_rules import form_rules
from tests.cli.command import done, gateway


def test_reasons_lists_every_reason_in_order_of_precedence() -> None:
    assert [row["reason"] for row in done("reasons", "--json").json] == [str(one) for one in Reason]
    listed = [line.split()[0] for line in done("reasons").out.splitlines()[1:]]
    assert listed == [str(one) for one in Reason]


def test_one_reason_is_told_with_its_hint() -> None:
    said = done("reasons", "seal.digest")
    assert text("vi", "reason.seal.digest.title") in said.out
    assert text("vi", "reason.seal.digest.hint") in said.out


def test_the_first_word_of_a_code_chooses_a_family() -> None:
    rows = done("reasons", "authority", "--json").json
    assert rows
    assert all(row["reason"].startswith("authority.") for row in rows)


def test_an_unknown_reason_is_a_failure_that_says_where_all_are() -> None:
    said = gateway("reasons", "no.such")
    assert said.code == 1
    assert "gateway reasons" in said.err


def test_the_example_configuration_is_one_that_checks(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(done("config", "describe").out, encoding="utf-8")
    assert str(file) in done("config", "check", file).out


def test_a_wrong_configuration_is_told_with_the_key(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(config.describe("vi").replace("port = ", "prot = "), encoding="utf-8")
    said = gateway("config", "check", file, lang="en")
    assert said.code == 1
    assert "“server.prot”" in said.err
    assert "server.port" in said.err


def test_rules_are_listed_with_the_law_behind_each() -> None:
    every = done("rules", "list", "--json").json
    ids = [row["rule"] for row in every]
    assert set(ids) >= {one.id for one in form_rules()} | {"authority.not_yours", "seal.missing", "pdf.revoked"}
    assert len(set(ids)) == len(ids)
    assert all(row["law"]["vi"] and row["finding"]["en"] and row["advice"]["vi"] for row in every)
    some = done("rules", "list", every[0]["rule"]).out
    assert every[0]["law"]["vi"] in some
    assert len(some.splitlines()) == 2
