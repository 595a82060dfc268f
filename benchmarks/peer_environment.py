"""The peer's own environment: django-pyas2 and what it needs, locked with hashes, apart from ours.

`python -m benchmarks.peer_environment` makes it ahead of time. It lies in `.venv-peers/`, under a name made of the
lock, and is made once.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import venv
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LOCK = TOP / "requirements" / "peer.txt"
READY = "ready"
TOO_NARROW, WIDE_ENOUGH = r"\\d\\.\\d\\.\\d[a-z]*", r"\\d\\.\\d+\\.\\d+[a-z]*"
"""How oscrypto 1.3.0 recognises a version of OpenSSL, and how it must: 3.0.19 has a number of two digits."""


def environment() -> Path:
    """The interpreter of the environment, which is set up where it is not there yet."""
    folder = TOP / ".venv-peers" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    python = folder / "bin" / "python"
    if (folder / READY).exists():
        return python
    print(f"setting up the peer in {folder.relative_to(TOP)} (once)", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    install = ["-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", "install"]
    subprocess.run([python, *install, "--require-hashes", "--requirement", LOCK], check=True)
    _widen(folder)
    (folder / READY).touch()
    return python


def _widen(folder: Path) -> None:
    widened = 0
    for file in folder.glob("lib/python3*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(TOO_NARROW, WIDE_ENOUGH), encoding="utf-8")
        widened += WIDE_ENOUGH in file.read_text(encoding="utf-8")
    if widened != 2:
        raise RuntimeError("oscrypto recognises versions another way now; look at its _libcrypto_*.py")


def versions() -> str:
    """What the lock pins of those a reader wants to know."""
    pins = dict(re.findall(r"^([A-Za-z0-9-]+)==([^\s;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    names = ("django-pyas2", "pyas2lib", "gunicorn", "psycopg")
    return ", ".join(f"{name} {pins[name]}" for name in names)


if __name__ == "__main__":
    print(environment())
