"""What happens to a document after its delivery: statuses, changes, links."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing yet."""
