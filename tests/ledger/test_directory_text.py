"""The text a directory's ledger entry is the digest of."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from gateway.ledger.directory_text import directory_text
from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer
from gateway.model.period import Period
from gateway.model.signers import Rank, Signer

AT = datetime(2025, 7, 1, tzinfo=UTC)
SIGNED = Agency("H41", 'Tỉnh "Mẫu"', ("H41", "000.00.00.H41"), None, Period(None, AT), "H42", (b"\x30",))
KNOWN = Directory(
    7,
    (SIGNED, Agency("G12", "Bộ\t", ("G12",), kinds=(AgencyKind.MINISTRY,), signers=(Signer("Lan", "x", Rank.HEAD),))),
    (Peer("b", "Trục", (Grant("H41", subtree=True),), revoked_at=AT), Peer("a", "Bộ")),
)


def test_it_is_one_line_of_sorted_json_that_any_program_can_write_again() -> None:
    written = directory_text(KNOWN)
    said = json.loads(written)
    again = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    assert again.encode() == written
    assert [one["key"] for one in said["agencies"]] == ["G12", "H41"]
    assert [one["key"] for one in said["peers"]] == ["a", "b"]
    assert said["agencies"][1]["ends_at"] == "2025-07-01T00:00:00+00:00"


def test_it_does_not_depend_on_the_order_in_which_agencies_were_told() -> None:
    assert directory_text(Directory(7, KNOWN.agencies[::-1], KNOWN.peers)) == directory_text(KNOWN)
