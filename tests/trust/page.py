"""The page of forgeries (docs/forgeries.md), made from the vectors: `python -m tests.trust.page` writes it anew."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from tests.vectors import competence, pdf
from tests.vectors import seal as seals

PAGE = Path(__file__).parents[2] / "docs" / "forgeries.md"

CLASSES = {
    "S1": "signature wrapping: the signed envelope moved, a forged one in its place",
    "S2": "two elements with one Id",
    "S3": "Id attributes in other spellings and namespaces",
    "S4": "elements and prefixes in the wrong namespace, declarations by DTD",
    "S5": "namespaces that canonicalisation cannot write",
    "S6": "two SignedInfo, or one wrapped in something else",
    "S7": "comments, character data and spaces inside digests and values",
    "S8": "comments inside signed text, which cut it short for a careless reader",
    "S9": "DOCTYPE and entities that two parsers read differently",
    "S10": "a second DigestValue planted where a search finds it first",
    "S11": "a signed copy beside the tampered one that is used",
    "S12": "HMAC keyed with the public certificate",
    "S13": "truncated HMAC",
    "S14": "HMAC at all",
    "S15": "a key that comes with the packet: another certificate, a bare key, two certificates",
    "S16": "references that fetch: http, file, other packets",
    "S17": "dangerous and unknown transforms, and too many of them",
    "S18": "no reference, too many, references to nothing",
    "S19": "another canonicalisation than the profile's",
    "S20": "ECDSA values at the edge: zero, the order, wrong lengths",
    "S21": "weak algorithms, keys and curves, alone and mixed with strong ones",
    "S22": "two signatures, counter-signatures",
    "S23": "the XAdES properties: wrong certificate digest, missing or doubled properties",
    "S24": "attachments: changed, doubled, not referenced, unannounced",
    "S25": "base64 in other spellings than the one",
    "S26": "a true seal of another document, sender or kind of message",
    "certificate": "certificates: expired, not yet valid, revoked issuer, wrong usage, weak, self-signed",
}


def page() -> str:
    """The whole page, as Markdown."""
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for vector in seals.vectors():
        match = re.match(r"S\d+|certificate", vector.name)
        assert match is not None, vector.name
        reasons[match[0]][str(vector.reason)] += 1
    total = sum(sum(one.values()) for one in reasons.values())
    refused_pdfs = [one for one in pdf.VECTORS if one.reason is not None]
    lines = [
        "# Forgeries\n",
        "Every row is a class of attack on XML signatures, tried in several forms: a good sealed packet and a named",
        "mutation. Most are tried twice, as an outsider makes them and signed again with the true key, so that it is",
        f"the structure that refuses them. **{total} forged seals, 0 accepted**, each for the reason given here",
        "(`tests/vectors/seal*.py`, checked by `tests/trust/test_vectors.py`). Beside them stand",
        f"{len(refused_pdfs)} PDFs with something wrong about their signatures (`tests/vectors/pdf.py`) and",
        f"{len([one for one in competence.VECTORS if one.reason])} packets signed by somebody who may not",
        "(`tests/vectors/competence.py`). This page is written by `python -m tests.trust.page`.\n",
        "| class | what is tried | forgeries | refused for |",
        "|---|---|--:|---|",
    ]
    for name, what in CLASSES.items():
        told = ", ".join(f"`{reason}` {count}" for reason, count in reasons[name].most_common())
        lines.append(f"| {name} | {what} | {sum(reasons[name].values())} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
