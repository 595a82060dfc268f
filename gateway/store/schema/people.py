"""People who may enter the console, and the sessions they have there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from gateway.store.schema.columns import Digest, Key, metadata

people = Table(
    "people",
    metadata,
    Column("key", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("password", Text),
    Column("salt", LargeBinary, nullable=False),
    Column("totp_serial", Integer, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger),
    Column("added_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
)
"""`roles`: words of Role with a space between them. `password`: an argon2id hash; null for who enters through an
identity provider. `salt`: what the ledger calls a person is SHA-256 of salt and key, so that the entry names nobody
once this row is gone. `totp_serial`: 0 without a second factor, otherwise which secret is derived. `totp_step`: the
last code used, by its time step, so that none counts twice."""

person_agencies = Table(
    "person_agencies",
    metadata,
    Column("person", Key, ForeignKey("people.key"), primary_key=True),
    Column("agency", Key, primary_key=True),
    Column("subtree", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("person", Key, ForeignKey("people.key"), nullable=False, index=True),
    Column("used_at", BigInteger),
)
"""Codes that stand in for a lost second factor, each once, by SHA-256."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("person", Key, ForeignKey("people.key"), nullable=False, index=True),
    Column("began_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("method", String(16), nullable=False, server_default="password"),
    Column("agent", Text),
)
"""By SHA-256 of the cookie: a thief of this table enters nowhere. `method`: how their person proved who they are, as
the ledger says it. `agent`: what their browser calls itself, for the person to know it again."""

provider_accounts = Table(
    "provider_accounts",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", Key, ForeignKey("people.key"), nullable=False),
    Index("ix_provider_accounts_person", "person", unique=True),
    sqlite_with_rowid=False,
)
"""Which account at an OpenID Connect provider is whose. Only an operator writes here: no e-mail address or name that a
provider tells makes somebody a person of ours."""

provider_answers = Table(
    "provider_answers",
    metadata,
    Column("state", Digest, primary_key=True),
    Column("came_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Answers that were brought back from the provider, by SHA-256 of their `state`: none counts twice."""

known_browsers = Table(
    "known_browsers",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("person", Key, ForeignKey("people.key"), nullable=False, index=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger),
    Column("entered_at", BigInteger, nullable=False),
)
"""Browsers somebody entered from before, by SHA-256 of their cookie. Each has its own count of wrong tries, so that
whoever guesses elsewhere cannot keep a person out of their own."""

acts = Table(
    "acts",
    metadata,
    Column(
        "ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), primary_key=True, autoincrement=False
    ),
    Column("by", Key, nullable=False),
    Column("action", Key, nullable=False),
    Column("subject", Key, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
)
"""What people did here, in words. The ledger has digests: of who, salted with their row's salt; of the reason, with
this one."""
