"""What stops being provable, when, and why: certificates and time stamps have an end, evidence must outlast it.

A seal stays right for ever, but whoever checks it after its certificate's end must be shown that it is older: by the
ledger's entry, by a witness, by the time stamp of a third party. That one ends too; a newer stamp over the same ledger
takes over before it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from gateway.exchange.key_record import SEAL
from gateway.model.agency import Directory
from gateway.store import queries
from gateway.store.queries.witness import gateway_keys_of
from gateway.trust.timestamp import authority_until


class Ending(StrEnum):
    """What has an end. `say.renewal.<kind>` says what ends with it, and what to do."""

    SEAL = "seal"
    """A certificate the gateway seals with, or sealed with."""
    AGENCY = "agency"
    """A certificate an agency's seal counts by."""
    ANCHOR = "anchor"
    """An authority at which paths of certificates begin."""
    STAMP = "stamp"
    """The certificate of the authority that made the latest time stamp."""
    UNSTAMPED = "unstamped"
    """Entries that no time stamp covers: nothing but our word and the witnesses' says how old they are."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """One thing that ends. `until` is None where it never had what would make it last."""

    ending: Ending
    subject: str
    until: datetime | None


def endings(connection: queries.Connection, directory: Directory, anchors: Iterable[bytes]) -> Iterator[Renewal]:
    """Everything that ends, in no order. `anchors`: DER of the authorities that are configured."""
    for key in gateway_keys_of(connection, SEAL):
        yield _certificate(Ending.SEAL, key.public)
    for agency in directory.agencies:
        for der in agency.certificates:
            yield _certificate(Ending.AGENCY, der, f"{agency.key} – ")
    for der in anchors:
        yield _certificate(Ending.ANCHOR, der)
    size = queries.ledger_head(connection).size
    stamp = queries.newest_stamp(connection)
    if stamp is not None:
        yield Renewal(Ending.STAMP, *authority_until(stamp.response))
    if (covered := stamp.size if stamp else 0) < size:
        yield Renewal(Ending.UNSTAMPED, f"{covered}…{size - 1}", None)


def ending_by(found: Iterable[Renewal], day: datetime) -> tuple[Renewal, ...]:
    """What has no protection, or ends by a day: the most pressing first."""
    pressing = (one for one in found if one.until is None or one.until <= day)
    return tuple(sorted(pressing, key=lambda one: (one.until is not None, one.until or day, one.ending, one.subject)))


def _certificate(ending: Ending, der: bytes, whose: str = "") -> Renewal:
    certificate = x509.load_der_x509_certificate(der)
    return Renewal(ending, whose + certificate.subject.rfc4514_string(), certificate.not_valid_after_utc)
