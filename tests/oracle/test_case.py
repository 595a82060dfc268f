"""Programs nobody here wrote, and a script that imports nothing of ours, agree about cases and time stamps."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.ledger.archive import pack, unpack
from gateway.ledger.case import Case, write_case
from gateway.ledger.check import check_case
from gateway.ledger.entry import Entry, EntryKind
from gateway.ledger.receipt import write_receipt
from gateway.trust import countersign
from gateway.trust.timestamp import request
from tests.ledger.cases import (
    ACKNOWLEDGED,
    AT,
    LOG,
    acceptance,
    changed,
    evidence,
    facts,
    outcome,
    proven,
    sealed,
    sha,
    whole,
    written,
)
from tests.ledger.ledgers import note_signer
from tests.outside import require
from tests.pki import pki
from tests.tsa import Tsa, authority

pytestmark = pytest.mark.oracle

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = DOCS / "check_case.py"


def stamped() -> tuple[Tsa, Case]:
    tsa = authority()
    case = whole()
    return tsa, replace(case, stamp=tsa.respond(request(case.checkpoint, b"12345678")))


def third_party() -> Case:
    case = whole()
    return replace(case, papers=None, entries=[one for one in case.entries if one.index == 40])


def run(case: bytes, folder: Path, vkey: str = LOG.key.vkey) -> subprocess.CompletedProcess[str]:
    path = folder / "case.asice"
    path.write_bytes(case)
    return subprocess.run([sys.executable, "-I", SCRIPT, vkey, path], capture_output=True, text=True)


def test_the_script_imports_nothing_of_ours_and_is_short() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert "gateway" not in re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("case", [whole(), third_party(), stamped()[1]], ids=["whole", "third party", "stamped"])
def test_the_script_agrees(case: Case, tmp_path: Path) -> None:
    said = run(written(case), tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "FAILED" not in said.stdout and "entries/40.tlog-proof" in said.stdout


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("checkpoint", b"\n50\n", b"\n51\n"),
        ("entries/40.txt", b"H41.02", b"H41.03"),
        ("entries/40.tlog-proof", b"index 40", b"index 41"),
        ("evidence/40-ContentHandover.xml", b'index="40"', b'index="41"'),
        ("receipt.xml", b"<Sender>G22", b"<Sender>G09"),
        ("page.html", b"<h1>", b"<h2>"),
        ("packet/attachments/01", b"7816", b"7817"),
    ],
)
def test_the_script_finds_what_was_changed(tmp_path: Path, name: str, old: bytes, new: bytes) -> None:
    members = unpack(written(whole()))
    assert old in members[name]
    said = run(pack({**members, name: members[name].replace(old, new, 1)}), tmp_path)
    assert said.returncode != 0
    assert "FAILED" in said.stdout or "InvalidSignature" in said.stderr or "KeyError" in said.stderr


def test_the_script_refuses_another_key(tmp_path: Path) -> None:
    assert run(written(whole()), tmp_path, note_signer(seed=bytes([3]) * 32).key.vkey).returncode != 0


def test_openssl_agrees_on_the_time_stamp_and_refuses_it_over_another_checkpoint(tmp_path: Path) -> None:
    openssl = require("openssl")
    tsa, case = stamped()
    members = unpack(written(case))
    for name in ("checkpoint", "checkpoint.tsr"):
        (tmp_path / name).write_bytes(members[name])
    (tmp_path / "tsa.pem").write_bytes(tsa.root.pem)
    command = [openssl, "ts", "-verify", "-data", "checkpoint", "-in", "checkpoint.tsr", "-CAfile", "tsa.pem"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (said.returncode, said.stdout.strip()) == (0, "Verification: OK"), said.stderr
    (tmp_path / "checkpoint").write_bytes(members["checkpoint"].replace(b"\n50\n", b"\n51\n"))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


def commands() -> list[str]:
    """What docs/verify-us.md tells to type, block by block."""
    page = (DOCS / "verify-us.md").read_text(encoding="utf-8")
    return re.findall(r"^```sh_outside\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def sealed_with_the_next_key(*, introduced: bool) -> bytes:
    """A case whose container a later certificate sealed; the ledger says whose it is, or does not."""
    stated, later = facts(sealed(), sha(pki().p256.der)), pki().stranger
    receipt_xml = countersign(write_receipt(stated), pki().gateway.signer, AT)
    key = Entry.of(EntryKind.KEY, AT, which="seal", old=sha(pki().gateway.der), new=sha(later.der))
    accepted, handed = acceptance(stated, receipt_xml), outcome(EntryKind.DELIVER)
    case = changed(proven(accepted, handed, *[key] * introduced), receipt_xml=receipt_xml)
    return write_case(replace(case, evidence=evidence(case)), later.signer, AT)


@pytest.mark.parametrize("introduced", [True, False])
def test_the_page_finds_which_entry_introduces_a_certificate_and_gateway_check_agrees(
    tmp_path: Path, introduced: bool
) -> None:
    for program in ("openssl", "sha256sum"):
        require(program)
    data, name = sealed_with_the_next_key(introduced=introduced), f"certificates/{sha(pki().stranger.der)}.pem"
    for member, content in unpack(data).items():
        (tmp_path / member).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / member).write_bytes(content)
    (block,) = (one for one in commands() if "kind: key" in one)
    said = subprocess.run(["bash", "-eu", "-c", block], cwd=tmp_path, capture_output=True, text=True)
    found = f"entries/{ACKNOWLEDGED}.txt" if introduced else "introduced by no entry in this case"
    assert (said.returncode, said.stdout) == (0, f"{name}: {found}\n"), said.stderr
    report = check_case(data, LOG.key.vkey)
    assert report.holds
    assert ("proven.key" in [one.code for one in report.proven]) is introduced
    assert ("unproven.introduced" in [one.code for one in report.unproven]) is not introduced


def test_every_command_of_the_page_for_court_experts_says_ok(tmp_path: Path) -> None:
    """docs/verify-us.md, run line by line in the folder of an unpacked case."""
    for program in ("openssl", "xmlsec1", "sha256sum"):
        require(program)
    tsa, case = stamped()
    (tmp_path / "case.asice").write_bytes(written(case))
    (tmp_path / "tsa.pem").write_bytes(tsa.root.pem)
    (tmp_path / "check_case.py").write_bytes(SCRIPT.read_bytes())
    blocks = commands()
    script = f"VKEY='{LOG.key.vkey}'\npython3() {{ '{sys.executable}' \"$@\"; }}\n" + "\n".join(blocks)
    said = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    out = said.stdout + said.stderr
    assert said.returncode == 0, out
    assert len(blocks) >= 5
    assert "FAILED" not in out and "Verification: OK" in out and "Signature Verified Successfully" in out
    assert out.count("\nOK\n") >= 3
