"""S1 to S11: wrapping, doubled Ids, namespaces, markup and copies that make a true signature cover something else."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from gateway.model.reasons import Reason
from tests.trust.sample import QCVN
from tests.vectors.forge import DS, between, swap
from tests.vectors.seal_vector import AMBIGUOUS, MISSING, REFERENCES, SHA1, STRUCTURE, Vector, both, sealed_text


def wrapped() -> Iterator[Vector]:
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
        yield from both(f"S1/{label}", reason, swap(envelope, replacement))
    places = {
        "in the root": ("</edXML>", STRUCTURE),
        "in the body": ("</edXML:edXMLBody>", AMBIGUOUS),
        "in the message header": ("</edXML:MessageHeader>", AMBIGUOUS),
        "in the manifest": ("</edXML:edXMLManifest>", AMBIGUOUS),
        "before the trace": ("<edXML:TraceHeaderList>", AMBIGUOUS),
    }
    for label, (anchor, reason) in places.items():
        place = signature + anchor
        yield from both(
            f"S1/Signature {label}", reason, lambda text, a=anchor, p=place: text.replace(signature, "").replace(a, p)
        )
    for element in ("edXMLHeader", "MessageHeader", "edXMLBody", "edXMLManifest"):
        twin = between(sealed_text().replace(signature, ""), f"<edXML:{element}", f"</edXML:{element}>").replace(
            "H41.02", "H99.99"
        )
        end = f"</edXML:{element}>"
        yield from both(f"S1/second {element}", AMBIGUOUS, swap(end, end + twin))
        yield from both(
            f"S1/second {element} in a Subject", AMBIGUOUS, swap("</edXML:Subject>", twin + "</edXML:Subject>")
        )


def _pieces() -> tuple[str, str, str]:
    """The envelope with its Signature, the Signature, and a forged envelope without one for another addressee."""
    text = sealed_text()
    envelope = between(text, "<edXML:edXMLEnvelope", "</edXML:edXMLEnvelope>")
    signature = between(text, "<ds:Signature ", "</ds:Signature>")
    return envelope, signature, envelope.replace(signature, "").replace("H41.02", "H99.99")


def doubled_ids() -> Iterator[Vector]:
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
            yield from both(f"S2/{label} also {value}", AMBIGUOUS, swap(tag, f'{tag[:-1]} Id="{value}">'))
    yield from both("S2/root also envelope", AMBIGUOUS, swap("<edXML xmlns", '<edXML Id="envelope" xmlns'))
    yield from both("S2/manifest also envelope", AMBIGUOUS, swap('version="1.0">', 'version="1.0" Id="envelope">'))
    for element in ("ds:SignedInfo", "ds:KeyInfo", "ds:Object", "ds:SignatureValue", "xades:SigningTime"):
        yield from both(f"S2/{element} also envelope", STRUCTURE, swap(f"<{element}", f'<{element} Id="envelope"'))
    own = 'Id="envelope"'
    spellings = {
        "ID": 'ID="envelope"',
        "id": 'id="envelope"',
        "iD": 'iD="envelope"',
        "xml:id": 'xml:id="envelope"',
        "q:Id": 'xmlns:q="urn:q" q:Id="envelope"',
        "q:ID": 'xmlns:q="urn:q" q:ID="envelope"',
    }
    for label, attribute in spellings.items():
        yield from both(f"S3/{label} beside Id", AMBIGUOUS, swap(own, f"{own} {attribute}"))
        yield from both(f"S3/{label} beside an evil Id", AMBIGUOUS, swap(own, f'Id="evil" {attribute}'))
        yield from both(f"S3/{label} instead of Id", AMBIGUOUS, swap(own, attribute))
        yield from both(
            f"S3/{label} on the message header",
            AMBIGUOUS,
            swap("<edXML:MessageHeader>", f"<edXML:MessageHeader {attribute}>"),
        )
    yield from both("S3/another Id on the envelope", STRUCTURE, swap(own, 'Id="evil"'))
    yield from both("S3/no Id on the envelope", STRUCTURE, swap(" " + own, ""))
    yield from both("S3/xml:base", STRUCTURE, swap("<edXML:Subject>", '<edXML:Subject xml:base="http://127.0.0.1/">'))
    yield from both("S3/another Id on the Signature", STRUCTURE, swap('Id="seal"', 'Id="stamp"'))


def namespaces() -> Iterator[Vector]:
    """S4 and S5: names that look right in a wrong namespace, and namespaces that have no canonical form."""
    text = sealed_text()
    signature = between(text, "<ds:Signature ", "</ds:Signature>")
    for label, uri in {
        "without #": DS[:-1],
        "https": DS.replace("http:", "https:"),
        "upper case": DS.upper(),
        "the axis's": QCVN,
        "XMLDSig 1.1": "http://www.w3.org/2009/xmldsig11#",
    }.items():
        yield Vector(
            f"S4/Signature in the namespace {label}",
            MISSING,
            text.replace(signature, signature.replace(DS, uri)).encode(),
        )
    fake = '<edXML:Signature xmlns:edXML="{0}"></edXML:Signature>'
    yield from both(
        "S4/placeholder Signature before the seal",
        AMBIGUOUS,
        swap("<ds:Signature ", fake.format(QCVN) + "<ds:Signature "),
    )
    yield from both(
        "S4/Signature of another namespace beside",
        AMBIGUOUS,
        swap("<ds:Signature ", fake.format("urn:x") + "<ds:Signature "),
    )
    yield from both(
        "S4/ds element outside the seal",
        STRUCTURE,
        swap("</edXML:Subject>", f'<ds:Object xmlns:ds="{DS}"/></edXML:Subject>'),
    )
    yield from both(
        "S4/foreign element in the envelope", STRUCTURE, swap("</edXML:Subject>", '<x xmlns="urn:x"/></edXML:Subject>')
    )
    for element in ("SignedInfo", "SignatureValue", "KeyInfo", "X509Data", "Object"):
        renamed = text.replace(f"<ds:{element}", f'<x:{element} xmlns:x="urn:x"').replace(
            f"</ds:{element}>", f"</x:{element}>"
        )
        yield Vector(f"S4/{element} of another namespace", STRUCTURE, renamed.encode())
    yield Vector(
        "S4/namespace by ATTLIST",
        STRUCTURE,
        swap("<edXML xmlns", '<!DOCTYPE edXML [<!ATTLIST edXML xmlns:z CDATA "urn:z">]><edXML xmlns')(text).encode(),
    )
    for label, declaration in {
        "a relative namespace": 'xmlns:p="1"',
        "a relative path": 'xmlns:p="../x"',
        "a relative namespace by reference": 'xmlns:p="&#49;"',
    }.items():
        for tag in ("<edXML:Subject", "<edXML ", "<AttachmentEncoded", "<ds:SignedInfo", "<edXML:edXMLEnvelope"):
            cut = text.replace(
                tag, f"{tag.rstrip()} {declaration} " if tag.endswith(" ") else f"{tag} {declaration}", 1
            )
            yield Vector(f"S5/{label} on {tag.strip('<').strip()}", STRUCTURE, cut.encode())
    yield Vector("S5/no namespace", STRUCTURE, swap("<Attachment>", '<Attachment xmlns="">')(text).encode())


def second_blocks() -> Iterator[Vector]:
    """S6 and S10: a second SignedInfo or DigestValue for a careless search to find."""
    text = sealed_text()
    info = between(text, "<ds:SignedInfo", "</ds:SignedInfo>")
    reference = between(text, "<ds:Reference", "</ds:Reference>")
    value = between(text, "<ds:DigestValue>", "</ds:DigestValue>")
    other = "<ds:DigestValue>" + base64.b64encode(bytes(32)).decode() + "</ds:DigestValue>"
    yield from both("S6/two SignedInfo", STRUCTURE, swap(info, info + info))
    yield from both("S6/forged SignedInfo first", STRUCTURE, swap(info, info.replace(value, other) + info))
    yield from both("S6/SignedInfo wrapped", STRUCTURE, swap(info, f"<ds:Object>{info}</ds:Object>"))
    yield from both("S6/SignedInfo in SignedInfo", STRUCTURE, swap("</ds:SignedInfo>", info + "</ds:SignedInfo>"))
    yield from both("S6/SignedInfo in Object", STRUCTURE, swap("<ds:Object>", "<ds:Object>" + info))
    yield from both("S6/no SignedInfo", STRUCTURE, swap(info, ""))
    yield from both("S6/SignedInfo after SignatureValue", STRUCTURE, lambda one: _reordered(one, info))
    yield from both("S10/second DigestValue", REFERENCES, swap(value, value + other))
    yield from both("S10/other DigestValue first", REFERENCES, swap(value, other + value))
    yield from both("S10/DigestValue in DigestValue", STRUCTURE, swap(value, value.replace("</", other + "</", 1)))
    yield from both("S10/Reference in Object", STRUCTURE, swap("<ds:Object>", "<ds:Object>" + reference))
    yield from both(
        "S10/DigestValue in an extension",
        STRUCTURE,
        swap("</edXML:Subject>", f'<x xmlns:ds="{DS}">{other}</x></edXML:Subject>'),
    )
    yield from both(
        "S10/second DigestMethod",
        REFERENCES,
        swap("<ds:DigestValue>", f'<ds:DigestMethod Algorithm="{SHA1}"/><ds:DigestValue>'),
    )
    yield from both(
        "S10/Manifest of references",
        STRUCTURE,
        swap("<ds:Object>", f"<ds:Object><ds:Manifest>{reference}</ds:Manifest>"),
    )


def _reordered(text: str, info: str) -> str:
    return text.replace(info, "").replace("</ds:SignatureValue>", "</ds:SignatureValue>" + info)


def marked_up() -> Iterator[Vector]:
    """S7, S8, S9: comments, CDATA, instructions, references and DTDs, which programs read differently."""
    text = sealed_text()
    marks = {
        "a comment": "<!--x-->",
        "a processing instruction": "<?x y?>",
        "a CDATA section": "<![CDATA[]]>",
    }
    signed = ("DigestValue", "SignatureValue", "X509Certificate")
    business = ("OrganId", "DocumentId", "CodeNumber", "Subject")
    for label, mark in marks.items():
        for name in signed:
            yield Vector(
                f"S7/{label} in {name}", STRUCTURE, swap(f"</ds:{name}>", f"{mark}</ds:{name}>")(text).encode()
            )
        for name in business:
            marked = both(f"S8/{label} in {name}", STRUCTURE, swap(f"</edXML:{name}>", f"{mark}</edXML:{name}>"))
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


def copies() -> Iterator[Vector]:
    """S11: what is read is not what was signed: the unsigned names beside the base64, or a second copy."""
    text = sealed_text()
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
    yield from both(
        "S11/AttachmentEncoded in the envelope",
        STRUCTURE,
        lambda one: _moved_before(one, beside, "</edXML:edXMLEnvelope>"),
    )


def _moved_before(text: str, piece: str, anchor: str) -> str:
    return text.replace(piece, "").replace(anchor, piece + anchor)
