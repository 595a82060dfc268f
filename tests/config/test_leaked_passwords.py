"""The operator's list of leaked passwords as configured: one that is none is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app import running
from gateway.config import ConfigFault
from tests.cli.command import done
from tests.config.test_notices import configured
from tests.http.town import awaited


@awaited
async def test_a_list_that_is_none_or_not_there_does_not_start(tmp_path: Path) -> None:
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    text = home.read_text().replace("anchors = []", 'anchors = ["keys/seal.pem"]', 1)
    settings = configured(text, home.parent, people__leaked_passwords='"leaked.txt"', server__port="0")
    kept = tmp_path / "truc" / "leaked.txt"
    with pytest.raises(FileNotFoundError):
        async with running(settings):
            raise AssertionError("it opened")
    kept.write_text("password\nqwerty\n")
    with pytest.raises(ConfigFault) as refused:
        async with running(settings):
            raise AssertionError("it opened")
    assert refused.value.fault == "leaked_passwords"
    assert all(str(kept) in refused.value.say(lang) and refused.value.hint(lang) for lang in ("vi", "en"))
    kept.write_text(f"{'0' * 39}1:3\n{'F' * 40}:1\n")
    async with running(settings):
        pass
