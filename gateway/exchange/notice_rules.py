"""How peers' systems and agencies' people are told: the rules of webhooks, reminders and mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Literal

from gateway.model.delivery import Backoff


@dataclass(frozen=True, slots=True)
class PostBackoff(Backoff):
    """Between posts: soon at first, four times a day at last."""

    first_s: float = 5.0
    most_s: float = 21_600.0


@dataclass(frozen=True, slots=True)
class MailBackoff(Backoff):
    """Between tries to send a mail: a server that greylists wants minutes."""

    first_s: float = 60.0
    most_s: float = 3_600.0


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """How notices are posted."""

    timeout_s: float = 15.0
    """How long one post may take, connection and answer included."""
    concurrency_per_webhook: int = 4
    """Notices under way to one webhook at once, of different dispatches."""
    dead_after_h: float = 72.0
    """A notice that could not be told for so long is given up, and kept."""
    rotation_h: float = 24.0
    """After a change of its secret, the one before signs too for so long."""
    private_targets: bool = False
    """Whether addresses of networks that are not public are posted to, and plain HTTP on this very machine."""
    backoff: PostBackoff = field(default_factory=PostBackoff)


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """When people are reminded, in working hours from a deadline, and when the digest of the day is sent."""

    before_h: float = 0.5
    """The clerks, so long before a deadline."""
    superior_after_h: float = 8.0
    """The leaders of the superior agency too, so long after it. At the deadline itself: clerks and leaders."""
    digest_at: str = "07:30"
    """Local time of the digest, on working days."""
    given_up_after_h: float = 48.0
    """A mail that could not be sent for so long is given up, and kept."""
    backoff: MailBackoff = field(default_factory=MailBackoff)

    def __post_init__(self) -> None:
        """ValueError where the digest's hour is none of Viet Nam's."""
        try:
            hour = time.fromisoformat(self.digest_at)
        except ValueError as wrong:
            raise ValueError(f"digest_at: {wrong}") from wrong
        if hour.tzinfo is not None:
            raise ValueError("digest_at: Viet Nam's hour, without a zone")


@dataclass(frozen=True, slots=True)
class MailRules:
    """The mail server that reminders and digests go through. Without a host no mail is sent."""

    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`none` is for a server on this very machine."""
    ca_file: Path | None = None
    """Authorities that the server's certificate is checked against, beside the system's."""
    user: str = ""
    password_file: Path | None = None
    sender: str = ""
    """The address mails come from."""
    timeout_s: float = 30.0
    lang: Literal["vi", "en"] = "vi"
    subjects: bool = True
    """Whether the subject of a document stands in a mail, beside its number and the agencies."""
