"""The manual's page of the rules of form: `python -m tests.rules.page` writes docs/form-rules.md."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.model.packet import Document
from gateway.model.refusal import Severity
from gateway.rules.form_rules import Rule, check_form_rules, form_rules, form_schematron
from gateway.rules.policy import HARMFUL, STRICT, TRANSITION, Policy
from tests.house.source import TOP
from tests.rules.corpus import CORPUS, DIRECTORY, Paper
from tests.rules.packets import AT, claim_of

SHOWN = (
    ("công văn ghi như quyết định, người ký ghi học vị", STRICT),
    ("thu hồi văn bản của cơ quan khác mà không nêu lý do", STRICT),
    ("gói tin như phần mềm cũ ngoài thực tế vẫn gửi", TRANSITION),
)
MARKS = {Severity.REFUSE: "từ chối", Severity.WARN: "cảnh báo"}

HEAD = """# Rules of form (thể thức)

<!-- Written by `python -m tests.rules.page`; a test compares. -->

What a careful văn thư would say of a packet before letting it out: {count} rules of Decree 30/2020/NĐ-CP and of
QCVN 102:2016/BTTTT with its 2022 amendment. Each has an id that never changes, a severity, a legal basis, and says
what is wrong and what to do in Vietnamese and in English.

## Where they live

{published} rules need nothing but the packet: they are `schemas/form.sch`, an ISO Schematron in XPath 1.0 without
extensions, so that any vendor's system runs it before sending. The gateway runs that very file:
`rules/schematron.py:Schematron` compiles it once to one XSLT 1.0 pass that writes only what failed. {facts} rules need
the directory, the clock or the attachments as they came: each is one function in `rules/facts.py:FACT_RULES`.
Duplicates, the match of manifest and attachments, file names, impossible dates and missing targets have refusals of
their own (`rules/form.py:check_form`), and characters nobody can see are refused while reading.

The committee's own implementation of Schematron, compiled and run by Saxon, gives the same answer on every vector and
on arbitrary content (`tests/rules/test_form_rules.py:test_the_other_processor_agrees_on_any_content`); it shares no
code with libxslt, which the gateway uses.

## What they cost

Milliseconds for a good packet of 5 KB with two attachments, by `python -m benchmarks.form_rules` on two cores that
others used too (lxml 6.1, libxslt 1.1.43):

| what | ms |
|---|--:|
| parsing that packet, for comparison | 0.07 |
| the published rules, one compiled pass (as shipped) | 0.28 |
| the rules about facts | 0.03 |
| the same published rules, one XPath each from Python | 0.97 |
| the same, by `lxml.isoschematron` | 1.03 |
| the same, by the committee's stylesheets on Saxon | 1.39 |
| each finding | 0.02 |

A packet made to keep the gateway busy does not: a rule looks at a thousand elements and speaks of twenty
(`rules/schematron.py:FAILURES_MAX`), and long texts are cut before they are taken apart. EXSLT regular expressions
would have made some tests shorter; they are a call into Python each time, and processors other than libxslt do not
have them.

## Severity and policy

A rule is *từ chối* (refuse) where the decree or the standard clearly forbids it, else *cảnh báo* (warn). A policy may
change that (`rules/policy.py:Policy`):

| policy | for whom | effect |
|---|---|---|
| strict | peers whose packets must be sealed | every rule at its own severity |
| transition | peers that still send what the field sends today | everything warns, except {harmful} |
| observe | trying strict out | everything warns |

Lengths that only the checkers in use on the axis know, and element numbers of QCVN 102, rest on practice, since the
tables of the standard itself could not be read; nearly all of them warn.
"""

TABLE_HEAD = """
| | mức | quy tắc | căn cứ | kiểm tra bằng |
|---|---|---|---|---|
"""


def form_rules_page() -> str:
    """The whole page."""
    rules = form_rules()
    published = sum(rule.published for rule in rules)
    return "".join(
        (
            HEAD.format(
                count=len(rules), published=published, facts=len(rules) - published, harmful=", ".join(HARMFUL)
            ),
            "\n## Three reports\n\n",
            "Papers of `tests/rules/corpus.py:CORPUS`, as the gateway words what it finds.\n",
            *(_report(paper, policy) for name, policy in SHOWN for paper in CORPUS if paper.name == name),
            "\n## The table\n\n",
            "«…» stands for what is found in the packet. In English: `gateway --lang en rules list`.\n"
            "This page is written anew by `python -m tests.rules.page`.\n",
            *_table(rules),
        )
    )


def _table(rules: tuple[Rule, ...]) -> Iterator[str]:
    titles = {one.id: one.pattern for one in form_schematron().assertions}
    topics: dict[str, list[Rule]] = {}
    for rule in rules:
        topics.setdefault(
            titles.get(rule.id, "Danh bạ, thời gian, tệp thật · Directory, clock, attachments"), []
        ).append(rule)
    for topic, members in topics.items():
        yield f"\n### {topic}\n{TABLE_HEAD}"
        for rule in members:
            means = "gói tin" if rule.published else "dữ kiện"
            cells = (rule.id, MARKS[rule.severity], rule.finding["vi"], rule.law["vi"], means)
            assert not any("|" in cell for cell in cells), rule.id
            yield f"| {' | '.join(cells)} |\n"


def _report(paper: Paper, policy: Policy) -> str:
    parsed = paper.parsed()
    findings = check_form_rules(parsed, claim_of(parsed), DIRECTORY, AT, policy)
    refused = any(one.severity is Severity.REFUSE for one in findings)
    assert isinstance(paper.content, Document)
    lines = [
        f"\n### {paper.name[0].upper()}{paper.name[1:]}\n",
        f"Văn bản {paper.content.code} của {paper.content.sender.name}, ngày {paper.content.promulgated_on}, "
        f"chính sách {policy.name}. "
        f"**{'Từ chối' if refused else 'Tiếp nhận, có cảnh báo'}.**\n",
    ]
    lines += [
        f"* **{MARKS[one.severity]}**, `{one.place.path.removeprefix('/edXML/edXMLEnvelope/')}`: {one.detail('vi')}"
        for one in findings
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (TOP / "docs" / "form-rules.md").write_text(form_rules_page(), encoding="utf-8")
