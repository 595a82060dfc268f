"""The watch: a changed directory is taken over, and what waits goes to whoever collects now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.exchange import watch
from gateway.model.agency import Grant, Peer
from gateway.model.period import Period
from gateway.store import PutDirectory, RevokePeer, queries
from tests.exchange.conftest import Story, file_of
from tests.http.town import DEPARTMENT, PROVINCE, awaited
from tests.pki import NOW

HOUR = timedelta(hours=1)


@awaited
async def test_a_department_with_a_system_of_its_own_collects_what_already_waited(story: Story) -> None:
    await story.submit(file_of(to=(PROVINCE, DEPARTMENT)))
    own = Peer("so", "Hệ thống của Sở", (Grant(DEPARTMENT),))
    known = story.line.directory
    changed = replace(known, version=known.version + 1, peers=(*known.peers, own))
    await story.line.store.write(PutDirectory(changed, NOW))
    await watch.refresh_directory(story.line)
    assert story.line.directory == changed
    assert len(await story.inbox("so")) == 1
    assert len(await story.inbox("tinh")) == 1


@awaited
async def test_what_waits_for_a_revoked_peer_waits_until_somebody_collects_for_its_agency(story: Story) -> None:
    await story.submit(file_of())
    await story.line.store.write(RevokePeer("tinh", NOW))
    await watch.refresh_directory(story.line)
    known = story.line.directory
    successor = Peer("moi", "Hệ thống mới", (Grant(PROVINCE, subtree=True),))
    await story.line.store.write(
        PutDirectory(replace(known, version=known.version + 1, peers=(*known.peers, successor)), NOW)
    )
    await watch.refresh_directory(story.line)
    assert len(await story.inbox("moi")) == 1
    assert await story.inbox("tinh") == []


@awaited
async def test_what_waits_goes_over_in_the_instant_a_grant_begins(story: Story) -> None:
    await story.submit(file_of())
    own = Peer("moi", "Hệ thống mới", (Grant(PROVINCE, period=Period(NOW + HOUR)),))
    known = story.line.directory
    changed = replace(known, version=known.version + 1, peers=(own, *known.peers))
    await story.line.store.write(PutDirectory(changed, NOW))
    await watch.refresh_directory(story.line)
    assert len(await story.inbox("tinh")) == 1
    story.clock.now = NOW + HOUR
    await watch.refresh_directory(story.line)
    assert (len(await story.inbox("tinh")), len(await story.inbox("moi"))) == (0, 1)


@awaited
async def test_a_directory_changed_while_the_gateway_was_down_moves_what_waits_at_its_start(story: Story) -> None:
    await story.submit(file_of(to=(DEPARTMENT,)))
    known = story.line.directory
    own = Peer("so", "Hệ thống của Sở", (Grant(DEPARTMENT),))
    await story.line.store.write(
        PutDirectory(replace(known, version=known.version + 1, peers=(*known.peers, own)), NOW)
    )
    story.line.state.directory = await story.line.store.read(queries.directory)  # as the start reads it
    await watch.refresh_directory(story.line)
    assert len(await story.inbox("so")) == 1


@awaited
async def test_an_unchanged_directory_is_not_read_again(story: Story) -> None:
    before = story.line.directory
    await watch.refresh_directory(story.line)
    assert story.line.directory is before
    assert await story.line.store.read(queries.directory_version) == before.version
