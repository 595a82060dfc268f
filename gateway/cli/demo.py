"""`gateway demo`: the whole line, told as it happens."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.demo import run as play


@click.command(cls=Verb)
@click.option("--once", is_flag=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def demo(session: Session, once: bool, out: Path | None) -> int:
    """Watch the whole line."""
    return play(session.out, session.lang, once, out)
