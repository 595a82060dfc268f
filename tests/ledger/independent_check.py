"""Checks a .tlog-proof file with nothing but Python's own library and the openssl command.

    python independent_check.py VKEY FILE.tlog-proof

Imports nothing of the gateway: it is what a stranger could write from the published formats (c2sp.org/tlog-proof,
signed-note, RFC 6962). Prints the entry that was proven, or says what is wrong and exits 1.
"""

import subprocess
import sys
import tempfile
from base64 import b64decode
from hashlib import sha256
from pathlib import Path


def signed(text: bytes, signature: bytes, public_key: bytes) -> bool:
    """Ask openssl whether the Ed25519 signature holds."""
    with tempfile.TemporaryDirectory() as folder:
        key, note, sig = (Path(folder, name) for name in ("key", "note", "sig"))
        key.write_bytes(bytes.fromhex("302a300506032b6570032100") + public_key)
        note.write_bytes(text)
        sig.write_bytes(signature)
        command = f"openssl pkeyutl -verify -pubin -keyform DER -inkey {key} -rawin -in {note} -sigfile {sig}"
        return subprocess.run(command.split(), capture_output=True).returncode == 0


def root_from(entry: bytes, index: int, size: int, steps: list[bytes]) -> bytes:
    """The root that the entry and the hashes beside its path lead to."""
    node, last = sha256(b"\x00" + entry).digest(), size - 1
    for step in steps:
        while index == last and index % 2 == 0 and index:  # no sibling at this height: go up
            index, last = index // 2, last // 2
        node = sha256(b"\x01" + (step + node if index % 2 else node + step)).digest()
        index, last = index // 2, last // 2
    return node if last == 0 else b""


def main(vkey: str, path: str) -> None:
    name, key_id, packed = vkey.split("+", 2)
    proof, note = Path(path).read_text(encoding="utf-8").split("\n\n", 1)
    heading, extra, index, *steps = proof.split("\n")
    text, signatures = note.rsplit("\n\n", 1)
    origin, size, root = text.split("\n")[:3]
    entry = b64decode(extra.removeprefix("extra "))
    lines = [line.split(" ") for line in signatures.splitlines() if line.startswith(f"— {name} ")]
    ours = [b64decode(line[2])[4:] for line in lines if b64decode(line[2])[:4].hex() == key_id]
    if heading != "c2sp.org/tlog-proof@v1" or origin != name or not ours:
        sys.exit("not a proof of this ledger")
    if not signed(text.encode() + b"\n", ours[0], b64decode(packed)[1:]):
        sys.exit("the checkpoint's signature is false")
    number = int(index.removeprefix("index "))
    if number >= int(size) or root_from(entry, number, int(size), [b64decode(one) for one in steps]) != b64decode(root):
        sys.exit("the entry is not in the ledger")
    print(entry.decode(), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
