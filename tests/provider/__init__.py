"""An OpenID Connect provider nobody here wrote, started for the tests: oidc-provider on Node, from the lock beside this
file, which `make test` installs into the checkout's environment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.exchange.provider import ProviderRules
from tests.outside import require

HERE = Path(__file__).parent
MODULES = Path(sys.prefix) / "provider" / "node_modules"
NODE_MIN = 20
SECRET = "a secret of the tests"


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """The issuer of a provider that answers until the tests end."""
    node = require("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE_MIN:
        pytest.skip(f"the provider of the tests needs Node {NODE_MIN} or later; here is {version}")
    if not MODULES.is_dir():
        pytest.skip("the provider of the tests is not installed; run: make provider")
    command = [node, HERE / "provider.mjs", MODULES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip()
        finally:
            running.terminate()


def rules_for(issuer: str, **more: object) -> ProviderRules:
    """How a gateway knows that provider."""
    return ProviderRules(**{"issuer": issuer, "client_id": "gateway", **more})  # type: ignore[arg-type]
