"""The header scheme: every parameter is a header `XroadVnpt-<key>`, and a JSON object of them all is signed.

The HMAC is checked over the very bytes that came, then each header must be what was signed. `sign-header-key` is not
read: the object names its members itself, and a second list could only contradict it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from gateway.exchange.axis_credential import digest_of, secret_of
from gateway.http.axis.rules import AxisRules
from gateway.http.faults import fault
from gateway.http.logline import printable
from gateway.model.calendar import VIET_NAM
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.trust.derived import DerivingKey

PREFIX = "XroadVnpt-"
UNSIGNED = frozenset({"sign-header-key", "sign-header", "hash-header", "version"})
"""Headers of the scheme itself."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a caller signed: parameters by key, as written."""

    members: Mapping[str, str]

    def get(self, *keys: str) -> str | None:
        """The first of these keys that was signed as it is spelt here, else in another case; None: none was.

        The SDK keeps the headers of earlier calls, so `docId` and `docid` may both be there and differ: the spelling
        that an operation is documented with decides.
        """
        for key in keys:
            if key in self.members:
                return self.members[key]
        folded = {key.lower(): value for key, value in self.members.items()}
        return next((folded[key.lower()] for key in keys if key.lower() in folded), None)

    def need(self, *keys: str) -> str:
        """The same; Refused(AXIS_HEADERS) where there is none, or it is empty."""
        value = self.get(*keys)
        if not value:
            raise Refused(found(Reason.AXIS_HEADERS, fault="missing", name=keys[0]))
        return value

    def one_of(self, key: str, *allowed: str) -> str:
        """A parameter that has few values, in any case; Refused(AXIS_MESSAGE_TYPE) for another."""
        written = self.need(key)
        for one in allowed:
            if written.lower() == one.lower():
                return one
        raise Refused(found(Reason.AXIS_MESSAGE_TYPE, name=key, written=printable(written), allowed=", ".join(allowed)))


@dataclass(frozen=True, slots=True)
class Presented:
    """Headers as they came, before anything of them is believed."""

    text: str
    mac: str
    signed: Signed

    def credential(self, key: DerivingKey) -> str | None:
        """The digest of the credential whose secret made the HMAC; None where it is not the secret of the system."""
        system_id = self.signed.get("systemid") or ""
        secret = secret_of(key, system_id)
        if secret is None:
            return None
        made = hmac.new(secret.encode(), self.text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
        same = hmac.compare_digest(made.encode(), self.mac.lower().encode("utf-8", "surrogateescape"))
        return digest_of(system_id, secret) if same else None


def presented(request: web.BaseRequest) -> Presented:
    """The signed object and its HMAC. Refused: UNAUTHENTICATED where either is absent, AXIS_HEADERS for no JSON."""
    texts = request.headers.getall(PREFIX + "sign-header", [])
    macs = request.headers.getall(PREFIX + "hash-header", [])
    if len(texts) != 1 or len(macs) != 1:
        raise fault(Reason.UNAUTHENTICATED, "axis_unsigned")
    try:
        object_ = msgspec.json.decode(texts[0].encode("utf-8", "surrogateescape"), type=dict[str, str])
        members = {_key(name): value for name, value in object_.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Refused(found(Reason.AXIS_HEADERS, fault="not_json")) from error
    return Presented(texts[0], macs[0], Signed(members))


def _key(name: str) -> str:
    if name[: len(PREFIX)].lower() != PREFIX.lower():
        raise ValueError(name)
    return name[len(PREFIX) :]


def check_headers(request: web.BaseRequest, signed: Signed) -> None:
    """Refused(AXIS_HEADERS) unless the XroadVnpt headers are exactly those that were signed.

    Names count without regard to case, as HTTP's do; what was signed twice in two spellings must have come twice.
    """
    sent: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in request.headers.items():
        if name.lower().startswith(PREFIX.lower()):
            sent[name.lower()[len(PREFIX) :]].append(value.strip())
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in signed.members.items():
        wanted[key.lower()].append(value.strip())
    for key in sorted(sent.keys() | wanted.keys()):
        if (key not in UNSIGNED or key in wanted) and sorted(sent[key]) != sorted(wanted[key]):
            raise Refused(found(Reason.AXIS_HEADERS, fault="differs", name=printable(key)))


def check_timestamp(signed: Signed, at: datetime, rules: AxisRules) -> None:
    """Refused(AXIS_TIMESTAMP) for a time of signing that cannot be read, is too old, or still to come.

    `ddMMyyyy'T'HHmmss+SSSS`: local time, the last four digits milliseconds and no zone. Times need not rise, nor differ
    from call to call: the SDK makes one for each of its objects.
    """
    written = signed.need("timestamp")
    try:
        signed_at = datetime.strptime(written.partition("+")[0], "%d%m%YT%H%M%S").replace(tzinfo=VIET_NAM)
    except ValueError as error:
        raise Refused(found(Reason.AXIS_TIMESTAMP, fault="unreadable", written=printable(written))) from error
    oldest = at - timedelta(days=rules.timestamp_age_days_max)
    if not oldest <= signed_at <= at + timedelta(hours=rules.timestamp_ahead_h_max):
        raise Refused(found(Reason.AXIS_TIMESTAMP, fault="far_off", written=printable(written)))
