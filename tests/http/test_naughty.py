"""Every free text a peer can send through the native doors: answered with what was said or with a reason, never a 500,
and logged on one visible line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gateway.model.reasons import Reason
from tests.http.town import FILE, Town, awaited, inline, packet, town
from tests.vectors.naughty import FORBIDDEN, STRINGS

NAUGHTY = {**STRINGS, **{f"forbidden {name}": text for name, text in FORBIDDEN.items()}}
JSON = {"Content-Type": "application/json"}


def encoded(text: str) -> str:
    """As a client percent-encodes it; what has no encoding goes as the bytes it would have."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


async def answered(here: Town, method: str, path: str, name: str, **options: object) -> dict[str, Any]:
    """The answer's body; a problem has a reason of ours and tells it in one visible sentence."""
    status, body, headers = await here.ask(method, path, **options)
    assert status < 500, (name, path[:80], body[:200])
    if status < 400:
        return json.loads(body)
    assert headers["Content-Type"].startswith("application/problem+json"), (name, path[:80])
    problem = json.loads(body)
    assert Reason(problem["reason"])
    assert problem["detail"].isprintable(), (name, problem["detail"])
    return problem


@awaited
async def test_queries_and_paths(tmp_path: Path, log_lines: list[dict]) -> None:
    async with town(tmp_path) as here:
        for name, text in NAUGHTY.items():
            word = encoded(text[:3_000])
            for path in (
                *(f"/v1/agencies?query={word}", f"/v1/agencies?after={word}", f"/v1/inbox?after={word}"),
                *(f"/v1/inbox?limit={word}", f"/v1/dispatches?document_id={word}", f"/v1/agencies?{word}=1"),
                *(f"/v1/dispatches/{word}", f"/v1/deliveries/{word}/packet", f"/v1/reasons/{word}", f"/{word}"),
            ):
                found = await answered(here, "GET", path, name)
                if path.startswith("/v1/dispatches?") and "dispatches" in found:
                    assert found["dispatches"] == []
        assert all(value.isprintable() for line in log_lines for value in line.values() if isinstance(value, str))


@awaited
async def test_headers(tmp_path: Path, log_lines: list[dict]) -> None:
    async with town(tmp_path) as here:
        for name, text in STRINGS.items():
            if any(char < " " or char == "\x7f" for char in text) or len(text) > 3_000:
                continue  # the client will not send it; tests of raw requests do
            for header in ("Accept-Language", "User-Agent", "X-Request-Id", "Accept", "If-None-Match", "Range"):
                await answered(here, "GET", "/v1/agencies", name, headers={header: text})
            for header in ("Content-Type", "Content-Encoding", "Prefer", "Idempotency-Key"):
                await answered(here, "POST", "/v1/examinations", name, data=b"<x/>", headers={**FILE, header: text})
            await answered(here, "GET", "/v1/inbox", name, headers={"Authorization": f"Bearer {text}"})
        assert all(value.isprintable() for line in log_lines for value in line.values() if isinstance(value, str))


@awaited
async def test_reasons_for_a_refusal_come_back_as_they_were_written(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for number, (name, text) in enumerate(NAUGHTY.items()):
            submitted = await here.ask("POST", "/v1/packets", data=inline(*packet(f"G22.{number}")), headers=FILE)
            dispatch = json.loads(submitted[1])["dispatch"]
            inbox = json.loads((await here.ask("GET", "/v1/inbox?limit=500", "tinh"))[1])
            delivery = inbox["deliveries"][-1]["delivery_id"]
            body = json.dumps({"refused": text}).encode()
            path = f"/v1/deliveries/{delivery}/acknowledgement"
            said = await answered(here, "POST", path, name, token="tinh", data=body, headers=JSON)
            if "reason" in said and "type" in said:
                assert said["status"] in {400, 422}, (name, said)
                continue
            followed = json.loads((await here.ask("GET", dispatch))[1])["deliveries"][0]
            (timeline,) = [value for value in followed.values() if isinstance(value, list)]
            assert timeline[-1]["detail"] == text, name


@awaited
async def test_what_people_say_of_a_document_reaches_its_sender_as_it_was_written(
    tmp_path: Path, log_lines: list[dict]
) -> None:
    async with town(tmp_path) as here:
        submitted = await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE)
        dispatch = json.loads(submitted[1])["dispatch"]
        (item,) = json.loads((await here.ask("GET", "/v1/inbox", "tinh"))[1])["deliveries"]
        path = f"/v1/deliveries/{item['delivery_id']}"
        await here.ask("GET", f"{path}/packet", "tinh")
        told = 0
        for name, text in NAUGHTY.items():
            here.clock.pass_(seconds=1)
            await settled(here)
            for staff in ({}, {"name": text, "department": text, "email": text, "mobile": text}):
                body = json.dumps({"code": "03", "description": text, "staff": staff}).encode()
                said = await answered(here, "POST", f"{path}/status", name, token="tinh", data=body, headers=JSON)
                if "reason" in said:
                    assert said["status"] in {400, 413, 422}, (name, said)
                    continue
                assert text.strip(), name
                told += 1
                carrying = json.loads((await here.ask("GET", f"/v1/dispatches/{said['dispatch_id']}"))[1])
                content = f"/v1/deliveries/{carrying['deliveries'][0]['id']}/content"
                status = json.loads((await here.ask("GET", content))[1])["status"]
                shown = json.loads((await here.ask("GET", dispatch))[1])["deliveries"][0]["processing"]
                assert status["description"] == shown["description"] == as_xml_reads(text), name
                assert not staff or status["staff"]["name"] == as_xml_reads(text), name
        assert told > len(STRINGS)
        assert all(value.isprintable() for line in log_lines for value in line.values() if isinstance(value, str))


@awaited
async def test_why_a_document_is_asked_back_reaches_its_addressee_as_it_was_written(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        asked = 0
        for number, (name, text) in enumerate(NAUGHTY.items()):
            submitted = await here.ask("POST", "/v1/packets", data=inline(*packet(f"G22.{number}")), headers=FILE)
            dispatch = json.loads(submitted[1])["dispatch"]
            delivery = json.loads((await here.ask("GET", dispatch))[1])["deliveries"][0]["id"]
            await here.ask("GET", f"/v1/deliveries/{delivery}/packet", "tinh")
            for body in ({"reason": text}, {"reason": "nhầm", "addressees": [text]}):
                data = json.dumps(body).encode()
                said = await answered(here, "POST", f"{dispatch}/recall", name, data=data, headers=JSON)
                if "reason" in said:
                    assert said["status"] in {400, 409, 413, 422}, (name, said)
                    continue
                asked += 1
                (one,) = said["addressees"]
                assert one["delivery"]["change"]["reason"] == as_xml_reads(text), name
                request = json.loads((await here.ask("GET", f"/v1/dispatches/{one['request']}", "tinh"))[1])
                content = f"/v1/deliveries/{request['deliveries'][0]['id']}/content"
                status = json.loads((await here.ask("GET", content, "tinh"))[1])["status"]
                assert status["description"] == as_xml_reads(text), name
        assert asked > len(STRINGS) / 2


async def settled(here: Town) -> None:
    """Wait until every entry is under a checkpoint, so that time may pass."""
    while here.line.state.unsealed_since is not None:
        await asyncio.sleep(0.01)


def as_xml_reads(text: str) -> str | None:
    """What a reader of edXML makes of an element's text: XML's blanks around it are nothing, `null` is absent."""
    stripped = text.strip(" \t\r\n")
    return None if stripped in {"", "null"} else stripped
