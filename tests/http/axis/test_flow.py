"""Whole ways through the dialect: every operation, between two such systems, and with a native client at one end."""

from __future__ import annotations

import json
from pathlib import Path

from tests.http.axis.places import file, lenient, service, status_file
from tests.http.town import DEPARTMENT, DOCUMENT_ID, MINISTRY, PROVINCE, awaited, town


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
async def test_an_axis_system_and_a_native_client_write_to_each_other(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry = await service(place, "bo")
        assert (await ministry.send_edoc(file(), MINISTRY)).code == "0"
        status, body, _ = await place.ask("GET", "/v1/inbox", "tinh")
        assert status == 200
        assert MINISTRY.encode() in body
