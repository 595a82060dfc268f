"""Names of the strict seal profile (schemas/seal-profile.md): namespaces, algorithm URIs, fixed Ids, limits."""

from __future__ import annotations

from functools import cache

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

ENVELOPE_ID = "envelope"
SIGNATURE_ID = "seal"
PROPERTIES_ID = "signed-properties"

ATTACHMENTS_MAX = 28
"""With the envelope and the properties that makes 30 references, where the JDK's secure validation stops."""


@cache
def qcvn(name: str) -> str:
    return f"{{{QCVN}}}{name}"


@cache
def ds(name: str) -> str:
    return f"{{{DS}}}{name}"


@cache
def xades(name: str) -> str:
    return f"{{{XADES}}}{name}"
