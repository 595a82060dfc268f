"""What the benchmark does inside the peer's own environment; it knows nothing of the gateway.

    found               tables, the two partners and their keys
    build COUNT BYTES   so many signed and encrypted AS2 messages, into messages.bin
    serve               gunicorn with two workers; says its port
    check               every answer in answers.bin is a signed MDN that verifies, and its message is stored

Messages and answers lie in files as (length, bytes) one after another; a message is its head and its body.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
django.setup()

from django.core.management import call_command  # noqa: E402  Django is set up before anything of it is imported
from django.core.wsgi import get_wsgi_application  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from pyas2.models import Message, Organization, Partner, PrivateKey, PublicCertificate  # noqa: E402
from pyas2lib import Mdn as As2Mdn  # noqa: E402
from pyas2lib import Message as As2Message  # noqa: E402
from pyas2lib import Organization as As2Organization  # noqa: E402
from pyas2lib import Partner as As2Partner  # noqa: E402

HOME = Path(os.environ["AS2_HOME"])
SENDER, RECEIVER = "sender", "receiver"
PASSWORD = "benchmark"
CIPHER, DIGEST = "aes_256_cbc", "sha256"
WORKERS, THREADS = 2, 4


def found() -> None:
    """What an administrator clicks together."""
    call_command("migrate", verbosity=0)
    for name in (SENDER, RECEIVER):
        key, certificate = _pair(name)
        (HOME / f"{name}.key").write_bytes(key + certificate)
        (HOME / f"{name}.pem").write_bytes(certificate)
    private = PrivateKey.objects.create(name=RECEIVER, key=_read("receiver.key"), key_pass=PASSWORD)
    public = PublicCertificate.objects.create(name=SENDER, certificate=_read("sender.pem"), verify_cert=False)
    Organization.objects.create(name=RECEIVER, as2_name=RECEIVER, encryption_key=private, signature_key=private)
    Partner.objects.create(
        name=SENDER,
        as2_name=SENDER,
        target_url="http://127.0.0.1:1/as2",
        content_type="application/octet-stream",
        encryption=CIPHER,
        encryption_cert=public,
        signature=DIGEST,
        signature_cert=public,
        mdn=True,
        mdn_mode="SYNC",
        mdn_sign=DIGEST,
    )


def build(count: int, size: int) -> None:
    """Messages to send, and what is to be known of each afterwards."""
    sender, receiver = _parties()
    chance, known = random.Random(size), []
    with (HOME / "messages.bin").open("wb") as file:
        for number in range(count):
            data = chance.randbytes(size)
            message = As2Message(sender=sender, receiver=receiver)
            message.build(data, filename=f"{size}-{number}.bin", content_type="application/octet-stream")
            head = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in message.headers.items())
            for piece in (head.encode(), message.content):
                file.write(len(piece).to_bytes(8, "big") + piece)
            known.append([message.message_id, message.mic.decode(), data[:64].hex()])
    (HOME / "known.json").write_text(json.dumps(known))


def serve() -> None:
    """As its documentation advises: a WSGI server with some workers; connections are kept, on both sides."""

    class Server(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", "127.0.0.1:0")
            self.cfg.set("workers", WORKERS)
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", THREADS)
            self.cfg.set("keepalive", 75)
            self.cfg.set("loglevel", "error")
            self.cfg.set("when_ready", lambda server: print(f":{server.LISTENERS[0].getsockname()[1]}", flush=True))

        def load(self) -> object:
            return get_wsgi_application()

    Server().run()


def check() -> None:
    """Every MDN verifies and names what was sent, and every message is in the database and the inbox folder."""
    sender, receiver = _parties()
    stored = set(Message.objects.filter(status="S", direction="IN").values_list("message_id", flat=True))
    known, answers = json.loads((HOME / "known.json").read_text()), _pieces(HOME / "answers.bin")
    for (message_id, mic, beginning), answer in zip(known, answers, strict=True):
        sent = As2Message(sender=sender, receiver=receiver)
        sent.message_id, sent.mic = message_id, mic.encode()
        status, why = As2Mdn().parse(answer, lambda *_, sent=sent: sent)
        if status != "processed":
            sys.exit(f"the MDN of {message_id}: {status}: {why}")
        if message_id not in stored:
            sys.exit(f"{message_id} is not in the database")
        kept = HOME / "messages" / RECEIVER / "inbox" / SENDER / f"{message_id.replace('@', '')}.msg"
        if kept.read_bytes()[:64].hex() != beginning:
            sys.exit(f"{message_id} is not in the inbox as it was sent")
    print(len(known))


def _parties() -> tuple[As2Organization, As2Partner]:
    sender = As2Organization(SENDER, sign_key=_read("sender.key"), sign_key_pass=PASSWORD)
    receiver = As2Partner(
        RECEIVER,
        verify_cert=_read("receiver.pem"),
        encrypt_cert=_read("receiver.pem"),
        validate_certs=False,
        sign=True,
        digest_alg=DIGEST,
        encrypt=True,
        enc_alg=CIPHER,
        mdn_mode="SYNC",
        mdn_digest_alg=DIGEST,
    )
    return sender, receiver


def _pair(name: str) -> tuple[bytes, bytes]:
    """A key and a certificate it signed itself, made by the command its documentation names: both PEM."""
    key, certificate = HOME / f"{name}-key.pem", HOME / f"{name}-certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-days", "2", "-subj", f"/CN={name}"]
    files = ["-passout", f"pass:{PASSWORD}", "-keyout", key, "-out", certificate]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return key.read_bytes(), certificate.read_bytes()


def _pieces(path: Path) -> list[bytes]:
    data, pieces, place = path.read_bytes(), [], 0
    while place < len(data):
        start = place + 8
        place = start + int.from_bytes(data[place:start], "big")
        pieces.append(data[start:place])
    return pieces


def _read(name: str) -> bytes:
    return (HOME / name).read_bytes()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["found"]:
            found()
        case ["build", number, size]:
            build(int(number), int(size))
        case ["serve"]:
            serve()
        case ["check"]:
            check()
        case other:
            sys.exit(f"unknown: {other}")
