"""Checks that ledger entries are under a checkpoint, with Python's own library and nothing else.

    python3 check_proofs.py checkpoint proofs/*.tlog-proof

It asks for nothing but a python3; a whole case, its signatures too, is checked by docs/check_case.py, which needs a
library for that. It imports nothing of the gateway and was written from the published formats: c2sp.org/tlog-proof,
RFC 6962 section 2. The checkpoint's signature is not its business: ask openssl first. Exit code 0 where every proof
holds.
"""

from __future__ import annotations

import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path


def led_to(entry: bytes, index: int, size: int, steps: list[bytes]) -> bytes:
    """The root that an entry and the hashes beside its way lead to; empty where the way has the wrong length."""
    node, last = sha256(b"\x00" + entry).digest(), size - 1
    for step in steps:
        if index % 2 or index == last:
            node = sha256(b"\x01" + step + node).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = sha256(b"\x01" + node + step).digest()
        index, last = index // 2, last // 2
    return b"" if last else node


def holds(proof: str, checkpoint: str) -> bool:
    """Whether a proof's entry is in the tree of this very checkpoint."""
    head, _, note = proof.partition("\n\n")
    form, extra, place, *steps = head.split("\n")
    _origin, size, root = checkpoint.split("\n")[:3]
    index, entry = int(place.removeprefix("index ")), b64decode(extra.removeprefix("extra "))
    return (
        form == "c2sp.org/tlog-proof@v1"
        and note == checkpoint
        and 0 <= index < int(size)
        and led_to(entry, index, int(size), [b64decode(step) for step in steps]) == b64decode(root)
    )


def main(checkpoint: str, *proofs: str) -> int:
    """Say of each proof whether it holds; the exit code."""
    note, good = Path(checkpoint).read_text(encoding="utf-8"), True
    for proof in proofs:
        held = holds(Path(proof).read_text(encoding="utf-8"), note)
        sys.stdout.write(f"{proof}: {'OK' if held else 'FAILED'}\n")
        good = good and held
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
