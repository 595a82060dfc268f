"""A fuzz target for the reading of packets: any bytes give a value or `Refused`, never anything else.

    python -m tests.fuzz.fuzz_edxml --seconds 20          # mutations of the vectors, needs nothing
    python -m tests.fuzz.fuzz_edxml --atheris [CORPUS]    # guided by coverage, where atheris is installed

A finding is written to `crash-<digest>` in the working directory.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections import Counter
from pathlib import Path

from gateway import edxml, trust
from gateway.edxml import Cutter, Limits, Profile
from gateway.model.refusal import Refused
from tests.vectors.table import VECTORS
from tests.vectors.vector import Memory

LIMITS = Limits(envelope_bytes_max=200_000, attachment_bytes_max=100_000, body_bytes_max=400_000)
SEED_BYTES_MAX = 20_000
TOKENS = (
    *(b"<", b">", b"/>", b"</", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>", b"<!DOCTYPE", b"&", b"&#", b";"),
    *(
        b"ContentTransferEncoded",
        b"edXML:",
        b"xmlns",
        b"xmlns:a=",
        b'"',
        b"'",
        b"=",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
    ),
    *(b"xsi:type", b"xml:id", b"Id=", b"null", b"QUJD", b"==", b"\xcc\x81", b"\xe2\x80\x8b", b"\xed\xa0\x80", b"\r\n"),
)


def target(data: bytes) -> str:
    """Read these bytes as the line does, split as their first byte says. Gives what came out, for the statistics."""
    piece_bytes = (data[0] if data else 0) * 3 or len(data)
    try:
        cutter = Cutter(LIMITS, Memory)
        for start in range(0, len(data), piece_bytes or 1):
            cutter.feed(data[start : start + piece_bytes])
        received = cutter.received()
        parsed = edxml.parse(received.skeleton, LIMITS)
        findings = (*edxml.validate(parsed), *edxml.validate(parsed, Profile.STRICT))
        for finding in findings:
            assert finding.detail("vi")
        assert trust.judge_old(edxml.old_signature(parsed.root), received.enveloped).text("vi")
        edxml.signature_state(parsed)
        claim = edxml.read(parsed, received)
    except Refused as refused:
        assert refused.finding.detail("vi")
        return refused.reason
    data_back = [[bytes(part.sink.data)] for part in received.parts if isinstance(part.sink, Memory)]
    again = Cutter(LIMITS, Memory)
    for piece in edxml.inline(received.skeleton, data_back):
        again.feed(piece)
    assert edxml.received(*again.finish()).digest == claim.digest, "what is put back inline is another packet"
    return "read"


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """A neighbour of a packet: bytes changed, moved, doubled, left out, or a telling token put in."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        place, width = _stretch(data, chance)
        match chance.randrange(6):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + width]
            case 2:
                data[place:place] = chance.choice(TOKENS)
            case 3:
                data[place:place] = data[place : place + width] * chance.choice((1, 2, 50))
            case 4:
                other = chance.randrange(len(data) + 1)
                data[place:place] = data[other : other + width]
            case _:
                token = chance.choice(TOKENS)
                data[place : place + len(token)] = token
    return bytes(data)


def _stretch(data: bytearray, chance: random.Random) -> tuple[int, int]:
    """Where to change something, and how much: half of the time from one `<` to another, so that tags stay whole."""
    place = chance.randrange(len(data) + 1)
    start = data.find(b"<", place)
    if start < 0 or chance.random() < 0.5:
        return place, chance.choice((1, 2, 8, 64, 400))
    end = start
    for _ in range(chance.choice((1, 2, 2, 4, 20))):
        end = data.find(b"<", end + 1) if end >= 0 else -1
    return start, (end if end >= 0 else len(data)) - start


def run(seconds: float, seed: int) -> Counter[str]:
    """Mutate the vectors for so long; how often each outcome came. An exception other than Refused is a finding."""
    chance = random.Random(seed)
    seeds = [packet for packet in (vector.make() for vector in VECTORS) if len(packet) <= SEED_BYTES_MAX]
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(chance.choice(seeds), chance)
        try:
            outcomes[target(data)] += 1
        except BaseException:
            Path(f"crash-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise
    return outcomes


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--atheris", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.atheris is not None:
        import atheris

        atheris.Setup([sys.argv[0], *options.atheris], target)
        atheris.Fuzz()
        return
    outcomes = run(options.seconds, options.seed)
    print(f"seed {options.seed}: {outcomes.total()} packets, none broke the reader")
    for outcome, count in outcomes.most_common():
        print(f"{count:8} {outcome}")


if __name__ == "__main__":
    main()
