"""`gateway examine`: what would be refused, before anything is sent.

Offline it knows the packet alone: steps 1 to 3, and with the sender's certificate and an authority's also the seal.
With a directory file beside it (`--directory`) it makes the door's own examination, authority and PDFs too.
With `--ask` a gateway is asked (it records nothing).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.cli.connection import Connect, Connection, connecting, progress
from gateway.cli.faults import DONE, FAILED, report_findings, told_words
from gateway.cli.offline import Beside, Seen, alone, as_the_door
from gateway.cli.packets import PACKET
from gateway.cli.register import configured
from gateway.cli.reports import show_replay, show_report
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.client import Examination
from gateway.edxml import Limits
from gateway.exchange.directory_file import read_agencies
from gateway.model.envelope import EnvelopeState
from gateway.model.refusal import Severity
from gateway.rules.policy import POLICIES, STRICT
from gateway.trust.anchors import AnchorStore, load_anchors
from gateway.trust.revocation import RevocationSnapshot

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
PEMS = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=Verb)
@click.argument("packet", type=PACKET, required=False)
@click.option("--report", type=PEMS)
@click.option("--replay", metavar="DISPATCH")
@click.option("--revocation", type=FOLDER)
@click.option("--sender", "senders", type=PEMS, multiple=True)
@click.option("--anchor", "anchors", type=PEMS, multiple=True)
@click.option("--directory", type=PEMS)
@click.option("--government", type=FOLDER)
@click.option("--national", type=FOLDER)
@click.option("--policy", type=click.Choice(list(POLICIES)), default=STRICT.name, show_default=True)
@click.option("--ask", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@connecting
@configured
@click.pass_obj
def examine(
    session: Session,
    packet: Path | None,
    report: Path | None,
    replay: str | None,
    revocation: Path | None,
    senders: tuple[Path, ...],
    anchors: tuple[Path, ...],
    directory: Path | None,
    government: Path | None,
    national: Path | None,
    policy: str,
    ask: bool,
    as_json: bool,
    connect: Connect,
    config_file: Path,
) -> int:
    """What would be refused; or what a report says, or whether a replay says the same."""
    if sum(one is not None for one in (packet, report, replay)) != 1:
        raise click.UsageError(session.say("say.examine.which"))
    if report is not None:
        return show_report(session, report)
    if replay is not None:
        return show_replay(session, config_file, replay, revocation)
    assert packet is not None, "one of the three is given"
    if ask:
        return _show_answer(session, asyncio.run(_asked(session, connect(), packet)), as_json)
    if directory is None and bool(senders) != bool(anchors):
        raise click.UsageError(session.say("say.examine.both"))
    if directory is not None and not anchors:
        raise click.UsageError(session.say("say.examine.directory_anchor"))
    authority = (_certificates(session, senders), _certificates(session, anchors))
    if directory is None:
        seen = alone(packet, Limits(), *authority, POLICIES[policy], datetime.now(UTC))
    else:
        seen = as_the_door(
            packet,
            Limits(),
            Beside(
                read_agencies(directory),
                authority[1],
                _pdf_stores(government, national),
                RevocationSnapshot.load(revocation) if revocation else RevocationSnapshot(),
            ),
            POLICIES[policy],
            datetime.now(UTC),
        )
    if as_json:
        session.show_json(_facts(session, seen))
    else:
        _tell(session, seen)
    return FAILED if seen.refused else DONE


def _pdf_stores(government: Path | None, national: Path | None) -> tuple[AnchorStore, ...]:
    """The two roots of the field, as far as they are at hand."""
    named = (("government", government), ("national", national))
    return tuple(load_anchors(name, folder) for name, folder in named if folder is not None)


def _certificates(session: Session, paths: Sequence[Path]) -> list[bytes]:
    try:
        return [
            one.public_bytes(Encoding.DER)
            for path in paths
            for one in x509.load_pem_x509_certificates(path.read_bytes())
        ]
    except ValueError as fault:
        raise Failed(session.say("say.examine.no_certificate", cause=fault)) from fault


def _tell(session: Session, seen: Seen) -> None:
    if seen.claim is not None:
        content = seen.claim.content
        session.tell(
            "say.examine.packet",
            sender=content.sender.id,
            addressees=", ".join(one.id for one in content.addressees),
            attachments=len(seen.claim.attachments),
            digest=seen.claim.digest,
        )
    report_findings(session, seen.findings)
    if seen.seal is not None:
        session.tell("say.examine.sealed", subject=seen.seal.subject, at=seen.seal.signed_at)
    elif seen.envelope is not None and seen.envelope.state is EnvelopeState.SEAL:
        session.tell("say.examine.unverified")
    elif seen.envelope is not None:
        session.tell_words(seen.envelope.text(session.lang))
    if not seen.refused:
        session.tell("say.examine.good")
    session.note("say.examine.unknown_system" if seen.by_directory else "say.examine.unknown")
    if seen.by_directory and not seen.by_pdf_stores:
        session.note("say.examine.unknown_pdfs")


def _facts(session: Session, seen: Seen) -> dict[str, object]:
    return {
        "verdict": "refused" if seen.refused else "nothing_found",
        "packet_digest": seen.claim.digest if seen.claim else None,
        "envelope_signature": None
        if seen.envelope is None
        else {
            "state": seen.envelope.state,
            "fault": seen.envelope.fault,
            "text": seen.envelope.text(session.lang),
        },
        "seal": {"subject": seen.seal.subject, "signed_at": seen.seal.signed_at} if seen.seal else None,
        "findings": [
            {
                "reason": one.reason,
                "severity": one.severity,
                "title": one.title(session.lang),
                "detail": one.detail(session.lang),
                "hint": one.hint(session.lang),
                "path": one.place.path,
                "line": one.place.line,
            }
            for one in seen.findings
        ],
    }


async def _asked(session: Session, to: Connection, packet: Path) -> Examination:
    async with to.client(session) as gateway:
        with progress(session, packet.name) as advanced:
            return await gateway.examine(packet, advanced)


def _show_answer(session: Session, answer: Examination, as_json: bool) -> int:
    if as_json:
        session.show_json(msgspec.to_builtins(answer))
    else:
        for one in answer.findings:
            kind = "say.error" if one.severity == Severity.REFUSE else "say.warning"
            session.report(told_words(one, session.lang), one.hint, kind)
        if answer.envelope_signature is not None:
            session.tell_words(answer.envelope_signature.text)
        session.tell("say.examine.admitted" if answer.admitted else "say.examine.refused")
    return DONE if answer.admitted else FAILED
