"""The command as a newcomer meets it: help in two languages, misuse told with a hint, exit codes that mean it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from gateway.cli.command import root
from gateway.cli.faults import report_findings
from gateway.cli.session import Session, language
from gateway.cli.spoken import Verb, Verbs, about, parameter_words
from gateway.model import words
from tests.cli.command import done, gateway
from tests.house.source import TOP

ISSUED = [
    "init",
    "serve",
    "examine",
    "submit",
    "inbox",
    "fetch",
    "acknowledge",
    "status",
    "prove",
    "check",
    "directory",
    "peer",
    "reasons",
    "config",
]


def every_verb(ctx: click.Context) -> Iterator[click.Context]:
    yield ctx
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, name)
            assert command is not None, f"{name} is listed"
            yield from every_verb(click.Context(command, info_name=name, parent=ctx))


VERBS = [ctx.command_path for ctx in every_verb(click.Context(root, info_name="gateway"))]


def contexts(lang: str) -> list[click.Context]:
    return list(every_verb(click.Context(root, info_name="gateway", obj=Session(lang))))


def test_every_promised_verb_is_there() -> None:
    assert set(ISSUED) <= {path.split()[1] for path in VERBS[1:]}


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_verb_and_every_parameter_has_words(lang: str) -> None:
    for ctx in contexts(lang):
        assert isinstance(ctx.command, Verb), f"{ctx.command_path} does not speak from the catalogue"
        assert about(ctx)
        for param in ctx.command.get_params(ctx):
            assert parameter_words(ctx, param)


def test_no_words_describe_a_verb_that_is_none() -> None:
    known = set()
    for ctx in contexts("vi"):
        path = ctx.command_path.split()[1:]
        known.add(".".join(["verb", *path, "about"]))
        known |= {".".join(["verb", *path, param.name or ""]) for param in ctx.command.params}
        known |= {f"option.{param.name}" for param in ctx.command.params}
    known.add("option.help")
    described = {key for key in words.keys("vi") if key.startswith(("verb.", "option."))}
    assert described <= known


def test_the_sections_of_the_help_hold_every_verb_once() -> None:
    assert isinstance(root, Verbs)
    listed = [verb for verbs in root.sections.values() for verb in verbs]
    assert sorted(listed) == sorted({path.split()[1] for path in VERBS[1:]})


@pytest.mark.parametrize("path", VERBS)
@pytest.mark.parametrize(("lang", "heading"), [("vi", "Cách dùng:"), ("en", "Usage:")])
def test_help_is_in_the_language_asked_for(path: str, lang: str, heading: str) -> None:
    said = done(*path.split()[1:], "--help", lang=lang)
    assert said.out.startswith(heading)
    assert ("Options:" in said.out) == (lang == "en")
    assert done("help", *path.split()[1:], lang=lang).out == said.out


@pytest.mark.parametrize(
    ("arguments", "environ", "lang"),
    [
        ([], {}, "vi"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "vi_VN.UTF-8"}, "vi"),
        ([], {"LANG": "C.UTF-8"}, "vi"),
        ([], {"LANG": "en_US.UTF-8", "GATEWAY_LANG": "vi"}, "vi"),
        (["--lang", "en"], {"GATEWAY_LANG": "vi"}, "en"),
        (["--lang=en", "submit"], {}, "en"),
        (["submit", "--lang"], {}, "vi"),
        (["--lang", "fr"], {}, "vi"),
    ],
)
def test_the_language_is_chosen_by_option_then_environment_then_vietnamese(
    arguments: list[str], environ: dict[str, str], lang: str
) -> None:
    assert language(arguments, environ) == lang


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sumbit"], "không có lệnh «sumbit». Có phải là: submit?"),
        (["submit"], "còn thiếu PACKET."),
        (["submit", "/no/such/file"], "PACKET"),
        (["reasons", "--jsn"], "không có tùy chọn --jsn. Có phải là: --json?"),
        (["inbox", "--wait", "soon"], "--wait"),
        (["status"], "DISPATCH"),
        (["--lang", "fr", "reasons"], "--lang"),
        (["peer", "add"], "còn thiếu"),
        (["help", "nothing"], "không có lệnh «nothing»"),
    ],
)
def test_misuse_is_told_in_words_with_a_hint_and_ends_in_2(arguments: list[str], told: str) -> None:
    said = gateway(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("gateway: lỗi: ")
    assert told in said.err
    assert "gateway: gợi ý: xem `gateway" in said.err


def test_a_failure_ends_in_1_without_a_traceback_unless_asked_for() -> None:
    brief, full = gateway("config", "check", "/no/such.toml"), gateway("--verbose", "config", "check", "/no/such.toml")
    assert (brief.code, full.code) == (1, 1)
    assert "Traceback" not in brief.err
    assert "Traceback" in full.err
    assert "gateway: gợi ý:" in brief.err


def test_without_a_verb_it_shows_its_help() -> None:
    assert done().out == done("--help").out


def test_the_version_is_told() -> None:
    assert done("--version").out.split()[0] == "gateway"


def test_words_of_others_never_command_the_terminal() -> None:
    said = gateway("reasons", "\x1b[31mred\x07")
    assert said.code == 1
    assert "\x1b" not in said.err
    assert "\x07" not in said.err


def test_the_module_is_the_command_and_a_closed_pipe_is_no_failure_to_speak_of() -> None:
    environ = {**os.environ, "GATEWAY_LANG": "en"}
    run = subprocess.run(
        [sys.executable, "-m", "gateway", "--help"], cwd=TOP, env=environ, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("Usage: gateway")
    piped = subprocess.run(
        f"{sys.executable} -m gateway reasons --markdown | head -1",
        cwd=TOP, env=environ, shell=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (piped.stdout, piped.stderr) == ("# Reasons\n", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("examine", "/nowhere/packet.edxml"), "không có tệp này"),
        (("examine", __file__, "--policy", "loose"), "strict, transition"),
        (("inbox", "--limit", "501"), "từ 1 đến 500"),
        (("calendar", "show"), "phải là số"),
        (("audit", "report", "--from", "hôm nay"), "phải là một ngày"),
        (("inbox", "--wait", "-1"), "ít nhất 0"),
        (("init", __file__, "--origin", "a"), "không phải thư mục"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_in_the_language_of_the_run(arguments: tuple[str, ...], told: str) -> None:
    said = gateway(*arguments)
    assert said.code == 2
    assert told in said.err


def test_a_packet_nothing_is_found_against_is_reported_as_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    report_findings(Session("vi"), ())
    assert capsys.readouterr() == ("", "")
