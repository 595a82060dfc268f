"""What is installed is what is tested: the wheel holds every file of the package, the words of people among them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway.model.words import LANGUAGES, text
from tests.house.source import PACKAGE, TOP


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    ours = {str(one.relative_to(TOP)) for one in PACKAGE.rglob("*") if one.is_file() and "__pycache__" not in one.parts}
    with zipfile.ZipFile(wheel) as packed:
        assert not ours - set(packed.namelist())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_words_are_read_out_of_the_wheel(wheel: Path, tmp_path: Path, lang: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); from gateway.model import words; "
        f"assert words.__file__.startswith({str(wheel)!r}); "
        f"sys.stdout.buffer.write(words.text({lang!r}, 'console.leave').encode())"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    assert said.stdout.decode() == text(lang, "console.leave")
