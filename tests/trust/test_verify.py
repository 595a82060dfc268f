"""What a verifier accepts although it could be written otherwise, what it hands out, and every byte of a packet."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import edxml
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.trust import Verified, read_certificate, seal, verify
from gateway.trust.algorithms import Digest
from tests.pki import NOW, pki
from tests.trust.sample import ATTACHMENTS, Digests, digests, document, sealed, status
from tests.vectors.forge import between, resign, swap

LIMITS = edxml.Limits()


def _verified(skeleton: bytes, attachments: Digests | None = None) -> Verified:
    chosen = digests() if attachments is None else attachments
    return verify(edxml.parse(skeleton, LIMITS), chosen, [pki().p384.der, pki().p256.der], pki().trust, NOW)


def test_the_true_half_of_the_forger_is_true() -> None:
    """`resign` on an unaltered packet gives a good seal, so what its vectors are refused for is their alteration."""
    assert _verified(resign(sealed(), pki().p256.signer)).canonical == _verified(sealed()).canonical


def test_what_is_handed_out_is_what_reference_1_digested() -> None:
    octets = _verified(sealed()).canonical
    assert octets.startswith(b'<edXML:edXMLEnvelope xmlns:edXML="')
    assert octets.endswith(b"</edXML:edXMLEnvelope>")
    assert b"Signature" not in octets
    assert b"AttachmentEncoded" not in octets
    assert "Thứ trưởng".encode() in octets


def test_verifying_leaves_the_tree_as_it_was() -> None:
    parsed = edxml.parse(sealed(), LIMITS)
    first = verify(parsed, digests(), [pki().p256.der], pki().trust, NOW)
    assert verify(parsed, digests(), [pki().p256.der], pki().trust, NOW) == first


@pytest.mark.parametrize("prefix", ["dsig", "Ds", "_"])
def test_another_prefix_for_the_signature_is_as_good(prefix: str) -> None:
    text = sealed().decode().replace("ds:", f"{prefix}:").replace("xmlns:ds=", f"xmlns:{prefix}=")
    assert _verified(resign(text.encode(), pki().p256.signer))


def test_the_default_namespace_for_the_signature_is_as_good() -> None:
    signature = between(sealed().decode(), "<ds:Signature ", "</ds:Signature>")
    bare = signature.replace("<ds:", "<").replace("</ds:", "</").replace("xmlns:ds=", "xmlns=")
    text = sealed().decode().replace(signature, bare)
    assert _verified(resign(text.encode(), pki().p256.signer))


@pytest.mark.parametrize("space", ["\n", "\n    ", "\t", " \r\n "])
def test_white_space_between_the_elements_of_a_signature_is_as_good(space: str) -> None:
    signature = between(sealed().decode(), "<ds:Signature ", "</ds:Signature>")
    text = sealed().decode().replace(signature, signature.replace("><", f">{space}<"))
    for empty in ("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"):
        text = text.replace(f">{space}</ds:{empty}>", f"></ds:{empty}>")
    assert _verified(resign(text.encode(), pki().p256.signer))


@pytest.mark.parametrize("digest", [Digest.SHA384, Digest.SHA512])
@pytest.mark.parametrize("place", [0, 3])
def test_longer_digests_are_as_good(digest: Digest, place: int) -> None:
    pieces = sealed().decode().split(f'"{Digest.SHA256}"')
    text = (
        f'"{Digest.SHA256}"'.join(pieces[: place + 1]) + f'"{digest}"' + f'"{Digest.SHA256}"'.join(pieces[place + 1 :])
    )
    assert _verified(resign(text.encode(), pki().p256.signer))


def test_the_right_issuer_and_serial_are_as_good_as_none() -> None:
    serial = base64.b64encode(read_certificate(pki().p256.der).issuer_serial).decode()
    added = f"</xades:CertDigest><xades:IssuerSerialV2>{serial}</xades:IssuerSerialV2>"
    text = swap("</xades:CertDigest>", added)(sealed().decode())
    assert _verified(resign(text.encode(), pki().p256.signer))


def test_a_signing_time_five_minutes_ahead_of_our_clock_is_a_clock() -> None:
    text = swap("08:00:00Z", "08:05:00Z")(sealed().decode())
    assert _verified(resign(text.encode(), pki().p256.signer))


def test_a_status_packet_is_verified_without_attachments() -> None:
    assert _verified(seal(status(), [], pki().p256.signer, NOW), [])


def test_what_was_signed_reads_as_what_was_said() -> None:
    skeleton = sealed()
    content = edxml.read_content(_verified(skeleton).canonical, LIMITS)
    assert content.sender.id == "G22"


def _outcome(skeleton: bytes, attachments: Digests) -> bytes | Reason:
    """The octets a reader would go on with, or the reason there are none: parse, then verify, as examination does."""
    try:
        return _verified(skeleton, attachments).canonical
    except Refused as no:
        return no.reason


GOOD = sealed()
SIGNATURE_AT = (GOOD.index(b"<ds:Signature "), GOOD.index(b"</ds:Signature>") + len(b"</ds:Signature>"))


def _flips(position: int) -> list[bytes]:
    """The packet with one byte changed: each bit, and to the letters an attacker would try."""
    changed = {GOOD[position] ^ 1 << bit for bit in range(8)} | set(b" <&\"'A0=\n")
    return [GOOD[:position] + bytes([byte]) + GOOD[position + 1 :] for byte in sorted(changed - {GOOD[position]})]


def test_a_byte_changed_anywhere_in_the_signature_is_refused_or_changes_nothing() -> None:
    expected = _verified(GOOD).canonical
    for position in range(*SIGNATURE_AT):
        for packet in _flips(position)[position % 8 :: 8]:
            outcome = _outcome(packet, digests())
            assert isinstance(outcome, Reason) or outcome == expected, (position, packet[position])


def test_a_byte_changed_anywhere_in_the_packet_is_refused_or_changes_nothing() -> None:
    expected = _verified(GOOD).canonical
    for position in [*range(SIGNATURE_AT[0]), *range(SIGNATURE_AT[1], len(GOOD))]:
        for packet in _flips(position)[position % 6 :: 6]:
            outcome = _outcome(packet, digests())
            assert isinstance(outcome, Reason) or outcome == expected, (position, packet[position])


class _Forgetful:
    """A sink that keeps nothing: the digests are what counts here."""

    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


def _read_whole(file: bytes) -> tuple[bytes, list[str]] | Reason:
    """The field's file with its base64 inside, cut, parsed and verified: the octets and the attachments' digests."""
    cutter = edxml.Cutter(LIMITS, _Forgetful)
    try:
        cutter.feed(file)
        skeleton, parts = cutter.finish()
        found = [part.sha256 for part in parts]
        canonical = _verified(skeleton, list(zip(ATTACHMENTS, found, strict=False))).canonical
    except Refused as no:
        return no.reason
    return canonical, found


def test_a_byte_changed_anywhere_in_the_file_with_its_attachments_is_refused_or_changes_nothing() -> None:
    whole = b"".join(edxml.inline(GOOD, [[data] for _, _, data in ATTACHMENTS.values()]))
    expected = _read_whole(whole)
    assert not isinstance(expected, Reason)
    for position in range(len(whole)):
        for byte in (whole[position] ^ 1 << position % 8, b" A=<"[position % 4]):
            outcome = _read_whole(whole[:position] + bytes([byte]) + whole[position + 1 :])
            assert isinstance(outcome, Reason) or outcome == expected, (position, byte)


@given(position=st.integers(0, len(GOOD) - 1), length=st.integers(1, 40))
def test_a_packet_with_a_piece_cut_out_is_refused_or_unchanged(position: int, length: int) -> None:
    outcome = _outcome(GOOD[:position] + GOOD[position + length :], digests())
    assert isinstance(outcome, Reason) or outcome == _verified(GOOD).canonical


@given(
    start=st.integers(0, len(GOOD) - 1),
    length=st.integers(1, 3_000),
    target=st.integers(0, len(GOOD) - 1),
    snap=st.booleans(),
)
def test_a_packet_with_a_piece_of_itself_planted_elsewhere_is_refused_or_unchanged(
    start: int, length: int, target: int, snap: bool
) -> None:
    """`snap` moves the ends to the next tag, so that many plants are well-formed."""
    end = start + length
    if snap:
        start, end, target = (max(GOOD.find(b"<", at), 0) for at in (start, end, target))
    outcome = _outcome(GOOD[:target] + GOOD[start:end] + GOOD[target:], digests())
    assert isinstance(outcome, Reason) or outcome == _verified(GOOD).canonical


@given(length=st.integers(0, len(GOOD) - 2))
def test_a_truncated_packet_is_refused(length: int) -> None:
    assert isinstance(_outcome(GOOD[:length], digests()), Reason)


@given(content_id=st.text(max_size=20), digest=st.binary(min_size=32, max_size=32))
def test_other_attachments_than_those_signed_are_refused(content_id: str, digest: bytes) -> None:
    (first, _), last = digests()
    assert isinstance(_outcome(GOOD, [(first, digest.hex()), last]), Reason)
    assert _outcome(GOOD, [(content_id, digest.hex()), last]) is not Reason.INTERNAL
    assert isinstance(_outcome(GOOD, [*digests(), (content_id, digest.hex())]), Reason)


def test_the_unsealed_packet_is_refused_as_missing_its_seal() -> None:
    assert _outcome(document(), digests()) is Reason.SEAL_MISSING


def test_what_the_writer_writes_is_sealed_in_the_strict_form_and_read_back_from_what_was_signed() -> None:
    content = edxml.read_content(_verified(GOOD).canonical, LIMITS)
    listed = [edxml.NewAttachment(one, kind, name) for one, (name, kind, _) in ATTACHMENTS.items()]
    parsed = edxml.parse(seal(edxml.write(content, listed), digests(), pki().p256.signer, NOW), LIMITS)
    assert edxml.signature_state(parsed) is edxml.SignatureState.STRICT_CANDIDATE
    assert not edxml.validate(parsed, edxml.Profile.STRICT)
    verified = verify(parsed, digests(), [pki().p256.der], pki().trust, NOW)
    assert edxml.read_content(verified.canonical, LIMITS) == content
