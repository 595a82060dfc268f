"""Operations for tests, with everything in them that the store looks at."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from gateway.model.dispatch import Kind
from gateway.store import Admit, NewAttachment, NewDelivery, Operation, Store

NOW = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=72)

R = TypeVar("R")


def run(work: Coroutine[Any, Any, R]) -> R:
    return asyncio.run(work)


def write(store: Store, operation: Operation[R]) -> R:
    return asyncio.run(store.write(operation))


def write_all(store: Store, *operations: Operation[R]) -> list[R | BaseException]:
    """All at once, so that the writer takes them in groups."""

    async def together() -> list[R | BaseException]:
        return await asyncio.gather(*map(store.write, operations), return_exceptions=True)

    return asyncio.run(together())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def dispatch_id(number: int) -> str:
    return f"{number:026d}"


def delivery_id(dispatch: str, number: int) -> str:
    """Of the delivery of that number among a dispatch's."""
    return f"{number:04d}{dispatch[4:]}" if len(dispatch) == 26 else f"{dispatch}.{number}"


def attachment(data: bytes = b"%PDF-1.7 small", number: int = 1) -> NewAttachment:
    return NewAttachment(f"{number}", f"tệp-{number}.pdf", "application/pdf", sha256(data), len(data), data)


def delivery(dispatch: str, number: int, addressee: str, *, push: bool = False) -> NewDelivery:
    return NewDelivery(delivery_id(dispatch, number), addressee, addressee, f"peer-{addressee}", push, DEADLINE)


def admit(number: int, *addressees: str, push: bool = False, **changes: Any) -> Admit:
    """A packet numbered `number`: another number is another packet of another document."""
    key = changes.get("dispatch_id", dispatch_id(number))
    values: dict[str, Any] = {
        "dispatch_id": key,
        "kind": Kind.DOCUMENT,
        "peer": "peer-sender",
        "sender": "G01",
        "document_id": f"document-{number}",
        "business_type": 0,
        "code": f"{number}/QĐ-BNV",
        "subject": "Về việc thử kho dữ liệu",
        "packet_digest": sha256(b"packet %d" % number),
        "admitted_at": NOW,
        "receipt_xml": b"<receipt>%d</receipt>" % number,
        "report_xml": b"<report>%d</report>" % number,
        "envelope": b"<edXML>%d</edXML>" % number,
        "attachments": (attachment(b"%%PDF-1.7 %d" % number),),
        "deliveries": tuple(
            delivery(key, place, addressee, push=push) for place, addressee in enumerate(addressees or ("G22",), 1)
        ),
        "entry": b"truc-ledger-v1\nkind: accept\ndispatch: %s\n" % key.encode(),
    }
    return Admit(**(values | changes))
