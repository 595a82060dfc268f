"""Webhooks at the receiving end: what the gateway posts is believed only when it is signed, and then is a `Change`.

    @routes.post("/notices")
    async def notices(request):
        try:
            change = verify_webhook(request.headers, await request.read(), secrets, datetime.now(UTC))
        except WebhookRejected:
            return web.Response(status=401)
        ...

Pure: it knows no web framework and no clock. A notice may come more than once, with the same `change.id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from gateway.client.results import Change
from gateway.model.webhook import TOLERANCE_S, WebhookRejected, verified_id

__all__ = ["WebhookRejected", "verify_webhook"]


class _Message(msgspec.Struct, frozen=True):
    data: Change


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Iterable[str],
    now: datetime,
    tolerance_s: int = TOLERANCE_S,
) -> Change:
    """What a notice says happened. WebhookRejected unless one of our secrets signed it, just now.

    `body` is the request's, byte for byte: JSON that was read and written again is no longer what was signed. Of
    `secrets` there are two while one is being changed.
    """
    held = [secrets] if isinstance(secrets, str) else secrets
    verified_id(headers, body, held, now, tolerance_s)
    try:
        return msgspec.json.decode(body, type=_Message).data
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise WebhookRejected("signed, but no notice of ours") from wrong
