"""Signed notices as other programs know them: the Standard Webhooks scheme, `v1` (HMAC-SHA-256).

What is signed is `id.timestamp.body`, byte for byte as sent; a header may carry several signatures, so that a secret
can be changed without a gap. Source: the specification of standardwebhooks.com, "Verifying webhook authenticity".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
"""The three headers."""

SECRET_MARK = "whsec_"  # noqa: S105  (how a secret of this scheme is recognised, not one)
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
TOLERANCE_S = 300
"""How far the sender's clock, or a message on its way, may be off."""
SIGNATURES_MAX = 16
"""More in one header is no rotation."""

_VERSION = "v1"


class WebhookRejected(Exception):
    """A message nobody should believe; says why, for the log. Answer it with 401, and nothing more."""


def written_secret(secret: bytes) -> str:
    """A secret as people copy it: `whsec_` and base64."""
    return SECRET_MARK + base64.b64encode(secret).decode()


def read_secret(written: str) -> bytes:
    """The bytes of a written secret. ValueError where it is none."""
    try:
        secret = base64.b64decode(written.removeprefix(SECRET_MARK), validate=True)
    except binascii.Error as wrong:
        raise ValueError("a webhook secret is whsec_ and base64") from wrong
    if not written.startswith(SECRET_MARK) or not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        raise ValueError(f"a webhook secret is whsec_ and {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes in base64")
    return secret


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, as it stands in the header."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return f"{_VERSION},{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


def signed_headers(secrets: Iterable[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one attempt, signed with every secret that is in use."""
    timestamp = int(at.timestamp())
    signatures = " ".join(signature(secret, message_id, timestamp, body) for secret in secrets)
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: signatures}


def verified_id(
    headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: datetime, tolerance_s: int = TOLERANCE_S
) -> str:
    """The id of a message that one of these secrets signed, not long ago. WebhookRejected otherwise.

    The id stays the same however often a message is sent: whoever keeps those it has handled handles each once.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    message_id, written_at, signatures = (lower.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (message_id and written_at and signatures) or "." in message_id:
        raise WebhookRejected("a header is missing")
    if not (written_at.isascii() and written_at.isdigit() and len(written_at) <= 12):
        raise WebhookRejected("the timestamp is no number of seconds")
    if abs(now - datetime.fromtimestamp(int(written_at), UTC)) > timedelta(seconds=tolerance_s):
        raise WebhookRejected("the timestamp is too far off")
    given = [one.encode() for one in signatures.split(" ")[:SIGNATURES_MAX]]
    for secret in secrets:
        expected = signature(read_secret(secret), message_id, int(written_at), body).encode()
        fits = [hmac.compare_digest(expected, one) for one in given]  # all of them, whichever is the one
        if any(fits):
            return message_id
    raise WebhookRejected("no signature fits")


def unfit_target(url: str, private_targets: bool) -> str | None:
    """Why nothing may be posted to an address; None where it is fit.

    Addresses come from the operator, still a mistaken one must not make the gateway speak to what lies beside it.
    With `private_targets` networks that are not public may be spoken to, and plain HTTP on this very machine. Names
    are looked at again when they are resolved (`http.webhooks`).
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port_is_one = parts.port != 0
    except ValueError:
        return "no address"
    address = _address(host)
    here = host == "localhost" or (address is not None and address.is_loopback)
    if not host or not port_is_one or parts.username is not None or parts.fragment:
        return "no address"
    if parts.scheme != "https" and not (parts.scheme == "http" and here and private_targets):
        return "no HTTPS"
    if not private_targets and (here or (address is not None and not address.is_global)):
        return "a private network"
    return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
