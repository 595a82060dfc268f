"""`gateway check` of a sealed overview report, by somebody who was given the file, an authority and a copy of the
ledger, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.exchange.overview import Scope
from gateway.exchange.overview_report import OverviewReport, report
from gateway.exchange.publication import Publisher
from gateway.model.activity import Measure
from gateway.trust import countersign
from tests.cli.command import done, gateway
from tests.exchange.test_overview_report import YEAR, told
from tests.http.town import NOW, PROVINCE, awaited, town
from tests.pki import pki


@dataclass
class Given:
    """What a stranger was given."""

    folder: Path
    one: OverviewReport
    scoped: OverviewReport
    vkey: str

    def archive(self, one: OverviewReport, page: bytes | None = None, seal: bytes | None = None) -> Path:
        path = self.folder / "bao-cao.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(one.page_name, page or one.page)
            archive.writestr(one.seal_name, seal or one.seal)
            archive.writestr("seal.pem", ssl.DER_cert_to_PEM_cert(pki().gateway.der))
        return path

    @property
    def ledger(self) -> tuple[object, ...]:
        return "--ledger", self.folder / "ledger", "--vkey", self.vkey

    def anchor(self, name: str) -> tuple[object, ...]:
        return "--anchor", self.folder / f"{name}.pem"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder, made = tmp_path_factory.mktemp("given"), []
    for name, one in (("issuing", pki().issuing), ("gateway", pki().gateway), ("ministry", pki().p256)):
        (folder / f"{name}.pem").write_bytes(one.pem)

    @awaited
    async def play() -> None:
        async with town(folder) as here:
            await told(here)
            one = await report(here.line, YEAR, Scope(), "nam.html", "Vũ Bình", "vi")
            province = Scope(here.line.directory.agency(PROVINCE))
            scoped = await report(here.line, YEAR, province, "tinh.html", "Vũ Bình", "vi")
            assert await Publisher(here.line, folder / "ledger").once()
            made.append(Given(folder, one, scoped, here.line.notary.key.vkey))

    play()
    return made[0]


def counted(out: str) -> list[tuple[int, str]]:
    """The two columns of figures."""
    return [(int(stated), again) for stated, again in re.findall(r"(\d+) +(\d+|–) *$", out, re.MULTILINE)]


@pytest.mark.parametrize("anchor", ["issuing", "gateway"])
def test_whoever_trusts_the_authority_or_the_certificate_learns_that_the_report_holds(
    given: Given, anchor: str
) -> None:
    said = done("check", given.archive(given.one), *given.anchor(anchor), *given.ledger)
    assert "Báo cáo đúng" in said.out
    figures = counted(said.out)
    assert len(figures) == 9
    assert all(again in {str(stated), "–"} for stated, again in figures)
    assert sum(stated for stated, again in figures if again != "–") > 9, "the story has every figure"
    assert [again for _, again in figures].count("–") == 1
    assert (
        "The report holds"
        in done("check", given.archive(given.one), *given.anchor(anchor), *given.ledger, lang="en").out
    )


def test_a_program_gets_the_same_answer_as_json(given: Given) -> None:
    archive, anchor = given.archive(given.one), given.anchor("gateway")
    said = json.loads(done("check", archive, *anchor, *given.ledger, "--json").out)
    assert said["holds"] and said["counted_again"] and said["page"] == given.one.page_name
    uncounted = [one["figure"] for one in said["figures"] if one["counted_again"] is None]
    assert uncounted == [Measure.OVERDUE]
    assert all(one["counted_again"] in {one["stated"], None} for one in said["figures"])
    alone = json.loads(done("check", archive, *anchor, "--json").out)
    assert not alone["counted_again"], "whoever reads no more than `holds` sees that the seal alone was looked at"
    assert {one["counted_again"] for one in alone["figures"]} == {None}


def test_without_the_ledger_it_says_that_nothing_was_counted(given: Given) -> None:
    said = done("check", given.archive(given.one), *given.anchor("gateway"))
    assert "chưa được đếm lại" in said.out
    assert {again for _, again in counted(said.out)} == {"–"}


def test_the_page_with_its_seal_beside_it_is_the_same_report(given: Given, tmp_path: Path) -> None:
    (tmp_path / given.one.page_name).write_bytes(given.one.page)
    (tmp_path / given.one.seal_name).write_bytes(given.one.seal)
    assert "Báo cáo đúng" in done("check", tmp_path / "nam.html", *given.anchor("gateway"), *given.ledger).out


def test_a_page_or_a_seal_changed_since_is_told(given: Given) -> None:
    page = given.archive(given.one, page=given.one.page.replace(b"Ng", b"ng", 1))
    said = gateway("check", page, *given.anchor("gateway"))
    assert (said.code, "SHA-256" in said.err) == (1, True)
    seal = given.archive(given.one, seal=given.one.seal.replace(b'sent="', b'sent="1'))
    said = gateway("check", seal, *given.anchor("gateway"))
    assert said.code == 1 and "[seal." in said.err


@pytest.mark.parametrize("anchor", ["ministry", None])
def test_a_seal_of_somebody_not_trusted_proves_nothing(given: Given, anchor: str | None) -> None:
    said = gateway("check", given.archive(given.one), *(given.anchor(anchor) if anchor else ()), *given.ledger)
    assert said.code == 1
    assert ("[seal.certificate_untrusted]" if anchor else "--anchor") in said.err
    assert "Báo cáo đúng" not in said.out


def test_a_report_that_lies_under_its_own_true_seal_is_found_out_by_the_ledger(given: Given) -> None:
    unsealed = re.sub(rb"<ds:Signature.*</ds:Signature>", b"", given.one.seal, flags=re.DOTALL)
    lied = re.sub(rb'sent="(\d+)"', lambda found: b'sent="%d"' % (int(found[1]) + 1), unsealed)
    seal = countersign(lied, pki().gateway.signer, NOW)
    said = gateway("check", given.archive(given.one, seal=seal), *given.anchor("gateway"), *given.ledger)
    assert said.code == 1
    assert "Báo cáo sai" in said.out


def test_another_ledger_or_one_cut_short_is_not_counted(given: Given, tmp_path: Path) -> None:
    archive = given.archive(given.one)
    other = tmp_path / "ledger"
    shutil.copytree(given.folder / "ledger", other)
    bundle = next(one for one in (other / "tile" / "entries").rglob("*") if one.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"accept", b"refuse", 1))
    said = gateway("check", archive, *given.anchor("gateway"), "--ledger", other, "--vkey", given.vkey)
    assert said.code == 1 and "không phải sổ cái" in said.err
    wrong_key = given.vkey[:-4] + "AAA="
    assert gateway("check", archive, *given.anchor("gateway"), *given.ledger[:3], wrong_key).code == 1
    assert gateway("check", archive, *given.anchor("gateway"), *given.ledger[:2]).code == 1
    assert gateway("check", archive, *given.anchor("gateway"), "--ledger", tmp_path, "--vkey", given.vkey).code == 1


def test_figures_of_one_agency_are_not_the_ledgers_to_tell(given: Given) -> None:
    archive = given.archive(given.scoped)
    assert "kỳ 2026" in done("check", archive, *given.anchor("gateway")).out
    said = gateway("check", archive, *given.anchor("gateway"), *given.ledger)
    assert said.code == 1 and "tại Trục" in said.err


def test_a_case_still_asks_for_the_ledgers_key(tmp_path: Path) -> None:
    (tmp_path / "case").write_bytes(b"no archive")
    said = gateway("check", tmp_path / "case")
    assert (said.code, "--vkey" in said.err) == (2, True)
