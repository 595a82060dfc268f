"""The configuration: what may be set, what it is when nothing is said, and how a wrong file is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import config
from gateway.config import Config, ConfigFault, Key
from gateway.model import words

FOLDER = Path("/srv/truc")
LEAST = b'[keys]\norigin = "truc.test/ledger"\n'


def decoded(text: str) -> Config:
    return config.decode(LEAST + text.encode(), FOLDER)


def refused(text: str) -> ConfigFault:
    with pytest.raises(ConfigFault) as fault:
        config.decode(text.encode(), FOLDER)
    for lang in words.LANGUAGES:
        assert fault.value.say(lang)
        assert fault.value.hint(lang)
    return fault.value


def value_of(settings: Config, key: Key) -> object:
    value: object = settings
    for part in key.name.split("."):
        value = getattr(value, part)
    return value


def test_one_line_is_a_whole_configuration() -> None:
    assert decoded("").keys.origin == "truc.test/ledger"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_example_says_the_defaults_in_both_languages(lang: str) -> None:
    example = config.describe(lang, {"keys.origin": "truc.test/ledger"})
    assert config.decode(example.encode(), FOLDER) == decoded("")


def test_the_example_names_every_key_once() -> None:
    tables = tomllib.loads(config.describe("vi").replace('# tls_certificate = ""', 'tls_certificate = "x"'))
    assert tables["server"]["tls_certificate"] == "x"
    for key in config.all_keys():
        assert config.describe("vi").count(f"\n{key.name.rpartition('.')[2]} = ") + config.describe("vi").count(
            f"\n# {key.name.rpartition('.')[2]} = "
        ) == len([one for one in config.all_keys() if one.name.rpartition(".")[2] == key.name.rpartition(".")[2]])


@pytest.mark.parametrize("key", config.all_keys(), ids=lambda key: key.name)
def test_every_key_has_a_sentence_in_both_languages(key: Key) -> None:
    for lang in words.LANGUAGES:
        assert f"config.{key.name}" in words.keys(lang)
        assert f"config.{key.section}.about" in words.keys(lang)


def test_no_sentence_describes_a_key_that_is_none() -> None:
    described = {one.removeprefix("config.") for one in words.keys("vi") if one.startswith("config.")}
    known = {key.name for key in config.all_keys()} | {f"{key.section}.about" for key in config.all_keys()} | {"about"}
    assert described == known


def test_relative_paths_mean_the_files_folder() -> None:
    settings = decoded(
        '[server]\ntls_key = "tls/key.pem"\ntls_certificate = "tls.pem"\n[trust]\nanchors = ["a.pem", "/etc/b.pem"]\n'
    )
    assert settings.keys.seal_key == FOLDER / "keys/seal.key"
    assert settings.store.blob_dir == FOLDER / "blobs"
    assert settings.store.url == "sqlite:////srv/truc/register.db"
    assert settings.server.tls_key == FOLDER / "tls/key.pem"
    assert settings.trust.anchors == (FOLDER / "a.pem", Path("/etc/b.pem"))


@pytest.mark.parametrize("url", ["sqlite:////var/lib/register.db", "postgresql+psycopg://db/truc"])
def test_an_address_that_is_absolute_stays(url: str) -> None:
    assert decoded(f'[store]\nurl = "{url}"\n').store.url == url


def test_limits_of_packets_and_doors_are_keys() -> None:
    settings = decoded("[limits]\ndepth_max = 7\n[http]\nsubmissions_max = 3\n[delivery.backoff]\nfirst_s = 2\n")
    assert (settings.limits.depth_max, settings.http.submissions_max) == (7, 3)
    assert settings.delivery.backoff.first_s == 2.0


@pytest.mark.parametrize(
    ("text", "named", "near"),
    [
        ('[server]\nprot = 1\n[keys]\norigin = "a"\n', "server.prot", "server.port"),
        ('[sever]\n[keys]\norigin = "a"\n', "sever", "server"),
        ('[delivery.backoff]\nfirst = 1\n[keys]\norigin = "a"\n', "delivery.backoff.first", "delivery.backoff.first_s"),
    ],
)
def test_an_unknown_key_is_refused_by_name_and_the_nearest_named(text: str, named: str, near: str) -> None:
    fault = refused(text)
    assert fault.fault == "unknown_key"
    assert fault.values == {"key": named, "near": near}


def test_an_unknown_key_like_no_other_is_refused_by_name() -> None:
    fault = refused('speed = 1\n[keys]\norigin = "a"\n')
    assert (fault.fault, fault.values) == ("unknown_key_alone", {"key": "speed"})


@pytest.mark.parametrize(
    ("written", "lacks"),
    [
        ('tls_certificate = "a.pem"', "server.tls_key"),
        ('tls_key = "a.key"', "server.tls_certificate"),
        ('client_ca = "ca.pem"', "server.tls_certificate"),
    ],
)
def test_half_of_a_tls_configuration_is_refused_rather_than_served_unencrypted(written: str, lacks: str) -> None:
    fault = refused(f'[keys]\norigin = "a"\n[server]\n{written}\n')
    assert (fault.fault, fault.values) == ("half_tls", {"key": lacks})


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nport = 1\n",
        '[keys]\norigin = "a"\n[server]\nport = "1"\n',
        '[keys]\norigin = "a"\n[server]\nport = true\n',
        '[keys]\norigin = "a"\nseal_key = ""\n',
        '[keys]\norigin = "a"\nseal_key = 3\n',
        '[keys]\norigin = "a"\n[log]\nlevel = "loud"\n',
        '[keys]\norigin = "a"\n[trust]\nanchors = "a.pem"\n',
        'server = 3\n[keys]\norigin = "a"\n',
        "keys = [1]\n",
    ],
)
def test_a_wrong_value_is_refused(text: str) -> None:
    assert refused(text).fault == "wrong_value"


@pytest.mark.parametrize("key", [one for one in config.all_keys() if one.range], ids=lambda key: key.name)
def test_every_number_has_a_least_and_what_is_below_it_is_refused(key: Key) -> None:
    least, most = key.range or (0, None)
    for value in [least - 1, *([most + 1] if most is not None else [])]:
        fault = refused(f"[{key.section}]\n{key.name.rpartition('.')[2]} = {value}\n{_rest(key)}")
        assert (fault.fault, fault.values["key"]) == ("out_of_range", key.name)
    written = int(least) if key.type is int else float(least)
    settings = config.decode(
        f"[{key.section}]\n{key.name.rpartition('.')[2]} = {written}\n{_rest(key)}".encode(), FOLDER
    )
    assert value_of(settings, key) == least


def _rest(key: Key) -> str:
    return 'origin = "a"\n' if key.section == "keys" else '[keys]\norigin = "a"\n'


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    assert refused(f'[delivery]\ndeadline_h = {value}\n[keys]\norigin = "a"\n').fault == "out_of_range"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_a_fault(written: bytes) -> None:
    try:
        config.decode(written, FOLDER)
    except ConfigFault as fault:
        assert fault.say("vi")


def test_a_file_that_is_not_there_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as fault:
        config.load(tmp_path / "gateway.toml")
    assert fault.value.fault == "no_file"
    assert "gateway init" in fault.value.hint("vi")


def test_an_authority_for_time_stamps_needs_anchors(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as fault:
        config.decode(b'[keys]\norigin = "a.vn/so"\n[timestamp]\nurl = "http://tsa.example.vn"\n', tmp_path)
    assert fault.value.fault == "timestamp_without_anchors"
