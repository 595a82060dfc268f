"""`gateway demo --once`: it ends, it says how it ended, and a person can follow it."""

from __future__ import annotations

import re

from gateway.model.words import text
from tests.demo.played import Played, play_once

CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3})  \S")
COLUMNS = 100


def test_it_ends_well_and_says_so_to_programs_and_to_people(played: Played) -> None:
    assert played.code == 0, played.errors or played.text
    assert played.errors == ""
    assert played.summary["ok"] is True
    assert played.summary["broken"] == []
    assert "✗" not in played.text


def test_the_summary_counts_what_was_played(played: Played) -> None:
    assert played.summary | {"seconds": 0, "ledger": "", "version": ""} == {
        "ok": True,
        "accepted": 9,
        "refused": {
            "seal.attachment_digest": 1,
            "seal.digest": 1,
            "authority.not_yours": 1,
            "xml.malformed": 1,
            "record.document_id_taken": 1,
        },
        "deliveries": 18,
        "delivered": 17,
        "acknowledged": 16,
        "declined": 1,
        "expired": 1,
        "proofs_checked": 9,
        "expectations": 18,
        "broken": [],
        "ledger": "",
        "seconds": 0,
        "version": "",
    }
    assert played.summary["ledger"].startswith("DEMO.")


def test_every_promise_is_told_once(played: Played) -> None:
    told = [line.strip() for line in played.lines if line.strip().startswith("✓")]
    assert len(told) == len(set(told)) == played.summary["expectations"]


def test_every_refusal_names_its_reason(played: Played) -> None:
    for code in played.summary["refused"]:
        assert f"[{code}]" in played.text


def test_who_refused_is_shown_with_the_words_of_the_refusal_not_with_what_came_later(played: Played) -> None:
    answer = " ".join(played.text.partition("hỏi: 01/BM-VP đã đến những đâu?")[2].partition("UBND xã Xa")[0].split())
    reason = text("vi", "demo.words.not_ours")
    assert re.search(rf"Bộ Khác bị từ chối [\d:.]+ {re.escape(reason)}$", answer.strip())


def test_it_warns_that_its_keys_are_worth_nothing(played: Played) -> None:
    assert "BẢN TRÌNH DIỄN" in played.lines[0]


def test_time_goes_forward(played: Played) -> None:
    clocks = [match.groups() for line in played.lines if (match := CLOCK.match(line))]
    assert len(clocks) > 40
    late = [place for place in range(1, len(clocks)) if clocks[place] < clocks[place - 1]]
    assert not late or clocks[0] > clocks[-1], "unless midnight passed"


def test_it_fits_a_terminal_of_a_hundred_columns(played: Played) -> None:
    *told, _summary = played.lines
    assert [line for line in told if len(line) > COLUMNS and "$ gateway check" not in line] == []


def test_the_verdict_fits_one_screen(played: Played) -> None:
    verdict = [line for line in played.lines if line.startswith("   │ •")]
    assert 8 <= len(verdict) <= 20
    assert "   │ Hồ sơ đúng." in played.lines


def test_the_throwaway_installation_is_gone(played: Played) -> None:
    assert "truc-demo-" not in played.text


def test_a_folder_with_something_else_in_it_is_left_alone(played: Played) -> None:
    folder = played.out.parent / "mine"
    folder.mkdir()
    mine = folder / "thesis.odt"
    mine.write_text("mine")
    refused = play_once(folder, "--lang", "vi")
    assert refused.code == 1
    assert str(folder) in refused.errors
    assert "không trống" in refused.errors
    assert list(folder.iterdir()) == [mine]
