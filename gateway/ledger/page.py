"""page.html of a case: what it says, for somebody who reads evidence and does not compute it.

The page is made from the other members and from nothing else, so `check_case` makes it again and demands it byte for
byte: nobody can slip words of his own into it. It names the form it has: what another release made, in other words or
another style, is told as not compared. It has no script and loads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from gateway.edxml import Limits, parse, read_header
from gateway.ledger.entry import Entry, EntryKind, decode
from gateway.ledger.fault import ProofError
from gateway.ledger.receipt import ReceiptFacts, read_receipt
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Document
from gateway.model.refusal import Refused
from gateway.model.words import LANGUAGES, keys, text
from gateway.trust.timestamp import StampError, stated

ENVELOPE_BYTES_MAX = 16 * 1024 * 1024
SALT_BYTES = 16
SHOWN = frozenset(
    {
        EntryKind.DELIVER,
        EntryKind.ACKNOWLEDGE,
        EntryKind.DECLINE,
        EntryKind.EXPIRE,
        EntryKind.STATUS,
        EntryKind.CHANGE,
        EntryKind.WITHDRAW,
        EntryKind.ANSWER,
        EntryKind.REMIND,
        EntryKind.ATTEMPT,
    }
)
"""What happens at an addressee's."""
_FORM = re.compile(rb'<meta name="generator" content="truc case page ([0-9a-f]{16})">')
_SIGNATURE, _SIGNATURE_END = b"<ds:Signature ", b"</ds:Signature>"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline."""

    index: int
    at: datetime
    kind: str
    words: str | None
    """What a person wrote, where the case holds it."""
    code: str | None
    """Of a processing status."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Party:
    """An addressee and what happened there."""

    key: str
    name: str | None
    steps: tuple[Step, ...]


def page(members: Mapping[str, bytes]) -> bytes:
    """The page of a case with these members, UTF-8."""
    entries = {
        int(name.removeprefix("entries/").removesuffix(".txt")): decode(data)
        for name, data in members.items()
        if name.startswith("entries/") and name.endswith(".txt")
    }
    receipt, document = _receipt(members), _document(members)
    accept = next(((index, one) for index, one in sorted(entries.items()) if one.kind is EntryKind.ACCEPT), None)
    return (
        _template()
        .render(
            langs=LANGUAGES,
            say=_say,
            local=_local,
            has=frozenset(members),
            form=page_form(),
            origin=members["checkpoint"].partition(b"\n")[0].decode(),
            size=members["checkpoint"].split(b"\n")[1].decode(),
            stamped_at=_stamped_at(members),
            accept=accept,
            dispatch=next((one["dispatch"] for one in entries.values() if one.kind is not EntryKind.KEY), None),
            receipt=receipt,
            document=document,
            attachments=_attachments(receipt, document, members),
            parties=tuple(_parties(entries, members, document, receipt)),
            evidence=tuple(sorted(name for name in members if name.startswith("evidence/"))),
        )
        .encode()
    )


@cache
def page_form() -> str:
    """Names the template, the words and the entries that pages of this release show: 16 characters of hex."""
    parts = [files("gateway.ledger").joinpath("page.html").read_bytes(), " ".join(sorted(SHOWN)).encode()]
    parts += [text(lang, key).encode() for lang in LANGUAGES for key in sorted(keys(lang)) if key.startswith("page.")]
    return sha256(b"\0".join(parts)).hexdigest()[:16]


def form_of(shown: bytes) -> str | None:
    """The form a page says it has; None where it says none."""
    match = _FORM.search(shown)
    return match[1].decode() if match else None


def _say(lang: str, key: str, **values: object) -> str:
    return text(lang, f"page.{key}", **{name: str(value) for name, value in values.items()})


def _local(at: datetime) -> str:
    """An instant as people in Viet Nam write it, with its zone."""
    return f"{at.astimezone(VIET_NAM):%d/%m/%Y %H:%M:%S} (UTC+7)"


def bare(xml: bytes) -> bytes:
    """A sealed document of the gateway's without its seal."""
    start, end = xml.find(_SIGNATURE), xml.rfind(_SIGNATURE_END)
    return xml if start < 0 or end < 0 else xml[:start] + xml[end + len(_SIGNATURE_END) :]


def _receipt(members: Mapping[str, bytes]) -> ReceiptFacts | None:
    try:
        return read_receipt(bare(members["receipt.xml"])) if "receipt.xml" in members else None
    except ProofError:
        return None


def _document(members: Mapping[str, bytes]) -> Document | None:
    if "packet/envelope.edxml" not in members:
        return None
    try:
        content = read_header(parse(members["packet/envelope.edxml"], Limits(envelope_bytes_max=ENVELOPE_BYTES_MAX)))
    except Refused:
        return None
    return content if isinstance(content, Document) else None


def _stamped_at(members: Mapping[str, bytes]) -> datetime | None:
    try:
        return stated(members["checkpoint.tsr"], members["checkpoint"]) if "checkpoint.tsr" in members else None
    except StampError:
        return None


def _attachments(
    receipt: ReceiptFacts | None, document: Document | None, members: Mapping[str, bytes]
) -> tuple[dict[str, Any], ...]:
    names = {one.content_id: one.name for one in document.manifest} if document else {}
    return tuple(
        {
            "name": names.get(content_id) or content_id,
            "member": member if (member := f"packet/attachments/{number:02}") in members else None,
            "sha256": digest,
            "size": f"{size:,}".replace(",", "."),
        }
        for number, (content_id, digest, size) in enumerate(receipt.attachments if receipt else (), start=1)
    )


def _parties(
    entries: Mapping[int, Entry],
    members: Mapping[str, bytes],
    document: Document | None,
    receipt: ReceiptFacts | None,
) -> Iterator[Party]:
    """The addressees in the order of the acceptance, then whoever else an entry speaks of."""
    organs = {one.id: one.name for one in (document.sender, *document.addressees)} if document else {}
    names = {key: organs.get(addressed_as) for key, addressed_as in receipt.addressees} if receipt else {}
    steps: dict[str, list[Step]] = {}
    for index, entry in sorted(entries.items()):
        fields = dict(entry.fields)
        if entry.kind is EntryKind.ACCEPT:
            steps = {key: [] for key in fields["addressees"].split(" ")}
            continue
        if entry.kind not in SHOWN:
            continue
        for key in (fields.get("addressee") or fields.get("agency") or fields.get("addressees") or "").split(" "):
            steps.setdefault(key, []).append(_step(index, entry, members))
    for key, its in steps.items():
        yield Party(key, names.get(key), tuple(its))


def _step(index: int, entry: Entry, members: Mapping[str, bytes]) -> Step:
    fields, said = dict(entry.fields), members.get(f"reasons/{index}.bin")
    return Step(
        index=index,
        at=entry.at,
        kind=str(entry.kind),
        words=None if said is None else said[SALT_BYTES:].decode("utf-8", "replace"),
        code=fields.get("code") or fields.get("outcome") or fields.get("relation"),
        evidence=tuple(sorted(name for name in members if name.startswith(f"evidence/{index}-"))),
    )


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("gateway.ledger").joinpath("page.html").read_text(encoding="utf-8"))
