"""S12 to S19: whose key, which algorithms, what is referenced and how it is transformed."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.trust import KeySigner, seal
from tests.pki import NOW, Identity, pki
from tests.trust.sample import digests, document, sealed
from tests.vectors.forge import DS, INCLUSIVE, between, resign, swap
from tests.vectors.seal_vector import (
    ALGORITHM,
    AMBIGUOUS,
    ECDSA_SHA256,
    ENVELOPED,
    EXC,
    KEY,
    MORE,
    REFERENCES,
    SHA1,
    SHA256,
    SIGNATURE,
    STRUCTURE,
    Vector,
    b64,
    both,
    sealed_text,
)


def hmac() -> Iterator[Vector]:
    """S12, S13, S14: a MAC keyed with what everybody has, whole or cut to nothing."""
    for label, uri in {
        "hmac-sha1": DS + "hmac-sha1",
        "hmac-sha256": MORE + "hmac-sha256",
        "hmac-sha512": MORE + "hmac-sha512",
    }.items():
        yield from both(f"S12/{label}", ALGORITHM, swap(ECDSA_SHA256, uri))
    method = f'<ds:SignatureMethod Algorithm="{ECDSA_SHA256}">'
    for bits in (0, 1, 8, 40):
        length = f"<ds:HMACOutputLength>{bits}</ds:HMACOutputLength>"
        yield from both(
            f"S13/HMACOutputLength {bits}",
            ALGORITHM,
            swap(method, method.replace(ECDSA_SHA256, MORE + "hmac-sha256") + length),
        )
        yield from both(f"S13/HMACOutputLength {bits} under ECDSA", ALGORITHM, swap(method, method + length))
    yield from both(
        "S14/HMAC named by its key", ALGORITHM, swap(method, method.replace(ECDSA_SHA256, MORE + "hmac-md5"))
    )
    yield from both("S12/RSA with an ECDSA key", KEY, swap(ECDSA_SHA256, MORE + "rsa-sha256"))
    rsa = pki().rsa2048
    ecdsa = sealed(rsa.signer).decode().replace(MORE + "rsa-sha256", ECDSA_SHA256).encode()
    yield Vector("S12/ECDSA with an RSA key", KEY, resign(ecdsa, rsa.signer), certificates=(rsa.der,))


def keys() -> Iterator[Vector]:
    """S15: the key is taken from the message."""
    own, thief, twin = pki().p256, pki().self_signed, pki().issuing.issue("Bộ Kiểm thử P-256", pki().gateway.key)
    text = sealed_text()
    for label, identity in {
        "a self-signed certificate": thief,
        "the same name, another key": twin,
        "another agency": pki().p384,
    }.items():
        yield Vector(f"S15/{label}", KEY, sealed(identity.signer))
    certificate = between(text, "<ds:X509Certificate>", "</ds:X509Certificate>")
    stolen = certificate.replace(b64(own.der), b64(thief.der))
    data = between(text, "<ds:X509Data>", "</ds:X509Data>")
    key_value = '<ds:KeyValue><ds:ECKeyValue xmlns="http://www.w3.org/2009/xmldsig11#"/></ds:KeyValue>'
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
        yield from both(f"S15/{label}", STRUCTURE, swap(old, new))
    yield Vector("S15/a thief signs, KeyInfo names the agency", SIGNATURE, resign(text.encode(), thief.signer))
    yield Vector("S15/a thief's certificate swapped in", KEY, text.replace(certificate, stolen).encode())
    yield Vector(
        "S15/a certificate nobody can read",
        KEY,
        text.replace(b64(own.der), b64(b"nothing")).encode(),
        certificates=(b"nothing",),
    )
    yield Vector("S15/no certificate in the directory", KEY, text.encode(), certificates=())


def addresses() -> Iterator[Vector]:
    """S16: references that make a verifier fetch."""
    for uri in (
        "http://127.0.0.1:9/x",
        "https://example.invalid/",
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://127.0.0.1/x",
        "cid:other",
        "CID:209",
        "cid:%32%30%39",
        "cid:209#x",
        "cid:",
        "209",
        "#209",
    ):
        yield from both(f"S16/{uri} for an attachment", REFERENCES, swap('URI="cid:209"', f'URI="{uri}"'))
    for uri in ("#seal", "#forged", "#xpointer(/)", "#xpointer(id('envelope'))", "http://127.0.0.1/x", "cid:209", ""):
        yield from both(
            f"S16/{uri or 'the whole file'} for the envelope", REFERENCES, swap('URI="#envelope"', f'URI="{uri}"')
        )
    yield from both("S16/no URI", REFERENCES, swap(' URI="#envelope"', ""))
    yield from both(
        "S16/an Id on a Reference",
        REFERENCES,
        swap('<ds:Reference URI="#envelope"', '<ds:Reference Id="r" URI="#envelope"'),
    )
    yield from both(
        "S16/a Type on the envelope's Reference",
        REFERENCES,
        swap('URI="#envelope"', f'Type="{DS}Object" URI="#envelope"'),
    )


def transforms() -> Iterator[Vector]:
    """S17 and S19: transforms that change what is digested, and other canonical forms."""
    enveloped, exclusive = (f'<ds:Transform Algorithm="{one}"></ds:Transform>' for one in (ENVELOPED, EXC))
    for label, uri in {
        "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "XPath filter 2": "http://www.w3.org/2002/06/xmldsig-filter2",
        "decrypt": "http://www.w3.org/2002/07/decrypt#XML",
        "base64": DS + "base64",
        "unknown": "urn:x",
        "inclusive C14N": INCLUSIVE,
        "C14N with comments": EXC + "WithComments",
        "C14N 1.1": "http://www.w3.org/2006/12/xml-c14n11",
        "nothing": "",
    }.items():
        other = f'<ds:Transform Algorithm="{uri}"></ds:Transform>'
        yield from both(f"S17/{label} added", REFERENCES, swap(enveloped, enveloped + other))
        yield from both(f"S17/{label} instead of enveloped", REFERENCES, swap(enveloped, other))
        yield from both(f"S19/{label} as the transform", REFERENCES, swap(enveloped + exclusive, enveloped + other))
        yield from both(
            f"S19/{label} as the canonical form of SignedInfo",
            ALGORITHM,
            swap(f'Method Algorithm="{EXC}"', f'Method Algorithm="{uri}"'),
        )
    yield from both("S17/100 canonical forms", REFERENCES, swap(exclusive, exclusive * 100))
    yield from both("S17/no enveloped transform", REFERENCES, swap(enveloped, ""))
    yield from both("S17/no canonical form", REFERENCES, swap(enveloped + exclusive, enveloped))
    yield from both("S17/the wrong order", REFERENCES, swap(enveloped + exclusive, exclusive + enveloped))
    yield from both("S17/no transforms", REFERENCES, swap(f"<ds:Transforms>{enveloped}{exclusive}</ds:Transforms>", ""))
    yield from both("S17/empty transforms", REFERENCES, swap(enveloped + exclusive, ""))
    yield from both(
        "S17/two Transforms",
        REFERENCES,
        swap("</ds:Transforms>", f"</ds:Transforms><ds:Transforms>{exclusive}</ds:Transforms>"),
    )
    yield from both(
        "S17/a transform of an attachment",
        REFERENCES,
        swap('URI="cid:209">', f'URI="cid:209"><ds:Transforms>{exclusive}</ds:Transforms>'),
    )
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="edXML"/>'
    yield from both(
        "S17/a PrefixList in the transform", ALGORITHM, swap(exclusive, exclusive.replace("></", f">{listed}</"))
    )
    yield from both(
        "S17/a PrefixList in SignedInfo's form",
        ALGORITHM,
        swap(f'Method Algorithm="{EXC}">', f'Method Algorithm="{EXC}">{listed}'),
    )
    yield from both(
        "S17/an XPath in the transform",
        ALGORITHM,
        swap(exclusive, exclusive.replace("></", "><ds:XPath>1</ds:XPath></")),
    )
    yield from both("S19/no canonical form named", ALGORITHM, swap(f'Method Algorithm="{EXC}"', "Method"))


def counts() -> Iterator[Vector]:
    """S18: references too few, too many, in another order."""
    text = sealed_text()
    envelope, first, second, properties = _references(text)
    everything = envelope + first + second + properties
    for label, references in {
        "none": "",
        "only the envelope": envelope,
        "no envelope": first + second + properties,
        "no properties": envelope + first + second,
        "no attachments": envelope + properties,
        "an attachment missing": envelope + first + properties,
        "an attachment twice": envelope + first + first + properties,
        "one reference more": everything + first,
        "the envelope twice": envelope + everything,
        "properties first": properties + envelope + first + second,
        "attachments in another order": envelope + second + first + properties,
        "1,000 of them": envelope + first * 998 + properties,
    }.items():
        yield from both(f"S18/{label}", REFERENCES, swap(everything, references))
    yield from both("S18/the whole file, signed from the body", AMBIGUOUS, _nested_whole)


def _references(text: str) -> list[str]:
    info = between(text, "<ds:SignedInfo", "</ds:SignedInfo>").removesuffix("</ds:SignedInfo>")
    return [f"<ds:Reference{one}" for one in info.split("<ds:Reference")[1:]]


def _nested_whole(text: str) -> str:
    signature = between(text, "<ds:Signature ", "</ds:Signature>")
    moved = text.replace(signature, "").replace("</edXML:edXMLBody>", signature + "</edXML:edXMLBody>")
    return moved.replace('URI="#envelope"', 'URI=""')


def downgrades() -> Iterator[Vector]:
    """S21: weak or unknown algorithms, anywhere."""
    for name in ("rsa-sha1", "dsa-sha1"):
        yield from both(f"S21/{name}", ALGORITHM, swap(ECDSA_SHA256, DS + name))
    for name in (
        "ecdsa-sha1",
        "ecdsa-sha224",
        "rsa-md5",
        "rsa-ripemd160",
        "ecdsa-ripemd160",
        "esign-sha1",
        "ECDSA-SHA256",
    ):
        yield from both(f"S21/{name}", ALGORITHM, swap(ECDSA_SHA256, MORE + name))
    for uri in (
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        "",
        "none",
    ):
        yield from both(f"S21/SignatureMethod {uri or 'empty'}", ALGORITHM, swap(ECDSA_SHA256, uri))
    weak = {
        "sha1": SHA1,
        "md5": MORE + "md5",
        "sha224": MORE + "sha224",
        "ripemd160": "http://www.w3.org/2001/04/xmlenc#ripemd160",
    }
    text = sealed_text()
    for label, uri in weak.items():
        for number, what in enumerate(
            ("the envelope", "an attachment", "an attachment too", "the properties", "the certificate")
        ):
            yield from both(
                f"S21/{label} for {what}", ALGORITHM, lambda one, n=number, u=uri: _nth(one, f'"{SHA256}"', f'"{u}"', n)
            )
    yield from both(
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
