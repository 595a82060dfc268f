"""The connector's one configuration file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import msgspec

from gateway.model.words import text

FILE_NAME = "connector.toml"
"""Looked for in the working folder where no option names a file."""

FOLDERS = ("outbox", "sent", "refused", "inbox", "news")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file. Paths are relative to it; `load` makes them absolute."""

    url: str
    token: str = ""
    certificate: str = ""
    """PEM: the client certificate with its key, where that is how this system is known."""
    ca: str = ""
    """PEM: whom to trust instead of the system's authorities."""
    folder: str = "."
    look_s: float = 2.0
    settled_s: float = 5.0
    language: str = "vi"

    @property
    def root(self) -> Path:
        return Path(self.folder)


class SettingsFault(Exception):
    """The file cannot be used; the message says why, as the reader of the file found it."""


def load(path: Path) -> Settings:
    """The settings in a file. SettingsFault: no file, no TOML, an unknown key, a wrong value."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        settings = msgspec.convert(tables, Settings)
    except OSError as fault:
        raise SettingsFault(f"{path}: {fault.strerror}") from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise SettingsFault(f"{path}: {fault}") from fault
    if settings.look_s <= 0 or settings.settled_s < 0 or settings.language not in {"vi", "en"}:
        raise SettingsFault(f"{path}: look_s > 0, settled_s >= 0, language = vi | en")
    here = path.absolute().parent
    return msgspec.structs.replace(
        settings,
        folder=str(here / settings.folder),
        certificate=settings.certificate and str(here / settings.certificate),
        ca=settings.ca and str(here / settings.ca),
    )


EXAMPLES = {"url": "https://truc.example.vn", "token": "…"}


def example(lang: str) -> str:
    """The annotated file: every key with its sentence; those with a default are commented out."""
    lines = [f"# {line}" for line in text(lang, "connector.settings.about").splitlines()]
    for one in msgspec.structs.fields(Settings):
        lines += ["", *(f"# {line}" for line in text(lang, f"connector.settings.{one.name}").splitlines())]
        value = json.dumps(EXAMPLES.get(one.name, one.default), ensure_ascii=False)
        lines.append(f"{'' if one.name in EXAMPLES else '#'}{one.name} = {value}")
    return "\n".join(lines) + "\n"
