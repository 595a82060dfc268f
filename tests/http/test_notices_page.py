"""What docs/notices.md tells a receiver to type gives what the gateway sends."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.client import verify_webhook
from gateway.exchange.webhooks import body_of, message_id
from gateway.model.webhook import SIGNATURE, TIMESTAMP, read_secret, signed_headers, written_secret
from gateway.store import Change

PAGE = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECRET = written_secret(bytes(range(32)))
CHANGE = Change(4711, "01KB2M7Q0N9F7H2J5K8P1S4V6X", "01KB2M7Q0N9F7H2J5K8P1S4V6Y", "acknowledged", NOW, "H29")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_body_shown_is_the_body_sent() -> None:
    assert block("json").strip().encode() == body_of(CHANGE)


@pytest.mark.oracle
def test_the_shell_lines_compute_the_signature(tmp_path: Path) -> None:
    body = body_of(CHANGE)
    (tmp_path / "body.json").write_bytes(body)
    headers = signed_headers([read_secret(SECRET)], message_id(CHANGE.id), NOW, body)
    assert verify_webhook(headers, body, SECRET, NOW).id == 4711
    said = {"SECRET": SECRET, "WEBHOOK_ID": message_id(CHANGE.id), "WEBHOOK_TIMESTAMP": headers[TIMESTAMP]}
    shell = subprocess.run(
        ["bash", "-c", block("bash")], cwd=tmp_path, env=os.environ | said, capture_output=True, text=True, check=True
    )
    assert f"v1,{shell.stdout.strip()}" == headers[SIGNATURE]
