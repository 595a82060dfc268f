"""Bad seals: a good packet plus a named mutation, and the reason it must be refused for.

The classes S1 to S26 are the known breaks of XML signatures: wrapping, duplicate Ids, comment and namespace tricks, key
and algorithm confusion, dangerous references and transforms, ECDSA edge values, replays. Most edits are tried twice: as
an outsider makes them, and `resigned`, with every digest and the signature made true again by the rightful key, so that
what refuses them is the structure and not a digest that happens to differ.
"""

from __future__ import annotations

from functools import cache

from tests.vectors import seal_references, seal_structure, seal_values
from tests.vectors.seal_vector import Vector

MAKERS = (
    seal_structure.wrapped,
    seal_structure.doubled_ids,
    seal_structure.namespaces,
    seal_structure.second_blocks,
    seal_structure.marked_up,
    seal_structure.copies,
    seal_references.hmac,
    seal_references.keys,
    seal_references.addresses,
    seal_references.transforms,
    seal_references.counts,
    seal_references.downgrades,
    seal_values.values,
    seal_values.signatures,
    seal_values.properties,
    seal_values.parts,
    seal_values.spellings,
    seal_values.contexts,
    seal_values.certificates,
)


@cache
def vectors() -> tuple[Vector, ...]:
    """Every vector, built once a session."""
    return tuple(vector for make in MAKERS for vector in make())
