"""Webhooks, reminders and mail as configured: a whole gateway tells, and what would be unsafe is refused."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from gateway import config
from gateway.app import calendar_of, open_line, running
from gateway.client import verify_webhook
from gateway.config import ConfigFault
from gateway.exchange.webhooks import shown_secret
from gateway.ledger import NONE, Entry, EntryKind
from gateway.ledger.entry import ENTRY_FIELDS
from gateway.store import Admit
from gateway.store.mails import AddContact, RecordReminder
from gateway.store.webhooks import AddWebhook
from gateway.trust.keys import KeyFileError
from tests.cli.command import done
from tests.http.town import awaited
from tests.mail import mail_server
from tests.store.samples import NOW, admit

PLAIN = config.describe("vi", {"keys.origin": "truc.test/ledger"})


def entry(kind: EntryKind, one: Admit) -> bytes:
    """A readable entry about a packet: the tasks beside the doors read every one."""
    said = {"dispatch": one.dispatch_id, "delivery": one.deliveries[0].id, "addressee": "G99", "addressees": "G99"}
    said |= {"peer": "qlvb", "sender": "G01", "seal_certificate": NONE, "what": "receipt", "level": "0"}
    return Entry.of(kind, NOW, **{name: said.get(name, "0" * 64) for name in ENTRY_FIELDS[kind]}).encode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway that could serve; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    changed = home.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["keys/seal.pem"]')
    home.write_text(changed.replace("port = 8443", "port = 0"), encoding="utf-8")
    file = tmp_path / "a.csv"
    file.write_text("key,name,ids\nG99,Bộ Mẫu,\n", encoding="utf-8")
    done("directory", "import", file, "--config", home)
    done("peer", "add", "qlvb", "--name", "QLVB Bộ Mẫu", "--speaks-for", "G99", "--config", home)
    return home


def configured(text: str, folder: Path, **changed: str) -> config.Config:
    """The configuration of a file with some keys changed: `mail__host='"x"'`."""
    for before, after in changed.items():
        section, _, key = before.partition("__")
        head, mark, rest = text.partition(f"\n[{section}]\n")
        assert mark
        lines = rest.splitlines()
        place = next(i for i, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{key} = "))
        lines[place] = f"{key} = {after}"
        text = head + mark + "\n".join(lines) + "\n"
    return config.decode(text.encode(), folder)


@awaited
async def test_a_whole_gateway_posts_and_mails_what_it_is_configured_to(home: Path) -> None:
    told: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def hook(request: web.Request) -> web.Response:
        await told.put((dict(request.headers), await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", hook)
    receiver = web.AppRunner(app)
    await receiver.setup()
    await web.TCPSite(receiver, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{receiver.addresses[0][1]}/hook"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(receiver.cleanup)
        server = await stack.enter_async_context(mail_server())
        settings = configured(
            home.read_text(encoding="utf-8"),
            home.parent,
            webhooks__private_targets="true",
            mail__host='"127.0.0.1"',
            mail__port=str(server.port),
            mail__tls='"none"',
            mail__sender='"truc@truc.example.vn"',
        )
        async with running(settings, lambda: NOW) as gateway:
            store = gateway.line.store
            await store.write(AddWebhook("0" * 26, "qlvb", url, NOW))
            await store.write(AddContact("1" * 26, "G99", "clerk", "Văn thư", "vanthu@so.example.vn", NOW))
            one = admit(1, "G99", peer="qlvb")
            one = replace(one, entry=entry(EntryKind.ACCEPT, one))
            await store.write(one)
            delivery = one.deliveries[0].id
            await store.write(
                RecordReminder(delivery, "receipt", 0, "G99", ("clerk",), NOW, entry(EntryKind.REMIND, one))
            )
            async with asyncio.timeout(120):
                headers, body = await told.get()
                while not server.mails:
                    await asyncio.sleep(0.02)
            change = verify_webhook(headers, body, shown_secret(gateway.line, "0" * 26, 1), NOW)
    assert (change.event, change.delivery_id) == ("queued", delivery)
    assert server.envelopes[0].rcpt_tos == ["vanthu@so.example.vn"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"mail__host": '"mail.example.vn"', "mail__tls": '"none"', "mail__sender": '"a@b.vn"'}, "open_mail"),
        ({"mail__host": '"mail.example.vn"'}, "half_mail"),
        ({"mail__user": '"truc"'}, "half_mail"),
        ({"mail__password_file": '"keys/mail"'}, "half_mail"),
        ({"mail__tls": '"ssl"'}, "wrong_value"),
        ({"mail__port": "0"}, "out_of_range"),
        ({"reminders__digest_at": '"half past seven"'}, "wrong_value"),
        ({"reminders__digest_at": '"07:30+07:00"'}, "wrong_value"),
        ({"deadlines__recall_days": "0"}, "out_of_range"),
        ({"webhooks__timeout_s": "0.0"}, "out_of_range"),
    ],
)
def test_what_would_be_unsafe_or_senseless_is_refused(tmp_path: Path, changed: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigFault) as refused:
        configured(PLAIN, tmp_path, **changed)
    assert refused.value.fault == fault
    assert all(refused.value.say(lang) and refused.value.hint(lang) for lang in ("vi", "en"))


def test_a_calendar_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lich.toml").write_text("hours = []", encoding="utf-8")
    with pytest.raises(ConfigFault, match="wrong at hours"):
        calendar_of(configured(PLAIN, tmp_path, calendar__file='"lich.toml"'))


@awaited
async def test_a_password_anybody_can_read_is_not_used(home: Path) -> None:
    password = home.parent / "keys" / "mail"
    password.write_text("mat-khau\n", encoding="ascii")
    password.chmod(0o644)
    sender = {"mail__host": '"127.0.0.1"', "mail__sender": '"a@b.vn"'}
    written = home.read_text(encoding="utf-8")
    settings = configured(written, home.parent, **sender, mail__user='"truc"', mail__password_file='"keys/mail"')
    with pytest.raises(KeyFileError):
        async with running(settings):
            pass


@awaited
async def test_more_witnesses_than_are_named_cannot_be_required(home: Path) -> None:
    """Otherwise no checkpoint would ever be shown, and nothing would say why."""
    settings = configured(home.read_text(encoding="utf-8"), home.parent, ledger__witnesses_required="2")
    with pytest.raises(ConfigFault) as wrong:
        async with open_line(settings):
            pass
    assert wrong.value.fault == "witnesses"
