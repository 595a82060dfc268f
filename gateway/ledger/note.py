"""Signed notes (C2SP signed-note): a text, a blank line, and one signature line per key, here Ed25519 only.

Whether a note is good is a question to a key: `open_note` gives back the text only where one of the given keys signed.
What is signed beside the text, and how, a kind of key says for itself: `cosignature` has another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.ledger.fault import Fault, ProofError

NOTE_BYTES_MAX = 1_000_000
SIGNATURES_MAX = 100
"""Both limits are those of Go's x/mod/sumdb/note, so a note we take is a note that one takes."""

_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_LINE = re.compile(_DASH + r"([^\s+\x00-\x1f\x7f]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key whose signatures stand in notes. A kind of key is a class, never read as another."""

    kind: ClassVar[bytes]
    """The byte by which the published forms tell kinds of signatures apart."""

    name: str
    public_key: bytes
    """32 bytes (RFC 8032)."""

    def __post_init__(self) -> None:
        """ProofError(key.form) for a name or a key that no signature line could name."""
        if not _NAME.fullmatch(self.name) or len(self.public_key) != 32:
            raise ProofError(Fault.KEY_FORM, what=repr(self.name[:40]))

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that open each of its signatures: SHA-256(name, LF, kind, key), cut."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public_key).digest()[:4]

    @property
    def vkey(self) -> str:
        """`name+key id in hex+base64 of kind and key`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public_key).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey. ProofError(key.form) for anything that `vkey` would not write."""
        name, _, rest = vkey.partition("+")
        packed = unbase64(rest.partition("+")[2].encode("ascii", "replace"))
        if packed is not None and packed[:1] == cls.kind:
            key = cls(name, packed[1:])
            if key.vkey == vkey:
                return key
        raise ProofError(Fault.KEY_FORM, what=repr(vkey[:80]))


@dataclass(frozen=True, slots=True)
class NoteKey(VerifierKey):
    """A public key that may sign notes: what the gateway publishes of itself, as one line (`vkey`)."""

    kind = b"\x01"

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Did this key sign `text`?"""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A key that signs notes. `sign` takes the text and gives the 64 bytes of Ed25519, wherever the key lives."""

    key: NoteKey
    sign: Callable[[bytes], bytes]


def sign_note(text: bytes, signers: Iterable[NoteSigner]) -> bytes:
    """The note over `text` (UTF-8, ends in LF, no other control character). Ed25519: same input, same note."""
    _check_text(text)
    lines = []
    for signer in signers:
        lines.append(SignatureLine(signer.key.name, signer.key.key_id, signer.sign(text)).encode())
    assert lines, "a note without a signature is only a text"
    return text + b"\n" + b"".join(lines)


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note: the text, and the keys, of those asked for, that signed it."""

    text: bytes
    signed_by: tuple[NoteKey, ...]


def open_note(note: bytes, keys: Iterable[NoteKey]) -> Note:
    """The text, if one of `keys` signed it. Signatures of other keys are ignored, as C2SP says.

    ProofError: note.form, note.unsigned (none of `keys` signed), note.signature (one of them did, but it is false).
    """
    text, signatures = cut_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    signed_by: list[NoteKey] = []
    for one in signatures:
        key = known.get((one.name, one.key_id))
        if key is None:
            continue
        if not key.verify(text, one.value):
            raise ProofError(Fault.NOTE_SIGNATURE, key=key.name)
        signed_by.append(key)
    if not signed_by:
        raise ProofError(Fault.NOTE_UNSIGNED, key=", ".join(name for name, _ in known))
    return Note(text, tuple(dict.fromkeys(signed_by)))


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """A signature line as it stands in a note. Nothing in it is verified."""

    name: str
    key_id: bytes
    value: bytes

    def encode(self) -> bytes:
        """The line, with its LF."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.value).decode()}\n".encode()

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """Read a line, without its LF. ProofError(note.form)."""
        match = _LINE.fullmatch(line)
        packed = unbase64(match[2].encode()) if match else None
        if match is None or packed is None or len(packed) < 5:
            raise ProofError(Fault.NOTE_FORM, what=repr(line[:80]))
        return cls(match[1], packed[:4], packed[4:])


def cut_note(note: bytes) -> tuple[bytes, tuple[SignatureLine, ...]]:
    """The text with its final LF, and the signature lines. ProofError(note.form). Nothing is verified."""
    text, lines = _cut(note)
    return text, tuple(map(SignatureLine.parse, lines))


def unbase64(written: bytes) -> bytes | None:
    """Base64 in its one canonical spelling (alphabet, padding, zero padding bits); None for any other."""
    try:
        data = base64.b64decode(written, validate=True)
    except binascii.Error:
        return None
    return data if base64.b64encode(data) == written else None


def _cut(note: bytes) -> tuple[bytes, list[str]]:
    """The text with its final LF, and the signature lines: what follows the last blank line."""
    if len(note) > NOTE_BYTES_MAX:
        raise ProofError(Fault.NOTE_FORM, what=f"{len(note)} > {NOTE_BYTES_MAX}")
    head, blank, tail = note.rpartition(b"\n\n")
    if not blank or not tail.endswith(b"\n"):
        raise ProofError(Fault.NOTE_FORM, what=r"\n\n")
    text = head + b"\n"
    _check_text(note)
    lines = tail.decode()[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise ProofError(Fault.NOTE_FORM, what=f"{len(lines)} > {SIGNATURES_MAX}")
    return text, lines


def _check_text(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        raise ProofError(Fault.NOTE_FORM, what="UTF-8") from wrong
    if _CONTROL.search(text) or not text.endswith(b"\n"):
        raise ProofError(Fault.NOTE_FORM, what="LF")
