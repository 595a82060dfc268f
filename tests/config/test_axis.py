"""Where the axis dialect is spoken: base paths that can be served, and none that would hide the native API."""

from __future__ import annotations

import pytest

from tests.config.test_config import LEAST, decoded, refused


def test_base_paths_are_a_list() -> None:
    assert decoded('[axis]\nbase_paths = ["/a/b", "/v1x"]\n').axis.base_paths == ("/a/b", "/v1x")
    assert decoded("[axis]\nbase_paths = []\n").axis.base_paths == ()


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/x", "/console", "/tile/axis", "/healthz", "/", "VPCP", "/VPCP/", "http://truc.test/VPCP"]
)
def test_a_base_path_that_cannot_be_served_is_told(path: str) -> None:
    assert path in refused(f'{LEAST.decode()}[axis]\nbase_paths = ["{path}"]\n').say("vi")


@pytest.mark.parametrize(
    "row", ["processing_s = 0", "timestamp_age_days_max = 1e9", "timestamp_ahead_h_max = -1", "list_max = 0"]
)
def test_a_number_out_of_range_is_told(row: str) -> None:
    fault = refused(f"{LEAST.decode()}[axis]\n{row}\n")
    assert fault.values["key"] == f"axis.{row.partition(' ')[0]}"
