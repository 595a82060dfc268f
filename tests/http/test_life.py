"""A document's life after its delivery, through the native door: two systems, JSON alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.client import GatewayClient
from gateway.exchange.lifecycle import Telling
from gateway.model.agency import PolicyName
from gateway.model.packet import Staff
from gateway.model.reasons import Reason
from tests.exchange.life import status
from tests.http.problems import assert_problem
from tests.http.town import DEPARTMENT, FAR, FILE, MINISTRY, PROVINCE, TOKENS, Town, awaited, inline, packet, town

JSON_TYPE = {"Content-Type": "application/json"}


async def asked(here: Town, method: str, path: str, token: str, body: object = None) -> tuple[int, Any]:
    options = {} if body is None else {"data": json.dumps(body).encode(), "headers": JSON_TYPE}
    status, data, _ = await here.ask(method, path, token, **options)
    return status, json.loads(data)


async def sent(here: Town, to: tuple[str, ...] = (PROVINCE,), document_id: str = "G22.1") -> str:
    status, data, _ = await here.ask("POST", "/v1/packets", data=inline(*packet(document_id, to)), headers=FILE)
    assert status == 201, data
    return str(json.loads(data)["dispatch_id"])


async def waiting(here: Town, token: str) -> list[dict[str, Any]]:
    return list((await asked(here, "GET", "/v1/inbox", token))[1]["deliveries"])


@awaited
async def test_a_status_goes_round_without_a_line_of_xml(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        dispatch = await sent(here)
        (item,) = await waiting(here, "tinh")
        assert (item["business_type"], item["status_code"], item["duplicate_of"]) == (0, None, None)
        path = f"/v1/deliveries/{item['delivery_id']}"
        status, said = await asked(here, "GET", f"{path}/content", "tinh")
        assert (status, said["kind"], said["status"]) == (200, "document", None)
        assert said["document"]["signer"]["full_name"] == "Nguyễn Thị Ánh"
        assert [one["name"] for one in said["attachments"]] == ["giấy mời.pdf"]
        body = {"code": "02", "description": "Không đúng thẩm quyền", "staff": {"name": "Trần Văn Bình"}}
        status, told = await asked(here, "POST", f"{path}/status", "tinh", body)
        assert status == 201
        assert (await asked(here, "POST", f"{path}/status", "tinh", body)) == (200, told | {"repeated": True})
        (answer,) = await waiting(here, "bo")
        assert (answer["dispatch_id"], answer["status_code"]) == (told["dispatch_id"], "02")
        _, said = await asked(here, "GET", f"/v1/deliveries/{answer['delivery_id']}/content", "bo")
        assert (said["status"]["status_code"], said["status"]["staff"]["name"]) == ("02", "Trần Văn Bình")
        _, seen = await asked(here, "GET", f"/v1/dispatches/{dispatch}", "bo")
        shown = seen["deliveries"][0]["processing"]
        assert (shown["code"], shown["description"]) == ("02", "Không đúng thẩm quyền")


@awaited
async def test_a_recall_is_followed_to_its_end(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        dispatch = await sent(here, (PROVINCE, FAR))
        (item,) = await waiting(here, "xa")
        await here.ask("GET", f"/v1/deliveries/{item['delivery_id']}/packet", "xa")
        recall = {"reason": "Gửi nhầm"}
        status, came = await asked(here, "POST", f"/v1/dispatches/{dispatch}/recall", "bo", recall)
        outcomes = {one["delivery"]["addressee"]: one["delivery"]["change"]["outcome"] for one in came["addressees"]}
        assert (status, outcomes) == (200, {PROVINCE: "withdrawn", FAR: "pending"})
        _, request = await waiting(here, "xa")
        assert request["status_code"] == "13"
        body = {"code": "15"}
        status, _ = await asked(here, "POST", f"/v1/deliveries/{item['delivery_id']}/status", "xa", body)
        assert status == 201
        _, seen = await asked(here, "GET", f"/v1/dispatches/{dispatch}", "bo")
        assert {one["change"]["outcome"] for one in seen["deliveries"]} == {"withdrawn", "done"}
        gone = await here.ask("GET", f"/v1/deliveries/{item['delivery_id']}/packet", "xa")
        assert_problem(gone, Reason.STATE_CONFLICT)
        assert await Telling(here.line).once()
        _, versions = await asked(here, "GET", f"/v1/dispatches/{dispatch}/versions", "bo")
        assert versions["dispatches"][0]["links"] == []
        assert len(versions["dispatches"]) == 3, "the document and a request to each"
        assert (await asked(here, "GET", f"/v1/dispatches/{dispatch}/thread", "bo"))[1] == versions


@awaited
async def test_a_status_of_an_unknown_document_is_shown_to_both_sides_and_nobody_else(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        trusting = tuple(replace(one, policy=PolicyName.TRANSITION) for one in here.line.directory.peers)
        here.line.state.directory = replace(here.line.directory, peers=trusting)
        for code in ("03", "06"):
            told = status(code, of="G22.404", description="Đã vào sổ")
            answer = await here.ask("POST", "/v1/packets", "tinh", data=told, headers=FILE)
            assert answer[0] == 201, answer[1]
        for peer in ("tinh", "bo"):
            _, page = await asked(here, "GET", "/v1/statuses/unmatched?limit=1", peer)
            (one,) = page["statuses"]
            assert (one["status_code"], one["document_id"], one["agency"]) == ("03", "G22.404", PROVINCE)
            async with GatewayClient(here.url, token=TOKENS[peer]) as client:
                (other,) = (await client.unmatched(page["next"])).statuses
                assert (other.status_code, other.description) == ("06", "Đã vào sổ")
                assert (await client.unmatched(other.ledger_index)).next is None
        assert (await asked(here, "GET", "/v1/statuses/unmatched", "xa"))[1] == {"statuses": [], "next": None}


@pytest.mark.parametrize("rest", ["content", "status", "recall", "versions", "thread"])
def test_what_is_anothers_looks_like_what_does_not_exist(tmp_path: Path, rest: str) -> None:
    @awaited
    async def look() -> None:
        async with town(tmp_path) as here:
            dispatch = await sent(here)
            (item,) = await waiting(here, "tinh")
            bodies = {"status": {"code": "06"}, "recall": {"reason": "Gửi nhầm"}}
            method, kind = ("POST" if rest in bodies else "GET"), "deliveries" if rest in {"content", "status"} else ""
            problems = []
            for one in (item["delivery_id"] if kind else dispatch, "01ZZZZZZZZZZZZZZZZZZZZZZZZ"):
                options = {"data": json.dumps(bodies[rest]).encode(), "headers": JSON_TYPE} if rest in bodies else {}
                path = f"/v1/{kind or 'dispatches'}/{one}/{rest}"
                problem = assert_problem(await here.ask(method, path, "xa", **options), Reason.NOT_FOUND)
                del problem["incident"], problem["instance"]
                problems.append(problem)
            assert problems[0] == problems[1]

    look()


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("status", {"code": "07"}),
        ("status", {"code": "13"}),
        ("status", {"code": "03", "description": "x" * 2_001}),
        ("status", {"code": "03", "description": "\u0000"}),
        ("status", {"code": "03", "by": "me"}),
        ("recall", {}),
        ("recall", {"reason": ""}),
        ("recall", {"reason": "nhầm", "addressees": []}),
    ],
)
def test_a_body_that_says_something_else_is_refused(tmp_path: Path, rest: str, body: dict[str, Any]) -> None:
    @awaited
    async def ask() -> None:
        async with town(tmp_path) as here:
            dispatch = await sent(here)
            (item,) = await waiting(here, "tinh")
            path = f"/v1/deliveries/{item['delivery_id']}" if rest == "status" else f"/v1/dispatches/{dispatch}"
            data = json.dumps(body).encode()
            token = "tinh" if rest == "status" else "bo"
            answer = await here.ask("POST", f"{path}/{rest}", token, data=data, headers=JSON_TYPE)
            assert_problem(answer, Reason.REQUEST_MALFORMED)

    ask()


@awaited
async def test_the_client_does_all_of_it(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        dispatch = await sent(here, (DEPARTMENT, FAR))
        async with (
            GatewayClient(here.url, token=TOKENS["tinh"]) as hub,
            GatewayClient(here.url, token=TOKENS["bo"]) as ministry,
        ):
            (item,) = (await hub.inbox()).deliveries
            content = await hub.content(item.delivery_id)
            assert content.document is not None and content.document["sender"]["id"] == MINISTRY
            told = await hub.report_status(item.delivery_id, "03", "Số đến 412", Staff("Văn thư", "Trần Văn Bình"))
            said = (await ministry.content((await ministry.inbox()).deliveries[0].delivery_id)).status
            assert said is not None and said["staff"]["name"] == "Trần Văn Bình"
            came = await ministry.recall(dispatch, "Gửi nhầm", [FAR])
            assert [one.delivery.status for one in came.addressees] == ["withdrawn"]
            seen = await ministry.status(dispatch)
            shown = {one.addressee: one.processing and one.processing.dispatch_id for one in seen.deliveries}
            assert shown == {DEPARTMENT: told.dispatch_id, FAR: None}
            assert (await ministry.versions(dispatch))[0].id == dispatch
            assert await ministry.thread(dispatch) == await ministry.versions(dispatch)
            assert [one.id for one in await hub.versions(dispatch)] == [dispatch], "the request was to another"
