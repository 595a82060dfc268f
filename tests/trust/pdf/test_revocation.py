"""The revocation snapshot: what goes into it, what it says of itself, and that it survives a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.revocation import (
    ANSWER_BYTES_MAX,
    AnswerError,
    RevocationSnapshot,
    Source,
    SourceKind,
    read_answer,
    sources_of,
)
from tests.pki import DAY, NOW
from tests.trust.pdf.papers import CRL_URL, OCSP_URL, World, snapshot_of, world


@pytest.fixture(scope="module")
def the() -> World:
    return world()


def test_a_snapshot_survives_a_restart(the: World, tmp_path: Path) -> None:
    snapshot = the.snapshot()
    snapshot.save(tmp_path / "revocation")
    read = RevocationSnapshot.load(tmp_path / "revocation")
    assert read.answers == snapshot.answers
    assert read.version == snapshot.version
    assert read.taken_at is not None
    snapshot.save(tmp_path / "revocation")  # again: nothing changes
    assert RevocationSnapshot.load(tmp_path / "revocation").taken_at == read.taken_at


def test_what_a_crash_left_behind_is_no_answer(the: World, tmp_path: Path) -> None:
    key = Source(SourceKind.CRL, CRL_URL).key
    (tmp_path / f".{key}").write_bytes(the.government.crl())
    (tmp_path / key).write_bytes(the.government.crl()[:-9])
    (tmp_path / "notes.txt").write_text("not an answer", encoding="utf-8")
    assert RevocationSnapshot.load(tmp_path) == RevocationSnapshot()
    assert RevocationSnapshot.load(tmp_path / "nowhere") == RevocationSnapshot()


def test_a_snapshot_knows_when_its_answers_go_stale(the: World) -> None:
    snapshot = snapshot_of(NOW, the.government.crl(days=3), the.national.crl(days=1))
    assert snapshot.ends == (NOW + DAY, NOW + 3 * DAY)
    assert snapshot_of(NOW, ocsps=[the.government.ocsp(the.person)]).ends == (NOW + DAY,)


def test_lists_come_as_pem_or_der(the: World) -> None:
    der = the.government.crl()
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    assert read_answer(SourceKind.CRL, pem) == read_answer(SourceKind.CRL, der) == der


def test_what_is_no_answer_is_refused(the: World) -> None:
    busy = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    with pytest.raises(AnswerError, match="TRY_LATER"):
        read_answer(SourceKind.OCSP, busy)
    with pytest.raises(AnswerError, match="bytes"):
        read_answer(SourceKind.CRL, bytes(ANSWER_BYTES_MAX + 1))
    with pytest.raises(AnswerError, match="no CRL answer"):
        read_answer(SourceKind.CRL, b"<html>Not found</html>")
    with pytest.raises(AnswerError, match="no OCSP answer"):
        read_answer(SourceKind.OCSP, the.government.crl())


@given(data=st.binary(max_size=200), kind=st.sampled_from(list(SourceKind)))
def test_any_bytes_are_an_answer_or_refused(data: bytes, kind: SourceKind) -> None:
    with pytest.raises(AnswerError):
        read_answer(kind, data)


def test_a_list_is_preferred_and_the_responder_asked_where_there_is_none(the: World) -> None:
    both = the.government.issue("A", ocsp_url=OCSP_URL)
    responder = the.government.issue("B", crl_url=None, ocsp_url=OCSP_URL)
    neither = the.government.issue("C", crl_url="ldap://directory.example.vn/cn=crl")
    root, issuer = the.government_root.der, the.government.der
    assert list(sources_of((root, issuer, both.der))) == [Source(SourceKind.CRL, CRL_URL)] * 2
    *_, source = sources_of((root, issuer, responder.der))
    assert (source.kind, source.url) == (SourceKind.OCSP, OCSP_URL)
    assert ocsp.load_der_ocsp_request(source.request).serial_number == responder.certificate.serial_number
    assert list(sources_of((root, issuer, neither.der))) == [Source(SourceKind.CRL, CRL_URL)]
    assert list(sources_of((root,))) == []
