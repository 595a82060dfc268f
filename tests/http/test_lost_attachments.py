"""An attachment the disk lost: said before the first byte, shown to the operator, and never called handed over."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gateway.model.reasons import Reason
from gateway.store.object_place import Bucket, ObjectPlace
from tests.http.problems import assert_problem
from tests.http.town import FILE, awaited, inline, packet, town

LARGE = b"%PDF-1.7 " + b"x" * 200_000


@awaited
async def test_a_lost_attachment_is_said_before_the_first_byte_and_forgotten_once_it_is_back(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        body = inline(*packet(attachments=(("lớn.pdf", LARGE), ("nhỏ.pdf", b"%PDF-1.7"))))
        assert (await here.ask("POST", "/v1/packets", data=body, headers=FILE))[0] == 201
        (waits,) = json.loads((await here.ask("GET", "/v1/inbox", "tinh"))[1])["deliveries"]
        path = here.line.blobs.files.path(hashlib.sha256(LARGE).hexdigest())
        for damaged in (None, LARGE[:-1]):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            for what in ("packet", "attachments/1"):
                answer = await here.ask("GET", f"/v1/deliveries/{waits['delivery_id']}/{what}", "tinh")
                assert_problem(answer, Reason.STORE_UNAVAILABLE)
                assert answer[2]["Retry-After"] == "600"
        dispatch = json.loads((await here.ask("GET", f"/v1/dispatches/{waits['dispatch_id']}", "bo"))[1])
        assert [one["status"] for one in dispatch["deliveries"]] == ["queued"]
        status, ready, _ = await here.ask("GET", "/readyz", token=None)
        assert (status, json.loads(ready)["dependencies"]["attachments"]) == (200, False)
        assert b"gateway_attachments_lost 1.0" in (await here.ask("GET", "/metrics", token=None))[1]

        path.write_bytes(LARGE)  # from a backup
        status, fetched, _ = await here.ask("GET", f"/v1/deliveries/{waits['delivery_id']}/packet", "tinh")
        assert (status, fetched) == (200, body)
        ready = (await here.ask("GET", "/readyz", token=None))[1]
        assert json.loads(ready)["dependencies"]["attachments"] is True


@awaited
async def test_while_the_object_store_is_away_large_ones_come_back_and_small_ones_pass(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        away = ObjectPlace(Bucket("s3://away/x", "http://127.0.0.1:9", "vn", "key", _secret(tmp_path)))
        here.line.blobs.places, at_hand = (away, here.line.blobs.files), here.line.blobs.places
        large, small = inline(*packet("G22.1", attachments=(("lớn.pdf", LARGE),))), inline(*packet("G22.2"))
        answer = await here.ask("POST", "/v1/packets", data=large, headers=FILE)
        assert_problem(answer, Reason.STORE_UNAVAILABLE)
        assert answer[2]["Retry-After"] == "30"
        assert (await here.ask("POST", "/v1/packets", data=small, headers=FILE))[0] == 201
        status, ready, _ = await here.ask("GET", "/readyz", token=None)
        assert (status, json.loads(ready)["dependencies"]["blobs"]) == (200, False)
        here.line.blobs.places = at_hand
        assert (await here.ask("POST", "/v1/packets", data=large, headers=FILE))[0] == 201
        assert not list((tmp_path / "blobs" / "incoming").iterdir())


def _secret(folder: Path) -> Path:
    (folder / "secret").touch(mode=0o600)
    (folder / "secret").write_text("of nobody")
    return folder / "secret"
