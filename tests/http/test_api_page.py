"""docs/api.md keeps step with the service: every endpoint, every field, every curl, the shape of errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from gateway.http import delivery_shapes, evidence, life_shapes, notices, shapes
from gateway.http.openapi import public_path
from gateway.http.shapes import FindingShape, NoQuery, ProblemShape
from gateway.http.table import ENDPOINTS
from gateway.model.reasons import Reason
from gateway.model.refusal import found

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([A-Z]+ [^`]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
FIELDS = dict(re.findall(r"<!-- fields: (\w+) -->\n\n(.*?)(?=\n\n)", PAGE + "\n\n", re.DOTALL))


def names(table: str) -> list[str]:
    """What stands in code marks in the first column."""
    rows = (row.split("|")[1] for row in table.splitlines()[2:])
    return [name for first in rows for name in re.findall(r"`(\w+)`", first)]


def wire_names(shape: type[msgspec.Struct]) -> set[str]:
    return set(shape.__struct_encode_fields__)


def test_every_endpoint_has_its_section_and_no_section_is_of_none() -> None:
    assert set(SECTIONS) == {f"{one.method} {public_path(one.path)}" for one in ENDPOINTS}


def test_every_endpoint_is_shown_with_a_curl_that_reaches_it() -> None:
    for one in ENDPOINTS:
        section = SECTIONS[f"{one.method} {public_path(one.path)}"]
        pattern = re.sub(r"\\\{\w+\\\}", '[^/ ?"]+', re.escape(public_path(one.path)))
        assert re.search(rf"https?://[\w.:]+{pattern}[\"?\n ]", section), one.name
        assert ("Authorization" in section) is not one.public, one.name


def test_every_field_of_every_answer_has_its_row() -> None:
    answered: set[type[Any]] = set()
    for one in ENDPOINTS:
        media = [one.body, *(answer.media for answer in one.answers.values())]
        answered |= {shape for each in media for shape in each.values() if shape is not None}
    inner = {shapes.InboxItemShape, shapes.AttachmentShape, delivery_shapes.DeliveryShape}
    inner |= {delivery_shapes.TimelineShape, delivery_shapes.ProcessingShape, delivery_shapes.AskedShape}
    inner |= {life_shapes.StaffShape, life_shapes.RecalledShape, life_shapes.RelatedShape, life_shapes.LinkShape}
    inner |= {life_shapes.UnmatchedShape}
    answered |= inner | {shapes.AgencyShape, shapes.ChangeShape}
    answered |= {notices.NoticeShape}
    answered |= {evidence.EvidenceShape, evidence.RefusalShape}
    assert set(FIELDS) == {shape.__name__ for shape in answered}
    for shape in answered:
        assert sorted(names(FIELDS[shape.__name__])) == sorted(wire_names(shape)), shape.__name__


def test_every_query_parameter_has_its_row() -> None:
    for one in ENDPOINTS:
        if one.query is not NoQuery:
            section = SECTIONS[f"{one.method} {public_path(one.path)}"]
            table = section.partition("| parameter | |")[2].partition("\n\n")[0]
            assert sorted(names("\n" + table)) == sorted(wire_names(one.query)), one.name


def test_the_example_of_an_error_is_one() -> None:
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    assert list(example) == list(ProblemShape.__struct_encode_fields__)
    assert list(example["findings"][0]) == list(FindingShape.__struct_encode_fields__)
    assert example["status"] == Reason(example["reason"]).status
    assert example["type"] == f"/v1/reasons/{example['reason']}"
    for said in (example, example["findings"][0]):
        finding = found(Reason(said["reason"]), agency="G00.00.00")
        assert (said["title"], said["detail"], said["hint"]) == (
            finding.title("vi"),
            finding.detail("vi"),
            finding.hint("vi"),
        )


def test_the_statuses_to_repeat_are_the_transient_ones() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| 408"))
    assert {int(one) for one in re.findall(r"\b[45]\d\d\b", row)} == {one.status for one in Reason if one.transient}
