"""The published ledger over HTTP: paths, widths, types and caching as C2SP tlog-tiles has them."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

from gateway.exchange.keeping import Keeping, Standing, Witness
from gateway.ledger import Tree, leaf_hash, open_checkpoint
from gateway.ledger.cosignature import cosignatures
from gateway.ledger.note import cut_note
from gateway.ledger.survey import survey
from gateway.ledger.tiles import Resource, bundle, resources
from gateway.model.reasons import Reason
from gateway.store import PutTree, Store, queries
from gateway.store.queries.witness import cosigned_checkpoint, last_cosigned, published
from gateway.store.witness import PutCosignature
from tests.http.problems import assert_problem
from tests.http.town import Town, awaited, town
from tests.ledger.publications import entry, note_of
from tests.ledger.test_cosignature import cosigner
from tests.pki import NOW
from tests.store.samples import admit

SIZE = 300


async def grown(store: Store, size: int) -> Tree:
    """A ledger of so many entries in the store, with its checkpoint."""
    tree = await store.read(queries.tree)
    await asyncio.gather(*(store.write(admit(number, entry=entry(number))) for number in range(tree.size, size)))
    step = tree.grow(leaf_hash(entry(number)) for number in range(tree.size, size))
    assert await store.write(PutTree(tree.size, size, step.tiles, note_of(step.tree), NOW))
    return step.tree


async def filled(here: Town, size: int = SIZE) -> Tree:
    here.sequencing.cancel()
    return await grown(here.line.store, size)


@awaited
async def test_every_resource_of_a_published_size_is_served_and_makes_the_tree(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        tree = await filled(here)
        files: dict[str, bytes] = {}
        for one in resources(0, SIZE):
            status, files[one.path], headers = await here.ask("GET", f"/{one.path}", token=None)
            assert status == 200
            assert headers["Content-Type"] == "application/octet-stream"
            assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert list(survey(SIZE, tree.root, lambda one: files.get(one.path), lambda _: None)) == []


@awaited
async def test_any_width_a_published_size_had_is_answered_and_none_beyond(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await filled(here)
        _, full, _ = await here.ask("GET", "/tile/0/000", token=None)
        for width in (1, 7, 255):
            _, partial, _ = await here.ask("GET", f"/tile/0/000.p/{width}", token=None)
            assert partial == full[: 32 * width]
        _, bundled, _ = await here.ask("GET", "/tile/entries/000.p/3", token=None)
        assert bundled == bundle([entry(0), entry(1), entry(2)])
        for path in ("tile/0/001", "tile/0/001.p/45", "tile/entries/001.p/45", "tile/1/000.p/2", "tile/2/000.p/1"):
            assert_problem(await here.ask("GET", f"/{path}", token=None), Reason.NOT_FOUND)
        for path in ("tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/8/0/000", "tile/entries/x000/000"):
            assert_problem(await here.ask("GET", f"/{path}", token=None), Reason.NOT_FOUND)


@awaited
async def test_entries_that_are_committed_but_not_signed_are_not_published(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await filled(here, 2)
        await here.line.store.write(admit(2, entry=entry(2)))
        assert_problem(await here.ask("GET", "/tile/entries/000.p/3", token=None), Reason.NOT_FOUND)
        assert (await here.ask("GET", "/tile/entries/000.p/2", token=None))[0] == 200


@awaited
async def test_bundles_are_packed_on_the_wire_for_those_who_take_it(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await filled(here)
        url = f"{here.url}/tile/entries/000"
        tags = set()
        for accepted, encoding in (
            ("gzip, identity", "gzip"),
            ("identity", None),
            ("gzip;q=0", None),
            ("br, GZIP;q=0.5", "gzip"),
        ):
            async with here.session.get(url, headers={"Accept-Encoding": accepted}, auto_decompress=False) as answer:
                body = await answer.read()
                assert answer.headers.get("Content-Encoding") == encoding
                assert answer.headers["Vary"] == "Accept-Encoding"
                plain = gzip.decompress(body) if encoding else body
                assert plain == bundle([entry(number) for number in range(256)])
                tags.add((encoding, answer.headers["ETag"]))
        assert len(tags) == 2, "each form has a tag of its own"


@awaited
async def test_a_checkpoint_is_kept_for_a_moment_and_what_is_known_is_not_sent_again(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        assert_problem(await here.ask("GET", "/checkpoint", token=None), Reason.NOT_FOUND)
        await filled(here)
        for path, caching in (
            ("/checkpoint", "max-age=1"),
            ("/checkpoint/latest", "max-age=1"),
            ("/tile/0/000", "31536000"),
        ):
            status, body, headers = await here.ask("GET", path, token=None)
            assert status == 200 and caching in headers["Cache-Control"]
            again = await here.ask("GET", path, token=None, headers={"If-None-Match": headers["ETag"]})
            assert (again[0], again[1]) == (304, b"")
            assert again[2]["ETag"] == headers["ETag"] and caching in again[2]["Cache-Control"]
            other = await here.ask("GET", path, token=None, headers={"If-None-Match": '"other"'})
            assert (other[0], other[1]) == (200, body)
        _, note, headers = await here.ask("GET", "/checkpoint", token=None)
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert note.startswith(b"truc.example/ledger\n300\n")


W1, W2, W3 = (cosigner(number) for number in (1, 2, 3))


@awaited
async def test_under_a_policy_the_checkpoint_shown_is_the_latest_that_enough_witnesses_cosigned(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        store = here.line.store
        witnesses = tuple(Witness(one.key, "http://127.0.0.1:1") for one in (W1, W2))
        object.__setattr__(here.line, "keeping", Keeping(witnesses=witnesses, required=2))
        await filled(here, 3)
        assert_problem(await here.ask("GET", "/checkpoint", token=None), Reason.NOT_FOUND)
        at = datetime(2026, 11, 23, 8, tzinfo=UTC)
        for size, cosigners in ((3, (W1, W2)), (5, (W1, W3)), (9, (W1,))):
            if size > 3:
                await grown(store, size)
            note = (await store.read(queries.checkpoint)).note
            for one in cosigners:
                line = one.cosign(cut_note(note)[0], at).encode()
                for _ in range(2):
                    await store.write(PutCosignature(size, one.key.vkey, at, line))
        keys = [W1.key, W2.key, W3.key]
        _, shown, _ = await here.ask("GET", "/checkpoint", token=None)
        assert shown.split(b"\n")[1] == b"3"
        assert set(cosignatures(shown, keys)) == {W1.key, W2.key}
        _, latest, _ = await here.ask("GET", "/checkpoint/latest", token=None)
        assert latest.split(b"\n")[1] == b"9"
        assert set(cosignatures(latest, keys)) == {W1.key}
        assert (await store.read(last_cosigned, W1.key.vkey)).size == 9
        assert await store.read(last_cosigned, "nobody") is None


@awaited
async def test_what_is_read_of_the_ledger_is_the_same_on_either_engine(store: Store) -> None:
    assert await store.read(cosigned_checkpoint, (), 0) is None
    assert await store.read(published, Resource(0, 0, 1)) is None
    tree = await grown(store, 3)
    assert await store.read(published, Resource(0, 0, 3)) == b"".join(leaf_hash(entry(number)) for number in range(3))
    assert await store.read(published, Resource(None, 0, 2)) == bundle([entry(0), entry(1)])
    assert await store.read(published, Resource(0, 0, 4)) is None
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    note = (await store.read(queries.checkpoint)).note
    for hour, one in ((0, W1), (1, W1), (0, W2)):
        when = at.replace(hour=8 + hour)
        line = one.cosign(cut_note(note)[0], when).encode()
        await store.write(PutCosignature(3, one.key.vkey, when, line))
    merged = await store.read(cosigned_checkpoint, (W1.key.vkey, W2.key.vkey), 2)
    assert merged is not None
    assert cosignatures(merged.note, [W1.key, W2.key]) == {W1.key: at.replace(hour=9), W2.key: at}
    assert await store.read(cosigned_checkpoint, (W1.key.vkey,), 2) is None, "one witness twice is one witness"
    assert tree.size == 3


@awaited
async def test_a_live_checkpoint_is_signed_by_the_towns_key(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.line.store.write(admit(1))
        async with asyncio.timeout(120):
            while (await here.ask("GET", "/checkpoint", token=None))[0] == 404:
                await asyncio.sleep(0.02)
        _, note, _ = await here.ask("GET", "/checkpoint", token=None)
        assert open_checkpoint(note, here.line.notary.key).size == 1


@awaited
async def test_a_witness_that_is_away_is_shown_and_stops_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        keeping = Keeping(witnesses=(Witness(W1.key, "http://127.0.0.1:1"),))
        object.__setattr__(here.line, "keeping", keeping)
        for away_since, fine in ((None, True), (NOW, False)):
            keeping.standing[W1.key.name] = Standing(cosigned=7, away_since=away_since)
            status, body, _ = await here.ask("GET", "/readyz", token=None)
            assert (status, json.loads(body)["dependencies"]["witnesses"]) == (200, fine)
            _, figures, _ = await here.ask("GET", "/metrics", token=None)
            assert f'gateway_witness_away{{witness="{W1.key.name}"}} {0.0 if fine else 1.0}' in figures.decode()
            assert f'gateway_witness_entries{{witness="{W1.key.name}"}} 7.0' in figures.decode()
