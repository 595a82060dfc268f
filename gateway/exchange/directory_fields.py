"""Fields of a directory file, read with care: each fault names itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from gateway.model.calendar import VIET_NAM
from gateway.model.period import Period

NAME_CHARS_MAX = 200

E = TypeVar("E", bound=StrEnum)


class WrongField(Exception):
    """A field that cannot be taken as it is. `key` and `values` are a sentence of the catalogues."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = {name: str(value) for name, value in values.items()}


def name(fields: Mapping[str, object], field: str) -> str:
    """A text for people: printable, not empty, in NFC."""
    written = fields.get(field)
    readable = isinstance(written, str) and written.strip() and written.isprintable()
    if not isinstance(written, str) or not readable or len(written) > NAME_CHARS_MAX:
        raise WrongField("directory_file.name", field=field, limit=NAME_CHARS_MAX)
    return unicodedata.normalize("NFC", written.strip())


def words(fields: Mapping[str, object], field: str) -> tuple[str, ...]:
    """A list of texts; empty where the field is left out."""
    written = fields.get(field) or []
    if not isinstance(written, list) or not all(isinstance(one, str) for one in written):
        raise WrongField("directory_file.no_words", field=field)
    return tuple(written)


def word(fields: Mapping[str, object], field: str, among: type[E]) -> E:
    """One of the words of an enum."""
    written = fields.get(field)
    if written not in list(among):
        raise WrongField("directory_file.word", field=field, written=written, words=", ".join(among))
    return among(str(written))


def period(fields: Mapping[str, object], of: str) -> Period:
    """`starts_at` and `ends_at`: either may be open; the end lies behind the beginning."""
    starts_at, ends_at = instant(fields, "starts_at"), instant(fields, "ends_at")
    if starts_at and ends_at and ends_at <= starts_at:
        raise WrongField("directory_file.period", agency=of)
    return Period(starts_at, ends_at)


def instant(fields: Mapping[str, object], field: str) -> datetime | None:
    """A day of Viet Nam, `2025-07-01`, as its midnight, or an instant of RFC 3339 with its zone; in UTC."""
    written = fields.get(field)
    if written in (None, ""):
        return None
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError as wrong:
        raise WrongField("directory_file.instant", field=field, written=written) from wrong
    if at.tzinfo is None:
        if len(str(written)) != len("2025-07-01"):
            raise WrongField("directory_file.instant", field=field, written=written)
        at = at.replace(tzinfo=VIET_NAM)
    return at.astimezone(UTC)
