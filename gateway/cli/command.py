"""The verbs together, and `main`: language in, exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import click

from gateway import __version__
from gateway.cli import (
    audit,
    audit_register,
    audit_renewal,
    audit_report,
    audit_search,
    axis,
    calendar,
    check,
    conformance,
    connector,
    contacts,
    directory,
    directory_proposals,
    evidence,
    evidence_documents,
    examine,
    form_rules,
    founding,
    fsck,
    ledger_keys,
    life,
    moving,
    overview,
    packets,
    peers,
    people,
    reference,
    retention,
    running,
    tables,
    webhooks,
    witness,
)
from gateway.cli.faults import DONE, FAILED, explain
from gateway.cli.session import Session, language
from gateway.cli.spoken import Verbs
from gateway.model.words import LANGUAGES


class _Root(Verbs):
    sections: Mapping[str, tuple[str, ...]] = {
        "begin": ("demo", "conformance", "init", "serve", "upgrade", "migrate"),
        "documents": (
            "examine",
            "submit",
            "inbox",
            "fetch",
            "acknowledge",
            "report",
            "status",
            "recall",
            "versions",
            "connector",
        ),
        "evidence": ("evidence", "prove", "check", "audit", "overview", "witness"),
        "administration": (
            "directory",
            "peer",
            "person",
            "table",
            "contact",
            "webhook",
            "calendar",
            "retention",
            "fsck",
            "ledger",
            "config",
        ),
        "reference": ("reasons", "rules", "help"),
    }


@click.group("gateway", cls=_Root, invoke_without_command=True)
@click.option("--lang", type=click.Choice(LANGUAGES), expose_value=False)
@click.option("--verbose", is_flag=True, expose_value=False)
@click.option("--version", is_flag=True)
@click.pass_context
def root(ctx: click.Context, version: bool) -> None:
    """The exchange gateway of a national document axis."""
    if version:
        click.echo(f"gateway {__version__}")
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for _verb in (
    running.demo,
    founding.init,
    running.serve,
    founding.upgrade,
    moving.migrate,
    examine.examine,
    packets.submit,
    packets.inbox,
    packets.fetch,
    packets.acknowledge,
    connector.connector,
    conformance.conformance,
    life.report,
    evidence.status,
    life.recall,
    life.versions,
    evidence_documents.evidence,
    evidence.prove,
    check.check,
    audit.audit,
    overview.overview,
    witness.witness,
    ledger_keys.ledger,
    directory.directory,
    peers.peer,
    people.person,
    tables.table,
    contacts.contact,
    webhooks.webhook,
    calendar.calendar,
    fsck.fsck,
    retention.retention,
    reference.configuration,
    reference.reasons,
    form_rules.rules,
    reference.explain_verb,
):
    root.add_command(_verb)
for _verb in (
    audit_register.audit_replay,
    audit_search.audit_search,
    audit_search.audit_anomalies,
    audit_report.audit_report,
    audit_renewal.audit_renewal,
):
    audit.audit.add_command(_verb)
for _verb in (
    directory_proposals.propose,
    directory_proposals.approve,
    directory_proposals.reject,
    directory_proposals.list_proposals,
    directory_proposals.show_difference,
):
    directory.directory.add_command(_verb)
peers.peer.add_command(axis.axis)


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command once; the exit code. Never raises for what a user, a file or a gateway did."""
    session = Session(language(arguments, environ))
    verbose = "--verbose" in arguments
    try:
        code = root.main(list(arguments), prog_name="gateway", standalone_mode=False, obj=session)
    except BrokenPipeError:  # the reader had enough, as in `gateway reasons | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as fault:
        return explain(session, fault, verbose)
    return code if isinstance(code, int) else DONE


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:], os.environ))
