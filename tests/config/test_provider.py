"""The provider as configured: what would be unsafe or half is refused at the start, its secret is a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import config
from gateway.app import running
from gateway.config import ConfigFault
from gateway.trust import KeyFileError
from tests.cli.command import done
from tests.config.test_notices import configured
from tests.http.town import awaited

PLAIN = config.describe("en")
HERE = {"provider__issuer": '"https://sso.example.vn/realms/a"', "provider__client_id": '"truc"'}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"provider__issuer": '"https://sso.example.vn"'}, "half_provider"),
        ({"provider__local_accounts": "false"}, "half_provider"),
        ({**HERE, "provider__scopes": '["profile"]'}, "half_provider"),
        ({**HERE, "provider__issuer": '"http://sso.example.vn"'}, "open_provider"),
        ({**HERE, "provider__issuer": '"https://sso.example.vn/?a=b"'}, "open_provider"),
        ({**HERE, "provider__issuer": '"sso.example.vn"'}, "open_provider"),
        ({**HERE, "provider__issuer": '"javascript:alert(1)"'}, "open_provider"),
        ({**HERE, "provider__leeway_s": "301.0"}, "out_of_range"),
        ({**HERE, "provider__timeout_s": "0.0"}, "out_of_range"),
    ],
)
def test_what_would_be_unsafe_or_half_is_refused(tmp_path: Path, changed: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigFault) as refused:
        configured(PLAIN, tmp_path, **changed)
    assert refused.value.fault == fault
    assert all(refused.value.say(lang) and refused.value.hint(lang) for lang in ("vi", "en"))


def test_a_provider_on_this_very_machine_may_speak_plainly(tmp_path: Path) -> None:
    here = configured(PLAIN, tmp_path, **{**HERE, "provider__issuer": '"http://127.0.0.1:8080/realms/a"'})
    assert here.provider.issuer == "http://127.0.0.1:8080/realms/a"
    assert configured(PLAIN, tmp_path, **HERE).provider.scopes == ("openid",)


@awaited
async def test_a_secret_anybody_can_read_is_not_used(tmp_path: Path) -> None:
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    text = home.read_text().replace("anchors = []", 'anchors = ["keys/seal.pem"]', 1)
    secret = tmp_path / "truc" / "keys" / "provider"
    secret.write_text("a secret\n")
    secret.chmod(0o644)
    settings = configured(text, home.parent, **HERE, provider__secret_file='"keys/provider"', server__port="0")
    with pytest.raises(KeyFileError):
        async with running(settings):
            raise AssertionError("it opened")
    secret.chmod(0o600)
    async with running(settings):
        pass
