"""The Signature slot: what counts as a seal to be judged."""

from __future__ import annotations

import pytest

from gateway import edxml
from gateway.edxml import Limits, SignatureState
from tests.vectors.packets import bare

DSIG = 'xmlns="http://www.w3.org/2000/09/xmldsig#"'


def _state(signature: str, identified: bool = True) -> SignatureState:
    packet = bare().replace(b"</edXML:edXMLHeader>", f"{signature}</edXML:edXMLHeader>".encode())
    return edxml.signature_state(
        edxml.parse(packet if identified else packet.replace(b' Id="envelope"', b""), Limits())
    )


@pytest.mark.parametrize(
    ("signature", "identified", "state"),
    [
        ("", True, SignatureState.ABSENT),
        ("<edXML:Signature/>", True, SignatureState.PLACEHOLDER),
        ("<edXML:DigitalSignature/>", True, SignatureState.PLACEHOLDER),
        (f"<Signature {DSIG}/>", False, SignatureState.PLACEHOLDER),
        (f'<Signature {DSIG}><Reference URI=""/></Signature>', False, SignatureState.PLACEHOLDER),
        (f"<Signature {DSIG}/>", True, SignatureState.STRICT_CANDIDATE),
        (f'<Signature {DSIG}><Reference URI="#e"/></Signature>', False, SignatureState.STRICT_CANDIDATE),
        (f"<edXML:Signature/><Signature {DSIG}/>", True, SignatureState.STRICT_CANDIDATE),
        ('<Signature xmlns="urn:x"/>', True, SignatureState.ABSENT),
    ],
)
def test_a_seal_is_judged_where_one_is_claimed(signature: str, identified: bool, state: SignatureState) -> None:
    assert _state(signature, identified) is state


def test_a_tree_without_a_header_has_no_signature() -> None:
    root = b'<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"/>'
    assert edxml.signature_state(edxml.parse(root, Limits())) is SignatureState.ABSENT
