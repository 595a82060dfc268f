"""Templates into pages: every value escaped, every word from the catalogues, every instant in Viet Nam's time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from gateway.model.person import Role
from gateway.model.words import LANGUAGES, text

Ways = Mapping[Role, tuple[tuple[str, str], ...]]
"""For each role its pages: path, and the key of their words."""

VIET_NAM = timezone(timedelta(hours=7))
_YEAR_FIRST = re.compile(r"([0-9]{4})[/-]([0-9]{2})[/-]([0-9]{2})")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Pages:
    """The templates and the files beside them. One for the whole application."""

    def __init__(self, ways: Ways, places: Mapping[str, str]) -> None:
        self.ways = ways
        """What the header leads to, for each role."""
        self.places = places
        """Of each page's name the word its path begins with."""
        self._names, self.static = _static()
        self._environment = Environment(
            loader=PackageLoader("gateway.http.console", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"t": _say, "words_of": _words_of, "languages": LANGUAGES, "static": self._address}
        self._environment.filters |= {
            "moment": _moment,
            "day": day_of,
            "size": _size,
            "ago": _ago,
            "written": official_day,
            "in_full": _in_full,
            "today": _today,
        }

    def render(self, template: str, lang: str, /, **values: object) -> str:
        return self._environment.get_template(template).render(lang=lang, **values)

    def _address(self, name: str) -> str:
        """Where a file is: its name says its content, so it may be kept for ever."""
        return f"/console/static/{self._names[name]}"


def _static() -> tuple[Mapping[str, str], Mapping[str, tuple[str, bytes]]]:
    """Each file's name with its digest in it; and by that name its content type and bytes."""
    names, found = {}, {}
    for file in files("gateway.http.console").joinpath("static").iterdir():
        stem, dot, ending = file.name.partition(".")
        content = file.read_bytes()
        names[file.name] = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{dot}{ending}"
        found[names[file.name]] = (TYPES[dot + ending], content)
    return names, found


@pass_context
def _say(context: Context, key: str, /, **values: object) -> str:
    """The words of a key in the language of the page."""
    return text(context["lang"], f"console.{key}", **{name: str(value) for name, value in values.items()})


@pass_context
def _words_of(context: Context, key: str, /) -> str:
    """Words of a key that is not the console's own."""
    return text(context["lang"], key)


@pass_context
def _moment(context: Context, at: datetime | None) -> str:
    """An instant as an official writes it: `08 giờ 05 phút, ngày 23/11/2026`, or `23/11/2026 08:05`."""
    if at is None:
        return ""
    local = at.astimezone(VIET_NAM)
    return text(context["lang"], "console.moment", day=_written_day(local), time=f"{local:%H:%M}")


def day_of(at: datetime | None) -> str:
    """The day of an instant."""
    return "" if at is None else _written_day(at.astimezone(VIET_NAM))


def _written_day(local: datetime) -> str:
    """Decree 30/2020, annex I, II.4: days below 10 and the months 1 and 2 with a zero before them."""
    month = f"{local.month:02d}" if local.month < 3 else str(local.month)
    return f"{local.day:02d}/{month}/{local.year}"


def official_day(day: str) -> str:
    """A day that a packet writes year first, as officials write it; anything else as it stands."""
    found = _YEAR_FIRST.fullmatch(day)
    if found is None:
        return day
    month = f"{int(found[2]):02d}" if int(found[2]) < 3 else str(int(found[2]))
    return f"{found[3]}/{month}/{found[1]}"


@pass_context
def _in_full(context: Context, day: str) -> str:
    """A day that a packet writes year first, in full as on a document: `ngày 23 tháng 11 năm 2026`."""
    found = _YEAR_FIRST.fullmatch(day)
    if found is None or not 1 <= int(found[2]) <= 12:
        return day
    month = text(context["lang"], f"console.month.{int(found[2])}")
    return text(context["lang"], "console.day_in_full", day=found[3], month=month, year=found[1])


@pass_context
def _today(context: Context, at: datetime) -> str:
    """The day of an instant in full, with its name."""
    local = at.astimezone(VIET_NAM)
    name = text(context["lang"], f"console.weekday.{local.isoweekday()}")
    return f"{name}, {_in_full(context, f'{local:%Y-%m-%d}')}"


@pass_context
def _ago(context: Context, since: timedelta) -> str:
    """A span in the largest unit that fits."""
    minutes = int(since.total_seconds()) // 60
    for unit, length in (("days", 1440), ("hours", 60), ("minutes", 1)):
        if minutes >= length:
            return text(context["lang"], f"console.ago.{unit}", count=str(minutes // length))
    return text(context["lang"], "console.ago.now")


@pass_context
def _size(context: Context, size_bytes: int) -> str:
    """A size to three figures at most, with the comma or point of the language."""
    point = "," if context["lang"] == "vi" else "."
    size = float(size_bytes)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}".replace(".", point)
        size /= 1000
    return f"{size:.3g} GB".replace(".", point)
