"""Evidence through the door: listed, fetched, and hidden from whom it does not concern."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.ledger import EntryKind, decode
from gateway.ledger.evidence import EVENT_URI, read_evidence
from gateway.model.reasons import Reason
from gateway.store import queries
from gateway.trust import verify_countersigned
from tests.exchange.replayed import differences
from tests.http.problems import assert_problem
from tests.http.town import FILE, Town, awaited, inline, packet, town
from tests.pki import pki


async def submitted(here: Town) -> str:
    status, body, _ = await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE)
    assert status == 201
    return json.loads(body)["dispatch_id"]


@awaited
async def test_evidence_is_listed_and_each_address_leads_to_a_sealed_document(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        dispatch = await submitted(here)
        status, body, _ = await here.ask("GET", f"/v1/dispatches/{dispatch}/evidence")
        listed = json.loads(body)["evidence"]
        assert status == 200
        assert [one["event"] for one in listed] == ["SubmissionAcceptance", "ContentConsignment"]
        for one in listed:
            status, xml, headers = await here.ask("GET", one["document"])
            assert (status, headers["Content-Type"]) == (200, "application/xml")
            facts = read_evidence(verify_countersigned(xml, pki().gateway.der))
            assert (facts.event, one["event_id"]) == (one["event"], f"{EVENT_URI}{one['event']}")
            assert_problem(await here.ask("GET", one["document"], "xa"), Reason.NOT_FOUND)
        for missing in ("/0/ContentHandover", "/1/SubmissionAcceptance", "/99999/SubmissionAcceptance"):
            path = f"/v1/dispatches/{dispatch}/evidence{missing}"
            assert_problem(await here.ask("GET", path), Reason.NOT_FOUND)


@awaited
async def test_a_refused_peer_finds_its_refusals_and_their_evidence(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        body = inline(*packet(sealed=False))
        refused = json.loads((await here.ask("POST", "/v1/packets", data=body, headers=FILE))[1])
        status, answer, _ = await here.ask("GET", "/v1/refusals")
        (row,) = json.loads(answer)["refusals"]
        assert (status, row["reason"]) == (200, refused["reason"])
        status, xml, _ = await here.ask("GET", row["evidence"])
        facts = read_evidence(verify_countersigned(xml, pki().gateway.der))
        assert (status, facts.reason, facts.packet) == (200, row["reason"], row["packet_digest"])
        assert_problem(await here.ask("GET", row["evidence"], "xa"), Reason.NOT_FOUND)
        after = json.loads((await here.ask("GET", f"/v1/refusals?after={row['number']}"))[1])
        assert after == {"refusals": [], "next": None}


@awaited
async def test_who_took_evidence_is_in_the_ledger_once_and_before_it_is_given(tmp_path: Path, store_url: str) -> None:
    async with town(tmp_path, url=store_url) as here:
        dispatch = await submitted(here)
        listed = json.loads((await here.ask("GET", f"/v1/dispatches/{dispatch}/evidence"))[1])["evidence"]
        paths = (f"/v1/dispatches/{dispatch}/proof", listed[0]["document"])

        async def views() -> list[tuple[str, str]]:
            entries = map(decode, await here.line.store.read(queries.entries, 0, 1_000))
            seen = [one for one in entries if one.kind is EntryKind.VIEW]
            assert all(one["dispatch"] == dispatch for one in seen)
            return [(one["what"], one["by"]) for one in seen]

        for _ in range(2):
            for path in paths:
                assert (await here.ask("GET", path))[0] == 200
        (_, sender), _ = await views()
        assert await views() == [("case", sender), ("evidence", sender)]
        assert "bo" not in sender

        assert (await here.ask("GET", paths[0], "tinh"))[0] == 200
        assert_problem(await here.ask("GET", paths[0], "xa"), Reason.NOT_FOUND)
        *_, (what, addressee) = await views()
        assert (what, len(await views())) == ("case", 3)
        assert addressee != sender
        acts = [one for one in await differences(here.line) if one.what == "act"]
        assert acts == [], "what the register calls it is what the ledger says"
