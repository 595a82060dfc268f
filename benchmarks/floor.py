"""The floor: a bare aiohttp handler that does what cannot be left out, and nothing else.

Read, split the form, parse, validate against the schema, verify the seal's two digests and its signature, hash the
attachment, sign an answer, hash a leaf, commit in groups durably. No directory, no rules, no refusals, no evidence:
what the gateway costs above this is what it is for. It shares no code with the gateway but the schema file.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import queue
import sqlite3
import threading
from pathlib import Path
from typing import Any

import multipart
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

DS = "{http://www.w3.org/2000/09/xmldsig#}"
QCVN = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
ANSWER = (
    '<Receipt xmlns="urn:floor" Id="r"><Packet>%s</Packet><Attachment>%s</Attachment><At>2026-11-23T08:00:00Z</At>'
    "<Note>What stands here is about as long as a real receipt is, so that signing it costs the same.</Note></Receipt>"
)


class GroupCommit:
    """One thread, one transaction for whatever came in meanwhile."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting: queue.SimpleQueue[tuple[tuple[Any, ...], asyncio.Future[None]]] = queue.SimpleQueue()
        self._path, self._loop = path, loop
        threading.Thread(target=self._run, daemon=True).start()

    def commit(self, row: tuple[Any, ...]) -> asyncio.Future[None]:
        done = self._loop.create_future()
        self._waiting.put((row, done))
        return done

    def _run(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE d (id TEXT, envelope BLOB, attachment BLOB, receipt BLOB, leaf BLOB)")
        database.execute("CREATE TABLE r (id TEXT, addressee TEXT)")
        while True:
            batch = [self._waiting.get()]
            while len(batch) < 64 and not self._waiting.empty():
                batch.append(self._waiting.get())
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO d VALUES (?,?,?,?,?)", [row for row, _ in batch])
            database.executemany("INSERT INTO r VALUES (?,?)", [(row[0], "H41") for row, _ in batch])
            database.execute("COMMIT")
            self._loop.call_soon_threadsafe(_resolve, [done for _, done in batch])


def _resolve(waiters: list[asyncio.Future[None]]) -> None:
    for done in waiters:
        done.set_result(None)


class Floor:
    """The handler and what it keeps between requests."""

    def __init__(self, database: Path, schema: Path) -> None:
        self._schema = etree.XMLSchema(etree.parse(str(schema)))
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        self._certificates: dict[str, Any] = {}
        self._database = database
        self._commits: GroupCommit | None = None

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        envelope, attachment = _parts(body, request.headers["Content-Type"])
        tree = etree.fromstring(envelope, self._parser)
        assert self._schema.validate(tree), self._schema.error_log
        digest = self._verify(tree)
        enclosed = hashlib.sha256(attachment).hexdigest()
        receipt = etree.tostring(etree.fromstring(ANSWER % (digest, enclosed)), method="c14n", exclusive=True)
        signature = self._key.sign(receipt, self._algorithm)
        leaf = hashlib.sha256(b"\x00" + receipt + signature).digest()
        if self._commits is None:
            self._commits = GroupCommit(self._database, asyncio.get_running_loop())
        await self._commits.commit((leaf.hex(), envelope, attachment, receipt + signature, leaf))
        return web.Response(body=receipt + base64.b64encode(signature), status=201)

    def _verify(self, tree: etree._Element) -> str:
        signature = next(tree.iter(f"{DS}Signature"))
        information, value = signature[0], base64.b64decode(signature[1].text)
        key = self._public_key(signature.findtext(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"))
        octets = etree.tostring(information, method="c14n", exclusive=True)
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            pair = encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
            key.verify(pair, octets, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(value, octets, padding.PKCS1v15(), hashes.SHA256())
        header = signature.getparent()
        header.remove(signature)
        canonical = etree.tostring(tree.find(f"{QCVN}edXMLEnvelope"), method="c14n", exclusive=True)
        digest = hashlib.sha256(canonical).digest()
        assert base64.b64encode(digest).decode() == information.find(f"{DS}Reference/{DS}DigestValue").text
        return digest.hex()

    def _public_key(self, written: str) -> Any:
        key = self._certificates.get(written)
        if key is None:
            key = x509.load_der_x509_certificate(base64.b64decode(written)).public_key()
            self._certificates[written] = key
        return key


def _parts(body: bytes, content_type: str) -> list[bytes]:
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    parts: list[bytes] = []
    with multipart.PushMultipartParser(boundary) as parser:
        for event in parser.parse(body):
            if isinstance(event, multipart.MultipartSegment):
                parts.append(b"")
            elif event:
                parts[-1] += event
    return parts


def main() -> None:
    """Serve until terminated; prints the port it listens on."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("database", type=Path)
    arguments.add_argument("schema", type=Path)
    asked = arguments.parse_args()
    application = web.Application(client_max_size=1 << 30)
    application.router.add_post("/", Floor(asked.database, asked.schema).answer)
    asyncio.run(_serve(application))


async def _serve(application: web.Application) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
