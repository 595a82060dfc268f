"""The way in by the provider: somebody is sent there, and brings an answer back that counts once, here, and soon.

Nothing is kept of who has only begun: a cookie of their browser holds a random word, and what binds the answer to it
(state, nonce, PKCE verifier) is derived from that word. So an answer stolen, replayed or made for another browser is
worth nothing, and a crowd that begins and never comes back fills no table.

The provider says who somebody is. What they may do the register says: an operator bound the account to a person of
ours, by the subject the provider gives it. No e-mail address or name does that, since those are given anew to others.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gateway.exchange import bell
from gateway.exchange.entrance import COOKIE_BYTES, NOBODY, PROVIDER_METHOD, agent_of, digest, login_entry, pseudonym
from gateway.exchange.line import Line
from gateway.exchange.provider import Provider, Question
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Unavailable, found
from gateway.store.people import Enter, NoteLogin
from gateway.store.providers import TakeAnswer
from gateway.store.queries import people

QUESTION_LASTS = timedelta(minutes=10)
WAY_CHARS_MAX = 1_024
NOTED_PER_MINUTE = 60
"""Answers brought back by nobody of ours that the ledger keeps: a flood of them must not grow it."""


class ProviderEntrance:
    """The way in by one provider."""

    def __init__(self, line: Line, provider: Provider) -> None:
        self._line, self.provider = line, provider
        self._noted: tuple[datetime, int] = (datetime.min.replace(tzinfo=UTC), 0)

    async def begin(self, then: str, return_to: str) -> tuple[str, str]:
        """Where to send a browser, and the cookie it brings back. Unavailable(unavailable.provider).

        `then`: a path of ours to show afterwards; `return_to`: the address the provider sends the browser back to.
        """
        way = base64.urlsafe_b64encode(then.encode()[:WAY_CHARS_MAX]).decode()
        cookie = f"{int(self._line.clock().timestamp())}.{secrets.token_urlsafe(COOKIE_BYTES)}.{way}"
        return await self.provider.address(self._question(cookie), return_to), cookie

    async def enter(self, cookie: str, said: Mapping[str, str], return_to: str, agent: str) -> tuple[str, str]:
        """Let somebody in by what their browser brought back: the cookie of their session, and where they wanted.

        Refused(person.provider_answer) where it is no answer to this browser's question, or was brought before;
        Refused(person.provider_refused, person.provider_token) where the provider said no or nothing that holds;
        Refused(person.provider_unknown, person.not_let_in) where they are nobody here; Unavailable.
        """
        try:
            subject = await self._subject(cookie, said, return_to)
        except (Refused, Unavailable):
            await self._note(NOBODY, "refused")
            raise
        line, at, issuer = self._line, self._line.clock(), self.provider.rules.issuer
        row = await line.store.read(people.holder_of, issuer, subject)
        if row is None:
            await self._note(NOBODY, "refused")
            raise Refused(found(Reason.PERSON_PROVIDER_UNKNOWN, subject=subject))
        if row.person.disabled_at is not None:
            await self._note(pseudonym(row), "refused")
            raise Refused(found(Reason.PERSON_NOT_LET_IN))
        session = secrets.token_urlsafe(COOKIE_BYTES)
        entry = login_entry(pseudonym(row), PROVIDER_METHOD, "let_in", at)
        await line.store.write(Enter(row.person.key, digest(session), at, entry, PROVIDER_METHOD, agent_of(agent)))
        line.bell.ring((bell.LEDGER,))
        return session, _way(cookie)

    async def _subject(self, cookie: str, said: Mapping[str, str], return_to: str) -> str:
        """Whom the provider knows them as."""
        line, at = self._line, self._line.clock()
        question = self._question(cookie)
        if not hmac.compare_digest(said.get("state", "").encode(), question.state.encode()):
            raise Refused(_no_answer("state"))
        if not timedelta() <= at - _begun_at(cookie) <= QUESTION_LASTS:
            raise Refused(_no_answer("too_old"))
        if await self.provider.names_wrongly(said.get("iss")):
            raise Refused(_no_answer("issuer"))
        if not await line.store.write(TakeAnswer(digest(question.state), at, at - 2 * QUESTION_LASTS)):
            raise Refused(_no_answer("replayed"))
        if "error" in said:
            raise Refused(found(Reason.PERSON_PROVIDER_REFUSED, what=said["error"]))
        if not said.get("code"):
            raise Refused(_no_answer("no_code"))
        return (await self.provider.redeem(said["code"], question, return_to)).subject

    def _question(self, cookie: str) -> Question:
        """What this browser asked. Whoever has the cookie cannot know it: it is derived with a key of ours."""
        return Question(*(self._line.secrets.secret(f"provider-{one}", cookie, 0).hex() for one in Question.__slots__))

    async def _note(self, by: str, outcome: str) -> None:
        """Record what came of an entering."""
        at = self._line.clock()
        minute, count = self._noted
        count = count + 1 if at - minute < timedelta(minutes=1) else 1
        self._noted = (minute if count > 1 else at, count)
        if by == NOBODY and count > NOTED_PER_MINUTE:
            return
        await self._line.store.write(NoteLogin(login_entry(by, PROVIDER_METHOD, outcome, at)))
        self._line.bell.ring((bell.LEDGER,))


def _no_answer(what: str) -> Finding:
    return found(Reason.PERSON_PROVIDER_ANSWER, what=what)


def _begun_at(cookie: str) -> datetime:
    """When its question was asked; only of a cookie whose answer showed that it is ours."""
    return datetime.fromtimestamp(int(cookie.partition(".")[0]), UTC)


def _way(cookie: str) -> str:
    try:
        return base64.urlsafe_b64decode(cookie.rpartition(".")[2]).decode()
    except (binascii.Error, UnicodeDecodeError):  # cut in the middle of a letter
        return "/"
