"""The register's state, rebuilt from the ledger alone: one entry after the other, each saying what must be on record.

Nothing here reads the register. What an entry leaves open (which deliveries a change concerned, what a status answered)
follows from those before it, because entries of one transaction stand together in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.ledger.entry import NONE, Entry, EntryKind, Form, write_instant
from gateway.model.delivery import DeliveryStatus
from gateway.model.lifecycle import Answer, ChangeKind
from gateway.store.rebuilt import Facts, Fields

_STATUS_OF = {
    EntryKind.DELIVER: DeliveryStatus.DELIVERED,
    EntryKind.ACKNOWLEDGE: DeliveryStatus.ACKNOWLEDGED,
    EntryKind.DECLINE: DeliveryStatus.REFUSED,
    EntryKind.EXPIRE: DeliveryStatus.EXPIRED,
}
_ASKABLE = {
    DeliveryStatus.QUEUED.value,
    DeliveryStatus.HELD.value,
    DeliveryStatus.DELIVERED.value,
    DeliveryStatus.ACKNOWLEDGED.value,
}
"""An addressee that never gets the document any more, or would not have it, is asked nothing."""
_KINDS = {kind.relation.value: kind for kind in ChangeKind}
_MOVED = {"delivery.held": DeliveryStatus.HELD, "delivery.released": DeliveryStatus.QUEUED}
"""What operators do to a delivery; its subject is `DISPATCH/ADDRESSEE`."""
_TAKES_BACK = "13"
"""The status a sender reports: it asks the document back."""
REMINDER = "reminder"


def _none(written: str) -> str | None:
    return None if written == NONE else written


class Rebuilding:
    """Takes the ledger's entries in their order, and keeps what the register must hold after each."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._asking: tuple[str, datetime] | None = None
        """The change whose entry, or whose withdrawals, stand directly before, and when it was asked."""
        self._told: tuple[str, str | None, str] = ("", None, "")
        """The latest status: its packet, the delivery it speaks of, the event it makes."""
        self._answered: dict[str, int] = {}
        """Where that status answered last, by delivery."""
        self._takers: dict[EntryKind, Callable[[int, Entry], None]] = {
            EntryKind.ACCEPT: self._accept,
            EntryKind.REFUSE: self._refuse,
            EntryKind.CONFLICT: self._refuse,
            **dict.fromkeys(_STATUS_OF, self._step),
            EntryKind.ATTEMPT: self._attempt,
            EntryKind.STATUS: self._status,
            EntryKind.CHANGE: self._change,
            EntryKind.WITHDRAW: self._withdraw,
            EntryKind.ANSWER: self._answer,
            EntryKind.DUPLICATE: self._duplicate,
            EntryKind.REMIND: self._remind,
            EntryKind.DIRECTORY: self._directory,
            EntryKind.PEER: self._peer,
            EntryKind.TABLE_PROPOSED: self._proposed,
            EntryKind.TABLE_APPROVED: self._approved,
            EntryKind.RULES: self._rules,
            EntryKind.KEY: self._key,
            EntryKind.OPERATOR: self._act,
            EntryKind.VIEW: self._act,
            EntryKind.EXPORT: self._act,
            EntryKind.RETENTION: self._retention,
        }

    def take(self, index: int, entry: Entry) -> None:
        """The entry at `index`. Entries that leave nothing in the register (a login) change nothing."""
        if entry.kind not in (EntryKind.CHANGE, EntryKind.WITHDRAW):
            self._asking = None
        taker = self._takers.get(entry.kind)
        if taker is not None:
            taker(index, entry)

    def _event(self, delivery: str, event: str, index: int, **fields: str) -> None:
        self.facts.put("event", f"{index} {delivery} {event}", **fields)

    def _accept(self, index: int, entry: Entry) -> None:
        dispatch, addressees = entry["dispatch"], entry["addressees"].split(" ")
        self.facts.put(
            "dispatch",
            dispatch,
            ledger_index=index,
            admitted_at=write_instant(entry.at),
            **{name: entry[name] for name in ("peer", "sender", "packet", "receipt", "report")},
            packet_digest=entry["packet"],
            misquoted="",
            duplicate_of=None,
            duplicate_by=None,
            _addressees=addressees,
        )
        for addressee in addressees:
            delivery = f"{dispatch} {addressee}"
            self.facts.put("delivery", delivery, status=DeliveryStatus.QUEUED.value, _asked={}, _given_back=False)
            self._event(delivery, DeliveryStatus.QUEUED, index)

    def _refuse(self, index: int, entry: Entry) -> None:
        said = {"reason": entry["reason"]} if entry.kind is EntryKind.REFUSE else {}
        self.facts.put("refusal", str(index), peer=entry["peer"], packet=_none(entry["packet"]), **said)

    def _step(self, index: int, entry: Entry) -> None:
        delivery, status = _delivery(entry), _STATUS_OF[entry.kind].value
        self.facts.change("delivery", delivery, status=status, id=entry["delivery"])
        said = {"reason": entry["reason"]} if entry.kind is EntryKind.DECLINE else {}
        self._event(delivery, status, index, **said)

    def _attempt(self, index: int, entry: Entry) -> None:
        attempt = f"{_delivery(entry)} {entry['number']}"
        self.facts.put("attempt", attempt, outcome=entry["outcome"], ledger_index=index)

    def _status(self, index: int, entry: Entry) -> None:
        dispatch, code = entry["dispatch"], entry["code"]
        event, about = f"status_{code}", None
        if entry["delivery"] != NONE:
            addressee = self._addressee_of(dispatch) if code == _TAKES_BACK else entry["agency"]
            about = f"{entry['target']} {addressee}"
            self._event(about, event, index)
        self.facts.put(
            "status", dispatch, ledger_index=index, agency=entry["agency"], code=code, delivery=_none(entry["delivery"])
        )
        self._told, self._answered = (dispatch, about, event), {}

    def _addressee_of(self, dispatch: str) -> str:
        """Of a packet with one addressee, as status packets have."""
        accepted = self.facts.get("dispatch", dispatch)
        return str(accepted["_addressees"][0]) if accepted else NONE

    def _known(self, delivery: str) -> Fields:
        """What is known of a delivery; of one that was never accepted (the ledger is none of ours then): nothing."""
        return {"status": None, "_asked": {}, "_given_back": False} | (self.facts.get("delivery", delivery) or {})

    def _change(self, index: int, entry: Entry) -> None:
        self._asking = entry["dispatch"], entry.at
        kind = _KINDS.get(entry["relation"])
        if kind is None or entry["target"] == NONE or entry["addressees"] == NONE:
            return
        for addressee in entry["addressees"].split(" "):
            delivery = f"{entry['target']} {addressee}"
            known = self._known(delivery)
            if known["_given_back"] or known["status"] not in _ASKABLE:
                continue
            self.facts.put(
                "change",
                f"{entry['dispatch']} {delivery}",
                kind=kind.value,
                ledger_index=index,
                answer=None,
                answered_by=None,
                answer_index=None,
            )
            self._event(delivery, kind.value, index)
            self.facts.change("delivery", delivery, _asked=known["_asked"] | {entry["dispatch"]: kind.value})

    def _withdraw(self, index: int, entry: Entry) -> None:
        delivery, change = _delivery(entry), entry["change"]
        known = self._known(delivery)
        asked: dict[str, str] = known["_asked"]
        answered = [one for one, kind in asked.items() if kind != ChangeKind.UPDATE]
        if self._asking != (change, entry.at):  # asked back while a push was under way that failed
            self._asking = None
        elif change in asked:  # of the same transaction: it had not left, so nobody was asked
            asking = self.facts.get("change", f"{change} {delivery}") or {}
            self.facts.drop("event", f"{asking.get('ledger_index')} {delivery} {asked[change]}")
        for one in answered:
            self.facts.change("change", f"{one} {delivery}", answer=Answer.WITHDRAWN.value)
        self.facts.change(
            "delivery",
            delivery,
            status=DeliveryStatus.WITHDRAWN.value,
            id=entry["delivery"],
            _asked={one: kind for one, kind in asked.items() if one not in answered},
        )
        self._event(delivery, DeliveryStatus.WITHDRAWN, index)

    def _answer(self, index: int, entry: Entry) -> None:
        delivery, change, outcome = _delivery(entry), entry["change"], entry["outcome"]
        packet, about, event = self._told
        said = {} if entry["reason"] == NONE else {"reason": entry["reason"]}
        self.facts.change(
            "change",
            f"{change} {delivery}",
            answer=outcome,
            answered_by=packet,
            answer_index=index,
        )
        if said:
            self.facts.change("status", packet, **said)
        known = self._known(delivery)
        kind = known["_asked"].pop(change, None)
        given_back = known["_given_back"] or (kind, outcome) == (ChangeKind.RECALL.value, Answer.DONE.value)
        self.facts.change("delivery", delivery, id=entry["delivery"], _asked=known["_asked"], _given_back=given_back)
        if delivery != about:  # several requests answered at once are one event
            self.facts.drop("event", f"{self._answered.get(delivery)} {delivery} {event}")
            self._event(delivery, event, index)
            self._answered[delivery] = index

    def _duplicate(self, index: int, entry: Entry) -> None:
        dispatch = entry["dispatch"]
        self.facts.change("dispatch", dispatch, duplicate_of=entry["of"], duplicate_by=entry["by"])
        accepted = self.facts.get("dispatch", dispatch) or {}
        for addressee in accepted.get("_addressees", ()):
            self._event(f"{dispatch} {addressee}", "duplicate", index)

    def _remind(self, index: int, entry: Entry) -> None:
        self._event(_delivery(entry), REMINDER, index)
        self.facts.change("delivery", _delivery(entry), id=entry["delivery"])

    def _directory(self, index: int, entry: Entry) -> None:
        self.facts.put("directory", entry["version"], ledger_index=index, sha256=entry["sha256"])

    def _peer(self, _index: int, entry: Entry) -> None:
        """A peer has as many credentials as it was given; once it is shut out, none lets it in."""
        if entry["change"] == "revoked":
            self.facts.change("peer", entry["peer"], let_in=0)
            return
        known = self.facts.get("peer", entry["peer"]) or {"credentials": 0}
        self.facts.change("peer", entry["peer"], credentials=known["credentials"] + 1)

    def _proposed(self, _index: int, entry: Entry) -> None:
        said = {"sha256": entry["sha256"], "effective_from": entry["effective_from"], **_name("proposed_by", entry)}
        self.facts.put("table", f"{entry['table']} {entry['version']}", **said, approved_index=None)

    def _approved(self, index: int, entry: Entry) -> None:
        key = f"{entry['table']} {entry['version']}"
        self.facts.change("table", key, **_name("approved_by", entry), approved_index=index)

    def _rules(self, index: int, entry: Entry) -> None:
        self.facts.put("rules", str(index), version=entry["version"], sha256=entry["sha256"])

    def _key(self, index: int, entry: Entry) -> None:
        self.facts.put("key", str(index), which=entry["which"], sha256=entry["new"])

    def _act(self, index: int, entry: Entry) -> None:
        said = dict(entry.fields)
        action = {EntryKind.VIEW: f"view.{said.get('what')}", EntryKind.EXPORT: f"export.{said.get('what')}"}
        subject = said.get("subject") or said.get("dispatch") or said["sha256"]
        reason = {"reason": said["reason"]} if "reason" in said else {}
        done = action.get(entry.kind) or said["action"]
        self.facts.put("act", str(index), action=done, subject=subject, **reason)
        if entry.kind is EntryKind.OPERATOR and (status := _MOVED.get(done)) is not None:
            delivery = subject.replace("/", " ", 1)
            self.facts.change("delivery", delivery, status=status.value)
            self._event(delivery, status, index)

    def _retention(self, index: int, entry: Entry) -> None:
        dispatch, act = entry["dispatch"], entry["act"]
        self.facts.put("act", str(index), action=f"retention.{act}", subject=dispatch, reason=entry["reason"])
        match act:
            case "held":
                self.facts.put("hold", str(index), dispatch=dispatch, released_index=None)
                self.facts.change("dispatch", dispatch, _hold=index)
            case "released":
                held = (self.facts.get("dispatch", dispatch) or {}).get("_hold")
                self.facts.change("hold", str(held), released_index=index)
            case "erased":
                self.facts.put("erasure", dispatch, ledger_index=index, certificate=entry["certificate"])


def _name(field: str, entry: Entry) -> Fields:
    """Who stands behind an entry about a table, where it says so by name, as it once did; its digests are those of
    a person's row, or of a key the register does not hold."""
    return {} if Form.DIGEST.value.fullmatch(entry["by"]) else {field: entry["by"]}


def _delivery(entry: Entry) -> str:
    return f"{entry['dispatch']} {entry['addressee']}"
