"""What we seal, programs nobody here wrote verify: xmlsec1, the JDK's validator and signxml.

Their yes is never enough (schemas/seal-profile.md): these tests ask only whether our seals are real.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from signxml import XMLVerifier
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration

from gateway import edxml
from gateway.trust import countersign, seal
from tests.outside import require
from tests.pki import NOW, Identity, pki
from tests.trust.sample import ATTACHMENTS, QCVN, RECEIPT, digests, document, status

pytestmark = pytest.mark.oracle

XADES = "http://uri.etsi.org/01903/v1.3.2#"
JAVA_SOURCE = Path(__file__).with_name("VerifySeal.java")
Files = dict[str, tuple[str, str, bytes]]

MANY: Files = {
    f"part{number}": (f"tệp {number}.pdf", "application/pdf", bytes([number]) * number) for number in range(28)
}


@dataclass(frozen=True)
class Sealed:
    """A sealed document as a file, with what an outsider needs to check it."""

    name: str
    xml: bytes
    signer: Identity
    attachments: Files
    element: str
    """Namespace and name of the signed element, as xmlsec1 wants them."""

    @property
    def references(self) -> int:
        return len(self.attachments) + 2


@cache
def documents() -> tuple[Sealed, ...]:
    """Everything we seal: documents with none to 28 attachments by each kind of key, status packets, receipts."""
    envelope = f"{QCVN}:edXMLEnvelope"
    ones = pki()
    packets = [
        Sealed(f"document {name}", _packet(files, agency), agency, files, envelope)
        for name, agency, files in (
            ("P-256", ones.p256, ATTACHMENTS),
            ("P-384", ones.p384, ATTACHMENTS),
            ("RSA-2048", ones.rsa2048, ATTACHMENTS),
            ("RSA-3072", ones.rsa3072, ATTACHMENTS),
            ("without attachments", ones.p256, {}),
            ("with 28 attachments", ones.p256, MANY),
        )
    ]
    answer = Sealed("status", seal(status(), [], ones.p256.signer, NOW), ones.p256, {}, envelope)
    receipt = countersign(RECEIPT, ones.gateway.signer, NOW)
    return *packets, answer, Sealed("receipt", receipt, ones.gateway, {}, "urn:truc:receipt:1:receipt")


def _packet(files: Files, agency: Identity) -> bytes:
    """The field's file: sealed, the base64 put back where it was cut."""
    skeleton = seal(document(files), digests(files), agency.signer, NOW)
    return b"".join(edxml.inline(skeleton, [[data] for _, _, data in files.values()]))


def _changed(one: Sealed) -> Sealed:
    """The same with a letter changed that only the first reference covers."""
    for old, new in ((b"V/v k", b"V/v K"), (b">03<", b">02<"), (b"01JD", b"01JE")):
        if old in one.xml:
            return Sealed(f"{one.name} changed", one.xml.replace(old, new), one.signer, one.attachments, one.element)
    raise AssertionError(one.name)


def _swapped(one: Sealed) -> Sealed:
    """The same with one attachment's bytes changed outside the XML."""
    first = next(iter(one.attachments))
    name, kind, data = one.attachments[first]
    attachments = {**one.attachments, first: (name, kind, data + b" ")}
    return Sealed(f"{one.name} with a changed attachment", one.xml, one.signer, attachments, one.element)


def _files(folder: Path, one: Sealed) -> tuple[Path, dict[str, Path]]:
    packet = folder / "packet.edxml"
    packet.write_bytes(one.xml)
    files = {content_id: folder / f"{content_id}.bin" for content_id in one.attachments}
    for content_id, path in files.items():
        path.write_bytes(one.attachments[content_id][2])
    return packet, files


def _xmlsec1(folder: Path, one: Sealed) -> subprocess.CompletedProcess[str]:
    packet, files = _files(folder, one)
    root, issuing = folder / "root.pem", folder / "issuing.pem"
    root.write_bytes(pki().root.pem)
    issuing.write_bytes(pki().issuing.pem)
    command = [str(require("xmlsec1")), "--verify", "--enabled-key-data", "x509"]
    command += ["--trusted-pem", str(root), "--untrusted-pem", str(issuing)]
    command += ["--verification-time", f"{NOW:%Y-%m-%d %H:%M:%S}"]
    command += ["--id-attr:Id", one.element, "--id-attr:Id", f"{XADES}:SignedProperties"]
    for content_id, path in files.items():
        command += [f"--url-map:cid:{content_id}", str(path)]
    return subprocess.run([*command, str(packet)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("one", documents(), ids=lambda one: one.name)
def test_xmlsec1_verifies_what_we_seal(tmp_path: Path, one: Sealed) -> None:
    answer = _xmlsec1(tmp_path, one)
    assert answer.returncode == 0, answer.stderr
    assert f"SignedInfo References (ok/all): {one.references}/{one.references}" in answer.stderr


@pytest.mark.parametrize("one", documents(), ids=lambda one: one.name)
def test_xmlsec1_refuses_what_was_changed(tmp_path: Path, one: Sealed) -> None:
    assert _xmlsec1(tmp_path, _changed(one)).returncode != 0
    if one.attachments:
        assert _xmlsec1(tmp_path, _swapped(one)).returncode != 0


def test_the_jdk_verifies_what_we_seal_and_refuses_what_was_changed(tmp_path: Path) -> None:
    java = require("java")
    cases = [*documents(), *map(_changed, documents()), *(_swapped(one) for one in documents() if one.attachments)]
    arguments: list[str] = []
    for number, one in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        packet, files = _files(folder, one)
        certificate = folder / "certificate.pem"
        certificate.write_bytes(one.signer.pem)
        pairs = [f"{content_id}={path}" for content_id, path in files.items()]
        arguments += ["--"] * bool(arguments) + [str(certificate), str(packet), *pairs]
    command = [str(java), str(JAVA_SOURCE), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
    lines = answer.stdout.splitlines()
    assert len(lines) == len(cases), answer.stderr
    good = len(documents())
    for one, line in zip(cases[:good], lines[:good], strict=True):
        assert line == f"VALID {one.references}", one.name
    for one, line in zip(cases[good:], lines[good:], strict=True):
        assert line.startswith("INVALID"), one.name


def _signxml(one: Sealed) -> int:
    """How many references signxml found true. It is given the certificate; the keys come from nowhere else."""
    results = XMLVerifier().verify(
        one.xml,
        x509_cert=one.signer.certificate,
        uri_resolver=lambda uri: one.attachments[uri.removeprefix("cid:")][2],
        id_attribute="Id",
        expect_config=SignatureConfiguration(expect_references=one.references, location=".//"),
    )
    return len(results)


@pytest.mark.parametrize("one", documents(), ids=lambda one: one.name)
def test_signxml_verifies_what_we_seal_and_refuses_what_was_changed(one: Sealed) -> None:
    assert _signxml(one) == one.references
    for bad in (_changed(one), *([_swapped(one)] if one.attachments else [])):
        with pytest.raises(SignXMLException):
            _signxml(bad)
