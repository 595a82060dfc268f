"""Competence (thẩm quyền ban hành, thẩm quyền ký): may this agency issue this type, and may this person sign it so?

Pure functions of the document, the sending agency with its registers, the authority table and a policy. Everything is
judged at the day the document bears, Viet Nam's: a document of June is signed by those who were in office in June.
Sources: Decree 30/2020/NĐ-CP, Articles 7 and 13, annex I; the laws each row of the table names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from gateway.edxml import quoted
from gateway.model.agency import Agency
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Content, Document
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Severity, found
from gateway.model.signers import Capacity, Delegation, Signer
from gateway.model.words import LANGUAGES, text
from gateway.rules.authority_table import (
    AuthorityTable,
    CapacityRow,
    DelegationNeed,
    DocumentKind,
    Group,
    Law,
    chain_of,
    fold,
)
from gateway.rules.form import HEADER, real_date
from gateway.rules.policy import Policy

TYPE = f"{HEADER}/DocumentType/TypeName"
SIGNER = f"{HEADER}/SignerInfo"

_YEAR = re.compile(r"/(?:19|20)[0-9]{2}/")
"""`30/2020/NĐ-CP`: only a legal normative document has the year between number and notation."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One document before the table."""

    document: Document
    agency: Agency
    table: AuthorityTable
    policy: Policy
    day: date
    instant: datetime
    """Midnight of the day, as periods are written."""

    def finding(self, reason: Reason, fault: str, path: str, law: Law, own: Severity, **values: str) -> Finding:
        """A finding that names its law, at the severity the policy gives to `<reason>.<fault>`."""
        shown = {name: quoted(value) for name, value in values.items()}
        details = {
            f"detail_{lang}": text(lang, f"reason.{reason}.detail_{fault}", law=law[lang], **shown)
            for lang in LANGUAGES
        }
        severity = self.policy.severity(f"{reason}.{fault}", own)
        return Finding(reason, found(reason, path).place, tuple({"fault": fault, **details}.items()), severity)


def check_competence(
    content: Content, agency: Agency | None, table: AuthorityTable, policy: Policy, at: datetime
) -> tuple[Finding, ...]:
    """Every fault of competence: the type, the capacity, the signer, the delegation.

    A status packet, and a sender nobody knows, have none. What the form rules already say (no signer, no type) is not
    said again.
    """
    if not isinstance(content, Document) or agency is None:
        return ()
    written = real_date(content.promulgated_on) if content.promulgated_on else None
    day = written or at.astimezone(VIET_NAM).date()
    midnight = datetime(day.year, day.month, day.day, tzinfo=VIET_NAM)
    case = _Case(content, agency, table, policy, day, midnight)
    kind = table.types.get(fold(content.document_type.name or ""))
    groups = _groups(content, kind) if kind else frozenset()
    findings = [] if kind is None else list(_type(case, kind, groups))
    if content.signer.competence or content.signer.full_name:
        findings += _signature(case, kind, groups)
    return tuple(findings)


def _groups(document: Document, kind: DocumentKind) -> frozenset[Group]:
    """What a document of this type is: legal where its notation has the year, or where nothing else bears the name."""
    if _YEAR.search(document.code):
        return kind.groups & {Group.LEGAL} or kind.groups
    return kind.groups - {Group.LEGAL} or kind.groups


def _type(case: _Case, kind: DocumentKind, groups: frozenset[Group]) -> Iterator[Finding]:
    """The agency may issue this type on this day (Decree 30/2020, Article 7; the law on legal documents, Article 4)."""
    reason, name = Reason.AUTHORITY_NOT_COMPETENT_TYPE, fold(kind.name)
    if Group.FREE in groups:
        return
    law = case.table.laws["vbqppl-2025" if groups == {Group.LEGAL} else "nd30-7"]
    if not case.agency.kinds:
        if groups == {Group.LEGAL}:
            yield case.finding(reason, "undeclared", TYPE, law, Severity.WARN, type=kind.name, agency=case.agency.key)
        return
    kinds = [case.table.kinds[one] for one in case.agency.kinds if one in case.table.kinds]
    issues = [issue for one in kinds for group in groups for issue in one.issues.get((name, group), ())]
    if any(issue.covers(case.day) for issue in issues):
        return
    fault, law = ("not_then", issues[0].law) if issues else ("never", law)
    yield case.finding(
        reason, fault, TYPE, law, Severity.REFUSE,
        type=kind.name, agency=case.agency.name, day=f"{case.day:%d/%m/%Y}",
    )  # fmt: skip


def _signature(case: _Case, kind: DocumentKind | None, groups: frozenset[Group]) -> Iterator[Finding]:
    """The capacity, who signs in it, and what was delegated to him (Decree 30/2020, Article 13)."""
    written = case.document.signer.competence or ""
    chain = chain_of(written)
    row = case.table.capacities.get(chain)
    if row is None:
        yield _no_such_capacity(case, chain, written)
    else:
        yield from _regime(case, row, written)
        if groups == {Group.LEGAL} and row.delegation in {DelegationNeed.SIGNER, DelegationNeed.UNIT}:
            yield case.finding(
                Reason.AUTHORITY_CAPACITY, "legal", f"{SIGNER}/Competence", row.law, Severity.WARN, written=written
            )
    if not case.agency.signers:
        law = case.table.laws["nd30-13"]
        yield case.finding(
            Reason.AUTHORITY_SIGNER_UNKNOWN, "not_enrolled", SIGNER, law, Severity.WARN, agency=case.agency.key
        )
    elif case.document.signer.full_name:
        yield from _person(case, case.document.signer.full_name, row, kind)


def _no_such_capacity(case: _Case, chain: tuple[Capacity, ...], written: str) -> Finding:
    """No row of the table: a mandate that was passed on (Article 13.3), or marks that do not go together."""
    path = f"{SIGNER}/Competence"
    if Capacity.MANDATE in chain:
        law = case.table.laws["nd30-13-3"]
        return case.finding(Reason.AUTHORITY_DELEGATION, "passed_on", path, law, Severity.REFUSE, written=written)
    law = case.table.laws["nd30-i-7"]
    return case.finding(Reason.AUTHORITY_CAPACITY, "no_such", path, law, Severity.REFUSE, written=written)


def _regime(case: _Case, row: CapacityRow, written: str) -> Iterator[Finding]:
    """TM. is for a collective, the head's bare signature for one-man rule (Article 13.1, 13.2)."""
    declared = [case.table.kinds[one].regimes for one in case.agency.kinds if one in case.table.kinds]
    regimes = {case.agency.regime} if case.agency.regime else frozenset[object]().union(*declared)
    if regimes and not regimes & row.regimes:
        fault = "collective" if Capacity.COLLECTIVE in row.chain else "one_man"
        values = {"written": written, "agency": case.agency.name}
        path = f"{SIGNER}/Competence"
        yield case.finding(Reason.AUTHORITY_CAPACITY, fault, path, row.law, Severity.REFUSE, **values)


def _person(case: _Case, full_name: str, row: CapacityRow | None, kind: DocumentKind | None) -> Iterator[Finding]:
    """The signer is enrolled, was in office, has the rank the capacity takes, and the leave it needs."""
    name, law = fold(full_name), case.table.laws["nd30-13"]
    values = {"name": full_name, "day": f"{case.day:%d/%m/%Y}", "written": case.document.signer.competence or ""}
    enrolled = [one for one in case.agency.signers if fold(one.full_name) == name]
    in_office = [one for one in enrolled if one.period.covers(case.instant)]
    if not in_office:
        fault = "not_then" if enrolled else "nobody"
        path = f"{SIGNER}/FullName"
        yield case.finding(Reason.AUTHORITY_SIGNER_UNKNOWN, fault, path, law, Severity.REFUSE, **values)
        return
    position = case.document.signer.position
    if position and not any(_same_position(position, one) for one in in_office):
        values["position"], values["known"] = position, in_office[0].position
        path = f"{SIGNER}/Position"
        yield case.finding(Reason.AUTHORITY_SIGNER_UNKNOWN, "other_position", path, law, Severity.WARN, **values)
    if row is None:
        return
    if not any(one.rank in row.ranks for one in in_office):
        values["position"] = in_office[0].position
        path = f"{SIGNER}/Competence"
        yield case.finding(Reason.AUTHORITY_CAPACITY, "rank", path, row.law, Severity.REFUSE, **values)
    elif not _covered(case, name, row, kind):
        values["type"] = kind.name if kind else "–"
        yield case.finding(Reason.AUTHORITY_DELEGATION, "none", SIGNER, row.law, Severity.REFUSE, **values)


def _same_position(written: str, signer: Signer) -> bool:
    """`Phó Chủ nhiệm` is the position of who is enrolled as `Phó Chủ nhiệm Văn phòng Chính phủ`, and the reverse."""
    one, other = fold(written), fold(signer.position)
    return one.startswith(other) or other.startswith(one)


def _covered(case: _Case, name: str, row: CapacityRow, kind: DocumentKind | None) -> bool:
    """Whether the leave this capacity takes was given, for this type and this day."""
    if row.delegation is DelegationNeed.NONE:
        return True
    capacity = row.chain[0] if row.delegation is DelegationNeed.UNIT else row.chain[-1]
    given = [one for one in case.agency.delegations if one.capacity is capacity]
    if row.delegation is not DelegationNeed.UNIT:
        given = [one for one in given if fold(one.full_name) == name]
    if row.delegation is DelegationNeed.OPTIONAL and not given:
        return True
    return any(_covers(one, kind, case.instant) for one in given)


def _covers(one: Delegation, kind: DocumentKind | None, at: datetime) -> bool:
    """A mandate counts only where it is limited in time and in content (Article 13.3)."""
    if one.capacity is Capacity.MANDATE and (one.period.ends_at is None or not one.types):
        return False
    return one.period.covers(at) and _within(one.types, kind)


def _within(types: Iterable[str], kind: DocumentKind | None) -> bool:
    folded = [fold(one) for one in types]
    return not folded or (kind is not None and fold(kind.name) in folded)
