"""Nasty strings in mails: no header more, no tag more, and the words as they were written."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest

from gateway.exchange import letters
from gateway.exchange.deadlines import What
from gateway.exchange.letters import Letter
from gateway.http.mail import written
from gateway.store import queries
from gateway.store.queries import Contact, DeliveryFacts
from tests.exchange.conftest import Story, file_of
from tests.http.town import NOW, awaited
from tests.vectors.naughty import FORBIDDEN, STRINGS

CLERK = Contact("H29.00.00", "clerk", "Văn thư", "vanthu@tinh.example.vn", NOW)


class Read(HTMLParser):
    """A page as a reader of mail sees it: its tags, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {sorted(name for name, _ in attrs)}")

    def handle_data(self, data: str) -> None:
        self.text += data


def arrived(letter: Letter, to: Contact = CLERK) -> EmailMessage:
    """The mail as the other side parses its bytes."""
    parsed = message_from_bytes(written(letter, (to,), "truc@truc.example.vn", NOW).as_bytes(), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def html_of(mail: EmailMessage) -> Read:
    body = mail.get_body(("html",))
    assert body is not None
    return Read(body.get_content())


@awaited
async def test_what_documents_and_agencies_are_called_has_no_power_in_a_mail(story: Story) -> None:
    await story.submit(file_of())
    (delivery,) = await story.inbox()
    (facts,) = await story.line.store.read(queries.delivery_facts, [delivery])

    def mail_of(one: DeliveryFacts) -> tuple[EmailMessage, Letter]:
        letter = letters.reminder(story.line, one, What.RECEIPT, 0)
        assert letter is not None
        return arrived(letter), letter

    plain, _ = mail_of(facts)
    for name, text in STRINGS.items():
        mail, letter = mail_of(replace(facts, code=text, subject=text, sender=text))
        assert mail.keys() == plain.keys(), name
        assert str(mail["Subject"]).split() == letter.title.split(), name
        page = html_of(mail)
        assert page.tags == html_of(plain).tags, name
        assert page.text.split().count("Bcc:") == text.split().count("Bcc:") * 3
        assert " ".join(text.split()) in " ".join(page.text.split()), name


@pytest.mark.parametrize("name", [*STRINGS, *FORBIDDEN])
def test_a_contact_s_name_is_a_name_or_no_mail_is_written(name: str) -> None:
    text = {**STRINGS, **FORBIDDEN}[name]
    letter = Letter("vi", "Quá hạn", "Kính gửi.", (), (), "Thư tự động.")
    try:
        mail = arrived(letter, replace(CLERK, name=text))
    except (ValueError, UnicodeError):
        return  # no mail can bear it: the register keeps why (test_mail.py)
    assert mail.keys() == arrived(letter).keys()
    (address,) = mail["To"].addresses
    assert address.addr_spec == CLERK.address
