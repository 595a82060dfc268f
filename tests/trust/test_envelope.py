"""Signatures of the old kind in the envelope: told for what they are, whoever made them, and trusted for nothing."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from gateway import edxml
from gateway.edxml import Cutter, Limits
from gateway.edxml.names import DSIG, QCVN
from gateway.edxml.signature import C14N, EXAMPLE_DIGEST, EXCLUSIVE_C14N
from gateway.model.envelope import EnvelopeFault, EnvelopeSignature, EnvelopeState
from gateway.rules.examine import envelope_signature
from tests.outside import require
from tests.pki import pki
from tests.vectors.old_signature import block, in_slot, signed_by_xmlsec1
from tests.vectors.packets import bare, with_run
from tests.vectors.vector import Memory

INVALID, PLACEHOLDER, UNKNOWN = EnvelopeState.INVALID, EnvelopeState.PLACEHOLDER, EnvelopeState.UNKNOWN


def unsealed(signature: str, run: bytes = b"SGVsbG8gdGhlcmU=") -> bytes:
    """A packet with this in its Signature slot, its base64 typed as `run`."""
    return in_slot(with_run(run)(), signature)


def judged(file: bytes, piece_bytes: int = 2**20) -> EnvelopeSignature:
    """What is said of a file that came in pieces of this size."""
    cutter = Cutter(Limits(), Memory)
    for start in range(0, len(file), piece_bytes):
        cutter.feed(file[start : start + piece_bytes])
    received = cutter.received()
    return envelope_signature(edxml.parse(received.skeleton, Limits()), received)


TYPED = {
    "one line": b"SGVsbG8gdGhlcmU=",
    "lines of 8": b"\nSGVsbG8g\ndGhlcmU=\n",
    "Windows lines": b"\r\nSGVsbG8g\r\ndGhlcmU=\r\n",
    "blanks, tabs and a lone return": b"\t SGVs\rbG8g  dGhl\n\n\tcmU= ",
}


@pytest.mark.parametrize("second", ["", C14N, EXCLUSIVE_C14N[0]], ids=["enveloped alone", "c14n", "exclusive c14n"])
@pytest.mark.parametrize("run", TYPED.values(), ids=TYPED)
def test_what_xmlsec1_signs_is_valid_however_the_base64_was_typed(tmp_path: Path, second: str, run: bytes) -> None:
    file = signed_by_xmlsec1(tmp_path, unsealed(block(second=second), run), pki().rsa2048)
    assert judged(file).state is EnvelopeState.VALID


def test_where_the_body_is_split_changes_nothing(tmp_path: Path) -> None:
    file = signed_by_xmlsec1(tmp_path, unsealed(block(), TYPED["Windows lines"]), pki().rsa2048)
    typed = file.replace(b"&#xD;", b"\r").replace(b"\n", b"\r\n")  # line ends are one and the same to XML
    assert {judged(typed, size) for size in (1, 2, 3, 7, 64)} == {judged(typed)}
    assert judged(typed).state is EnvelopeState.VALID


def test_sha256_is_computed_too(tmp_path: Path) -> None:
    method, digest = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
    file = signed_by_xmlsec1(tmp_path, unsealed(block(method=method, digest=digest)), pki().rsa2048)
    found = judged(file)
    assert found.state is EnvelopeState.VALID
    assert len(found.digest or "") == 64


def test_a_packet_without_attachments_is_valid_too(tmp_path: Path) -> None:
    template = (
        bare()
        .replace(b' Id="envelope"', b"")
        .replace(b"</edXML:edXMLHeader>", f"{block()}</edXML:edXMLHeader>".encode())
    )
    assert judged(signed_by_xmlsec1(tmp_path, template, pki().rsa2048)).state is EnvelopeState.VALID


def _openssl(command: list[str], folder: Path, data: bytes) -> bytes:
    (folder / "in").write_bytes(data)
    words = [str(require("openssl")), *command, str(folder / "in")]
    return subprocess.run(words, check=True, capture_output=True).stdout


def test_a_block_in_the_namespace_of_the_field_is_judged_as_well(tmp_path: Path) -> None:
    """No standard program finds such a block: openssl computes it, over canonical forms written by hand."""
    (tmp_path / "key.pem").write_bytes(pki().rsa2048.key_pem)
    run = b"SGVs\nbG8="
    before = f'<edXML xmlns="{QCVN}"><e:edXMLEnvelope xmlns:e="{QCVN}"><e:edXMLHeader>'
    header = bare().decode().split("<edXML:edXMLHeader>")[1].split("</edXML:edXMLHeader>")[0].replace("edXML:", "e:")
    after = (
        '</e:edXMLHeader><e:edXMLBody><e:edXMLManifest version="1.0"><e:Reference><e:ContentId>1</e:ContentId>'
        "<e:ContentType>text/plain</e:ContentType><e:AttachmentName>a.txt</e:AttachmentName></e:Reference>"
        "</e:edXMLManifest></e:edXMLBody></e:edXMLEnvelope><AttachmentEncoded><Attachment><ContentId>1</ContentId>"
        "<AttachmentName>a.txt</AttachmentName><ContentType>text/plain</ContentType>"
        f"<ContentTransferEncoded>{run.decode()}</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"
    )
    sha1 = _openssl(["dgst", "-sha1", "-binary"], tmp_path, f"{before}{header}{after}".encode())
    info = (
        f'<SignedInfo><CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{DSIG}rsa-sha1"></SignatureMethod><Reference URI=""><Transforms>'
        f'<Transform Algorithm="{DSIG}enveloped-signature"></Transform></Transforms>'
        f'<DigestMethod Algorithm="{DSIG}sha1"></DigestMethod>'
        f"<DigestValue>{base64.b64encode(sha1).decode()}</DigestValue></Reference></SignedInfo>"
    )
    scope = f'<SignedInfo xmlns="{QCVN}" xmlns:e="{QCVN}">'
    octets = info.replace("<SignedInfo>", scope).encode()
    value = _openssl(["dgst", "-sha1", "-sign", str(tmp_path / "key.pem")], tmp_path, octets)
    signature = (
        f"<Signature>{info}<SignatureValue>{base64.b64encode(value).decode()}</SignatureValue><KeyInfo><X509Data>"
        f"<X509Certificate>{base64.b64encode(pki().rsa2048.der).decode()}</X509Certificate></X509Data></KeyInfo></Signature>"
    )
    assert judged(f"{before}{header}{signature}{after}".encode()) == EnvelopeSignature(
        EnvelopeState.VALID, None, sha1.hex()
    )


@pytest.mark.parametrize(
    ("old", "new", "state", "fault"),
    [
        ("<edXML:Subject>V/v", "<edXML:Subject>v/v", INVALID, EnvelopeFault.DIGEST),
        ("SGVsbG8g", "SGVsbG9g", INVALID, EnvelopeFault.DIGEST),
        ("SGVsbG8g\n", "SGVsbG8g", INVALID, EnvelopeFault.DIGEST),
        ("</edXML:edXMLBody>\n", "</edXML:edXMLBody>", INVALID, EnvelopeFault.DIGEST),
        ("<Reference URI", "<Reference  URI", EnvelopeState.VALID, None),
        ("<SignedInfo>\n", "<SignedInfo>\n\n", INVALID, EnvelopeFault.VALUE),
        ("<SignatureValue>", "<SignatureValue>AAAA", INVALID, EnvelopeFault.VALUE),
        ("<SignatureValue>", "<SignatureValue>ø", INVALID, EnvelopeFault.VALUE),
        (
            "<DigestValue>",
            f"<DigestValue>{EXAMPLE_DIGEST}</DigestValue><DigestValue>",
            PLACEHOLDER,
            EnvelopeFault.EXAMPLE,
        ),
        ("X509Certificate>", "X509Certificat>", PLACEHOLDER, EnvelopeFault.EMPTY),
        (f"{DSIG}rsa-sha1", f"{DSIG}hmac-sha1", UNKNOWN, EnvelopeFault.METHOD),
        (f'"{DSIG}sha1', '"urn:x', UNKNOWN, EnvelopeFault.APART),
        (f"{DSIG}enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116", UNKNOWN, EnvelopeFault.METHOD),
        ('URI=""', "URI = ''", EnvelopeState.VALID, None),
    ],
)
def test_it_is_told_why_a_signature_is_not_valid(
    tmp_path: Path, old: str, new: str, state: EnvelopeState, fault: EnvelopeFault | None
) -> None:
    file = signed_by_xmlsec1(tmp_path, unsealed(block(), TYPED["lines of 8"]), pki().rsa2048)
    changed = file.replace(old.encode(), new.encode()).replace(b"<A>", b"<DigestValue>")
    assert changed != file
    found = judged(changed)
    assert (found.state, found.fault) == (state, fault)


def test_a_signature_behind_the_attachments_or_in_a_large_envelope_is_not_computed(tmp_path: Path) -> None:
    file = signed_by_xmlsec1(tmp_path, unsealed(block()), pki().rsa2048)
    large = file.replace(b"<edXML:edXMLBody>", b" " * 65_000 + b"<edXML:edXMLBody>")
    start, envelope, rest = file.partition(b"<edXML:edXMLEnvelope")
    inside, end, attachments = rest.partition(b"</edXML:edXMLEnvelope>")
    attachments, root_end, _ = attachments.partition(b"</edXML>")
    behind = start + attachments + envelope + inside + end + root_end
    assert judged(large).fault is EnvelopeFault.APART
    assert judged(behind).fault is EnvelopeFault.APART


@pytest.mark.parametrize(
    ("enclosed", "state", "fault"),
    [
        (pki().p256.der, UNKNOWN, EnvelopeFault.METHOD),
        (pki().rsa3072.der, INVALID, EnvelopeFault.VALUE),
        (pki().rsa2048.der[:40], PLACEHOLDER, EnvelopeFault.CUT),
        (b"\x30\x82", PLACEHOLDER, EnvelopeFault.CUT),
        (b"\x30\x03abc", INVALID, EnvelopeFault.CERTIFICATE),
        (b"no DER at all", INVALID, EnvelopeFault.CERTIFICATE),
    ],
    ids=["elliptic key", "another's", "cut", "cut in its length", "not a certificate", "not DER"],
)
def test_the_enclosed_certificate_is_told_apart(
    tmp_path: Path, enclosed: bytes, state: EnvelopeState, fault: EnvelopeFault
) -> None:
    file = signed_by_xmlsec1(tmp_path, unsealed(block()), pki().rsa2048)
    start, _, rest = file.partition(b"<X509Certificate>")
    end = rest[rest.index(b"</X509Certificate>") :]
    found = judged(start + b"<X509Certificate>" + base64.b64encode(enclosed) + end)
    assert (found.state, found.fault) == (state, fault)


def test_nothing_is_computed_for_a_packet_without_such_a_signature() -> None:
    for file in (bare(), unsealed(""), unsealed(block(second=EXCLUSIVE_C14N[1]).replace('URI=""', 'URI="#x"'))):
        assert judged(file).digest is None
    assert judged(unsealed("")).state is EnvelopeState.ABSENT


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_state_has_its_sentence(lang: str) -> None:
    faults = {
        EnvelopeState.PLACEHOLDER: (EnvelopeFault.EMPTY, EnvelopeFault.EXAMPLE, EnvelopeFault.CUT),
        EnvelopeState.INVALID: (EnvelopeFault.CERTIFICATE, EnvelopeFault.DIGEST, EnvelopeFault.VALUE),
        EnvelopeState.UNKNOWN: (EnvelopeFault.METHOD, EnvelopeFault.APART),
    }
    for state in EnvelopeState:
        for fault in faults.get(state, (None,)):
            assert EnvelopeSignature(state, fault).text(lang).endswith(".")
