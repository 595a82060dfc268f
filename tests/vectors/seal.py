"""Bad seals: a good packet plus a named mutation, and the reason it must be refused for.

The classes S1 to S26 are the known breaks of XML signatures: wrapping, duplicate Ids, comment and namespace tricks, key
and algorithm confusion, dangerous references and transforms, ECDSA edge values, replays. Most edits are tried twice: as
an outsider makes them, and `resigned`, with every digest and the signature made true again by the rightful key, so that
what refuses them is the structure and not a digest that happens to differ.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.model.reasons import Reason
from gateway.trust import KeySigner, countersign, seal
from tests.pki import DAY, NOW, Identity, pki
from tests.trust.sample import QCVN, RECEIPT, Digests, digests, document, sealed, status
from tests.vectors.forge import DS, INCLUSIVE, Edit, between, resign, swap

ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
SHA1 = DS + "sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ECDSA_SHA256 = MORE + "ecdsa-sha256"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

AMBIGUOUS, STRUCTURE, ALGORITHM = Reason.SEAL_AMBIGUOUS, Reason.SEAL_STRUCTURE, Reason.SEAL_ALGORITHM
REFERENCES, KEY, PROPERTIES = Reason.SEAL_REFERENCES, Reason.SEAL_KEY, Reason.SEAL_PROPERTIES
DIGEST, SIGNATURE, MISSING = Reason.SEAL_DIGEST, Reason.SEAL_SIGNATURE, Reason.SEAL_MISSING


@dataclass(frozen=True)
class Vector:
    """One bad submission: what `verify` is given, and the reason it must give back."""

    name: str
    reason: Reason
    skeleton: bytes
    attachments: Digests = field(default_factory=digests)
    certificates: tuple[bytes, ...] = field(default_factory=lambda: (pki().p256.der,))
    at: datetime = NOW

    @property
    def signature_class(self) -> str:
        return self.name.partition("/")[0]


@cache
def vectors() -> tuple[Vector, ...]:
    """Every vector, built once a session."""
    makers = (
        _wrapped, _doubled_ids, _namespaces, _second_blocks, _marked_up, _copies, _hmac, _keys, _addresses,
        _transforms, _counts, _values, _downgrades, _signatures, _properties, _parts, _base64, _contexts, _certificates,
    )  # fmt: skip
    return tuple(vector for make in makers for vector in make())


def _both(name: str, reason: Reason, edit: Edit) -> Iterator[Vector]:
    """The edit as an outsider makes it, and made true again by the key's holder."""
    cut = edit(sealed().decode()).encode()
    yield Vector(name, reason, cut)
    yield Vector(f"{name}, resigned", reason, resign(cut, pki().p256.signer))


def _text() -> str:
    return sealed().decode()


def _pieces() -> tuple[str, str, str]:
    """The envelope with its Signature, the Signature, and a forged envelope without one, which differs in its addressee."""
    text = _text()
    envelope = between(text, "<edXML:edXMLEnvelope", "</edXML:edXMLEnvelope>")
    signature = between(text, "<ds:Signature ", "</ds:Signature>")
    return envelope, signature, envelope.replace(signature, "").replace("H41.02", "H99.99")


def _wrapped() -> Iterator[Vector]:
    """S1: the true envelope is moved away, a forged one stands where readers look."""
    envelope, signature, forged = _pieces()
    renamed = forged.replace('Id="envelope"', 'Id="forged"')
    bare = envelope.replace(signature, "")
    holder = f"<ds:Object>{bare}</ds:Object>"
    moved = renamed.replace("</edXML:edXMLHeader>", signature + "</edXML:edXMLHeader>")
    hidden = signature.replace("</ds:Signature>", holder + "</ds:Signature>")
    moved_holding = renamed.replace("</edXML:edXMLHeader>", hidden + "</edXML:edXMLHeader>")
    inside_object = signature.replace("<ds:Object>", f"<ds:Object>{bare}")
    cases: list[tuple[str, Reason, str]] = [
        ("forged envelope before the true one", AMBIGUOUS, renamed + envelope),
        ("forged envelope after the true one", AMBIGUOUS, envelope + renamed),
        ("forged envelope with the same Id first", AMBIGUOUS, forged + envelope),
        (
            "true envelope inside the forged header",
            AMBIGUOUS,
            renamed.replace("</edXML:edXMLHeader>", f"{envelope}</edXML:edXMLHeader>"),
        ),
        ("true envelope beside the moved Signature", AMBIGUOUS, moved + bare),
        ("true envelope in an Object of the moved Signature", STRUCTURE, moved_holding),
        (
            "true envelope in the Signature's own Object",
            STRUCTURE,
            renamed.replace("</edXML:edXMLHeader>", inside_object + "</edXML:edXMLHeader>"),
        ),
        (
            "true envelope in an extension of the axis's namespace",
            AMBIGUOUS,
            moved + f"<Extensions>{bare}</Extensions>",
        ),
        (
            "true envelope in an extension of another namespace",
            STRUCTURE,
            moved + f'<x:Extensions xmlns:x="urn:x">{bare}</x:Extensions>',
        ),
        ("true envelope in AttachmentEncoded", AMBIGUOUS, moved + f"<AttachmentEncoded>{bare}</AttachmentEncoded>"),
        ("whole packet inside a forged root", AMBIGUOUS, renamed + f'<edXML xmlns="{QCVN}">{envelope}</edXML>'),
        ("root inside a root", STRUCTURE, f'<edXML xmlns="{QCVN}">{envelope}</edXML>'),
        ("extension beside the envelope", STRUCTURE, envelope + "<Extension>H99.99</Extension>"),
        ("text beside the envelope", STRUCTURE, envelope + "H99.99"),
        ("text before the envelope", STRUCTURE, "H99.99" + envelope),
    ]
    for label, reason, replacement in cases:
        yield from _both(f"S1/{label}", reason, swap(envelope, replacement))
    places = {
        "in the root": ("</edXML>", STRUCTURE),
        "in the body": ("</edXML:edXMLBody>", AMBIGUOUS),
        "in the message header": ("</edXML:MessageHeader>", AMBIGUOUS),
        "in the manifest": ("</edXML:edXMLManifest>", AMBIGUOUS),
        "before the trace": ("<edXML:TraceHeaderList>", AMBIGUOUS),
    }
    for label, (anchor, reason) in places.items():
        place = signature + anchor
        yield from _both(
            f"S1/Signature {label}", reason, lambda text, a=anchor, p=place: text.replace(signature, "").replace(a, p)
        )
    for element in ("edXMLHeader", "MessageHeader", "edXMLBody", "edXMLManifest"):
        twin = between(_text().replace(signature, ""), f"<edXML:{element}", f"</edXML:{element}>").replace(
            "H41.02", "H99.99"
        )
        end = f"</edXML:{element}>"
        yield from _both(f"S1/second {element}", AMBIGUOUS, swap(end, end + twin))
        yield from _both(
            f"S1/second {element} in a Subject", AMBIGUOUS, swap("</edXML:Subject>", twin + "</edXML:Subject>")
        )


def _doubled_ids() -> Iterator[Vector]:
    """S2 and S3: a second element answers to the signed Id, or to something another program takes for an Id."""
    owners = {
        "MessageHeader": "<edXML:MessageHeader>",
        "Subject": "<edXML:Subject>",
        "edXMLHeader": "<edXML:edXMLHeader>",
        "edXMLBody": "<edXML:edXMLBody>",
        "AttachmentEncoded": "<AttachmentEncoded>",
        "Attachment": "<Attachment>",
    }
    for label, tag in owners.items():
        for value in ("envelope", "seal", "signed-properties"):
            yield from _both(f"S2/{label} also {value}", AMBIGUOUS, swap(tag, f'{tag[:-1]} Id="{value}">'))
    yield from _both("S2/root also envelope", AMBIGUOUS, swap("<edXML xmlns", '<edXML Id="envelope" xmlns'))
    yield from _both("S2/manifest also envelope", AMBIGUOUS, swap('version="1.0">', 'version="1.0" Id="envelope">'))
    for element in ("ds:SignedInfo", "ds:KeyInfo", "ds:Object", "ds:SignatureValue", "xades:SigningTime"):
        yield from _both(f"S2/{element} also envelope", STRUCTURE, swap(f"<{element}", f'<{element} Id="envelope"'))
    own = 'Id="envelope"'
    spellings = {
        "ID": 'ID="envelope"', "id": 'id="envelope"', "iD": 'iD="envelope"', "xml:id": 'xml:id="envelope"',
        "q:Id": 'xmlns:q="urn:q" q:Id="envelope"', "q:ID": 'xmlns:q="urn:q" q:ID="envelope"',
    }  # fmt: skip
    for label, attribute in spellings.items():
        yield from _both(f"S3/{label} beside Id", AMBIGUOUS, swap(own, f"{own} {attribute}"))
        yield from _both(f"S3/{label} beside an evil Id", AMBIGUOUS, swap(own, f'Id="evil" {attribute}'))
        yield from _both(f"S3/{label} instead of Id", AMBIGUOUS, swap(own, attribute))
        yield from _both(
            f"S3/{label} on the message header",
            AMBIGUOUS,
            swap("<edXML:MessageHeader>", f"<edXML:MessageHeader {attribute}>"),
        )
    yield from _both("S3/another Id on the envelope", STRUCTURE, swap(own, 'Id="evil"'))
    yield from _both("S3/no Id on the envelope", STRUCTURE, swap(" " + own, ""))
    yield from _both("S3/xml:base", STRUCTURE, swap("<edXML:Subject>", '<edXML:Subject xml:base="http://127.0.0.1/">'))
    yield from _both("S3/another Id on the Signature", STRUCTURE, swap('Id="seal"', 'Id="stamp"'))


def _namespaces() -> Iterator[Vector]:
    """S4 and S5: names that look right in a wrong namespace, and namespaces that have no canonical form."""
    text = _text()
    signature = between(text, "<ds:Signature ", "</ds:Signature>")
    for label, uri in {
        "without #": DS[:-1], "https": DS.replace("http:", "https:"), "upper case": DS.upper(), "the axis's": QCVN,
        "XMLDSig 1.1": "http://www.w3.org/2009/xmldsig11#",
    }.items():  # fmt: skip
        yield Vector(
            f"S4/Signature in the namespace {label}",
            MISSING,
            text.replace(signature, signature.replace(DS, uri)).encode(),
        )
    fake = '<edXML:Signature xmlns:edXML="{0}"></edXML:Signature>'
    yield from _both(
        "S4/placeholder Signature before the seal",
        AMBIGUOUS,
        swap("<ds:Signature ", fake.format(QCVN) + "<ds:Signature "),
    )
    yield from _both(
        "S4/Signature of another namespace beside",
        AMBIGUOUS,
        swap("<ds:Signature ", fake.format("urn:x") + "<ds:Signature "),
    )
    yield from _both(
        "S4/ds element outside the seal",
        STRUCTURE,
        swap("</edXML:Subject>", f'<ds:Object xmlns:ds="{DS}"/></edXML:Subject>'),
    )
    yield from _both(
        "S4/foreign element in the envelope", STRUCTURE, swap("</edXML:Subject>", '<x xmlns="urn:x"/></edXML:Subject>')
    )
    for element in ("SignedInfo", "SignatureValue", "KeyInfo", "X509Data", "Object"):
        edit = lambda one, e=element: one.replace(f"<ds:{e}", f'<x:{e} xmlns:x="urn:x"').replace(
            f"</ds:{e}>", f"</x:{e}>"
        )  # noqa: E731
        yield Vector(f"S4/{element} of another namespace", STRUCTURE, edit(text).encode())
    yield Vector(
        "S4/namespace by ATTLIST", STRUCTURE,
        swap("<edXML xmlns", '<!DOCTYPE edXML [<!ATTLIST edXML xmlns:z CDATA "urn:z">]><edXML xmlns')(text).encode(),
    )  # fmt: skip
    for label, declaration in {
        "a relative namespace": 'xmlns:p="1"', "a relative path": 'xmlns:p="../x"',
        "a relative namespace by reference": 'xmlns:p="&#49;"',
    }.items():  # fmt: skip
        for tag in ("<edXML:Subject", "<edXML ", "<AttachmentEncoded", "<ds:SignedInfo", "<edXML:edXMLEnvelope"):
            cut = text.replace(
                tag, f"{tag.rstrip()} {declaration} " if tag.endswith(" ") else f"{tag} {declaration}", 1
            )
            yield Vector(f"S5/{label} on {tag.strip('<').strip()}", STRUCTURE, cut.encode())
    yield Vector("S5/no namespace", STRUCTURE, swap("<Attachment>", '<Attachment xmlns="">')(text).encode())


def _second_blocks() -> Iterator[Vector]:
    """S6 and S10: a second SignedInfo or DigestValue for a careless search to find."""
    text = _text()
    info = between(text, "<ds:SignedInfo", "</ds:SignedInfo>")
    reference = between(text, "<ds:Reference", "</ds:Reference>")
    value = between(text, "<ds:DigestValue>", "</ds:DigestValue>")
    other = "<ds:DigestValue>" + base64.b64encode(bytes(32)).decode() + "</ds:DigestValue>"
    yield from _both("S6/two SignedInfo", STRUCTURE, swap(info, info + info))
    yield from _both("S6/forged SignedInfo first", STRUCTURE, swap(info, info.replace(value, other) + info))
    yield from _both("S6/SignedInfo wrapped", STRUCTURE, swap(info, f"<ds:Object>{info}</ds:Object>"))
    yield from _both("S6/SignedInfo in SignedInfo", STRUCTURE, swap("</ds:SignedInfo>", info + "</ds:SignedInfo>"))
    yield from _both("S6/SignedInfo in Object", STRUCTURE, swap("<ds:Object>", "<ds:Object>" + info))
    yield from _both("S6/no SignedInfo", STRUCTURE, swap(info, ""))
    yield from _both("S6/SignedInfo after SignatureValue", STRUCTURE, lambda one: _reordered(one, info))
    yield from _both("S10/second DigestValue", REFERENCES, swap(value, value + other))
    yield from _both("S10/other DigestValue first", REFERENCES, swap(value, other + value))
    yield from _both("S10/DigestValue in DigestValue", STRUCTURE, swap(value, value.replace("</", other + "</", 1)))
    yield from _both("S10/Reference in Object", STRUCTURE, swap("<ds:Object>", "<ds:Object>" + reference))
    yield from _both(
        "S10/DigestValue in an extension",
        STRUCTURE,
        swap("</edXML:Subject>", f'<x xmlns:ds="{DS}">{other}</x></edXML:Subject>'),
    )
    yield from _both(
        "S10/second DigestMethod",
        REFERENCES,
        swap("<ds:DigestValue>", f'<ds:DigestMethod Algorithm="{SHA1}"/><ds:DigestValue>'),
    )
    yield from _both(
        "S10/Manifest of references",
        STRUCTURE,
        swap("<ds:Object>", f"<ds:Object><ds:Manifest>{reference}</ds:Manifest>"),
    )


def _reordered(text: str, info: str) -> str:
    return text.replace(info, "").replace("</ds:SignatureValue>", "</ds:SignatureValue>" + info)


def _marked_up() -> Iterator[Vector]:
    """S7, S8, S9: comments, CDATA, processing instructions, references and DTDs where programs read text differently."""
    text = _text()
    marks = {
        "a comment": "<!--x-->", "a processing instruction": "<?x y?>", "a CDATA section": "<![CDATA[]]>",
    }  # fmt: skip
    signed = ("DigestValue", "SignatureValue", "X509Certificate")
    business = ("OrganId", "DocumentId", "CodeNumber", "Subject")
    for label, mark in marks.items():
        for name in signed:
            yield Vector(
                f"S7/{label} in {name}", STRUCTURE, swap(f"</ds:{name}>", f"{mark}</ds:{name}>")(text).encode()
            )
        for name in business:
            marked = _both(f"S8/{label} in {name}", STRUCTURE, swap(f"</edXML:{name}>", f"{mark}</edXML:{name}>"))
            yield from (one for one in marked if "CDATA" not in mark or "resigned" not in one.name)  # lxml drops CDATA
        for place, tag in {
            "before the root": "<edXML ",
            "after the root": "\n</edXML>",
            "in AttachmentEncoded": "<Attachment>",
        }.items():
            edited = swap(tag, tag + mark if place == "after the root" else mark + tag)(text)
            if "CDATA" not in mark or place == "in AttachmentEncoded":
                yield Vector(f"S8/{label} {place}", STRUCTURE, edited.encode())
    for name in signed:
        for label, reference in {
            "a character reference": "&#61;",
            "a line break by reference": "&#13;",
            "an entity": "&amp;",
        }.items():
            yield Vector(
                f"S7/{label} in {name}", STRUCTURE, swap(f"</ds:{name}>", f"{reference}</ds:{name}>")(text).encode()
            )
    yield Vector(
        "S7/a reference spelling the Algorithm", STRUCTURE, swap("#ecdsa-sha256", "#ecdsa-sha25&#54;")(text).encode()
    )
    yield Vector("S8/a truncating comment", STRUCTURE, swap("H41.02", "H41<!--x-->.02")(text).encode())
    for label, doctype in {
        "an empty DOCTYPE": "<!DOCTYPE edXML>",
        "an entity": '<!DOCTYPE edXML [<!ENTITY a "H99.99">]>',
        "a parameter entity": '<!DOCTYPE edXML [<!ENTITY % p SYSTEM "file:///etc/passwd">]>',
        "an Id by ATTLIST": "<!DOCTYPE edXML [<!ATTLIST edXML x ID #IMPLIED>]>",
    }.items():
        yield Vector(f"S9/{label}", STRUCTURE, swap("<edXML xmlns", doctype + "<edXML xmlns")(text).encode())
    yield Vector(
        "S9/a style sheet",
        STRUCTURE,
        swap("<edXML xmlns", '<?xml-stylesheet href="x.xsl"?><edXML xmlns')(text).encode(),
    )


def _copies() -> Iterator[Vector]:
    """S11: what is read is not what was signed: the unsigned names beside the base64, or a second copy."""
    text = _text()
    beside = between(text, "<AttachmentEncoded>", "</AttachmentEncoded>")
    for label, old, new in (
        ("another file name", ">congvan.pdf<", ">congvan.exe<"),
        ("another content type", ">application/pdf<", ">text/html<"),
        ("another content id", ">cid:209<", ">cid:210<"),
        (
            "a description the manifest lacks",
            "<ContentTransferEncoded>",
            "<Description>H99</Description><ContentTransferEncoded>",
        ),
    ):
        yield Vector(
            f"S11/{label} beside the base64", REFERENCES, text.replace(beside, beside.replace(old, new, 1)).encode()
        )
    for label, old, new in (
        ("two file names", "<AttachmentName>", "<AttachmentName>a.exe</AttachmentName><AttachmentName>"),
        ("a field nobody declares", "<AttachmentName>", "<FileName>a.exe</FileName><AttachmentName>"),
        ("an element in the file name", ">congvan.pdf<", ">congvan.pdf<b/><"),
        ("text between the fields", "</AttachmentName>", "</AttachmentName>a.exe"),
        ("content left in the skeleton", "<ContentTransferEncoded>", "<ContentTransferEncoded>JVBERg=="),
        ("no content at all", "<ContentTransferEncoded></ContentTransferEncoded>", ""),
        ("another kind of row", "<Attachment>", "<Attachments/><Attachment>"),
    ):
        yield Vector(f"S11/{label}", STRUCTURE, text.replace(beside, beside.replace(old, new, 1)).encode())
    first, second = (
        f"<Attachment>{one}" for one in beside.removesuffix("</AttachmentEncoded>").split("<Attachment>")[1:]
    )
    swapped = beside.replace(first + second, second + first)
    yield Vector("S11/attachments in another order", REFERENCES, text.replace(beside, swapped).encode())
    yield Vector("S11/second AttachmentEncoded", AMBIGUOUS, text.replace(beside, beside + beside).encode())
    yield Vector(
        "S11/AttachmentEncoded before the envelope",
        STRUCTURE,
        _moved_before(text, beside, "<edXML:edXMLEnvelope").encode(),
    )
    yield from _both(
        "S11/AttachmentEncoded in the envelope",
        STRUCTURE,
        lambda one: _moved_before(one, beside, "</edXML:edXMLEnvelope>"),
    )


def _moved_before(text: str, piece: str, anchor: str) -> str:
    return text.replace(piece, "").replace(anchor, piece + anchor)


def _hmac() -> Iterator[Vector]:
    """S12, S13, S14: a MAC keyed with what everybody has, whole or cut to nothing."""
    for label, uri in {
        "hmac-sha1": DS + "hmac-sha1",
        "hmac-sha256": MORE + "hmac-sha256",
        "hmac-sha512": MORE + "hmac-sha512",
    }.items():
        yield from _both(f"S12/{label}", ALGORITHM, swap(ECDSA_SHA256, uri))
    method = f'<ds:SignatureMethod Algorithm="{ECDSA_SHA256}">'
    for bits in (0, 1, 8, 40):
        length = f"<ds:HMACOutputLength>{bits}</ds:HMACOutputLength>"
        yield from _both(
            f"S13/HMACOutputLength {bits}",
            ALGORITHM,
            swap(method, method.replace(ECDSA_SHA256, MORE + "hmac-sha256") + length),
        )
        yield from _both(f"S13/HMACOutputLength {bits} under ECDSA", ALGORITHM, swap(method, method + length))
    yield from _both(
        "S14/HMAC named by its key", ALGORITHM, swap(method, method.replace(ECDSA_SHA256, MORE + "hmac-md5"))
    )
    yield from _both("S12/RSA with an ECDSA key", KEY, swap(ECDSA_SHA256, MORE + "rsa-sha256"))
    rsa = pki().rsa2048
    ecdsa = sealed(rsa.signer).decode().replace(MORE + "rsa-sha256", ECDSA_SHA256).encode()
    yield Vector("S12/ECDSA with an RSA key", KEY, resign(ecdsa, rsa.signer), certificates=(rsa.der,))


def _keys() -> Iterator[Vector]:
    """S15: the key is taken from the message."""
    own, thief, twin = pki().p256, pki().self_signed, pki().issuing.issue("Bộ Kiểm thử P-256", pki().gateway.key)
    text = _text()
    for label, identity in {
        "a self-signed certificate": thief,
        "the same name, another key": twin,
        "another agency": pki().p384,
    }.items():
        yield Vector(f"S15/{label}", KEY, sealed(identity.signer))
    certificate = between(text, "<ds:X509Certificate>", "</ds:X509Certificate>")
    stolen = certificate.replace(_b64(own.der), _b64(thief.der))
    data = between(text, "<ds:X509Data>", "</ds:X509Data>")
    key_value = f'<ds:KeyValue><ds:ECKeyValue xmlns="http://www.w3.org/2009/xmldsig11#"/></ds:KeyValue>'
    retrieval = '<ds:RetrievalMethod URI="http://127.0.0.1/key"/>'
    for label, old, new in (
        ("KeyValue only", data, key_value),
        ("KeyValue before the certificate", data, key_value + data),
        ("KeyName beside the certificate", data, "<ds:KeyName>G22</ds:KeyName>" + data),
        ("RetrievalMethod", data, retrieval),
        ("RetrievalMethod beside", data, data + retrieval),
        ("two X509Data", data, data + data.replace(certificate, stolen)),
        ("a thief's certificate second", certificate, certificate + stolen),
        ("a thief's certificate first", certificate, stolen + certificate),
        ("X509SubjectName", certificate, "<ds:X509SubjectName>CN=x</ds:X509SubjectName>" + certificate),
        ("X509SKI only", certificate, "<ds:X509SKI>AAAA</ds:X509SKI>"),
        ("no certificate", certificate, ""),
        ("an empty certificate", certificate, "<ds:X509Certificate></ds:X509Certificate>"),
        ("no X509Data", data, ""),
        ("no KeyInfo", between(text, "<ds:KeyInfo>", "</ds:KeyInfo>"), ""),
    ):
        yield from _both(f"S15/{label}", STRUCTURE, swap(old, new))
    yield Vector("S15/a thief signs, KeyInfo names the agency", SIGNATURE, resign(text.encode(), thief.signer))
    yield Vector("S15/a thief's certificate swapped in", KEY, text.replace(certificate, stolen).encode())
    yield Vector(
        "S15/a certificate nobody can read",
        KEY,
        text.replace(_b64(own.der), _b64(b"nothing")).encode(),
        certificates=(b"nothing",),
    )
    yield Vector("S15/no certificate in the directory", KEY, text.encode(), certificates=())


def _addresses() -> Iterator[Vector]:
    """S16: references that make a verifier fetch."""
    for uri in (
        "http://127.0.0.1:9/x", "https://example.invalid/", "file:///etc/passwd", "/etc/passwd", "ftp://127.0.0.1/x",
        "cid:other", "CID:209", "cid:%32%30%39", "cid:209#x", "cid:", "209", "#209",
    ):  # fmt: skip
        yield from _both(f"S16/{uri} for an attachment", REFERENCES, swap('URI="cid:209"', f'URI="{uri}"'))
    for uri in ("#seal", "#forged", "#xpointer(/)", "#xpointer(id('envelope'))", "http://127.0.0.1/x", "cid:209", ""):
        yield from _both(
            f"S16/{uri or 'the whole file'} for the envelope", REFERENCES, swap('URI="#envelope"', f'URI="{uri}"')
        )
    yield from _both("S16/no URI", REFERENCES, swap(' URI="#envelope"', ""))
    yield from _both(
        "S16/an Id on a Reference",
        REFERENCES,
        swap('<ds:Reference URI="#envelope"', '<ds:Reference Id="r" URI="#envelope"'),
    )
    yield from _both(
        "S16/a Type on the envelope's Reference",
        REFERENCES,
        swap('URI="#envelope"', f'Type="{DS}Object" URI="#envelope"'),
    )


def _transforms() -> Iterator[Vector]:
    """S17 and S19: transforms that change what is digested, and other canonical forms."""
    enveloped, exclusive = (f'<ds:Transform Algorithm="{one}"></ds:Transform>' for one in (ENVELOPED, EXC))
    for label, uri in {
        "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116", "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "XPath filter 2": "http://www.w3.org/2002/06/xmldsig-filter2", "decrypt": "http://www.w3.org/2002/07/decrypt#XML",
        "base64": DS + "base64", "unknown": "urn:x", "inclusive C14N": INCLUSIVE, "C14N with comments": EXC + "WithComments",
        "C14N 1.1": "http://www.w3.org/2006/12/xml-c14n11", "nothing": "",
    }.items():  # fmt: skip
        other = f'<ds:Transform Algorithm="{uri}"></ds:Transform>'
        yield from _both(f"S17/{label} added", REFERENCES, swap(enveloped, enveloped + other))
        yield from _both(f"S17/{label} instead of enveloped", REFERENCES, swap(enveloped, other))
        yield from _both(f"S19/{label} as the transform", REFERENCES, swap(enveloped + exclusive, enveloped + other))
        yield from _both(
            f"S19/{label} as the canonical form of SignedInfo",
            ALGORITHM,
            swap(f'Method Algorithm="{EXC}"', f'Method Algorithm="{uri}"'),
        )
    yield from _both("S17/100 canonical forms", REFERENCES, swap(exclusive, exclusive * 100))
    yield from _both("S17/no enveloped transform", REFERENCES, swap(enveloped, ""))
    yield from _both("S17/no canonical form", REFERENCES, swap(enveloped + exclusive, enveloped))
    yield from _both("S17/the wrong order", REFERENCES, swap(enveloped + exclusive, exclusive + enveloped))
    yield from _both(
        "S17/no transforms", REFERENCES, swap(f"<ds:Transforms>{enveloped}{exclusive}</ds:Transforms>", "")
    )
    yield from _both("S17/empty transforms", REFERENCES, swap(enveloped + exclusive, ""))
    yield from _both(
        "S17/two Transforms",
        REFERENCES,
        swap("</ds:Transforms>", f"</ds:Transforms><ds:Transforms>{exclusive}</ds:Transforms>"),
    )
    yield from _both(
        "S17/a transform of an attachment",
        REFERENCES,
        swap('URI="cid:209">', f'URI="cid:209"><ds:Transforms>{exclusive}</ds:Transforms>'),
    )
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="edXML"/>'
    yield from _both(
        "S17/a PrefixList in the transform", ALGORITHM, swap(exclusive, exclusive.replace("></", f">{listed}</"))
    )
    yield from _both(
        "S17/a PrefixList in SignedInfo's form",
        ALGORITHM,
        swap(f'Method Algorithm="{EXC}">', f'Method Algorithm="{EXC}">{listed}'),
    )
    yield from _both(
        "S17/an XPath in the transform",
        ALGORITHM,
        swap(exclusive, exclusive.replace("></", "><ds:XPath>1</ds:XPath></")),
    )
    yield from _both("S19/no canonical form named", ALGORITHM, swap(f'Method Algorithm="{EXC}"', "Method"))


def _counts() -> Iterator[Vector]:
    """S18: references too few, too many, in another order."""
    text = _text()
    envelope, first, second, properties = _references(text)
    everything = envelope + first + second + properties
    for label, references in {
        "none": "", "only the envelope": envelope, "no envelope": first + second + properties,
        "no properties": envelope + first + second, "no attachments": envelope + properties,
        "an attachment missing": envelope + first + properties, "an attachment twice": envelope + first + first + properties,
        "one reference more": everything + first, "the envelope twice": envelope + everything,
        "properties first": properties + envelope + first + second, "attachments in another order": envelope + second + first + properties,
        "1,000 of them": envelope + first * 998 + properties,
    }.items():  # fmt: skip
        yield from _both(f"S18/{label}", REFERENCES, swap(everything, references))
    yield from _both("S18/the whole file, signed from the body", AMBIGUOUS, lambda one: _nested_whole(one))


def _references(text: str) -> list[str]:
    info = between(text, "<ds:SignedInfo", "</ds:SignedInfo>").removesuffix("</ds:SignedInfo>")
    return [f"<ds:Reference{one}" for one in info.split("<ds:Reference")[1:]]


def _nested_whole(text: str) -> str:
    signature = between(text, "<ds:Signature ", "</ds:Signature>")
    moved = text.replace(signature, "").replace("</edXML:edXMLBody>", signature + "</edXML:edXMLBody>")
    return moved.replace('URI="#envelope"', 'URI=""')


def _values() -> Iterator[Vector]:
    """S20: ECDSA values at and beyond the edges."""
    text = _text()
    octets = base64.b64decode(_inner(text, "ds:SignatureValue"))
    r, s = octets[:32], octets[32:]
    zero, order = bytes(32), ORDER_P256.to_bytes(32, "big")
    above = (ORDER_P256 + 1).to_bytes(32, "big")
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    for label, value in {
        "r and s zero": zero + zero, "r zero": zero + s, "s zero": r + zero, "r the order": order + s, "s the order": r + order,
        "both the order": order + order, "r above the order": above + s, "s above the order": r + above, "all ones": b"\xff" * 64,
        "DER": der, "one byte short": octets[:-1], "one byte long": octets + b"\0", "a zero in front": b"\0" + octets,
        "r and s filled to 33": b"\0" + r + b"\0" + s, "P-384's length": r + bytes(16) + s + bytes(16), "s before r": s + r,
        "r alone": r, "one byte": b"\1", "r + order": ((int.from_bytes(r, "big") + ORDER_P256) % 2**256).to_bytes(32, "big") + s,
        "another bit": bytes([octets[0] ^ 1]) + octets[1:], "twice": octets + octets,
    }.items():  # fmt: skip
        yield Vector(f"S20/{label}", SIGNATURE, text.replace(_b64(octets), _b64(value)).encode())
    rsa = pki().rsa2048
    for label, width in {"zero": 256, "short": 255, "long": 257, "empty but one": 1}.items():
        cut = _with_value(sealed(rsa.signer).decode(), bytes(width))
        yield Vector(f"S20/RSA value {label}", SIGNATURE, cut.encode(), certificates=(rsa.der,))


def _with_value(text: str, octets: bytes) -> str:
    old = between(text, "<ds:SignatureValue>", "</ds:SignatureValue>")
    return text.replace(old, f"<ds:SignatureValue>{_b64(octets)}</ds:SignatureValue>")


def _downgrades() -> Iterator[Vector]:
    """S21: weak or unknown algorithms, anywhere."""
    for name in ("rsa-sha1", "dsa-sha1"):
        yield from _both(f"S21/{name}", ALGORITHM, swap(ECDSA_SHA256, DS + name))
    for name in (
        "ecdsa-sha1",
        "ecdsa-sha224",
        "rsa-md5",
        "rsa-ripemd160",
        "ecdsa-ripemd160",
        "esign-sha1",
        "ECDSA-SHA256",
    ):
        yield from _both(f"S21/{name}", ALGORITHM, swap(ECDSA_SHA256, MORE + name))
    for uri in (
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        "",
        "none",
    ):
        yield from _both(f"S21/SignatureMethod {uri or 'empty'}", ALGORITHM, swap(ECDSA_SHA256, uri))
    weak = {
        "sha1": SHA1, "md5": MORE + "md5", "sha224": MORE + "sha224", "ripemd160": "http://www.w3.org/2001/04/xmlenc#ripemd160",
    }  # fmt: skip
    text = _text()
    for label, uri in weak.items():
        for number, what in enumerate(
            ("the envelope", "an attachment", "an attachment too", "the properties", "the certificate")
        ):
            yield from _both(
                f"S21/{label} for {what}", ALGORITHM, lambda one, n=number, u=uri: _nth(one, f'"{SHA256}"', f'"{u}"', n)
            )
    yield from _both(
        "S21/SHA-512 for an attachment",
        ALGORITHM,
        lambda one: _nth(one, f'"{SHA256}"', '"http://www.w3.org/2001/04/xmlenc#sha512"', 1),
    )
    for label, identity in {"RSA-1024": pki().rsa1024, "P-521": pki().p521}.items():
        yield Vector(f"S21/{label}", KEY, _sealed_weakly(identity), certificates=(identity.der,))
    assert SHA256 in text


def _nth(text: str, old: str, new: str, number: int) -> str:
    pieces = text.split(old)
    return old.join(pieces[: number + 1]) + new + old.join(pieces[number + 1 :])


def _sealed_weakly(identity: Identity) -> bytes:
    """A seal whose every digest is right and whose key is outside the profile."""
    class_of_key = pki().rsa2048 if "rsa" in type(identity.key).__module__ else pki().p256
    return seal(document(), digests(), KeySigner(class_of_key.key, identity.der), NOW)


def _signatures() -> Iterator[Vector]:
    """S22: two signatures, of one or of two makers."""
    text, other = _text(), sealed(pki().p384.signer).decode()
    own, foreign = (between(one, "<ds:Signature ", "</ds:Signature>") for one in (text, other))
    yield from _both("S22/the same twice", AMBIGUOUS, swap(own, own + own))
    yield from _both("S22/another agency's after it", AMBIGUOUS, swap(own, own + foreign))
    yield from _both("S22/another agency's before it", AMBIGUOUS, swap(own, foreign + own))
    yield from _both(
        "S22/another agency's in the body", AMBIGUOUS, swap("</edXML:edXMLBody>", foreign + "</edXML:edXMLBody>")
    )
    yield from _both(
        "S22/a counter signature",
        AMBIGUOUS,
        swap(
            "</xades:QualifyingProperties>",
            f"<xades:UnsignedProperties>{foreign}</xades:UnsignedProperties></xades:QualifyingProperties>",
        ),
    )
    yield from _both("S22/a Signature in Object", AMBIGUOUS, swap("<ds:Object>", f"<ds:Object>{foreign}"))
    yield from _both("S22/an empty Signature before it", AMBIGUOUS, swap(own, f'<ds:Signature xmlns:ds="{DS}"/>' + own))
    yield Vector(
        "S22/only an empty Signature", STRUCTURE, text.replace(own, f'<ds:Signature xmlns:ds="{DS}"/>').encode()
    )
    yield Vector("S22/none", MISSING, text.replace(own, "").encode())
    yield Vector(
        "S22/only a placeholder",
        MISSING,
        text.replace(own, "<edXML:Signature><edXML:SignedInfo/></edXML:Signature>").encode(),
    )


def _properties() -> Iterator[Vector]:
    """S23: what binds the certificate and the time."""
    text = _text()
    own, other = (hashlib.sha256(one.der).digest() for one in (pki().p256, pki().p384))
    digest = f"<xades:CertDigest>{between(text, '<xades:CertDigest>', '</xades:CertDigest>').removeprefix('<xades:CertDigest>')}"
    yield from _both("S23/digest of another certificate", PROPERTIES, swap(_b64(own), _b64(other)))
    serial = "<xades:IssuerSerialV2>{}</xades:IssuerSerialV2>"
    for label, value in {
        "another issuer and serial": b"\x30\x03\x02\x01\x01",
        "an issuer that is no DER": b"x",
    }.items():
        yield from _both(f"S23/{label}", PROPERTIES, swap(digest, digest + serial.format(_b64(value))))
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
        yield from _both(f"S23/{label}", reason, swap("2026-11-23T08:00:00Z", time))
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
            '<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#nowhere"/></xades:SignedDataObjectProperties></xades:SignedProperties>',
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
        yield from _both(f"S23/{label}", STRUCTURE, lambda one, o=old, n=new: one.replace(o, n))
    kind = ' Type="http://uri.etsi.org/01903#SignedProperties"'
    yield from _both("S23/no Type on the Reference", REFERENCES, swap(kind, ""))
    yield from _both("S23/another Type on the Reference", REFERENCES, swap(kind, f' Type="{DS}Manifest"'))
    yield Vector(
        "S23/the properties of another seal",
        DIGEST,
        swap("2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z")(text).encode(),
    )


def _parts() -> Iterator[Vector]:
    """S24: attachments that are not those signed."""
    good, text = digests(), _text()
    (first, one), (second, two) = good
    changed = hashlib.sha256(b"x").hexdigest()
    packet = sealed()
    yield Vector("S24/changed bytes", Reason.SEAL_ATTACHMENT_DIGEST, packet, [(first, changed), (second, two)])
    yield Vector(
        "S24/changed bytes of the last", Reason.SEAL_ATTACHMENT_DIGEST, packet, [(first, one), (second, changed)]
    )
    yield Vector("S24/contents exchanged", Reason.SEAL_ATTACHMENT_DIGEST, packet, [(first, two), (second, one)])
    for label, attachments in {
        "none came": [], "one missing": good[:1], "one more": [*good, ("300", changed)], "the same twice": [good[0], good[0]],
        "one id twice": [*good, good[0]], "another order": good[::-1], "another id": [("210", one), (second, two)],
    }.items():  # fmt: skip
        yield Vector(f"S24/{label}", REFERENCES, packet, attachments)
    row = between(text, "<edXML:Reference>", "</edXML:Reference>")
    both = lambda edit: resign(edit(text).encode(), pki().p256.signer)  # noqa: E731
    beside = between(text, "<Attachment>", "</Attachment>")
    unsigned = lambda one: one.replace(row, row + row.replace("209", "300")).replace(
        beside, beside + beside.replace("209", "300")
    )  # noqa: E731
    yield Vector("S24/an attachment without a Reference", REFERENCES, both(unsigned), [good[0], ("300", one), good[1]])
    twice = lambda one: one.replace(">cid:phuluc.1<", ">cid:209<").replace('"cid:phuluc.1"', '"cid:209"')  # noqa: E731
    yield Vector("S24/one content id for two files", REFERENCES, both(twice), [(first, one), (first, two)])
    yield Vector("S24/only in the manifest", REFERENCES, both(swap(row, row + row.replace("209", "300"))))
    yield Vector("S24/only beside the envelope", REFERENCES, both(swap(beside, beside + beside.replace("209", "300"))))
    yield Vector(
        "S24/no AttachmentEncoded",
        REFERENCES,
        swap(between(text, "<AttachmentEncoded>", "</AttachmentEncoded>"), "")(text).encode(),
    )
    for label, name in {
        "a percent sign": "%32",
        "a space": "2 9",
        "Vietnamese letters": "phụ",
        "nothing": "",
        "a slash": "a/b",
        "129 characters": "a" * 129,
    }.items():
        renamed = lambda one, n=name: one.replace(">cid:209<", f">cid:{n}<").replace('"cid:209"', f'"cid:{n}"')  # noqa: E731
        yield Vector(f"S24/a content id with {label}", REFERENCES, both(renamed), [(name, one), (second, two)])
    many = [(str(number), one) for number in range(29)]
    yield Vector("S24/29 attachments", REFERENCES, packet, many)


def _base64() -> Iterator[Vector]:
    """S25: many spellings of the same bytes, of which one is allowed."""
    text = _text()
    for name in ("SignatureValue", "X509Certificate", "DigestValue"):
        value = _inner(text, f"ds:{name}")
        spellings = {
            "no padding": value.rstrip("="), "too much padding": value + "=", "padding first": "=" + value,
            "set bits in the padding": _padding_bits(value), "the URL alphabet": value.replace("+", "-").replace("/", "_") if set(value) & set("+/") else "-" + value[1:],
            "letters that are none": value[:-4] + "ä" + value[-3:], "a space in front": " " + value, "a space behind": value + " ",
            "a line break": value[:40] + "\n" + value[40:], "a line break in the padding": value[:-1] + "\n" + value[-1], "a tab": value[:8] + "\t" + value[8:],
            "a carriage return": value[:8] + "\r" + value[8:], "U+00A0": value[:8] + "\u00a0" + value[8:], "U+0085": value[:8] + "\u0085" + value[8:],
            "U+2028": value[:8] + "\u2028" + value[8:], "nothing": "", "only white space": "\n ", "a dot": value[:8] + "." + value[8:], "text after the padding": value + "AAAA",
        }  # fmt: skip
        for label, spelling in spellings.items():
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


def _contexts() -> Iterator[Vector]:
    """S26: a true signature in another place: another recipient, document, kind or sender."""
    text = _text()
    own = between(text, "<ds:Signature ", "</ds:Signature>")
    for label, old, new in (
        ("another recipient", "H41.02", "H99.99"), ("another sender", ">G22<", ">G21<"), ("another document id", "G22,2026/11/20", "G22,2026/11/21"),
        ("another subject", "kết nối", "cắt"), ("another date", ">2026/11/20<", ">2026/11/22<"), ("another hop", "07:59", "07:58"),
        ("white space in the text", "Hà Nội", "Hà  Nội"), ("white space between elements", "\n        <edXML:To>", "\n       <edXML:To>"),
        ("a prefix for another", "edXML:TypeName", "edX:TypeName"), ("another letter that looks the same", "TTĐT", "TTÐT"),
    ):  # fmt: skip
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


def _certificates() -> Iterator[Vector]:
    """Seals that are true, by certificates that do not count."""
    untrusted, validity = Reason.SEAL_CERTIFICATE_UNTRUSTED, Reason.SEAL_CERTIFICATE_VALIDITY
    ones = pki()
    for label, identity, reason in (
        ("expired", ones.expired, validity), ("not yet valid", ones.not_yet_valid, validity), ("of a stranger's root", ones.stranger, untrusted),
        ("self-signed", ones.self_signed, untrusted), ("made for a server", ones.wrong_usage, untrusted), ("of the authority itself", ones.issuing, untrusted),
    ):  # fmt: skip
        yield Vector(f"certificate/{label}", reason, sealed(identity.signer), certificates=(identity.der,))
    good = Vector("certificate/read after its end", validity, sealed(), at=NOW + 366 * DAY)
    yield good
    yield replace(good, name="certificate/read before its start", at=NOW - 31 * DAY)
    yield replace(
        good, name="certificate/signed six minutes from now", reason=PROPERTIES, at=NOW - timedelta(minutes=6)
    )


def _inner(text: str, name: str) -> str:
    """The text of the first element of this name."""
    return between(text, f"<{name}>", f"</{name}>").removeprefix(f"<{name}>").removesuffix(f"</{name}>")


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
