"""The revocation snapshot: every CRL and OCSP answer at hand at one instant, and where the next ones come from.

Verification reads a snapshot and never the network; a task outside the request path makes the next one
(`exchange/revocation.py`). What the snapshot does not say is unknown. Answers are checked where they are used: a list
is believed for its signature, whoever brought it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""A certificate revocation list of a large public authority has some ten megabytes."""


_PLAIN_EXTENSIONS = (x509.AuthorityKeyIdentifier, x509.CRLNumber, x509.AuthorityInformationAccess)


class SourceKind(StrEnum):
    """How a source answers."""

    CRL = "crl"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True)
class Source:
    """Where revocation is published: a list to GET, or a responder to POST `request` to."""

    kind: SourceKind
    url: str
    request: bytes = b""

    @property
    def key(self) -> str:
        """A name for files and tables, the same at every run."""
        return f"{hashlib.sha256(self.url.encode() + b' ' + self.request).hexdigest()}.{self.kind}"


class AnswerError(ValueError):
    """What a source sent is no revocation list or answer."""


@dataclass(frozen=True)
class RevocationSnapshot:
    """What was known of revocation at `taken_at`. Immutable: a refresh makes a new one."""

    taken_at: datetime | None = None
    """When the newest answer in it was fetched; None: nothing ever was."""
    answers: Mapping[str, bytes] = field(default_factory=dict)
    """By `Source.key`: DER of the CRL or the OCSP answer."""

    @cached_property
    def version(self) -> str:
        """SHA-256 over every answer: the same answers are the same version, whenever they were fetched."""
        digests = sorted(hashlib.sha256(answer).digest() for answer in self.answers.values())
        return hashlib.sha256(b"".join(digests)).hexdigest()

    @property
    def crls(self) -> tuple[bytes, ...]:
        return self._of(SourceKind.CRL)

    @property
    def ocsps(self) -> tuple[bytes, ...]:
        return self._of(SourceKind.OCSP)

    def _of(self, kind: SourceKind) -> tuple[bytes, ...]:
        return tuple(answer for key, answer in sorted(self.answers.items()) if key.endswith(f".{kind}"))

    @cached_property
    def ends(self) -> tuple[datetime, ...]:
        """The instants at which one of the answers goes stale, in order."""
        return tuple(sorted(end for answer in self.crls + self.ocsps for end in _next_updates(answer)))

    def plainly_unrevoked(self, path: tuple[bytes, ...], moment: datetime) -> bool:
        """Whether every certificate of a verified path (DER, root first) is on no plain list of its issuer, and there
        is one that is in force. A shortcut: False says nothing, the path validator then decides.

        Plain is a list its issuer signed itself over all it issued, with no extension that narrows or splits it. Lists
        of the field are plain and long; looking up a number here takes a twentieth of the time.
        """
        try:
            certificates = [x509.load_der_x509_certificate(der) for der in path]
            return all(self._unlisted(one, issuer, moment) for issuer, one in pairwise(certificates))
        except ValueError:  # a certificate this library reads less of than the path validator does
            return False

    def _unlisted(self, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime) -> bool:
        lists = self._lists.get(certificate.issuer.public_bytes(), [])
        in_force = [one for one in lists if _in_force(one, moment)]
        return (
            bool(in_force)
            and _asks_for_plain(certificate)
            and _may_sign_lists(issuer)
            and all(_is_plain(one) and self._signed(one, issuer) for one in lists)
            and all(one.get_revoked_certificate_by_serial_number(certificate.serial_number) is None for one in in_force)
        )

    def _signed(self, crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
        key = (id(crl), issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        known = self._signatures.get(key)
        if known is None:
            known = self._signatures[key] = crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        return known

    @cached_property
    def _signatures(self) -> dict[tuple[int, bytes], bool]:
        return {}

    @cached_property
    def _lists(self) -> dict[bytes, list[x509.CertificateRevocationList]]:
        lists: dict[bytes, list[x509.CertificateRevocationList]] = {}
        for der in self.crls:
            try:
                one = x509.load_der_x509_crl(der)
            except ValueError:
                continue
            lists.setdefault(one.issuer.public_bytes(), []).append(one)
        return lists

    def renewed(self, answers: Mapping[str, bytes], keep: Collection[str], now: datetime) -> RevocationSnapshot:
        """The snapshot with new answers in it. Old ones stay while their source is kept, or until they are stale."""
        old = {
            key: answer
            for key, answer in self.answers.items()
            if key in keep or any(end > now for end in _next_updates(answer))
        }
        return RevocationSnapshot(now if answers else self.taken_at, {**old, **answers})

    def save(self, folder: Path) -> None:
        """Make a folder hold these answers and no others, each written by rename: a crash leaves whole files."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.suffix.lstrip(".") in set(SourceKind) and path.name not in self.answers:
                path.unlink()
        for key, answer in self.answers.items():
            path = folder / key
            if not path.exists() or path.read_bytes() != answer:
                draft = folder / f".{key}"
                draft.write_bytes(answer)
                draft.replace(path)

    @classmethod
    def load(cls, folder: Path) -> RevocationSnapshot:
        """The snapshot a folder holds; empty where there is none. What cannot be read as an answer is left out."""
        answers: dict[str, bytes] = {}
        taken: list[float] = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.startswith(".") or path.suffix.lstrip(".") not in set(SourceKind):
                continue
            try:
                answers[path.name] = read_answer(SourceKind(path.suffix.lstrip(".")), path.read_bytes())
            except AnswerError:
                continue
            taken.append(path.stat().st_mtime)
        return cls(datetime.fromtimestamp(max(taken), UTC) if taken else None, answers)


def read_answer(kind: SourceKind, answer: bytes) -> bytes:
    """The DER of a CRL (PEM is turned into DER) or of a successful OCSP answer. AnswerError for anything else."""
    if len(answer) > ANSWER_BYTES_MAX:
        raise AnswerError(f"{len(answer)} bytes, more than {ANSWER_BYTES_MAX}")
    try:
        if kind is SourceKind.OCSP:
            status = ocsp.load_der_ocsp_response(answer).response_status
        elif answer.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(answer).public_bytes(Encoding.DER)
        else:
            x509.load_der_x509_crl(answer)
    except ValueError as broken:
        raise AnswerError(f"no {kind.upper()} answer: {broken}") from broken
    if kind is SourceKind.OCSP and status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise AnswerError(f"the responder says {status.name}")
    return answer


def sources_of(path: tuple[bytes, ...]) -> Iterator[Source]:
    """Where the revocation of every certificate on a verified path (DER, anchor first) is published.

    A list where the certificate names one, for it serves every certificate of its issuer; else the issuer's responder.
    Only http and https: these are what authorities publish by.
    """
    for issuer_der, certificate_der in pairwise(path):
        certificate = x509.load_der_x509_certificate(certificate_der)
        lists = [url for url in _list_urls(certificate) if _fetchable(url)]
        if lists:
            yield from (Source(SourceKind.CRL, url) for url in lists)
        else:
            issuer = x509.load_der_x509_certificate(issuer_der)
            for url in filter(_fetchable, _responder_urls(certificate)):
                yield Source(SourceKind.OCSP, url, _ocsp_request(certificate, issuer))


def _ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    # SHA-1 names the issuer here and protects nothing (RFC 5019 asks for it); without a nonce answers may be cached.
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return request.build().public_bytes(Encoding.DER)


def _fetchable(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _list_urls(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return
    for point in points:
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value


def _responder_urls(certificate: x509.Certificate) -> Iterator[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return
    for description in access:
        location = description.access_location
        if description.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            yield location.value


def _in_force(crl: x509.CertificateRevocationList, moment: datetime) -> bool:
    return crl.last_update_utc <= moment and crl.next_update_utc is not None and moment <= crl.next_update_utc


def _is_plain(crl: x509.CertificateRevocationList) -> bool:
    strong = isinstance(crl.signature_hash_algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512)
    return strong and all(isinstance(one.value, _PLAIN_EXTENSIONS) for one in crl.extensions)


def _asks_for_plain(certificate: x509.Certificate) -> bool:
    """The certificate leaves it to its issuer to list it, and lists of one point to answer for every reason."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return True
    return all(point.crl_issuer is None and point.reasons is None for point in points)


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _next_updates(answer: bytes) -> Iterator[datetime]:
    try:
        end = x509.load_der_x509_crl(answer).next_update_utc
    except ValueError:
        try:
            ends = [one.next_update_utc for one in ocsp.load_der_ocsp_response(answer).responses]
        except ValueError:
            return
        yield from (one for one in ends if one is not None)
        return
    if end is not None:
        yield end
