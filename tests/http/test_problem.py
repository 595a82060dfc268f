"""Every error of every endpoint has the one shape, in the reader's language, and reveals nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.http.limits import HttpLimits
from gateway.http.problem import preferred, problems
from gateway.http.table import ENDPOINTS
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Unavailable
from tests.http.problems import assert_problem
from tests.http.town import FILE, awaited, inline, packet, town

Answered = tuple[int, bytes, Mapping[str, str]]

PRIVATE = [one for one in ENDPOINTS if not one.public]


def filled(path: str) -> str:
    """A path of the table with some value for each variable."""
    while "{" in path:
        start, depth, end = path.index("{"), 0, 0
        for end in range(start, len(path)):
            depth += {"{": 1, "}": -1}.get(path[end], 0)
            if depth == 0:
                break
        some = "Event" if path[start:end].startswith("{name") else "1"
        path = path[:start] + some + path[end + 1 :]
    return path


@awaited
async def test_an_unknown_path_a_wrong_method_and_a_stranger_get_problems(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(unknown_burst=1_000)) as here:
        assert_problem(await here.ask("GET", "/nowhere"), Reason.NOT_FOUND)
        answer = await here.ask("DELETE", "/v1/inbox")
        assert_problem(answer, Reason.METHOD_NOT_ALLOWED)
        assert answer[2]["Allow"] == "GET"
        for endpoint in PRIVATE:
            answer = await here.ask(endpoint.method, filled(endpoint.path), token=None)
            if endpoint.method == "HEAD":  # has the headers of a problem alone
                assert answer[0] == Reason.UNAUTHENTICATED.status
            else:
                assert_problem(answer, Reason.UNAUTHENTICATED)
            assert answer[2]["WWW-Authenticate"] == "Bearer"


@awaited
async def test_unknown_ids_are_not_found_and_unknown_parameters_are_named(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for path in ("dispatches/1", "dispatches/1/receipt", "dispatches/1/proof", "deliveries/1.1/packet"):
            assert_problem(await here.ask("GET", f"/v1/{path}"), Reason.NOT_FOUND)
        assert_problem(await here.ask("GET", "/v1/deliveries/1.1/attachments/1"), Reason.NOT_FOUND)
        assert_problem(await here.ask("GET", "/v1/reasons/no.such_code"), Reason.NOT_FOUND)
        for query in (
            "wait=1",
            "limit=0",
            "limit=501",
            "limit=x",
            "limit=1&limit=2",
            "wait_s=-1",
            "wait_s=nan",
            "after=" + "x" * 201,
        ):
            problem = assert_problem(await here.ask("GET", f"/v1/inbox?{query}"), Reason.REQUEST_MALFORMED)
            assert problem["detail"] != problem["title"]
        assert_problem(await here.ask("GET", "/v1/dispatches"), Reason.REQUEST_MALFORMED)
        for query in (
            "dispatches?document_id=a%00b",
            "agencies?query=%1b",
            "inbox?after=%00",
            "dispatches?document_id=",
        ):
            assert_problem(await here.ask("GET", f"/v1/{query}"), Reason.REQUEST_MALFORMED)
        assert_problem(await here.ask("GET", "/healthz?x=1"), Reason.REQUEST_MALFORMED)


@awaited
async def test_json_bodies_are_checked(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        path = "/v1/deliveries/1.1/acknowledgement"
        json_type = {"Content-Type": "application/json"}
        for body in (
            b"",
            b"{",
            b"[]",
            b"{}",
            b'{"stored": false}',
            b'{"stored": true, "refused": "x"}',
            b'{"refused": ""}',
            b'{"other": 1}',
            b'{"refused": 1}',
            b'{"refused": "a\\u0000b"}',
            b'{"refused": "a\\u001b[2J"}',
            b'{"refused": "\\ud800"}',
            b'{"refused": "\xed\xa0\x80"}',
            b'{"refused": "\xff"}',
            b"\xff\xfe",
            b'{"refused": "' + b"x" * 2001 + b'"}',
            b"[" * 30_000,
        ):
            assert_problem(await here.ask("POST", path, data=body, headers=json_type), Reason.REQUEST_MALFORMED)
        assert_problem(await here.ask("POST", path, data=b"{}"), Reason.CONTENT_TYPE)
        too_large = b'{"refused": "' + b"x" * 70_000 + b'"}'
        assert_problem(await here.ask("POST", path, data=too_large, headers=json_type), Reason.BODY_TOO_LARGE)
        right = {"Content-Type": "application/json"}
        assert_problem(await here.ask("POST", path, data=b'{"stored": true}', headers=right), Reason.NOT_FOUND)


@awaited
async def test_a_refused_packet_says_what_where_and_what_to_do_in_either_language(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        body = inline(*packet()).replace(b"</edXML:Subject>", b"</edXML:Subjekt>")
        for lang, wish in (("vi", "fr, vi;q=0.8"), ("en", "en-GB, vi;q=0.5"), ("vi", "*")):
            answer = await here.ask("POST", "/v1/packets", data=body, headers=FILE | {"Accept-Language": wish})
            problem = assert_problem(answer, Reason.XML_MALFORMED, lang)
            assert problem["findings"][0]["reason"] == problem["reason"]
            assert problem["findings"][0]["line"] > 1


@awaited
async def test_a_bug_is_an_incident_for_the_peer_and_a_traceback_for_us(tmp_path: Path, log_lines: list[dict]) -> None:
    async with town(tmp_path) as here:
        here.line.state.directory = None  # what only a bug of ours could do
        answer = await here.ask("GET", "/v1/agencies")
        problem = assert_problem(answer, Reason.INTERNAL)
        bug = next(one for one in log_lines if one["event"] == "bug")
        assert bug["request_id"] == problem["incident"]
        assert isinstance(bug["exc_info"], AttributeError)


@asynccontextmanager
async def raising(errors: dict[str, Exception]) -> AsyncIterator[Callable[..., Awaitable[Answered]]]:
    """A server whose path /<name> raises an error; asks it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        async def fail() -> web.StreamResponse:
            raise errors[request.match_info["name"]]

        return await problems(request, fail)

    app = web.Application()
    app.router.add_get("/{name}", answer)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:

        async def ask(name: str, lang: str) -> Answered:
            async with session.get(server.make_url(f"/{name}"), headers={"Accept-Language": lang}) as got:
                return got.status, await got.read(), got.headers

        yield ask


@awaited
async def test_whatever_we_cannot_do_now_says_when_to_come_back_and_not_why() -> None:
    transient = [reason for reason in Reason if reason.transient]
    async with raising({one.value: Unavailable(one, 7, cause="password=hunter2") for one in transient}) as ask:
        for reason in transient:
            status, body, headers = await ask(reason.value, "vi")
            assert (status, headers["Retry-After"]) == (reason.status, "7")
            assert b"hunter2" not in body


@awaited
async def test_every_reason_can_be_said_in_both_languages() -> None:
    async with raising({one.value: Refused(Finding(one)) for one in Reason}) as ask:
        for reason in Reason:
            said = {lang: json.loads((await ask(reason.value, lang))[1]) for lang in ("vi", "en")}
            assert said["vi"]["reason"] == said["en"]["reason"] == reason.value
            assert said["vi"]["title"] != said["en"]["title"]


@pytest.mark.parametrize(
    ("wish", "lang"),
    [
        ("", "vi"),
        ("en", "en"),
        ("EN-us", "en"),
        ("en;q=0", "vi"),
        ("fr", "vi"),
        ("en;q=0.4, vi;q=0.3", "en"),
        ("vi;q=0.9,en;q=0.8", "vi"),
        ("en;q=x", "vi"),
        (";;;,,,q=1", "vi"),
        ("en;q=nan", "vi"),
        ("*;q=1", "vi"),
    ],
)
def test_the_language_is_the_best_of_ours_that_is_wished_for(wish: str, lang: str) -> None:
    assert preferred(wish) == lang


@awaited
async def test_a_reason_explains_itself_where_type_points(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        problem = assert_problem(await here.ask("GET", "/nowhere"), Reason.NOT_FOUND)
        status, body, _ = await here.ask("GET", problem["type"], token=None)
        assert status == 200
        assert json.loads(body)["title"]["vi"] == problem["title"]
