"""Somebody's own account: where they are in, their password, and their second factor.

What a thief of a session must not do asks for the password again (`Entrance.proves`); what changes how somebody enters
ends every session, this one too.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets

from aiohttp import web

from gateway.exchange.acts import SALT_BYTES, operator_act
from gateway.exchange.entrance import pseudonym, second_factor
from gateway.http.console import cookies
from gateway.http.console.page import Page, Visit
from gateway.http.console.threshold import named_only
from gateway.store.acts import Act
from gateway.store.people import PutSecrets
from gateway.store.queries import people
from gateway.store.queries.people import PersonRow
from gateway.trust.codes import enrolment, new_recovery_codes, recovery_digest, right_step
from gateway.trust.passwords import PASSWORD_CHARS_MIN, hashed


async def account(visit: Visit) -> web.Response:
    """What somebody may do here, where they are in, and how they enter."""
    return await _show(visit)


async def end_sessions(visit: Visit) -> web.Response:
    """End the sessions somebody ticked, wherever they are."""
    ticked, password, code = named_only(visit.form, "session", "password", "code")
    marks = {session_mark(one.digest): one.digest for one in await visit.entrance.sessions(visit.inside)}
    if not await visit.entrance.proves(visit.inside, password, code, visit.browser):
        return await _show(visit, "proof")
    await visit.entrance.end(visit.inside, [marks[one] for one in ticked.split() if one in marks])
    return visit.to("/account")


async def change_password(visit: Visit) -> web.Response:
    """Take a new password; every session ends, this one too."""
    old, code, new, again = named_only(visit.form, "old", "code", "new", "again")
    wrong = "again" if new != again else await visit.entrance.fault_of(visit.inside, new)
    row = await _row(visit)
    if wrong is None and not (row.password and await visit.entrance.proves(visit.inside, old, code, visit.browser)):
        wrong = "proof"
    if wrong is not None:
        return await _show(visit, wrong)
    fresh = await asyncio.to_thread(hashed, new)
    await visit.line.store.write(PutSecrets(row.person.key, fresh, None, (), _act(visit, row, "person.password")))
    answer = visit.to("/enter")
    cookies.SESSION.give(visit.request, answer, "")
    return answer


async def offer_factor(visit: Visit) -> web.Response:
    """Show the secret of a new second factor, to put into a telephone. Nothing changes before its code was typed."""
    password, code = named_only(visit.form, "password", "code")
    row = await _row(visit)
    if not row.password or not await visit.entrance.proves(visit.inside, password, code, visit.browser):
        return await _show(visit, "proof")
    return _show_factor(visit, row, wrong=False)


async def take_factor(visit: Visit) -> web.Response:
    """Take the new second factor once a code of it was right; show its recovery codes. Every session ends."""
    code, offered = named_only(visit.form, "code", "offered")
    row = await _row(visit)
    if not hmac.compare_digest(offered, _offer(visit, row)):
        return await _show(visit, "proof")
    serial, at = row.totp_serial + 1, visit.line.clock()
    if right_step(second_factor(visit.line, row.person.key, serial), "".join(code.split()), at) is None:
        return _show_factor(visit, row, wrong=True)
    recovery, digests = (kept := new_recovery_codes()), tuple(map(recovery_digest, kept))
    act = _act(visit, row, "person.secrets")
    await visit.line.store.write(PutSecrets(row.person.key, row.password or "", serial, digests, act))
    answer = visit.show("account_recovery.html", recovery=recovery)
    cookies.SESSION.give(visit.request, answer, "")
    return answer


async def _show(visit: Visit, wrong: str | None = None) -> web.Response:
    row, who = await _row(visit), visit.inside
    sessions = await visit.entrance.sessions(who)
    left = await visit.line.store.read(people.recovery_codes_left, row.person.key)
    return visit.show(
        "account.html",
        422 if wrong else 200,
        fault=wrong,
        chars_min=PASSWORD_CHARS_MIN,
        sessions=[(session_mark(one.digest), one, one.digest == who.session) for one in sessions],
        local=row.password is not None,
        left=left,
    )


def _show_factor(visit: Visit, row: PersonRow, *, wrong: bool) -> web.Response:
    secret = second_factor(visit.line, row.person.key, row.totp_serial + 1)
    written, address = enrolment(secret, row.person.key, visit.line.notary.key.name)
    groups = [written[place : place + 4] for place in range(0, len(written), 4)]
    values = {"secret": " ".join(groups), "address": address, "offered": _offer(visit, row), "wrong": wrong}
    return visit.show("account_factor.html", 422 if wrong else 200, **values)


def session_mark(digest: str) -> str:
    """What a form calls a session. Not by its digest: from that, the tokens of its forms are made."""
    return hashlib.sha256(digest.encode()).hexdigest()[:16]


def _offer(visit: Visit, row: PersonRow) -> str:
    """Says that this session proved again who it is, and was offered the next second factor; good until it is taken."""
    said = f"{visit.inside.session} {row.totp_serial + 1}"
    return visit.line.secrets.secret("factor-offer", said, 0).hex()


def _act(visit: Visit, row: PersonRow, action: str) -> Act:
    return operator_act(visit.actor, action, pseudonym(row), "", secrets.token_bytes(SALT_BYTES), visit.line.clock())


async def _row(visit: Visit) -> PersonRow:
    row = await visit.line.store.read(people.person, visit.person.key)
    assert row is not None, "nobody who is in was ever taken out of the register"
    return row


PAGES = (
    Page("GET", "/account", "console_account", account),
    Page("POST", "/account", "console_password", change_password),
    Page("POST", "/account/sessions", "console_sessions", end_sessions),
    Page("POST", "/account/factor", "console_factor", offer_factor),
    Page("POST", "/account/factor/code", "console_factor_code", take_factor),
)
