"""What an attacker would try with a case: each attempt is answered with the name of what is wrong."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.ledger.archive import pack, unpack
from gateway.ledger.case import CHECKPOINT, Case, seal_case, write_case
from gateway.ledger.check import check_case
from gateway.ledger.check_parts import Known
from gateway.ledger.cosignature import Cosigner, WitnessKey
from gateway.ledger.destruction import read_destruction
from gateway.ledger.entry import Entry, EntryKind, decode
from gateway.ledger.evidence import Submission, evidence_of, write_evidence
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import cut_note
from gateway.ledger.receipt import write_receipt
from gateway.trust import countersign
from gateway.trust.timestamp import request
from tests.ledger.cases import (
    ACKNOWLEDGED,
    AT,
    LOG,
    acceptance,
    changed,
    evidence,
    facts,
    outcome,
    proven,
    sealed,
    sha,
    whole,
    written,
)
from tests.ledger.ledgers import note_signer
from tests.pki import pki
from tests.tsa import authority

EVENT = "evidence/40-ContentHandover.xml"


def faults(data: bytes, known: Known = Known()) -> dict[str, Fault]:  # noqa: B008  frozen
    return {one.member: one.fault for one in check_case(data, LOG.key.vkey, known).wrong}


def another() -> Case:
    """A true case of another dispatch in another state of the ledger."""
    stated = replace(facts(sealed(), sha(pki().p256.der)), dispatch_id="01KB2M7Q0N5W4Z8T3R6Y9C1D2F")
    receipt_xml = countersign(write_receipt(stated), pki().gateway.signer, AT)
    entries = (acceptance(stated, receipt_xml), outcome(EntryKind.DELIVER, stated.dispatch_id))
    return changed(proven(*entries), receipt_xml=receipt_xml, envelope=sealed())


def event_case() -> Case:
    return replace(whole(), papers=None, entries=[one for one in whole().entries if one.index == 40])


@pytest.mark.parametrize("name", sorted(unpack(written(event_case()))))
def test_a_flipped_bit_in_a_case_for_a_third_party_is_named(name: str) -> None:
    good = unpack(written(event_case()))
    for place in (0, len(good[name]) // 2, len(good[name]) - 1):
        bad = good[name][:place] + bytes([good[name][place] ^ 1]) + good[name][place + 1 :]
        assert name in faults(pack({**good, name: bad})), place


def test_every_member_swapped_in_from_another_true_case_is_named() -> None:
    good, other = unpack(written(whole())), unpack(written(another()))
    swapped = [name for name in good if name in other and good[name] != other[name]]
    assert {"receipt.xml", EVENT, "entries/40.txt", "entries/40.tlog-proof", CHECKPOINT, "page.html"} < set(swapped)
    for name in swapped:
        wrong = faults(pack({**good, name: other[name]}))
        assert name in wrong or (wrong and name in (CHECKPOINT, SIGNATURES)), (name, wrong)  # what they speak of is


@pytest.mark.parametrize("name", ["checkpoint.tsr", "checkpoint.cosigned"])
def test_a_flipped_bit_in_what_third_parties_signed_is_named(name: str) -> None:
    tsa, case = authority(), replace(whole(), evidence=evidence(whole()))
    line, key = cosigned(cut_note(case.checkpoint)[0])
    stamp = tsa.respond(request(case.checkpoint, b"12345678"))
    case = replace(case, stamp=stamp, cosigned=case.checkpoint + line)
    good, known = unpack(write_case(case, pki().gateway.signer, AT)), Known((tsa.root.der,), (key,))
    assert not faults(pack(good), known)
    for place in range(0, len(good[name]), max(1, len(good[name]) // 12)):
        bad = good[name][:place] + bytes([good[name][place] ^ 1]) + good[name][place + 1 :]
        assert name in faults(pack({**good, name: bad}), known), place


def test_evidence_of_another_dispatch_is_named_even_where_the_gateway_sealed_the_container() -> None:
    case = whole()
    stolen = {**evidence(case), (40, "ContentHandover"): evidence(another())[40, "ContentHandover"]}
    data = write_case(replace(case, evidence=stolen), pki().gateway.signer, AT)
    assert faults(data) == {EVENT: Fault.CASE_EVIDENCE_DIFFERS}


def test_evidence_left_out_is_missed_even_where_the_gateway_sealed_the_container() -> None:
    kept = {name: xml for name, xml in evidence(whole()).items() if name != (40, "ContentHandover")}
    data = write_case(replace(whole(), evidence=kept), pki().gateway.signer, AT)
    assert faults(data) == {EVENT: Fault.CASE_MISSING}


def test_a_checkpoint_of_another_tree_is_named() -> None:
    data = write_case(
        replace(whole(), checkpoint=another().checkpoint, evidence=evidence(whole())), pki().gateway.signer, AT
    )
    assert set(faults(data).values()) <= {Fault.PROOF_INCLUSION, Fault.CASE_NO_ACCEPTANCE}
    assert "entries/40.tlog-proof" in faults(data)


def test_a_container_sealed_by_somebody_else_is_named() -> None:
    """A thief has every file but not the gateway's key: his own seal brings his own certificate."""
    inside = {name: data for name, data in unpack(written(whole())).items() if not name.startswith("META-INF/")}
    inside.pop("mimetype")
    assert faults(seal_case(inside, pki().stranger.signer, AT)) == {
        "META-INF/signatures.xml": Fault.CASE_SIGNER_UNKNOWN
    }


def test_who_sealed_is_said_where_the_ledger_does_not_vouch_for_the_certificate() -> None:
    """A later certificate of the gateway's, or a thief's who brings it along: what the ledger proves stands all the
    same, and whose word the rest is stays open."""
    data = write_case(replace(whole(), evidence=evidence(whole())), pki().stranger.signer, AT)
    report = check_case(data, LOG.key.vkey)
    assert report.holds
    stranger = next(one for one in report.proven if one.code == "proven.container").values[0][1]
    assert ("subject", stranger) in [one.values[0] for one in report.unproven if one.code == "unproven.authority"]


def test_a_key_that_sealed_nothing_in_the_case_does_not_belong_in_it() -> None:
    stated = facts(sealed(), sha(pki().p256.der))
    receipt_xml = countersign(write_receipt(stated), pki().gateway.signer, AT)
    key = Entry.of(EntryKind.KEY, AT, which="seal", old="-", new=sha(pki().stranger.der))
    case = proven(acceptance(stated, receipt_xml), outcome(EntryKind.DELIVER), key)
    data = written(changed(case, receipt_xml=receipt_xml, envelope=sealed()))
    assert faults(data) == {f"entries/{ACKNOWLEDGED}.txt": Fault.CASE_UNKNOWN}


def test_a_thiefs_evidence_in_a_case_for_a_third_party_is_told_as_his_word() -> None:
    facts_of = next(
        one for one in evidence_of(LOG.key.name, 40, event_case().entries[0].entry, Submission("G09", "0a" * 32, AT))
    )
    forged = countersign(write_evidence(facts_of), pki().stranger.signer, AT)
    data = write_case(replace(event_case(), evidence={(40, "ContentHandover"): forged}), pki().stranger.signer, AT)
    report = check_case(data, LOG.key.vkey)
    open_ones = {one.code: dict(one.values) for one in report.unproven}
    assert open_ones["unproven.binding"]["subject"] == open_ones["unproven.authority"]["subject"] != "CN=Trục"


def test_a_certificate_swapped_for_the_attackers_is_named() -> None:
    good = unpack(written(whole()))
    assert faults(pack({**good, "gateway.pem": pki().stranger.pem})) == {"gateway.pem": Fault.CASE_CERTIFICATE}
    renamed = {**good, f"certificates/{'0' * 64}.pem": pki().stranger.pem}
    assert faults(pack(renamed))[f"certificates/{'0' * 64}.pem"] is Fault.CASE_CERTIFICATE


def test_words_put_into_the_page_are_named_even_where_the_gateway_sealed_them() -> None:
    inside = {name: data for name, data in unpack(written(whole())).items() if not name.startswith("META-INF/")}
    inside.pop("mimetype")
    inside["page.html"] = inside["page.html"].replace(b"</body>", b"<p>Guilty.</p></body>")
    assert faults(seal_case(inside, pki().gateway.signer, AT)) == {"page.html": Fault.CASE_PAGE}


def test_a_page_of_another_release_is_told_as_not_compared_and_still_covered_by_the_seal() -> None:
    inside = {name: data for name, data in unpack(written(whole())).items() if not name.startswith("META-INF/")}
    inside.pop("mimetype")
    inside["page.html"] = re.sub(rb"case page [0-9a-f]{16}", b"case page " + b"0" * 16, inside["page.html"])
    other = seal_case(inside, pki().gateway.signer, AT)
    report = check_case(other, LOG.key.vkey)
    assert report.holds
    assert [dict(one.values) for one in report.unproven if one.code == "unproven.page"] == [{"form": "0" * 16}]
    changed_later = {**unpack(other), "page.html": inside["page.html"].replace(b"<h1>", b"<h2>", 1)}
    assert faults(pack(changed_later))["page.html"] is Fault.CASE_SIGNED_OTHERWISE


def test_other_words_than_those_the_ledger_holds_are_named() -> None:
    data = write_case(
        replace(whole(), evidence=evidence(whole()), reasons={41: bytes(16) + b"words"}), pki().gateway.signer, AT
    )
    assert faults(data) == {"reasons/41.bin": Fault.CASE_REASON_DIFFERS}


def stamped(ahead: timedelta = timedelta(hours=1), checkpoint: bytes | None = None) -> tuple[bytes, Known]:
    tsa = authority()
    tsa.ahead = ahead
    case = replace(whole(), evidence=evidence(whole()))
    stamp = tsa.respond(request(checkpoint or case.checkpoint, b"12345678"))
    return write_case(replace(case, stamp=stamp), pki().gateway.signer, AT), Known((tsa.root.der,))


def test_a_time_stamp_is_proven_with_its_authority_and_only_told_without() -> None:
    data, known = stamped()
    with_it, without = check_case(data, LOG.key.vkey, known), check_case(data, LOG.key.vkey)
    assert with_it.holds and without.holds
    assert "proven.stamped" in [one.code for one in with_it.proven]
    assert "unproven.stamp" in [one.code for one in without.unproven]


def test_a_time_stamp_earlier_than_what_it_covers_is_a_lie() -> None:
    data, known = stamped(-timedelta(hours=1))
    assert faults(data, known) == {"checkpoint.tsr": Fault.CASE_STAMP_BEFORE}


def test_a_time_stamp_over_another_checkpoint_or_of_another_authority_is_named() -> None:
    data, known = stamped(checkpoint=another().checkpoint)
    assert faults(data, known) == {"checkpoint.tsr": Fault.CASE_STAMP}
    data, _ = stamped()
    assert faults(data, Known((pki().root.der,))) == {"checkpoint.tsr": Fault.CASE_STAMP}


def cosigned(text: bytes) -> tuple[bytes, WitnessKey]:
    signer = note_signer(seed=bytes([9]) * 32)
    key = WitnessKey("witness.example", signer.key.public_key)
    return Cosigner(key, signer.sign).cosign(text, AT).encode(), key


def test_a_witness_that_is_believed_is_proven_and_one_that_did_not_sign_is_told() -> None:
    line, key = cosigned(cut_note(whole().checkpoint)[0])
    case = replace(whole(), evidence=evidence(whole()), cosigned=whole().checkpoint + line)
    stranger = WitnessKey("other.example", key.public_key)
    report = check_case(write_case(case, pki().gateway.signer, AT), LOG.key.vkey, Known((), (key, stranger)))
    assert report.holds
    assert "proven.cosigned" in [one.code for one in report.proven]
    assert "unproven.witness" in [one.code for one in report.unproven]


def test_a_cosigned_checkpoint_that_is_another_is_named() -> None:
    line, key = cosigned(cut_note(another().checkpoint)[0])
    case = replace(whole(), evidence=evidence(whole()), cosigned=another().checkpoint + line)
    data = write_case(case, pki().gateway.signer, AT)
    assert faults(data, Known((), (key,))) == {"checkpoint.cosigned": Fault.CASE_COSIGNED_DIFFERS}


def _zip(names: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_tricks_with_the_archive_are_refused_whole() -> None:
    good = written(whole())
    members = unpack(good)
    streamed = bytearray(good)
    struct.pack_into("<H", streamed, 6, 8)  # the first local header says: sizes follow behind the data
    bomb = _zip({**members, "packet/attachments/01": bytes(60_000_000)}, zipfile.ZIP_DEFLATED)
    for trick in (
        _zip(members),
        _zip(members, zipfile.ZIP_DEFLATED),
        bomb,
        _zip({**members, "../../etc/passwd": b"x"}),
        good + b"PK\x05\x06",
        good + b"\0",
        b"MZ" + good,
        bytes(streamed),
        good[:-1],
    ):
        assert set(faults(trick)) == {""}


def test_a_path_that_climbs_out_is_named_even_in_the_canonical_form() -> None:
    for name in ("../x", "/etc/passwd", "packet/../x", "C:\\x"):
        assert faults(pack({**unpack(written(whole())), name: b"x"})) == {name: Fault.CASE_UNKNOWN}


def test_the_type_is_the_first_member_and_stands_where_the_standard_wants_it() -> None:
    data = written(whole())
    assert data[30:38] == b"mimetype" and data[38:69] == b"application/vnd.etsi.asic-e+zip"
    members = unpack(data)
    late = {**{name: one for name, one in members.items() if name != "mimetype"}, "mimetype": members["mimetype"]}
    assert faults(pack(late)) == {"mimetype": Fault.CASE_MIMETYPE}


def test_what_is_proven_stands_whatever_else_is_wrong() -> None:
    good = unpack(written(whole()))
    report = check_case(pack({**good, "page.html": b""}), LOG.key.vkey)
    assert not report.holds
    assert {"proven.accept", "proven.deliver", "proven.packet"} <= {one.code for one in report.proven}
    assert CHECKPOINT in good


SIGNATURES, MANIFEST = "META-INF/signatures.xml", "META-INF/manifest.xml"


def test_what_the_containers_seal_does_not_cover_is_named() -> None:
    inside = unpack(written(whole()))
    covered = {name: data for name, data in inside.items() if not name.startswith("META-INF/") and name != "mimetype"}
    without = unpack(seal_case({name: covered[name] for name in covered if name != EVENT}, pki().gateway.signer, AT))
    assert faults(pack({**without, EVENT: inside[EVENT]})) == {EVENT: Fault.CASE_UNSIGNED}


def test_a_member_that_is_true_in_itself_and_not_what_was_sealed_is_named() -> None:
    """The seal of the container over another evidence of the same event, issued at another time."""
    facts_of_event = evidence_of(LOG.key.name, 40, whole().entries[1].entry, Submission.of(accepted()))
    again = next(one for one in facts_of_event if one.event == "ContentHandover")
    later = countersign(write_evidence(again), pki().gateway.signer, AT + timedelta(seconds=9))
    assert faults(pack({**unpack(written(whole())), EVENT: later})) == {EVENT: Fault.CASE_SIGNED_OTHERWISE}


def test_a_seal_of_the_container_or_of_an_evidence_that_does_not_verify_is_named() -> None:
    good = unpack(written(whole()))
    value = good[SIGNATURES].index(b"SignatureValue") + 60
    other = b"A" if good[SIGNATURES][value : value + 1] != b"A" else b"B"
    broken = good[SIGNATURES][:value] + other + good[SIGNATURES][value + 1 :]
    assert faults(pack({**good, SIGNATURES: broken}))[SIGNATURES] is Fault.CASE_SIGNATURE
    changed_evidence = good[EVENT].replace(b"ContentHandover", b"ContentHandoveR", 1)
    assert faults(pack({**good, EVENT: changed_evidence}))[EVENT] is Fault.CASE_EVIDENCE_SEAL


def test_a_manifest_that_lists_something_else_is_named() -> None:
    good = unpack(written(whole()))
    assert faults(pack({**good, MANIFEST: good[MANIFEST] + b"\n"}))[MANIFEST] is Fault.CASE_MANIFEST


def test_a_certificate_of_destruction_in_any_other_form_is_refused() -> None:
    with pytest.raises(ProofError) as wrong:
        read_destruction(b"<Destruction/>")
    assert wrong.value.fault is Fault.DESTRUCTION_FORM


def accepted() -> Entry:
    return next(one for one in (decode(row.entry) for row in whole().entries) if one.kind is EntryKind.ACCEPT)
