"""Nasty strings through the axis's door, in packets, in registerAgency's JSON, in headers: answered in JSON of ASCII
with what was said or with a reason, and logged on visible lines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

from gateway import edxml
from gateway.model.packet import Document, Organ, ResponseFor, Staff, Status
from gateway.model.reasons import Reason
from tests.http.axis.places import credential, file, lenient, service
from tests.http.axis.sdk import Reply, Service
from tests.http.town import DOCUMENT_ID, MINISTRY, PROVINCE, awaited, town
from tests.vectors.naughty import FORBIDDEN, STRINGS

HEADER_CHARS_MAX = 200
HERE = "CHỖ NÀY"
"""Stands in a packet for the text that a system puts there: our own writer would not write most of it."""


def answered(reply: Reply, name: str) -> str:
    """The code of an answer: success, or a reason of ours that is a caller's fault, in visible words."""
    assert reply.status < 500, (name, reply.body)
    code = reply.code
    assert code == "0" or Reason(code), name
    assert str(reply.json["ErrorDesc"]).isprintable(), (name, reply.json)
    return code


def with_words(packet: bytes, text: str) -> bytes:
    """A packet in which a system wrote `text`, as XML asks for it."""
    return packet.replace(HERE.encode(), escape(text, {"\r": "&#13;"}).encode())


def visible(log_lines: list[dict[str, object]]) -> bool:
    return all(value.isprintable() for line in log_lines for value in line.values() if isinstance(value, str))


@awaited
async def test_what_a_document_says_comes_back_in_the_lists(tmp_path: Path, log_lines: list[dict[str, object]]) -> None:
    admitted = 0
    async with town(tmp_path) as place:
        lenient(place)
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        for number, (name, text) in enumerate(STRINGS.items()):
            said = {"subject": HERE, "code_notation": HERE, "place": HERE, "document_id": f"G22.{number}"}
            packet = with_words(file(sealed=False, attachments=(), **said), text)
            reply = await ministry.send_edoc(packet, MINISTRY)
            if answered(reply, name) != "0":
                continue
            admitted += 1
            [sent] = (await ministry.sent(reply.json["DocId"])).data
            read = edxml.read_header(edxml.parse(packet, place.line.limits))
            assert isinstance(read, Document)
            assert (sent["title"], sent["notation"]) == (read.subject or "", read.code), name
            [row] = (await province.received()).data
            assert escape(text, {"\r": "&#13;"}).encode() in await province.fetch(row["docId"]), name
            assert (await province.update(row["docId"], "done")).code == "0"
    assert admitted > len(STRINGS) / 2
    assert visible(log_lines)


@awaited
async def test_the_words_of_a_status_reach_the_native_side_as_they_were_written(
    tmp_path: Path, log_lines: list[dict[str, object]]
) -> None:
    carried = 0
    async with town(tmp_path) as place:
        lenient(place)
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        assert (await ministry.send_edoc(file(), MINISTRY)).code == "0"
        for number, (name, text) in enumerate(STRINGS.items()):
            about = ResponseFor(MINISTRY, "7816/BKT-VP", "2026/11/20", DOCUMENT_ID)
            told = Status(Organ(PROVINCE), about, "02", Staff(name=HERE), HERE, f"2026/11/23 15:{number % 60:02}:00")
            packet = with_words(edxml.write(told), text)
            if answered(await province.send_edoc(packet, PROVINCE, "status"), name) != "0":
                continue
            carried += 1
            [item] = json.loads((await place.ask("GET", "/v1/inbox"))[1])["deliveries"]
            here = f"/v1/deliveries/{item['delivery_id']}"
            said = json.loads((await place.ask("GET", f"{here}/content"))[1])["status"]
            read = edxml.read_header(edxml.parse(packet, place.line.limits))
            assert isinstance(read, Status) and read.staff is not None
            assert (said["description"], said["staff"]["name"]) == (read.description, read.staff.name), name
            assert (read.description or "").split() == text.split() or text in {"null"}, name
            assert (await place.ask("POST", f"{here}/acknowledgement", json={"stored": True}))[0] == 200
    assert carried > len(STRINGS) / 2
    assert visible(log_lines)


@awaited
async def test_what_a_system_asks_to_register(tmp_path: Path, log_lines: list[dict[str, object]]) -> None:
    async with town(tmp_path) as place:
        province = await service(place, "tinh")
        for name, text in {**STRINGS, **{f"forbidden {name}": text for name, text in FORBIDDEN.items()}}.items():
            for key in ("id", "pcode", "code", "name", "mail"):
                wish = {"id": "1", "pcode": PROVINCE, "code": "H29.99.00", "name": "Sở", "mail": "", key: text}
                raw = json.dumps(wish, ensure_ascii="surrogate" in name or "reversed" in name).encode()
                assert answered(await province.braces("registerAgency", raw), f"{key} {name}") != "0"
    assert visible(log_lines)


@awaited
async def test_parameters_in_headers(tmp_path: Path, log_lines: list[dict[str, object]]) -> None:
    async with town(tmp_path) as place:
        lenient(place)
        keys = await credential(place, "tinh")
        for name, text in STRINGS.items():
            if any(char < " " or char == "\x7f" for char in text) or len(text) > HEADER_CHARS_MAX:
                continue  # no client can put it into a header
            one = Service(place.port, *keys, at=place.clock())
            for operation, key in (
                *(
                    ("getSentEdocList", "docId"),
                    ("getAgenciesListQD20", "level"),
                    ("getSynchronizeUnit", "sinceVersion"),
                ),
                *(("getReceivedEdocList", "messagetype"), ("getReceivedEdocList", "servicetype")),
            ):
                said = {"servicetype": "eDoc", "messagetype": "edoc", "docId": "x", key: text}
                answered(await one.empty(operation, **said), f"{operation} {name}")
            one = Service(place.port, *keys, at=place.clock())
            answered(await one.braces("deleteAgency", AgencyCode=text), name)
            answered(await one.braces("getEdoc", docId=text, filePath=text), name)
            answered(await one.update(text, text), name)
            answered(await one.send_edoc(file(), text, text, to=text), name)
    assert visible(log_lines)


@awaited
async def test_names_in_the_directory_are_listed_as_they_are(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        now = place.line.state.directory
        names = [text for text in STRINGS.values() if text.strip() and len(text) < 300]
        [first, *rest] = now.agencies
        many = tuple(replace(first, key=f"K{number}", ids=(f"K{number}",), name=text, certificates=())
                     for number, text in enumerate(names))  # fmt: skip
        place.line.state.directory = replace(now, version=now.version + 1, agencies=(first, *rest, *many))
        rows = (await (await service(place, "bo")).empty("getAgenciesList")).data
        listed = {row["code"]: row["name"] for row in rows}
        assert [listed[one.key] for one in many] == names
        _, body, headers = await place.ask("GET", "/v1/agencies?limit=500")
        assert headers["Content-Type"].startswith("application/json") and headers["X-Content-Type-Options"] == "nosniff"
        shown = {row["key"]: row["name"] for row in json.loads(body)["agencies"]}
        assert [shown[one.key] for one in many] == names
