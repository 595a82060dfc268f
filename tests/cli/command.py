"""The command as a test runs it: in this process, its two streams caught."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from gateway import config
from gateway.cli.command import run
from gateway.cli.register import opened


@dataclass(frozen=True)
class Said:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def gateway(*arguments: object, lang: str = "vi") -> Said:
    """Run `gateway --lang LANG ARGUMENTS…`. What `serve` makes of this process's log is undone."""
    out, err, log = io.StringIO(), io.StringIO(), structlog.get_config()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["--lang", lang, *map(str, arguments)], {})
    finally:
        structlog.configure(**log)
    return Said(code, out.getvalue(), err.getvalue())


def done(*arguments: object, lang: str = "vi") -> Said:
    """Run it, and it must succeed."""
    said = gateway(*arguments, lang=lang)
    assert said.code == 0, said.err
    return said


def asked(home: Path, query: Callable[..., Any], *arguments: object) -> Any:
    """What the register of a configuration says."""

    async def ask() -> Any:
        async with opened(config.load(home)) as store:
            return await store.read(query, *arguments)

    return asyncio.run(ask())
