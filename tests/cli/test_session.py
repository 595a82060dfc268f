"""A document's whole way by the command alone: a real gateway in its own process, two agencies, one proof.

Everything is made the way the pages tell an operator and an integrator to make it; the clock is the machine's.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import edxml
from gateway.ledger.cosignature import WitnessKey
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Document, Organ, OtherInfo, ResponseFor, Signer
from gateway.trust import seal
from gateway.trust.timestamp import request
from tests.cli.command import Said, done, gateway
from tests.cli.test_naughty import ARGUMENTS, told
from tests.house.source import TOP
from tests.ledger.cases import LOG, whole, written
from tests.pki import Identity, p256, self_issued
from tests.tsa import authority
from tests.vectors.packets import DOCUMENT

MINISTRY, PROVINCE = "G99", "H99"
NOW = datetime.now(UTC)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 5_000
"""Large enough to travel as a part, and to lie in the blob folder."""


@dataclass(frozen=True)
class Place:
    """A running gateway, the client files of two systems, and the ministry's key."""

    folder: Path
    url: str
    vkey: str
    ministry: Identity
    root: Identity

    def as_ministry(self, verb: str, *arguments: object) -> Said:
        return gateway(verb, *arguments, "--client", self.folder / "bo.toml", "--url", self.url)

    def as_province(self, verb: str, *arguments: object) -> Said:
        return gateway(verb, *arguments, "--client", self.folder / "tinh.toml", "--url", self.url)

    def delivery_of(self, dispatch: str) -> dict[str, Any]:
        """The only delivery of a dispatch, as its sender sees it."""
        ((delivery,),) = (one["deliveries"] for one in self.as_ministry("status", dispatch, "--json").json)
        return delivery

    def packet(self, number: str, **changes: object) -> Path:
        """A sealed document of today, with one attachment, as a file of the field."""
        ours = {
            "sender": Organ(MINISTRY, "Bộ Mẫu"),
            "addressees": (Organ(PROVINCE, "Tỉnh Mẫu"),),
            "document_id": f"{MINISTRY},{NOW:%Y/%m/%d},{number}/BM",
            "code_number": number,
            "promulgated_on": f"{NOW:%Y/%m/%d}",
            "due_on": None,
        }
        return self.file(f"{number}.edxml", replace(DOCUMENT, **(ours | changes)))

    def file(self, name: str, document: Document) -> Path:
        attachment = edxml.NewAttachment("209", "application/pdf", "cong-van.pdf")
        skeleton = edxml.write(document, [attachment])
        writer = edxml.PartWriter(edxml.Limits(), _Kept())
        writer.write(PDF)
        digest = writer.finish("209").sha256
        sealed = seal(skeleton, [("209", digest)], self.ministry.signer, NOW)
        path = self.folder / name
        path.write_bytes(b"".join(edxml.inline(sealed, [[PDF]])))
        return path


class _Kept:
    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("truc")
    started = NOW - timedelta(hours=1)
    valid = {"starts_at": started, "ends_at": NOW + timedelta(days=1)}
    root = self_issued("Root of the session", p256(), authority=True, **valid)
    ministry = root.issue("Bộ Mẫu", p256(), **valid)
    (folder / "root.pem").write_bytes(root.pem)
    (folder / "g99.pem").write_bytes(ministry.pem)
    (folder / "agencies.csv").write_text(
        "key,name,ids,parent,starts_at,ends_at,successor,certificates\n"
        f"{MINISTRY},Bộ Mẫu,000.00.00.G99,,,,,g99.pem\n{PROVINCE},Tỉnh Mẫu,000.00.00.H99,,,,,\n",
        encoding="utf-8",
    )
    home = folder / "gateway.toml"
    vkey = done("init", folder, "--origin", "truc.test/ledger").out.splitlines()[-1]
    written = home.read_text(encoding="utf-8")
    for key, value in {"port": "0", "anchors": '["root.pem"]', "format": '"console"'}.items():
        written = re.sub(rf"^{key} = .*$", f"{key} = {value}", written, count=1, flags=re.MULTILINE)
    home.write_text(written, encoding="utf-8")
    done("directory", "import", folder / "agencies.csv", "--config", home)
    for key, agency in (("bo", MINISTRY), ("tinh", PROVINCE)):
        facts = ("--name", key, "--speaks-for", agency, "--client-file", folder / f"{key}.toml")
        done("peer", "add", key, *facts, "--config", home)
    log = folder / "gateway.log"
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "gateway", "--lang", "en", "serve", "--config", home]
        server = subprocess.Popen(command, cwd=TOP, stderr=stderr)
    try:
        yield Place(folder, _url(server, log), vkey, ministry, root)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=120) == 0, log.read_text(encoding="utf-8")
        assert "nothing is left half done" in log.read_text(encoding="utf-8")
    finally:
        server.kill()
        server.wait()


def _url(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where the gateway says it answers."""
    until_s = time.monotonic() + 120
    while time.monotonic() < until_s and server.poll() is None:
        if found := re.search(r"http://\S+?:\d+", log.read_text(encoding="utf-8")):
            return found.group()
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def test_a_document_is_submitted_collected_acknowledged_and_proven(place: Place, tmp_path: Path) -> None:
    packet, receipt = place.packet("101"), tmp_path / "receipt.xml"
    accepted = place.as_ministry("submit", packet, "--receipt", receipt, "--json")
    assert accepted.code == 0, accepted.err
    dispatch = accepted.json["dispatch_id"]
    assert b"<" in receipt.read_bytes()

    waiting = place.as_province("inbox", "--wait", 10, "--json").json["deliveries"]
    delivery = next(one["delivery_id"] for one in waiting if one["dispatch_id"] == dispatch)
    assert delivery in place.as_province("inbox").out

    assert place.as_province("fetch", delivery, "--out", tmp_path / "in").code == 0
    assert (tmp_path / "in" / f"{delivery}.edxml").read_bytes() == packet.read_bytes()
    assert (tmp_path / "in" / delivery / "cong-van.pdf").read_bytes() == PDF
    whole = tmp_path / "one.edxml"
    assert place.as_province("fetch", delivery, "--out", whole, "--json").json["packet_digest"]
    assert whole.read_bytes() == packet.read_bytes()

    assert "đã xác nhận" in place.as_province("acknowledge", delivery).out
    status = place.as_ministry("status", dispatch)
    assert "đã xác nhận" in status.out
    found = place.as_ministry("status", "--document-id", f"{MINISTRY},{NOW:%Y/%m/%d},101/BM", "--json").json
    assert [one["id"] for one in found] == [dispatch]

    case = tmp_path / "case.asice"
    proved = place.as_ministry("prove", dispatch, "--out", case)
    assert proved.code == 0, proved.err
    checked = gateway("check", case, "--vkey", place.vkey, "--json")
    assert checked.code == 0, checked.out + checked.err
    assert checked.json["holds"] is True
    assert checked.json["proven"]
    assert "Hồ sơ đúng." in done("check", case, "--vkey", place.vkey).out
    again = place.as_ministry("prove", dispatch, "--out", case)
    assert (again.code, "đã có tệp" in again.err) == (1, True)

    handed = next(one["index"] for one in place.as_ministry("evidence", dispatch, "--json").json
                  if one["event"] == "ConsignmentAcceptance")  # fmt: skip
    alone = tmp_path / "event.asice"
    assert place.as_ministry("prove", dispatch, "--event", handed, "--for-third-party", "-o", alone).code == 0
    shown = done("check", alone, "--vkey", place.vkey)
    assert "Hồ sơ đúng." in shown.out and "bản ghi tiếp nhận không có trong hồ sơ này" in shown.out
    assert place.as_ministry("prove", dispatch, "--event", handed).code == 2, "who gets it must be said"


def test_check_is_told_whose_time_stamps_and_witnesses_count(tmp_path: Path) -> None:
    tsa = authority()
    case = replace(whole(), stamp=tsa.respond(request(whole().checkpoint, b"12345678")))
    (tmp_path / "case.asice").write_bytes(written(case))
    (tmp_path / "tsa.pem").write_bytes(tsa.root.pem)
    witness = WitnessKey("witness.example", bytes(32)).vkey
    (tmp_path / "witness").write_text(witness, encoding="utf-8")
    beside = ("--vkey", LOG.key.vkey, "--tsa-ca", tmp_path / "tsa.pem", "--witness", tmp_path / "witness")
    said = gateway("check", tmp_path / "case.asice", *beside)
    assert said.code == 0, said.out
    assert "Đồng hồ Kiểm thử" in said.out and "witness.example" in said.out


def test_the_same_packet_again_is_the_same_receipt(place: Place, tmp_path: Path) -> None:
    packet = place.packet("102")
    first = place.as_ministry("submit", packet, "--receipt", tmp_path / "1.xml", "--json").json
    second = place.as_ministry("submit", packet, "--receipt", tmp_path / "2.xml", "--json").json
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert first["dispatch_id"] == second["dispatch_id"]
    assert (tmp_path / "1.xml").read_bytes() == (tmp_path / "2.xml").read_bytes()
    assert "như cũ" in place.as_ministry("submit", packet).out


def test_a_refusal_names_the_reason_and_what_to_do(place: Place) -> None:
    said = place.as_ministry("submit", place.packet("103", addressees=(Organ("H77", "Không có"),)))
    assert said.code == 1
    assert said.out == ""
    assert "[authority.unknown_addressee]" in said.err
    assert "gợi ý" in said.err


def test_an_addressee_refuses_and_the_sender_reads_why(place: Place) -> None:
    dispatch = place.as_ministry("submit", place.packet("104"), "--json").json["dispatch_id"]
    (delivery,) = place.as_ministry("status", dispatch, "--json").json[0]["deliveries"]
    refused = place.as_province("acknowledge", delivery["id"], "--refuse", "Gửi nhầm nơi nhận")
    assert "bị từ chối" in refused.out
    status = place.as_ministry("status", dispatch).out
    assert "bị từ chối" in status
    assert "Gửi nhầm nơi nhận" in status


def test_since_when_and_why_stays_beside_the_status_when_people_report_later(place: Place) -> None:
    dispatch = place.as_ministry("submit", place.packet("144"), "--json").json["dispatch_id"]
    (delivery,) = place.as_ministry("status", dispatch, "--json").json[0]["deliveries"]
    place.as_province("acknowledge", delivery["id"], "--refuse", "Gửi nhầm nơi nhận")
    place.as_province("report", delivery["id"], "02", "--text", "Không thuộc thẩm quyền")
    (delivery,) = place.as_ministry("status", dispatch, "--json").json[0]["deliveries"]
    refused, reported = delivery["timeline"][-2:]
    assert (refused["event"], reported["event"]) == ("refused", "status_02")
    row = next(line for line in place.as_ministry("status", dispatch).out.splitlines() if delivery["id"] in line)
    assert "Gửi nhầm nơi nhận; Không thuộc thẩm quyền" in row
    at = datetime.fromisoformat(refused["at"]).astimezone(VIET_NAM)
    assert f"{at:%H:%M:%S}" in row


def test_a_status_and_a_recall_go_round_by_the_command_alone(place: Place) -> None:
    dispatch = place.as_ministry("submit", place.packet("130"), "--json").json["dispatch_id"]
    (delivery,) = place.as_ministry("status", dispatch, "--json").json[0]["deliveries"]
    place.as_province("acknowledge", delivery["id"])
    assert "đã tiếp nhận" in place.as_province("report", delivery["id"], "03", "--text", "Số đến 412").out
    assert "đã tiếp nhận" in place.as_ministry("status", dispatch).out
    asked = place.as_ministry("recall", dispatch, "--reason", "Gửi nhầm", "--from", PROVINCE)
    assert "chờ trả lời" in asked.out, asked.err
    assert place.as_province("report", delivery["id"], "16", "--text", "Đã giải quyết", "--json").json["code"] == "16"
    assert "bị từ chối" in place.as_ministry("status", dispatch).out
    assert "thu hồi" in place.as_ministry("versions", dispatch).out
    assert len(place.as_ministry("versions", dispatch, "--thread", "--json").json) == 2
    assert place.as_province("report", delivery["id"], "13").code == 2


def test_what_people_write_reaches_the_other_side_as_written_or_is_refused_in_words(place: Place) -> None:
    """Nasty strings as the words of a status, of a recall and of a refusal."""
    dispatch = place.as_ministry("submit", place.packet("150"), "--json").json["dispatch_id"]
    delivery = place.delivery_of(dispatch)["id"]
    place.as_province("acknowledge", delivery)
    reported, recalled, refused = [], [], {}
    for number, text in enumerate(ARGUMENTS):
        if told(place.as_province("report", delivery, "05", "--text", text), text).code == 0:
            reported.append(text)
        if told(place.as_ministry("recall", dispatch, "--reason", text), text).code == 0:
            recalled.append(text)
        other = place.as_ministry("submit", place.packet(f"15{number}a"), "--json").json["dispatch_id"]
        refusal = ("--refuse", text)
        if told(place.as_province("acknowledge", place.delivery_of(other)["id"], *refusal), text).code == 0:
            refused[other] = text
    timeline = place.delivery_of(dispatch)["timeline"]
    assert [one["detail"] for one in timeline if one["event"] == "status_05"] == reported
    assert {one: place.delivery_of(one)["timeline"][-1]["detail"] for one in refused} == refused
    for one in (dispatch, *refused):
        told(place.as_ministry("status", one), one)
    assert min(map(len, (reported, recalled, refused))) > len(ARGUMENTS) / 2


def test_another_agencys_document_is_not_there(place: Place) -> None:
    said = place.as_ministry("status", "01KB2M7Q0N5W4Z8T3R6Y9C1D2E")
    assert said.code == 1
    assert "[request.not_found]" in said.err


@pytest.mark.parametrize("token", ["truc_a\ntruc_b", "truc_a b", "mã"])
def test_what_cannot_be_a_token_is_said_before_anything_is_sent(place: Place, token: str) -> None:
    said = gateway("inbox", "--url", place.url, "--token", token, lang="en")
    assert said.code == 1 and "is none" in said.err and token not in said.err


def test_a_wrong_token_is_refused_without_saying_more(place: Place) -> None:
    said = gateway("inbox", "--url", place.url, "--token", "truc_wrong")
    assert said.code == 1
    assert "[peer.unauthenticated]" in said.err


def test_a_system_let_in_while_the_gateway_runs_is_known_within_seconds(place: Place) -> None:
    home = place.folder / "gateway.toml"
    token = done("peer", "add", "moi", "--name", "Mới", "--speaks-for", PROVINCE, "--config", home).out.strip()
    until_s = time.monotonic() + 120
    while gateway("inbox", "--url", place.url, "--token", token).code and time.monotonic() < until_s:
        time.sleep(0.2)
    assert gateway("inbox", "--url", place.url, "--token", token).code == 0


def test_examine_asks_the_gateway_and_records_nothing(place: Place) -> None:
    packet = place.packet("105")
    assert place.as_ministry("examine", packet, "--ask").code == 0
    bad = place.as_ministry("examine", place.packet("106", addressees=(Organ("H77"),)), "--ask", "--json")
    assert bad.code == 1
    assert "authority.unknown_addressee" in {one["reason"] for one in bad.json["findings"]}
    assert place.as_ministry("submit", packet, "--json").json["repeated"] is False


def test_examine_offline_finds_what_is_wrong_with_the_packet_itself(place: Place, tmp_path: Path) -> None:
    packet = place.packet("107")
    pems = ("--sender", place.folder / "g99.pem", "--anchor", place.folder / "root.pem")
    good = gateway("examine", packet)
    assert good.code == 0
    assert "chưa kiểm tra" in good.out
    sealed = done("examine", packet, *pems, "--json").json
    assert sealed["verdict"] == "nothing_found"
    assert "Bộ Mẫu" in sealed["seal"]["subject"]
    spoilt = tmp_path / "spoilt.edxml"
    spoilt.write_bytes(packet.read_bytes().replace("Công khai".encode(), "Công Khai".encode()))
    said = gateway("examine", spoilt, *pems, "--json").json
    assert (said["verdict"], "seal.digest" in {one["reason"] for one in said["findings"]}) == ("refused", True)
    cut = tmp_path / "cut.edxml"
    cut.write_bytes(packet.read_bytes()[:-9])
    said = gateway("examine", cut)
    assert said.code == 1
    assert "[xml.malformed]" in said.err


OFFLINE = ("--directory", "agencies.csv", "--anchor", "root.pem")


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("120", {}),
        ("121", {"addressees": (Organ("H77", "Không có"), Organ(PROVINCE, "Tỉnh Mẫu"))}),
        ("122", {"promulgated_on": "2026/02/30"}),
        ("123", {"subject": "MẬT: V/v phương án"}),
        ("124", {"signer": Signer("KT. TL. BỘ TRƯỞNG", "THỨ TRƯỞNG", "GS.TS Nguyễn Văn Mẫu")}),
        ("125", {"code_notation": "Sai Ký Hiệu", "other": OtherInfo(priority="9")}),
    ],
)
def test_with_a_directory_file_the_offline_examination_is_the_doors_own(
    place: Place, number: str, changes: dict[str, object]
) -> None:
    """Reason, place, words and severity of every finding; and the verdict."""
    packet = place.packet(number, **changes)
    door = place.as_ministry("examine", packet, "--ask", "--json")
    files = [place.folder / one if one[0] != "-" else one for one in OFFLINE]
    here = gateway("examine", packet, *files, "--json")
    told = [
        sorted(
            (one["reason"], one["severity"], one["path"], one["line"], one["detail"]) for one in said.json["findings"]
        )
        for said in (door, here)
    ]
    assert told[0] == told[1]
    assert here.code == door.code == (1 if any(one[1] == "refuse" for one in told[0]) else 0)


def test_a_directory_file_without_an_authority_is_misuse(place: Place) -> None:
    said = gateway("examine", place.packet("126"), "--directory", place.folder / "agencies.csv")
    assert said.code == 2 and "--anchor" in said.err


def test_check_names_the_part_that_was_changed(place: Place, tmp_path: Path) -> None:
    dispatch = place.as_ministry("submit", place.packet("108"), "--json").json["dispatch_id"]
    case = tmp_path / f"{dispatch}.case.asice"
    place.as_ministry("prove", dispatch, "--out", case)
    data = case.read_bytes()
    (tmp_path / "vkey").write_text(place.vkey + "\n", encoding="utf-8")
    assert gateway("check", case, "--vkey", tmp_path / "vkey").code == 0
    broken = tmp_path / "broken.zip"
    broken.write_bytes(data.replace(b"addressees: H99", b"addressees: H98"))
    said = gateway("check", broken, "--vkey", place.vkey)
    assert said.code == 1
    assert "KHÔNG đúng" in said.out
    assert "✗" in said.out
    other = place.vkey[:-2] + ("A=" if not place.vkey.endswith("A=") else "E=")
    assert gateway("check", case, "--vkey", other).code == 1
    shutil.copy(case, tmp_path / "copy.zip")
    assert gateway("check", tmp_path / "copy.zip", "--vkey", place.vkey).code == 0


def test_examine_offline_claims_nothing_about_a_directory_it_has_not_seen(place: Place) -> None:
    answered = tuple(
        ResponseFor(one, "1/UBND", f"{NOW:%Y/%m/%d}", f"{one},{NOW:%Y/%m/%d},1/UBND") for one in ("H14", PROVINCE)
    )
    said = gateway("examine", place.packet("109", response_for=answered), "--json")
    assert not [one for one in said.json["findings"] if "danh bạ" in one["detail"]]
    warned = gateway("examine", place.packet("109", other=OtherInfo(priority="9")))
    hints = [line for line in warned.err.splitlines() if line.startswith("gateway: gợi ý:")]
    assert len(hints) == len(set(hints))


def test_a_refusal_of_the_gateway_is_told_with_its_line(place: Place, tmp_path: Path) -> None:
    cut = tmp_path / "cut.edxml"
    cut.write_bytes(place.packet("110").read_bytes()[:3_000])
    for verb in (("submit", cut), ("examine", cut, "--ask")):
        said = place.as_ministry(*verb)
        assert said.code == 1
        assert re.search(r"\[xml\.malformed\] \(dòng \d+", said.err), said.err


def test_documents_that_enclose_files_of_one_name_are_fetched_into_one_folder(place: Place, tmp_path: Path) -> None:
    for number in ("111", "112"):
        assert place.as_ministry("submit", place.packet(number)).code == 0
    waiting = place.as_province("inbox", "--json").json["deliveries"]
    kept = [place.as_province("fetch", one["delivery_id"], "--out", tmp_path, "--json").json for one in waiting]
    attachments = {row["path"] for one in kept for row in one["attachments"]}
    assert len(attachments) == sum(len(one["attachments"]) for one in kept) >= 2
    assert all(Path(path).read_bytes() == PDF for path in attachments)


def test_a_refusal_without_a_reason_is_no_acknowledgement(place: Place) -> None:
    dispatch = place.as_ministry("submit", place.packet("113"), "--json").json["dispatch_id"]
    (delivery,) = place.as_ministry("status", dispatch, "--json").json[0]["deliveries"]
    assert place.as_province("acknowledge", delivery["id"], "--refuse", "").code == 1
    (delivery,) = place.as_ministry("status", dispatch, "--json").json[0]["deliveries"]
    assert delivery["status"] == "queued"


def test_a_receipt_that_is_kept_already_is_not_written_over_and_the_same_one_is_no_fault(
    place: Place, tmp_path: Path
) -> None:
    packet, receipt = place.packet("114"), tmp_path / "receipt.xml"
    for _ in range(2):
        assert place.as_ministry("submit", packet, "--receipt", receipt).code == 0
    receipt.write_text("another", encoding="utf-8")
    assert place.as_ministry("submit", packet, "--receipt", receipt).code == 1
    assert receipt.read_text(encoding="utf-8") == "another"


def test_people_read_instants_in_viet_nams_time(place: Place) -> None:
    dispatch = place.as_ministry("submit", place.packet("115"), "--json").json["dispatch_id"]
    said = place.as_ministry("status", dispatch).out
    assert re.search(r" \d\d:\d\d:\d\d\+07:00", said)
    assert "+00:00" not in said


def test_evidence_is_shown_in_words_and_written_where_asked(place: Place, tmp_path: Path) -> None:
    dispatch = place.as_ministry("submit", place.packet("127"), "--json").json["dispatch_id"]
    said = place.as_ministry("evidence", dispatch, "--out", tmp_path)
    assert said.code == 0
    assert "Trục đã nhận gói tin" in said.out and "ContentConsignment" in said.out
    written = sorted(path.name.partition("-")[2] for path in tmp_path.iterdir())
    assert written == ["ContentConsignment.xml", "SubmissionAcceptance.xml"]
    assert place.as_ministry("evidence", dispatch, "--out", tmp_path).code == 1, "nothing is written over"
    listed = place.as_ministry("evidence", dispatch, "--json").json
    assert [one["event"] for one in listed] == ["SubmissionAcceptance", "ContentConsignment"]
