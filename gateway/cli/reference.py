"""The verbs that explain: every reason, every configuration key, every verb. The reference pages are their output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gateway import config
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb, Verbs, about, parameter_words
from gateway.config import FILE_NAME
from gateway.model.reasons import Reason
from gateway.model.words import LANGUAGES, keys, text

REGENERATE = "<!-- Written by `{command}`; a test compares. -->"


@click.command(cls=Verb)
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.option("--markdown", is_flag=True)
@click.pass_obj
def reasons(session: Session, code: str | None, as_json: bool, markdown: bool) -> None:
    """Why the gateway says no."""
    chosen = [one for one in Reason if code is None or one == code or one.startswith(f"{code}.")]
    if not chosen:
        raise Failed(session.say("say.reasons.unknown", code=code), session.say("say.reasons.see_all"))
    if markdown:
        click.echo(reasons_page(), nl=False)
    elif as_json:
        session.show_json([_reason_facts(one) for one in chosen])
    elif len(chosen) == 1:
        _tell_reason(session, chosen[0])
    else:
        rows = [(one, one.step, one.status, text(session.lang, f"reason.{one}.title")) for one in chosen]
        session.table(["say.column.reason", "say.column.step", "say.column.status", "say.column.meaning"], rows)


@click.group("config", cls=Verbs)
def configuration() -> None:
    """The configuration file."""


@configuration.command()
@click.option("--markdown", is_flag=True)
@click.pass_obj
def describe(session: Session, markdown: bool) -> None:
    """The annotated example."""
    click.echo(configuration_page(session.lang) if markdown else config.describe(session.lang), nl=False)


@configuration.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=FILE_NAME)
@click.pass_obj
def check_configuration(session: Session, file: Path) -> None:
    """Read a configuration file and say what is wrong with it."""
    config.load(file)
    session.tell("say.config.good", path=file)


@click.command("help", cls=Verb)
@click.argument("verb", nargs=-1)
@click.option("--markdown", is_flag=True)
@click.pass_context
def explain_verb(ctx: click.Context, verb: tuple[str, ...], markdown: bool) -> None:
    """The help of a verb, or of all of them."""
    root = ctx.find_root()
    if markdown:
        click.echo(command_page(root), nl=False)
        return
    below = root
    for name in verb:
        found = below.command.get_command(below, name) if isinstance(below.command, click.Group) else None
        if found is None:
            raise click.exceptions.NoSuchCommand(name, ctx=below)
        below = click.Context(found, info_name=name, parent=below)
    click.echo(below.get_help())


def reasons_page() -> str:
    """docs/reference/reasons.md: every reason in order of precedence, in both languages."""
    lines = [
        "# Reasons",
        "",
        REGENERATE.format(command="gateway reasons --markdown"),
        "",
        "Every refusal has one of these codes: in the API's answers (`reason`), in the ledger, in the metrics.",
        "They stand in order of precedence: of several faults, the one listed first names the refusal.",
        "*Step* is the step of the line that refuses ([life of a document](../life-of-a-document.md)).",
        "A *transient* refusal may be sent again unchanged; any other needs a corrected packet.",
    ]
    for reason in Reason:
        transient = " · transient" if reason.transient else ""
        lines += ["", f"## {reason}", "", f"Step {reason.step} · HTTP {reason.status}{transient}"]
        for lang in LANGUAGES:
            title, hint = text(lang, f"reason.{reason}.title"), text(lang, f"reason.{reason}.hint")
            lines += ["", f"**{title}.** {hint}"]
    return "\n".join(lines) + "\n"


def configuration_page(lang: str) -> str:
    """docs/reference/configuration.md: every key with its default and limits."""
    lines = [
        "# Configuration",
        "",
        REGENERATE.format(command="gateway --lang en config describe --markdown"),
        "",
        "One TOML file: `--config FILE`, else `GATEWAY_CONFIG`, else `gateway.toml` in the working folder.",
        "`gateway config check` reads one and says what is wrong; `gateway config describe` prints the annotated",
        "example ([config/gateway.example.toml](../../config/gateway.example.toml)).",
    ]
    section = None
    for key in config.all_keys():
        if key.section != section:
            section = key.section
            lines += ["", f"## [{section}]", "", text(lang, f"config.{section}.about"), ""]
            lines += ["| key | default | |", "|---|---|---|"]
        default = (
            "required" if key.required else "" if key.default is None else f"`{config.written_value(key.default)}`"
        )
        sentence = f"{text(lang, f'config.{key.name}')} {config.limits_of(key, lang)}".strip()
        lines.append(f"| `{key.name.rpartition('.')[2]}` | {default} | {sentence} |")
    return "\n".join(lines) + "\n"


def command_page(root: click.Context) -> str:
    """docs/reference/cli.md: every verb with its arguments and options."""
    lines = [
        "# The command",
        "",
        REGENERATE.format(command="gateway --lang en help --markdown"),
        "",
        "`gateway --help`, `gateway help VERB` and this page say the same. `--lang vi|en` chooses the language (else",
        "`GATEWAY_LANG`, else an English `LANG`; Vietnamese otherwise). Results go to stdout, everything else to",
        "stderr. Exit codes: 0 done, 1 refused or failed, 2 misuse.",
    ]
    for ctx in _every_verb(root):
        lines += ["", f"## {ctx.command_path}", "", about(ctx), "", "```", _usage(ctx), "```", ""]
        rows = [
            f"| `{_spelling(ctx, param)}` | {parameter_words(ctx, param)} |"
            for param in ctx.command.get_params(ctx)
            if param.name and not param.name.startswith("_") and not getattr(param, "hidden", False)
        ]
        if rows:
            lines += ["| | |", "|---|---|", *rows]
    return "\n".join(line.rstrip() for line in lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _every_verb(ctx: click.Context) -> Iterator[click.Context]:
    yield ctx
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, name)
            assert command is not None, "it is listed"
            yield from _every_verb(click.Context(command, info_name=name, parent=ctx))


def _usage(ctx: click.Context) -> str:
    return " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])


def _spelling(ctx: click.Context, param: click.Parameter) -> str:
    """How a parameter is written, safe in a cell of a table."""
    record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
    return (record[0] if record else param.make_metavar(ctx)).replace("|", r"\|")


def _reason_facts(reason: Reason) -> dict[str, object]:
    words = {
        f"{part}_{lang}": text(lang, f"reason.{reason}.{part}") for lang in LANGUAGES for part in ("title", "hint")
    }
    return {"reason": reason, "step": reason.step, "status": reason.status, "transient": reason.transient, **words}


def _tell_reason(session: Session, reason: Reason) -> None:
    session.tell("say.reasons.one", code=reason, step=reason.step, status=reason.status)
    for part in ("title", "detail", "hint"):
        if f"reason.{reason}.{part}" in keys(session.lang):
            session.tell(f"reason.{reason}.{part}")
