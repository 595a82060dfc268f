"""Health, readiness and figures."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.exchange.concerns import Concerns
from gateway.exchange.keeping import Keeping, Standing, Witness
from gateway.exchange.line import StampDebt
from gateway.http import HttpLimits
from gateway.http.health import ADVISORY
from gateway.model.reasons import Reason
from gateway.store.object_place import Bucket, ObjectPlace
from tests.http.problems import assert_problem
from tests.http.town import FILE, awaited, inline, packet, town
from tests.ledger.test_cosignature import W1


@awaited
async def test_readiness_names_the_dependency_that_fails_and_submissions_say_so_too(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for flaw, dependency, reason in (
            ({"draining": True}, "accepting", Reason.DRAINING),
            ({"disk_full": True}, "disk", Reason.DISK_FULL),
            ({"unsealed_since": here.clock().replace(year=2020)}, "ledger", Reason.LEDGER_UNAVAILABLE),
        ):
            here.sequencing.cancel()
            before = {name: getattr(here.line.state, name) for name in flaw}
            for name, value in flaw.items():
                setattr(here.line.state, name, value)
            status, body, _ = await here.ask("GET", "/readyz", token=None)
            states = json.loads(body)
            assert (status, states["ready"]) == (503, False)
            assert [name for name, usable in states["dependencies"].items() if not usable] == [dependency]
            assert_problem(await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE), reason)
            for name, value in before.items():
                setattr(here.line.state, name, value)
        assert (await here.ask("GET", "/readyz", token=None))[0] == 200


@awaited
async def test_time_stamps_that_are_late_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        here.line.state.on_duty = True
        here.line.state.stamps = StampDebt(here.clock() - timedelta(hours=5), True, Counter({"away": 3}))
        status, body, _ = await here.ask("GET", "/readyz", token=None)
        answer = json.loads(body)
        assert (status, answer["ready"], answer["dependencies"]["timestamps"]) == (200, True, False)
        figures = (await here.ask("GET", "/metrics", token=None))[1].decode()
        assert "gateway_timestamp_debt_seconds 18000.0" in figures
        assert 'gateway_timestamp_faults{fault="away"} 3.0' in figures


@awaited
async def test_each_advisory_is_shown_by_whoever_does_the_duties_and_stops_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        coverage = replace(here.line.calendar.coverage(here.clock().date()), table_short=True)
        away = Standing(away_since=here.clock())
        object.__setattr__(here.line, "keeping", Keeping(witnesses=(Witness(W1.key, ""),), standing={"one": away}))
        here.line.state.concerns = Concerns(0, 1, 0, 1, coverage, 9)
        here.line.state.stamps = StampDebt(here.clock(), True)
        here.line.state.lost.add("0" * 64)
        here.line.blobs.places = (ObjectPlace(Bucket("s3://away/x", "http://127.0.0.1:9", "here")),)
        for on_duty, shown in ((True, ADVISORY), (False, {"attachments", "blobs"})):
            here.line.state.on_duty = on_duty
            status, body, _ = await here.ask("GET", "/readyz", token=None)
            states = json.loads(body)["dependencies"]
            assert (status, {name for name, fine in states.items() if not fine}) == (200, shown)
            assert on_duty or not (ADVISORY - shown) & states.keys(), "who does not know does not say that all is well"
            figures = (await here.ask("GET", "/metrics", token=None))[1].decode()
            for figure in ("timestamp_debt_seconds", "notices_dead", "calendar_days"):
                assert (f"gateway_{figure} NaN" in figures) is not on_duty
            assert ('gateway_witness_away{witness="one"} 1.0' in figures) is on_duty
            assert "gateway_attachments_lost 1.0" in figures


@awaited
async def test_a_store_that_is_closed_is_not_ready_but_the_process_is_alive(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        here.line.store.failed = "EIO"
        status, body, _ = await here.ask("GET", "/readyz", token=None)
        assert (status, json.loads(body)["dependencies"]["store"]) == (503, False)
        assert (await here.ask("GET", "/healthz", token=None))[0] == 200


@awaited
async def test_beyond_the_submissions_under_way_newcomers_are_told_to_come_back(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(submissions_max=0)) as here:
        answer = await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE)
        assert_problem(answer, Reason.OVERLOADED)


@awaited
async def test_figures_count_requests_refusals_by_reason_and_time_by_step(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.ask("POST", "/v1/packets", data=b"<", headers=FILE)
        await here.ask("GET", "/nowhere")
        status, body, headers = await here.ask("GET", "/metrics", token=None)
        assert status == 200 and headers["Content-Type"].startswith("text/plain")
        samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
        }
        assert samples["gateway_requests_total", "422", "submitPacket"] == 1
        assert samples["gateway_requests_total", "404", "unknown"] == 1
        assert samples["gateway_refusals_total", "request.not_found"] == 1
        assert {one.value for one in Reason} == {key[1] for key in samples if key[0] == "gateway_refusals_total"}
        assert samples["gateway_step_seconds_count", "receive"] == 1
        assert samples["gateway_request_seconds_count", "submitPacket"] == 1


def test_a_network_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.1/24"):
        HttpLimits(metrics_networks=("192.0.2.1/24",))


@awaited
async def test_figures_are_for_the_networks_named_only(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(metrics_networks=("192.0.2.0/24",))) as here:
        assert_problem(await here.ask("GET", "/metrics", token=None), Reason.NOT_FOUND)
