"""The directory comes back equal, whatever it was and whatever it replaces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer, PolicyName, Regime
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.model.signers import Capacity, Delegation, Rank, Signer
from gateway.store import CredentialKind, PutCredential, PutDirectory, PutSetting, RevokePeer, Store, queries
from tests.growth import LINEAR_MAX, TIMES, growth
from tests.store.samples import NOW, run, sha256, write

KEYS = st.sampled_from([f"G{number:02}" for number in range(12)])
NAMES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
PERIODS = st.builds(Period, st.none() | INSTANTS, st.none() | INSTANTS)
GRANTS = st.lists(st.builds(Grant, KEYS, st.booleans(), PERIODS), max_size=3).map(tuple)
PEERS = st.lists(
    st.builds(
        Peer,
        KEYS,
        NAMES,
        GRANTS,
        st.none() | st.just("https://x.vn/"),
        st.sampled_from(PolicyName),
        st.none() | INSTANTS,
    ),
    max_size=5,
    unique_by=lambda peer: peer.key,
).map(tuple)


TYPES = st.lists(st.sampled_from(["Công văn", "Quyết định"]), unique=True).map(tuple)
SIGNERS = st.lists(st.builds(Signer, NAMES, NAMES, st.sampled_from(Rank), PERIODS), max_size=3).map(tuple)
DELEGATIONS = st.lists(st.builds(Delegation, st.sampled_from(Capacity), NAMES, NAMES, TYPES, PERIODS), max_size=3).map(
    tuple
)


@st.composite
def agencies(draw: st.DrawFn) -> tuple[Agency, ...]:
    made = []
    for key in draw(st.lists(KEYS, unique=True, max_size=8)):
        ids = draw(st.permutations([key, f"old-{key}", f"local-{key}"]))[: draw(st.integers(0, 3))]
        made.append(
            Agency(
                key,
                draw(NAMES),
                tuple(ids),
                draw(st.none() | KEYS),
                draw(PERIODS),
                draw(st.none() | KEYS),
                draw(st.lists(st.binary(max_size=6), max_size=3).map(tuple)),
                draw(st.lists(st.sampled_from(AgencyKind), unique=True, max_size=2).map(tuple)),
                draw(st.none() | st.sampled_from(Regime)),
                draw(st.none() | st.sampled_from(PolicyName)),
                draw(SIGNERS),
                draw(DELEGATIONS),
            )
        )
    return tuple(made)


@given(st.lists(st.tuples(agencies(), PEERS), min_size=1, max_size=3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_directory_comes_back_equal_whatever_was_there_before(
    store: Store, contents: list[tuple[tuple[Agency, ...], tuple[Peer, ...]]]
) -> None:
    for everyone, peers in contents:
        version = run(store.read(queries.directory_version)) + 1
        directory = Directory(version, everyone, peers)
        assert write(store, PutDirectory(directory, NOW)) == version
        assert run(store.read(queries.directory)) == directory


@given(st.lists(st.tuples(agencies(), PEERS), min_size=2, max_size=4), st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_version_is_read_as_it_was_put_and_what_changed_since_leads_from_any_to_the_newest(
    store: Store, contents: list[tuple[tuple[Agency, ...], tuple[Peer, ...]]], data: st.DataObject
) -> None:
    now = run(store.read(queries.directory))
    put = [now]
    for everyone, peers in contents:
        now = Directory(now.version + 1, everyone, peers)
        write(store, PutDirectory(now, NOW, before=put[-1]))
        put.append(now)
    since = data.draw(st.sampled_from(put))
    for one in put:
        assert run(store.read(queries.directory_at, one.version)) == one
        assert run(store.read(queries.directory_at, one.version, since)) == one
    changed = run(store.read(queries.agencies_changed_since, since.version))
    assert [(one.version, one.agency.key) for one in changed] == sorted(
        (one.version, one.agency.key) for one in changed
    )
    kept = {one.key: one for one in since.agencies}
    for change in changed:
        assert since.version < change.version <= now.version
        if change.deleted:
            assert kept.pop(change.agency.key, change.agency) is not None
        else:
            kept[change.agency.key] = change.agency
    assert tuple(kept[key] for key in sorted(kept)) == now.agencies
    untouched = {one.key for one in now.agencies} - {one.agency.key for one in changed}
    assert all(_holds(since, key) is not None and _holds(since, key) == _holds(now, key) for key in untouched)


def _holds(directory: Directory, key: str) -> Agency | None:
    return next((one for one in directory.agencies if one.key == key), None)


def test_a_deleted_agency_is_told_as_it_last_was(store: Store) -> None:
    old, new = Agency("H41", "Tỉnh cũ", ("H41",)), Agency("H42", "Tỉnh mới", ("H42",))
    write(store, PutDirectory(Directory(1, (old,)), NOW))
    write(store, PutDirectory(Directory(2, (new,)), NOW + timedelta(days=1)))
    gone, come = run(store.read(queries.agencies_changed_since, 1))
    assert (gone.agency, gone.version, gone.deleted) == (old, 2, True)
    assert (come.agency, come.deleted, come.changed_at) == (new, False, NOW + timedelta(days=1))
    assert run(store.read(queries.agencies_changed_since, 2)) == ()


def test_who_made_a_change_from_an_older_version_is_told_somebody_was_faster(store: Store) -> None:
    write(store, PutDirectory(Directory(1), NOW))
    write(store, PutDirectory(Directory(2), NOW))
    with pytest.raises(Refused) as refused:
        write(store, PutDirectory(Directory(3), NOW, before=Directory(1)))
    assert refused.value.reason is Reason.STATE_CONFLICT


def test_before_the_first_directory_there_is_an_empty_one(store: Store) -> None:
    assert run(store.read(queries.directory)) == Directory(0)


def test_a_version_that_is_not_later_is_refused(store: Store) -> None:
    write(store, PutDirectory(Directory(3), NOW, b"directory 3"))
    for version in (2, 3):
        with pytest.raises(Refused) as refused:
            write(store, PutDirectory(Directory(version), NOW, b"lost"))
        assert refused.value.reason is Reason.STATE_CONFLICT
    assert run(store.read(queries.ledger_head)).size == 1


@pytest.mark.parametrize(
    ("directory", "twice"),
    [
        (Directory(1, (Agency("A", "a", ("1",)), Agency("B", "b", ("1",)))), "identifier '1'"),
        (Directory(1, (Agency("A", "a", ("1",)), Agency("A", "b", ("2",)))), "agency 'A'"),
        (Directory(1, (), (Peer("P", "p"), Peer("P", "q"))), "peer 'P'"),
    ],
)
def test_what_would_be_ambiguous_is_not_put_in_force(store: Store, directory: Directory, twice: str) -> None:
    with pytest.raises(ValueError, match=twice):
        write(store, PutDirectory(directory, NOW))
    assert run(store.read(queries.directory_version)) == 0


def test_a_directory_of_many_agencies_takes_as_long_as_it_is_large(store: Store) -> None:
    """The writer stands still for it."""
    hub = Peer("hub", "Trục tỉnh", (Grant("G000000", subtree=True),))
    everyone = tuple(
        Agency(f"G{number:06}", f"Ủy ban nhân dân xã {number}", (f"G{number:06}", f"000.00.00.G{number:06}"), "G000000")
        for number in range(12_000)
    )
    version = iter(range(1, 1_000))

    def put(agencies: tuple[Agency, ...]) -> None:
        for directory in (Directory(next(version), agencies, (hub,)), Directory(next(version), (), (hub,))):
            write(store, PutDirectory(directory, NOW))
            assert run(store.read(queries.directory)) == directory

    assert growth(lambda: put(everyone[: len(everyone) // TIMES]), lambda: put(everyone)) < LINEAR_MAX


def test_a_credential_proves_one_peer_until_it_is_revoked(store: Store) -> None:
    write(store, PutDirectory(Directory(1, (), (Peer("P", "p"), Peer("Q", "q"))), NOW))
    token, certificate = sha256(b"token"), sha256(b"certificate")
    write(store, PutCredential(token, CredentialKind.TOKEN, "P", NOW, b"peer added"))
    write(store, PutCredential(certificate, CredentialKind.CERTIFICATE, "Q", NOW))
    assert run(store.read(queries.credential, token)) == "P"
    assert run(store.read(queries.credential, certificate)) == "Q"
    assert run(store.read(queries.credential, sha256(b"stolen"))) is None

    later = NOW + timedelta(hours=1)
    assert write(store, RevokePeer("P", later, b"peer revoked")) == 2
    assert run(store.read(queries.credential, token)) is None
    assert run(store.read(queries.credential, certificate)) == "Q"
    directory = run(store.read(queries.directory))
    assert directory.version == 2
    assert [peer.revoked_at for peer in directory.peers] == [later, None]
    assert [one.revoked_at for one in run(store.read(queries.credentials))].count(later) == 1
    assert run(store.read(queries.entries, 0, 9)) == (b"peer added", b"peer revoked")


def test_nobody_is_shut_out_twice_and_nobody_unknown(store: Store) -> None:
    write(store, PutDirectory(Directory(1, (), (Peer("P", "p"),)), NOW))
    assert write(store, RevokePeer("P", NOW)) == 2
    assert write(store, RevokePeer("P", NOW, b"no")) is None
    assert write(store, RevokePeer("Q", NOW, b"no")) is None
    assert run(store.read(queries.ledger_head)).size == 0


def test_a_credential_is_given_out_once_and_never_comes_back(store: Store) -> None:
    credential = PutCredential(sha256(b"token"), CredentialKind.TOKEN, "P", NOW)
    write(store, PutDirectory(Directory(1, (), (Peer("P", "p"),)), NOW))
    write(store, credential)
    write(store, RevokePeer("P", NOW))
    with pytest.raises(Refused) as refused:
        write(store, credential)
    assert refused.value.reason is Reason.STATE_CONFLICT


def test_a_setting_is_told_once(store: Store) -> None:
    assert run(store.read(queries.setting, "origin")) is None
    assert write(store, PutSetting("origin", "truc.gov.vn")) == "truc.gov.vn"
    assert write(store, PutSetting("origin", "truc.example")) == "truc.gov.vn"
    assert run(store.read(queries.setting, "origin")) == "truc.gov.vn"


def test_a_change_by_another_process_is_seen(store_url: str, tmp_path: Path) -> None:
    serving, operator = (Store.open(store_url, tmp_path / "blobs") for _ in range(2))
    write(operator, PutDirectory(Directory(1, (), (Peer("P", "p"),)), NOW))
    assert run(serving.read(queries.directory)).peer("P") is not None
    for one in (serving, operator):
        one.close()
