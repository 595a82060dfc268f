"""The public address as configured: one encrypted origin, used by the doors and given to peers."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from gateway import config
from gateway.app import running
from gateway.cli.peers import own_address
from gateway.config import ConfigFault
from tests.cli.command import done
from tests.config.test_notices import configured
from tests.http.town import awaited

PLAIN = config.describe("en")


@pytest.mark.parametrize(
    "written",
    [
        "truc.example.vn",
        "//truc.example.vn",
        "http://truc.example.vn",
        "ftp://truc.example.vn",
        "https://",
        "https://truc.example.vn/console",
        "https://truc.example.vn?a=b",
        "https://truc.example.vn?",
        "https://truc.example.vn/#",
        "https://lan@truc.example.vn",
        "https://lan:x@truc.example.vn",
        "https://truc.example.vn:https",
        "https://truc.example.vn:70000",
        "https://trục.vn",
        "https://truc example.vn",
        "https://truc.example.vn, https://other.example.vn",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_no_encrypted_origin_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigFault) as refused:
        configured(PLAIN, tmp_path, server__public_url=f'"{written}"')
    assert refused.value.fault == "public_url"
    assert all(written in refused.value.say(lang) and refused.value.hint(lang) for lang in ("vi", "en"))


def test_peers_are_given_the_public_address(tmp_path: Path) -> None:
    assert own_address(configured(PLAIN, tmp_path)) == "http://127.0.0.1:8443"
    known = configured(PLAIN, tmp_path, server__public_url='"https://Truc.example.vn/"')
    assert own_address(known) == "https://truc.example.vn"


@awaited
async def test_the_doors_take_every_request_as_sent_there(tmp_path: Path) -> None:
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    text = home.read_text().replace("anchors = []", 'anchors = ["keys/seal.pem"]', 1)
    known = {"server__public_url": '"https://truc.example.vn"', "server__port": "0"}
    async with running(configured(text, home.parent, **known)) as gateway, aiohttp.ClientSession() as session:
        async with session.get(f"{gateway.url}/healthz") as answer:
            assert "Strict-Transport-Security" in answer.headers
        asked = session.post(f"{gateway.url}/console/speak", data={"lang": "en"}, allow_redirects=False)
        async with asked as answer:
            assert answer.cookies["__Host-truc-lang"]["secure"]
