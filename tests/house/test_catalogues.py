"""The catalogues are PO files as gettext's own tools read them, complete and in no doubt."""

from __future__ import annotations

import re
import string
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from gettext import c2py
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

from gateway.model import words
from tests.house.source import PACKAGE
from tests.outside import require

CATALOGUES = PACKAGE / "model" / "catalogue"
PAGES = {page.relative_to(CATALOGUES).as_posix(): page.read_bytes() for page in sorted(CATALOGUES.rglob("*.*"))}
WIDTH_CHARS_MAX = 120


def _faults(pages: Mapping[str, bytes]) -> Iterator[str]:
    """What stands in the way of these pages being the words of the product. Each is named `<language>/<topic>.po`."""
    seen: Counter[tuple[str, str]] = Counter()
    for page, written in pages.items():
        lang = page.partition("/")[0]
        try:
            catalog = read_po(BytesIO(written), abort_invalid=True)
        except PoFileError as wrong:
            yield f"{page}: no PO file: {wrong}"
            continue
        lines = written.decode().splitlines()
        seen.update((lang, key) for line in lines for key in re.findall(r'^msgctxt "(.+)"$', line))
        yield from (f"{page}: {fault}" for fault in (*_faults_of_page(lang, lines), *_faults_of_entries(catalog)))
    yield from (f"{lang}: {key} stands there {times} times" for (lang, key), times in seen.items() if times > 1)


def _faults_of_page(lang: str, lines: list[str]) -> Iterator[str]:
    header = (f"Language: {lang}", "Content-Type: text/plain; charset=UTF-8", f"Plural-Forms: {get_plural(lang)}")
    yield from (f"the header lacks «{field}»" for field in header if f'"{field}\\n"' not in lines)
    for number, line in enumerate(lines, 1):
        if not unicodedata.is_normalized("NFC", line):
            yield f"line {number} is not precomposed (NFC)"
        if len(line) > WIDTH_CHARS_MAX:
            yield f"line {number} is too long; run: msgcat --width={WIDTH_CHARS_MAX} -o FILE FILE"
    for entry in "\n".join(lines).split("\n\n")[1:]:  # as written: Babel adds the flag itself while reading
        if re.search(r"(?<!\{)\{\w+\}", entry) and "#, python-brace-format\n" not in entry:
            yield f"not flagged python-brace-format: {entry.splitlines()[0]}"


def _faults_of_entries(catalog: Catalog) -> Iterator[str]:
    yield from (f"{message.context}: {fault}" for message, faults in catalog.check() for fault in faults)
    yield from (f"obsolete: {message.context}" for message in catalog.obsolete.values())
    for message in catalog:
        if not message.id:  # the header
            continue
        if not message.context:
            yield f"no key: {message.id}"
        if message.fuzzy:
            yield f"{message.context} is in doubt (fuzzy)"
        english, translated = _forms(message.id), _forms(message.string)
        if not all(translated):
            yield f"{message.context} is not translated"
        elif _placeholders(english) != _placeholders(translated):
            yield f"{message.context}: the placeholders differ"
        if set("«»") & set("".join(english)) or set("“”") & set("".join(translated)):
            yield f"{message.context}: English quotes “so”, Vietnamese «so»"


def _forms(sentence: str | Sequence[str] | None) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else tuple(sentence or ())


def _placeholders(forms: tuple[str, ...]) -> set[str]:
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


def test_nothing_in_the_catalogues_is_in_doubt() -> None:
    assert len(PAGES) > 40
    assert not list(_faults(PAGES))


HEADER = """msgid ""
msgstr ""
"Language: vi\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""
ENTRY = """
#, python-brace-format
msgctxt "say.planted"
msgid "One of {name}"
msgstr "Một của {name}"
"""
PLURAL = """
#, python-brace-format
msgctxt "say.planted.many"
msgid "{count} document"
msgid_plural "{count} documents"
msgstr[0] "{count} văn bản"
"""


def test_a_page_without_fault_has_none() -> None:
    assert not list(_faults({"vi/planted.po": (HEADER + ENTRY + PLURAL).encode()}))


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("Language: vi", "Language: en", "the header lacks «Language: vi»"),
        ("; charset=UTF-8", "", "the header lacks «Content-Type"),
        ("nplurals=1; plural=0", "nplurals=2; plural=(n != 1)", "the header lacks «Plural-Forms"),
        ('msgstr "Một của {name}"', 'msgstr ""', "say.planted is not translated"),
        ("Một của {name}", "Một của {tên}", "say.planted: the placeholders differ"),
        ("Một của", unicodedata.normalize("NFD", "Một của"), "line 10 is not precomposed"),
        ("Một của", "Một của" * 20, "line 10 is too long"),
        ("#, python-brace-format\n", "", 'not flagged python-brace-format: msgctxt "say.planted"'),
        ("#, python-brace-format", "#, fuzzy, python-brace-format", "say.planted is in doubt (fuzzy)"),
        ('msgctxt "say.planted"\n', "", "no key: One of {name}"),
        (ENTRY[1:], "".join(f"#~ {line}\n" for line in ENTRY.splitlines()[2:]), "obsolete: say.planted"),
        ("say.planted.many", "say.planted", "vi: say.planted stands there 2 times"),
        (ENTRY, ENTRY + ENTRY, "vi: say.planted stands there 2 times"),
        ("msgid_plural", "msgid_plurals", "no PO file"),
        ("msgstr[0]", "msgstr[1]", "no PO file"),
        ("{count} văn bản", "văn bản", "say.planted.many: the placeholders differ"),
        ("One of", "One %d of", "say.planted: "),
        ("One of", "«One» of", "say.planted: English quotes “so”"),
        ("Một của", "“Một” của", "say.planted: English quotes “so”"),
    ],
)
def test_a_planted_fault_is_found(right: str, wrong: str, fault: str) -> None:
    page = HEADER + ENTRY + PLURAL
    assert right in page
    planted = page.replace(right, wrong, 1)
    assert any(fault in found for found in _faults({"vi/planted.po": planted.encode()}))


def test_a_key_in_two_pages_is_found() -> None:
    twice = {f"vi/{topic}.po": (HEADER + ENTRY).encode() for topic in ("one", "other")}
    assert list(_faults(twice)) == ["vi: say.planted stands there 2 times"]


def test_every_page_is_read() -> None:
    """The English is the source of every translation; each of the other languages has its folder."""
    assert {page.partition("/")[0] for page in PAGES} == {*words.LANGUAGES} - {"en"}
    assert all(page.endswith(".po") for page in PAGES)
    written = sum(len(re.findall(rb'^msgctxt "', page, re.MULTILINE)) for page in PAGES.values())
    assert len(words.keys("vi")) == len(words.keys("en")) == written


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_plural_forms_are_chosen_as_gettext_chooses_them(lang: str) -> None:
    theirs = c2py(get_plural(lang).plural_expr)
    assert [words._FORM[lang](count) for count in range(200)] == [theirs(count) for count in range(200)]


@pytest.mark.oracle
def test_msgfmt_takes_every_page() -> None:
    """GNU gettext's compiler, with all its checks: headers, domains, placeholders of translation against source."""
    msgfmt = require("msgfmt")
    for page in PAGES:
        said = subprocess.run(
            [msgfmt, "--check", "--output-file=/dev/null", CATALOGUES / page], capture_output=True, text=True
        )
        assert said.returncode == 0, f"{page}: {said.stderr}"
