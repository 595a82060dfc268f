"""PDFs and everything that signs them, made when the tests run: two roots, authorities, people, agencies, time stamps,
revocation lists and answers. Keys are RSA, as in the field.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from gateway.model.agency import Agency
from gateway.trust.anchors import AnchorStore
from gateway.trust.chains import Chains
from gateway.trust.pdf import PdfKnown
from gateway.trust.revocation import RevocationSnapshot, Source, SourceKind
from gateway.trust.subjects import Expected
from tests.pki import DAY, NOW

HOUR = timedelta(hours=1)
YEAR = 365 * DAY
CRL_URL = "http://crl.example.vn"
OCSP_URL = "http://ocsp.example.vn"
SIGNER_NAME = "Nguyễn Thị Ánh"
SENDER = Agency("H29.1", "Ủy ban nhân dân tỉnh Kiểm Thử", ("H29.1", "000.00.00.H29"))


@cache
def key(number: int) -> rsa.RSAPrivateKey:
    """A few keys shared by many certificates: they take a tenth of a second each to make."""
    return rsa.generate_private_key(65537, 2048 if number >= 0 else 1024)


@dataclass(frozen=True)
class Holder:
    """A certificate, its key, and the certificates that go into its signatures."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    issuer: Authority | None = None

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.der)

    @property
    def asn1_key(self) -> asn1_keys.PrivateKeyInfo:
        return asn1_keys.PrivateKeyInfo.load(
            self.key.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


@dataclass(frozen=True)
class Authority(Holder):
    """An authority with what it has revoked."""

    revoked: dict[int, datetime] = field(default_factory=dict)

    def issue(self, subject: dict[ObjectIdentifier, str] | str, number: int = 1, **options: object) -> Holder:
        return Holder(certificate(subject, key(number), self, **options), key(number), self)

    def authority(self, name: str, number: int = 0, **options: object) -> Authority:
        return Authority(certificate(name, key(number), self, authority=True, **options), key(number), self)

    def revoke(self, holder: Holder, at: datetime) -> None:
        self.revoked[holder.certificate.serial_number] = at

    def crl(self, at: datetime = NOW, days: float = 7) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at - HOUR)
            .next_update(at + days * DAY)
        )
        for serial, revoked_at in self.revoked.items():
            if revoked_at <= at:
                row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked_at).build()
                builder = builder.add_revoked_certificate(row)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def ocsp(self, holder: Holder, at: datetime = NOW) -> bytes:
        revoked_at = self.revoked.get(holder.certificate.serial_number)
        status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=holder.certificate, issuer=self.certificate, algorithm=hashes.SHA1(), cert_status=status,
            this_update=at - HOUR, next_update=at + DAY, revocation_time=revoked_at,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked_at else None,
        ).responder_id(ocsp.OCSPResponderEncoding.NAME, self.certificate)  # fmt: skip
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def certificate(
    subject: dict[ObjectIdentifier, str] | str,
    public: rsa.RSAPrivateKey,
    issuer: Authority | None,
    *,
    authority: bool = False,
    starts_at: datetime = NOW - YEAR,
    ends_at: datetime = NOW + 2 * YEAR,
    extended: Iterable[ObjectIdentifier] = (),
    signs: bool = True,
    crl_url: str | None = CRL_URL,
    ocsp_url: str | None = None,
    path_length: int | None = None,
    issuer_key: rsa.RSAPrivateKey | None = None,
) -> x509.Certificate:
    """A certificate in the field's style; self-signed without an issuer."""
    names = {NameOID.COMMON_NAME: subject} if isinstance(subject, str) else subject
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names.items()])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(public.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts_at)
        .not_valid_after(ends_at)
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=signs and not authority, content_commitment=signs and not authority,
                key_cert_sign=authority, crl_sign=authority,
                **{**usage, "key_encipherment": not signs},
            ),
            critical=True,
        )
    )  # fmt: skip
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=True)
    if issuer and crl_url:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    if issuer and ocsp_url:
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return builder.sign(issuer_key or (issuer.key if issuer else public), hashes.SHA256())


@dataclass(frozen=True)
class World:
    """Both roots and who is under them."""

    government_root: Authority
    government: Authority
    national_root: Authority
    national: Authority
    unknown_root: Authority
    person: Holder
    agency: Holder
    other_agency: Holder
    company: Holder
    stamping: Holder

    @property
    def stores(self) -> tuple[AnchorStore, ...]:
        return (
            AnchorStore("government", (self.government_root.der,), (self.government.der,)),
            AnchorStore("national", (self.national_root.der,)),
        )

    def snapshot(self, at: datetime = NOW, days: float = 7) -> RevocationSnapshot:
        """Fresh lists of everybody."""
        lists = (self.government_root, self.government, self.national_root, self.national)
        return snapshot_of(at, *(authority.crl(at, days) for authority in lists))


def snapshot_of(at: datetime, *crls: bytes, ocsps: Iterable[bytes] = ()) -> RevocationSnapshot:
    answers = {Source(SourceKind.CRL, f"{CRL_URL}/{number}").key: crl for number, crl in enumerate(crls)}
    answers |= {Source(SourceKind.OCSP, f"{OCSP_URL}/{number}").key: one for number, one in enumerate(ocsps)}
    return RevocationSnapshot(at, answers)


def world() -> World:
    """A new PKI: authorities remember what they revoked, so no two tests share one."""
    roots = [
        Authority(
            certificate(name, key(number), None, authority=True, starts_at=NOW - 10 * YEAR, ends_at=NOW + 10 * YEAR),
            key(number),
        )
        for number, name in ((2, "Gốc Chính phủ"), (3, "Gốc quốc gia"), (4, "Gốc lạ"))
    ]
    long = {"starts_at": NOW - 5 * YEAR, "ends_at": NOW + 5 * YEAR}
    government = roots[0].authority("Cơ quan chứng thực số Chính phủ", **long)
    national = roots[1].authority("Tổ chức chứng thực công cộng", **long)
    return World(
        government_root=roots[0],
        government=government,
        national_root=roots[1],
        national=national,
        unknown_root=roots[2],
        person=government.issue({NameOID.COMMON_NAME: SIGNER_NAME, NameOID.TITLE: "Chủ tịch"}),
        agency=government.issue(SENDER.name, 5),
        other_agency=government.issue("Sở Xây dựng tỉnh Khác", 5),
        company=national.issue({NameOID.COMMON_NAME: "CÔNG TY KIỂM THỬ", NameOID.USER_ID: "MST:0101243150"}, 5),
        stamping=government.issue("Dịch vụ cấp dấu thời gian", 6, extended=[ExtendedKeyUsageOID.TIME_STAMPING], **long),
    )


EXPECTED = Expected((SENDER,), SENDER.name, SIGNER_NAME)


def known(the: World, **changes: object) -> PdfKnown:
    facts: dict[str, object] = {
        "chains": Chains(the.stores), "snapshot": the.snapshot(), "at": NOW, "expected": EXPECTED,
    }  # fmt: skip
    return PdfKnown(**{**facts, **changes})


def paper(pages: int = 1, text: str = "Quyet dinh") -> bytes:
    """An unsigned PDF."""
    writer = PdfFileWriter(stream_xrefs=False)
    for number in range(pages):
        content = generic.StreamObject(stream_data=f"BT /F1 12 Tf 72 720 Td ({text} {number}) Tj ET".encode())
        font = generic.DictionaryObject(
            {pdf_name("/Type"): pdf_name("/Font"), pdf_name("/Subtype"): pdf_name("/Type1"),
             pdf_name("/BaseFont"): pdf_name("/Times-Roman")}
        )  # fmt: skip
        resources = generic.DictionaryObject(
            {pdf_name("/Font"): generic.DictionaryObject({pdf_name("/F1"): writer.add_object(font)})}
        )
        page = PageObject(writer.add_object(content), (0, 0, 595, 842), resources)
        writer.insert_page(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def saved_by_an_office() -> bytes:
    """An unsigned PDF as a widespread word processor saves it: a table, and beside it a stream of what lies packed."""
    content = zlib.compress(b"5 0     << /Note (a) >>")
    bodies = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Piece 5 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>",
        4: b"<< /Type /ObjStm /N 1 /First 8 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(content), content),
    }
    out, rows = bytearray(b"%PDF-1.5\n"), [b"0000000000 65535 f \n"]
    for number, body in bodies.items():
        rows.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows += [b"0000000000 00000 f \n", b"%010d 00000 n \n" % len(out)]
    beside, packed = len(out), b"\2" + (4).to_bytes(4) + b"\0"
    out += b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 1] /Index [5 1] /Length %d >>\n" % len(packed)
    out += b"stream\n%s\nendstream\nendobj\n" % packed
    trailer = b"trailer\n<< /Size 7 /Root 1 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (beside, len(out))
    return bytes(out + b"xref\n0 7\n" + b"".join(rows) + trailer)


class _KeyInMemory(signers.SimpleSigner):
    """Signs with the key as it is: the library would read and check it anew for every signature, at 65 ms each."""

    holder: Holder

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        digest = {"sha256": hashes.SHA256, "sha1": hashes.SHA1}[digest_algorithm]()
        return self.holder.key.sign(data, padding.PKCS1v15(), digest)


class _Signer(signers.PdfSigner):
    """Signs at an instant of our choosing."""

    at: datetime

    def _enforce_certification_constraints(self, reader: object) -> None:
        """Other programs sign what must not be signed any more."""

    def init_signing_session(self, *args: object, **kwargs: object) -> object:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self.at
        return session


def sign(
    data: bytes,
    holder: Holder,
    at: datetime = NOW - DAY,
    *,
    field_name: str | None = None,
    stamped: Holder | None = None,
    stamped_at: datetime | None = None,
    pades: bool = False,
    embed: Iterable[Holder] = (),
    certify: fields.MDPPerm | None = None,
    digest: str = "sha256",
    box: tuple[int, int, int, int] | None = None,
) -> bytes:
    """Append a signature, as an incremental update."""
    name = field_name or f"Signature{data.count(b'/ByteRange') + 1}"
    metadata = signers.PdfSignatureMetadata(
        field_name=name, md_algorithm=digest,
        subfilter=fields.SigSeedSubFilter.PADES if pades else fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=certify is not None, docmdp_permissions=certify or fields.MDPPerm.FILL_FORMS,
    )  # fmt: skip
    store = SimpleCertificateStore()
    chain = [holder.issuer, *embed] if holder.issuer else list(embed)
    store.register_multiple(one.asn1 for one in chain)
    signer = _KeyInMemory(holder.asn1, holder.asn1_key, store)
    signer.holder = holder
    spec = fields.SigFieldSpec(name, box=box) if box else None
    pdf_signer = _Signer(metadata, signer, timestamper=_stamper(stamped, stamped_at or at), new_field_spec=spec)
    pdf_signer.at = at
    out = _finished(pdf_signer.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(data), strict=False)))
    return out.getvalue()


def stamp(data: bytes, holder: Holder, at: datetime) -> bytes:
    """Append a time stamp over the document."""
    stamper = signers.PdfTimeStamper(_stamper(holder, at))
    job = stamper.async_timestamp_pdf(IncrementalPdfFileWriter(BytesIO(data), strict=False), "sha256")
    return _finished(job).getvalue()


def _finished(job: Coroutine[object, object, BytesIO]) -> BytesIO:
    """Run a signing job in a loop of its own, beside the one a test may be in."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, job).result()


def _stamper(holder: Holder | None, at: datetime) -> DummyTimeStamper | None:
    if holder is None:
        return None
    store = SimpleCertificateStore()
    store.register_multiple([holder.asn1, *([holder.issuer.asn1] if holder.issuer else [])])
    return DummyTimeStamper(holder.asn1, holder.asn1_key, store, fixed_dt=at)


def sha1_signed(holder: Holder) -> Holder:
    """The same certificate with its authority's signature made over SHA-1, which `cryptography` no longer writes."""
    der = holder.asn1
    der["tbs_certificate"]["signature"] = der["signature_algorithm"] = {"algorithm": "sha1_rsa"}
    value = holder.issuer.key.sign(der["tbs_certificate"].dump(), padding.PKCS1v15(), hashes.SHA1())
    der["signature_value"] = value
    return Holder(x509.load_der_x509_certificate(der.dump(force=True)), holder.key, holder.issuer)


def append_page(data: bytes) -> bytes:
    """An incremental update that is no signature: one more page."""
    writer = IncrementalPdfFileWriter(BytesIO(data), strict=False)
    content = generic.StreamObject(stream_data=b"BT ET")
    writer.insert_page(PageObject(writer.add_object(content), (0, 0, 595, 842)))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def signature_values(data: bytes) -> list[tuple[int, int]]:
    """Where the hex of each signature's value lies in the file, without its brackets."""
    places, start = [], 0
    while (found := data.find(b"/Contents <", start)) >= 0:
        begin = found + len(b"/Contents <")
        start = data.index(b">", begin)
        places.append((begin, start))
    return places


def break_value(data: bytes, number: int) -> bytes:
    """Flip a bit in the RSA value at the end of one signature. It lies in its own hole, but under every later one."""
    begin, end = signature_values(data)[number]
    der = bytes.fromhex(data[begin:end].decode())
    body = der[: 4 + int.from_bytes(der[2:4])]
    place = begin + 2 * (len(body) - 40)
    flipped = b"%02x" % (body[-40] ^ 1)
    return data[:place] + flipped + data[place + 2 :]
