"""Examining offline with everything beside the packet: PDFs are looked at as the door looks at them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from gateway import edxml
from gateway.cli.offline import Beside, Seen, alone, as_the_door
from gateway.edxml import Cutter, Limits
from gateway.exchange import intake
from gateway.exchange.line import Line, State
from gateway.model.agency import Directory, Grant, Peer
from gateway.model.envelope import EnvelopeState
from gateway.model.reasons import Reason
from gateway.rules import Examination
from gateway.rules.policy import STRICT, TRANSITION, Policy
from gateway.store import Store
from tests.exchange.conftest import file_of
from tests.exchange.pdfs import signed, with_desk
from tests.http.town import Clock, directory, open_line
from tests.pki import NOW, pki
from tests.rules.corpus import CORPUS
from tests.rules.corpus import DIRECTORY as CORPUS_DIRECTORY
from tests.rules.packets import AT as CORPUS_AT
from tests.trust.pdf.papers import append_page, break_value, world
from tests.vectors.old_signature import block, in_slot, signed_by_xmlsec1


def seen(tmp_path: Path, pdf: bytes, with_stores: bool = True) -> Seen:
    packet = tmp_path / "packet.edxml"
    packet.write_bytes(file_of(attachments=(("công văn.pdf", pdf),)))
    the = world()
    beside = Beside(
        directory().agencies, [pki().root.der, pki().issuing.der], the.stores if with_stores else (), the.snapshot()
    )
    return as_the_door(packet, Limits(), beside, STRICT, NOW)


def pdf_reasons(one: Seen) -> set[Reason]:
    return {finding.reason for finding in one.findings if str(finding.reason).startswith("pdf.")}


def test_a_document_signed_as_it_should_be_is_found_good(tmp_path: Path) -> None:
    one = seen(tmp_path, signed(world()))
    assert not one.refused
    assert pdf_reasons(one) == set()
    assert one.seal is not None and one.by_directory


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (append_page, Reason.PDF_CHANGED_AFTER_SIGNING),
        (lambda data: break_value(data, 1), Reason.PDF_SIGNATURE_INVALID),
        (lambda data: b"GIF89a " + data, Reason.PDF_UNREADABLE),
    ],
)
def test_a_damaged_document_is_refused_for_its_own_reason(tmp_path: Path, damage: object, reason: Reason) -> None:
    assert callable(damage)
    one = seen(tmp_path, damage(signed(world())))
    assert one.refused and reason in pdf_reasons(one)


def test_without_authorities_for_pdfs_nothing_is_said_of_them(tmp_path: Path) -> None:
    assert pdf_reasons(seen(tmp_path, append_page(signed(world())), with_stores=False)) == set()


def test_an_empty_enclosure_is_examined_too(tmp_path: Path) -> None:
    assert Reason.FORM_RULE in {one.reason for one in seen(tmp_path, b"").findings}


@pytest.mark.parametrize(("policy", "refused"), [(STRICT, True), (TRANSITION, False)])
def test_a_packet_without_a_seal_is_told_so_with_and_without_a_directory(
    tmp_path: Path, policy: Policy, refused: bool
) -> None:
    packet = tmp_path / "packet.edxml"
    packet.write_bytes(file_of(sealed=False))
    beside = Beside(directory().agencies, [pki().root.der, pki().issuing.der])
    for one in (
        as_the_door(packet, Limits(), beside, policy, NOW),
        alone(packet, Limits(), (), (), policy, NOW),
    ):
        assert Reason.SEAL_MISSING in {finding.reason for finding in one.findings}
        assert one.refused is refused


def test_an_old_envelope_signature_is_told_with_and_without_a_directory(tmp_path: Path) -> None:
    packet = tmp_path / "packet.edxml"
    packet.write_bytes(signed_by_xmlsec1(tmp_path, in_slot(file_of(sealed=False), block()), pki().rsa2048))
    beside = Beside(directory().agencies, [pki().root.der, pki().issuing.der])
    for one in (
        as_the_door(packet, Limits(), beside, TRANSITION, NOW),
        alone(packet, Limits(), (), (), TRANSITION, NOW),
    ):
        assert one.envelope is not None and one.envelope.state is EnvelopeState.VALID


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Line]:
    """A gateway that looks at PDFs, on an empty database."""
    url = f"sqlite:///{tmp_path / 'truc.db'}"
    Store.create(url)
    store = Store.open(url, tmp_path / "blobs")
    clock = Clock()
    line = with_desk(open_line(store, tmp_path, clock), tmp_path, clock)
    yield line
    assert line.pdf_desk is not None
    line.pdf_desk.pool.shutdown()
    store.close()


def at_the_door(line: Line, file: bytes, known: Directory, at: datetime) -> Examination:
    """What the door says of a file, sent by a system that may speak for every agency."""
    peer = Peer("bo", "Hệ thống", tuple(Grant(one.key) for one in known.agencies))
    there = replace(line, state=State(replace(known, peers=(peer,))), clock=lambda: at)
    cutter = Cutter(line.limits, line.blobs.stage)
    cutter.feed(file)
    received = cutter.received()
    try:
        return asyncio.run(intake.examine_packet(there, peer, received))
    finally:
        line.blobs.release(received.parts)


def offline(line: Line, folder: Path, file: bytes, known: Directory, at: datetime) -> Seen:
    """What the same files say on an integrator's own machine."""
    (folder / "packet.edxml").write_bytes(file)
    assert line.pdf_desk is not None
    beside = Beside(known.agencies, [pki().root.der, pki().issuing.der], line.pdf_desk.stores, line.pdf_desk.snapshot)
    return as_the_door(folder / "packet.edxml", line.limits, beside, STRICT, at)


def test_every_paper_of_the_corpus_is_told_the_same_offline_as_at_the_door(door: Line, tmp_path: Path) -> None:
    for paper in CORPUS:
        parts = [(b"%PDF-1.7 " + one.name.encode(),) for one in paper.files]
        file = b"".join(edxml.inline(edxml.write(paper.content, paper.files), parts))
        there = at_the_door(door, file, CORPUS_DIRECTORY, CORPUS_AT)
        here = offline(door, tmp_path, file, CORPUS_DIRECTORY, CORPUS_AT)
        assert here.findings == there.findings, paper.name
        assert (here.refused, here.envelope) == (not there.admitted, there.envelope)


@pytest.mark.parametrize("damage", [None, append_page, lambda data: break_value(data, 1)])
def test_signed_pdfs_are_told_the_same_offline_as_at_the_door(door: Line, tmp_path: Path, damage: object) -> None:
    pdf = signed(world())
    if callable(damage):
        pdf = damage(pdf)
    file = file_of(attachments=(("công văn.pdf", pdf),))
    there = at_the_door(door, file, directory(), NOW)
    here = offline(door, tmp_path, file, directory(), NOW)
    assert here.findings == there.findings
    assert here.refused is not there.admitted
