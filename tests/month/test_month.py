"""A small month in which what is rare is frequent: every document is accounted for, with the numbers of its seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model.delivery import DeliveryStatus
from gateway.store import queries
from tests.http.town import awaited
from tests.month.__main__ import numbers
from tests.month.account import UnexplainedError, account, explain
from tests.month.play import Month
from tests.month.run import month_in

PER_DAY, DAYS, SEED, OFTEN = 16, 11, 4, 7


@awaited
async def test_a_small_month_ends_accounted_for_with_the_numbers_of_its_seed(tmp_path: Path, store_url: str) -> None:
    async with month_in(tmp_path, store_url, PER_DAY, DAYS, SEED, OFTEN) as month:
        await month.play()
        drawn = await account(month)
        assert (drawn.documents, drawn.deliveries, len(month.statuses)) == (143, 174, 256)
        assert (drawn.same_day, drawn.received, month.counts["repeated"], month.counts["given_up"]) == (143, 154, 4, 5)
        assert drawn.stands == {
            "finished by its people": 46,
            "refused by its people, with a reason": 16,
            "refused by the system, with a reason": 4,
            "withdrawn before it left": 4,
            "given back at its sender's request": 7,
            "expired: the system was away for more than three days": 2,
            "a recall, update or replacement, stored": 12,
            "waits: the system is away": 6,
            "fetched, and its system never said that it stored it": 4,
            "in work; its people report no end": 51,
            "in work; more is reported next month": 13,
            "stored; its people report nothing": 6,
            "stored; its people act on it next month": 3,
        }
        assert month.refused == {
            "authority.classified": 3,
            "authority.unknown_addressee": 5,
            "form.rule": 11,
            "receive.body_truncated": 3,
            "record.document_id_taken": 3,
            "xml.namespace": 4,
        }
        assert drawn.overdue == {"receipt": 10, "due": 8, "recall": 1}
        assert drawn.recalls == {"done": 7, "withdrawn": 3, "no_answer": 1, "pending": 1, "too_late": 1}
        assert {kind: drawn.entries[kind] for kind in ("duplicate", "remind", "change", "answer", "withdraw")} == {
            "duplicate": 6,
            "remind": 24,
            "change": 23,
            "answer": 16,
            "withdraw": 6,
        }
        assert "| received the same day | 143 of 154 (92.9%) |" in numbers(month, drawn)
        await _no_other_state_is_explained(month)


async def _no_other_state_is_explained(month: Month) -> None:
    """The account is no rubber stamp: what was stored is explained by nothing but its being stored."""
    for dispatch_id, letter in month.letters.items():
        seen = await month.line.store.read(queries.dispatch, dispatch_id)
        assert seen is not None
        for one in seen.deliveries:
            for status in set(DeliveryStatus) - {one.status}:
                if one.addressee in letter.collected:
                    with pytest.raises(UnexplainedError):
                        explain(month, letter, seen, replace(one, status=status))
