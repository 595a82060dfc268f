"""The native API from submission to proof, over a real server: each answer is what the OpenAPI document says."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gateway.edxml import Limits
from gateway.http.limits import HttpLimits
from gateway.http.openapi import public_path
from gateway.http.table import ENDPOINTS
from gateway.model.packet import packet_digest
from gateway.model.reasons import Reason
from tests.http.description import Description
from tests.http.problems import assert_problem
from tests.http.town import DEPARTMENT, DOCUMENT_ID, FILE, FORM, PROVINCE, Town, awaited, form, inline, packet, town


async def submitted(here: Town, **options: Any) -> dict[str, Any]:
    status, body, _ = await here.ask("POST", "/v1/packets", data=inline(*packet(**options)), headers=FILE)
    assert status == 201, body
    return json.loads(body)


async def waiting(here: Town, peer: str = "tinh") -> list[dict[str, Any]]:
    _, body, _ = await here.ask("GET", "/v1/inbox", peer)
    return json.loads(body)["deliveries"]


async def described(here: Town) -> Description:
    status, body, _ = await here.ask("GET", "/openapi.json", token=None)
    assert status == 200
    return Description(json.loads(body))


@awaited
async def test_every_endpoint_served_is_described_and_every_one_described_is_served(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        description = await described(here)
        native = [one for one in here.app.router.routes() if not (one.name or "").startswith(("axis_", "console"))]
        served = {(route.method, public_path(route.resource.canonical)) for route in native}
        assert served == description.operations()
        assert len(served) == len(ENDPOINTS)


@awaited
async def test_a_document_goes_from_agency_to_agency_and_every_answer_fits_its_schema(
    tmp_path: Path, store_url: str
) -> None:
    async with town(tmp_path, url=store_url) as here:
        fits = (await described(here)).check
        skeleton, attachments = packet(to=(PROVINCE, DEPARTMENT))
        answer = await here.ask("POST", "/v1/packets", data=inline(skeleton, attachments), headers=FILE)
        accepted = fits("POST", "/v1/packets", answer)
        assert answer[0] == 201 and answer[2]["Location"] == accepted["dispatch"]
        assert accepted["packet_digest"] == packet_digest(
            skeleton, [(hashlib.sha256(data).hexdigest(), len(data)) for _, data in attachments]
        )

        inbox = fits("GET", "/v1/inbox", await here.ask("GET", "/v1/inbox", "tinh"))
        assert [one["addressee"] for one in inbox["deliveries"]] == [PROVINCE, DEPARTMENT]
        rest = fits("GET", "/v1/inbox", await here.ask("GET", f"/v1/inbox?after={inbox['next']}", "tinh"))
        assert rest == {"deliveries": [], "next": None}

        first, second = (one["delivery_id"] for one in inbox["deliveries"])
        status, body, headers = await here.ask("GET", f"/v1/deliveries/{first}/packet", "tinh")
        assert (status, body) == (200, inline(skeleton, attachments))
        assert headers["X-Packet-Digest"] == accepted["packet_digest"]

        path = "/v1/deliveries/{delivery_id}/acknowledgement"
        json_type = {"Content-Type": "application/json"}
        answer = await here.ask(
            "POST", path.format(delivery_id=first), "tinh", data=b'{"stored": true}', headers=json_type
        )
        assert fits("POST", path, answer)["status"] == "acknowledged"
        body = json.dumps({"refused": "Gửi nhầm nơi nhận"}).encode()
        answer = await here.ask("POST", path.format(delivery_id=second), "tinh", data=body, headers=json_type)
        assert fits("POST", path, answer)["status"] == "refused"
        again = await here.ask(
            "POST", path.format(delivery_id=second), "tinh", data=b'{"stored": true}', headers=json_type
        )
        fits("POST", path, again)
        assert_problem(again, Reason.STATE_CONFLICT)
        assert await waiting(here) == []

        seen = fits("GET", "/v1/dispatches/{dispatch_id}", await here.ask("GET", accepted["dispatch"]))
        assert [one["status"] for one in seen["deliveries"]] == ["acknowledged", "refused"]
        assert seen["deliveries"][1]["timeline"][-1]["detail"] == "Gửi nhầm nơi nhận"
        found = fits(
            "GET", "/v1/dispatches", await here.ask("GET", f"/v1/dispatches?document_id={seen['document_id']}")
        )
        assert found["dispatches"] == [seen]

        status, receipt, headers = await here.ask("GET", accepted["receipt"])
        assert status == 200 and b"Signature" in receipt and headers["Content-Type"].startswith("application/xml")
        status, case, _ = await here.ask("GET", accepted["proof"])
        assert status == 200 and zipfile.ZipFile(io.BytesIO(case)).testzip() is None
        status, note, _ = await here.ask("GET", "/checkpoint", token=None)
        assert status == 200 and note.startswith(b"truc.test/ledger\n")

        agencies = fits("GET", "/v1/agencies", await here.ask("GET", "/v1/agencies?query=kiểm&limit=2"))
        assert len(agencies["agencies"]) == 2
        more = await here.ask("GET", f"/v1/agencies?query=kiểm&limit=2&after={agencies['next']}")
        assert fits("GET", "/v1/agencies", more)["next"] is None
        fits("GET", "/healthz", await here.ask("GET", "/healthz", token=None))
        ready = fits("GET", "/readyz", await here.ask("GET", "/readyz", token=None))
        assert ready["ready"] and all(ready["dependencies"].values())
        fits("GET", "/v1/reasons/{code}", await here.ask("GET", "/v1/reasons/seal.digest", token=None))


@awaited
async def test_a_repeat_gets_the_same_receipt_whichever_way_it_is_packaged(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        whole = packet()
        first = await here.ask("POST", "/v1/packets", data=inline(*whole), headers=FILE)
        again = await here.ask("POST", "/v1/packets", data=form(*whole), headers=FORM)
        assert (first[0], again[0]) == (201, 200)
        one, two = json.loads(first[1]), json.loads(again[1])
        assert two == one | {"repeated": True}


@awaited
async def test_the_same_document_id_with_other_bytes_is_a_conflict(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await submitted(here)
        other = inline(*packet(attachments=(("khác.pdf", b"khac"),)))
        assert_problem(await here.ask("POST", "/v1/packets", data=other, headers=FILE), Reason.DOCUMENT_ID_TAKEN)


@awaited
async def test_an_examination_says_the_same_and_records_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        fits = (await described(here)).check
        good, bad = inline(*packet()), inline(*packet(to=("G00.00.00",)))
        answer = await here.ask("POST", "/v1/examinations", data=good, headers=FILE)
        report = fits("POST", "/v1/examinations", answer)
        assert (report["verdict"], report["addressees"]) == ("admitted", [PROVINCE])
        assert report["envelope_signature"]["state"] == "seal"
        report = fits("POST", "/v1/examinations", await here.ask("POST", "/v1/examinations", data=bad, headers=FILE))
        assert report["verdict"] == "refused"
        assert [one["reason"] for one in report["findings"]] == [Reason.AUTHORITY_UNKNOWN_ADDRESSEE]
        assert await waiting(here) == []


@awaited
async def test_what_is_anothers_looks_like_what_does_not_exist(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        accepted = await submitted(here)
        delivery = (await waiting(here))[0]["delivery_id"]
        json_type = {"Content-Type": "application/json"}
        for path in (f"/v1/deliveries/{delivery}", f"{accepted['dispatch']}"):
            unknown = path[:-3] + "ZZ9" if "dispatches" in path else "/v1/deliveries/01ZZZZZZZZZZZZZZZZZZZZZZZZ.1"
            for method, rest in (
                [("GET", "/packet"), ("GET", "/attachments/1"), ("POST", "/acknowledgement")]
                if "deliveries" in path
                else [("GET", ""), ("GET", "/receipt"), ("GET", "/proof")]
            ):
                body = {"data": b'{"stored": true}', "headers": json_type} if method == "POST" else {}
                theirs = assert_problem(await here.ask(method, path + rest, "xa", **body), Reason.NOT_FOUND)
                nobodys = assert_problem(await here.ask(method, unknown + rest, "xa", **body), Reason.NOT_FOUND)
                for problem in (theirs, nobodys):
                    del problem["incident"], problem["instance"]
                assert theirs == nobodys
        status, body, _ = await here.ask("GET", f"/v1/dispatches?document_id={DOCUMENT_ID}", "xa")
        assert (status, json.loads(body)["dispatches"]) == (200, [])


@awaited
async def test_a_packet_can_be_fetched_as_a_form_and_an_attachment_in_ranges(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        data = bytes(range(256)) * 1_000
        skeleton, attachments = packet(attachments=(("a.pdf", data), ("b.pdf", b"%PDF-1.7")))
        await here.ask("POST", "/v1/packets", data=form(skeleton, attachments), headers=FORM)
        delivery = (await waiting(here))[0]["delivery_id"]
        path = f"/v1/deliveries/{delivery}"
        status, body, headers = await here.ask(
            "GET", f"{path}/packet", "tinh", headers={"Accept": "multipart/form-data"}
        )
        assert status == 200 and int(headers["Content-Length"]) == len(body)
        again = await here.ask("POST", "/v1/packets", data=body, headers={"Content-Type": headers["Content-Type"]})
        assert again[0] == 200 and json.loads(again[1])["repeated"]

        for asked, start, stop in (("bytes=0-0", 0, 1), ("bytes=1000-", 1000, 256_000), ("bytes=-5", 255_995, 256_000)):
            status, body, headers = await here.ask("GET", f"{path}/attachments/1", "tinh", headers={"Range": asked})
            assert (status, body) == (206, data[start:stop])
            assert headers["Content-Range"] == f"bytes {start}-{stop - 1}/256000"
        for asked in ("bytes=٠-١", "bytes=5-1", "bytes=256001-256000", "bytes=0-1,5-6", "rows=1-2", "bytes=-"):
            status, body, headers = await here.ask("GET", f"{path}/attachments/1", "tinh", headers={"Range": asked})
            assert (status, body) == (200, data), asked
        for asked in ("bytes=256000-", "bytes=256000-256000", "bytes=-0"):
            answer = await here.ask("GET", f"{path}/attachments/1", "tinh", headers={"Range": asked})
            assert_problem(answer, Reason.RANGE)
            assert answer[2]["Content-Range"] == "bytes */256000"
        stale = {"Range": "bytes=0-1", "If-Range": '"another"'}
        assert (await here.ask("GET", f"{path}/attachments/1", "tinh", headers=stale))[0] == 200
        assert (await here.ask("GET", f"{path}/attachments/2", "tinh"))[1] == b"%PDF-1.7"
        for number in ("0", "3", "9999"):
            assert_problem(await here.ask("GET", f"{path}/attachments/{number}", "tinh"), Reason.NOT_FOUND)


@awaited
async def test_a_long_poll_is_woken_when_something_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not look by itself before this test is given up."""
    monkeypatch.setattr("gateway.http.native.POLL_SLICE_S", 600.0)
    async with town(tmp_path, HttpLimits(wait_s_max=600.0)) as here:
        waits = asyncio.ensure_future(here.ask("GET", "/v1/inbox?wait_s=600", "tinh"))
        await asyncio.sleep(0.3)
        await submitted(here)
        status, body, _ = await waits
        assert status == 200 and len(json.loads(body)["deliveries"]) == 1


@awaited
async def test_a_long_poll_without_news_ends_in_time(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        started = time.perf_counter()
        status, body, _ = await here.ask("GET", "/v1/inbox?wait_s=0.3", "tinh")
        assert (status, json.loads(body)["deliveries"]) == (200, [])
        assert time.perf_counter() - started >= 0.3


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(body_bytes_max=2_000), Reason.BODY_TOO_LARGE),
        (Limits(envelope_bytes_max=2_000), Reason.ENVELOPE_TOO_LARGE),
        (Limits(attachment_bytes_max=10), Reason.ATTACHMENT_TOO_LARGE),
        (Limits(attachments_max=0), Reason.TOO_MANY_ATTACHMENTS),
    ],
)
@awaited
async def test_limits_hold_for_both_packagings(tmp_path: Path, limits: Limits, reason: Reason) -> None:
    async with town(tmp_path, limits=limits) as here:
        for body, kind in ((inline(*packet()), FILE), (form(*packet()), FORM)):
            assert_problem(await here.ask("POST", "/v1/packets", data=body, headers=kind), reason)
