"""What people do with a document, told from one door to the other: every code, in both directions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.model.packet import StatusCode
from tests.http.axis.places import file, lenient, service, status_file, take_back_file
from tests.http.town import DOCUMENT_ID, FILE, MINISTRY, PROVINCE, awaited, town

BY_RECEIVER = [code for code in StatusCode if code is not StatusCode.TAKE_BACK]


@pytest.mark.parametrize("code", BY_RECEIVER)
@awaited
async def test_a_status_of_an_axis_system_reaches_a_native_sender(tmp_path: Path, code: StatusCode) -> None:
    async with town(tmp_path) as place:
        lenient(place)
        assert (await place.ask("POST", "/v1/packets", data=file(), headers=FILE))[0] == 201
        province = await service(place, "tinh")
        [row] = (await province.received()).data
        await province.fetch(row["docId"])
        await province.update(row["docId"], "done")
        assert (await province.send_edoc(status_file(code, DOCUMENT_ID), PROVINCE, "status")).code == "0"
        [item] = json.loads((await place.ask("GET", "/v1/inbox"))[1])["deliveries"]
        assert (item["kind"], item["status_code"]) == ("status", code)


@pytest.mark.parametrize("code", BY_RECEIVER)
@awaited
async def test_a_status_of_a_native_client_reaches_an_axis_sender_as_a_packet(tmp_path: Path, code: StatusCode) -> None:
    async with town(tmp_path) as place:
        lenient(place)
        ministry = await service(place, "bo")
        assert (await ministry.send_edoc(file(), MINISTRY)).code == "0"
        [item] = json.loads((await place.ask("GET", "/v1/inbox", "tinh"))[1])["deliveries"]
        here = f"/v1/deliveries/{item['delivery_id']}"
        assert (await place.ask("POST", f"{here}/acknowledgement", "tinh", json={"stored": True}))[0] == 200
        reported = {"code": code, "description": "Văn thư báo"}
        assert (await place.ask("POST", f"{here}/status", "tinh", json=reported))[0] == 201
        [row] = (await ministry.received("status")).data
        told = (await ministry.fetch(row["docId"])).decode()
        assert f"<edXML:StatusCode>{code}</edXML:StatusCode>" in told
        assert f"<edXML:DocumentId>{DOCUMENT_ID}</edXML:DocumentId>" in told
        assert "Văn thư báo" in told
        assert "TraceHeader" not in told
        assert (await ministry.update(row["docId"], "done")).code == "0"


@awaited
async def test_an_axis_system_takes_a_document_back_before_it_left(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        lenient(place)
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        doc_id = (await ministry.send_edoc(file(), MINISTRY)).json["DocId"]
        [row] = (await province.received()).data
        assert (await ministry.send_edoc(take_back_file(DOCUMENT_ID), MINISTRY, "status")).code == "0"
        assert (await province.received()).data == []
        assert (
            await province.braces("getEdoc", docId=str(row["docId"]), filePath="x")
        ).code == "request.state_conflict"
        [told] = (await ministry.sent(doc_id)).data
        assert (told["receiveStatus"], told["receiveStatusDesc"]) == (
            "fail",
            "Đã thu hồi trước khi hệ thống nhận lấy về",
        )


@awaited
async def test_an_axis_system_asks_a_document_back_and_the_addressee_agrees(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        lenient(place)
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        assert (await ministry.send_edoc(file(), MINISTRY)).code == "0"
        [row] = (await province.received()).data
        await province.fetch(row["docId"])
        assert (await province.update(row["docId"], "done")).code == "0"
        assert (await ministry.send_edoc(take_back_file(DOCUMENT_ID), MINISTRY, "status")).code == "0"
        [asked] = (await province.received("status")).data
        assert b"<edXML:StatusCode>13</edXML:StatusCode>" in await province.fetch(asked["docId"])
        assert (await province.send_edoc(status_file("15", DOCUMENT_ID), PROVINCE, "status")).code == "0"
        [answer] = (await ministry.received("status")).data
        assert b"<edXML:StatusCode>15</edXML:StatusCode>" in await ministry.fetch(answer["docId"])
        given_back = await province.braces("getEdoc", docId=str(row["docId"]), filePath="x")
        assert given_back.code == "request.state_conflict"
