"""Uploads that may be taken up again, and content that lies in an object store."""

from __future__ import annotations

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nothing yet."""
