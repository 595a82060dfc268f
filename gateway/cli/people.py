"""The verbs of people: who may enter the console, in which role, for which agencies."""

from __future__ import annotations

import asyncio
import getpass
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli.register import configured, directory_in_force, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange.acts import SALT_BYTES, Actor, operator_act
from gateway.exchange.entrance import pseudonym
from gateway.model.person import Person, Role, WorksFor
from gateway.model.words import LANGUAGES
from gateway.store import Store
from gateway.store.acts import Act
from gateway.store.people import DisablePerson, EndEntrances, PutPerson, PutSecrets
from gateway.store.providers import BindAccount
from gateway.store.queries import people as reading
from gateway.store.queries.people import PersonRow
from gateway.trust.codes import enrolment, new_recovery_codes, recovery_digest
from gateway.trust.derived import DerivingKey, load_deriving_key
from gateway.trust.passwords import hashed

KEY = re.compile(r"[a-z][a-z0-9._-]{1,63}")
FIRST_PASSWORD_BYTES = 15


@click.group("person", cls=Verbs)
def person() -> None:
    """People who may enter the console."""


@person.command()
@click.argument("key")
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([one.value for one in Role]))
@click.option("--works-for", "agencies", multiple=True)
@click.option("--subtree", is_flag=True)
@click.option("--provider-subject", "subject")
@click.option("--speaks", "tongue", type=click.Choice(LANGUAGES), default="vi", show_default=True)
@click.option("--reason", default="")
@configured
@click.pass_obj
def add(
    session: Session,
    key: str,
    name: str,
    roles: tuple[str, ...],
    agencies: tuple[str, ...],
    subtree: bool,
    subject: str | None,
    tongue: str,
    reason: str,
    config_file: Path,
) -> None:
    """Let somebody in, or change what they may do."""
    if not KEY.fullmatch(key):
        raise Failed(session.say("say.person.key", key=key), session.say("say.person.key_hint"))
    if Role.CLERK in roles and not agencies:
        raise Failed(session.say("say.person.no_agency"), session.say("say.person.no_agency_hint"))
    held = tuple(WorksFor(one, subtree) for one in agencies)
    wanted = Person(key, name, frozenset(map(Role, roles)), held, tongue)
    settings = config.load(config_file)
    if subject and not settings.provider.issuer:
        raise Failed(session.say("say.person.no_provider"), session.say("say.person.no_provider_hint"))
    new = asyncio.run(_put(session, settings, wanted, subject or "", reason))
    if subject is not None:
        asyncio.run(_bind(session, settings, key, subject, reason))
    if new and not subject:
        asyncio.run(_give_secrets(session, settings, key, second_factor=True, reason=reason))
    elif not new:
        session.tell("say.person.changed", person=key)


async def _put(session: Session, settings: Config, wanted: Person, subject: str, reason: str) -> bool:
    """Record the person, unless `subject` is somebody else's. True where they are new."""
    async with opened(settings) as store:
        holder = await store.read(reading.holder_of, settings.provider.issuer, subject)
        if holder is not None and holder.person.key != wanted.key:
            raise Failed(session.say("say.person.subject_taken", subject=subject))
        directory = await directory_in_force(store)
        known = {one.agency: directory.agency(one.agency) for one in wanted.works_for}
        if missing := [written for written, agency in known.items() if agency is None]:
            raise Failed(session.say("say.person.unknown_agency", agencies=", ".join(missing)))
        held = tuple(replace(one, agency=agency.key) for one in wanted.works_for if (agency := known[one.agency]))
        before = await store.read(reading.person, wanted.key)
        salt = before.salt if before else secrets.token_bytes(SALT_BYTES)
        row = PersonRow(replace(wanted, works_for=held), None, salt, 0, None)
        act = _act(settings, "person.changed" if before else "person.added", row, reason)
        await store.write(PutPerson(row.person, salt, act))
        return before is None


async def _bind(session: Session, settings: Config, key: str, subject: str, reason: str) -> None:
    """Say which account at the provider is theirs; with an empty subject none is."""
    async with opened(settings) as store:
        act = _act(settings, "person.provider", await _known(session, store, key), reason)
        if not await store.write(BindAccount(key, settings.provider.issuer, subject, act)):
            raise Failed(session.say("say.person.subject_taken", subject=subject))
    if subject:
        session.tell("say.person.bound", person=key, subject=subject, issuer=settings.provider.issuer)
    else:
        session.tell("say.person.unbound", person=key)


@person.command("sign-out")
@click.argument("key")
@click.option("--reason", default="")
@configured
@click.pass_obj
def sign_out(session: Session, key: str, reason: str, config_file: Path) -> None:
    """End every session of somebody; they may enter again."""
    asyncio.run(_sign_out(session, config.load(config_file), key, reason))
    session.tell("say.person.signed_out", person=key)


async def _sign_out(session: Session, settings: Config, key: str, reason: str) -> None:
    async with opened(settings) as store:
        row = await _known(session, store, key)
        await store.write(EndEntrances(key, _act(settings, "person.signed_out", row, reason)))


@person.command("secrets")
@click.argument("key")
@click.option("--no-second-factor", is_flag=True)
@click.option("--reason", default="")
@configured
@click.pass_obj
def renew(session: Session, key: str, no_second_factor: bool, reason: str, config_file: Path) -> None:
    """Give somebody a new password, a new second factor and new recovery codes."""
    asyncio.run(_give_secrets(session, config.load(config_file), key, not no_second_factor, reason))


async def _give_secrets(session: Session, settings: Config, key: str, second_factor: bool, reason: str) -> None:
    password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
    recovery = new_recovery_codes() if second_factor else ()
    deriving = load_deriving_key(settings.keys.derive_key)
    async with opened(settings) as store:
        row = await _known(session, store, key)
        serial = row.totp_serial + 1 if second_factor else 0
        digests = tuple(map(recovery_digest, recovery))
        act = _act(settings, "person.secrets", row, reason)
        await store.write(PutSecrets(key, await asyncio.to_thread(hashed, password), serial, digests, act))
    session.tell("say.person.password", person=key, password=password)
    if second_factor:
        written, address = enrolment(deriving.secret("totp", key, serial), key, settings.keys.origin)
        session.tell("say.person.code", secret=written, address=address)
        session.tell("say.person.recovery", codes="\n  ".join(recovery))
    session.note("say.person.once")


@person.command()
@click.argument("key")
@click.option("--reason", default="")
@configured
@click.pass_obj
def disable(session: Session, key: str, reason: str, config_file: Path) -> None:
    """Let somebody in no more."""
    if not asyncio.run(_disable(session, config.load(config_file), key, reason)):
        raise Failed(session.say("say.person.nobody", person=key))
    session.tell("say.person.disabled", person=key)


async def _disable(session: Session, settings: Config, key: str, reason: str) -> bool:
    async with opened(settings) as store:
        row = await _known(session, store, key)
        return await store.write(DisablePerson(key, _act(settings, "person.disabled", row, reason)))


@person.command("list")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_people(session: Session, as_json: bool, config_file: Path) -> None:
    """Who may enter."""
    rows, subjects = asyncio.run(_people(config.load(config_file)))
    if as_json:
        session.show_json(
            [
                {"key": one.person.key, "name": one.person.name, "roles": sorted(one.person.roles)}
                | {"works_for": [held.agency for held in one.person.works_for]}
                | {"second_factor": one.person.second_factor, "provider_subject": subjects.get(one.person.key)}
                | {"disabled_at": one.person.disabled_at}
                for one in rows
            ]
        )
        return
    session.table(
        [f"say.column.{name}" for name in ("key", "name", "roles", "works_for", "provider_subject", "disabled_at")],
        [
            (
                one.person.key,
                one.person.name,
                " ".join(sorted(one.person.roles)),
                " ".join(held.agency + ("…" if held.subtree else "") for held in one.person.works_for),
                subjects.get(one.person.key),
                one.person.disabled_at,
            )
            for one in rows
        ],
    )


async def _people(settings: Config) -> tuple[tuple[PersonRow, ...], Mapping[str, str]]:
    """Everybody, and who has which account at the provider."""
    async with opened(settings) as store:
        return await store.read(reading.people), await store.read(reading.provider_subjects)


async def _known(session: Session, store: Store, key: str) -> PersonRow:
    row = await store.read(reading.person, key)
    if row is None:
        raise Failed(session.say("say.person.nobody", person=key))
    return row


def _act(settings: Config, action: str, row: PersonRow, reason: str) -> Act:
    """What an operator at the machine did to somebody's entry; in the ledger neither of them has a name."""
    return machine_act(settings, action, pseudonym(row), reason)


def machine_act(settings: Config, action: str, subject: str, reason: str) -> Act:
    """What an operator at the machine did."""
    actor = at_the_machine(load_deriving_key(settings.keys.derive_key))
    return operator_act(actor, action, subject, reason, secrets.token_bytes(SALT_BYTES), datetime.now(UTC))


def at_the_machine(key: DerivingKey) -> Actor:
    """Whoever runs the command: the account's name in the register, a digest nobody can guess in the ledger."""
    return under_the_name(key, f"@{getpass.getuser()}")


def under_the_name(key: DerivingKey, name: str) -> Actor:
    """Whoever acts under a name that nobody entered with."""
    return Actor(name, key.secret("pseudonym", name, 0).hex())
