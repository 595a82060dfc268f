"""One demo for all tests that only look at what it said and left."""

from __future__ import annotations

import pytest

from tests.demo.played import Played, play_once


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play_once(tmp_path_factory.mktemp("demo") / "out", "--lang", "vi")
