"""S20 to S26 and certificates: values at the edges, second signatures, properties, attachments, spellings, replays."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.model.reasons import Reason
from gateway.trust import countersign, seal
from tests.pki import DAY, NOW, pki
from tests.trust.sample import QCVN, RECEIPT, Digests, digests, document, sealed, status
from tests.vectors.forge import DS, between, resign, swap
from tests.vectors.seal_vector import (
    AMBIGUOUS,
    DIGEST,
    KEY,
    MISSING,
    ORDER_P256,
    PROPERTIES,
    REFERENCES,
    SIGNATURE,
    STRUCTURE,
    XADES,
    Vector,
    b64,
    both,
    inner,
    sealed_text,
)


def values() -> Iterator[Vector]:
    """S20: ECDSA values at and beyond the edges."""
    text = sealed_text()
    octets = base64.b64decode(inner(text, "ds:SignatureValue"))
    r, s = octets[:32], octets[32:]
    zero, order = bytes(32), ORDER_P256.to_bytes(32, "big")
    above = (ORDER_P256 + 1).to_bytes(32, "big")
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    for label, value in {
        "r and s zero": zero + zero,
        "r zero": zero + s,
        "s zero": r + zero,
        "r the order": order + s,
        "s the order": r + order,
        "both the order": order + order,
        "r above the order": above + s,
        "s above the order": r + above,
        "all ones": b"\xff" * 64,
        "DER": der,
        "one byte short": octets[:-1],
        "one byte long": octets + b"\0",
        "a zero in front": b"\0" + octets,
        "r and s filled to 33": b"\0" + r + b"\0" + s,
        "P-384's length": r + bytes(16) + s + bytes(16),
        "s before r": s + r,
        "r alone": r,
        "one byte": b"\1",
        "r + order": ((int.from_bytes(r, "big") + ORDER_P256) % 2**256).to_bytes(32, "big") + s,
        "another bit": bytes([octets[0] ^ 1]) + octets[1:],
        "twice": octets + octets,
    }.items():
        yield Vector(f"S20/{label}", SIGNATURE, text.replace(b64(octets), b64(value)).encode())
    rsa = pki().rsa2048
    for label, width in {"zero": 256, "short": 255, "long": 257, "empty but one": 1}.items():
        cut = _with_value(sealed(rsa.signer).decode(), bytes(width))
        yield Vector(f"S20/RSA value {label}", SIGNATURE, cut.encode(), certificates=(rsa.der,))


def _with_value(text: str, octets: bytes) -> str:
    old = between(text, "<ds:SignatureValue>", "</ds:SignatureValue>")
    return text.replace(old, f"<ds:SignatureValue>{b64(octets)}</ds:SignatureValue>")


def signatures() -> Iterator[Vector]:
    """S22: two signatures, of one or of two makers."""
    text, other = sealed_text(), sealed(pki().p384.signer).decode()
    own, foreign = (between(one, "<ds:Signature ", "</ds:Signature>") for one in (text, other))
    yield from both("S22/the same twice", AMBIGUOUS, swap(own, own + own))
    yield from both("S22/another agency's after it", AMBIGUOUS, swap(own, own + foreign))
    yield from both("S22/another agency's before it", AMBIGUOUS, swap(own, foreign + own))
    yield from both(
        "S22/another agency's in the body", AMBIGUOUS, swap("</edXML:edXMLBody>", foreign + "</edXML:edXMLBody>")
    )
    yield from both(
        "S22/a counter signature",
        AMBIGUOUS,
        swap(
            "</xades:QualifyingProperties>",
            f"<xades:UnsignedProperties>{foreign}</xades:UnsignedProperties></xades:QualifyingProperties>",
        ),
    )
    yield from both("S22/a Signature in Object", AMBIGUOUS, swap("<ds:Object>", f"<ds:Object>{foreign}"))
    yield from both("S22/an empty Signature before it", AMBIGUOUS, swap(own, f'<ds:Signature xmlns:ds="{DS}"/>' + own))
    yield Vector(
        "S22/only an empty Signature", STRUCTURE, text.replace(own, f'<ds:Signature xmlns:ds="{DS}"/>').encode()
    )
    yield Vector("S22/none", MISSING, text.replace(own, "").encode())
    yield Vector(
        "S22/only a placeholder",
        MISSING,
        text.replace(own, "<edXML:Signature><edXML:SignedInfo/></edXML:Signature>").encode(),
    )


def properties() -> Iterator[Vector]:
    """S23: what binds the certificate and the time."""
    text = sealed_text()
    own, other = (hashlib.sha256(one.der).digest() for one in (pki().p256, pki().p384))
    digest = between(text, "<xades:CertDigest>", "</xades:CertDigest>")
    yield from both("S23/digest of another certificate", PROPERTIES, swap(b64(own), b64(other)))
    serial = "<xades:IssuerSerialV2>{}</xades:IssuerSerialV2>"
    for label, value in {
        "another issuer and serial": b"\x30\x03\x02\x01\x01",
        "an issuer that is no DER": b"x",
    }.items():
        yield from both(f"S23/{label}", PROPERTIES, swap(digest, digest + serial.format(b64(value))))
    for label, time, reason in (
        ("a time in the future", "2026-11-23T08:05:01Z", PROPERTIES),
        ("a time before the certificate", "2026-10-01T08:00:00Z", PROPERTIES),
        ("a time after the certificate", "2028-10-01T08:00:00Z", PROPERTIES),
        ("a time with an offset", "2026-11-23T15:00:00+07:00", STRUCTURE),
        ("a time without a zone", "2026-11-23T08:00:00", STRUCTURE),
        ("a time with fractions", "2026-11-23T08:00:00.5Z", STRUCTURE),
        ("an impossible time", "2026-02-30T08:00:00Z", STRUCTURE),
        ("Arabic-Indic digits", "2026-11-23T08:00:0٣Z", STRUCTURE),
        ("no time", "", STRUCTURE),
    ):
        yield from both(f"S23/{label}", reason, swap("2026-11-23T08:00:00Z", time))
    properties = between(text, "<xades:SignedProperties", "</xades:SignedProperties>")
    signed_time = between(text, "<xades:SigningTime>", "</xades:SigningTime>")
    certificate = between(text, "<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>")
    for label, old, new in (
        ("no certificate digest", certificate, ""),
        ("the old SigningCertificate", certificate, certificate.replace("SigningCertificateV2", "SigningCertificate")),
        (
            "two certificates",
            certificate,
            certificate.replace("<xades:Cert>", f"<xades:Cert>{digest}</xades:Cert><xades:Cert>"),
        ),
        ("no signing time element", signed_time, ""),
        ("two signing times", signed_time, signed_time * 2),
        ("another order", signed_time + certificate, certificate + signed_time),
        ("two SignedProperties", properties, properties * 2),
        (
            "a second SignedProperties of another Id",
            properties,
            properties + properties.replace("signed-properties", "other"),
        ),
        ("no SignedProperties", properties, ""),
        (
            "SignedDataObjectProperties",
            "</xades:SignedProperties>",
            '<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#nowhere"/>'
            "</xades:SignedDataObjectProperties></xades:SignedProperties>",
        ),
        (
            "a copied time stamp",
            "</xades:QualifyingProperties>",
            "<xades:UnsignedProperties/></xades:QualifyingProperties>",
        ),
        (
            "a claimed role",
            "</xades:SignedSignatureProperties>",
            "<xades:SignerRoleV2/></xades:SignedSignatureProperties>",
        ),
        ("another target", 'Target="#seal"', 'Target="#envelope"'),
        ("no target", ' Target="#seal"', ""),
        ("another Id", 'Id="signed-properties"', 'Id="properties"'),
        ("another XAdES", XADES, "http://uri.etsi.org/01903/v1.4.1#"),
        ("two Objects", "</ds:Object>", "</ds:Object><ds:Object></ds:Object>"),
        ("text in an Object", "</ds:Object>", "x</ds:Object>"),
        ("an encoding on the Object", "<ds:Object>", '<ds:Object MimeType="text/xml">'),
    ):
        yield from both(f"S23/{label}", STRUCTURE, lambda one, o=old, n=new: one.replace(o, n))
    kind = ' Type="http://uri.etsi.org/01903#SignedProperties"'
    yield from both("S23/no Type on the Reference", REFERENCES, swap(kind, ""))
    yield from both("S23/another Type on the Reference", REFERENCES, swap(kind, f' Type="{DS}Manifest"'))
    yield Vector(
        "S23/the properties of another seal",
        DIGEST,
        swap("2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z")(text).encode(),
    )


def parts() -> Iterator[Vector]:
    """S24: attachments that are not those signed."""
    good, text = digests(), sealed_text()
    (first, one), (second, two) = good
    changed = hashlib.sha256(b"x").hexdigest()
    packet = sealed()
    yield Vector("S24/changed bytes", Reason.SEAL_ATTACHMENT_DIGEST, packet, [(first, changed), (second, two)])
    yield Vector(
        "S24/changed bytes of the last", Reason.SEAL_ATTACHMENT_DIGEST, packet, [(first, one), (second, changed)]
    )
    yield Vector("S24/contents exchanged", Reason.SEAL_ATTACHMENT_DIGEST, packet, [(first, two), (second, one)])
    for label, attachments in {
        "none came": [],
        "one missing": good[:1],
        "one more": [*good, ("300", changed)],
        "the same twice": [good[0], good[0]],
        "one id twice": [*good, good[0]],
        "another order": good[::-1],
        "another id": [("210", one), (second, two)],
    }.items():
        yield Vector(f"S24/{label}", REFERENCES, packet, attachments)
    row = between(text, "<edXML:Reference>", "</edXML:Reference>")
    beside = between(text, "<Attachment>", "</Attachment>")
    new_row, new_beside = row + row.replace("209", "300"), beside + beside.replace("209", "300")
    unsigned = text.replace(row, new_row).replace(beside, new_beside)
    yield _resigned("an attachment without a Reference", unsigned, [good[0], ("300", one), good[1]])
    twice = text.replace(">cid:phuluc.1<", ">cid:209<").replace('"cid:phuluc.1"', '"cid:209"')
    yield _resigned("one content id for two files", twice, [(first, one), (first, two)])
    yield _resigned("only in the manifest", text.replace(row, new_row), good)
    yield _resigned("only beside the envelope", text.replace(beside, new_beside), good)
    yield _resigned(
        "no AttachmentEncoded", swap(between(text, "<AttachmentEnc", "</AttachmentEncoded>"), "")(text), good
    )
    for label, name in {
        "a percent sign": "%32",
        "a space": "2 9",
        "Vietnamese letters": "phụ",
        "nothing": "",
        "a slash": "a/b",
        "129 characters": "a" * 129,
    }.items():
        renamed = text.replace(">cid:209<", f">cid:{name}<").replace('"cid:209"', f'"cid:{name}"')
        yield _resigned(f"a content id with {label}", renamed, [(name, one), (second, two)])
    many = [(str(number), one) for number in range(29)]
    yield Vector("S24/29 attachments", REFERENCES, packet, many)


def _resigned(label: str, text: str, attachments: Digests) -> Vector:
    return Vector(f"S24/{label}", REFERENCES, resign(text.encode(), pki().p256.signer), attachments)


def spellings() -> Iterator[Vector]:
    """S25: many spellings of the same bytes, of which one is allowed."""
    text = sealed_text()
    for name in ("SignatureValue", "X509Certificate", "DigestValue"):
        value = inner(text, f"ds:{name}")
        written = {
            "no padding": value.rstrip("="),
            "too much padding": value + "=",
            "padding first": "=" + value,
            "set bits in the padding": _padding_bits(value),
            "the URL alphabet": value.replace("+", "-").replace("/", "_")
            if set(value) & set("+/")
            else "-" + value[1:],
            "letters that are none": value[:-4] + "ä" + value[-3:],
            "a space in front": " " + value,
            "a space behind": value + " ",
            "a line break": value[:40] + "\n" + value[40:],
            "a line break in the padding": value[:-1] + "\n" + value[-1],
            "a tab": value[:8] + "\t" + value[8:],
            "a carriage return": value[:8] + "\r" + value[8:],
            "U+00A0": value[:8] + "\u00a0" + value[8:],
            "U+0085": value[:8] + "\u0085" + value[8:],
            "U+2028": value[:8] + "\u2028" + value[8:],
            "nothing": "",
            "only white space": "\n ",
            "a dot": value[:8] + "." + value[8:],
            "text after the padding": value + "AAAA",
        }
        for label, spelling in written.items():
            if spelling == value:
                continue
            old, new = f"<ds:{name}>{value}<", f"<ds:{name}>{spelling}<"
            if not value.endswith("=") and "padding" in label and label not in {"too much padding", "padding first"}:
                continue
            if label == "text after the padding" and not value.endswith("="):
                continue
            yield Vector(f"S25/{label} in {name}", STRUCTURE, text.replace(old, new).encode())


def _padding_bits(value: str) -> str:
    """The same bytes with a bit set where padding leaves bits free."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = value.rstrip("=")
    return value if body == value else body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + value[len(body) :]


def contexts() -> Iterator[Vector]:
    """S26: a true signature in another place: another recipient, document, kind or sender."""
    text = sealed_text()
    own = between(text, "<ds:Signature ", "</ds:Signature>")
    for label, old, new in (
        ("another recipient", "H41.02", "H99.99"),
        ("another sender", ">G22<", ">G21<"),
        ("another document id", "G22,2026/11/20", "G22,2026/11/21"),
        ("another subject", "kết nối", "cắt"),
        ("another date", ">2026/11/20<", ">2026/11/22<"),
        ("another hop", "07:59", "07:58"),
        ("white space in the text", "Hà Nội", "Hà  Nội"),
        ("white space between elements", "\n        <edXML:To>", "\n       <edXML:To>"),
        ("a prefix for another", "edXML:TypeName", "edX:TypeName"),
        ("another letter that looks the same", "TTĐT", "TTÐT"),
    ):
        edited = swap(old, new, -1)(text)
        if "edX:" in new:
            edited = edited.replace("<edX:TypeName", f'<edX:TypeName xmlns:edX="{QCVN}"')
        yield Vector(f"S26/{label}", DIGEST, edited.encode())
    answer = status().decode().replace("<edXML:edXMLEnvelope ", '<edXML:edXMLEnvelope Id="envelope" ')
    replay = answer.replace("</edXML:edXMLHeader>", own + "</edXML:edXMLHeader>").encode()
    yield Vector("S26/a document's seal on a status packet", REFERENCES, replay, [])
    status_seal = between(seal(status(), [], pki().p256.signer, NOW).decode(), "<ds:Signature ", "</ds:Signature>")
    yield Vector("S26/a status packet's seal on a document", REFERENCES, text.replace(own, status_seal).encode())
    receipt_seal = between(countersign(RECEIPT, pki().p256.signer, NOW).decode(), "<ds:Signature ", "</ds:Signature>")
    yield Vector("S26/a receipt's seal on a document", REFERENCES, text.replace(own, receipt_seal).encode())
    earlier = seal(document().replace(b"7816", b"7815"), digests(), pki().p256.signer, NOW).decode()
    yield Vector(
        "S26/the seal of another document",
        DIGEST,
        text.replace(own, between(earlier, "<ds:Signature ", "</ds:Signature>")).encode(),
    )
    yield Vector("S26/sealed by another agency", KEY, sealed(), certificates=(pki().p384.der,))
    infos = [between(one, "<ds:SignedInfo", "</ds:SignedInfo>") for one in (text, earlier)]
    yield Vector("S26/the SignedInfo of another document", DIGEST, text.replace(*infos).encode())
    values = [between(one, "<ds:SignatureValue>", "</ds:SignatureValue>") for one in (text, earlier)]
    yield Vector("S26/the value of another document", SIGNATURE, text.replace(*values).encode())


def certificates() -> Iterator[Vector]:
    """Seals that are true, by certificates that do not count."""
    untrusted, validity = Reason.SEAL_CERTIFICATE_UNTRUSTED, Reason.SEAL_CERTIFICATE_VALIDITY
    ones = pki()
    for label, identity, reason in (
        ("expired", ones.expired, validity),
        ("not yet valid", ones.not_yet_valid, validity),
        ("of a stranger's root", ones.stranger, untrusted),
        ("self-signed", ones.self_signed, untrusted),
        ("made for a server", ones.wrong_usage, untrusted),
        ("of the authority itself", ones.issuing, untrusted),
    ):
        yield Vector(f"certificate/{label}", reason, sealed(identity.signer), certificates=(identity.der,))
    good = Vector("certificate/read after its end", validity, sealed(), at=NOW + 366 * DAY)
    yield good
    yield replace(good, name="certificate/read before its start", at=NOW - 31 * DAY)
    yield replace(
        good, name="certificate/signed six minutes from now", reason=PROPERTIES, at=NOW - timedelta(minutes=6)
    )
