"""Who signs for an agency: the register of its signers, and what was delegated to them (Decree 30/2020, Article 13)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.period import ALWAYS, Period


class Capacity(StrEnum):
    """In which capacity a person signs: what stands before the position (Decree 30/2020, annex I, part II.7.b)."""

    HEAD = "head"
    """Nothing: the head signs in his own right."""
    COLLECTIVE = "collective"
    """TM. (thay mặt): on behalf of the collective that leads the agency."""
    ACTING = "acting"
    """Q. (quyền): given the powers of the head."""
    DEPUTY = "deputy"
    """KT. (ký thay): a deputy in place of the head."""
    ORDER = "order"
    """TL. (thừa lệnh): the head of a unit, by order."""
    MANDATE = "mandate"
    """TUQ. (thừa ủy quyền): the head of a subordinate agency or unit, by a mandate."""


class Rank(StrEnum):
    """What a person is in the agency. In which capacities a rank signs, the authority table says."""

    HEAD = "head"
    ACTING_HEAD = "acting-head"
    DEPUTY = "deputy"
    """Also a deputy who is in charge while there is no head (Article 13.1)."""
    UNIT_HEAD = "unit-head"
    UNIT_DEPUTY = "unit-deputy"


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who signs, in one position. Who holds two positions is enrolled twice."""

    full_name: str
    """Without titles, as in SignerInfo/FullName."""
    position: str
    rank: Rank
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Delegation:
    """Leave to sign, given by the head to one person. There is none to pass it on (Article 13.3)."""

    capacity: Capacity
    full_name: str
    basis: str
    """The document that gives leave, as `12/GUQ-BNV`: a mandate in writing, or the agency's working rules."""
    types: tuple[str, ...] = ()
    """Names of the types of document it covers; empty: all."""
    period: Period = ALWAYS
