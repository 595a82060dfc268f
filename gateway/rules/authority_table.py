"""The authority table: which kind of agency may issue which type, who signs in which capacity, and the policies.

`config/authority.xml` is the table shipped, version 1; `schemas/authority.xsd` says what a table looks like. A table
that two people put in force comes sealed by the gateway and is read only from the bytes that were signed. Read once,
a table is dictionaries: asking it costs nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

from lxml import etree

from gateway.edxml import schema_path
from gateway.model.agency import AgencyKind, PolicyName, Regime
from gateway.model.refusal import Severity
from gateway.model.signers import Capacity, Rank
from gateway.model.words import LANGUAGES
from gateway.rules.policy import Policy
from gateway.trust import verify_countersigned

AUTHORITY = "authority"
"""Its name among the tables of rules in the register and the ledger."""
NAMESPACE = "urn:vn:truc:authority:1"
TABLE_BYTES_MAX = 1024 * 1024
LAWS_NAMED = frozenset({"vbqppl-2025", "nd30-7", "nd30-13", "nd30-13-3", "nd30-i-7"})
"""Laws that findings cite although no row of a table led to them; every table has them."""

W = TypeVar("W", bound=StrEnum)


class Group(StrEnum):
    """What a type of document belongs to."""

    LEGAL = "legal"
    """Văn bản quy phạm pháp luật: its notation has the year."""
    ADMINISTRATIVE = "administrative"
    """Decree 30/2020, Article 7."""
    PARTY = "party"
    FREE = "free"
    """A name anybody may use for a document that is not a legal one."""


class DelegationNeed(StrEnum):
    """What a capacity takes besides the rank."""

    NONE = "none"
    OPTIONAL = "optional"
    """Where delegations were enrolled for the signer, one of them covers the document."""
    SIGNER = "signer"
    """One to the signer covers the document."""
    UNIT = "unit"
    """One covers the document, to whomever: its holder may let the deputy sign (Decree 30/2020, Article 13.4)."""


Law = Mapping[str, str]
"""A citation by language."""


@dataclass(frozen=True, slots=True)
class Issue:
    """From when until when a kind of agency may issue a type, by which law."""

    law: Law
    since: date | None = None
    until: date | None = None
    """First day on which it no longer may."""

    def covers(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A type of document: its name and what it belongs to."""

    name: str
    groups: frozenset[Group]


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """How one chain of capacities works."""

    chain: tuple[Capacity, ...]
    written: str
    regimes: frozenset[Regime]
    ranks: frozenset[Rank]
    delegation: DelegationNeed
    law: Law


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of agency."""

    name: Mapping[str, str]
    regimes: frozenset[Regime]
    issues: Mapping[tuple[str, Group], tuple[Issue, ...]]
    """By name of the type, folded, and group."""


@dataclass(frozen=True, slots=True)
class AuthorityTable:
    """A table, ready to be asked."""

    version: int
    sha256: str
    """Of the bytes it was read from, lower-case hex."""
    laws: Mapping[str, Law]
    types: Mapping[str, DocumentKind]
    """By name, folded."""
    kinds: Mapping[AgencyKind, Kind]
    capacities: Mapping[tuple[Capacity, ...], CapacityRow]
    policies: Mapping[str, Policy]


class TableError(Exception):
    """The document is no authority table: in which line, and why."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


@cache
def shipped_table() -> AuthorityTable:
    """The table in force where nobody has put another in force."""
    return read_table(shipped_path().read_bytes())


def shipped_path() -> Path:
    """Where the shipped table lies: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_config"
    return (inside if inside.is_dir() else package.parent / "config") / "authority.xml"


def open_table(sealed: bytes, certificate_der: bytes) -> AuthorityTable:
    """The table a certificate's key sealed, read from what was signed. Refused(seal.*) or TableError otherwise."""
    return read_table(verify_countersigned(sealed, certificate_der))


def read_table(xml: bytes) -> AuthorityTable:
    """The table a document holds. TableError for anything that is none."""
    if len(xml) > TABLE_BYTES_MAX:
        raise TableError(1, f"> {TABLE_BYTES_MAX} byte")
    try:
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError as wrong:
        raise TableError(wrong.lineno or 1, wrong.msg) from wrong
    if root.getroottree().docinfo.doctype:
        raise TableError(1, "DOCTYPE")
    schema = etree.XMLSchema(file=str(schema_path("authority.xsd")))
    if not schema.validate(root):
        first = schema.error_log[0]
        raise TableError(first.line, first.message)
    laws = {law.get("key", ""): {lang: _one(law, lang) for lang in LANGUAGES} for law in _all(root, "laws/law")}
    types = {
        fold(_text(one)): DocumentKind(_text(one), _words(one, "groups", Group)) for one in _all(root, "types/type")
    }
    return AuthorityTable(
        version=int(root.get("version", "")),
        sha256=hashlib.sha256(xml).hexdigest(),
        laws=laws,
        types=types,
        kinds={AgencyKind(one.get("key", "")): _kind(one, laws, types) for one in _all(root, "kinds/kind")},
        capacities={row.chain: row for row in (_capacity(one, laws) for one in _all(root, "capacities/capacity"))},
        policies=_policies(root),
    )


_CASUAL = (("uỷ", "ủy"), ("thoả", "thỏa"), ("(cá biệt)", ""))


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """A name for comparison: case, blanks, the place of the tone mark and "(cá biệt)" do not matter."""
    folded = unicodedata.normalize("NFC", name[:300]).casefold()
    for written, meant in _CASUAL:
        folded = folded.replace(written, meant)
    return " ".join(folded.split())


_MARKS = {
    "tm": Capacity.COLLECTIVE,
    "q": Capacity.ACTING,
    "kt": Capacity.DEPUTY,
    "tl": Capacity.ORDER,
    "tuq": Capacity.MANDATE,
}
_MARK = re.compile(r"(?<![\w.])(?:(TUQ|TM|KT|TL|Q(?=\s*\.\s*[^\W\d]))\s*\.|(T/M|K/T|T/L)(?!\w))", re.IGNORECASE)
"""As Decree 30/2020 writes them, and as Party bodies do. `Q.1` is a district, no capacity."""


@lru_cache(maxsize=4096)
def chain_of(competence: str) -> tuple[Capacity, ...]:
    """The capacities written before a signature, in their order; the head's own where there is none."""
    marks = ((plain or party).replace("/", "").lower() for plain, party in _MARK.findall(competence[:300]))
    return tuple(_MARKS[mark] for mark in marks) or (Capacity.HEAD,)


def _kind(element: etree._Element, laws: Mapping[str, Law], types: Mapping[str, DocumentKind]) -> Kind:
    issues: dict[tuple[str, Group], tuple[Issue, ...]] = {}
    for row in _all(element, "issues"):
        group, law = Group(row.get("group", "")), _law(row, laws)
        issue = Issue(law, *(date.fromisoformat(day) if (day := row.get(edge)) else None for edge in ("from", "until")))
        for name in _named(row, group, types):
            issues[name, group] = (*issues.get((name, group), ()), issue)
    names = {lang: _one(element, lang) for lang in LANGUAGES}
    return Kind(names, _words(element, "regimes", Regime), issues)


def _named(row: etree._Element, group: Group, types: Mapping[str, DocumentKind]) -> Iterator[str]:
    """The types a row speaks of, folded."""
    excepted = {fold(_text(one)) for one in _all(row, "except")}
    named = [fold(_text(one)) for one in _all(row, "type")]
    for name in (*named, *excepted):
        if name not in types or group not in types[name].groups:
            raise TableError(_line(row), f"{group}: {name}")
    of_group = (name for name, kind in types.items() if group in kind.groups)
    yield from (name for name in (named or of_group) if name not in excepted)


def _capacity(element: etree._Element, laws: Mapping[str, Law]) -> CapacityRow:
    return CapacityRow(
        chain=tuple(Capacity(one) for one in element.get("chain", "").split()),
        written=element.get("written", ""),
        regimes=_words(element, "regimes", Regime),
        ranks=_words(element, "ranks", Rank),
        delegation=DelegationNeed(element.get("delegation", "")),
        law=_law(element, laws),
    )


def _policies(root: etree._Element) -> dict[str, Policy]:
    policies = {}
    for one in _all(root, "policies/policy"):
        rules = {rule.get("name", ""): Severity(rule.get("severity", "")) for rule in _all(one, "rule")}
        otherwise = one.get("otherwise")
        name = one.get("name", "")
        policies[name] = Policy(name, Severity(otherwise) if otherwise else None, rules)
    if policies.keys() != set(PolicyName):
        raise TableError(_line(root), ", ".join(PolicyName))
    return policies


def _words(element: etree._Element, attribute: str, among: type[W]) -> frozenset[W]:
    return frozenset(among(one) for one in element.get(attribute, "").split())


def _law(element: etree._Element, laws: Mapping[str, Law]) -> Law:
    written = element.get("law", "")
    if written not in laws:
        raise TableError(_line(element), f"law: {written}")
    return laws[written]


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))


def _one(element: etree._Element, name: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{name}", "")


def _text(element: etree._Element) -> str:
    return element.text or ""


def _line(element: etree._Element) -> int:
    return int(element.sourceline or 1)
