"""Evidence says what its ledger entry says, in the standard's words, and can be read back to the last byte."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.ledger.entry import NONE, Entry, EntryKind
from gateway.ledger.evidence import (
    ANSWER_EVIDENCE,
    EVENT_URI,
    EVIDENCE_OF,
    NEGATIVE,
    RELAYED,
    STATUS_EVIDENCE,
    Event,
    EvidenceFacts,
    Submission,
    evidence_of,
    read_evidence,
    write_evidence,
)
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.tree import leaf_hash
from gateway.trust import countersign, verify_countersigned
from tests.ledger.cases import AT, DELIVERY, DISPATCH, OTHER, acceptance, facts, outcome, sealed, sha
from tests.pki import pki

SCHEMA = Path(__file__).parents[2] / "schemas" / "evidence.xsd"
ORIGIN = "truc.test/ledger"
SUBMISSION = Submission("G22", "0a" * 32, AT)


def accepted() -> Entry:
    return acceptance(facts(sealed(), None), b"receipt", b"report")


def entries() -> list[Entry]:
    """One of each kind there is evidence of."""
    delivery = {"dispatch": DISPATCH, "delivery": DELIVERY, "addressee": "H41.02"}
    return [
        accepted(),
        Entry.of(EntryKind.REFUSE, AT, peer="bo", packet=NONE, reason="seal.digest"),
        Entry.of(EntryKind.CONFLICT, AT, peer="bo", document="0b" * 32, packet="0c" * 32),
        outcome(EntryKind.DELIVER),
        outcome(EntryKind.ACKNOWLEDGE),
        Entry.of(EntryKind.DECLINE, AT + timedelta(hours=1), **delivery, reason="0d" * 32),
        outcome(EntryKind.EXPIRE),
        Entry.of(EntryKind.WITHDRAW, AT, **delivery, change=OTHER),
        Entry.of(EntryKind.REMIND, AT, **delivery, what="unfetched", level="1"),
        Entry.of(EntryKind.ATTEMPT, AT, **delivery, number="3", outcome="deferred"),
        Entry.of(EntryKind.CHANGE, AT, dispatch=OTHER, relation="recalls", target=DISPATCH, addressees="H41.02"),
        *(
            Entry.of(
                EntryKind.STATUS, AT, dispatch=OTHER, target=DISPATCH, delivery=DELIVERY, agency="H41.02", code=code
            )
            for code in STATUS_EVIDENCE
        ),
        *(
            Entry.of(EntryKind.ANSWER, AT, **delivery, change=OTHER, outcome=said, reason="0e" * 32)
            for said in ANSWER_EVIDENCE
        ),
    ]


def everything() -> list[EvidenceFacts]:
    return [
        one
        for index, entry in enumerate(entries())
        for one in evidence_of(ORIGIN, index, entry.encode(), SUBMISSION, relayed=True)
    ]


def test_every_kind_in_the_table_and_every_event_is_issued() -> None:
    assert {entry.kind for entry in entries()} == {*EVIDENCE_OF, EntryKind.STATUS, EntryKind.ANSWER}
    assert {one.event for one in everything()} == set(Event)
    assert set(RELAYED) <= set(EVIDENCE_OF)


@pytest.mark.parametrize("one", everything(), ids=lambda one: f"{one.index}-{one.event}")
def test_an_evidence_is_valid_by_its_schema_sealed_and_read_back(one: EvidenceFacts) -> None:
    xml = countersign(write_evidence(one), pki().gateway.signer, AT)
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(etree.fromstring(xml))
    assert read_evidence(verify_countersigned(xml, pki().gateway.der)) == one


def test_it_names_the_entry_by_index_and_leaf_hash() -> None:
    data = outcome(EntryKind.DELIVER).encode()
    (one,) = evidence_of(ORIGIN, 40, data, SUBMISSION)
    assert (one.index, one.leaf, one.event_at) == (40, leaf_hash(data).hex(), AT + timedelta(minutes=1))
    assert sha(b"\x00" + data) == one.leaf


def test_what_did_not_happen_has_a_reason_and_nothing_else_has() -> None:
    for one in everything():
        assert (one.reason is not None) is (one.event in NEGATIVE), one


def test_the_reason_a_refusal_gives_is_the_one_its_entry_gives() -> None:
    reasons = {one.event: one.reason for one in everything() if one.index in (1, 5, 6, 9)}
    assert reasons[Event.CONSIGNMENT_NOTIFICATION_FAILURE] == "push.deferred"
    assert reasons[Event.SUBMISSION_REJECTION] == "seal.digest"
    assert reasons[Event.CONSIGNMENT_REJECTION] == "addressee.declined"
    assert reasons[Event.CONTENT_HANDOVER_FAILURE] == "deadline.passed"
    declined = next(one for one in everything() if one.event is Event.CONSIGNMENT_REJECTION)
    assert b'code="addressee.declined"' in write_evidence(declined)
    assert b'etsi="RC08"' in write_evidence(declined)


def test_an_event_of_one_delivery_names_no_other_addressee_and_no_packet() -> None:
    for one in everything():
        if one.delivery is not None:
            assert one.recipients == ("H41.02",)
            assert one.packet is None
            assert b"H26" not in write_evidence(one)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_an_evidence(data: bytes) -> None:
    with pytest.raises(ProofError) as wrong:
        read_evidence(data)
    assert wrong.value.fault is Fault.EVIDENCE_FORM


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b' version="1"', b' version="2"'),
        (b"ContentHandover<", b"ContentHandovers<"),
        (b"<EventTime>2026", b"<EventTime> 2026"),
        (b'index="40"', b'index="040"'),
        (b'index="40"', b'index="4"'),
        (b"<RecipientDetails", b"<Stranger></Stranger><RecipientDetails"),
        (b"<SubmissionTime>", b"<SubmissionTime><SubmissionTime></SubmissionTime>"),
        (b"</Evidence>", b"</Evidence> "),
    ],
)
def test_another_spelling_is_refused(old: bytes, new: bytes) -> None:
    (one,) = evidence_of(ORIGIN, 40, outcome(EntryKind.DELIVER).encode(), SUBMISSION)
    xml = write_evidence(one)
    assert old in xml
    with pytest.raises(ProofError) as wrong:
        read_evidence(xml.replace(old, new))
    assert wrong.value.fault is Fault.EVIDENCE_FORM


def test_too_large_an_evidence_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProofError) as wrong:
        read_evidence(b" " * (1024 * 1024 + 1))
    assert wrong.value.fault is Fault.EVIDENCE_FORM


def test_the_schema_lists_every_event_under_its_uri() -> None:
    listed = set(re.findall(re.escape(EVENT_URI) + r"(\w+)", SCHEMA.read_text(encoding="utf-8")))
    assert set(Event) <= listed


def test_what_speaks_of_nothing_the_register_knows_is_evidence_of_nothing() -> None:
    stray = {"dispatch": OTHER, "target": NONE, "delivery": NONE, "agency": "H41.02", "code": "03"}
    assert not list(evidence_of(ORIGIN, 1, Entry.of(EntryKind.STATUS, AT, **stray).encode()))


def test_the_page_of_evidence_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", page.partition("<!-- evidence:")[2], re.MULTILINE)
    documented = {kind: events.split("; ") for kind, events in rows}
    assert documented == {
        str(kind): [", ".join(events), *([str(RELAYED[kind])] if kind in RELAYED else [])]
        for kind, events in EVIDENCE_OF.items()
    }
