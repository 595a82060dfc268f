"""Entries have one spelling each: what was written is read back, and nothing else is read at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.entry import (
    ENTRY_BYTES_MAX,
    ENTRY_FIELDS,
    FORMER_FIELDS,
    Entry,
    EntryKind,
    Form,
    decode,
    read_instant,
    write_instant,
)
from gateway.ledger.fault import Fault, ProofError

AT = datetime(2026, 11, 23, 8, 0, 0, 123456, UTC)
ID = "01KB2M7Q0N5W4Z8T3R6Y9C1D2E"
DIGEST = "ab" * 32
EXAMPLES = {
    Form.ID: ID,
    Form.ID_OR_NONE: "-",
    Form.DIGEST: DIGEST,
    Form.DIGEST_OR_NONE: "-",
    Form.KEY: "H26.17.8-Đống-Đa",
    Form.KEYS: "G22.99 000.00.00.H26 A26",
    Form.NUMBER: "17",
    Form.CODE: "06",
    Form.WORD: "seal.digest",
    Form.INSTANT: "2027-01-01T00:00:00.000000Z",
}
ACCEPTED = (
    b"truc-ledger-v1\n"
    b"kind: accept\n"
    b"at: 2026-11-23T08:00:00.123456Z\n"
    b"dispatch: 01KB2M7Q0N5W4Z8T3R6Y9C1D2E\n"
    b"peer: truc-bo-noi-vu\n"
    b"sender: G09\n"
    b"packet: " + b"01" * 32 + b"\n"
    b"receipt: " + b"02" * 32 + b"\n"
    b"report: " + b"0a" * 32 + b"\n"
    b"seal_certificate: -\n"
    b"gateway_certificate: " + b"03" * 32 + b"\n"
    b"addressees: H26 H26.17\n"
)


def example(kind: EntryKind) -> Entry:
    return Entry.of(kind, AT, **{name: EXAMPLES[form] for name, form in ENTRY_FIELDS[kind].items()})


def test_an_accepted_dispatch_is_written_as_published() -> None:
    entry = Entry.of(
        EntryKind.ACCEPT,
        AT,
        addressees="H26 H26.17",
        dispatch=ID,
        gateway_certificate="03" * 32,
        packet="01" * 32,
        peer="truc-bo-noi-vu",
        receipt="02" * 32,
        report="0a" * 32,
        seal_certificate="-",
        sender="G09",
    )
    assert entry.encode() == ACCEPTED
    assert decode(ACCEPTED) == entry
    assert entry["sender"] == "G09"
    with pytest.raises(KeyError):
        entry["delivery"]


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_has_its_fields_and_reads_back(kind: EntryKind) -> None:
    entry = example(kind)
    assert decode(entry.encode()) == entry


@pytest.mark.parametrize("kind", EntryKind)
def test_a_changed_byte_is_another_entry_or_none(kind: EntryKind) -> None:
    """Whatever single byte is changed: refused, or read as an entry that writes exactly those bytes."""
    data = example(kind).encode()
    for place in range(len(data)):
        for byte in {data[place] ^ 1, data[place] ^ 0x20, 0, 0x0A, 0x20, 0xFF} - {data[place]}:
            changed = data[:place] + bytes([byte]) + data[place + 1 :]
            try:
                entry = decode(changed)
            except ProofError as refusal:
                assert refusal.fault is Fault.ENTRY_FORM
            else:
                assert entry.encode() == changed


@given(st.binary(max_size=400))
def test_any_bytes_are_an_entry_or_refused(data: bytes) -> None:
    try:
        entry = decode(data)
    except ProofError as refusal:
        assert refusal.fault is Fault.ENTRY_FORM
    else:
        assert entry.encode() == data


@given(st.text(max_size=140))
def test_any_key_is_written_and_read_back_or_refused(key: str) -> None:
    try:
        data = Entry.of(EntryKind.PEER, AT, peer=key, change="added").encode()
    except ProofError as refusal:
        assert refusal.fault is Fault.ENTRY_FORM
    else:
        assert decode(data)["peer"] == key
        assert data.count(b"\n") == 5


@pytest.mark.parametrize(
    ("change", "to"),
    [
        (b"truc-ledger-v1", b"truc-ledger-v2"),
        (b"kind: accept", b"kind: accepted"),
        (b"kind: accept\n", b""),
        (b"kind: accept", b"kind:accept"),
        (b"at: 2026-11-23T", b"at: 2026-11-23 "),
        (b".123456Z", b".123456+00:00"),
        (b".123456Z", b".123Z"),
        (b"at: 2026-11-23", b"at: 2026-02-30"),
        (b"at: 2026-11-23", "at: ٢٠26-11-23".encode()),
        (b"sender: G09\n", b""),
        (b"sender: G09\n", b"sender: G09\nsender: G09\n"),
        (b"sender: G09\n", b"sender: \n"),
        (b"sender: G09\n", b"sender: G09 \n"),
        (b"sender: G09\n", b"sender: G09\r\n"),
        (b"sender: G09\n", "sender: G09\u0085\n".encode()),
        (b"sender: G09\n", "sender: \u202eG09\n".encode()),
        (b"sender: G09\n", "sender: G\u200b09\n".encode()),
        (b"packet: 01", b"packet: 0A"),
        (b"packet: 0101", b"packet: 01"),
        (b"seal_certificate: -", b"seal_certificate: none"),
        (b"addressees: H26 H26.17", b"addressees: H26  H26.17"),
        (b"addressees: H26 H26.17", b"addressees: "),
        (b"H26.17\n", b"H26.17"),
        (b"H26.17\n", b"H26.17\n\n"),
        (b"H26.17\n", b"H26.17\nnote: x\n"),
        (b"truc-ledger-v1\n", b"\xef\xbb\xbftruc-ledger-v1\n"),
    ],
)
def test_no_other_spelling_is_read(change: bytes, to: bytes) -> None:
    assert change in ACCEPTED
    with pytest.raises(ProofError) as refusal:
        decode(ACCEPTED.replace(change, to, 1))
    assert refusal.value.fault is Fault.ENTRY_FORM


FORMER = {
    EntryKind.CONFLICT: b"peer: bo\ndocument_id: " + b"0b" * 32 + b"\npacket: " + b"0c" * 32 + b"\n",
    EntryKind.TABLE_PROPOSED: b"table: authority\nversion: 2\nsha256: " + b"0d" * 32 + b"\n"
    b"effective_from: 2027-01-01T00:00:00.000000Z\nby: lan.nguyen\n",
}
FORMER[EntryKind.TABLE_APPROVED] = FORMER[EntryKind.TABLE_PROPOSED].replace(b"lan.nguyen", b"minh.tran")


@pytest.mark.parametrize("kind", FORMER_FIELDS)
def test_what_was_once_written_is_read_for_ever_and_never_written_again(kind: EntryKind) -> None:
    old = b"truc-ledger-v1\nkind: %s\nat: 2026-11-23T08:00:00.123456Z\n" % kind.encode() + FORMER[kind]
    entry = decode(old)
    assert dict(entry.fields).keys() == FORMER_FIELDS[kind].keys()
    with pytest.raises(ProofError) as refusal:
        entry.encode()
    assert refusal.value.fault is Fault.ENTRY_FORM
    for spoiled in (old + b"\n", old.replace(b"kind: ", b"kind:  "), old.replace(b"\npeer", b"\nnote: x\npeer")):
        if spoiled != old:
            with pytest.raises(ProofError):
                decode(spoiled)


def test_no_field_of_a_kind_can_hold_a_persons_name() -> None:
    for kind, fields in ENTRY_FIELDS.items():
        assert fields.get("by") in (None, Form.DIGEST) or kind is EntryKind.DUPLICATE  # by number, by identifier


def test_a_thousand_addressees_fit_and_an_endless_list_does_not() -> None:
    fields = {name: EXAMPLES[form] for name, form in ENTRY_FIELDS[EntryKind.ACCEPT].items()}
    many = Entry.of(EntryKind.ACCEPT, AT, **{**fields, "addressees": " ".join(f"{n:035}" for n in range(1000))})
    assert decode(many.encode()) == many
    for too_many in (
        lambda: Entry.of(EntryKind.ACCEPT, AT, **{**fields, "addressees": " ".join(["H" * 35] * 2000)}).encode(),
        lambda: decode(bytes(ENTRY_BYTES_MAX + 1)),
    ):
        with pytest.raises(ProofError) as refusal:
            too_many()
        assert refusal.value.fault is Fault.ENTRY_FORM


def test_an_entry_with_other_fields_than_its_kind_is_refused() -> None:
    for make in (
        lambda: Entry.of(EntryKind.PEER, AT, peer="A"),
        lambda: Entry.of(EntryKind.PEER, AT, peer="A", change="added", why="x"),
        lambda: Entry(EntryKind.PEER, AT, (("change", "added"), ("peer", "A"))).encode(),
    ):
        with pytest.raises(ProofError) as refusal:
            make()
        assert refusal.value.fault is Fault.ENTRY_FORM


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_read_as_written_and_sort_as_text(at: datetime) -> None:
    written = write_instant(at)
    assert read_instant(written) == at
    assert (written < write_instant(AT)) == (at < AT)


def test_an_instant_without_a_zone_or_in_another_is_a_bug() -> None:
    for at in (AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=7)))):
        with pytest.raises(AssertionError):
            write_instant(at)
