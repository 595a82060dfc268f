"""Policies: of the peer's and the sender's own the stricter counts, for the seal as for every rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import edxml
from gateway.edxml import Limits, PartWriter, Received
from gateway.model.agency import Directory, PolicyName
from gateway.model.reasons import Reason
from gateway.model.refusal import Severity
from gateway.rules import Examination, Known, examine
from gateway.rules.authority_table import shipped_table
from gateway.rules.policy import STRICT
from tests.vectors.competence import DEPUTY, MINISTRY, PEER, document, known
from tests.vectors.packets import LETTER, LETTER_BYTES
from tests.vectors.vector import Memory

LETTER_OF_A_DEPUTY = document(MINISTRY, "Công văn", *DEPUTY)


def unsealed(stranger: bool = False) -> Received:
    writer = PartWriter(Limits(), Memory())
    writer.write(LETTER_BYTES)
    content = LETTER_OF_A_DEPUTY
    if stranger:
        content = replace(content, signer=replace(content.signer, full_name="Người Không Tên"))
    return edxml.received(edxml.write(content, [LETTER]), [writer.finish(LETTER.content_id)])


def examined(
    received: Received, peers: PolicyName, agencys: PolicyName | None, facts: Known | None = None
) -> Examination:
    facts = facts or known()
    agencies = tuple(
        replace(one, policy=agencys) if one.key == MINISTRY.key else one for one in facts.directory.agencies
    )
    peer = replace(PEER, policy=peers)
    return examine(received, peer, replace(facts, directory=Directory(1, agencies, (peer,))))


@pytest.mark.parametrize(
    ("peers", "agencys", "admitted"),
    [
        ("strict", None, False),
        ("strict", "transition", False),
        ("transition", "strict", False),
        ("observe", "strict", False),
        ("transition", None, True),
        ("transition", "observe", True),
        ("observe", None, True),
        ("observe", "transition", True),
    ],
)
def test_without_a_seal_the_stricter_policy_decides(peers: str, agencys: str | None, admitted: bool) -> None:
    report = examined(unsealed(), PolicyName(peers), PolicyName(agencys) if agencys else None)
    assert report.admitted is admitted
    severities = {one.severity for one in report.findings if one.reason is Reason.SEAL_MISSING}
    assert severities == {Severity.WARN if admitted else Severity.REFUSE}


def test_a_table_in_force_gives_a_rule_another_severity() -> None:
    observe = PolicyName.OBSERVE
    assert examined(unsealed(stranger=True), observe, None).admitted
    harder = replace(shipped_table().policies[observe], rules={"authority.signer_unknown.nobody": Severity.REFUSE})
    table = replace(shipped_table(), version=2, policies={**shipped_table().policies, observe: harder})
    report = examined(unsealed(stranger=True), observe, None, replace(known(), table=table))
    assert report.refusal.reason is Reason.AUTHORITY_SIGNER_UNKNOWN


def test_strict_leaves_every_rule_its_own_severity() -> None:
    assert all(STRICT.severity(rule, own) is own for rule in ("TT-806", "seal.missing") for own in Severity)
