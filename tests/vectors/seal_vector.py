"""A bad seal as the tests are given it, and what its makers share."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gateway.model.reasons import Reason
from tests.pki import NOW, pki
from tests.trust.sample import Digests, digests, sealed
from tests.vectors.forge import DS, Edit, between, resign

ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
SHA1 = DS + "sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ECDSA_SHA256 = MORE + "ecdsa-sha256"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

AMBIGUOUS, STRUCTURE, ALGORITHM = Reason.SEAL_AMBIGUOUS, Reason.SEAL_STRUCTURE, Reason.SEAL_ALGORITHM
REFERENCES, KEY, PROPERTIES = Reason.SEAL_REFERENCES, Reason.SEAL_KEY, Reason.SEAL_PROPERTIES
DIGEST, SIGNATURE, MISSING = Reason.SEAL_DIGEST, Reason.SEAL_SIGNATURE, Reason.SEAL_MISSING


@dataclass(frozen=True)
class Vector:
    """One bad submission: what `verify` is given, and the reason it must give back."""

    name: str
    reason: Reason
    skeleton: bytes
    attachments: Digests = field(default_factory=digests)
    certificates: tuple[bytes, ...] = field(default_factory=lambda: (pki().p256.der,))
    at: datetime = NOW

    @property
    def signature_class(self) -> str:
        return self.name.partition("/")[0]


def both(name: str, reason: Reason, edit: Edit) -> Iterator[Vector]:
    """The edit as an outsider makes it, and made true again by the key's holder."""
    cut = edit(sealed().decode()).encode()
    yield Vector(name, reason, cut)
    yield Vector(f"{name}, resigned", reason, resign(cut, pki().p256.signer))


def sealed_text() -> str:
    return sealed().decode()


def inner(text: str, name: str) -> str:
    """The text of the first element of this name."""
    return between(text, f"<{name}>", f"</{name}>").removeprefix(f"<{name}>").removesuffix(f"</{name}>")


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
