"""`gateway audit renewal`: what stops being provable within a span, why, and what to do about it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import config
from gateway.cli.register import configured, directory_in_force, opened
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.config import Config
from gateway.exchange.renewal import Renewal, ending_by, endings
from gateway.trust.anchors import load_anchors


@click.command("renewal", cls=Verb)
@click.option("--days", type=click.IntRange(1, 36_500), default=365, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def audit_renewal(session: Session, days: int, as_json: bool, config_file: Path) -> None:
    """What stops being provable soon."""
    pressing = asyncio.run(_pressing(config.load(config_file), datetime.now(UTC) + timedelta(days=days)))
    if as_json:
        session.show_json([{"what": one.ending, "subject": one.subject, "until": one.until} for one in pressing])
        return
    for one in pressing:
        session.tell(f"say.renewal.{one.ending}", subject=one.subject, until=one.until)
    session.tell("say.renewal.some" if pressing else "say.renewal.none", count=len(pressing), days=days)


async def _pressing(settings: Config, day: datetime) -> tuple[Renewal, ...]:
    anchors = tuple(await asyncio.to_thread(_anchors, settings))
    async with opened(settings) as store:
        directory = await directory_in_force(store)
        return await store.read(lambda connection: ending_by(endings(connection, directory, anchors), day))


def _anchors(settings: Config) -> list[bytes]:
    """DER of every authority the configuration names, each once."""
    files = [
        one.public_bytes(Encoding.DER)
        for path in (*settings.trust.anchors, *settings.timestamp.anchors)
        for one in x509.load_pem_x509_certificates(path.read_bytes())
    ]
    folders = {"government": settings.pdf.government_anchors, "national": settings.pdf.national_anchors}
    stores = [load_anchors(name, path) for name, path in folders.items() if path is not None]
    return list(dict.fromkeys([*files, *(der for store in stores for der in (*store.roots, *store.intermediates))]))
