"""The client's values and the gateway's answers: the same fields, so that nothing an answer says is lost on the way."""

from __future__ import annotations

import pytest

from gateway.client import results
from gateway.http import delivery_shapes, life_shapes, shapes

PAIRS = {
    results.Finding: shapes.FindingShape,
    results.Examination: shapes.ExaminationShape,
    results.InboxItem: shapes.InboxItemShape,
    results.Inbox: shapes.InboxShape,
    results.DeliveryAnswered: shapes.DeliveryAnsweredShape,
    results.TimelineEvent: delivery_shapes.TimelineShape,
    results.Delivery: delivery_shapes.DeliveryShape,
    results.Processing: delivery_shapes.ProcessingShape,
    results.Asked: delivery_shapes.AskedShape,
    results.Reported: life_shapes.ReportedShape,
    results.Recall: life_shapes.RecallShape,
    results.RecalledFrom: life_shapes.RecalledShape,
    results.Attachment: shapes.AttachmentShape,
    results.Dispatch: shapes.DispatchShape,
    results.Dispatches: shapes.DispatchesShape,
    results.Agency: shapes.AgencyShape,
    results.Agencies: shapes.AgenciesShape,
}


@pytest.mark.parametrize("result", PAIRS, ids=lambda result: result.__name__)
def test_a_result_has_the_fields_of_the_answer(result: type) -> None:
    assert set(result.__struct_fields__) == set(PAIRS[result].__struct_fields__)


def test_an_acceptance_leaves_out_only_the_addresses_the_client_makes_itself() -> None:
    left_out = set(shapes.AcceptedShape.__struct_fields__) - set(results.Accepted.__struct_fields__)
    assert left_out == {"dispatch", "receipt", "report", "proof"}


def test_a_change_has_the_fields_of_its_event_and_its_number() -> None:
    assert set(results.Change.__struct_fields__) == {*shapes.ChangeShape.__struct_fields__, "id"}
