"""What the demo leaves can be checked by programs nobody here wrote, with the commands its own page gives."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.demo.output import is_free
from gateway.ledger import check_case
from tests.demo.played import Played
from tests.outside import require

pytestmark = pytest.mark.oracle

PROGRAMS = ("bash", "xmlsec1", "openssl", "sha256sum", "python3")
FORGERIES = {"refused/swapped", "refused/changed", "refused/broken"}


def _check(folder: Path) -> list[tuple[str, str]]:
    """Run the page's commands in a folder: what was checked, and the verdict."""
    bash, *_ = (require(program) for program in PROGRAMS)
    page = (folder / "README.md").read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    said = subprocess.run([bash, "-u"], input=commands, cwd=folder, capture_output=True, text=True, timeout=60)
    assert said.stderr == ""
    return re.findall(r"(\S[^,\n]*?): (OK|FAILED)", said.stdout)


def _failed(verdicts: list[tuple[str, str]]) -> set[str]:
    return {what for what, verdict in verdicts if verdict == "FAILED"}


@pytest.fixture
def copy(played: Played, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played.out, tmp_path / "out"))


def test_every_command_of_the_page_finds_what_the_page_says(copy: Path) -> None:
    verdicts = _check(copy)
    assert _failed(verdicts) == FORGERIES
    checked = {what for what, _ in verdicts}
    files = (*copy.glob("packets/*"), *copy.glob("receipts/*"), *copy.glob("certificates/*"))
    assert len(files) > 25
    assert {str(file.relative_to(copy)) for file in (*files, *copy.glob("proofs/*.tlog-proof"))} <= checked
    assert {"checkpoint", *FORGERIES} < checked
    assert sum(" = receipts/" in what for what in checked) == len(list(copy.glob("packets/*")))


def test_the_commands_say_no_where_somebody_tampered(copy: Path) -> None:
    attachment, envelope = copy / "packets/01-new/201-van-ban.pdf", copy / "packets/06-update/envelope.edxml"
    attachment.write_bytes(attachment.read_bytes() + b" ")
    envelope.write_bytes(envelope.read_bytes() + b" ")
    _replace(copy / "packets/05-new/packet.edxml", "V/v lịch", "V/v Lịch")
    _replace(copy / "receipts/07-replace.xml", "admitted", "refused")
    proof = next(path for path in copy.glob("proofs/*.txt") if "kind: deliver" in path.read_text())
    _replace(proof.with_suffix(".tlog-proof"), "index ", "index 1")
    failed = _failed(_check(copy)) - FORGERIES
    assert {"packets/01-new", "packets/05-new", "receipts/07-replace.xml"} < failed
    assert str(proof.with_suffix(".tlog-proof").relative_to(copy)) in failed
    labels = {what.partition(" = ")[0] for what in failed if " = receipts/" in what}
    assert labels == {"packets/01-new", "packets/06-update", "packets/07-replace"}


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_checkpoint_of_another_root_is_found(copy: Path) -> None:
    origin, size, root, *rest = (copy / "checkpoint").read_text(encoding="utf-8").split("\n")
    other = ("A" if root[0] != "A" else "B") + root[1:]
    (copy / "checkpoint").write_text("\n".join([origin, size, other, *rest]), encoding="utf-8")
    failed = _failed(_check(copy))
    assert "checkpoint" in failed
    assert {str(path.relative_to(copy)) for path in copy.glob("proofs/*.tlog-proof")} <= failed


def test_every_seal_covers_the_envelope_its_attachments_and_its_own_properties(played: Played) -> None:
    for folder in played.out.glob("packets/*"):
        packet = (folder / "packet.edxml").read_text(encoding="utf-8")
        uris = re.findall(r"<(?:\w+:)?Reference [^>]*URI=\"([^\"]*)\"", packet)
        attachments = [f"cid:{path.name.split('-')[0]}" for path in sorted(folder.glob("[0-9]*-*"))]
        assert uris == ["#envelope", *attachments, "#signed-properties"]


def test_every_case_holds(played: Played) -> None:
    vkey = (played.out / "ledger.vkey").read_text(encoding="utf-8").strip()
    cases = list(played.out.glob("cases/*.case.asice"))
    assert len(cases) == played.summary["proofs_checked"]
    assert all(check_case(case.read_bytes(), vkey).holds for case in cases)


def test_the_summary_lies_beside_it(played: Played) -> None:
    assert json.loads((played.out / "summary.json").read_text(encoding="utf-8")) == played.summary


def test_all_four_business_types_and_the_status_packets_are_there(played: Played) -> None:
    kinds = [path.name.partition("-")[2] for path in sorted(played.out.glob("packets/*"))]
    assert kinds == [
        "new", "status-01", "status-03", "status-02", "new", "update", "replace", "recall", "status-15",
    ]  # fmt: skip


def test_nothing_secret_is_left(played: Played) -> None:
    for path in played.out.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"PRIVATE KEY" not in content, path
            assert b"demo_" not in content, path


def test_a_second_demo_may_write_over_the_first(tmp_path: Path) -> None:
    assert is_free(tmp_path / "new")
    assert is_free(tmp_path)
    (tmp_path / "summary.json").touch()
    assert not is_free(tmp_path)
    (tmp_path / "check_proofs.py").touch()
    assert is_free(tmp_path)
