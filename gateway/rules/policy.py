"""Policies: what a broken rule of form does to the verdict.

Every rule has a severity of its own: *refuse* for what the decree or the standard clearly forbids, *warn* for the rest
(`gateway rules list`). A policy may change it, for all rules or by name.

strict      every rule at its own severity: for agencies whose packets are sealed in the strict profile
transition  what the field sends today is admitted with warnings; refused is only what can harm the receiver
observe     nothing is refused by a rule of form: to see what strict would do before it is switched on
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.agency import Agency, Peer, PolicyName
from gateway.model.refusal import Severity


@dataclass(frozen=True, slots=True)
class Policy:
    """A table of severities, by rule."""

    name: str
    otherwise: Severity | None = None
    """The severity of rules not in `rules`; None: each rule's own."""
    rules: Mapping[str, Severity] = field(default_factory=dict)

    def severity(self, rule: str, own: Severity) -> Severity:
        """The severity of the rule with this id, whose own severity is `own`."""
        return self.rules.get(rule, self.otherwise or own)


HARMFUL = ("TT-806", "TT-814", "TT-902")
"""A program in place of a document, an attachment that is empty, text that is shown otherwise than it is written."""

STRICT = Policy("strict")
TRANSITION = Policy("transition", Severity.WARN, dict.fromkeys(HARMFUL, Severity.REFUSE))
OBSERVE = Policy("observe", Severity.WARN)

POLICIES = {policy.name: policy for policy in (STRICT, TRANSITION, OBSERVE)}


def policy_of(peer: Peer, sender: Agency | None = None, policies: Mapping[str, Policy] = POLICIES) -> Policy:
    """What a packet is held to: the stricter of its peer's policy and its sender's own, if that has one.

    `policies` are those of the authority table in force.
    """
    names = {peer.policy, sender.policy if sender is not None else None}
    return policies[next(name for name in PolicyName if name in names)]
