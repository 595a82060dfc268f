"""A register with a year of documents in it, written straight into the tables, some ten thousand at a time.

What the pages of the console look at is there: deliveries in every state, the ledger's entries under real checkpoints,
the words documents are found by, the figures of agencies, receipts owed, attempts, acts. What no list shows (envelopes,
receipts, attachments) is a few bytes. The documents come from one ministry and go to one province a hundred times as
often as between two others, so that somebody's desk is full.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event, literal, select

from gateway.ledger import NONE, Entry, EntryKind, leaf_hash
from gateway.model.activity import MEASURES, Measure, rows_of
from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer
from gateway.model.calendar import local_day
from gateway.model.dispatch import new_id
from gateway.model.search_words import addressee_word, sender_word, words_of
from gateway.store import schema
from gateway.store.engine import parse_url, upgrade_engine
from gateway.store.instants import micros
from gateway.store.statements import Insertion
from tests.http.town import MINISTRY, PROVINCE, directory
from tests.pki import NOW

CHUNK = 10_000
PEERS = 40
WEBHOOK, DEAD_NOTICES = "0" * 26, 10_000
YEAR = timedelta(days=365)
FULL_DESKS = 0.02
"""The share of documents that our ministry sends, or our province gets."""
KINDS = (AgencyKind.MINISTRY, AgencyKind.PROVINCE_COMMITTEE, AgencyKind.COMMUNE_COMMITTEE, AgencyKind.DEPARTMENT)
SUBJECTS = (
    "V/v báo cáo văn bản điện tử",
    "V/v dự hội nghị trực tuyến",
    "Về việc phê duyệt dự toán",
    "V/v phòng chống thiên tai",
    "Thông báo kết luận phiên họp",
)
TABLES = (
    "ledger_entries", "dispatches", "deliveries", "delivery_events", "attempts", "owed_receipts", "search_texts",
    "search_words", "acts",
)  # fmt: skip
"""In the order their foreign keys ask for."""

Rows = dict[str, list[dict[str, Any]]]


def country(agencies: int) -> Directory:
    """The town among so many other agencies, which a few systems collect for."""
    town = directory()
    keys = [key_of(number) for number in range(agencies)]
    others = tuple(
        Agency(key, f"Cơ quan số {number}", (key,), kinds=(KINDS[number % 4],)) for number, key in enumerate(keys)
    )
    peers = tuple(
        Peer(f"he-thong-{one}", f"Hệ thống {one}", tuple(Grant(key) for key in keys[one::PEERS]))
        for one in range(PEERS)
    )
    return Directory(2, (*town.agencies, *others), (*town.peers, *peers))


def key_of(number: int) -> str:
    """The identifier of an agency of the country."""
    return f"K{number // 1000:02d}.{number % 1000}"


def _for_many_rows(connection: Any, _record: object) -> None:
    """As no gateway runs: SQLite's log flushed into the file as it grows and room for the pages that are written again;
    PostgreSQL's guards asleep."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA wal_autocheckpoint = 20000")
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute("PRAGMA foreign_keys = OFF")
    else:
        connection.execute("SET session_replication_role = replica")
        connection.commit()


def _troubled_webhook(connection: Connection) -> None:
    """An endpoint that never took so many notices."""
    at = micros(NOW)
    connection.execute(
        schema.webhooks.insert(),
        {"id": WEBHOOK, "peer": "bo", "url": "https://bo.example/tin", "serial": 1, "added_at": at, "failures": 9},
    )
    events, of = schema.delivery_events, schema.deliveries
    dead = (
        select(literal(WEBHOOK), events.c.id, of.c.dispatch_id, events.c.at, literal(9), literal(at), literal(at))
        .add_columns(literal("HTTP 500"))
        .join_from(events, of)
        .order_by(events.c.id)
        .limit(DEAD_NOTICES)
    )
    names = ("webhook_id", "event_id", "dispatch_id", "recorded_at", "attempts", "next_attempt_at", "dead_at", "detail")
    connection.execute(schema.notices.insert().from_select(names, dead))


@dataclass
class Filling:
    """Makes the rows of one dispatch after another, in the order of time."""

    dispatches: int
    agencies: int
    chance: random.Random = field(default_factory=lambda: random.Random(17))
    index: int = 0
    """Of the next entry."""
    figures: defaultdict[tuple[str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES))
    )
    rows: Rows = field(default_factory=lambda: {name: [] for name in TABLES})

    def into(self, url: str) -> None:
        """Fill a database that has the newest schema and nothing else."""
        engine = upgrade_engine(parse_url(url))
        event.listen(engine, "connect", _for_many_rows)
        for number in range(self.dispatches):
            self._dispatch(number)
            if (number + 1) % CHUNK == 0 or number + 1 == self.dispatches:
                with engine.begin() as connection:
                    self._write(connection)
        with engine.begin() as connection:
            _troubled_webhook(connection)
            for name, row in self._sums():
                Insertion(getattr(schema, name), *row[0]).load(connection, [tuple(one.values()) for one in row])
        engine.dispose()

    def _write(self, connection: Connection) -> None:
        for name, rows in self.rows.items():
            if name == "search_words":
                rows.sort(key=lambda row: (row["word"], row["dispatch_id"]))
            if rows:
                Insertion(getattr(schema, name), *rows[0]).load(connection, [tuple(row.values()) for row in rows])
            rows.clear()
        connection.execute(schema.ledger_head.update().values(size=self.index))

    def _sums(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        figures = [
            {"span": span, "agency": agency} | {measure.value: counts[place] for place, measure in enumerate(MEASURES)}
            for (span, agency), counts in self.figures.items()
        ]
        yield "activity", figures
        yield "activity_progress", [{"id": 1, "next_index": self.index, "round": 1}]
        yield "search_progress", [{"id": 1, "next_index": self.index}]

    def _dispatch(self, number: int) -> None:
        chance = self.chance
        at = NOW - YEAR + YEAR * ((number + chance.random()) / self.dispatches)
        dispatch_id = self._id(at)
        sender = MINISTRY if chance.random() < FULL_DESKS else self._agency()
        addressees = {
            PROVINCE if chance.random() < FULL_DESKS else self._agency() for _ in range(chance.choice((1, 1, 2)))
        }
        addressees.discard(sender)
        addressees = addressees or {PROVINCE if sender != PROVINCE else MINISTRY}
        code, subject = f"{number % 9000 + 1}/CQ-VP", f"{SUBJECTS[number % len(SUBJECTS)]} số {number}"
        digest = hashlib.sha256(dispatch_id.encode()).hexdigest()
        index = self._entry(
            EntryKind.ACCEPT, at, dispatch=dispatch_id, peer="bo", sender=sender, packet=digest, receipt=digest,
            report=digest, seal_certificate=NONE, gateway_certificate=digest, addressees=" ".join(sorted(addressees)),
        )  # fmt: skip
        self.rows["dispatches"].append(
            {
                "id": dispatch_id, "kind": "document", "peer": "bo", "sender": sender,
                "document_id": f"{sender}.{number}", "business_type": 0, "code": code, "packet_digest": digest,
                "admitted_at": micros(at), "ledger_index": index, "subject": subject, "receipt_xml": b"<r/>",
                "report_xml": b"<r/>", "envelope": b"<e/>", "promulgated_on": local_day(at).isoformat(),
                "priority": int(number % 50 == 0), "number_key": None,
            }
        )  # fmt: skip
        self._words(dispatch_id, sender, sorted(addressees), code, subject)
        self._count(sender, at, Measure.SENT)
        for addressee in sorted(addressees):
            self._delivery(self._id(at), dispatch_id, sender, addressee, at, index)
        if number % 50 == 0:
            act = {"ledger_index": index, "by": "tuan", "action": "delivery.held", "subject": f"{dispatch_id}/x"}
            self.rows["acts"].append({**act, "at": micros(at), "reason": "nghi gửi nhầm", "salt": b"s" * 16})

    def _delivery(
        self, delivery_id: str, dispatch_id: str, sender: str, addressee: str, at: datetime, index: int
    ) -> None:
        status = self._status(at)
        deadline = at + timedelta(hours=72)
        self.rows["deliveries"].append(
            {
                "id": delivery_id, "dispatch_id": dispatch_id, "ledger_index": index, "addressee": addressee,
                "addressed_as": addressee, "peer": "tinh" if addressee == PROVINCE else "xa", "push": index % 3 == 0,
                "status": status, "deadline_at": micros(deadline), "next_attempt_at": micros(at),
                "attempts": int(index % 3 == 0), "sender": sender, "due_on": None, "priority": None,
            }
        )  # fmt: skip
        events = ["queued"] if status == "queued" else ["queued", status] if status != "acknowledged" else [
            "queued", "delivered", "acknowledged",
        ]  # fmt: skip
        for step, name in enumerate(events):
            then = {"event": name, "at": micros(at + timedelta(minutes=7 * step)), "detail": ""}
            self.rows["delivery_events"].append({"delivery_id": delivery_id, **then, "ledger_index": index})
        if index % 3 == 0:
            started = {"delivery_id": delivery_id, "number": 1, "claimant": "gateway", "started_at": micros(at)}
            ended = {"claimed_until": micros(at), "ended_at": micros(at), "outcome": "delivered", "detail": "HTTP 200"}
            self.rows["attempts"].append({**started, **ended})
        if status in {"delivered", "acknowledged"}:
            self._count(addressee, at, Measure.RECEIVED)
        if status == "acknowledged":
            self._count(addressee, at, Measure.SAME_DAY)
            told = {"dispatch": dispatch_id, "delivery": delivery_id, "addressee": addressee}
            self._entry(EntryKind.ACKNOWLEDGE, at, **told)
        elif status in {"queued", "delivered"}:
            owed = {"dispatch_id": dispatch_id, "addressee": addressee, "admitted_at": micros(at)}
            late = {"deadline_at": micros(at + timedelta(hours=9)), "received": status == "delivered", "late": False}
            self.rows["owed_receipts"].append({**owed, **late})

    def _status(self, at: datetime) -> str:
        """Of the last three days one in three is not finished; of the others a few failed."""
        drawn = self.chance.random()
        if NOW - at < timedelta(days=3):
            return "queued" if drawn < 0.2 else "delivered" if drawn < 0.33 else "acknowledged"
        return "refused" if drawn < 0.004 else "expired" if drawn < 0.006 else "acknowledged"

    def _id(self, at: datetime) -> str:
        return new_id(int(at.timestamp() * 1000), self.chance.randbytes(10))

    def _agency(self) -> str:
        return key_of(min(int(self.chance.paretovariate(0.6)), self.agencies) - 1)

    def _words(self, dispatch_id: str, sender: str, addressees: list[str], code: str, subject: str) -> None:
        marks = (sender_word(sender), *(addressee_word(key) for key in addressees))
        words = (*marks, *words_of(code, subject))
        self.rows["search_texts"].append({"dispatch_id": dispatch_id, "words": " ".join(words)})
        self.rows["search_words"] += [{"word": word, "dispatch_id": dispatch_id} for word in dict.fromkeys(words)]

    def _entry(self, kind: EntryKind, at: datetime, **values: str) -> int:
        entry, index = Entry.of(kind, at, **values).encode(), self.index
        self.rows["ledger_entries"].append({"ledger_index": index, "leaf_hash": leaf_hash(entry), "entry": entry})
        self.index += 1
        return index

    def _count(self, agency: str, at: datetime, measure: Measure) -> None:
        for span in rows_of(local_day(at)):
            self.figures[span, agency][MEASURES.index(measure)] += 1
