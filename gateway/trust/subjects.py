"""Whom a signer's certificate names: a person or an agency, and whether it is the one a packet names.

Public and Government authorities write subjects each in its own way; there is no field that says "agency". What counts
is asked in order of certainty: the directory's own certificates, then names the packet and the directory know, then the
marks authorities put into subjects.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.model.agency import Agency
from gateway.model.pdf import PdfRole

_ORGANIZATION_IDENTIFIER = "2.5.4.97"
_PERSONAL_ID = re.compile(r"(CMND|CCCD|CMT|HC|PASSPORT)\s*[:\-]", re.IGNORECASE)
_TAX_CODE = re.compile(r"(MST|MNS|VATVN|NTRVN)\s*[:\-]?\s*(?P<code>[0-9][0-9A-Z.\-]*)", re.IGNORECASE)
_PERSONAL_FIELDS = (NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.TITLE)
_AGENCY_WORDS = (
    "BAN", "BẢO HIỂM", "BỆNH VIỆN", "BỘ", "CHI CỤC", "CHÍNH PHỦ", "CÔNG AN", "CÔNG TY", "CỤC", "ĐẠI HỌC", "ĐÀI",
    "ĐOÀN", "HỌC VIỆN", "HỘI", "HỘI ĐỒNG", "KHO BẠC", "LIÊN ĐOÀN", "NGÂN HÀNG", "PHÒNG", "QUỐC HỘI", "SỞ",
    "TẬP ĐOÀN", "THANH TRA", "THÀNH ỦY", "THUẾ", "TỈNH ỦY", "TÒA ÁN", "TỔNG CỤC", "TỔNG CÔNG TY", "TRUNG TÂM",
    "TRƯỜNG", "UBND", "ỦY BAN", "VIỆN", "VĂN PHÒNG", "VỤ", "ĐẢNG ỦY",
)  # fmt: skip
"""How names of agencies and organisations begin. No family name of a person is among them."""
_TITLES = re.compile(r"^((GS|PGS|TS|THS|BS|KS|CN|LS|DS)\.?\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expected:
    """Who should have signed a PDF, as the packet and the directory have it."""

    agencies: tuple[Agency, ...] = ()
    """Whose certificate may stand on the sender's documents: the sender and, where it issues in a superior's name, its
    superiors."""
    sender_name: str | None = None
    """From/OrganName as written."""
    signer_name: str | None = None
    """SignerInfo/FullName as written."""
    is_main: bool = True
    """The document itself; an annex in a file of its own needs no person's signature (Decree 30, annex I, III.1.d)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a certificate says of its holder."""

    text: str
    """RFC 4514."""
    common_name: str
    role: PdfRole
    matches: bool | None


def read_subject(certificate: x509.Certificate, der: bytes, expected: Expected) -> Subject:
    """Whom the certificate names, against whom a packet names."""
    subject = certificate.subject
    common_name = _first(subject, NameOID.COMMON_NAME)
    is_senders = any(der in agency.certificates for agency in expected.agencies) or _names_sender(subject, expected)
    is_signers = same_person(common_name, expected.signer_name)
    text = subject.rfc4514_string()
    if is_senders or is_signers:
        return Subject(text, common_name, PdfRole.AGENCY if is_senders else PdfRole.PERSON, matches=True)
    role = _guess(subject, common_name)
    asked = expected.agencies if role is PdfRole.AGENCY else expected.signer_name
    return Subject(text, common_name, role, matches=False if role is not PdfRole.UNKNOWN and asked else None)


def same_person(one: str | None, other: str | None) -> bool:
    """Whether two written names are one person's: without titles, case and spacing; without diacritics where one of the
    two was written without any, as some authorities do."""
    first, second = _plain(one), _plain(other)
    if not first or not second:
        return False
    if first.isascii() or second.isascii():
        first, second = _unmarked(first), _unmarked(second)
    return first == second


def _names_sender(subject: x509.Name, expected: Expected) -> bool:
    """The sender's identifier or tax code stands in the subject, or its name is the subject's common name."""
    written = {attribute.value for attribute in subject if isinstance(attribute.value, str)}
    ids = {one for agency in expected.agencies for one in agency.ids}
    if ids & (written | {match["code"] for value in written if (match := _TAX_CODE.fullmatch(value.strip()))}):
        return True
    names = {_plain(name) for name in _sender_names(expected)}
    return _plain(_first(subject, NameOID.COMMON_NAME)) in names - {""}


def _sender_names(expected: Expected) -> Iterable[str | None]:
    yield from (agency.name for agency in expected.agencies)
    if expected.agencies:  # a name alone, of an agency the directory does not know, says nothing
        yield expected.sender_name


def _guess(subject: x509.Name, common_name: str) -> PdfRole:
    values = [attribute.value for attribute in subject if isinstance(attribute.value, str)]
    if any(subject.get_attributes_for_oid(oid) for oid in _PERSONAL_FIELDS) or any(map(_PERSONAL_ID.match, values)):
        return PdfRole.PERSON
    if any(attribute.oid.dotted_string == _ORGANIZATION_IDENTIFIER for attribute in subject) or any(
        map(_TAX_CODE.match, values)
    ):
        return PdfRole.AGENCY
    name = unicodedata.normalize("NFC", common_name).upper()
    return PdfRole.AGENCY if any(name.startswith(f"{word} ") for word in _AGENCY_WORDS) else PdfRole.UNKNOWN


def _first(subject: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = [one.value for one in subject.get_attributes_for_oid(oid) if isinstance(one.value, str)]
    return values[0] if values else ""


def _plain(name: str | None) -> str:
    spaced = " ".join(unicodedata.normalize("NFC", name or "").split())
    return _TITLES.sub("", spaced).casefold()


def _unmarked(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
