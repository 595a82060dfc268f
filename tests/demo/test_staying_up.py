"""`gateway demo`: it stays up, what it says to try works, and it goes when told."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

from tests.demo.played import Staying, staying_up
from tests.outside import require


def test_what_it_says_to_try_works_and_ctrl_c_ends_it(staying: Staying) -> None:
    curl = require("curl")
    told = staying.until("Ctrl-C")
    submitted, asked, checkpoint = (_tried(curl, line) for line in told if line.strip().startswith("curl "))
    assert set(json.loads(submitted)) >= {"dispatch_id", "ledger_index"}
    assert json.loads(asked)["code"] == "01/BM-VP"
    assert checkpoint.startswith("DEMO.invalid/ledger\n")
    url = next(line.split()[0] for line in told if "/openapi.json" in line)
    with urllib.request.urlopen(url) as answer:
        assert json.load(answer)["openapi"].startswith("3.")
    _entered(told, url.removesuffix("/openapi.json"))
    kit = next(line for line in told if "gateway conformance --against" in line)
    assert _kit(kit, "--only", "send", "--only", "recall-13-15").count("pass ") == 16  # two partners, two doors each

    staying.until("90/BM-VP")
    staying.until("90/BM-VP")  # both addressees of the spare packet took it

    submit = next(line for line in told if line.strip().startswith("curl ") and "/v1/packets" in line)
    _recalled(submit.strip(), json.loads(submitted)["dispatch_id"], url.removesuffix("/openapi.json"))
    staying.until("13")
    staying.until("13")  # both are told that it is asked back, and go on

    folder = next(Path(line.split()[0]) for line in told if "truc-demo-" in line)
    assert (folder / "gateway.log").stat().st_size > 0
    staying.process.send_signal(signal.SIGINT)
    rest = list(staying.lines)
    assert staying.process.wait(timeout=30) == 0
    assert json.loads(rest[-1])["ok"] is True
    assert not folder.exists()


def _entered(told: list[str], url: str) -> None:
    """Each of the people it names enters with the password beside the name, and comes to the page of their role."""
    first = next(number for number, line in enumerate(told) if "no second factor" in line) + 1
    pages = []
    for line in told[first : first + 5]:
        key, password, *name = line.split()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        form = urllib.parse.urlencode({"key": key, "password": password, "code": "", "then": "/"})
        with browser.open(f"{url}/console/enter", form.encode()) as answer:
            pages.append(answer.url.removeprefix(f"{url}/console/"))
            page = answer.read().decode()
        assert " ".join(name) in page
        pressing = page.partition('class="pressing"')[2].partition("</ol>")[0]
        assert ("91/BM-VP" in pressing) is (pages[-1] == "today")  # what is past its day waits for both its clerks
        if pages[-1] == "health":
            with browser.open(f"{url}/console/deliveries?which=held") as answer:
                assert "Ủy ban nhân dân xã Xa" in answer.read().decode()  # and what is held back for the operator
    assert pages == ["today", "today", "ledger", "health", "overview"]


def _recalled(submit: str, dispatch: str, url: str) -> None:
    """The visitor asks the packet back that the page said to send."""
    bearer = next(one for one in shlex.split(submit) if one.startswith("Authorization: Bearer "))
    recall = urllib.request.Request(
        f"{url}/v1/dispatches/{dispatch}/recall",
        json.dumps({"reason": "Gửi nhầm"}).encode(),
        {"Authorization": bearer.partition(": ")[2], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(recall) as answer:
        assert len(json.load(answer)["addressees"]) == 2


def _tried(curl: Path, line: str) -> str:
    """What a command of the page answers."""
    _, *arguments = shlex.split(line)
    return subprocess.run([curl, "-sS", "--fail", *arguments], capture_output=True, text=True, check=True).stdout


def _kit(line: str, *more: str) -> str:
    """What the test kit says, with the partners the demo made for it."""
    _, *arguments = shlex.split(line)
    command = [sys.executable, "-m", "gateway", "--lang", "en", *arguments, *more]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_it_can_be_stopped_in_the_middle() -> None:
    with staying_up("--lang", "vi") as one:
        one.until("2. ")
        one.process.send_signal(signal.SIGTERM)
        rest = list(one.lines)
        assert one.process.wait(timeout=30) == 130
    assert "Đã dừng" in rest[-1]
