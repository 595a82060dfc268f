"""The rules of form: each fires exactly where it should, each says why in both languages, none ever fails."""

from __future__ import annotations

import copy
import re
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, isoschematron

from gateway.edxml import Limits, NewAttachment, parse, schema_path, write
from gateway.edxml.findings import path_of
from gateway.model import packet
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Severity
from gateway.model.words import LANGUAGES
from gateway.rules.form_rules import check_form_rules, form_rules, form_schematron
from gateway.rules.policy import HARMFUL, OBSERVE, POLICIES, STRICT, TRANSITION, Policy
from gateway.rules.schematron import FAILURES_MAX
from tests.growth import LINEAR_MAX, TIMES, growth
from tests.rules.corpus import CORPUS
from tests.rules.packets import AT, DIRECTORY, DOCUMENT, STATUS, Edits, claim_of, parsed
from tests.vectors.form_facts import VECTORS as FACT_VECTORS
from tests.vectors.form_facts import FactVector
from tests.vectors.form_rules import DECISION, RECALL, VECTORS, Vector

SCH = "{http://purl.oclc.org/dsdl/schematron}"
QCVN = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
ANNEX_III = (
    "Nghị quyết NQ",
    "Quyết định QĐ",
    "Chỉ thị CT",
    "Quy chế QC",
    "Quy định QyĐ",
    "Thông cáo TC",
    "Thông báo TB",
    "Hướng dẫn HD",
    "Chương trình CTr",
    "Kế hoạch KH",
    "Phương án PA",
    "Đề án ĐA",
    "Dự án DA",
    "Báo cáo BC",
    "Biên bản BB",
    "Tờ trình TTr",
    "Hợp đồng HĐ",
    "Công điện CĐ",
    "Bản ghi nhớ BGN",
    "Bản thỏa thuận BTT",
    "Giấy uỷ quyền GUQ",
    "Giấy mời GM",
    "Giấy giới thiệu GGT",
    "Giấy nghỉ phép GNP",
    "Phiếu gửi PG",
    "Phiếu chuyển PC",
    "Phiếu báo PB",
)
"""The 27 types of annex III, as the decree writes them."""


def check(base: packet.Document | packet.Status, edits: Edits, policy: Policy = STRICT) -> tuple[Finding, ...]:
    document = parsed(base, edits)
    return check_form_rules(document, claim_of(document), DIRECTORY, AT, policy)


def broken(base: packet.Document | packet.Status, edits: Edits) -> set[str]:
    """Ids of the published rules a packet breaks."""
    return {one.assertion.id for one in form_schematron().failures(parsed(base, edits).root)}


@pytest.mark.parametrize("base", [DOCUMENT, STATUS], ids=["document", "status"])
def test_the_packet_of_a_careful_clerk_breaks_no_rule(base: packet.Document | packet.Status) -> None:
    assert check(base, {}) == ()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.rule)
def test_a_published_rule_fires_exactly_on_its_refusing_vector(vector: Vector) -> None:
    assert broken(vector.base, {**vector.given, **vector.refuses}) == {vector.rule}
    assert broken(vector.base, {**vector.given, **vector.accepts}) == set()


@pytest.mark.parametrize("vector", FACT_VECTORS, ids=lambda vector: vector.rule)
def test_a_rule_about_facts_fires_exactly_on_its_refusing_vector(vector: FactVector) -> None:
    assert vector.broken(refuses=True) == {vector.rule}
    assert vector.broken(refuses=False) == set()


def test_every_rule_has_both_vectors() -> None:
    counted = Counter([vector.rule for vector in VECTORS] + [vector.rule for vector in FACT_VECTORS])
    assert counted == Counter(rule.id for rule in form_rules())
    assert len(counted) >= 160


@pytest.mark.parametrize("row", ANNEX_III, ids=lambda row: row.rpartition(" ")[2])
def test_each_abbreviation_of_annex_iii_belongs_to_its_type_and_to_no_other(row: str) -> None:
    name, _, abbreviation = row.rpartition(" ")
    named = {**DECISION, "DocumentType/TypeName": name, "DocumentType/TypeDetail": "0"}
    assert broken(DOCUMENT, {**named, "Code/CodeNotation": f"{abbreviation}-SNV"}) == set()
    for other in ANNEX_III:
        if not other.endswith(f" {abbreviation}"):
            notation = f"{other.rpartition(' ')[2]}-SNV"
            assert broken(DOCUMENT, {**named, "Code/CodeNotation": notation}) == {"TT-213"}, notation


@pytest.mark.parametrize(("number", "notation"), [("15-CV", "TU"), ("15", "-CV/TU"), ("15", "CV/TU"), ("08-QĐ", "TW")])
def test_party_style_is_another_way_to_write_the_same(number: str, notation: str) -> None:
    kind = DECISION if "QĐ" in number else {}
    assert broken(DOCUMENT, {**kind, "Code/CodeNumber": number, "Code/CodeNotation": notation}) == set()


@pytest.mark.parametrize("code", ["57/2026/QH15", "35/2026/UBTVQH15", "12/2026/NQ-HĐND", "88/NQ-CP"])
def test_resolutions_of_the_national_assembly_have_codes_of_their_own(code: str) -> None:
    number, _, notation = code.partition("/")
    kind = {**DECISION, "DocumentType/TypeName": "Nghị quyết", "DocumentType/TypeDetail": "0"}
    assert broken(DOCUMENT, {**kind, "Code/CodeNumber": number, "Code/CodeNotation": notation}) == set()


@pytest.mark.parametrize("position", ["PHÓ CHỦ TỊCH", "Thứ trưởng", "Trung tướng, Phó Tư lệnh", "P. HIỆU TRƯỞNG"])
def test_a_deputys_position_is_known_however_it_is_written(position: str) -> None:
    assert "TT-518" not in broken(DOCUMENT, {"SignerInfo/Position": position})


def test_the_successor_of_a_merged_agency_recalls_what_that_agency_sent() -> None:
    recall = {**RECALL, "ResponseFor/DocumentId": "H23.99,2025/03/02,7/SDV-VP", "ResponseFor/PromulgationDate": None}
    assert check(DOCUMENT, recall) == ()


def test_threads_do_not_share_the_compiled_pass() -> None:
    def one(number: int) -> list[str]:
        edits = {"Code/CodeNumber": "5"} if number % 2 else {"ToPlaces": None}
        document = parsed(DOCUMENT, edits)
        return [failure.assertion.id for _ in range(20) for failure in form_schematron().failures(document.root)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(one, range(64)))
    assert found == [["TT-204"] * 20 if number % 2 else ["TT-601"] * 20 for number in range(64)]


@pytest.mark.parametrize("rule", form_rules(), ids=lambda rule: rule.id)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_says_what_is_wrong_what_to_do_and_by_which_law(rule: object, lang: str) -> None:
    texts = [getattr(rule, part)[lang] for part in ("finding", "advice", "law")]
    assert all(re.search(r"\w", one) for one in texts)
    assert all(unicodedata.is_normalized("NFC", one) for one in texts)
    assert re.search(r"30/2020|20/2020|QCVN 102", texts[2])
    assert texts[0].endswith(".")
    assert texts[1].endswith(".")
    if lang == "vi":
        assert all(re.search(r"[à-ỹđ]", one, re.IGNORECASE) for one in (texts[0], texts[2]))


def test_the_two_languages_say_their_own() -> None:
    for rule in form_rules():
        assert rule.finding["vi"] != rule.finding["en"], rule.id
        assert rule.finding["vi"].count("…") == rule.finding["en"].count("…"), rule.id


def test_ids_are_stable_names_of_one_shape() -> None:
    ids = [rule.id for rule in form_rules()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"TT-[0-9]{3}", one) for one in ids)
    assert set(HARMFUL) <= set(ids)


def test_the_schema_is_iso_schematron_and_its_references_hold() -> None:
    schema = etree.parse(str(schema_path("form.sch")))
    assert isoschematron.schematron_schema_valid(schema), isoschematron.schematron_schema_valid.error_log
    ids = {element.get("id") for element in schema.iter() if isinstance(element.tag, str)}
    for element in schema.iter(f"{SCH}assert"):
        assert element.get("diagnostics").split() == [f"{element.get('id')}.{part}" for part in ("sua", "en", "fix")]
        assert {*element.get("diagnostics").split(), element.get("see")[1:], f"{element.get('see')[1:]}.en"} <= ids
        assert element.get("role") in {"error", "warning"}
    cited = {element.get("see")[1:] for element in schema.iter(f"{SCH}assert")}
    assert {element.get("id").removesuffix(".en") for element in schema.iter(f"{SCH}p")} == cited


def test_phases_together_hold_every_pattern() -> None:
    schema = etree.parse(str(schema_path("form.sch")))
    patterns = {element.get("id") for element in schema.iter(f"{SCH}pattern")}
    assert {element.get("pattern") for element in schema.iter(f"{SCH}active")} == patterns


def test_a_finding_names_rule_place_and_line_and_quotes_what_it_met() -> None:
    (finding,) = check(DOCUMENT, {"To[2]/OrganId": "28.22.H17"})
    assert finding.reason is Reason.FORM_RULE
    assert finding.severity is Severity.WARN
    assert dict(finding.values)["rule"] == "TT-101"
    assert finding.place.path == "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To[2]/OrganId"
    assert finding.place.line is not None
    assert "«28.22.H17»" in finding.detail("vi")
    assert "Quyết định 20/2020/QĐ-TTg" in finding.detail("vi")
    assert "“28.22.H17”" in finding.detail("en")


def test_places_read_as_those_of_the_schema() -> None:
    document = parsed(DOCUMENT, {"To[2]/OrganId": "x", "list:Reference[2]/ContentType": "x", "ToPlaces/Place[2]": ""})
    elements = {
        path_of(element): element.sourceline for element in document.root.iter() if isinstance(element.tag, str)
    }
    failures = form_schematron().failures(document.root)
    assert len(failures) == 4
    assert all(elements[one.path] == one.line for one in failures)


def test_what_a_packet_says_is_quoted_short_and_harmless() -> None:
    (finding,) = check(DOCUMENT, {"SignerInfo/FullName": "Nguyễn {rule} % \u009b31m"})
    assert "\u009b" not in finding.detail("vi")
    assert "{rule}" in finding.detail("vi")


def test_policies_change_severity_and_nothing_else() -> None:
    edits = {"Code/CodeNumber": "5", "list:Reference[2]/AttachmentName": "xem.exe", "ToPlaces": None}
    by_policy = {
        name: {dict(one.values)["rule"]: one.severity for one in check(DOCUMENT, edits, policy)}
        for name, policy in POLICIES.items()
    }
    assert by_policy["strict"] == {"TT-204": Severity.REFUSE, "TT-806": Severity.REFUSE, "TT-601": Severity.WARN}
    assert by_policy["transition"] == {"TT-204": Severity.WARN, "TT-806": Severity.REFUSE, "TT-601": Severity.WARN}
    assert set(by_policy["observe"].values()) == {Severity.WARN}
    assert {STRICT.name, TRANSITION.name, OBSERVE.name} == set(by_policy)


@pytest.mark.parametrize("first", ["ToPlaces/Place[3]", "OtherInfo/Appendixes/Appendix", "To[3]/OrganId"])
def test_a_packet_made_to_keep_us_busy_does_not(first: str) -> None:
    """Twins are looked for among a hundred, a rule looks at a thousand elements and speaks of twenty."""

    def stuffed(count: int) -> etree._Element:
        document = parsed(DOCUMENT, {first: "Phụ lục 1"})
        (element,) = (one for one in document.root.iter() if one.text == "Phụ lục 1")
        twin = element if element.tag != f"{QCVN}OrganId" else element.getparent()
        twin.getparent().extend(copy.deepcopy(twin) for _ in range(count))
        return document.root

    rules, small, large = form_schematron(), stuffed(15_000 // TIMES), stuffed(15_000)
    met = Counter(one.assertion.id for one in rules.failures(large))
    assert max(met.values(), default=0) <= FAILURES_MAX
    assert growth(lambda: rules.failures(small), lambda: rules.failures(large)) < LINEAR_MAX


def test_elements_of_the_same_names_elsewhere_are_no_business_of_these_rules() -> None:
    document = parsed(DOCUMENT, {})
    envelope = document.root[0]
    foreign = etree.SubElement(envelope, "{urn:example:other}Extension")
    for name in ("MessageHeader", "From", "Reference", "DocumentId"):
        etree.SubElement(foreign, f"{QCVN}{name}").text = "null"
    assert form_schematron().failures(document.root) == ()


@pytest.mark.shared
@pytest.mark.parametrize("path", sorted(Path("../shared/samples").glob("[ds]*.edxml")), ids=lambda path: path.stem)
def test_packets_of_the_field_are_admitted_in_transition_with_these_warnings(path: Path) -> None:
    text = re.sub(rb"(<edXML:ContentTransferEncoded[^>]*>)[^<]*", rb"\1", path.read_bytes())
    document = parse(text, Limits())
    findings = check_form_rules(document, claim_of(document), DIRECTORY, AT, TRANSITION)
    assert {one.severity for one in findings} == {Severity.WARN}
    rules = {dict(one.values)["rule"] for one in findings}
    if path.stem.startswith("document"):
        assert {"TT-404", "TT-510", "TT-511", "TT-512", "TT-802", "TT-122"} <= rules
        strict = check_form_rules(document, claim_of(document), DIRECTORY, AT, STRICT)
        assert Severity.REFUSE in {one.severity for one in strict}
    else:
        assert rules <= {"TT-056"}


@pytest.mark.oracle
def test_a_processor_that_shares_no_code_with_ours_agrees_on_every_vector(reference: Reference) -> None:
    for vector in VECTORS:
        for edits, expected in ((vector.refuses, {vector.rule}), (vector.accepts, set())):
            document = parsed(vector.base, {**vector.given, **edits})
            assert reference.broken(document.root) == expected, vector.rule
    for paper in CORPUS:
        root = paper.parsed().root
        assert reference.broken(root) == {one.assertion.id for one in form_schematron().failures(root)}, paper.name


class Reference:
    """The Schematron committee's own XSLT implementation, compiled and run by Saxon, on our schema as published.

    Version "1.0" reads the schema's XPath as version 1.0 does, "3.0" as version 3.1: other implementers use either.
    """

    def __init__(self, version: str) -> None:
        saxonche = pytest.importorskip("saxonche")
        skeleton = Path(isoschematron.__file__).parent / "resources/xsl/iso-schematron-xslt1/iso_svrl_for_xslt1.xsl"
        self._processor = saxonche.PySaxonProcessor(license=False)
        xslt = self._processor.new_xslt30_processor()
        compiler = xslt.compile_stylesheet(stylesheet_file=str(skeleton))
        validator = compiler.transform_to_string(source_file=str(schema_path("form.sch")))
        validator, count = re.subn(r'(<xsl:stylesheet[^>]*\bversion=")1\.0"', rf'\g<1>{version}"', validator)
        assert count == 1
        self._validator = xslt.compile_stylesheet(stylesheet_text=validator)

    def broken(self, root: etree._Element) -> set[str]:
        node = self._processor.parse_xml(xml_text=etree.tostring(root, encoding="unicode"))
        report = self._validator.transform_to_string(xdm_node=node)
        return set(re.findall(r'<svrl:failed-assert[^>]*?\bid="([^"]+)"', report, re.DOTALL))


@pytest.fixture(scope="module", params=["1.0", "3.0"])
def reference(request: pytest.FixtureRequest) -> Reference:
    return Reference(request.param)


STRANGE = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "0", "-1", "1e9", "NaN", "null", "9999/99/99", "2026/13/00", "KT.", "./.", ",,,", "|=|", "'\""]
    ),
    st.text(max_size=40),
    st.text(alphabet="TM.KL QĐ/-0123456789,|='\"", max_size=30),
)
ORGANS = st.builds(
    packet.Organ, id=st.text(max_size=20), name=STRANGE, in_charge=STRANGE, email=STRANGE, telephone=STRANGE
)
DOCUMENTS = st.builds(
    packet.Document,
    sender=ORGANS,
    addressees=st.lists(ORGANS, max_size=3).map(tuple),
    document_id=STRANGE,
    code_number=STRANGE,
    code_notation=STRANGE,
    place=STRANGE,
    promulgated_on=STRANGE,
    document_type=st.builds(packet.DocumentType, STRANGE, STRANGE, STRANGE),
    subject=STRANGE,
    signer=st.builds(packet.Signer, STRANGE, STRANGE, STRANGE),
    due_on=STRANGE,
    to_places=st.lists(st.text(max_size=10), max_size=3).map(tuple),
    other=st.builds(packet.OtherInfo, STRANGE, STRANGE, STRANGE, STRANGE, STRANGE),
    response_for=st.lists(st.builds(packet.ResponseFor, STRANGE, STRANGE, STRANGE, STRANGE), max_size=2).map(tuple),
    trace=st.lists(st.builds(packet.TraceHop, STRANGE, STRANGE), max_size=2).map(tuple),
    business=st.builds(
        packet.Business, st.sampled_from(packet.BusinessType), STRANGE, STRANGE, STRANGE, STRANGE, STRANGE
    ),
)
STATUSES = st.builds(
    packet.Status,
    sender=ORGANS,
    response_for=st.builds(packet.ResponseFor, STRANGE, STRANGE, STRANGE, STRANGE),
    status_code=st.text(max_size=3),
    description=STRANGE,
    timestamp=STRANGE,
)


@given(content=DOCUMENTS | STATUSES)
def test_any_content_gives_findings_and_never_an_exception(content: packet.Content) -> None:
    try:
        document = parse(write(content, (NewAttachment("1", "application/pdf", "a.pdf"),)), Limits())
        claim = claim_of(document, (0,), (b"",))
    except Refused:
        return  # not a packet: the rules are not asked
    for finding in check_form_rules(document, claim, DIRECTORY, AT, STRICT):
        assert finding.reason is Reason.FORM_RULE
        assert all(finding.detail(lang) for lang in LANGUAGES)


@pytest.mark.oracle
@given(content=DOCUMENTS | STATUSES)
def test_the_other_processor_agrees_on_any_content(reference: Reference, content: packet.Content) -> None:
    try:
        document = parse(write(content, (NewAttachment("1", "application/pdf", "a.pdf"),)), Limits())
    except Refused:
        return
    assert {one.assertion.id for one in form_schematron().failures(document.root)} == reference.broken(document.root)
