"""What the demo leaves in a folder: everything an outsider needs to check it with programs nobody here wrote."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from gateway import config
from gateway.demo.cast import certificate_pem
from gateway.demo.output_readme import readme
from gateway.demo.papers import Paper
from gateway.demo.stage import ANCHOR, Stage, write_new
from gateway.demo.theatre import Book

SUMMARY = "summary.json"
SCRIPT = "check_proofs.py"


def is_free(out: Path) -> bool:
    """Whether the folder is new, empty, or left by an earlier demo."""
    return not out.exists() or not any(out.iterdir()) or all((out / name).is_file() for name in (SUMMARY, SCRIPT))


def leave(out: Path, book: Book, stage: Stage, summary: Mapping[str, object], at: datetime) -> None:
    """Write the evidence into a free folder; what an earlier demo left there goes. `at`: when it was played."""
    if out.exists():
        for old in out.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    seal_certificate = config.load(stage.config).keys.seal_certificate
    write_new(out / "certificates/demo-ca.pem", (stage.folder / ANCHOR).read_bytes())
    write_new(out / "certificates/gateway.pem", seal_certificate.read_bytes())
    for one in stage.cast.players:
        write_new(out / f"certificates/{one.agency}.pem", certificate_pem(one.signer))
    for sent in book.sent:
        _packet(out / "packets" / sent.label, sent.paper)
        write_new(out / f"receipts/{sent.label}.xml", sent.receipt)
        write_new(out / f"cases/{sent.label}.case.asice", book.cases[sent.accepted.dispatch_id])
    for turned in book.turned:
        _packet(out / "refused" / turned.label, turned.paper)
    _proofs(out / "proofs", book)
    write_new(out / "checkpoint", book.checkpoint)
    write_new(out / "ledger.vkey", f"{stage.vkey}\n".encode())
    write_new(out / SCRIPT, files("gateway.demo").joinpath(SCRIPT).read_bytes())
    write_new(out / "README.md", readme(book, at))
    write_new(out / SUMMARY, (json.dumps(summary, ensure_ascii=False, indent=2) + "\n").encode())


def _packet(folder: Path, paper: Paper) -> None:
    """A packet both ways: the field's one file, and the envelope with its attachments beside it by content id."""
    write_new(folder / "packet.edxml", paper.file)
    write_new(folder / "envelope.edxml", paper.skeleton)
    for number, one in enumerate(paper.enclosures):
        write_new(folder / f"{201 + number}-{one.name}", one.data)


def _proofs(folder: Path, book: Book) -> None:
    """Every entry and its proof, taken out of the case files; an entry may stand in several."""
    members: dict[str, bytes] = {}
    for case in book.cases.values():
        with zipfile.ZipFile(io.BytesIO(case)) as archive:
            members |= {name: archive.read(name) for name in archive.namelist() if name.startswith("entries/")}
    for name, content in members.items():
        write_new(folder / name.removeprefix("entries/"), content)
