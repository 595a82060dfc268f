"""The report: signed, on one line a scenario whatever others say in it; the command's exit code; the page's tables."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from gateway.conformance import TRIALS, Outcome, Report, Result, report_note
from gateway.conformance.scenarios import SCENARIOS
from gateway.conformance.settings import PartnersFault, load
from gateway.ledger import NoteKey, NoteSigner, ProofError
from gateway.ledger.note import open_note
from tests.cli.command import gateway
from tests.conformance.table import SEATS
from tests.house.source import TOP
from tests.http.axis.places import credential, lenient
from tests.http.town import TOKENS, awaited, town

KEY = ed25519.Ed25519PrivateKey.generate()
NOTARY = NoteSigner(NoteKey("test.invalid", KEY.public_key().public_bytes_raw()), KEY.sign)
AT = datetime(2026, 11, 23, tzinfo=UTC)


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.text(), st.text()), max_size=5))
def test_whatever_words_come_each_result_is_one_line_of_a_note_that_holds(rows: list[tuple[Outcome, str, str]]) -> None:
    report = Report("https://x", AT, [Result("send", by, outcome, reason) for outcome, by, reason in rows])
    note = report_note(report, NOTARY)
    lines = open_note(note, [NOTARY.key]).text.decode().splitlines()
    assert len(lines) == 5 + len(rows)
    assert [line.split(" ")[0] for line in lines[5:]] == [str(outcome) for outcome, _, _ in rows]


def test_a_report_that_was_improved_does_not_hold() -> None:
    note = report_note(Report("x", AT, [Result("send", "a>b", Outcome.FAIL, "lost")]), NOTARY)
    with pytest.raises(ProofError):
        open_note(note.replace(b"fail send", b"pass send"), [NOTARY.key])


def test_nothing_played_is_nothing_passed() -> None:
    passed, failed = Result("send", "a", Outcome.PASS), Result("refuse", "a", Outcome.FAIL)
    assert not Report("x", AT, []).passed
    assert not Report("x", AT, [replace(passed, outcome=Outcome.NOT_RUN)]).passed
    assert Report("x", AT, [passed]).passed
    assert not Report("x", AT, [passed, failed]).passed


@awaited
async def test_the_command_plays_signs_and_says_how_it_ended(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        lenient(here)
        here.clock.now = datetime.now(UTC)  # the command is a process of its own: its day is the real one
        system_id, secret = await credential(here, "tinh")
        rows = {"bo": f'token = "{TOKENS["bo"]}"', "tinh": f'system_id = "{system_id}"\nsecret = "{secret}"'}
        (tmp_path / "partners.toml").write_text(
            "".join(
                f'[[partner]]\nagency = "{SEATS[one].agency}"\nname = "{SEATS[one].name}"\n{row}\n'
                for one, row in rows.items()
            ),
            encoding="utf-8",
        )
        words = ["--against", here.url, "--partners", "partners.toml", "--only", "repeat", "--only", "malformed"]
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "--lang", "vi", "conformance", *words, "--out", "report.txt",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await child.communicate()
    assert child.returncode == 0, out.decode() + err.decode()
    assert "đạt 4, không đạt 0, chưa chạy 0" in out.decode()
    vkey = err.decode().partition("--vkey '")[2].partition("'")[0]
    checked = gateway("conformance", "verify", tmp_path / "report.txt", "--vkey", vkey)
    assert checked.code == 0 and "pass repeat axis>native" in checked.out
    (tmp_path / "report.txt").write_bytes((tmp_path / "report.txt").read_bytes().replace(b"fail=0", b"fail=9"))
    assert gateway("conformance", "verify", tmp_path / "report.txt", "--vkey", vkey).code == 1


@awaited
async def test_the_sandbox_says_what_a_vendor_needs_and_ends_with_a_report(tmp_path: Path) -> None:
    words = ["conformance", "serve", "--port", "0", "--out", str(tmp_path / "report.txt")]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "--lang", "en", *words, stdout=asyncio.subprocess.PIPE, stderr=-3
    )
    assert child.stdout is not None
    told = [(await child.stdout.readline()).decode() for _ in range(6)]
    assert re.search(r"SystemId \S+, SecretKey \S+", told[1]) and "token demo_" in told[2]
    child.send_signal(signal.SIGINT)
    rest = (await child.stdout.read()).decode()
    assert await child.wait() == 1, "nothing was done"
    assert f"not run {len(TRIALS)}" in rest
    vkey = told[4].split()[-1]
    assert open_note((tmp_path / "report.txt").read_bytes(), [NoteKey.parse(vkey)])


@pytest.mark.parametrize(
    "written",
    ["", "=", "partner = 3", '[[partner]]\nagency = "A"\nname = "A"\ntoken = "x"\n', '[[partner]]\nagnecy = "A"\n'],
)
def test_partners_that_cannot_play_are_named(tmp_path: Path, written: str) -> None:
    (tmp_path / "p.toml").write_text(written, encoding="utf-8")
    with pytest.raises(PartnersFault, match=r"p\.toml"):
        load(tmp_path / "p.toml")
    said = gateway("conformance", "--against", "http://127.0.0.1:9", "--partners", tmp_path / "p.toml")
    assert said.code == 1 and "p.toml" in said.err


def test_without_a_gateway_the_remedy_is_named() -> None:
    said = gateway("conformance", lang="en")
    assert said.code == 1 and "--against" in said.err


def test_the_list_and_the_page_name_every_scenario_and_every_trial() -> None:
    listed = gateway("conformance", "list").out
    page = (TOP / "docs" / "conformance.md").read_text(encoding="utf-8")
    for mark, names in (("trials", TRIALS), ("scenarios", SCENARIOS)):
        table = page.partition(f"<!-- {mark}:")[2].partition("## ")[0]
        assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(names)
        assert all(name in listed for name in names)
