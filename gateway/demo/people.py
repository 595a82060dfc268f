"""People who may look at the demo in the console: one for each role, two clerks so that one can answer the other.

Their passwords are made for the run and printed; a second factor would only stand in the way of a look.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime

from gateway import config
from gateway.config import Config
from gateway.demo.stage import Stage
from gateway.exchange.acts import SALT_BYTES, Actor, operator_act
from gateway.exchange.entrance import pseudonym
from gateway.model.person import Person, Role, WorksFor
from gateway.model.words import text
from gateway.store import Store
from gateway.store.acts import Act
from gateway.store.people import PutPerson, PutSecrets
from gateway.store.queries.people import PersonRow
from gateway.trust.derived import DerivingKey, load_deriving_key
from gateway.trust.passwords import hashed

PASSWORD_BYTES = 12
DOORMAN = "@demo"
"""Who let them in, in the register."""


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Somebody who may enter, and their password."""

    person: Person
    password: str


async def let_in(stage: Stage, at: datetime, lang: str) -> tuple[Onlooker, ...]:
    """Give the people of the demo their entries, before its doors open."""
    settings, cast = config.load(stage.config), stage.cast
    roles = (
        ("van-thu-bo", Role.CLERK, WorksFor(cast.ministry.agency)),
        ("van-thu-tinh", Role.CLERK, WorksFor(cast.hub.agency, subtree=True)),
        ("kiem-toan", Role.AUDITOR, None),
        ("van-hanh", Role.OPERATOR, None),
        ("dieu-hanh", Role.STEERING, None),
    )
    onlookers = tuple(
        Onlooker(
            Person(key, text(lang, f"demo.people.{key}"), frozenset({role}), (held,) if held else (), lang),
            secrets.token_urlsafe(PASSWORD_BYTES),
        )
        for key, role, held in roles
    )
    store = Store.open(settings.store.url, settings.store.blob_dir, settings.store.inline_bytes_max)
    try:
        for one in onlookers:
            await _put(store, settings, one, at)
    finally:
        store.close()
    return onlookers


def doorman(key: DerivingKey) -> Actor:
    """Who lets people in, and does what an operator did before anybody looked."""
    return Actor(DOORMAN, key.secret("pseudonym", DOORMAN, 0).hex())


async def _put(store: Store, settings: Config, one: Onlooker, at: datetime) -> None:
    who = doorman(load_deriving_key(settings.keys.derive_key))
    row = PersonRow(one.person, None, secrets.token_bytes(SALT_BYTES), 0, None)

    def act(action: str) -> Act:
        return operator_act(who, action, pseudonym(row), "", secrets.token_bytes(SALT_BYTES), at)

    await store.write(PutPerson(one.person, row.salt, act("person.added")))
    password = await asyncio.to_thread(hashed, one.password)
    await store.write(PutSecrets(one.person.key, password, 0, (), act("person.secrets")))
