"""Reading a PDF somebody else wrote: its signatures, what bytes each stands for, and what was appended after each.

pyHanko reads the syntax and compares revisions. It is pure Python on hostile bytes, so everything it does is metered:
bytes, objects, time. Exceeding the meter is an answer (`PdfFault.WORK`), as is every way the file can be broken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DEFAULT_PURPOSE_LIMITS, DecodeLimits, DecodePurpose, StreamDecodeLimits
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, FormUpdatingRule, ModificationLevel, StandardDiffPolicy
from pyhanko.sign.diff_analysis.policies import DEFAULT_DIFF_POLICY
from pyhanko.sign.diff_analysis.rules.form_field_rules import SigFieldCreationRule, SigFieldModificationRule
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.pdf_embedded import extract_contents

from gateway.model.pdf import ByteFault, LaterChange, PdfFault

for _library in ("pyhanko", "pyhanko_certvalidator"):
    # They describe strangers' files at length, with tracebacks. What they find is in the report; the log stays ours.
    logging.getLogger(_library).addHandler(logging.NullHandler())
    logging.getLogger(_library).propagate = False

HEADER_REACH_BYTES = 1024
"""Readers look for the header this far into the file."""

SIGNATURE_BYTES_MAX = 512 * 1024
"""Of one signature's value with its certificates. Some ten kilobytes are usual; lists inside it may make it larger."""

_SUB_FILTERS = {"/adbe.pkcs7.detached", "/ETSI.CAdES.detached"}
_STAMP_SUB_FILTER = "/ETSI.RFC3161"
_MIB = 1024 * 1024

ONLY_SIGNATURES = StandardDiffPolicy(
    DEFAULT_DIFF_POLICY.global_rules,
    FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),  # type: ignore[no-untyped-call]
)
"""What may follow a signature: another signature, evidence that keeps it verifiable (DSS), metadata. No
filled-in field, for an official document is no form: a field's new value is a new text."""


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """What one PDF may cost."""

    bytes_max: int = 128 * _MIB
    signatures_max: int = 32
    visits_max: int = 8_000_000
    """Bytes parsed and objects looked at, again and again counted; each takes about a microsecond. Two signatures on a
    page take 27,000, on 300 pages 120,000."""
    seconds_max: float = 10.0
    """By the clock: a last resort, for with it the answer depends on the machine."""
    object_stream_bytes_max: int = 2 * _MIB
    """Decoded; the streams that pack small objects together. They are parsed in memory, where nothing is counted."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature field of a PDF as found."""

    cms: EmbeddedPdfSignature | None
    """None: broken, or of a kind nobody should use any more (SHA-1 by design)."""
    is_stamp: bool
    """A time stamp over the document rather than somebody's signature."""
    digest: bytes
    """Over the byte range, by the algorithm the signature names; empty where `byte_fault` or `cms` tells why."""
    byte_fault: ByteFault | None
    later_change: LaterChange


class _TooMuchError(Exception):
    """The meter ran out."""


class _Meter:
    """Counts what reading costs, and stops it."""

    def __init__(self, limits: PdfLimits, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._visits = limits.visits_max
        self._ends = clock() + limits.seconds_max
        self.ran_out = False

    def visit(self) -> None:
        self._visits -= 1
        if self._visits < 0:
            self._stop()
        if self._visits & 0xFF == 0:
            self.check_time()

    def check_time(self) -> None:
        if self._clock() > self._ends:
            self._stop()

    def _stop(self) -> None:
        self.ran_out = True  # noted too, for the parser turns some exceptions into its own
        raise _TooMuchError


class _Resolver(HistoricalResolver):
    """A revision of the file. Comparing revisions walks it again and again, so every step is counted here."""

    def __init__(self, reader: _Reader, revision: int) -> None:
        super().__init__(reader, revision)
        self._meter = reader.meter

    def get_object(self, ref: generic.Reference, as_metadata_stream: bool = False) -> generic.PdfObject:
        self._meter.visit()
        found: generic.PdfObject = super().get_object(ref, as_metadata_stream=as_metadata_stream)
        return found


class _MeteredBytes(BytesIO):
    """The file. The parser reads it by the byte, so reading is what a hostile object cannot avoid."""

    meter: _Meter

    def read(self, size: int | None = -1, /) -> bytes:
        self.meter.visit()
        return super().read(size)


class _Reader(PdfFileReader):
    """pyHanko's reader, strict (what two programs could read differently is refused) and metered."""

    def __init__(self, data: bytes, limits: PdfLimits, meter: _Meter) -> None:
        self.meter = meter
        stream = _MeteredBytes(data)
        stream.meter = meter
        small = StreamDecodeLimits(max_ratio=None, max_output_size=limits.object_stream_bytes_max)
        purposes = dict.fromkeys((DecodePurpose.OBJECT_STREAM, DecodePurpose.XREF_STREAM), small)
        super().__init__(
            stream, strict=True, decode_limits=DecodeLimits(per_purpose={**DEFAULT_PURPOSE_LIMITS, **purposes})
        )

    def get_object(  # type: ignore[override]
        self,
        ref: generic.Reference,
        revision: int | None = None,
        never_decrypt: bool = False,
        transparent_decrypt: bool = True,
        as_metadata_stream: bool = False,
    ) -> generic.PdfObject:
        self.meter.visit()
        self.meter.check_time()
        found: generic.PdfObject = super().get_object(  # type: ignore[no-untyped-call]
            ref, revision, never_decrypt, transparent_decrypt, as_metadata_stream
        )
        return found

    def get_historical_resolver(self, revision: int) -> HistoricalResolver:
        known = self._historical_resolver_cache.get(revision)
        if known is None:
            known = self._historical_resolver_cache[revision] = _Resolver(self, revision)
        return known


def read_signatures(data: bytes, limits: PdfLimits, clock: Callable[[], float]) -> tuple[Signed, ...] | PdfFault:
    """Every filled signature field in the order of signing, or why the file cannot be read. Any bytes, no exception."""
    if len(data) > limits.bytes_max:
        return PdfFault.BYTES
    if fault := header_fault(data):
        return fault
    meter = _Meter(limits, clock)
    try:
        reader = _Reader(data, limits, meter)
        if "/Encrypt" in reader.trailer:
            return PdfFault.ENCRYPTED
        _ = reader.root["/Pages"]  # without it the search below finds nothing, as in a file without signatures
        fields = []
        for _, value, field in enumerate_sig_fields(reader, filled_status=True):
            fields.append((value, field))
            if len(fields) > limits.signatures_max:
                return PdfFault.WORK
        found = [_signed(reader, data, value, field) for value, field in fields]
    except Exception:  # a parser on a stranger's bytes: whatever it raises, the file cannot be read
        return PdfFault.WORK if meter.ran_out else PdfFault.MALFORMED
    found.sort(key=lambda one: one[0])
    return tuple(signed for _, signed in found)


def header_fault(data: bytes) -> PdfFault | None:
    """A PDF begins with its header. Readers forgive what stands before it, and that is how one file is two."""
    if data.startswith(b"%PDF-"):
        return None
    if data.startswith(b"PK\x03\x04"):
        return PdfFault.ZIP
    return PdfFault.PREFIX if b"%PDF-" in data[:HEADER_REACH_BYTES] else PdfFault.NOT_PDF


def _signed(
    reader: _Reader, data: bytes, value: generic.PdfObject, field: generic.DictionaryObject
) -> tuple[int, Signed]:
    """One signature with the revision it belongs to. A broken one is a broken signature, not a broken file."""
    revision = reader.xrefs.total_revisions
    try:
        dictionary = value.get_object()  # type: ignore[no-untyped-call]
        kind = dictionary.get("/SubFilter")
        is_stamp = kind == _STAMP_SUB_FILTER
        if kind not in _SUB_FILTERS and not is_stamp:
            return revision, Signed(None, False, b"", None, LaterChange.OTHER)
        if len(extract_contents(dictionary)) > SIGNATURE_BYTES_MAX:
            return revision, Signed(None, is_stamp, b"", None, LaterChange.OTHER)
        cms = EmbeddedPdfSignature(reader, field, "")
        revision = cms.signed_revision
        if not _leaves_out_itself_only(cms, data):
            return revision, Signed(cms, is_stamp, b"", ByteFault.RANGE, LaterChange.OTHER)
        digest = cms.compute_digest()
        return revision, Signed(cms, is_stamp, digest, None, _later_change(cms, data))
    except Exception:  # a stranger's signature, parsed lazily: whatever is wrong with it, it is none
        if reader.meter.ran_out:
            raise
        return revision, Signed(None, False, b"", None, LaterChange.OTHER)


def _leaves_out_itself_only(cms: EmbeddedPdfSignature, data: bytes) -> bool:
    """The byte range begins at the first byte and leaves out exactly the signature's own value."""
    if len(cms.byte_range) != 4:
        return False
    start, length, resume, rest = (int(number) for number in cms.byte_range)
    if start != 0 or not 0 < length < resume or rest < 0 or resume + rest > len(data):
        return False
    hole = data[length:resume]
    return hole[:1] == b"<" and hole[-1:] == b">" and bytes.fromhex(hole[1:-1].decode("ascii")) == cms.pkcs7_content


def _later_change(cms: EmbeddedPdfSignature, data: bytes) -> LaterChange:
    covered = int(cms.byte_range[2]) + int(cms.byte_range[3])
    if covered == len(data):
        return LaterChange.NONE
    if data[data.rindex(b"%%EOF") + len(b"%%EOF") :].strip(b"\r\n\0\t "):
        return LaterChange.OTHER  # something no PDF reader looks at; another program may
    cms.coverage = cms.evaluate_signature_coverage()  # type: ignore[assignment]
    change = cms.evaluate_modifications(ONLY_SIGNATURES)
    if not isinstance(change, DiffResult) or change.modification_level > ModificationLevel.FORM_FILLING:
        return LaterChange.OTHER
    promised = cms.docmdp_level
    if promised is not None and change.modification_level.value > promised.value:
        return LaterChange.OTHER
    return LaterChange.SIGNATURES
