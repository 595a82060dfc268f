"""Mails against a real mail server: encrypted, checked, refused, delayed; nothing a document says has power in them."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.exchange.letters import Letter, Paper, Section
from gateway.exchange.mails import Handed
from gateway.exchange.notice_rules import MailRules
from gateway.http.mail import SmtpMailer, written
from gateway.store.queries import Contact
from tests.http.town import NOW, awaited
from tests.mail import mail_server

CLERK = Contact("H29.00.00", "clerk", "Nguyễn Thị Văn Thư", "vanthu@tinh.example.vn", NOW)
LEADER = Contact("H29.00.00", "leader", 'Trần "Lãnh" Đạo <x>', "lanhdao@tinh.example.vn", NOW)
NASTY = '<script>alert(1)</script> & "V/v"\r\nBcc: everybody@example.vn'
LETTER = Letter(
    lang="vi",
    title="Quá hạn thông báo đã nhận: 7816/BKT-VP",
    opening="Kính gửi văn thư.",
    sections=(Section("Chưa thông báo", (Paper("7816/BKT-VP", NASTY, "Bộ", "Tỉnh", "17:00 23/11/2026", "01ABC"),)),),
    columns=("Số, ký hiệu", "Trích yếu", "Nơi gửi", "Nơi nhận", "Hạn"),
    closing="Thư tự động.",
)
RULES = MailRules(host="127.0.0.1", tls="none", sender="truc@truc.example.vn", timeout_s=5.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificate and key, valid on the day of the test, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.vn")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(True, 0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "mail.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


async def sent(rules: MailRules, port: int, password: str = "", to: tuple[Contact, ...] = (CLERK,)) -> Handed:
    mailer = SmtpMailer(replace(rules, port=port), password, "truc.example.vn/ledger")
    return await mailer.send(LETTER, to, "mail-7", NOW)


@awaited
async def test_a_mail_arrives_in_text_and_html_and_says_who_sent_it() -> None:
    async with mail_server() as server:
        assert await sent(RULES, server.port, to=(CLERK, LEADER)) == Handed(True, "taken")
    (mail,) = server.mails
    assert mail["Subject"] == LETTER.title
    assert mail["Message-ID"] == "<mail-7@truc.example.vn>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == RULES.sender
    assert [one.display_name for one in mail["To"].addresses] == [CLERK.name, LEADER.name]
    assert server.envelopes[0].rcpt_tos == [CLERK.address, LEADER.address]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (plain, html):
        assert "Kính gửi văn thư." in part.get_content()
        assert "17:00 23/11/2026" in part.get_content()


def test_what_a_document_says_is_harmless_in_html_and_makes_no_header() -> None:
    mail = written(replace(LETTER, title="Quá hạn"), (CLERK,), RULES.sender, NOW)
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()
    assert mail["Bcc"] is None
    for forbidden in ("http:", "https:", "<img", "<a "):
        assert forbidden not in html.get_content()


def test_the_words_of_a_mail_are_whole_lines_of_text() -> None:
    plain = written(LETTER, (CLERK,), RULES.sender, NOW).get_body(("plain",))
    assert plain is not None
    assert "- 7816/BKT-VP: " in plain.get_content()
    assert plain.get_content().rstrip().endswith("Thư tự động.")


@pytest.mark.parametrize("implicit", [False, True])
@awaited
async def test_mail_is_encrypted_and_the_server_is_known_by_its_certificate(certificate: Path, implicit: bool) -> None:
    rules = replace(RULES, tls="tls" if implicit else "starttls", ca_file=certificate)
    async with mail_server(tls=context(certificate), implicit=implicit) as server:
        assert await sent(rules, server.port) == Handed(True, "taken")
        assert server.encrypted == [not implicit], "the server marks only what STARTTLS began"
        stranger = await sent(replace(rules, ca_file=None), server.port)
    assert "certificate verify failed" in stranger.detail
    assert (stranger.taken, stranger.never) == (False, False), "the operator can mend it, so the mail waits"
    assert len(server.mails) == 1


@awaited
async def test_a_server_that_offers_no_encryption_gets_no_mail() -> None:
    async with mail_server() as server:
        handed = await sent(replace(RULES, tls="starttls"), server.port)
    assert (handed.taken, handed.never, server.mails) == (False, False, [])


@awaited
async def test_the_gateway_logs_in_and_a_wrong_password_is_tried_again_later(certificate: Path) -> None:
    rules = replace(RULES, tls="starttls", ca_file=certificate, user="truc")
    async with mail_server(tls=context(certificate), password="dung-mat-khau") as server:
        wrong = await sent(rules, server.port, "sai")
        assert (wrong.taken, wrong.never) == (False, False)
        assert (await sent(rules, server.port, "dung-mat-khau")).taken
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("rcpt", "data", "never"),
    [
        (["450 4.2.0 greylisted, come back"], [], False),
        (["550 5.1.1 no such user"], [], True),
        ([], ["451 4.3.0 try again"], False),
        ([], ["452 4.2.2 mailbox full"], False),
        ([], ["554 5.7.1 refused"], True),
        ([], ["421 4.3.2 closing"], False),
    ],
)
@awaited
async def test_not_now_is_told_from_never(rcpt: list[str], data: list[str], never: bool) -> None:
    async with mail_server(rcpt=rcpt, data=data) as server:
        handed = await sent(RULES, server.port)
        assert (handed.taken, handed.never) == (False, never)
        assert (rcpt + data + [""])[0][:3] in handed.detail or not rcpt + data
        assert (await sent(RULES, server.port)).taken, "the next try finds the server willing"


@awaited
async def test_one_refused_recipient_does_not_keep_the_others_from_their_mail() -> None:
    async with mail_server(rcpt=["550 5.1.1 no such user"]) as server:
        handed = await sent(RULES, server.port, to=(CLERK, LEADER))
    assert handed.taken
    assert CLERK.address in handed.detail
    assert server.envelopes[0].rcpt_tos == [LEADER.address]


@awaited
async def test_one_greylisted_of_two_refused_may_come_through_later() -> None:
    async with mail_server(rcpt=["550 5.1.1 no", "450 4.2.0 later"]) as server:
        assert not (await sent(RULES, server.port, to=(CLERK, LEADER))).never


@awaited
async def test_a_slow_server_is_left_after_the_time_it_has() -> None:
    async with mail_server(slow_s=5.0) as server:
        handed = await sent(replace(RULES, timeout_s=0.2), server.port)
    assert (handed.taken, handed.never) == (False, False)


@awaited
async def test_a_server_that_is_not_there_is_tried_again() -> None:
    async with mail_server() as server:
        port = server.port
    handed = await sent(RULES, port)
    assert (handed.taken, handed.never) == (False, False)


NO_CHALLENGE = (b"220 x", b"250-x\r\n250 AUTH CRAM-MD5", b"334 abc")


@pytest.mark.parametrize("said", [NO_CHALLENGE, (b"\xff\xfe",), (b"220 x", b"")])
@awaited
async def test_whatever_a_server_says_is_an_answer(said: tuple[bytes, ...]) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in said:
            writer.write(line + b"\r\n")
            await reader.readline()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        handed = await sent(replace(RULES, user="truc"), server.sockets[0].getsockname()[1], "mật khẩu")
    assert (handed.taken, handed.never) == (False, False)


@awaited
async def test_an_address_no_mail_can_go_to_is_given_up() -> None:
    async with mail_server() as server:
        broken = replace(CLERK, address="văn thư@tỉnh")
        handed = await sent(RULES, server.port, to=(broken,))
    assert (handed.taken, handed.never) == (False, True)
