"""The verbs together, and `main`: language in, exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import chain

import click

from gateway import __version__
from gateway.cli.faults import DONE, FAILED, explain
from gateway.cli.session import Session, language
from gateway.cli.spoken import Verbs
from gateway.model.words import LANGUAGES


class _Root(Verbs):
    by_section: Mapping[str, Mapping[str, str]] = {
        "begin": {
            "demo": "demo",
            "conformance": "conformance",
            "init": "founding",
            "serve": "running",
            "upgrade": "founding",
            "migrate": "moving",
        },
        "documents": {
            "examine": "examine",
            "submit": "packets",
            "inbox": "packets",
            "fetch": "packets",
            "acknowledge": "packets",
            "report": "life",
            "status": "evidence",
            "recall": "life",
            "versions": "life",
            "connector": "connector",
        },
        "evidence": {
            "evidence": "evidence_documents",
            "prove": "evidence",
            "check": "check",
            "audit": "audit",
            "overview": "overview",
            "witness": "witness",
        },
        "administration": {
            "directory": "directory",
            "peer": "peers",
            "person": "people",
            "table": "tables",
            "contact": "contacts",
            "webhook": "webhooks",
            "calendar": "calendar",
            "retention": "retention",
            "fsck": "fsck",
            "ledger": "ledger_keys",
            "config": "reference",
        },
        "reference": {"reasons": "reference", "rules": "form_rules", "help": "reference"},
    }
    """Every verb, and the module of this room that declares it."""
    sections: Mapping[str, tuple[str, ...]] = {name: tuple(verbs) for name, verbs in by_section.items()}
    elsewhere: Mapping[str, str] = dict(chain.from_iterable(verbs.items() for verbs in by_section.values()))


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
