"""`gateway init`: everything a gateway needs, readable by its owner alone, and nothing overwritten."""

from __future__ import annotations

import socket
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from gateway import config
from gateway.ledger import NoteKey
from gateway.store import Store
from gateway.trust import load_ed25519, load_signer
from tests.cli.command import done, gateway

ORIGIN = "truc.test/ledger"


def test_what_it_makes_is_what_a_gateway_opens(tmp_path: Path) -> None:
    folder = tmp_path / "truc"
    said = done("init", folder, "--origin", ORIGIN, "--name", "Trục thử")
    settings = config.load(folder / "gateway.toml")
    signer = load_signer(settings.keys.seal_key, settings.keys.seal_certificate)
    key = NoteKey(ORIGIN, load_ed25519(settings.keys.ledger_key).public_bytes)
    assert key.vkey in said.out.splitlines()
    assert "Trục thử" in x509.load_der_x509_certificate(signer.certificate_der).subject.rfc4514_string()
    Store.open(settings.store.url, settings.store.blob_dir).close()
    assert "tự ký" in said.err


def test_only_the_owner_reads_keys_register_and_blobs(tmp_path: Path) -> None:
    done("init", tmp_path / "truc", "--origin", ORIGIN)
    modes = {
        str(path.relative_to(tmp_path / "truc")): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "truc").rglob("*")
    }
    assert modes["keys/seal.key"] == modes["keys/ledger.key"] == modes["register.db"] == 0o600
    assert modes["keys"] == modes["blobs"] == 0o700


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    done("init", tmp_path / "truc", "--origin", ORIGIN)
    before = {path: path.read_bytes() for path in (tmp_path / "truc").rglob("*") if path.is_file()}
    said = gateway("init", tmp_path / "truc", "--origin", ORIGIN)
    assert said.code == 1
    assert "không ghi đè" in said.err
    assert {path: path.read_bytes() for path in (tmp_path / "truc").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kept", ["keys/seal.key", "keys/seal.pem", "keys/ledger.key"])
def test_a_key_that_is_there_stays_as_it_is(tmp_path: Path, kept: str) -> None:
    file = tmp_path / kept
    file.parent.mkdir()
    file.write_bytes(b"precious")
    assert gateway("init", tmp_path, "--origin", ORIGIN).code == 1
    assert file.read_bytes() == b"precious"
    assert not (tmp_path / "gateway.toml").exists()


def test_for_production_it_writes_a_request_for_an_authority(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN, "--csr")
    request = x509.load_pem_x509_csr((tmp_path / "keys" / "seal.csr").read_bytes())
    assert request.is_signature_valid
    assert not (tmp_path / "keys" / "seal.pem").exists()


def test_its_own_certificate_is_good_for_a_year_and_not_for_an_authority(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN)
    certificate = x509.load_pem_x509_certificate((tmp_path / "keys" / "seal.pem").read_bytes())
    assert 364 <= (certificate.not_valid_after_utc - datetime.now(UTC)).days <= 365
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("origin", ["https://truc.test", "truc.test/", "truc test", "truc+test", ""])
def test_a_name_no_ledger_can_have_is_refused_before_anything_is_made(tmp_path: Path, origin: str) -> None:
    said = gateway("init", tmp_path / "truc", "--origin", origin)
    assert said.code == 1
    assert not (tmp_path / "truc").exists()


def test_serve_makes_no_database(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN)
    (tmp_path / "gateway.toml").write_text(
        (tmp_path / "gateway.toml").read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["keys/seal.pem"]'),
        encoding="utf-8",
    )
    (tmp_path / "register.db").unlink()
    said = gateway("serve", "--config", tmp_path / "gateway.toml")
    assert said.code == 1
    assert "gateway init" in said.err
    assert not (tmp_path / "register.db").exists()


def test_serve_without_an_authority_says_where_to_name_one(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN)
    said = gateway("serve", "--config", tmp_path / "gateway.toml")
    assert said.code == 1
    assert "trust.anchors" in said.err


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home = tmp_path / "gateway.toml"
        written = home.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["keys/seal.pem"]')
        home.write_text(written.replace("port = 8443", f"port = {port}"), encoding="utf-8")
        said = gateway("serve", "--config", home)
    assert said.code == 1
    assert f"không mở được cổng 127.0.0.1:{port}" in said.err
    assert "server.port" in said.err


def test_a_tls_key_that_others_can_read_is_refused_like_every_other_key(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN)
    home, key = tmp_path / "gateway.toml", tmp_path / "tls.key"
    key.write_bytes((tmp_path / "keys" / "seal.key").read_bytes())
    key.chmod(0o644)
    written = home.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["keys/seal.pem"]')
    tls = 'tls_certificate = "keys/seal.pem"\ntls_key = "tls.key"\n'
    home.write_text(written.replace("port = 8443\n", f"port = 0\n{tls}"), encoding="utf-8")
    said = gateway("serve", "--config", home)
    assert said.code == 1
    assert f"chmod 600 {key}" in said.err


def test_upgrade_makes_no_database_and_leaves_a_new_one_alone(tmp_path: Path) -> None:
    done("init", tmp_path, "--origin", ORIGIN)
    assert "mới nhất" in done("upgrade", "--config", tmp_path / "gateway.toml").out
    (tmp_path / "register.db").unlink()
    assert gateway("upgrade", "--config", tmp_path / "gateway.toml").code == 1
    assert not (tmp_path / "register.db").exists()


@pytest.mark.parametrize("store", ["postgresql://127.0.0.1:1/truc", "mysql://127.0.0.1/truc", "nonsense"])
def test_a_database_that_cannot_be_made_leaves_no_keys_for_the_next_try_to_stumble_over(
    tmp_path: Path, store: str
) -> None:
    said = gateway("init", tmp_path, "--origin", ORIGIN, "--store", store)
    assert said.code == 1
    assert "ngoài dự kiến" not in said.err
    assert "Retry-After" not in said.err
    done("init", tmp_path, "--origin", ORIGIN)


def test_a_file_that_is_not_there_is_told_in_the_language_of_the_run(tmp_path: Path) -> None:
    said = gateway("check", __file__, "--vkey", tmp_path / "no.vkey")
    assert (said.code, "không có tệp hoặc thư mục này" in said.err) == (1, True)
