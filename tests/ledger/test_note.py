"""Signed notes and checkpoints as C2SP writes them: the published example opens, and no other byte does."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NOTE_BYTES_MAX, NoteKey, NoteSigner, open_note, sign_note, unbase64
from gateway.ledger.tree import EMPTY_ROOT
from tests.ledger.ledgers import note_signer

# The example every implementation of notes is tested with (Go, golang.org/x/mod/sumdb/note).
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()

LOG = note_signer()
OTHER = note_signer("witness.example", bytes([1]) * 32)
CHECKPOINT = Checkpoint(LOG.key.name, 1234, bytes(range(32)))
NOTE = sign_checkpoint(CHECKPOINT, [LOG])


def fault_of(note: bytes, *keys: NoteKey) -> Fault:
    with pytest.raises(ProofError) as refusal:
        open_note(note, keys or (LOG.key,))
    return refusal.value.fault


def test_the_published_example_opens() -> None:
    key = NoteKey.parse(PETER_VKEY)
    opened = open_note(PETER_NOTE, [key])
    assert opened.text.decode() == PETER_TEXT
    assert opened.signed_by == (key,)
    assert key.vkey == PETER_VKEY


def test_a_note_is_read_as_signed_and_the_same_every_time() -> None:
    assert open_checkpoint(NOTE, LOG.key) == CHECKPOINT
    assert sign_checkpoint(CHECKPOINT, [LOG]) == NOTE
    assert NOTE.decode().splitlines()[:4] == [LOG.key.name, "1234", base64.b64encode(bytes(range(32))).decode(), ""]


def test_signatures_of_unknown_keys_are_ignored_and_known_ones_all_checked() -> None:
    both = sign_note(CHECKPOINT.text(), [OTHER, LOG])
    assert open_note(both, [LOG.key]).signed_by == (LOG.key,)
    assert open_note(both, [LOG.key, OTHER.key]).signed_by == (OTHER.key, LOG.key)
    false = NoteSigner(OTHER.key, lambda text: bytes(64))
    bad = sign_note(CHECKPOINT.text(), [LOG, false])
    assert open_note(bad, [LOG.key]).signed_by == (LOG.key,)
    assert fault_of(bad, LOG.key, OTHER.key) is Fault.NOTE_SIGNATURE


def test_a_text_may_hold_blank_lines_and_signature_look_alikes() -> None:
    text = NOTE + b"\nfurther\n"
    assert open_note(sign_note(text, [LOG]), [LOG.key]).text == text


def test_every_flipped_bit_of_a_checkpoint_is_refused() -> None:
    for place in range(len(NOTE)):
        for bit in range(8):
            changed = bytearray(NOTE)
            changed[place] ^= 1 << bit
            with pytest.raises(ProofError):
                open_checkpoint(bytes(changed), LOG.key)


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (b"", Fault.NOTE_FORM),
        (b"text\n", Fault.NOTE_FORM),
        (b"\n\n", Fault.NOTE_FORM),
        (NOTE[:-1], Fault.NOTE_FORM),
        (NOTE + b"\n", Fault.NOTE_FORM),
        (NOTE.replace(b"\n", b"\r\n"), Fault.NOTE_FORM),
        (b"\xef\xbb\xbf" + NOTE, Fault.NOTE_SIGNATURE),
        (b"\xff" + NOTE, Fault.NOTE_FORM),
        (b"\t" + NOTE, Fault.NOTE_FORM),
        (NOTE.replace("— ".encode(), b"- "), Fault.NOTE_FORM),
        (NOTE.replace("— ".encode(), "—  ".encode()), Fault.NOTE_FORM),
        (NOTE[:-2] + b"\n", Fault.NOTE_FORM),
        (NOTE + "— x AAAAAA==\n".encode(), Fault.NOTE_FORM),
        (NOTE + ("— x AAAAAAA=\n".encode() * 100), Fault.NOTE_FORM),
        (NOTE.replace(b"1234", b"1235"), Fault.NOTE_SIGNATURE),
        (NOTE.replace(LOG.key.name.encode() + b" ", b"another.example "), Fault.NOTE_UNSIGNED),
        (b"x" * (NOTE_BYTES_MAX + 1), Fault.NOTE_FORM),
    ],
)
def test_what_is_not_a_note_of_ours_is_refused_by_name(note: bytes, fault: Fault) -> None:
    assert fault_of(note) is fault


def test_a_key_of_the_same_name_is_not_the_key() -> None:
    assert fault_of(NOTE, note_signer(seed=bytes([7]) * 32).key) is Fault.NOTE_UNSIGNED


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_checkpoint(data: bytes) -> None:
    for note in (data, data + b"\n\n" + data + b"\n", data + NOTE[-120:]):
        with pytest.raises(ProofError):
            open_checkpoint(note, LOG.key)


@pytest.mark.parametrize("text", [b"no end", b"tab\t\n", b"cr\r\n", b"nul\0\n", b"\xff\n", b""])
def test_a_text_that_no_note_may_hold_is_not_signed(text: bytes) -> None:
    with pytest.raises(ProofError) as refusal:
        sign_note(text, [LOG])
    assert refusal.value.fault is Fault.NOTE_FORM


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        PETER_VKEY + " ",
        PETER_VKEY.replace("c74f20a3", "C74F20A3"),
        PETER_VKEY.replace("c74f20a3", "c74f20a4"),
        PETER_VKEY.replace("PeterNeumann", "Peter Neumann"),
        PETER_VKEY.replace("PeterNeumann", "Peter\u00a0Neumann"),
        PETER_VKEY.replace("PeterNeumann", ""),
        PETER_VKEY.replace("+ARpc", "+BRpc"),
        PETER_VKEY[:-4],
        PETER_VKEY[:-1] + "é",
    ],
)
def test_a_vkey_has_one_spelling(vkey: str) -> None:
    with pytest.raises(ProofError) as refusal:
        NoteKey.parse(vkey)
    assert refusal.value.fault is Fault.KEY_FORM


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"log\n5\n",
        b"\n5\n" + base64.b64encode(EMPTY_ROOT) + b"\n",
        b"log\n05\n" + base64.b64encode(EMPTY_ROOT) + b"\n",
        b"log\n-5\n" + base64.b64encode(EMPTY_ROOT) + b"\n",
        b"log\n+5\n" + base64.b64encode(EMPTY_ROOT) + b"\n",
        "log\n٥\n".encode() + base64.b64encode(EMPTY_ROOT) + b"\n",
        b"log\n5\n" + base64.b64encode(EMPTY_ROOT)[:-2] + b"V=\n",
        b"log\n5\n" + base64.b64encode(EMPTY_ROOT[:-1]) + b"\n",
        b"log\n5\n" + base64.b64encode(EMPTY_ROOT),
        b"log\n5\n" + base64.b64encode(EMPTY_ROOT) + b"\n\n",
        b"log\n5\n" + base64.b64encode(EMPTY_ROOT) + b"\nmore",
        b"l\xff\n5\n" + base64.b64encode(EMPTY_ROOT) + b"\n",
    ],
)
def test_a_checkpoint_has_one_spelling(text: bytes) -> None:
    with pytest.raises(ProofError) as refusal:
        Checkpoint.parse(text)
    assert refusal.value.fault is Fault.CHECKPOINT_FORM


def test_extension_lines_of_another_log_are_kept() -> None:
    extended = Checkpoint(LOG.key.name, 0, EMPTY_ROOT, ("one", "two"))
    assert open_checkpoint(sign_checkpoint(extended, [LOG]), LOG.key) == extended


def test_a_checkpoint_of_another_ledger_under_our_key_is_refused() -> None:
    foreign = Checkpoint("another.example/ledger", 5, bytes(32))
    with pytest.raises(ProofError) as refusal:
        open_checkpoint(sign_checkpoint(foreign, [LOG]), LOG.key)
    assert refusal.value.fault is Fault.CHECKPOINT_ORIGIN


@given(st.binary(max_size=40))
def test_base64_is_read_in_its_canonical_spelling_only(data: bytes) -> None:
    written = base64.b64encode(data)
    assert unbase64(written) == data
    for other in (written + b"\n", b" " + written, written.rstrip(b"=") if b"=" in written else written + b"="):
        assert unbase64(other) is None
