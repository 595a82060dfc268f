"""Checks a case with Python's library and `cryptography`, nothing of ours: python3 check_case.py "$VKEY" case.asice

By c2sp.org/signed-note, tlog-proof, RFC 6962 and ETSI EN 319 162-1: the key signed the checkpoint, each entry is in its
tree, each file is the one the container lists, receipt and report are those the acceptance names, each evidence names
its entry. XML seals are xmlsec1's business. Exit code 0: all holds.
"""

import re
import sys
import zipfile
from base64 import b64decode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def root_from(leaf: bytes, index: int, size: int, steps: list[bytes]) -> bytes:
    node, last = leaf, size - 1  # RFC 9162 section 2.1.3.2
    for step in steps:
        if right := index % 2 or index == last:
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        node = sha256(b"\x01" + (step + node if right else node + step)).digest()
        index, last = index // 2, last // 2
    return b"" if last else node


def main(vkey: str, path: str) -> int:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        files = {name: archive.read(name) for name in names}
    (name, key_id, key), (text, lines) = vkey.split("+", 2), files["checkpoint"].decode().split("\n\n")
    origin, size, root, *_ = text.split("\n")
    signatures = [b64decode(line.split(" ")[2]) for line in lines.splitlines() if line.startswith(f"— {name} ")]
    (value,) = (one[4:] for one in signatures if one[:4].hex() == key_id)
    Ed25519PublicKey.from_public_bytes(b64decode(key)[1:]).verify(value, text.encode() + b"\n")  # raises if false
    found = {"container: no name twice": len(names) == len(files), "checkpoint: its ledger": origin == name}
    leaves: dict[str, bytes] = {}
    for proof in (one for one in names if one.endswith(".tlog-proof")):
        head, _, note = files[proof].decode().partition("\n\n")
        index, *steps = re.findall(r"^(?:index )?(\S+)$", head, re.M)[1:]
        entry = files[f"entries/{index}.txt"]
        leaves[index], way = sha256(b"\0" + entry).digest(), [b64decode(step) for step in steps]
        led_to = root_from(leaves[index], int(index), int(size), way) if int(index) < int(size) else b""
        found[proof] = led_to == b64decode(root) and note.encode() == files["checkpoint"]
        for one, digest in re.findall(r"^(receipt|report): (\w+)$", entry.decode(), re.M):  # of the acceptance
            found[f"{one}.xml: as accepted"] = sha256(files[f"{one}.xml"]).hexdigest() == digest
    listed = re.findall(rb'URI="([^"#]+)">.*?<ds:DigestValue>([^<]+)<', files["META-INF/signatures.xml"])
    sealed = {one.decode(): b64decode(digest) for one, digest in listed}
    found["container: lists every file"] = sealed.keys() == set(names) - {"META-INF/signatures.xml"}
    found |= {f"{one}: as sealed": sha256(files.get(one, b"")).digest() == digest for one, digest in sealed.items()}
    for one in filter(re.compile("evidence/").match, names):
        said = re.search(rb'<Ledger index="(\d+)" leaf="([0-9a-f]{64})"', files[one])
        found[one] = said is not None and leaves.get(said[1].decode(), b"").hex() == said[2].decode()
    sys.stdout.writelines(f"{what}: {'OK' if holds else 'FAILED'}\n" for what, holds in found.items())
    return not all(found.values())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
