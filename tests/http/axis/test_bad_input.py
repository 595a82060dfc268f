"""What is wrong with a call of the dialect, and the reason it is told."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.edxml import Limits
from gateway.exchange.axis_credential import digest_of, secret_of
from gateway.http import HttpLimits
from gateway.model.calendar import VIET_NAM
from gateway.model.dispatch import as_uuid
from gateway.model.reasons import Reason
from gateway.store import CredentialKind, PutCredential, RevokePeer
from tests.http.axis.places import credential, file, service
from tests.http.axis.sdk import JSON, OCTETS, Headers, Reply, Service, ask, unpadded
from tests.http.town import MINISTRY, Town, awaited, town

LIST = "getReceivedEdocList"
OF_LIST = {"servicetype": "eDoc", "messagetype": "edoc"}

Damage = Callable[[Headers], Headers]


def without(*names: str) -> Damage:
    return lambda headers: [
        (name, value) for name, value in headers if name not in {f"XroadVnpt-{one}" for one in names}
    ]


def with_value(name: str, change: Callable[[str], str]) -> Damage:
    key = f"XroadVnpt-{name}"
    return lambda headers: [(one, change(value) if one == key else value) for one, value in headers]


def adding(name: str, value: str) -> Damage:
    return lambda headers: [*headers, (f"XroadVnpt-{name}", value)]


async def listed(one: Service, damage: Damage) -> Reply:
    headers = [*damage(one.signed(JSON, OF_LIST)), ("Content-Length", "0")]
    return await ask(one.port, "POST", f"{one.base_path}/{LIST}", headers)


@pytest.mark.parametrize(
    "damage",
    [
        without("hash-header"),
        without("sign-header"),
        without("sign-header", "hash-header", "sign-header-key", "systemid"),
        adding("hash-header", "00" * 32),
        adding("sign-header", "{}"),
        with_value("hash-header", lambda _: ""),
        with_value("hash-header", lambda mac: mac[:-1]),
        with_value("hash-header", lambda mac: "0" * len(mac)),
        with_value("hash-header", lambda _: "é" * 64),
        with_value("sign-header", lambda signed: signed.replace("edoc", "status")),
        with_value("sign-header", lambda signed: signed.replace("bo.1", "bo.2")),
        with_value("sign-header", lambda signed: signed.replace("bo.1", "bo")),
        with_value("sign-header", lambda signed: signed.replace("bo.1", "tinh.1")),
        with_value("sign-header", lambda _: "{}"),
    ],
)
@awaited
async def test_a_signature_that_is_absent_or_wrong_or_over_other_headers(tmp_path: Path, damage: Damage) -> None:
    async with town(tmp_path) as place:
        reply = await listed(await service(place, "bo"), damage)
        assert (reply.status, reply.code) == (401, Reason.UNAUTHENTICATED)
        assert reply.json["DocId"] == ""


@awaited
async def test_an_unknown_system_and_a_wrong_secret_are_told_the_same(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        known, unknown = await service(place, "bo"), await service(place, "bo", 2)
        known.secret, unknown.system_id = "wrong", "nobody.1"
        unknown.__post_init__()
        assert (await known.received()).body == (await unknown.received()).body


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"a"', "{", '{"systemid":"bo.1"}', '{"XroadVnpt-systemid":1}', "[" * 4000]
)
@awaited
async def test_what_was_signed_is_no_object_of_headers(tmp_path: Path, text: str) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        mac = hmac.new(one.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = [("XroadVnpt-sign-header", text), ("XroadVnpt-hash-header", mac), ("Content-Length", "0")]
        reply = await ask(one.port, "POST", f"{one.base_path}/{LIST}", headers)
        assert (reply.status, reply.code) == (400, Reason.AXIS_HEADERS)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (with_value("messagetype", lambda _: "status"), "messagetype"),
        (without("messagetype"), "messagetype"),
        (without("timestamp"), "timestamp"),
        (adding("messagetype", "edoc"), "messagetype"),
        (adding("messagetype", "status"), "messagetype"),
        (adding("docId", "0"), "docid"),
        (adding("MESSAGETYPE", "status"), "messagetype"),
    ],
)
@awaited
async def test_headers_that_differ_from_what_was_signed(tmp_path: Path, damage: Damage, named: str) -> None:
    """Different, missing, repeated, or surplus."""
    async with town(tmp_path) as place:
        reply = await listed(await service(place, "bo"), damage)
        assert (reply.status, reply.code) == (400, Reason.AXIS_HEADERS)
        assert f"XroadVnpt-{named} " in str(reply.json["ErrorDesc"])


@awaited
async def test_surplus_headers_that_were_signed_are_none_of_our_business(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        assert (await one.empty(LIST, **OF_LIST, fromDate="2026/01/01", pageSize="5")).code == "0"


@pytest.mark.parametrize("missing", ["timestamp", "servicetype", "messagetype"])
@awaited
async def test_a_mandatory_parameter_that_was_not_signed(tmp_path: Path, missing: str) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        one.kept |= OF_LIST
        del one.kept[missing]
        reply = await one.empty(LIST)
        assert (reply.status, reply.code) == (400, Reason.AXIS_HEADERS)
        assert missing in str(reply.json["ErrorDesc"])


@pytest.mark.parametrize(
    "types",
    [
        {"servicetype": "eDocument", "messagetype": "edoc"},
        {"servicetype": "eDoc", "messagetype": "letter"},
        {"servicetype": "status", "messagetype": "status"},
    ],
)
@awaited
async def test_wrong_service_and_message_types(tmp_path: Path, types: dict[str, str]) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        assert (await one.empty(LIST, **types)).code == Reason.AXIS_MESSAGE_TYPE
        assert (await one.send_edoc(file(), MINISTRY, **types)).code == Reason.AXIS_MESSAGE_TYPE
        assert (await one.empty("getSentEdocList", docId="x", **types)).code == Reason.AXIS_MESSAGE_TYPE


@pytest.mark.parametrize("way", [timedelta(days=-367), timedelta(hours=25), timedelta(days=-90_000)])
@awaited
async def test_a_time_of_signing_that_is_far_off(tmp_path: Path, way: timedelta) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        one.at += way
        one.__post_init__()
        reply = await one.received()
        assert (reply.status, reply.code) == (400, Reason.AXIS_TIMESTAMP)


@pytest.mark.parametrize("written", ["x", "2026-11-23T15:00:00", "31022026T000000+0000", "23112026", "00000000T000000"])
@awaited
async def test_a_time_of_signing_that_is_none(tmp_path: Path, written: str) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        one.kept["timestamp"] = written
        assert (await one.received()).code == Reason.AXIS_TIMESTAMP


@awaited
async def test_a_clock_in_another_zone_is_near_enough(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        one.kept["timestamp"] = f"{datetime.now(VIET_NAM).replace(tzinfo=None):%d%m%YT%H%M%S}+0000"
        place.clock.now = datetime.now(VIET_NAM) + timedelta(hours=7)
        assert (await one.received()).code == "0"


@pytest.mark.parametrize("said", ["", "00", "0" * 64, "not hex"])
@awaited
async def test_a_hash_file_that_is_wrong(tmp_path: Path, said: str) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        reply = await one.send_edoc(file(), MINISTRY, **{"hash-file": said})
        assert reply.code == (Reason.AXIS_HASH_FILE if said else Reason.AXIS_HEADERS)
        assert reply.json["DocId"] == ""


@awaited
async def test_three_line_breaks_behind_the_file_are_one_too_many(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one, whole = await service(place, "bo"), file()
        reply = await one.send_edoc(whole + b"\r\n\r\n", MINISTRY, **{"hash-file": unpadded(whole)})
        assert reply.code == Reason.AXIS_HASH_FILE
        assert hashlib.sha256(whole + b"\r\n\r\n").hexdigest() in str(reply.json["ErrorDesc"])


@pytest.mark.parametrize("body", [b"", b"\r\n", b"x", b"<a/>", b"\xff\xfe<\0", b"<!DOCTYPE a><a/>"])
@awaited
async def test_a_file_that_is_no_packet(tmp_path: Path, body: bytes) -> None:
    async with town(tmp_path) as place:
        reply = await (await service(place, "bo")).send_edoc(body, MINISTRY)
        assert reply.code.startswith(("xml.", "form."))
        assert reply.json["DocId"] == ""


@awaited
async def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    async with town(tmp_path, limits=Limits(body_bytes_max=5_000)) as place:
        one = await service(place, "bo")
        big = file(attachments=[("to.pdf", b"%PDF-1.7 " * 1_000)])
        headers = [*one.signed(OCTETS, OF_LIST | {"from": MINISTRY, "hash-file": unpadded(big)})]
        reply = await ask(
            place.port, "POST", f"{one.base_path}/sendEdoc", [*headers, ("Content-Length", str(len(big)))]
        )
        assert (reply.status, reply.code) == (413, Reason.BODY_TOO_LARGE)


@awaited
async def test_a_json_body_that_is_too_large_or_is_none(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(json_bytes_max=100)) as place:
        one = await service(place, "tinh")
        assert (await one.braces("registerAgency", b"{" + b" " * 200 + b"}")).code == Reason.BODY_TOO_LARGE
        for body in (b"", b"{}", b"[]", b'{"code":1}', b"\xff", b'{"code":"a","name":'):
            assert (await one.braces("registerAgency", body)).code == Reason.REQUEST_MALFORMED


async def of_ministry(place: Town) -> tuple[Service, Service, Service, str, str]:
    """A packet of the ministry to the province, a stranger, and both DocIds of the packet."""
    ministry, province, far = [await service(place, peer) for peer in ("bo", "tinh", "xa")]
    doc_id = str((await ministry.send_edoc(file(), MINISTRY)).json["DocId"])
    [row] = (await province.received()).data
    return ministry, province, far, doc_id, str(row["docId"])


@awaited
async def test_a_doc_id_that_is_unknown_or_anothers_is_answered_alike(tmp_path: Path) -> None:
    """Nothing tells a stranger that it exists."""
    async with town(tmp_path) as place:
        ministry, _, far, sent_id, received_id = await of_ministry(place)
        unknown = as_uuid(place.line.new_id(place.clock()))
        for doc_id in (received_id, sent_id, unknown, unknown.upper(), "5bebcfeff858e3e0cc154762", "x", "é", "../" * 9):
            replies = [
                await far.braces("getEdoc", docId=doc_id, filePath="x"),
                await far.download(doc_id),
                await far.update(doc_id, "done"),
                await far.sent(doc_id),
            ]
            assert {(one.status, one.code, one.json["ErrorDesc"]) for one in replies} == {
                (404, Reason.NOT_FOUND, replies[0].json["ErrorDesc"])
            }
        assert (await ministry.braces("getEdoc", docId=received_id, filePath="x")).code == Reason.NOT_FOUND
        assert [one["receiveStatus"] for one in (await ministry.sent(sent_id)).data] == ["initial"]


@awaited
async def test_a_status_that_is_none_of_the_three(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        _, province, _, _, doc_id = await of_ministry(place)
        for status in ("initial", "Đã nhận", "1"):
            assert (await province.update(doc_id, status)).code == Reason.AXIS_HEADERS


@awaited
async def test_what_was_refused_stays_refused(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        ministry, province, _, sent_id, doc_id = await of_ministry(place)
        assert [(await province.update(doc_id, "fail")).code for _ in range(2)] == ["0", "0"]
        reply = await province.update(doc_id, "done")
        assert (reply.status, reply.code) == (409, Reason.STATE_CONFLICT)
        [row] = (await ministry.sent(sent_id)).data
        assert row["receiveStatus"] == "fail"
        assert "updateStatus" in str(row["receiveStatusDesc"])


@awaited
async def test_anothers_name_is_not_sent_under(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        far = await service(place, "xa")
        reply = await far.send_edoc(file(), MINISTRY)
        assert (reply.status, reply.code) == (403, Reason.AUTHORITY_NOT_YOURS)


@pytest.mark.parametrize("version", ["-1", "x", "1.5", "٣", "9" * 20])
@awaited
async def test_a_version_that_is_none(tmp_path: Path, version: str) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        assert (await one.empty("getSynchronizeUnit", sinceVersion=version)).code == Reason.AXIS_HEADERS


@awaited
async def test_strangers_are_slowed_down(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(unknown_burst=2)) as place:
        one = await service(place, "bo")
        one.secret = "wrong"
        codes = [(await one.received()).code for _ in range(4)]
        assert codes == [Reason.UNAUTHENTICATED] * 2 + [Reason.RATE_LIMITED] * 2


@awaited
async def test_a_revoked_peer_is_a_stranger(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(credential_cache_s=0.0)) as place:
        one = await service(place, "bo")
        assert (await one.received()).code == "0"
        await place.line.store.write(RevokePeer("bo", place.clock()))
        assert (await one.received()).code == Reason.UNAUTHENTICATED


@awaited
async def test_a_new_secret_works_beside_the_old_until_the_old_ones_are_ended(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(credential_cache_s=0.0)) as place:
        first, second = await service(place, "bo"), await service(place, "bo", 2)
        assert [(await one.received()).code for one in (first, second)] == ["0", "0"]
        secret = str(secret_of(place.line.secrets, "bo.3"))
        put = PutCredential(digest_of("bo.3", secret), CredentialKind.AXIS, "bo", place.clock(), alone=True)
        await place.line.store.write(put)
        third = Service(place.port, "bo.3", secret, place.clock())
        codes = [(await one.received()).code for one in (first, second, third)]
        assert codes == [Reason.UNAUTHENTICATED, Reason.UNAUTHENTICATED, "0"]
        status, _, _ = await place.ask("GET", "/v1/inbox", "bo")
        assert status == 200, "its token is of another kind"


@awaited
async def test_a_secret_that_was_never_given_out_opens_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        await credential(place, "bo")
        secret = str(secret_of(place.line.secrets, "bo.7"))
        assert (await Service(place.port, "bo.7", secret, place.clock()).received()).code == Reason.UNAUTHENTICATED


@awaited
async def test_neither_id_nor_secret_is_a_bearer_token(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        system_id, secret = await credential(place, "bo")
        for token in (system_id, secret, f"axis {system_id} {secret}", digest_of(system_id, secret)):
            status, _, _ = await place.ask("GET", "/v1/inbox", token)
            assert status == 401
        assert json.dumps(secret) not in json.dumps(system_id)
