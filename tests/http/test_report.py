"""The examination report at the doors: beside the receipt for the sender, with the packet for the addressee."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.ledger import read_report
from gateway.trust import verify_countersigned
from tests.exchange.pdfs import signed, with_desk
from tests.http.town import FILE, awaited, inline, packet, town
from tests.trust.pdf.papers import append_page, world


@awaited
async def test_sender_and_addressee_are_led_to_the_same_sealed_report(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        _, body, _ = await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE)
        address = json.loads(body)["report"]
        _, inbox, _ = await here.ask("GET", "/v1/inbox", "tinh")
        (item,) = json.loads(inbox)["deliveries"]
        assert item["report"] == address
        _, _, headers = await here.ask("GET", f"/v1/deliveries/{item['delivery_id']}/packet", "tinh")
        assert headers["Link"] == f'<{address}>; rel="describedby"'
        status, xml, headers = await here.ask("GET", address)
        assert (status, headers["Content-Type"]) == (200, "application/xml")
        assert (await here.ask("GET", address, "tinh"))[1] == xml
        assert (await here.ask("GET", address, "xa"))[0] == 404
        facts = read_report(verify_countersigned(xml, here.line.signer.certificate_der))
        assert facts.packet_digest == json.loads(body)["packet_digest"]


@awaited
async def test_an_examination_asked_for_finds_in_pdfs_what_the_door_would(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        the = world()
        line = with_desk(here.line, tmp_path, here.clock, the)
        object.__setattr__(here.line, "pdf_desk", line.pdf_desk)
        file = inline(*packet(attachments=(("công văn.pdf", append_page(signed(the))),)))
        _, body, _ = await here.ask("POST", "/v1/examinations", data=file, headers=FILE)
        answer = json.loads(body)
        status, problem, _ = await here.ask("POST", "/v1/packets", data=file, headers=FILE)
        assert (answer["verdict"], status) == ("refused", 422)
        refusing = [one for one in answer["findings"] if one["severity"] == "refuse"]
        assert refusing == [one for one in json.loads(problem)["findings"] if one["severity"] == "refuse"]
        assert json.loads(problem)["reason"] == "pdf.changed_after_signing"
