"""The catalogues: what a person reads is there in both languages, complete, and written as it is written."""

from __future__ import annotations

import ast
import re
import string
import unicodedata

import pytest

from gateway.model import words
from gateway.model.reasons import Reason
from tests.house.source import PACKAGE, modules

VIETNAMESE = re.compile(r"[àáâãèéêìíòóôõùúýăđĩũơưạ-ỹ]", re.IGNORECASE)
PLACEHOLDER_FREE = re.compile(r"\{[^}]*\}|`[^`]*`|<[^>]*>|\$ .*")
"""What is no prose: placeholders, code, elements, and commands to type."""

KEYS = sorted(words.keys("vi") | words.keys("en"))


def _forms(lang: str, key: str) -> tuple[str, ...]:
    """The sentence as it stands in the catalogue, in each of its plural forms."""
    sentence = words._catalogues()[lang][key]
    return (sentence,) if isinstance(sentence, str) else sentence


def _placeholders(lang: str, key: str) -> set[str]:
    parsed = (part for form in _forms(lang, key) for part in string.Formatter().parse(form))
    return {name for _, name, _, _ in parsed if name}


def test_both_languages_have_the_same_keys() -> None:
    assert words.keys("vi") == words.keys("en")


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_reason_says_what_is_wrong_and_what_to_do(reason: Reason, lang: str) -> None:
    assert {f"reason.{reason}.title", f"reason.{reason}.hint"} <= words.keys(lang)


def test_no_sentence_speaks_of_a_reason_that_is_none() -> None:
    codes = set(Reason)
    strangers = [key for key in KEYS if key.startswith("reason.") and ".".join(key.split(".")[1:3]) not in codes]
    assert not strangers


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_no_sentence_holds_what_cannot_be_seen(lang: str) -> None:
    for key in KEYS:
        for sentence in _forms(lang, key):
            assert not any(unicodedata.category(one) == "Cc" and one != "\n" for one in sentence), key


def test_vietnamese_is_written_with_its_diacritics() -> None:
    """A sentence of four words or more without one accented letter was typed without them."""
    for key in KEYS:
        sentence = PLACEHOLDER_FREE.sub("", *_forms("vi", key))
        if len(re.findall(r"[^\W\d_]+", sentence)) >= 4:
            assert VIETNAMESE.search(sentence), f"{key}: {sentence}"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_headings_of_the_commands_tables_begin_small(lang: str) -> None:
    for key in KEYS:
        first = _forms(lang, key)[0].split()[0]
        if key.startswith("say.column.") and first != "Trục" and not first.isupper():
            assert first[0].islower(), f"{key}: {first}"


def test_the_two_languages_are_not_copies_of_each_other() -> None:
    for key in KEYS:
        (sentence,) = _forms("vi", key)
        if len(re.findall(r"[^\W\d_]+", PLACEHOLDER_FREE.sub("", sentence))) >= 3:
            assert sentence not in _forms("en", key), key


TEMPLATES = {
    "console": sorted((PACKAGE / "http" / "console" / "templates").glob("*.html")),
    "audit_report": [PACKAGE / "exchange" / "audit_report.html"],
    "overview_report": [PACKAGE / "exchange" / "overview_report.html"],
    "page": [PACKAGE / "ledger" / "page.html"],
}
"""Pages whose words are asked for without the first part of their keys, which the code that renders them adds."""
QUOTED = re.compile(r"[\"']([a-z_][a-z_0-9.-]*)[\"'](?!\s*~)")
BEGUN = re.compile(r"[\"']([a-z_][a-z_0-9.-]*)\.[\"']\s*~")
ASKED = re.compile(r"\b(t|say|word)\(\s*(?:(?:lang|[\"'][a-z]{2}[\"']),\s*)?[\"']([a-z_][a-z_0-9.-]*)[\"']\s*[,)]")


def _said() -> tuple[set[str], set[str]]:
    """Keys that code or a page names whole, and beginnings they are built from: `f"config.{section}.{key}"`."""
    source = "\n".join(module.text for module in modules())
    named = set(re.findall(r"[\"']([a-z_][a-z_0-9.-]+)[\"']", source))
    built = {match.group(1) for match in re.finditer(r"f[\"']([a-z_.]+)\.(?=\{)", source)} - TEMPLATES.keys()
    for first, pages in TEMPLATES.items():
        page = "\n".join(one.read_text(encoding="utf-8") for one in pages)
        named |= {f"{first}.{key}" for key in (*QUOTED.findall(page), *named)}
        built |= {f"{first}.{start}" for start in (*BEGUN.findall(page), *built)}
    return named, built


def _idle(keys: list[str]) -> list[str]:
    named, built = _said()
    return [key for key in keys if key not in named and not any(key.startswith(f"{start}.") for start in built)]


def test_every_sentence_is_used() -> None:
    assert not (idle := _idle(KEYS)), f"nobody says {idle}"


@pytest.mark.parametrize("planted", ["console.health.planted", "say.planted", "page.planted", "planted"])
def test_a_sentence_nobody_says_is_found(planted: str) -> None:
    assert _idle([planted]) == [planted]


@pytest.mark.parametrize("first", TEMPLATES)
def test_what_a_page_says_is_in_the_catalogues(first: str) -> None:
    """What it names whole; a key that is built is met by the tests of its page."""
    begins = {"t": first, "say": first, "word": "console.overview"}
    for page in TEMPLATES[first]:
        asked = {f"{begins[how]}.{key}" for how, key in ASKED.findall(page.read_text(encoding="utf-8"))}
        assert not (missing := asked - words.keys("vi")), f"{page.name}: {missing}"


OLD_TONE = re.compile(r"\b\w*(?:o[àáảãạ]|o[èéẻẽẹ]|(?<![qQ])u[ỳýỷỹỵ])\b", re.IGNORECASE)
"""`hoá`, `khoẻ`, `uỷ`: the tone on the last vowel of an open syllable. We write `hóa`, `khỏe`, `ủy`."""


def test_one_orthography_is_kept() -> None:
    """Tone marks stand as in `hóa`, `ủy`; both ways are Vietnamese, but one product writes one of them."""
    faults = {key: found for key in KEYS if (found := OLD_TONE.findall(*_forms("vi", key)))}
    assert not faults


def test_a_detail_asks_only_for_what_its_findings_say() -> None:
    """`found(Reason.X, name=...)` fills the placeholders of X's detail; one left empty would be shown as it is."""
    faults = []
    for module in modules():
        for call in ast.walk(module.tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "found"):
                continue
            reason, given = _reason_of(call), {one.arg: one.value for one in call.keywords}
            if reason is None or None in given or "detail_vi" in given:
                continue
            fault = given.get("fault")
            name = f"detail_{fault.value}" if isinstance(fault, ast.Constant) else "detail"
            key = f"reason.{reason}.{name}"
            later = set(re.findall(r"\(\"(\w+)\", ", module.text))  # values a room adds to all its findings
            if key in words.keys("vi") and not _placeholders("vi", key) <= given.keys() | later:
                faults.append(f"{module.where}:{call.lineno} {key}")
            if isinstance(fault, ast.Constant) and key not in words.keys("vi"):
                faults.append(f"{module.where}:{call.lineno} no {key}")
    assert not faults, faults


def _reason_of(call: ast.Call) -> Reason | None:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Attribute) and isinstance(first.value, ast.Name) and first.value.id == "Reason":
        return Reason[first.attr]
    return None
