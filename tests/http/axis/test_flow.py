"""Whole ways through the dialect: every operation, between two such systems, and with a native client at one end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from gateway.http.axis import AxisRules
from gateway.model.dispatch import as_uuid
from gateway.store import PutDirectory
from tests.http.axis.places import file, lenient, service, status_file
from tests.http.town import DEPARTMENT, DOCUMENT_ID, FILE, MINISTRY, PROVINCE, awaited, town


@awaited
async def test_all_operations_in_a_day_of_two_axis_systems(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        directory = await service(place, "tinh", 2)
        sent_file = file(attachments=[("giấy mời.pdf", b"%PDF-1.7 noi dung"), ("phụ lục.pdf", b"%PDF-1.7 " * 40_000)])

        codes = {row["code"]: row for row in (await directory.empty("getAgenciesList")).data}
        assert set(codes) == {one.key for one in place.line.directory.agencies}
        assert codes[PROVINCE]["oldCode"] == "000.00.00.H29"
        qd20 = (await directory.empty("getAgenciesListQD20", level="1")).data
        assert {row["code"]: row["code102"] for row in qd20}[PROVINCE] == "000.00.00.H29"
        units = (await directory.empty("getSynchronizeUnit")).data
        assert {row["code"] for row in units} == set(codes)
        assert {(row["version"], row["deleted"], row["isAgency"]) for row in units} == {(1, False, True)}

        sent = await ministry.send_edoc(sent_file, MINISTRY)
        assert sent.code == "0"
        doc_id = sent.json["DocId"]

        assert (await province.braces("countReceiveEdoc")).json["count"] == 1
        [row] = (await province.received()).data
        assert (row["status"], row["from"], row["to"]) == ("initial", MINISTRY, PROVINCE)
        assert await province.fetch(row["docId"]) == sent_file
        downloaded = await province.download(row["docId"])
        assert downloaded.body == sent_file
        [row] = (await province.received()).data
        assert row["status"] == "processing"
        assert (await province.update(row["docId"], "processing")).code == "0"
        assert (await province.update(row["docId"], "done")).code == "0"
        assert (await province.received()).data == []
        assert (await province.braces("countReceiveEdoc")).json["count"] == 0

        lenient(place)
        status = await province.send_edoc(status_file("03", DOCUMENT_ID), PROVINCE, "status")
        assert status.code == "0", status.json
        assert (await ministry.braces("countReceiveStatus")).json["count"] == 1
        [told] = (await ministry.received("status")).data
        assert told["messageType"] == "status"
        assert await ministry.fetch(told["docId"]) == status_file("03", DOCUMENT_ID)
        assert (await ministry.update(told["docId"], "done")).code == "0"

        [followed] = (await ministry.sent(doc_id)).data
        assert (followed["sendStatus"], followed["receiveStatus"]) == ("done", "done")
        assert (followed["senderDocId"], followed["toCode"]) == (doc_id, PROVINCE)
        assert (followed["notation"], followed["title"]) == ("7816/BKT-VP", "V/v kiểm thử liên thông văn bản")

        wish = {"id": "", "pcode": PROVINCE, "code": DEPARTMENT, "name": "Sở Kiểm thử", "mail": "", "mobile": ""}
        registered = await directory.braces("registerAgency", json.dumps(wish, ensure_ascii=False).encode())
        assert registered.code == "axis.registration", "an identifier of another shape is the operator's to give"
        assert (await directory.braces("deleteAgency", AgencyCode="H29.99.99")).code == "0"


@awaited
async def test_an_axis_system_and_a_native_client_write_to_each_other(tmp_path: Path, store_url: str) -> None:
    async with town(tmp_path, url=store_url) as place:
        lenient(place)
        ministry = await service(place, "bo")
        doc_id = (await ministry.send_edoc(file(), MINISTRY)).json["DocId"]

        inbox = json.loads((await place.ask("GET", "/v1/inbox", "tinh"))[1])
        [item] = inbox["deliveries"]
        assert as_uuid(item["dispatch_id"]) == doc_id
        here = f"/v1/deliveries/{item['delivery_id']}"
        assert (await place.ask("GET", f"{here}/packet", "tinh"))[1] == file()
        [row] = (await ministry.sent(doc_id)).data
        assert (row["receiveStatus"], row["receiverDocId"]) == ("processing", as_uuid(item["delivery_id"]))
        stored = await place.ask("POST", f"{here}/acknowledgement", "tinh", json={"stored": True})
        assert stored[0] == 200
        [row] = (await ministry.sent(doc_id)).data
        assert (row["receiveStatus"], row["receivedTime"]) == ("done", "2026-11-23 15:00:00")

        status = await place.ask("POST", "/v1/packets", "tinh", data=status_file("03", DOCUMENT_ID), headers=FILE)
        assert status[0] == 201
        [told] = (await ministry.received("status")).data
        assert (told["from"], told["created_time"]) == (PROVINCE, "2026-11-23 15:00:00")
        assert b"<edXML:StatusCode>03</edXML:StatusCode>" in await ministry.fetch(told["docId"])
        assert (await ministry.update(told["docId"], "done")).code == "0"
        accepted = json.loads(status[1])["dispatch_id"]
        seen = json.loads((await place.ask("GET", f"/v1/dispatches/{accepted}", "tinh"))[1])
        assert [one["status"] for one in seen["deliveries"]] == ["acknowledged"]


@awaited
async def test_one_system_may_use_both_doors(tmp_path: Path) -> None:
    """A packet sent again through the other door is the same packet."""
    async with town(tmp_path) as place:
        ministry = await service(place, "bo")
        status, body, _ = await place.ask("POST", "/v1/packets", data=file(), headers=FILE)
        assert status == 201
        assert (await ministry.send_edoc(file(), MINISTRY)).json["DocId"] == as_uuid(json.loads(body)["dispatch_id"])


@awaited
async def test_the_gateways_hop_is_on_packets_without_a_real_seal(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        lenient(place)
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        unsealed = file(sealed=False)
        await ministry.send_edoc(unsealed, MINISTRY)
        [row] = (await province.received()).data
        fetched = await province.fetch(row["docId"])
        hop = b"<edXML:OrganId>00.00.W00</edXML:OrganId><edXML:Timestamp>2026/11/23 15:00:00</edXML:Timestamp>"
        assert hop in fetched
        place.clock.pass_(hours=1)
        assert await province.fetch(row["docId"]) == (await province.download(row["docId"])).body == fetched


@awaited
async def test_a_gateway_without_a_node_id_leaves_packets_as_they_are(tmp_path: Path) -> None:
    async with town(tmp_path, axis=AxisRules(node_id="")) as place:
        lenient(place)
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        await ministry.send_edoc(file(sealed=False), MINISTRY)
        [row] = (await province.received()).data
        assert await province.fetch(row["docId"]) == file(sealed=False)


@awaited
async def test_a_large_packet_passes_in_both_directions(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        whole = file(attachments=[("lớn.pdf", b"%PDF-1.7 " + bytes(range(256)) * 20_000)])
        assert (await ministry.send_edoc(whole, MINISTRY)).code == "0"
        [row] = (await province.received()).data
        assert await province.fetch(row["docId"]) == whole
        assert (await province.download(row["docId"])).body == whole


@awaited
async def test_what_came_to_nothing_says_why(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        doc_id = (await ministry.send_edoc(file(), MINISTRY)).json["DocId"]
        [row] = (await province.received()).data
        assert (await province.update(row["docId"], "fail")).code == "0"
        [told] = (await ministry.sent(doc_id)).data
        assert told["receiveStatus"] == "fail"
        assert str(told["receiveStatusDesc"]).startswith("Hệ thống nhận từ chối: ")
        assert (await province.received()).data == []


@awaited
async def test_only_what_changed_since_a_version(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one, now = await service(place, "bo"), place.line.directory
        [ministry, far, *others] = sorted(now.agencies, key=lambda agency: agency.key)
        changed = replace(now, version=2, agencies=(replace(ministry, name="Bộ Mới"), *others))
        await place.line.store.write(PutDirectory(changed, place.clock()))
        place.line.state.directory = changed
        rows = (await one.empty("getSynchronizeUnit", sinceVersion="1")).data
        assert [(row["code"], row["version"], row["deleted"]) for row in rows] == [
            (ministry.key, 2, False),
            (far.key, 2, True),
        ]
        assert rows[0]["modifyDate"] == "2026-11-23 15:00:00"
        assert (await one.empty("getSynchronizeUnit", sinceVersion="2")).data == []
        assert len((await one.empty("getSynchronizeUnit", sinceVersion="0")).data) == 4
        names = {row["code"]: row["name"] for row in (await one.empty("getAgenciesList")).data}
        assert names[ministry.key] == "Bộ Mới"
        assert far.key not in names
