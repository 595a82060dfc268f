"""The registers of a directory file: an agency's signers, and what was delegated to them.

    signers        [{"full_name", "position", "rank", "starts_at", "ends_at"}, …]
    delegations    [{"capacity", "full_name", "basis", "types": […], "starts_at", "ends_at"}, …]

`rank` and `capacity` are words of `gateway.model.signers`. A mandate (TUQ.) must say until when and for which types of
document, and no delegation may be given to somebody who is not enrolled (Decree 30/2020, Article 13.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.exchange.directory_fields import WrongField, name, period, word, words
from gateway.model.signers import Capacity, Delegation, Rank, Signer

SIGNER_FIELDS = ("full_name", "position", "rank", "starts_at", "ends_at")
DELEGATION_FIELDS = ("capacity", "full_name", "basis", "types", "starts_at", "ends_at")


def read_signers(fields: Mapping[str, object]) -> tuple[Signer, ...]:
    """The signers of one agency. WrongField."""
    return tuple(
        Signer(name(row, "full_name"), name(row, "position"), word(row, "rank", Rank), period(row, "signers"))
        for row in _rows(fields, "signers", SIGNER_FIELDS)
    )


def read_delegations(fields: Mapping[str, object], signers: tuple[Signer, ...]) -> tuple[Delegation, ...]:
    """What was delegated to them. WrongField, also for a mandate without a limit or to a stranger."""
    enrolled = {one.full_name for one in signers}
    delegations = []
    for row in _rows(fields, "delegations", DELEGATION_FIELDS):
        types = tuple(name({"types": one}, "types") for one in words(row, "types"))
        capacity, whom = word(row, "capacity", Capacity), name(row, "full_name")
        one = Delegation(capacity, whom, name(row, "basis"), types, period(row, "delegations"))
        if capacity is Capacity.MANDATE and (one.period.ends_at is None or not types):
            raise WrongField("directory_file.unlimited_mandate", name=whom)
        if whom not in enrolled:
            raise WrongField("directory_file.stranger", name=whom)
        delegations.append(one)
    return tuple(delegations)


def _rows(fields: Mapping[str, object], field: str, known: tuple[str, ...]) -> Iterator[Mapping[str, object]]:
    rows = fields.get(field) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WrongField("directory_file.no_rows", field=field)
    for row in rows:
        for one in row:
            if one not in known:
                raise WrongField("directory_file.unknown_field", field=f"{field}.{one}")
        yield row
