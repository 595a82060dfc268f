"""Envelope signatures of the old kind, made by a program nobody here wrote."""

from __future__ import annotations

import subprocess
from pathlib import Path

from gateway.edxml.names import DSIG
from gateway.edxml.signature import C14N
from tests.outside import require
from tests.pki import Identity


def block(namespace: str = DSIG, second: str = "", method: str = f"{DSIG}rsa-sha1", digest: str = f"{DSIG}sha1") -> str:
    """An unsigned block, laid out as the field's libraries do."""
    transforms = "".join(f'<Transform Algorithm="{one}"/>\n' for one in (f"{DSIG}enveloped-signature", second) if one)
    return (
        f'<Signature xmlns="{namespace}">\n<SignedInfo>\n<CanonicalizationMethod Algorithm="{C14N}"/>\n'
        f'<SignatureMethod Algorithm="{method}"/>\n<Reference URI="">\n<Transforms>\n{transforms}</Transforms>\n'
        f'<DigestMethod Algorithm="{digest}"/>\n<DigestValue></DigestValue>\n</Reference>\n</SignedInfo>\n'
        "<SignatureValue></SignatureValue>\n<KeyInfo><X509Data>\n<X509Certificate></X509Certificate>\n</X509Data></KeyInfo>\n"
        "</Signature>"
    )


def in_slot(packet: bytes, signature: str) -> bytes:
    """An unsealed packet with this in its Signature slot."""
    packet = packet.replace(b' Id="envelope"', b"")
    return packet.replace(b"</edXML:edXMLHeader>", f"\n  {signature}\n</edXML:edXMLHeader>".encode())


def signed_by_xmlsec1(folder: Path, template: bytes, who: Identity) -> bytes:
    """The packet as a program nobody here wrote signs it."""
    (folder / "key.pem").write_bytes(who.key_pem)
    (folder / "certificate.pem").write_bytes(who.pem)
    (folder / "template.xml").write_bytes(template)
    keys = f"{folder / 'key.pem'},{folder / 'certificate.pem'}"
    command = [str(require("xmlsec1")), "--sign", "--privkey-pem", keys]
    command += ["--output", str(folder / "signed.xml"), str(folder / "template.xml")]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "signed.xml").read_bytes()
