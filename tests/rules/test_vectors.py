"""Step 4 by its vectors: sealed packets, examined whole, refused for who sends or receives them and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model.agency import Directory
from gateway.model.refusal import Severity
from gateway.rules import examine
from tests.vectors.authority import VECTORS, Vector, known


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one.reason or 'admitted'}: {one.name}")
def test_a_packet_is_refused_for_who_may_not(vector: Vector) -> None:
    facts = known()
    others = tuple(one for one in facts.directory.peers if one.key != vector.peer.key)
    directory = Directory(facts.directory.version, facts.directory.agencies, (*others, vector.peer))
    report = examine(vector.received(), vector.peer, replace(facts, directory=directory))
    refused = [one.reason for one in report.findings if one.severity is Severity.REFUSE]
    if vector.reason is None:
        assert refused == []
        assert report.admitted
        assert len({one.agency for one in report.addressees}) == len(report.addressees) >= 1
    else:
        assert not report.admitted
        assert report.refusal.reason is vector.reason
        assert all(reason.step == 4 or reason is vector.reason for reason in refused if reason.step < 5)
