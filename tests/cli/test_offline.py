"""Examining offline with everything beside the packet: PDFs are looked at as the door looks at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.offline import Beside, Seen, alone, as_the_door
from gateway.edxml import Limits
from gateway.model.envelope import EnvelopeState
from gateway.model.reasons import Reason
from gateway.rules.policy import STRICT, TRANSITION
from tests.exchange.conftest import file_of
from tests.exchange.pdfs import signed
from tests.http.town import directory
from tests.pki import NOW, pki
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


def test_an_old_envelope_signature_is_told_with_and_without_a_directory(tmp_path: Path) -> None:
    packet = tmp_path / "packet.edxml"
    packet.write_bytes(signed_by_xmlsec1(tmp_path, in_slot(file_of(sealed=False), block()), pki().rsa2048))
    beside = Beside(directory().agencies, [pki().root.der, pki().issuing.der])
    for one in (
        as_the_door(packet, Limits(), beside, TRANSITION, NOW),
        alone(packet, Limits(), (), (), TRANSITION, NOW),
    ):
        assert one.envelope is not None and one.envelope.state is EnvelopeState.VALID
