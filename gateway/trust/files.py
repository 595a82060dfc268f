"""One seal over many files: the signature of an ASiC-E container (ETSI EN 319 162-1), in the profile's algorithms.

Each file is a Reference by its name; XAdES properties say when and by which certificate. There is one way to write such
a signature, so reading one is taking its values out, writing it again and comparing: nothing else can hide in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from gateway.model.reasons import Reason
from gateway.trust.algorithms import Algorithm, own_algorithm, verifies
from gateway.trust.certificates import Certificate, read_certificate
from gateway.trust.faults import refusal
from gateway.trust.keys import Signer
from gateway.trust.names import DS, EXCLUSIVE_C14N, PROPERTIES_ID, SIGNATURE_ID, SIGNED_PROPERTIES_TYPE, XADES
from gateway.trust.seal import signed_info, signed_properties

ASIC = "http://uri.etsi.org/02918/v1.2.1#"
FILES_MAX = 65_536
SIGNATURES_BYTES_MAX = 32 * 1024 * 1024

_MEDIA = {".xml": "application/xml", ".html": "text/html", ".txt": "text/plain", ".pem": "application/x-pem-file"}
_PROPERTIES_END = "</xades:SignedProperties>"


@dataclass(frozen=True, slots=True)
class FilesSeal:
    """A seal over files that holds: by whom, when, over what."""

    certificate: Certificate
    signed_at: datetime
    files: tuple[tuple[str, str], ...]
    """(name, SHA-256 in lower-case hex), in the seal's order."""


def seal_files(files: Sequence[tuple[str, str]], signer: Signer, at: datetime) -> bytes:
    """META-INF/signatures.xml over `files`: (name, SHA-256 hex). Names are plain ASCII without anything to escape.

    Deterministic: the same files, key and second give the same bytes.
    """
    info, properties = _signed(files, signer.algorithm, signer.certificate_der, at)
    return _written(info, properties, signer.sign(info.encode()), signer.certificate_der)


def open_files_seal(xml: bytes) -> FilesSeal:
    """The seal in a META-INF/signatures.xml that `seal_files` could have written and whose key fits its certificate.

    Refused(SEAL_STRUCTURE, SEAL_KEY, SEAL_PROPERTIES, SEAL_SIGNATURE). Whose certificate it is, and whether the files
    are what it lists, is the caller's to judge.
    """
    broken = refusal(Reason.SEAL_STRUCTURE, "seal.fault.files_form")
    match = _FORM.search(xml) if len(xml) <= SIGNATURES_BYTES_MAX else None
    if match is None:
        raise broken
    files = [(name.decode(), _digest(value)) for name, value in _REFERENCE.findall(xml)]
    try:
        value, der = (binascii.a2b_base64(match[part], strict_mode=True) for part in ("value", "certificate"))
        at = datetime.strptime(match["at"].decode(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as wrong:
        raise broken from wrong
    certificate = read_certificate(der)
    algorithm = own_algorithm(certificate.key)
    info, properties = _signed(files, algorithm, der, at)
    if len(files) > FILES_MAX or _written(info, properties, value, der) != xml:
        raise broken
    if not certificate.period.covers(at):
        raise refusal(Reason.SEAL_PROPERTIES, "seal.fault.signed_outside_validity", signed_at=at.isoformat())
    if not verifies(certificate.key, algorithm, value, info.encode()):
        raise refusal(Reason.SEAL_SIGNATURE, "seal.fault.signature_false")
    return FilesSeal(certificate, at, tuple(files))


_FORM = re.compile(
    rb"<ds:SignatureValue>(?P<value>[A-Za-z0-9+/=]+)</ds:SignatureValue>.*"
    rb"<ds:X509Certificate>(?P<certificate>[A-Za-z0-9+/=]+)</ds:X509Certificate>.*"
    rb"<xades:SigningTime>(?P<at>[0-9T:Z-]{20})</xades:SigningTime>",
    re.DOTALL,
)
_REFERENCE = re.compile(
    rb'<ds:Reference Id="r[0-9]+" URI="([A-Za-z0-9._/-]+)"><ds:DigestMethod Algorithm="[^"]+"></ds:DigestMethod>'
    rb"<ds:DigestValue>([A-Za-z0-9+/=]{44})</ds:DigestValue></ds:Reference>"
)
"""Only a frame: that nothing was skipped or bent is shown by writing the values again."""


def _digest(value: bytes) -> str:
    try:
        return binascii.a2b_base64(value, strict_mode=True).hex()
    except ValueError:
        return ""


def _signed(files: Sequence[tuple[str, str]], algorithm: Algorithm, der: bytes, at: datetime) -> tuple[str, str]:
    """SignedInfo and SignedProperties, each in exclusive canonical form."""
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#r{number}"><xades:MimeType>{_media(name)}</xades:MimeType>'
        "</xades:DataObjectFormat>"
        for number, (name, _) in enumerate(files)
    )
    properties = signed_properties(der, at).removesuffix(_PROPERTIES_END)
    properties += f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties>{_PROPERTIES_END}"
    references = [
        (f' Id="r{number}" URI="{name}"', (), bytes.fromhex(sha256)) for number, (name, sha256) in enumerate(files)
    ]
    own = (
        f' Type="{SIGNED_PROPERTIES_TYPE}" URI="#{PROPERTIES_ID}"',
        (EXCLUSIVE_C14N,),
        hashlib.sha256(properties.encode()).digest(),
    )
    return signed_info(algorithm, [*references, own]), properties


def _written(info: str, properties: str, value: bytes, der: bytes) -> bytes:
    return (
        f'<asic:XAdESSignatures xmlns:asic="{ASIC}"><ds:Signature xmlns:ds="{DS}" Id="{SIGNATURE_ID}">{info}'
        f"<ds:SignatureValue>{base64.b64encode(value).decode()}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{base64.b64encode(der).decode()}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{SIGNATURE_ID}">{properties}'
        "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>"
    ).encode()


def _media(name: str) -> str:
    return _MEDIA.get(PurePosixPath(name).suffix, "application/octet-stream")
