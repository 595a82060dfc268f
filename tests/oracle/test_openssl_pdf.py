"""OpenSSL and the gateway agree on every signature value and digest: good ones, and each way to break one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.pdf import verify_pdf
from tests.trust.pdf.papers import World, signature_values, world
from tests.vectors.pdf import VECTORS

OPENSSL = shutil.which("openssl")
TRIED = [
    "person-then-agency", "time-stamped", "pades", "saved-by-an-office", "page-appended", "text-changed",
    "one-bad-of-three", "value-broken-under-the-agency", "another-agency", "agency-first",
]  # fmt: skip


def openssl_accepts(data: bytes, number: int, the: World, folder: Path) -> bool:
    """`openssl cms -verify` over the byte range as the file gives it; chains to our roots, time left aside."""
    start = [at for at in range(len(data)) if data.startswith(b"/ByteRange [", at)][number]
    numbers = data[start + len(b"/ByteRange [") : data.index(b"]", start)].split()
    first, length, resume, rest = map(int, numbers)
    begin, end = signature_values(data)[number]
    (folder / "content").write_bytes(data[first : first + length] + data[resume : resume + rest])
    (folder / "value").write_bytes(bytes.fromhex(data[begin:end].decode()))
    roots = (the.government_root, the.national_root, the.government)
    (folder / "roots.pem").write_bytes(b"".join(one.certificate.public_bytes(Encoding.PEM) for one in roots))
    command = [OPENSSL, "cms", "-verify", "-binary", "-inform", "DER", "-in", "value", "-content", "content"]
    command += ["-CAfile", "roots.pem", "-no_check_time", "-purpose", "any", "-out", "/dev/null"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=20).returncode == 0


@pytest.mark.oracle
@pytest.mark.skipif(OPENSSL is None, reason="no openssl on this machine")
@pytest.mark.parametrize("name", TRIED)
def test_openssl_says_the_same_of_every_signature(name: str, tmp_path: Path) -> None:
    the = world()
    data, facts = next(one for one in VECTORS if one.name == name).build(the)
    signatures = verify_pdf(data, facts).signatures
    assert signatures
    for number, one in enumerate(signatures):
        assert openssl_accepts(data, number, the, tmp_path) is (one.intact and one.valid), one
