"""The manual's page of the authority table: `python -m tests.rules.authority_page` writes docs/authority.md."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.rules.authority_table import AuthorityTable, Group, Issue, Kind, shipped_table
from gateway.rules.policy import POLICIES
from tests.house.source import TOP

PAGE = TOP / "docs" / "authority.md"

HEAD = """# Authority (thẩm quyền)

<!-- Written by `python -m tests.rules.authority_page`; a test compares. -->

After the rules of [form](form-rules.md), and before the seal: may this system send in this agency's name, and do the
addressees exist (`rules/authority.py:check_authority`); may this agency issue this type of document, and may this
person, in this capacity, on the day the document bears, sign it (`rules/competence.py:check_competence`). The facts are
the directory's (what an agency is, who signs for it, what was delegated), the law is a table: `config/authority.xml`,
by the schema `schemas/authority.xsd`, so any vendor's system may use both. Every row names its law.

The shipped table is version {version}. It was written by engineers from the texts it names; have your legal
department read it before a strict policy refuses anything by it.

## What is judged

| finding | own severity | when |
|---|---|---|
| `authority.not_competent_type.never` | refuse | no row lets the agency's kind issue the type |
| `authority.not_competent_type.not_then` | refuse | a row does, but not on the day of the document |
| `authority.not_competent_type.undeclared` | warn | a legal document of an agency whose kind nobody declared |
| `authority.capacity.no_such` | refuse | marks that do not go together, as KT. over TL. |
| `authority.capacity.collective` | refuse | TM. in an agency under one-man rule |
| `authority.capacity.one_man` | refuse | no TM. in an agency that only a collective leads |
| `authority.capacity.rank` | refuse | the signer's rank does not sign in this capacity |
| `authority.capacity.legal` | warn | a legal document signed by order or by mandate |
| `authority.signer_unknown.not_enrolled` | warn | the agency has enrolled no signers |
| `authority.signer_unknown.nobody` | refuse | it has, and this person is not among them |
| `authority.signer_unknown.not_then` | refuse | this person was not in office on the day of the document |
| `authority.signer_unknown.other_position` | warn | the document gives another position than the register |
| `authority.delegation.none` | refuse | no delegation to this person covers the type and the day |
| `authority.delegation.passed_on` | refuse | a mandate was passed on: TUQ. with another mark |

A document is a legal one where its number has the year (`30/2020/NĐ-CP`), or where its type is nothing else (Nghị
định). A type the table does not name is left to the rules of form; so is a document without a signer. Titles before a
signer's name are a fault of form, and a name with one is nobody's in the register.

## Who signs

In the JSON of `gateway directory import`, beside the fields of [the directory file](operator.md#the-directory-file):

```json
{{"key": "G99", "name": "Bộ Mẫu", "kinds": ["ministry"], "policy": "strict",
 "signers": [
  {{"full_name": "Phạm Thị Lan", "position": "Bộ trưởng", "rank": "head", "starts_at": "2026-04-08"}},
  {{"full_name": "Lê Thị Hoa", "position": "Chánh Văn phòng", "rank": "unit-head"}}],
 "delegations": [
  {{"capacity": "order", "full_name": "Lê Thị Hoa", "basis": "05/QĐ-BM", "types": ["Công văn", "Giấy mời"]}}]}}
```

`kinds` are the words of the second table below; more than one where one identifier sends for several bodies, as the
Government Office does for the Government and the Prime Minister. `regime` (`one-man`, `collective`) is given where it
differs from the kind's. A mandate must have an end and name its types (Decree 30, Article 13.3); nobody passes one on.
Successors of merged agencies are `successor` and `ends_at` of the agency that ended: who still writes to it, or as it,
is refused and told the successor.

## Who may issue what

"""

POLICY_HEAD = """
## Policies

A policy belongs to a peer (`gateway peer add --policy`) and, where the directory says so, to an agency, whoever sends
for it; of the two the stricter counts. A policy may give any rule of form, any finding above and any reason about seals
and PDFs another severity.

| policy | without a rule of its own | rules |
|---|---|---|
"""

FOOT = """
## Changing the table

Two people must agree. One proposes a version, another approves it, and from its instant on it decides, in every running
gateway within a second (`exchange/watch.py:refresh_table`):

```sh
gateway table propose authority-2.xml --by lan.nguyen --effective-from 2027-01-01
gateway table approve 2 --by minh.tran
gateway table list
```

The gateway seals the proposal; both steps are entries of the [ledger](auditor.md#entries) with the digest of the sealed
document. The database refuses an approval by who proposed, a second one, and any other change
(`store/migrations/guards.py:guards_of_first`). A gateway that finds another document than the approved one stops. The
names are those the operators give: that two people stand behind two accounts is for the house that runs the gateway to
see to. A table that was approved too late counts from its approval; the highest approved version whose time has come
is in force.
"""


def authority_page() -> str:
    """The page, whole."""
    table = shipped_table()
    lines = [HEAD.format(version=table.version) + "| kind | may issue | by |", "|---|---|---|"]
    for key, kind in table.kinds.items():
        for what, law in _rows(table, kind):
            lines.append(f"| `{key}` {kind.name['vi']} | {what} | {law} |")
    lines += ["", "## In which capacity", "", "| mark | regime | rank | delegation | by |", "|---|---|---|---|---|"]
    for row in table.capacities.values():
        regimes, ranks = ", ".join(sorted(row.regimes)), ", ".join(sorted(row.ranks))
        lines.append(f"| {row.written or '(none)'} | {regimes} | {ranks} | {row.delegation} | {row.law['vi']} |")
    lines.append(POLICY_HEAD.rstrip("\n"))
    for policy in table.policies.values():
        rules = ", ".join(f"{name}: {severity}" for name, severity in policy.rules.items()) or "–"
        lines.append(f"| {policy.name} | {policy.otherwise or 'its own severity'} | {rules} |")
    assert table.policies == POLICIES, "what is shipped is what the command knows offline"
    return "\n".join(lines) + "\n" + FOOT


def _rows(table: AuthorityTable, kind: Kind) -> Iterator[tuple[str, str]]:
    """What a kind may issue, one row for each law and period; a whole group is said in a word."""
    rows: dict[tuple[Group, str, str], list[str]] = {}
    for (name, group), issues in kind.issues.items():
        for issue in issues:
            rows.setdefault((group, issue.law["vi"], _when(issue)), []).append(table.types[name].name)
    for (group, law, when), names in rows.items():
        of_group = [one.name for one in table.types.values() if group in one.groups]
        missing = [one for one in of_group if one not in names]
        whole = f"{group}: every type" + (f" but {', '.join(missing)}" if missing else "")
        yield (whole if len(missing) < len(names) else f"{group}: {', '.join(names)}") + when, law


def _when(issue: Issue) -> str:
    since = f", from {issue.since:%d/%m/%Y}" if issue.since else ""
    return since + (f", until {issue.until:%d/%m/%Y}" if issue.until else "")


if __name__ == "__main__":
    PAGE.write_text(authority_page(), encoding="utf-8")
