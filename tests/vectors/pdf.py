"""PDF attachments, right and wrong, each named for what was done to it: what `verify_pdf` must find.

A vector is made in a `World` of its own, for some of them change what an authority has revoked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from gateway.model.reasons import Reason
from gateway.trust.pdf import PdfKnown
from gateway.trust.pdf_file import PdfLimits
from gateway.trust.revocation import RevocationSnapshot
from tests.pki import DAY, NOW
from tests.trust.pdf.papers import (
    EXPECTED,
    HOUR,
    SIGNER_NAME,
    YEAR,
    World,
    append_page,
    break_value,
    known,
    paper,
    saved_by_an_office,
    sign,
    signature_values,
    stamp,
)

Made = tuple[bytes, dict[str, object]]
"""The file, and what is changed in the facts it is verified by."""


@dataclass(frozen=True)
class PdfVector:
    """A file and the reasons found in it, the first of which names it; None: nothing is found."""

    name: str
    make: Callable[[World], bytes | Made]
    reason: Reason | None = None
    fault: str | None = None
    others: tuple[Reason, ...] = ()
    """Further reasons that must be found with it."""

    def build(self, the: World) -> tuple[bytes, PdfKnown]:
        made = self.make(the)
        data, changes = made if isinstance(made, tuple) else (made, {})
        return data, known(the, **changes)


def signed(the: World) -> bytes:
    """Person, then agency: as it should be."""
    return sign(sign(paper(), the.person), the.agency, NOW - DAY + HOUR)


def _three_with_a_bad_first(the: World) -> bytes:
    """The field's own packet: the first has a right digest and a value its key did not make, the others hold."""
    first = break_value(sign(paper(), the.person), 0)
    return sign(sign(first, the.person, NOW - HOUR), the.agency, NOW - HOUR)


def _encrypted(the: World) -> bytes:
    writer, out = copy_into_new_writer(PdfFileReader(BytesIO(paper()))), BytesIO()
    writer.encrypt("password")
    writer.write(out)
    return out.getvalue()


def _no_value(the: World) -> bytes:
    data = signed(the)
    begin, end = signature_values(data)[1]
    return data[:begin] + b"00" * ((end - begin) // 2) + data[end:]


def _revoked(stamped: bool) -> Callable[[World], bytes]:
    def make(the: World) -> bytes:
        the.government.revoke(the.person, NOW - 2 * DAY)
        person = sign(paper(), the.person, NOW - 3 * DAY, stamped=the.stamping if stamped else None)
        return sign(person, the.agency)

    return make


def _ended(the: World, **options: object) -> Made:
    """Signed 60 days ago by a certificate that ended 30 days ago, with lists of when it was still valid."""
    holder = the.government.issue({NameOID.COMMON_NAME: SIGNER_NAME, NameOID.TITLE: "Chủ tịch"}, ends_at=NOW - 30 * DAY)
    data = sign(sign(paper(), holder, NOW - 60 * DAY, **options), the.agency)
    return data, {"snapshot": the.snapshot(NOW - 31 * DAY, days=40)}


def _stamped_document(the: World) -> Made:
    data, changes = _ended(the)
    return stamp(data, the.stamping, NOW - 59 * DAY), changes


def _not_then(the: World) -> bytes:
    holder = the.government.issue(SIGNER_NAME, starts_at=NOW - YEAR, ends_at=NOW - 30 * DAY)
    return sign(sign(paper(), holder, NOW - 10 * DAY), the.agency)


def _untrusted(the: World) -> bytes:
    return sign(sign(paper(), the.unknown_root.issue(SIGNER_NAME)), the.agency)


def _for_servers(the: World) -> bytes:
    extended = [ExtendedKeyUsageOID.SERVER_AUTH]
    return sign(sign(paper(), the.government.issue(SIGNER_NAME, signs=False, extended=extended)), the.agency)


def _foreign_stamp(the: World) -> bytes:
    stamping = the.unknown_root.issue("TSA", 6, extended=[ExtendedKeyUsageOID.TIME_STAMPING])
    return sign(sign(paper(), the.person, stamped=stamping), the.agency)


def _another_person(the: World) -> bytes:
    other = the.government.issue({NameOID.COMMON_NAME: "Trần Văn Bình", NameOID.TITLE: "Phó Chủ tịch"})
    return sign(sign(paper(), other), the.agency)


def _annex(data: bytes) -> Made:
    return data, {"expected": replace(EXPECTED, is_main=False)}


def _limited(data: bytes, **limits: int) -> Made:
    return data, {"limits": PdfLimits(**limits)}


VECTORS = (
    PdfVector("person-then-agency", signed),
    PdfVector("time-stamped", lambda the: sign(sign(paper(), the.person, stamped=the.stamping), the.agency)),
    PdfVector("pades", lambda the: sign(sign(paper(), the.person, pades=True), the.agency, pades=True)),
    PdfVector("saved-by-an-office", lambda the: sign(sign(saved_by_an_office(), the.person), the.agency)),
    PdfVector("annex-by-the-agency-alone", lambda the: _annex(sign(paper(), the.agency))),
    PdfVector("expired-since-but-time-stamped", lambda the: _ended(the, stamped=the.stamping)),
    PdfVector("expired-since-but-document-stamped", _stamped_document),
    PdfVector("revoked-after-a-time-stamp", _revoked(stamped=True)),
    PdfVector("too-many-bytes", lambda the: _limited(signed(the), bytes_max=1000), Reason.PDF_TOO_LARGE, "bytes"),
    PdfVector("too-many-signatures", lambda the: _limited(signed(the), signatures_max=1), Reason.PDF_TOO_LARGE, "work"),
    PdfVector("too-much-work", lambda the: _limited(signed(the), visits_max=1000), Reason.PDF_TOO_LARGE, "work"),
    PdfVector("empty", lambda the: b"", Reason.PDF_UNREADABLE, "not_pdf"),
    PdfVector("an-office-file", lambda the: b"\xd0\xcf\x11\xe0" + bytes(600), Reason.PDF_UNREADABLE, "not_pdf"),
    PdfVector("zip-pretending", lambda the: b"PK\x03\x04" + signed(the), Reason.PDF_UNREADABLE, "zip"),
    PdfVector("program-before-the-header", lambda the: b"MZ\x90\x00" + signed(the), Reason.PDF_UNREADABLE, "prefix"),
    PdfVector(
        "byte-order-mark-before-the-header", lambda the: b"\xef\xbb\xbf" + signed(the), Reason.PDF_UNREADABLE, "prefix"
    ),
    PdfVector("cut-in-half", lambda the: signed(the)[:8000], Reason.PDF_UNREADABLE, "malformed"),
    PdfVector(
        "no-end", lambda the: signed(the).replace(b"startxref", b"startxxxx"), Reason.PDF_UNREADABLE, "malformed"
    ),
    PdfVector("no-root", lambda the: signed(the).replace(b"/Root", b"/Boot"), Reason.PDF_UNREADABLE, "malformed"),
    PdfVector("header-and-zeros", lambda the: b"%PDF-1.7\n" + bytes(5000), Reason.PDF_UNREADABLE, "malformed"),
    PdfVector("encrypted", _encrypted, Reason.PDF_ENCRYPTED),
    PdfVector(
        "text-changed",
        lambda the: signed(the).replace(b"Quyet dinh", b"Quyet dinH"),
        Reason.PDF_CHANGED_AFTER_SIGNING,
        "digest",
    ),
    PdfVector("page-appended", lambda the: append_page(signed(the)), Reason.PDF_CHANGED_AFTER_SIGNING, "appended"),
    PdfVector("zip-appended", lambda the: signed(the) + b"PK\x03\x04", Reason.PDF_CHANGED_AFTER_SIGNING, "appended"),
    PdfVector("one-bad-of-three", _three_with_a_bad_first, Reason.PDF_SIGNATURE_INVALID, "value"),
    PdfVector(
        "value-broken-under-the-agency",
        lambda the: break_value(signed(the), 0),
        Reason.PDF_CHANGED_AFTER_SIGNING,
        "digest",
        others=(Reason.PDF_SIGNATURE_INVALID,),
    ),
    PdfVector("no-value", _no_value, Reason.PDF_SIGNATURE_INVALID, "structure"),
    PdfVector(
        "sha-1",
        lambda the: sign(sign(paper(), the.person, digest="sha1"), the.agency),
        Reason.PDF_SIGNATURE_INVALID,
        "algorithm",
    ),
    PdfVector("unknown-root", _untrusted, Reason.PDF_SIGNATURE_UNTRUSTED, "unknown_root"),
    PdfVector("certificate-for-servers", _for_servers, Reason.PDF_SIGNATURE_UNTRUSTED, "usage"),
    PdfVector(
        "certificate-ended-before", _not_then, Reason.PDF_CERTIFICATE_VALIDITY, others=(Reason.PDF_REVOCATION_UNKNOWN,)
    ),
    PdfVector("revoked", _revoked(stamped=False), Reason.PDF_REVOKED),
    PdfVector(
        "another-agency", lambda the: sign(sign(paper(), the.person), the.other_agency), Reason.PDF_AGENCY_MISMATCH
    ),
    PdfVector("agency-first", lambda the: sign(sign(paper(), the.agency), the.person), Reason.PDF_ORDER),
    PdfVector("another-person", _another_person, Reason.PDF_SIGNER_MISMATCH),
    PdfVector("agency-alone", lambda the: sign(paper(), the.agency), Reason.PDF_SIGNATURE_MISSING, "person"),
    PdfVector("person-alone", lambda the: sign(paper(), the.person), Reason.PDF_SIGNATURE_MISSING, "agency"),
    PdfVector("unsigned", lambda the: paper(), Reason.PDF_UNSIGNED),
    PdfVector(
        "signed-tomorrow",
        lambda the: sign(sign(paper(), the.person, NOW + DAY), the.agency),
        Reason.PDF_SIGNING_TIME,
        "future",
    ),
    PdfVector("stranger's-time-stamp", _foreign_stamp, Reason.PDF_SIGNING_TIME, "stamp"),
    PdfVector("expired-since", _ended, Reason.PDF_EXPIRED_SINCE),
    PdfVector(
        "no-snapshot", lambda the: (signed(the), {"snapshot": RevocationSnapshot()}), Reason.PDF_REVOCATION_UNKNOWN
    ),
    PdfVector(
        "stale-snapshot",
        lambda the: (signed(the), {"snapshot": the.snapshot(NOW - 30 * DAY)}),
        Reason.PDF_REVOCATION_UNKNOWN,
    ),
)
