"""Below the base path nothing but JSON is ever answered: the SDK reads anything else as success without documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.http import HttpLimits, doors
from gateway.http.axis import AxisRules, documents
from gateway.http.axis.rows import OPERATIONS
from gateway.http.metrics import Metrics
from gateway.model.reasons import Reason
from tests.http.axis.places import file, service
from tests.http.axis.sdk import BASE_PATH, Headers, Reply, Service, ask
from tests.http.town import MINISTRY, Town, awaited, town
from tests.postgres import PostgresServer

NO_BODY: Headers = [("Content-Length", "0")]


def assert_no(reply: Reply, reason: Reason) -> None:
    """A no as the SDK can read it: the envelope, an empty DocId, no list, ASCII."""
    assert (reply.status, reply.code) == (reason.status, reason)
    assert reply.json.keys() == {"status", "ErrorCode", "ErrorDesc", "DocId"}
    assert (reply.json["status"], reply.json["DocId"]) == ("FAIL", "")
    assert reply.json["ErrorDesc"]


async def call_each(one: Service) -> list[Reply]:
    """Every operation once."""
    return [
        await one.empty("getAgenciesList"),
        await one.empty("getAgenciesListQD20"),
        await one.empty("getSynchronizeUnit"),
        await one.braces("registerAgency", b'{"code":"a","name":"b","pcode":"c"}'),
        await one.braces("deleteAgency", AgencyCode="G22.00.00"),
        await one.received(),
        await one.sent("x"),
        await one.send_edoc(file(), MINISTRY),
        await one.braces("getEdoc", docId="x", filePath="x"),
        await one.update("x", "done"),
        await one.braces("countReceiveEdoc"),
        await one.braces("countReceiveStatus"),
        await one.download("x"),
    ]


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/sendedoc", "/sendEdoc/more", "//", "/%00", "/G%E1%BB%ADi", "/;a=b"]
)
@awaited
async def test_an_operation_that_does_not_exist(tmp_path: Path, path: str) -> None:
    async with town(tmp_path) as place:
        for method in ("GET", "POST", "PUT", "OPTIONS", "DELETE"):
            assert_no(await ask(place.port, method, f"{BASE_PATH}{path}", NO_BODY), Reason.NOT_FOUND)


@awaited
async def test_an_operation_asked_by_the_wrong_method(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        for one in OPERATIONS:
            other = "GET" if one.method == "POST" else "POST"
            reply = await ask(place.port, other, f"{BASE_PATH}/{one.name}", NO_BODY)
            assert_no(reply, Reason.METHOD_NOT_ALLOWED)
            assert reply.headers["allow"] == one.method


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([("Content-Length", "0"), ("Expect", "miracles")], Reason.REQUEST_MALFORMED),
        ([("Content-Length", "0"), ("Content-Encoding", "gzip")], Reason.CONTENT_ENCODING),
        ([("Transfer-Encoding", "gzip, chunked")], Reason.REQUEST_MALFORMED),
        ([("Content-Length", "0"), ("Authorization", "a"), ("Authorization", "b")], Reason.REQUEST_MALFORMED),
    ],
)
@awaited
async def test_framing_and_headers_that_two_programs_may_read_differently(
    tmp_path: Path, headers: Headers, reason: Reason
) -> None:
    async with town(tmp_path) as place:
        for path in (f"{BASE_PATH}/sendEdoc", f"{BASE_PATH}/nothing"):
            reply = await ask(place.port, "POST", path, headers)
            assert_no(reply, reason)


@awaited
async def test_a_fault_in_the_threshold_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        monkeypatch.setattr(Metrics, "answered", lambda *_: 1 / 0)
        assert_no(await one.received(), Reason.INTERNAL)
        monkeypatch.setattr(doors, "_check_framing", lambda _: 1 / 0)
        assert_no(await one.received(), Reason.INTERNAL)


@awaited
async def test_who_still_holds_a_body_back_is_not_listened_to_any_more(tmp_path: Path) -> None:
    """A refused caller never sends the body it announced; what it would send next must not be taken for that."""
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        one.secret = "wrong"
        refused = await one.braces("countReceiveEdoc")
        assert (refused.continued, refused.headers["connection"]) == (False, "close")
        assert "connection" not in (await one.received()).headers


@pytest.mark.parametrize(
    "headers", [[("Content-Length", "0"), ("Content-Length", "1")], [("Content-Length", "x")], [("a b", "")]]
)
@awaited
async def test_what_is_no_http_came_to_no_door_and_is_answered_in_json_all_the_same(
    tmp_path: Path, headers: Headers
) -> None:
    async with town(tmp_path) as place:
        reply = await ask(place.port, "POST", f"{BASE_PATH}/sendEdoc", headers)
        assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")


@awaited
async def test_a_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        monkeypatch.setattr(documents, "as_uuid", lambda _: 1 / 0)
        reply = await one.send_edoc(file(), MINISTRY)
        assert_no(reply, Reason.INTERNAL)
        assert reply.headers["x-request-id"] in str(reply.json["ErrorDesc"]), "the incident, for the operator"
        monkeypatch.undo()
        assert (await one.send_edoc(file(), MINISTRY)).code == "0", "and nothing was lost"


def store_failed(place: Town) -> None:
    place.line.store.failed = "EIO"


@pytest.mark.postgres
@awaited
async def test_the_database_is_away(tmp_path: Path, postgres: PostgresServer) -> None:
    """Whatever needs it says so, and nothing answers with an empty list; once it is back, all is as it was."""
    async with town(tmp_path, HttpLimits(credential_cache_s=0.0), url=postgres.fresh_database()) as place:
        one = await service(place, "bo")
        postgres.kill()
        try:
            for reply in await call_each(one):
                assert_no(reply, Reason.STORE_UNAVAILABLE)
        finally:
            postgres.start()
        assert (await one.send_edoc(file(), MINISTRY)).code == "0"


@pytest.mark.parametrize(
    ("hinder", "reason"),
    [
        (lambda place: setattr(place.line.state, "draining", True), Reason.DRAINING),
        (lambda place: setattr(place.line.state, "disk_full", True), Reason.DISK_FULL),
        (store_failed, Reason.STORE_UNAVAILABLE),
    ],
)
@awaited
async def test_packets_are_not_taken_in(tmp_path: Path, hinder: Callable[[Town], None], reason: Reason) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        hinder(place)
        reply = await one.send_edoc(file(), MINISTRY)
        assert_no(reply, reason)
        assert int(reply.headers["retry-after"]) > 0
        assert (await one.received()).code in {"0", Reason.STORE_UNAVAILABLE}


@awaited
async def test_a_sender_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one, province = await service(place, "bo"), await service(place, "tinh")
        whole = file()
        signed = one.signed(
            "application/octet-stream", {"from": MINISTRY, "servicetype": "eDoc", "messagetype": "edoc"}
        )
        _, writer = await asyncio.open_connection("127.0.0.1", place.port)
        lines = [f"POST {BASE_PATH}/sendEdoc HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in signed)]
        writer.write("\r\n".join([*lines, f"Content-Length: {len(whole)}", "", ""]).encode() + whole[:500])
        await writer.drain()
        writer.close()
        assert (await province.received()).data == []


@awaited
async def test_several_base_paths_and_none(tmp_path: Path) -> None:
    async with town(tmp_path, axis=AxisRules(base_paths=("/a", "/b/c.d"))) as place:
        one = await service(place, "bo")
        for one.base_path in ("/a", "/b/c.d"):
            assert (await one.received()).code == "0"
            assert_no(await ask(place.port, "POST", f"{one.base_path}/nothing", NO_BODY), Reason.NOT_FOUND)
        for path in (f"{BASE_PATH}/sendEdoc", "/ab/sendEdoc", "/b/cxd/sendEdoc"):
            reply = await ask(place.port, "POST", path, NO_BODY)
            assert reply.headers["content-type"] == "application/problem+json"
    async with town(tmp_path, axis=AxisRules(base_paths=())) as place:
        one = await service(place, "tinh", 2)
        assert (await ask(place.port, "POST", f"{BASE_PATH}/sendEdoc", NO_BODY)).status == 404


@pytest.mark.parametrize("path", ["", "/", "a", "/a/", "/v1", "/v1/a", "/a b", "/{a}", "//", "/a//b"])
def test_a_base_path_that_cannot_be_served(path: str) -> None:
    with pytest.raises(ValueError, match="base_paths"):
        AxisRules(base_paths=(path,))


def test_every_operation_has_its_row() -> None:
    assert len(OPERATIONS) == 13
    assert replace(OPERATIONS[0], name="x").label == "axis_x"
