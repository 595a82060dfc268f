"""Admission: the one transaction behind a receipt, on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.ledger.tree import leaf_hash
from gateway.model.delivery import Delivery, DeliveryStatus, TimelineEvent
from gateway.model.dispatch import Dispatch, Duplicate, Kind
from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.store import Admitted, Conflict, NewAttachment, RecordRefusal, Store, Twin, queries
from tests.store.samples import (
    DEADLINE,
    NOW,
    admit,
    attachment,
    delivery_id,
    dispatch_id,
    run,
    sha256,
    write,
    write_all,
)


def test_what_was_admitted_is_read_back_equal(store: Store) -> None:
    data = "tệp đính kèm".encode()
    wrapped = NewAttachment("2", None, None, sha256(b"PK"), 2, b"PK", "bản vá", wrapped=True)
    new = admit(7, "G22", "G23", attachments=(attachment(data), wrapped))
    assert write(store, new) == Admitted(0)
    assert run(store.read(queries.dispatch, new.dispatch_id)) == Dispatch(
        id=new.dispatch_id,
        kind=Kind.DOCUMENT,
        peer="peer-sender",
        sender="G01",
        document_id="document-7",
        code="7/QĐ-BNV",
        subject="Về việc thử kho dữ liệu",
        business_type=0,
        packet_digest=new.packet_digest,
        admitted_at=NOW,
        ledger_index=0,
        attachments=(
            Attachment("1", "application/pdf", "tệp-1.pdf", None, sha256(data), len(data)),
            Attachment("2", None, None, "bản vá", sha256(b"PK"), 2, wrapped=True),
        ),
        deliveries=tuple(
            Delivery(
                delivery_id(new.dispatch_id, number),
                new.dispatch_id,
                addressee,
                addressee,
                DeliveryStatus.QUEUED,
                DEADLINE,
                attempts=(),
                timeline=(TimelineEvent("queued", NOW, "", 0),),
            )
            for number, addressee in enumerate(("G22", "G23"), 1)
        ),
    )
    packet = run(store.read(queries.packet, new.dispatch_id))
    assert (packet.envelope, packet.receipt_xml) == (new.envelope, new.receipt_xml)
    assert b"".join(store.blobs.reader(packet.attachments[0])()) == data
    assert run(store.read(queries.dispatches_of, "peer-sender", "document-7"))[0].id == new.dispatch_id
    assert run(store.read(queries.dispatches_of, "peer-other", "document-7")) == ()


def test_what_is_unknown_is_none(store: Store) -> None:
    assert run(store.read(queries.dispatch, "?")) is None
    assert run(store.read(queries.delivery, "?")) is None
    assert run(store.read(queries.twin, "peer-sender", "?")) is None
    with pytest.raises(KeyError):
        run(store.read(queries.blob_data, "?"))


def test_ledger_entries_are_dense_in_the_order_of_admission(store: Store) -> None:
    admits = [admit(number) for number in range(50)]
    assert write_all(store, *admits) == [Admitted(index) for index in range(50)]
    assert run(store.read(queries.entries, 0, 100)) == tuple(one.entry for one in admits)
    assert run(store.read(queries.entries, 48, 1)) == (admits[48].entry,)
    assert run(store.read(queries.ledger_head)) == queries.LedgerHead(50, 0)


def test_the_same_packet_again_gives_what_the_first_got(store: Store) -> None:
    first = admit(1)
    write(store, first)
    again = replace(first, dispatch_id="another", receipt_xml=b"another", admitted_at=NOW + timedelta(days=1))
    twin = Twin(first.dispatch_id, first.packet_digest, 0, NOW, first.receipt_xml)
    assert write(store, again) == twin
    assert run(store.read(queries.twin, "peer-sender", first.packet_digest)) == twin
    assert run(store.read(queries.ledger_head)).size == 1


def test_twins_in_one_group_are_one_dispatch(store: Store) -> None:
    twins = [admit(1, dispatch_id=f"try-{number}") for number in range(20)]
    outcomes = write_all(store, *twins, admit(2))
    winner = outcomes[0]
    assert winner == Admitted(0)
    assert outcomes[1:20] == [Twin("try-0", twins[0].packet_digest, 0, NOW, twins[0].receipt_xml)] * 19
    assert outcomes[20] == Admitted(1)


def test_in_one_group_each_is_judged_by_those_before_it_alone(store: Store) -> None:
    first, refused, taken = admit(1), admit(2, document_id="document-1"), admit(2, dispatch_id="try-3")
    write_all(store, admit(8), admit(9))  # two came together: the writer keeps the next group open for more
    assert write_all(store, first, refused, taken) == [Admitted(2), Conflict(first.dispatch_id), Admitted(3)]


def test_the_same_packet_of_another_peer_is_another_dispatch(store: Store) -> None:
    write(store, admit(1))
    other = admit(1, dispatch_id=dispatch_id(9), peer="peer-other", sender="G02")
    assert write(store, other) == Admitted(1, Duplicate(dispatch_id(1), "document_id"))


def test_other_bytes_under_a_document_id_are_a_conflict_and_change_nothing(store: Store) -> None:
    first = admit(1)
    other = admit(2, document_id="document-1")
    assert write(store, first) == Admitted(0)
    assert write(store, other) == Conflict(first.dispatch_id)
    assert run(store.read(queries.dispatch, other.dispatch_id)) is None
    assert run(store.read(queries.ledger_head)).size == 1


def test_conflicts_in_one_group_leave_the_first(store: Store) -> None:
    tries = [admit(number, document_id="document-0") for number in range(5)]
    assert write_all(store, *tries) == [Admitted(0), *[Conflict(tries[0].dispatch_id)] * 4]


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "G02"},
        {"business_type": 1},
        {"business_type": 3},
        {"kind": Kind.STATUS},
        {"document_id": None},
    ],
    ids=["another agency's", "a recall", "a replacement", "a status packet", "without an id"],
)
def test_only_new_documents_of_one_agency_claim_an_id(store: Store, changes: dict[str, object]) -> None:
    write(store, admit(1, document_id="document-1"))
    admitted = write(store, admit(2, **({"document_id": "document-1"} | changes)))
    assert isinstance(admitted, Admitted) and admitted.ledger_index == 1


def test_one_attachment_in_two_packets_is_kept_once(store: Store) -> None:
    data = b"the same annex"
    write_all(store, *(admit(number, attachments=(attachment(data),)) for number in range(3)))
    write(store, admit(3, attachments=(attachment(data), attachment(data, 2))))
    assert run(store.read(queries.blob_data, sha256(data))) == data


def test_a_packet_without_attachments_is_admitted(store: Store) -> None:
    write(store, admit(1, attachments=()))
    assert run(store.read(queries.packet, admit(1).dispatch_id)).attachments == ()


def test_one_addressee_twice_is_refused_by_the_database_and_sinks_nobody_else(store: Store) -> None:
    outcomes = write_all(store, admit(1), admit(2, "G22", "G22"), admit(3))
    assert outcomes[0] == Admitted(0)
    assert isinstance(outcomes[1], Exception)
    assert outcomes[2] == Admitted(1)
    assert run(store.read(queries.dispatch, admit(2).dispatch_id)) is None


def test_two_writers_of_one_database_admit_a_packet_once(store_url: str, tmp_path: Path) -> None:
    stores = [Store.open(store_url, tmp_path / "blobs") for _ in range(2)]

    async def race() -> list[Admitted | Twin | Conflict]:
        tries = [
            stores[number % 2].write(admit(packet, dispatch_id=f"{packet}-{number}"))
            for packet in range(40)
            for number in range(4)
        ]
        return await asyncio.gather(*tries)

    try:
        outcomes = asyncio.run(race())
        assert sum(isinstance(one, Admitted) for one in outcomes) == 40
        assert sum(isinstance(one, Twin) for one in outcomes) == 120
        indexes = sorted(one.ledger_index for one in outcomes if isinstance(one, Admitted))
        assert indexes == list(range(40))
    finally:
        for one in stores:
            one.close()


def test_refusals_are_recorded_with_and_without_an_entry(store: Store) -> None:
    refusals = [
        RecordRefusal("peer-sender", sha256(b"1"), Reason.XML_DOCTYPE, NOW, b"entry"),
        RecordRefusal("peer-sender", None, Reason.BODY_TRUNCATED, NOW, None),
    ]
    assert write_all(store, *refusals) == [0, None]
    rows = run(store.read(queries.refusals, 0, 10))
    assert [(row.reason, row.packet_digest, row.ledger_index) for row in rows] == [
        (Reason.XML_DOCTYPE, sha256(b"1"), 0),
        (Reason.BODY_TRUNCATED, None, None),
    ]
    assert run(store.read(queries.refusals, rows[0].id, 10)) == rows[1:]


def test_the_inbox_shows_what_waits_for_a_peer_and_nothing_else(store: Store) -> None:
    admits = [admit(number, "G22", "G23") for number in range(4)]
    write_all(store, *admits)
    items = run(store.read(queries.inbox, "peer-G23", None, 3))
    assert [item.delivery_id for item in items] == [one.deliveries[1].id for one in admits[:3]]
    assert items[0].size_bytes == len(admits[0].envelope) + admits[0].attachments[0].size_bytes
    assert (items[0].code, items[0].sender, items[0].kind) == ("0/QĐ-BNV", "G01", Kind.DOCUMENT)
    behind = run(store.read(queries.inbox, "peer-G23", items[-1].delivery_id, 3))
    assert [item.dispatch_id for item in behind] == [admits[3].dispatch_id]
    assert run(store.read(queries.inbox, "peer-sender", None, 3)) == ()


def test_leaf_hashes_are_kept_beside_the_entries(store: Store) -> None:
    write(store, admit(1))
    with store._reader.connect() as connection:
        kept = connection.exec_driver_sql("SELECT leaf_hash FROM ledger_entries").scalar_one()
    assert bytes(kept) == leaf_hash(admit(1).entry)
