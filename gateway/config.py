"""The configuration: one TOML file, decoded into frozen values. Unknown keys are refused by name, numbers have limits.

Every key has a default but `keys.origin`, a limit, and a sentence in the catalogues (`config.<section>.<key>`); the
annotated example and the reference page are made from here, so they cannot be out of date.
"""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec

from gateway.edxml import Limits
from gateway.exchange.deadlines import DeadlineRules
from gateway.exchange.directory_proposals import DirectoryRules
from gateway.exchange.entrance import EntranceRules
from gateway.exchange.line import DeliveryRules
from gateway.exchange.notice_rules import MailRules, ReminderRules, WebhookRules
from gateway.exchange.provider import ProviderRules
from gateway.exchange.timestamps import TimestampRules
from gateway.exchange.uploads import UploadRules
from gateway.http.axis import AxisRules
from gateway.http.limits import HttpLimits
from gateway.http.server import Server
from gateway.model.words import text
from gateway.store.storage import SQLITE_ABSOLUTE, SQLITE_RELATIVE, Storage

FILE_NAME = "gateway.toml"
"""Looked for in the working folder where neither an option nor GATEWAY_CONFIG names a file."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the gateway signs with. Key files are readable by their owner alone."""

    origin: str
    seal_key: Path = Path("keys/seal.key")
    seal_certificate: Path = Path("keys/seal.pem")
    ledger_key: Path = Path("keys/ledger.key")
    derive_key: Path = Path("keys/derive.key")


@dataclass(frozen=True, slots=True)
class Ledger:
    """How the ledger is published and witnessed."""

    publish_dir: Path | None = None
    witnesses: tuple[str, ...] = ()
    witnesses_required: int = 0
    witness_timeout_s: float = 10.0
    witness_refresh_h: float = 1.0


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose certificates count."""

    anchors: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Pdf:
    """The signatures inside PDF attachments. Without a folder of authorities they are not looked at."""

    government_anchors: Path | None = None
    national_anchors: Path | None = None
    revocation_dir: Path = Path("revocation")
    revocation_lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timestamp(TimestampRules):
    """Time stamps of a third party over the ledger. Without an address none are asked for."""

    url: str = ""
    anchors: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """The working calendar; without a file the one of the release."""

    file: Path | None = None


@dataclass(frozen=True, slots=True)
class RetentionFile:
    """How long content is kept; without a table for good."""

    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """Diagnostics on stderr. They may be lost; the ledger may not."""

    format: Literal["console", "json"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything an operator may set. Paths are absolute: relative ones were resolved against the file's folder."""

    keys: Keys
    server: Server = field(default_factory=Server)
    store: Storage = field(default_factory=Storage)
    ledger: Ledger = Ledger()
    trust: Trust = Trust()
    pdf: Pdf = Pdf()
    timestamp: Timestamp = Timestamp()
    delivery: DeliveryRules = field(default_factory=DeliveryRules)
    calendar: CalendarFile = CalendarFile()
    retention: RetentionFile = RetentionFile()
    directory: DirectoryRules = field(default_factory=DirectoryRules)
    deadlines: DeadlineRules = field(default_factory=DeadlineRules)
    reminders: ReminderRules = field(default_factory=ReminderRules)
    webhooks: WebhookRules = field(default_factory=WebhookRules)
    mail: MailRules = field(default_factory=MailRules)
    limits: Limits = field(default_factory=Limits)
    http: HttpLimits = field(default_factory=HttpLimits)
    people: EntranceRules = field(default_factory=EntranceRules)
    provider: ProviderRules = field(default_factory=ProviderRules)
    axis: AxisRules = field(default_factory=AxisRules)
    uploads: UploadRules = field(default_factory=UploadRules)
    log: Log = Log()


EXAMPLES: Mapping[str, object] = {"keys.origin": "truc.example.vn/ledger"}
"""Values of the example where a key has no default."""

RANGES: Mapping[str, tuple[float, float | None]] = {
    "server.port": (0, 65_535),
    "server.workers": (1, 64),
    "store.group_operations_max": (1, 1_000),
    "store.group_wait_ms": (0, 1_000),
    "store.inline_bytes_max": (0, 1_048_576),
    "store.disk_free_bytes_min": (0, None),
    "ledger.witnesses_required": (0, 99),
    "delivery.backoff.jitter": (0, 1),
    "reminders.backoff.jitter": (0, 1),
    "webhooks.backoff.jitter": (0, 1),
    "mail.port": (1, 65_535),
    "axis.processing_s": (1, 31_536_000),
    "axis.timestamp_age_days_max": (1, 36_500),
    "axis.timestamp_ahead_h_max": (0, 8_760),
    "provider.leeway_s": (0, 300),
    "limits.attachments_max": (1, 28),  # the JDK's secure validation stops at 30 references
}
"""Least and most of a number, where they differ from the rule: an integer is at least 1, a fraction at least 0.001."""


class ConfigFault(Exception):
    """The file cannot be used. `say(lang)` is what to tell the operator, `hint(lang)` what to do."""

    def __init__(self, fault: str, **values: str) -> None:
        self.fault = fault
        self.values = values
        super().__init__(self.say("en"))

    def say(self, lang: str) -> str:
        return text(lang, f"config_fault.{self.fault}.title", **self.values)

    def hint(self, lang: str) -> str:
        return text(lang, f"config_fault.{self.fault}.hint", **self.values)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file. `default` is None where the key may be left out and stands for nothing."""

    name: str
    """Dotted: `delivery.backoff.first_s`."""
    type: object
    default: object
    required: bool

    @property
    def section(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def range(self) -> tuple[float, float | None] | None:
        """Least and most; None where the key is no number."""
        if self.type not in {int, float}:
            return None
        return RANGES.get(self.name, (1, None) if self.type is int else (0.001, None))

    @property
    def choices(self) -> tuple[str, ...]:
        """The words allowed; empty where any is."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()


def load(path: Path) -> Config:
    """The configuration in a file. Raises ConfigFault: no file, no TOML, an unknown key, a wrong value."""
    try:
        written = path.read_bytes()
    except OSError as fault:
        raise ConfigFault("no_file", path=str(path), cause=fault.strerror or str(fault)) from fault
    return decode(written, path.absolute().parent)


def decode(written: bytes, folder: Path) -> Config:
    """The configuration in a file's bytes; relative paths are resolved against `folder`. Raises ConfigFault."""
    try:
        tables = tomllib.loads(written.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigFault("no_toml", cause=str(fault)) from fault
    _refuse_unknown(tables)

    def resolved(kind: type, value: object) -> Path:
        if kind is Path and isinstance(value, str) and value:
            return folder / value
        raise ValueError("Expected a path")

    try:
        config = msgspec.convert(tables, Config, dec_hook=resolved)
    except msgspec.ValidationError as fault:
        raise ConfigFault("wrong_value", cause=str(fault)) from fault
    _check_ranges(config)
    _check_tls(config.server)
    _check_public(config.server)
    _check_mail(config.mail)
    if (wrong := config.provider.fault()) is not None:
        raise ConfigFault(wrong[0], key=wrong[1])
    _check_bucket(config.store)
    if config.timestamp.url and not config.timestamp.anchors:
        raise ConfigFault("timestamp_without_anchors")
    return _resolved_defaults(config, folder)


def all_keys() -> tuple[Key, ...]:
    """Every key, in the order of the example."""
    return tuple(_keys_of(Config, ""))


def describe(lang: str, values: Mapping[str, object] = EXAMPLES) -> str:
    """The annotated file: every key with its sentence, its limits, and its value: from `values`, else its default."""
    lines = [*_comment(text(lang, "config.about"))]
    section = ""
    for key in all_keys():
        if key.section != section:
            section = key.section
            lines += ["", *_comment(text(lang, f"config.{section}.about")), f"[{section}]"]
        sentence = text(lang, f"config.{key.name}")
        lines += _comment(f"{sentence} {limits_of(key, lang)}".strip())
        value = values.get(key.name, key.default)
        left_out = "# " if value is None else ""
        lines.append(f"{left_out}{key.name.rpartition('.')[2]} = {written_value(value)}")
    return "\n".join(lines) + "\n"


def limits_of(key: Key, lang: str) -> str:
    """The limits of a key, in words."""
    if key.choices:
        return text(lang, "config_limit.choices", choices=", ".join(key.choices))
    match key.range:
        case (least, None):
            return text(lang, "config_limit.least", least=written_value(least))
        case (least, most):
            return text(lang, "config_limit.range", least=written_value(least), most=written_value(most))
    return ""


def written_value(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case None:
            return '""'
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:_}" if value >= 10_000 else str(value)
        case tuple():
            return f"[{', '.join(written_value(one) for one in value)}]"
        case float():
            return str(value)
    return json.dumps(str(value), ensure_ascii=False)


def _keys_of(cls: type, prefix: str) -> Iterator[Key]:
    """The keys of a section, its own before those of its subsections, as TOML wants them."""
    hints = get_type_hints(cls)
    own = [one for one in fields(cls) if not is_dataclass(hints[one.name])]
    for one in own:
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        required = default is MISSING
        yield Key(prefix + one.name, hints[one.name], None if required else default, required)
    for one in fields(cls):
        below = hints[one.name]
        if isinstance(below, type) and is_dataclass(below):
            yield from _keys_of(below, f"{prefix}{one.name}.")


def _refuse_unknown(tables: Mapping[str, object]) -> None:
    known = {key.name for key in all_keys()}
    sections = {key.section for key in all_keys()}
    for name in _written_names(tables, ""):
        if name not in known and name not in sections:
            near = get_close_matches(name, [*known, *sections], n=1)
            closest = {"near": near[0]} if near else {}
            raise ConfigFault("unknown_key" if near else "unknown_key_alone", key=name, **closest)


def _written_names(tables: Mapping[str, object], prefix: str) -> Iterator[str]:
    for name, value in tables.items():
        yield prefix + name
        if isinstance(value, dict):
            yield from _written_names(value, f"{prefix}{name}.")


def _check_tls(server: Server) -> None:
    """Half of it would serve unencrypted what the operator believes encrypted."""
    if (server.tls_certificate is None) != (server.tls_key is None):
        raise ConfigFault("half_tls", key="server.tls_key" if server.tls_key is None else "server.tls_certificate")
    if server.client_ca is not None and server.tls_certificate is None:
        raise ConfigFault("half_tls", key="server.tls_certificate")


def _check_public(server: Server) -> None:
    """What is written there goes into cookies, redirects and what a provider is asked: one origin, and encrypted."""
    try:
        _ = server.public
    except ValueError as fault:
        raise ConfigFault("public_url", url=server.public_url) from fault


def _check_mail(mail: MailRules) -> None:
    """Mails go encrypted or stay on this machine, and come from somebody."""
    if mail.host and mail.tls == "none" and mail.host not in {"localhost", "127.0.0.1", "::1"}:
        raise ConfigFault("open_mail", host=mail.host)
    if mail.host and not mail.sender:
        raise ConfigFault("half_mail", key="mail.sender")
    if bool(mail.user) != (mail.password_file is not None):
        raise ConfigFault("half_mail", key="mail.password_file" if mail.user else "mail.user")


def _check_bucket(store: Storage) -> None:
    """An address that is one, and both halves of a credential or none."""
    if store.blob_url and not store.blob_url.startswith("s3://"):
        raise ConfigFault("wrong_value", cause=f"store.blob_url: s3://..., {store.blob_url}")
    if bool(store.blob_access_key) != (store.blob_secret_file is not None):
        key = "blob_secret_file" if store.blob_access_key else "blob_access_key"
        raise ConfigFault("half_bucket", key=f"store.{key}")


def _check_ranges(config: Config) -> None:
    for key in all_keys():
        if key.range is None:
            continue
        value: object = config
        for part in key.name.split("."):
            value = getattr(value, part)
        assert isinstance(value, int | float)
        least, most = key.range
        if not least <= value <= (math.inf if most is None else most) or math.isinf(value):
            limits = f"≥ {least}" if most is None else f"{least} – {most}"
            raise ConfigFault("out_of_range", key=key.name, value=str(value), limits=limits)


def _resolved_defaults(config: Config, folder: Path) -> Config:
    """Defaults that are relative paths mean the file's folder too; so does a relative SQLite file in the URL."""
    url = config.store.url
    if url.startswith(SQLITE_RELATIVE) and not url.startswith(SQLITE_ABSOLUTE):
        url = f"{SQLITE_RELATIVE}{folder / url.removeprefix(SQLITE_RELATIVE)}"
    return dataclasses.replace(
        config,
        store=dataclasses.replace(config.store, url=url, blob_dir=folder / config.store.blob_dir),
        pdf=dataclasses.replace(config.pdf, revocation_dir=folder / config.pdf.revocation_dir),
        keys=dataclasses.replace(
            config.keys,
            seal_key=folder / config.keys.seal_key,
            seal_certificate=folder / config.keys.seal_certificate,
            ledger_key=folder / config.keys.ledger_key,
            derive_key=folder / config.keys.derive_key,
        ),
    )


def _comment(sentence: str) -> list[str]:
    return [f"# {line}".rstrip() for line in sentence.splitlines()]
