"""Ledger entries: short canonical texts that an auditor can rebuild with an editor and hash with `sha256sum`.

    truc-ledger-v1
    kind: acknowledge
    at: 2026-11-23T08:00:00.123456Z
    dispatch: 01KB2M7Q0N5W4Z8T3R6Y9C1D2E
    delivery: 01KB2M7Q0N9F7H2J5K8P1S4V6X
    addressee: G22.99

UTF-8, every line ends in LF, fields in the order of `ENTRY_FIELDS`, nothing optional: what does not apply is `-`. An
entry holds identifiers and digests, never content or personal data, so content may be erased by law while the ledger
stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from functools import lru_cache

from gateway.ledger.fault import Fault, ProofError

HEADING = "truc-ledger-v1"
ENTRY_BYTES_MAX = 65_535
"""C2SP tlog-tiles: an entry's length is a 16-bit number in its bundle."""
NONE = "-"
"""Stands where a field does not apply."""

_VISIBLE = (
    "[^\x00-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    "\ud800-\udfff\ufeff\ufff0-\uffff]"
)
"""No space of any alphabet, no control, nothing invisible or direction-changing: what is seen is what is hashed."""


class EntryKind(StrEnum):
    """What an entry records. `ENTRY_FIELDS` says which fields each kind has."""

    ACCEPT = "accept"
    """A packet was admitted; its receipt and its routing are durable."""
    REFUSE = "refuse"
    """A submission was refused, for this reason."""
    CONFLICT = "conflict"
    """A new document came under an identifier the register already holds, with other bytes."""
    DELIVER = "deliver"
    """The addressee's system has the packet."""
    ACKNOWLEDGE = "acknowledge"
    """The addressee's system said it stored the packet."""
    DECLINE = "decline"
    """The addressee's system refused the packet; `reason` is the digest of the reason it gave."""
    EXPIRE = "expire"
    """The packet was not delivered by its deadline."""
    ATTEMPT = "attempt"
    """A push ended and left the delivery as it was: put off, or interrupted."""
    STATUS = "status"
    """An agency said what it did with a document; `target` and `delivery` are what it speaks of, if that is known."""
    CHANGE = "change"
    """A sender asked to recall, update or replace what it sent; `addressees` are those of `target` it concerns."""
    WITHDRAW = "withdraw"
    """A delivery that had not left the gateway was taken back, by what `change` asked."""
    ANSWER = "answer"
    """An addressee agreed to what `change` asked, or refused; `reason` is the salted digest of its words."""
    DUPLICATE = "duplicate"
    """The document repeats the number, or the identifier, of one the register holds."""
    REMIND = "remind"
    """People were reminded of what is owed (`what`) for a delivery, at this step of escalation."""
    DIRECTORY = "directory"
    """From here on this version of the directory decides."""
    PEER = "peer"
    """A connected system was added, changed or revoked."""
    TABLE_PROPOSED = "table-proposed"
    """Somebody proposed a version of a table the rules rest on; `sha256` is of the sealed document."""
    TABLE_APPROVED = "table-approved"
    """Somebody else approved it: from `effective_from` on, and not before this entry, it decides."""
    RULES = "rules"
    """From here on packets are examined by this release of the form rules and reasons."""
    KEY = "key"
    """From here on the gateway signs with another key; the digests are of its public half."""
    LOGIN = "login"
    """Somebody entered the console, or was not let in. `by`: a salted digest, as in every kind a person stands in."""
    OPERATOR = "operator"
    """A person acted on the gateway; `reason` is the salted digest of the reason they gave."""
    VIEW = "view"
    """Somebody who is not a party looked at what a dispatch holds, or a party did, or took its evidence, the first
    time."""
    EXPORT = "export"
    """Somebody took a report out of the register."""
    RETENTION = "retention"
    """Content was held, released or erased by the rules of retention."""


class Form(Enum):
    """How a field's value is written; the value is the pattern it must match whole."""

    ID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
    """A dispatch or delivery: 26 characters of Crockford's base32."""
    DIGEST = re.compile("[0-9a-f]{64}")
    """SHA-256, lower-case hex."""
    DIGEST_OR_NONE = re.compile("[0-9a-f]{64}|-")
    ID_OR_NONE = re.compile("[0-9A-HJKMNP-TV-Z]{26}|-")
    KEY = re.compile(_VISIBLE + "{1,128}")
    """An agency or a peer: 1 to 128 visible characters, no space."""
    KEYS = re.compile(f"{_VISIBLE}{{1,128}}(?: {_VISIBLE}{{1,128}})*")
    """Keys with one space between them."""
    NUMBER = re.compile("0|[1-9][0-9]{0,17}")
    INSTANT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z")
    """As `at`: `write_instant`."""
    CODE = re.compile("[0-9]{2}")
    """The code of a processing status."""
    WORD = re.compile("[a-z][a-z0-9_.]{0,63}")
    """A code of ours, as in `seal.digest`."""


_DELIVERY = {"dispatch": Form.ID, "delivery": Form.ID, "addressee": Form.KEY}
_TABLE = {
    "table": Form.WORD,
    "version": Form.NUMBER,
    "sha256": Form.DIGEST,
    "effective_from": Form.INSTANT,
    "by": Form.DIGEST,
}
ENTRY_FIELDS: dict[EntryKind, dict[str, Form]] = {
    EntryKind.ACCEPT: {
        "dispatch": Form.ID,
        "peer": Form.KEY,
        "sender": Form.KEY,
        "packet": Form.DIGEST,
        "receipt": Form.DIGEST,
        "report": Form.DIGEST,
        "seal_certificate": Form.DIGEST_OR_NONE,
        "gateway_certificate": Form.DIGEST,
        "addressees": Form.KEYS,
    },
    EntryKind.REFUSE: {"peer": Form.KEY, "packet": Form.DIGEST_OR_NONE, "reason": Form.WORD},
    EntryKind.CONFLICT: {"peer": Form.KEY, "document": Form.DIGEST, "packet": Form.DIGEST},
    EntryKind.DELIVER: _DELIVERY,
    EntryKind.ACKNOWLEDGE: _DELIVERY,
    EntryKind.DECLINE: {**_DELIVERY, "reason": Form.DIGEST},
    EntryKind.EXPIRE: _DELIVERY,
    EntryKind.ATTEMPT: {**_DELIVERY, "number": Form.NUMBER, "outcome": Form.WORD},
    EntryKind.STATUS: {
        "dispatch": Form.ID,
        "target": Form.ID_OR_NONE,
        "delivery": Form.ID_OR_NONE,
        "agency": Form.KEY,
        "code": Form.CODE,
    },
    EntryKind.CHANGE: {
        "dispatch": Form.ID,
        "relation": Form.WORD,
        "target": Form.ID_OR_NONE,
        "addressees": Form.KEYS,
    },
    EntryKind.WITHDRAW: {**_DELIVERY, "change": Form.ID},
    EntryKind.ANSWER: {**_DELIVERY, "change": Form.ID, "outcome": Form.WORD, "reason": Form.DIGEST_OR_NONE},
    EntryKind.DUPLICATE: {"dispatch": Form.ID, "of": Form.ID, "by": Form.WORD},
    EntryKind.REMIND: {**_DELIVERY, "what": Form.WORD, "level": Form.NUMBER},
    EntryKind.DIRECTORY: {"version": Form.NUMBER, "sha256": Form.DIGEST},
    EntryKind.PEER: {"peer": Form.KEY, "change": Form.WORD},
    EntryKind.TABLE_PROPOSED: _TABLE,
    EntryKind.TABLE_APPROVED: _TABLE,
    EntryKind.RULES: {"version": Form.KEY, "sha256": Form.DIGEST},
    EntryKind.KEY: {"which": Form.WORD, "old": Form.DIGEST_OR_NONE, "new": Form.DIGEST},
    EntryKind.LOGIN: {"by": Form.DIGEST, "method": Form.WORD, "outcome": Form.WORD},
    EntryKind.OPERATOR: {"action": Form.WORD, "subject": Form.KEY, "by": Form.DIGEST, "reason": Form.DIGEST},
    EntryKind.VIEW: {"by": Form.DIGEST, "dispatch": Form.ID, "what": Form.WORD, "reason": Form.DIGEST},
    EntryKind.EXPORT: {"by": Form.DIGEST, "what": Form.WORD, "sha256": Form.DIGEST},
    EntryKind.RETENTION: {
        "dispatch": Form.ID,
        "act": Form.WORD,
        "by": Form.DIGEST,
        "reason": Form.DIGEST,
        "certificate": Form.DIGEST_OR_NONE,
    },
}
"""The published table: the fields of each kind, in the order they are written."""
FORMER_FIELDS: dict[EntryKind, dict[str, Form]] = {
    EntryKind.CONFLICT: {"peer": Form.KEY, "document_id": Form.DIGEST, "packet": Form.DIGEST},
    EntryKind.TABLE_PROPOSED: {**_TABLE, "by": Form.WORD},
    EntryKind.TABLE_APPROVED: {**_TABLE, "by": Form.WORD},
}
"""As they were written before schema revision 0012: a digest of the document id without salt, an operator's name in
clear. Such entries are read for ever; nothing writes them any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `encode` refuses what is not in canonical form, so what was encoded can always be decoded."""

    kind: EntryKind
    at: datetime
    """Aware, UTC, to the microsecond: the gateway's clock when it made the entry."""
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, kind: EntryKind, at: datetime, **values: str) -> Entry:
        """An entry with its fields put in the published order. ProofError(entry.form) for a wrong set of fields."""
        names = ENTRY_FIELDS[kind]
        if values.keys() != names.keys():
            raise ProofError(Fault.ENTRY_FORM, what=f"{kind}: {', '.join(names)}")
        return cls(kind, at, tuple((name, values[name]) for name in names))

    def __getitem__(self, name: str) -> str:
        """The value of a field. KeyError where this kind has no such field."""
        for own, value in self.fields:
            if own == name:
                return value
        raise KeyError(name)

    def encode(self) -> bytes:
        """The canonical bytes, the leaf of the tree. ProofError(entry.form) for values that cannot be written."""
        return self._written(ENTRY_FIELDS[self.kind])

    def _written(self, forms: Mapping[str, Form]) -> bytes:
        if tuple(name for name, _ in self.fields) != tuple(forms):
            raise ProofError(Fault.ENTRY_FORM, what=f"{self.kind}: {', '.join(forms)}")
        lines = [HEADING, f"kind: {self.kind}", f"at: {write_instant(self.at)}"]
        for name, value in self.fields:
            if forms[name].value.fullmatch(value) is None:
                raise ProofError(Fault.ENTRY_FORM, what=f"{name}: {value[:40]!r}")
            lines.append(f"{name}: {value}")
        data = ("\n".join(lines) + "\n").encode()
        if len(data) > ENTRY_BYTES_MAX:
            raise ProofError(Fault.ENTRY_FORM, what=f"{len(data)} > {ENTRY_BYTES_MAX}")
        return data


@lru_cache(maxsize=256)
def decode(data: bytes) -> Entry:
    """Read an entry. ProofError(entry.form) unless `data` is exactly what `encode` writes for the entry read, or wrote
    when the fields of its kind were others (`FORMER_FIELDS`).

    The newest are kept: several tasks follow the ledger, and each reads them.
    """
    if len(data) > ENTRY_BYTES_MAX:
        raise ProofError(Fault.ENTRY_FORM, what=f"{len(data)} > {ENTRY_BYTES_MAX}")
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as wrong:
        raise ProofError(Fault.ENTRY_FORM, what="UTF-8") from wrong
    pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines[1:-1])]
    if len(pairs) < 2 or pairs[0][0] != "kind" or pairs[1][0] != "at":
        raise ProofError(Fault.ENTRY_FORM, what="kind, at")
    try:
        kind = EntryKind(pairs[0][1])
    except ValueError as wrong:
        raise ProofError(Fault.ENTRY_FORM, what=f"kind: {pairs[0][1][:40]!r}") from wrong
    entry = Entry(kind, read_instant(pairs[1][1]), tuple(pairs[2:]))
    if kind in FORMER_FIELDS:
        with suppress(ProofError):
            if entry._written(FORMER_FIELDS[kind]) == data:
                return entry
    if entry.encode() != data:
        raise ProofError(Fault.ENTRY_FORM, what=HEADING)
    return entry


def write_instant(at: datetime) -> str:
    """An aware UTC instant as `2026-11-23T08:00:00.123456Z`: always microseconds, always Z, so it sorts as text."""
    assert at.utcoffset() == timedelta(0), "instants are aware and in UTC"
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_instant(written: str) -> datetime:
    """The inverse of `write_instant`. ProofError(entry.form) for any other spelling of an instant."""
    if Form.INSTANT.value.fullmatch(written):
        try:
            return datetime.fromisoformat(written).astimezone(UTC)
        except ValueError:
            pass  # a day or hour that does not exist: the same answer as a wrong spelling
    raise ProofError(Fault.ENTRY_FORM, what=f"at: {written[:40]!r}")
