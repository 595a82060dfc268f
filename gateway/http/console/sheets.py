"""Tables that are taken along: CSV that a spreadsheet opens rightly, and that makes it compute nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from aiohttp import web

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""
MARK = "\ufeff"
"""Without it a spreadsheet reads Vietnamese as Latin."""


def sheet(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Rows as CSV: UTF-8 with its mark, formulas disarmed by an apostrophe, numbers as they are."""
    written = io.StringIO()
    csv.writer(written).writerows([_disarmed(cell) for cell in row] for row in rows)
    return (MARK + written.getvalue()).encode()


def _disarmed(cell: str | int) -> str | int:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def download(content: bytes, name: str) -> web.Response:
    """A sheet as a file to keep. `name` is ASCII."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type="text/csv", charset="utf-8", headers=headers)
