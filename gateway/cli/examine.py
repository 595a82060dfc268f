"""`gateway examine`: what would be refused, before anything is sent.

Offline it knows the packet alone: steps 1 to 3, and with the sender's certificate and an authority's also the seal.
Whether these agencies may write to each other only a gateway knows; with `--ask` one is asked (it records nothing).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import edxml, trust
from gateway.cli.connection import Connect, Connection, connecting, progress
from gateway.cli.faults import DONE, FAILED, report_findings, told_words
from gateway.cli.packets import PACKET
from gateway.cli.register import configured
from gateway.cli.reports import show_replay, show_report
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.client import Examination
from gateway.edxml import Cutter, Limits, SignatureState
from gateway.model.agency import Agency, Directory
from gateway.model.packet import Claim, Content, Document, SealFacts
from gateway.model.refusal import Finding, Refused, Severity
from gateway.rules.form import check_form
from gateway.rules.form_rules import check_form_rules
from gateway.rules.policy import POLICIES, STRICT, Policy
from gateway.trust import TrustStore

PIECE_BYTES = 1024 * 1024
PEMS = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be said of a packet offline. `seal`: the facts of a seal that was verified."""

    findings: tuple[Finding, ...]
    claim: Claim | None = None
    signature: SignatureState | None = None
    seal: SealFacts | None = None

    @property
    def refused(self) -> bool:
        return any(one.severity is Severity.REFUSE for one in self.findings)


class _Nowhere:
    """Attachments are hashed as they pass, and not kept."""

    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


@click.command(cls=Verb)
@click.argument("packet", type=PACKET, required=False)
@click.option("--report", type=PEMS)
@click.option("--replay", metavar="DISPATCH")
@click.option("--revocation", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--sender", "senders", type=PEMS, multiple=True)
@click.option("--anchor", "anchors", type=PEMS, multiple=True)
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
    if bool(senders) != bool(anchors):
        raise click.UsageError(session.say("say.examine.both"))
    authority = (_certificates(session, senders), _certificates(session, anchors))
    seen = offline(packet, Limits(), *authority, POLICIES[policy], datetime.now(UTC))
    if as_json:
        session.show_json(_facts(session, seen))
    else:
        _tell(session, seen)
    return FAILED if seen.refused else DONE


def offline(
    path: Path, limits: Limits, senders: Sequence[bytes], anchors: Sequence[bytes], policy: Policy, at: datetime
) -> Seen:
    """Everything that can be known of a packet without a directory. OSError where the file cannot be read."""
    try:
        cutter = Cutter(limits, _Nowhere)
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                cutter.feed(piece)
        received = edxml.received(*cutter.finish())
        parsed = edxml.parse(received.skeleton, limits)
        if findings := edxml.validate(parsed):
            return Seen(findings)
        claim = edxml.read(parsed, received)
        findings = (
            *check_form(claim, limits.addressees_max, at),
            *check_form_rules(parsed, claim, _assumed(claim.content), at, policy),
        )
        signature = edxml.signature_state(parsed)
        if not senders or signature is not SignatureState.STRICT_CANDIDATE:
            return Seen(findings, claim, signature)
        attachments = [(one.content_id, one.sha256) for one in claim.attachments]
        try:
            verified = trust.verify(parsed, attachments, senders, TrustStore(anchors), at)
        except Refused as no:
            return Seen((*findings, *no.findings), claim, signature)
        return Seen(findings, claim, signature, verified.facts)
    except Refused as no:
        return Seen(no.findings)


def _assumed(content: Content) -> Directory:
    """Offline nobody knows the directory: the agencies a document names beside its addressees are taken to exist."""
    if not isinstance(content, Document):
        return Directory(0)
    business = content.business
    named = [
        *(one.organ_id for one in content.response_for if one.organ_id),
        *(one.organ_id for one in (business.receivers if business else ())),
        *(organ_id for one in (business.replacements if business else ()) for organ_id in one.organ_ids),
    ]
    names = {organ.id: organ.name or "" for organ in (content.sender, *content.addressees)}
    return Directory(0, tuple(Agency(one, names.get(one, ""), (one,)) for one in dict.fromkeys(named)))


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
    elif seen.signature is not None:
        session.tell(f"say.examine.signature.{seen.signature.name.lower()}")
    if not seen.refused:
        session.tell("say.examine.good")
    session.note("say.examine.unknown")


def _facts(session: Session, seen: Seen) -> dict[str, object]:
    return {
        "verdict": "refused" if seen.refused else "nothing_found",
        "packet_digest": seen.claim.digest if seen.claim else None,
        "signature": seen.signature.name.lower() if seen.signature else None,
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
        session.tell("say.examine.admitted" if answer.admitted else "say.examine.refused")
    return DONE if answer.admitted else FAILED
