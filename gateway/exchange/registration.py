"""What a system asks about the directory: it may ask for its own branch alone, and asking changes nothing.

The directory decides whose name a system may speak in, so nobody writes himself into it: the operator does. A wish that
the directory fulfils already is answered with success, so a system repeats it until it is.
"""

from __future__ import annotations

from datetime import datetime

from gateway.model.agency import OLD_ID, Agency, Directory, IdScheme, Peer, id_scheme
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found


def check_registration(
    directory: Directory, peer: Peer, code: str, name: str, superior_id: str, at: datetime
) -> Agency:
    """The agency a system wants to be registered, where it is. Refused(AXIS_REGISTRATION) otherwise, saying why.

    An identifier must lie below the superior's own, and the superior in a branch that was granted to the peer whole:
    so nobody takes an identifier of somebody else, nor gets one that looks like his.
    """
    superior = directory.agency(superior_id)
    if superior is None or not _holds_branch(directory, peer, superior, at):
        raise _refused("not_below", code, superior_id)
    if not any(_lies_below(code, one) for one in superior.ids):
        raise _refused("code", code, superior_id)
    there = directory.agency(code)
    if there is None:
        raise _refused("by_operator", code)
    if there.parent != superior.key or there.name != name or not there.period.covers(at):
        raise _refused("taken", code)
    return there


def check_deletion(directory: Directory, peer: Peer, code: str, at: datetime) -> None:
    """Whether an agency a system wants to be deleted is out of the directory. Refused(AXIS_REGISTRATION) where not."""
    agency = directory.agency(code)
    if agency is None or not agency.period.covers(at):
        return
    superior = directory.agency(agency.parent) if agency.parent else None
    mine = superior is not None and _holds_branch(directory, peer, superior, at)
    raise _refused("by_operator" if mine else "not_yours", code)


def _holds_branch(directory: Directory, peer: Peer, agency: Agency, at: datetime) -> bool:
    line = {one.key for one in directory.lineage(agency)}
    return any(one.subtree and one.agency in line and one.period.covers(at) for one in peer.grants)


def _lies_below(code: str, superior_id: str) -> bool:
    """By the shape of both identifiers: of one scheme, and the superior's written into the other.

    The new scheme reads from left to right (QĐ 20/2020/QĐ-TTg, Article 4), the old one from right to left, with zeros
    for the levels not used (QCVN 102:2016).
    """
    if id_scheme(superior_id) is IdScheme.NEW:
        return id_scheme(code) is IdScheme.NEW and code.startswith(f"{superior_id}.")
    if OLD_ID.fullmatch(superior_id) and OLD_ID.fullmatch(code):
        groups = superior_id.split(".")
        while not groups[0].strip("0"):
            del groups[0]
        return code != superior_id and code.endswith(f".{'.'.join(groups)}")
    return False


def _refused(fault: str, code: str, superior: str = "") -> Refused:
    return Refused(found(Reason.AXIS_REGISTRATION, fault=fault, code=code, parent=superior))
