"""Two demos for all tests of the room, played at the same time: one that ends by itself, one that stays up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.played import Played, Staying, play_once, staying_up


@pytest.fixture(scope="package")
def staying() -> Iterator[Staying]:
    with staying_up("--lang", "en") as one:
        yield one


@pytest.fixture(scope="package")
def played(tmp_path_factory: pytest.TempPathFactory, staying: Staying) -> Played:
    """Asks for the other so that it begins first: most of a demo is waiting."""
    assert staying.process.poll() is None
    return play_once(tmp_path_factory.mktemp("demo") / "out", "--lang", "vi")
