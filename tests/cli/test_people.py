"""Letting people into the console: what is shown once works at the entrance, and the ledger names nobody."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange.entrance import Entrance, EntranceRules
from gateway.ledger import EntryKind, decode
from gateway.model.person import Role, WorksFor
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import queries
from gateway.store.queries import people
from tests.cli.command import Said, asked, done, gateway


@pytest.fixture
def home(tmp_path: Path) -> Path:
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    file = tmp_path / "a.csv"
    file.write_text("key,name,ids\nG99,Bộ Mẫu,000.00.00.G99\n", encoding="utf-8")
    done("directory", "import", file, "--config", tmp_path / "truc" / "gateway.toml")
    settings = tmp_path / "truc" / "gateway.toml"
    settings.write_text(settings.read_text().replace("anchors = []", 'anchors = ["keys/seal.pem"]'))
    return settings


def person(home: Path, *words: object) -> Said:
    return gateway("person", *words, "--config", home)


def add(home: Path, *more: object) -> Said:
    return person(home, "add", "lan.nguyen", "--name", "Nguyễn Thị Lan", "--role", "clerk", *more)


def shown(said: Said) -> tuple[str, str]:
    """The first password, and the first recovery code."""
    password = re.search(r"Mật khẩu lần đầu: (\S+)", said.out)
    code = re.search(r"^  ([0-9a-f]{4}(?:-[0-9a-f]{4}){3})$", said.out, re.MULTILINE)
    assert password
    assert code
    return password[1], code[1]


async def entered(home: Path, password: str, code: str) -> bool:
    async with open_line(config.load(home)) as line:
        try:
            await Entrance(line, EntranceRules()).enter("lan.nguyen", password, code)
        except Refused as no:
            assert no.reason is Reason.PERSON_NOT_LET_IN
            return False
        return True


def test_what_is_shown_once_lets_in_and_is_kept_nowhere(home: Path) -> None:
    said = add(home, "--works-for", "000.00.00.G99", "--subtree")
    password, code = shown(said)
    assert asyncio.run(entered(home, password, code))
    row = asked(home, people.person, "lan.nguyen")
    assert row.person.roles == {Role.CLERK}
    assert row.person.works_for == (WorksFor("G99", subtree=True),)
    kept = (home.parent / "register.db").read_bytes()
    assert password.encode() not in kept
    assert code.replace("-", "").encode() not in kept


def test_new_secrets_take_the_place_of_the_old(home: Path) -> None:
    first = shown(add(home, "--works-for", "G99"))
    second = shown(person(home, "secrets", "lan.nguyen", "--reason", "mất điện thoại"))
    assert not asyncio.run(entered(home, *first))
    assert asyncio.run(entered(home, *second))


def test_without_a_second_factor_no_code_is_asked(home: Path) -> None:
    add(home, "--works-for", "G99")
    said = person(home, "secrets", "lan.nguyen", "--no-second-factor")
    assert asyncio.run(entered(home, said.out.split()[-1], ""))


def test_a_second_time_changes_what_they_may_do_and_keeps_their_secrets(home: Path) -> None:
    before = shown(add(home, "--works-for", "G99"))
    said = person(home, "add", "lan.nguyen", "--name", "Nguyễn Thị Lan", "--role", "auditor", "--role", "operator")
    assert said.code == 0
    assert "Mật khẩu" not in said.out
    assert asked(home, people.person, "lan.nguyen").person.roles == {Role.AUDITOR, Role.OPERATOR}
    assert asyncio.run(entered(home, *before))


def test_whoever_is_let_in_no_more_stays_in_the_list(home: Path) -> None:
    secrets = shown(add(home, "--works-for", "G99"))
    assert person(home, "disable", "lan.nguyen").code == 0
    assert not asyncio.run(entered(home, *secrets))
    assert person(home, "disable", "lan.nguyen").code == 1
    (listed,) = person(home, "list", "--json").json
    assert listed["disabled_at"] is not None
    assert "lan.nguyen" in person(home, "list").out


def test_the_ledger_has_what_was_done_and_no_name(home: Path) -> None:
    add(home, "--works-for", "G99", "--reason", "văn thư mới")
    person(home, "disable", "lan.nguyen")
    entries = [decode(one) for one in asked(home, queries.entries, 0, 100)]
    acts = [one for one in entries if one.kind is EntryKind.OPERATOR]
    assert [one["action"] for one in acts] == ["person.added", "person.secrets", "person.disabled"]
    assert len({one["subject"] for one in acts}) == len({one["by"] for one in acts}) == 1
    assert all(b"lan" not in one.encode() for one in acts)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "Lan Nguyễn", "--name", "x", "--role", "auditor"), "tên đăng nhập không dùng được"),
        (("add", "lan", "--name", "x", "--role", "clerk"), "ít nhất một cơ quan"),
        (("add", "lan", "--name", "x", "--role", "clerk", "--works-for", "X01"), "không có trong danh bạ: X01"),
        (("add", "lan", "--name", "x", "--role", "king"), "clerk, auditor, operator, steering"),
        (("secrets", "nobody"), "không có người dùng nào đang hoạt động với tên đăng nhập nobody"),
        (("disable", "nobody"), "không có người dùng nào đang hoạt động với tên đăng nhập nobody"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_reason(home: Path, words: tuple[str, ...], said: str) -> None:
    outcome = person(home, *words)
    assert outcome.code != 0
    assert said in outcome.err
    assert asked(home, people.people) == ()


def joined(home: Path) -> Path:
    """The home, with a provider configured."""
    section = '[provider]\nissuer = "https://sso.example.vn"\nclient_id = "truc"\n'
    written = home.read_text()
    start = written.index("[provider]")
    rest = written[start:].partition("\n[")[2]
    home.write_text(written[:start] + section + (f"[{rest}" if rest else ""))
    return home


def holder(home: Path, subject: str) -> str | None:
    row = asked(home, people.holder_of, "https://sso.example.vn", subject)
    return row and row.person.key


def test_an_account_at_the_provider_is_somebodys_by_an_operators_word_alone(home: Path) -> None:
    said = add(joined(home), "--works-for", "G99", "--provider-subject", "sub-1", "--reason", "vào bằng tài khoản Bộ")
    assert said.code == 0
    assert "sub-1" in said.out
    assert "Mật khẩu" not in said.out
    assert asked(home, people.person, "lan.nguyen").password is None
    assert holder(home, "sub-1") == "lan.nguyen"
    assert person(home, "list", "--json").json[0]["provider_subject"] == "sub-1"
    assert "sub-1" in person(home, "list").out
    taken = person(home, "add", "hoa", "--name", "Hoa", "--role", "auditor", "--provider-subject", "sub-1")
    assert taken.code == 1
    assert "đã gắn với người khác" in taken.err
    assert asked(home, people.person, "hoa") is None
    add(home, "--works-for", "G99", "--provider-subject", "sub-2")
    assert [holder(home, one) for one in ("sub-1", "sub-2")] == [None, "lan.nguyen"]
    assert "không còn tài khoản nào" in add(home, "--works-for", "G99", "--provider-subject", "").out
    assert holder(home, "sub-2") is None


def test_without_a_provider_no_account_of_one_is_anybodys(home: Path) -> None:
    said = add(home, "--works-for", "G99", "--provider-subject", "sub-1")
    assert said.code == 1
    assert "chưa cấu hình" in said.err
    assert asked(home, people.people) == ()


def test_an_operator_ends_every_session_of_somebody_who_may_enter_again(home: Path) -> None:
    secrets = shown(add(home, "--works-for", "G99"))
    assert asyncio.run(entered(home, *secrets))
    ended = person(home, "sign-out", "lan.nguyen", "--reason", "mất máy")
    assert ended.code == 0
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    assert asked(home, people.sessions_of, "lan.nguyen", long_ago, long_ago) == ()
    assert person(home, "sign-out", "nobody").code == 1
