"""Commands whose help comes from the catalogues, in the language of the run.

A verb's words are `verb.<path>.about` (its first line is the short help), and `verb.<path>.<parameter>`; a parameter
that many verbs share may have its words at `option.<parameter>`. A test finds a verb or a parameter without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click
from click.formatting import HelpFormatter

from gateway.cli.session import Session
from gateway.model.words import keys, text


class Verb(click.Command):
    """A verb of the command."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        pieces = [piece for param in self.get_params(ctx) for piece in param.get_usage_pieces(ctx)]
        return [_say(ctx, "say.help.options_mark"), *pieces]

    def format_usage(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        pieces = self.collect_usage_pieces(ctx)
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=f"{_say(ctx, 'say.help.usage')} ")

    def format_help_text(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        with formatter.indentation():
            for paragraph in about(ctx).split("\n\n"):
                formatter.write_paragraph()
                formatter.write_text(paragraph)

    def format_arguments(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        rows = [
            (param.make_metavar(ctx), parameter_words(ctx, param))
            for param in self.get_params(ctx)
            if isinstance(param, click.Argument)
        ]
        if rows:
            with formatter.section(_say(ctx, "say.help.arguments")):
                formatter.write_dl(rows)

    def format_options(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        rows = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                rows.append((record[0], parameter_words(ctx, param)))
        with formatter.section(_say(ctx, "say.help.options")):
            formatter.write_dl(rows)


class Verbs(Verb, click.Group):
    """A group of verbs. `sections` orders them under headings (`say.help.section.<name>`); without, as declared."""

    sections: Mapping[str, tuple[str, ...]] = {}
    elsewhere: Mapping[str, str] = {}
    """Verbs that other modules of this room declare, each with its module. It is loaded when the verb is asked for: who
    fetches a packet does not wait for what plays the demo."""
    command_class = Verb

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*(name for name in self.commands if name not in self.elsewhere), *self.elsewhere]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.elsewhere and cmd_name not in self.commands:
            declared = vars(import_module(f"gateway.cli.{self.elsewhere[cmd_name]}")).values()
            (verb,) = (one for one in declared if isinstance(one, click.Command) and one.name == cmd_name)
            self.add_command(verb)
        return super().get_command(ctx, cmd_name)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), _say(ctx, "say.help.verb_mark")]

    def format_options(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        for name, verbs in (self.sections or {"verbs": tuple(self.list_commands(ctx))}).items():
            with formatter.section(_say(ctx, f"say.help.section.{name}")):
                formatter.write_dl([(verb, about(ctx, verb).splitlines()[0]) for verb in verbs])


def about(ctx: click.Context, verb: str = "") -> str:
    """The words of the verb being run, or of one below it."""
    path = ".".join([*_path(ctx), *([verb] if verb else []), "about"])
    return _say(ctx, f"verb.{path}")


def parameter_words(ctx: click.Context, param: click.Parameter) -> str:
    """The words of an argument or option: the verb's own, or those shared by all."""
    name = "help" if param.name is None or param.name.startswith("_") else param.name
    path = ".".join([*_path(ctx), name])
    key = f"verb.{path}" if f"verb.{path}" in keys(_lang(ctx)) else f"option.{name}"
    words = _say(ctx, key)
    default = param.default if isinstance(param, click.Option) and param.show_default else None
    return f"{words} [{_say(ctx, 'say.help.default')} {default}]" if default is not None else words


def _path(ctx: click.Context) -> list[str]:
    return ctx.command_path.split()[1:]


def _lang(ctx: click.Context) -> str:
    session = ctx.find_object(Session)
    assert session is not None, "every run has a session"
    return session.lang


def _say(ctx: click.Context, key: str) -> str:
    return text(_lang(ctx), key)
