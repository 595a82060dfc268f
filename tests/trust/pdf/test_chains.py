"""Paths are verified once and remembered for exactly as long as everything in them holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.model.pdf import PathFault, Revocation
from gateway.trust import chains as subject
from gateway.trust.anchors import AnchorError, AnchorStore, load_anchors
from gateway.trust.chains import Chain, Chains, Purpose
from gateway.trust.pdf import verify_pdf
from gateway.trust.revocation import RevocationSnapshot, Source, SourceKind
from tests.pki import DAY, NOW
from tests.trust.pdf.papers import CRL_URL, HOUR, SIGNER_NAME, YEAR, World, known, paper, sign, snapshot_of, world


@pytest.fixture(scope="module")
def the() -> World:
    return world()


def path(chains: Chains, holder: object, at: object = NOW) -> Chain:
    found = chains.find(holder.der, [], at, Purpose.SIGNING)
    assert isinstance(found, Chain)
    return found


def test_a_path_is_built_once_and_again_only_where_it_does_not_hold(
    the: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    build = Chains._build
    monkeypatch.setattr(Chains, "_build", lambda self, *args: built.append(args) or build(self, *args))
    chains = Chains(the.stores)
    first = path(chains, the.person)
    assert path(chains, the.person) is first
    assert path(chains, the.person, NOW - DAY) is first
    assert len(built) == 1
    path(chains, the.person, NOW + 3 * YEAR)
    assert len(built) == 2


def test_a_path_holds_as_long_as_the_shortest_lived_below_its_root(the: World) -> None:
    short = the.government.authority("Cấp dưới", starts_at=NOW - 2 * DAY, ends_at=NOW + DAY)
    chains = Chains([*the.stores, AnchorStore("more", (the.unknown_root.der,), (short.der,))])
    found = path(chains, short.issue(SIGNER_NAME))
    assert (found.starts_at, found.ends_at) == (NOW - 2 * DAY, NOW + DAY)
    assert found.store == "government"
    assert not found.covers(NOW + 2 * DAY)


def test_a_failure_is_not_remembered_for_the_next_file_may_bring_what_was_missing(the: World) -> None:
    chains = Chains([AnchorStore("government", (the.government_root.der,))])
    assert chains.find(the.person.der, [], NOW, Purpose.SIGNING) is PathFault.UNKNOWN_ROOT
    assert isinstance(chains.find(the.person.der, [the.government.der], NOW, Purpose.SIGNING), Chain)


def test_garbage_for_a_certificate_leads_nowhere(the: World) -> None:
    chains = Chains(the.stores)
    assert chains.find(b"", [], NOW, Purpose.SIGNING) is PathFault.BROKEN
    assert chains.find(b"0\x82\x01\x00garbage", [], NOW, Purpose.SIGNING) is PathFault.BROKEN
    assert chains.find(the.person.der, [b"garbage"], NOW, Purpose.SIGNING) is PathFault.BROKEN


def test_memory_is_bounded(the: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "KNOWN_MAX", 3)
    chains = Chains(the.stores)
    for _ in range(6):
        path(chains, the.government.issue(SIGNER_NAME))
    assert len(chains._known) == 3


def test_a_standing_is_remembered_until_an_answer_goes_stale(the: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = Chains._ask
    monkeypatch.setattr(Chains, "_ask", lambda self, *args: asked.append(args) or ask(self, *args))
    chains, snapshot = Chains(the.stores), the.snapshot(days=2)
    found = path(chains, the.person)
    for at in (NOW, NOW + HOUR, NOW + DAY):
        assert chains.standing(found, snapshot, at).revocation is Revocation.GOOD
    assert len(asked) == 1
    assert chains.standing(found, snapshot, NOW + 2 * DAY + HOUR).revocation is Revocation.UNKNOWN
    assert len(asked) == 2
    chains.standing(found, the.snapshot(NOW + DAY), NOW + DAY)
    assert len(asked) == 3


def test_the_same_answers_fetched_again_are_the_same_snapshot(the: World) -> None:
    crl = the.government.crl()
    assert snapshot_of(NOW, crl).version == snapshot_of(NOW + DAY, crl).version
    assert snapshot_of(NOW, crl).version != snapshot_of(NOW).version


def test_a_new_snapshot_changes_what_was_remembered() -> None:
    the = world()
    facts = known(the)
    data = sign(paper(), the.person)
    assert verify_pdf(data, facts).signatures[0].revocation is Revocation.GOOD
    the.government.revoke(the.person, NOW - DAY)
    later = known(the, chains=facts.chains)
    assert verify_pdf(data, later).signatures[0].revocation is Revocation.REVOKED
    assert verify_pdf(data, facts).signatures[0].revocation is Revocation.GOOD  # the same facts, the same report


def test_what_the_next_snapshot_should_hold_is_what_paths_in_use_name(the: World) -> None:
    chains = Chains(the.stores)
    assert chains.sources(NOW) == ()
    chains.standing(path(chains, the.person), RevocationSnapshot(), NOW)
    assert chains.sources(NOW) == (Source(SourceKind.CRL, CRL_URL),)
    assert chains.sources(NOW + DAY) == ()


def test_a_stranger_cannot_name_what_is_fetched(the: World) -> None:
    """Only verified paths name sources: else any sender could make the gateway call any address."""
    chains = Chains(the.stores)
    facts = known(the, chains=chains)
    verify_pdf(sign(paper(), the.unknown_root.issue(SIGNER_NAME, crl_url="http://169.254.169.254/latest")), facts)
    assert chains.sources(NOW - YEAR) == ()


def test_many_threads_get_the_same_answer(the: World) -> None:
    facts = known(the)
    files = [sign(paper(), the.person), sign(paper(), the.agency)]
    alone = [verify_pdf(data, known(the)) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: verify_pdf(data, facts), files * 16))
    assert together == alone * 16


def test_anchors_are_read_from_a_folder(the: World, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(the.government_root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "sub.cer").write_bytes(the.government.der)
    (tmp_path / "README.txt").write_text("roots", encoding="utf-8")
    assert load_anchors("government", tmp_path) == the.stores[0]
    (tmp_path / "bad.crt").write_bytes(b"garbage")
    with pytest.raises(AnchorError, match=r"bad\.crt: not a certificate"):
        load_anchors("government", tmp_path)


def test_a_folder_without_a_root_is_refused(the: World, tmp_path: Path) -> None:
    (tmp_path / "sub.cer").write_bytes(the.government.der)
    with pytest.raises(AnchorError, match="trust nothing"):
        load_anchors("government", tmp_path)
