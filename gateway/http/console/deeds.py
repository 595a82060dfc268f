"""What a clerk does with a document: each a form that says beforehand what will happen, and a word about what did.

Whoever comes second, because somebody else was faster, is told so: nothing is done twice, and nothing is an error.
"""

from __future__ import annotations

from unicodedata import normalize

from aiohttp import web

from gateway.edxml.characters import FORBIDDEN
from gateway.exchange import desk
from gateway.http.console.clerk import CLERK
from gateway.http.console.documents import DISPATCH
from gateway.http.console.page import Page, Visit
from gateway.http.console.threshold import named_only
from gateway.http.faults import fault
from gateway.model.packet import StatusCode
from gateway.model.reasons import Reason

WORDS_CHARS_MAX = 2_000
EVERYBODY = "all"
"""Ticked instead of addressee after addressee."""
REPORTED = {code.value: code for code in desk.REPORTABLE}


async def recall(visit: Visit) -> web.Response:
    """Ask the document back from the addressees that were ticked."""
    dispatch_id, chosen = visit.part("dispatch"), tuple(visit.form.get("delivery", "").split())
    words = _words(visit)
    if chosen == (EVERYBODY,):
        seen = await desk.look(visit.line, visit.person, dispatch_id)
        chosen = tuple(one.id for one in seen.dispatch.deliveries if desk.recallable(one))
    if not chosen:
        return _done(visit, "none_chosen")
    if not words:
        return _done(visit, "no_reason")
    recalled = await desk.recall(visit.line, visit.person, visit.actor, dispatch_id, chosen, words)
    return _done(visit, "recalled" if any(one.receipt for one in recalled) else "recalled_before")


async def remind(visit: Visit) -> web.Response:
    """Remind an addressee of what it owes."""
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    delivery, words = visit.form.get("delivery", ""), _words(visit)
    done = await desk.remind(visit.line, visit.person, visit.actor, seen, delivery, words)
    return _done(visit, "reminded" if done else "not_reminded")


async def resend(visit: Visit) -> web.Response:
    """Have it pushed to an addressee again at once."""
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    again = await desk.resend(visit.line, visit.actor, seen, visit.form.get("delivery", ""), _words(visit))
    return _done(visit, "resent" if again else "not_resent")


async def report(visit: Visit) -> web.Response:
    """Tell the sender what was done with its document."""
    delivery, written = named_only(visit.form, "delivery", "code")
    code, words = REPORTED.get(written), _words(visit)
    if code is None:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="code")
    if code is StatusCode.REFUSED and not words:
        return _done(visit, "no_reason")
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    told = await desk.report(visit.line, visit.person, visit.actor, seen, delivery, code, words)
    return _done(visit, "reported" if told else "reported_before")


async def answer(visit: Visit) -> web.Response:
    """Agree to give the document back, or refuse."""
    delivery, written = named_only(visit.form, "delivery", "answer")
    agreed, words = written == "agree", _words(visit)
    if not agreed and not words:
        return _done(visit, "no_reason")
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    told = await desk.answer_recall(visit.line, visit.person, visit.actor, seen, delivery, agreed, words)
    return _done(visit, "answered" if told else "answered_before")


async def settle(visit: Visit) -> web.Response:
    """What was wrong has been seen to."""
    await desk.settle(visit.line, visit.person, visit.actor, visit.form.get("delivery", ""), _words(visit))
    return _done(visit, "settled")


def _words(visit: Visit) -> str:
    """What somebody wrote, in one line and in the one spelling packets allow; Refused where it is too long for one."""
    words = " ".join(FORBIDDEN.sub("", normalize("NFC", visit.form.get("words", ""))).split())
    if len(words) > WORDS_CHARS_MAX:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="words")
    return words


def _done(visit: Visit, what: str) -> web.Response:
    return visit.to(f"/documents/{visit.part('dispatch')}?done={what}#done")


PAGES = tuple(
    Page("POST", f"/documents/{DISPATCH}/{name}", f"console_{name}", answering, CLERK)
    for name, answering in (
        ("recall", recall),
        ("remind", remind),
        ("resend", resend),
        ("status", report),
        ("answer", answer),
        ("settle", settle),
    )
)
