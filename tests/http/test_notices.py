"""A peer reads what its webhooks were told; an operator sees what was not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from gateway.exchange import concerns
from gateway.exchange.webhooks import feed
from gateway.model.calendar import VIET_NAM
from gateway.store.webhooks import AddWebhook, RemoveWebhook
from tests.http.town import FILE, Town, awaited, inline, packet, town


async def webhook(here: Town, peer: str) -> str:
    line = here.line
    webhook_id = line.new_id(line.clock())
    await line.store.write(AddWebhook(webhook_id, peer, "https://so.example.vn/notices", line.clock()))
    return webhook_id


async def listed(here: Town, token: str = "bo", **query: object) -> dict[str, object]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    status, body, _ = await here.ask("GET", f"/v1/notices?{asked}", token)
    assert status == 200, body
    answer = json.loads(body)
    assert isinstance(answer, dict)
    return answer


@awaited
async def test_a_peer_sees_its_own_notices_page_by_page(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        mine = [await webhook(here, "bo"), await webhook(here, "bo")]
        await webhook(here, "tinh")
        assert (await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE))[0] == 201
        await feed(here.line)
        whole = await listed(here)
        assert whole["next"] is None
        notices = whole["notices"]
        assert isinstance(notices, list)
        assert [one["webhook"] for one in notices] == sorted(mine)
        assert {one["state"] for one in notices} == {"waiting"}
        assert notices[0]["change"]["event"] == "queued"
        first = await listed(here, limit=1)
        second = await listed(here, limit=1, after=first["next"])
        assert [*first["notices"], *second["notices"]] == notices  # type: ignore[misc]
        assert (await listed(here, token="xa"))["notices"] == []
        await here.line.store.write(RemoveWebhook(mine[0], here.clock()))
        assert len((await listed(here))["notices"]) == 1  # type: ignore[arg-type]


@awaited
async def test_a_cursor_we_never_gave_is_refused(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for after in ("x", "1", "-1.", "1.aa", "1" * 30 + "."):
            assert (await here.ask("GET", f"/v1/notices?after={after}"))[0] == 400


@awaited
async def test_the_operator_sees_what_nobody_was_told_and_stays_ready(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        line = here.line
        calm = await concerns.look(line.store, line.calendar, line.clock(), None)
        assert calm.standing == {"webhooks": True, "mail": True, "calendar": True}
        late = datetime(2029, 12, 30, 9, tzinfo=VIET_NAM).astimezone(UTC)
        line.state.concerns = await concerns.look(line.store, line.calendar, late, calm)
        status, body, _ = await here.ask("GET", "/readyz", None)
        assert status == 200
        assert json.loads(body)["dependencies"]["calendar"] is False
        _, figures, _ = await here.ask("GET", "/metrics", None)
        assert b"gateway_calendar_days 366.0" in figures
        assert b"gateway_notices_dead 0.0" in figures
