"""Every quirk of the vendor's SDK that a server must live with, each tolerated on purpose (docs/axis.md lists them)."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.axis.file import spellings
from gateway.model.dispatch import from_uuid
from tests.http.axis.places import file, lenient, service
from tests.http.axis.sdk import OCTETS, Reply, Service, ask, unpadded
from tests.http.town import DOCUMENT_ID, FAR, MINISTRY, PROVINCE, Town, awaited, town


def with_short_digest() -> bytes:
    """A file whose digest has a byte below 16, so that the SDK's hex is shorter than 64 digits."""
    for number in range(100):
        made = file(document_id=f"{DOCUMENT_ID}-{number}")
        if len(unpadded(made)) < 64:
            return made
    raise AssertionError("one in nine digests has no such byte")


async def raw_send(place: Town, one: Service, body: bytes, hash_file: str) -> Reply:
    """sendEdoc with a body and a digest of our choice."""
    parameters = {"from": MINISTRY, "servicetype": "eDoc", "messagetype": "edoc", "hash-file": hash_file}
    headers = [*one.signed(OCTETS, parameters), ("Content-Length", str(len(body)))]
    return await ask(place.port, "POST", f"{one.base_path}/sendEdoc", headers, body)


@awaited
async def test_quirk_1_hash_file_comes_without_zeros_before_small_bytes(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, whole = await service(place, "bo"), with_short_digest()
        assert (await raw_send(place, ministry, whole + b"\r\n", unpadded(whole))).code == "0"
        padded = await raw_send(place, ministry, whole + b"\r\n", hashlib.sha256(whole).hexdigest().upper())
        assert padded.code == "0", "and with them"


@given(st.binary(min_size=32, max_size=32))
def test_quirk_1_both_spellings_say_the_same_bytes_in_their_order(digest: bytes) -> None:
    padded, short = spellings(digest)
    assert bytes.fromhex(padded) == digest
    assert short == "".join(padded[at : at + 2].removeprefix("0") for at in range(0, 64, 2))


@pytest.mark.parametrize("breaks", [b"", b"\r\n", b"\r\n\r\n"])
@awaited
async def test_quirk_2_a_line_break_follows_the_file(tmp_path: Path, breaks: bytes) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        whole = file()
        sent = await raw_send(place, ministry, whole + breaks, unpadded(whole))
        assert sent.code == "0"
        [row] = (await province.received()).data
        assert await province.fetch(row["docId"]) == whole, "and is no part of it"


@awaited
async def test_quirk_2_line_breaks_that_belong_to_the_file_stay(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        whole = file() + b"\r\n\r\n"
        assert (await ministry.send_edoc(whole, MINISTRY)).code == "0"
        [row] = (await province.received()).data
        assert await province.fetch(row["docId"]) == whole


@awaited
async def test_quirk_3_one_time_of_signing_serves_all_calls_and_need_not_rise(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        old, new = await service(place, "tinh"), await service(place, "tinh", 2)
        old.at -= timedelta(days=300)
        old.__post_init__()
        for one in (new, old, new, old):
            assert (await one.received()).code == "0"


@awaited
async def test_quirk_3_headers_of_earlier_calls_come_again(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        assert (await one.empty("getAgenciesListQD20", level="1")).code == "0"
        assert (await one.empty("getSynchronizeUnit")).code == "0"
        assert one.kept["level"] == "1"
        assert (await one.send_edoc(file(), MINISTRY, to=json.dumps([FAR]))).code == "0"
        assert (await one.received("status")).code == "0"
        assert (await one.sent((await one.send_edoc(file(), MINISTRY)).json["DocId"])).data[0]["toCode"] == PROVINCE


@awaited
async def test_quirk_3_a_doc_id_left_from_another_call_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        for number in (1, 2):
            assert (await ministry.send_edoc(file(document_id=f"{DOCUMENT_ID}-{number}"), MINISTRY)).code == "0"
        first, second = [row["docId"] for row in (await province.received()).data]
        await province.fetch(first)  # leaves docId
        assert (await province.update(second, "done")).code == "0"  # docid beside it
        assert [row["docId"] for row in (await province.received()).data] == [first]
        assert f"{DOCUMENT_ID}-1".encode() in await province.fetch(first)
        assert province.kept["docid"] == second


@awaited
async def test_quirk_4_a_json_body_waits_for_100_continue(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        for operation in ("countReceiveEdoc", "countReceiveStatus"):
            reply = await one.braces(operation)
            assert reply.continued
            assert reply.json["count"] == 0
        assert (await one.braces("updateStatus", docid="no-such", status="done")).code == "request.not_found"


@awaited
async def test_quirk_5_answers_are_ascii_whatever_they_say(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry = await service(place, "bo")
        refused = await ministry.send_edoc(file(sealed=False), MINISTRY)
        refused.body.decode("ascii")
        assert any(ord(letter) > 127 for letter in str(refused.json["ErrorDesc"])), "it speaks Vietnamese"
        names = [row["name"] for row in (await ministry.empty("getAgenciesList")).data]
        assert "Bộ Kiểm thử" in names


@awaited
async def test_quirk_6_every_no_has_a_doc_id_though_it_is_empty(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry = await service(place, "bo")
        assert (await ministry.send_edoc(b"no packet", MINISTRY)).json["DocId"] == ""
        ministry.secret = "wrong"
        assert (await ministry.send_edoc(file(), MINISTRY)).json["DocId"] == ""
        assert (await ministry.received()).json["DocId"] == ""


@awaited
async def test_quirk_7_no_failure_reads_as_an_empty_inbox(tmp_path: Path) -> None:
    """The SDK takes what is no JSON for success without documents. (More of this in test_json_alone.py.)"""
    async with town(tmp_path) as place:
        one = await service(place, "tinh")
        one.secret = "wrong"
        reply = await one.received()
        assert (reply.status, reply.code) == (401, "peer.unauthenticated")
        assert "data" not in reply.json


@awaited
async def test_quirk_8_a_retried_send_is_answered_with_the_same_doc_id(tmp_path: Path) -> None:
    """The SDK has no read timeout and tries again by itself."""
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        replies = [await ministry.send_edoc(file(), MINISTRY) for _ in range(3)]
        [doc_id] = {str(one.json["DocId"]) for one in replies}
        assert from_uuid(doc_id) is not None
        assert len((await province.received()).data) == 1


@awaited
async def test_quirk_8_lists_come_in_gzip_for_who_takes_it_and_plain_for_who_does_not(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        folded = await one.empty("getAgenciesList")
        assert folded.headers["content-encoding"] == "gzip"
        headers = dict(one.signed("application/json", {}))
        path = f"{one.base_path}/getAgenciesList"
        async with place.session.post(place.url + path, headers=headers | {"Accept-Encoding": "identity"}) as plain:
            assert "Content-Encoding" not in plain.headers
            assert await plain.read() == folded.body


@awaited
async def test_quirk_9_a_path_on_the_clients_disk_is_not_read_nor_written_down(
    tmp_path: Path, log_lines: list[dict[str, object]]
) -> None:
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        await ministry.send_edoc(file(), MINISTRY)
        [row] = (await province.received()).data
        await province.fetch(row["docId"])
        assert "d:/test" not in str(log_lines)


@awaited
async def test_quirk_10_neither_the_secret_nor_the_hmac_is_written_down(
    tmp_path: Path, log_lines: list[dict[str, object]]
) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        mac = dict(one.signed("application/json", {}))["XroadVnpt-hash-header"]
        await one.received()
        assert one.secret not in str(log_lines)
        assert mac not in str(log_lines)
        assert [line["endpoint"] for line in log_lines if line["event"] == "request"] == ["axis_getReceivedEdocList"]


@awaited
async def test_a_base_url_that_ends_with_a_slash_works(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        one.base_path += "/"
        assert (await one.received()).code == "0"


@awaited
async def test_what_was_fetched_and_forgotten_is_listed_anew(tmp_path: Path) -> None:
    """A client that takes up `initial` alone, and died after fetching, gets the document again."""
    async with town(tmp_path) as place:
        ministry, province = await service(place, "bo"), await service(place, "tinh")
        lenient(place)
        await ministry.send_edoc(file(), MINISTRY)
        [row] = (await province.received()).data
        await province.fetch(row["docId"])
        assert [one["status"] for one in (await province.received()).data] == ["processing"]
        place.clock.pass_(minutes=16)
        assert [one["status"] for one in (await province.received()).data] == ["initial"]
        assert (await province.update(row["docId"], "done")).code == "0"
        assert await province.fetch(row["docId"]), "what is done is off the list, and can still be fetched"
