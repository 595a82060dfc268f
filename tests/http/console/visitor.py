"""Somebody who comes to the console, as a browser does: cookies kept, forms taken from the page and sent back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie

from gateway.exchange.acts import Actor, operator_act
from gateway.model.person import Person, Role, WorksFor
from gateway.store.people import PutPerson, PutSecrets
from gateway.store.providers import BindAccount
from gateway.trust.passwords import hashed
from tests.http.town import MINISTRY, PROVINCE, Town

PASSWORD = "một câu dài dễ nhớ"
HASH = hashed(PASSWORD)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LAN = Person("lan", "Nguyễn Thị Lan", frozenset({Role.CLERK}), (WorksFor(MINISTRY),))
HOA = Person("hoa", "Trần Thị Hoa", frozenset({Role.CLERK}), (WorksFor(PROVINCE, subtree=True),))
AUDITOR = Person("minh", "Lê Minh", frozenset({Role.AUDITOR}))
OPERATOR = Person("tuan", "Phạm Tuấn", frozenset({Role.OPERATOR}))
STEERING = Person("binh", "Vũ Bình", frozenset({Role.STEERING}))
EVERYBODY = (LAN, HOA, AUDITOR, OPERATOR, STEERING)


async def bind(here: Town, person: Person, issuer: str, subject: str) -> None:
    """Let somebody in who enters by the provider alone."""
    act = operator_act(Actor("@root", "0" * 64), "person.provider", person.key, "", b"s" * 16, here.clock())
    await here.line.store.write(PutPerson(person, b"salt", act))
    assert await here.line.store.write(BindAccount(person.key, issuer, subject, act))


async def settle(here: Town, *people: Person) -> None:
    """Let people into the town's console, each with the one password."""
    for one in people or EVERYBODY:
        at = here.clock()
        act = operator_act(Actor("@root", "0" * 64), "person.added", one.key, "", b"s" * 16, at)
        await here.line.store.write(PutPerson(one, b"salt", act))
        await here.line.store.write(PutSecrets(one.key, HASH, None, (), act))


@dataclass
class Visitor:
    """A browser without scripts."""

    here: Town
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "vi"
    given: dict[str, Morsel[str]] = field(default_factory=dict)
    """The cookies as the console set them last."""
    status: int = 0
    page: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def go(self, path: str, *, method: str = "GET", data: bytes | None = None, **headers: str) -> Visitor:
        """Ask for a page of the console, and go where it leads."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent |= {"Accept-Language": self.language, **({} if data is None else FORM), **headers}
        asked = self.here.session.request(
            method, f"{self.here.url}/console{path}", data=data, headers=sent, allow_redirects=False
        )
        async with asked as answer:
            self.status, self.page, self.headers = answer.status, await answer.text(), answer.headers
            for written in answer.headers.getall("Set-Cookie", ()):
                for name, morsel in SimpleCookie(written).items():
                    self.cookies[name] = morsel.value
                    self.given[name] = morsel
        if self.status == 303 and self.headers["Location"].startswith("/console"):
            return await self.go(self.headers["Location"].removeprefix("/console"))
        return self

    async def send(self, path: str, /, token: str | None = None, **fields: str) -> Visitor:
        """Send a form, with the token of the page before unless another is given."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.page)
        kept = found[1] if found and token is None else token
        body = "&".join(
            f"{name}={_quoted(value)}" for name, value in {**fields, **({"token": kept} if kept else {})}.items()
        )
        return await self.go(path, method="POST", data=body.encode())

    async def take(self, path: str, /, **fields: str) -> bytes:
        """Send a form that is answered with a file; gives the file. The page stays."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.page)
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        form = {**fields, "token": found[1] if found else ""}
        async with self.here.session.post(f"{self.here.url}/console{path}", data=form, headers=cookies) as answer:
            self.status, self.headers = answer.status, answer.headers
            return await answer.read()

    async def enter(self, key: str, password: str = PASSWORD) -> Visitor:
        await self.go("/enter")
        return await self.send("/enter", key=key, password=password, code="", then="/")


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())
