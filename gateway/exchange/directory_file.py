"""The directory file: agencies in JSON or CSV, as an operator keeps them. Every fault is told with its line.

JSON: `{"agencies": [{...}, ...]}` or a bare list; CSV: a header row, then one agency a row. The same fields in both:

    key            the identifier in our register (required)
    name           (required)
    ids            other identifiers it is addressed by; in CSV separated by spaces
    parent         key of the superior agency
    starts_at      first instant of validity, `2025-07-01` (Viet Nam's midnight) or RFC 3339 with a zone
    ends_at        first instant after it
    successor      key of the agency that took over
    certificates   PEM files whose seals count as the agency's, beside this file; in CSV separated by spaces
    kinds          what the agency is, words of `AgencyKind`; in CSV separated by spaces
    regime         `one-man` or `collective`, where it differs from its kind's
    policy         `strict`, `transition` or `observe`, whoever sends for it

JSON also takes the registers of who signs: `gateway.exchange.directory_signers`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.exchange.directory_fields import WrongField, name, period, word, words
from gateway.exchange.directory_signers import read_delegations, read_signers
from gateway.model.agency import AGENCY_ID_CHARS_MAX, Agency, AgencyKind, PolicyName, Regime

FIELDS = (
    "key", "name", "ids", "parent", "starts_at", "ends_at", "successor", "certificates", "kinds", "regime", "policy",
)  # fmt: skip
ROWS_PER_WORD = 1_000
"""Rows read between two words about how far it is."""
REGISTERS = ("signers", "delegations")
"""In JSON only: an agency has many of them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the file. `key` and `values` are a sentence of the catalogues."""

    line: int
    key: str
    values: Mapping[str, str]


class DirectoryFileError(Exception):
    """The file cannot be taken as it is; every fault found, in the file's order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults, the first in line {faults[0].line}: {faults[0].key}")
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    at_bytes: int
    """How much of the file is read, more or less."""
    fields: Mapping[str, object]


def read_agencies(
    path: Path,
    known: Sequence[Agency] = (),
    told: Callable[[int, int], None] | None = None,
    *,
    sent_to: Sequence[Agency] | None = None,
) -> tuple[Agency, ...]:
    """The agencies of a file. `known` are those already registered, which the file may name as parent or successor.
    `told` hears, now and then, how many bytes of how many are read. `sent_to`: the file came alone, from elsewhere; it
    names no certificate files then, and each of these agencies keeps the certificates it has.

    Raises DirectoryFileError with every fault, and OSError where a file cannot be read.
    """
    faults: list[Fault] = []
    registered = {one.key: one for one in (*known, *(sent_to or ()))}
    folder = path.parent if sent_to is None else None
    agencies: list[tuple[int, Agency]] = []
    size_bytes = path.stat().st_size
    try:
        for number, row in enumerate(_csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path)):
            if told is not None and number % ROWS_PER_WORD == 0:
                told(row.at_bytes, size_bytes)
            try:
                agencies.append((row.line, _agency(row.fields, folder, registered)))
            except WrongField as wrong:
                faults.append(Fault(row.line, wrong.key, wrong.values))
    except WrongField as wrong:
        faults.append(Fault(int(wrong.values.get("line", "1")), wrong.key, wrong.values))
    faults += _disagreements(agencies, known)
    if faults:
        raise DirectoryFileError(sorted(faults, key=lambda one: one.line))
    return tuple(agency for _, agency in agencies)


def _csv_rows(path: Path) -> Iterator[_Row]:
    with path.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file, strict=True)
            if "key" not in (reader.fieldnames or ()):  # an empty file is no register of nobody
                raise WrongField("directory_file.no_header", line=1, fields=", ".join(FIELDS))
            for field in reader.fieldnames or ():
                if field not in FIELDS:
                    raise WrongField("directory_file.unknown_field", line=1, field=field)
            for fields in reader:
                if None in fields:
                    raise WrongField("directory_file.too_many_columns", line=reader.line_num)
                written: dict[str, object] = {name: value for name, value in fields.items() if value}
                for field in ("ids", "certificates", "kinds"):
                    if field in written:
                        written[field] = str(written[field]).split()
                yield _Row(reader.line_num, raw.tell(), written)
        except csv.Error as wrong:
            raise WrongField("directory_file.no_csv", line=reader.reader.line_num, cause=wrong) from wrong
        except UnicodeDecodeError as wrong:
            raise WrongField("directory_file.no_utf8", line=1) from wrong


def _json_rows(path: Path) -> Iterator[_Row]:
    """Agencies one by one with the line each begins at: the whole is decoded first, so it is known to be JSON."""
    try:
        written = path.read_bytes().decode("utf-8-sig")
        whole = json.loads(written)
    except UnicodeDecodeError as wrong:
        raise WrongField("directory_file.no_utf8", line=1) from wrong
    except json.JSONDecodeError as wrong:
        raise WrongField("directory_file.no_json", line=wrong.lineno, cause=wrong.msg) from wrong
    except (ValueError, RecursionError) as wrong:  # a number of thousands of digits, lists in lists in lists
        raise WrongField("directory_file.no_json", line=1, cause=wrong) from wrong
    rows = whole.get("agencies") if isinstance(whole, dict) else whole
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WrongField("directory_file.no_list", line=1)
    decoder, at, counted, line = json.JSONDecoder(), 0, 0, 1
    for row in rows:
        while True:  # the next object in the text that decodes to this row is this row
            at = written.index("{", at)
            try:
                found, end = decoder.raw_decode(written, at)
            except json.JSONDecodeError:  # a brace inside a text
                found = None
            if found == row:
                break
            at += 1
        line += written.count("\n", counted, at)
        yield _Row(line, at, row)
        counted = at
        at = end


def _agency(fields: Mapping[str, object], folder: Path | None, registered: Mapping[str, Agency]) -> Agency:
    """The agency of a row; registers of signers the row does not speak of stay as they are."""
    for field in fields:
        if field not in (*FIELDS, *REGISTERS):
            raise WrongField("directory_file.unknown_field", field=field)
    key = _identifier(fields, "key")
    if key is None:
        raise WrongField("directory_file.no_key")
    before = registered.get(key)
    ids = tuple(dict.fromkeys([key, *(_id(one, "ids") for one in words(fields, "ids"))]))
    signers = read_signers(fields) if "signers" in fields or before is None else before.signers
    return Agency(
        key=key,
        name=name(fields, "name"),
        ids=ids,
        parent=_identifier(fields, "parent"),
        period=period(fields, key),
        successor=_identifier(fields, "successor"),
        certificates=_certificates_of(words(fields, "certificates"), folder, before),
        kinds=tuple(word({"kinds": one}, "kinds", AgencyKind) for one in words(fields, "kinds")),
        regime=word(fields, "regime", Regime) if fields.get("regime") else None,
        policy=word(fields, "policy", PolicyName) if fields.get("policy") else None,
        signers=signers,
        delegations=read_delegations(fields, signers)
        if "delegations" in fields or before is None
        else before.delegations,
    )


def _identifier(fields: Mapping[str, object], field: str) -> str | None:
    written = fields.get(field)
    return None if written in (None, "") else _id(written, field)


def _id(written: object, field: str) -> str:
    """An identifier: visible, without a space, as long as the standard lets it be."""
    if not isinstance(written, str) or not 0 < len(written) <= AGENCY_ID_CHARS_MAX:
        raise WrongField("directory_file.identifier", field=field, written=written, limit=AGENCY_ID_CHARS_MAX)
    if not written.isprintable() or " " in written:
        raise WrongField("directory_file.identifier", field=field, written=ascii(written), limit=AGENCY_ID_CHARS_MAX)
    return written


def _certificates_of(files: Sequence[str], folder: Path | None, before: Agency | None) -> tuple[bytes, ...]:
    if folder is not None:
        return tuple(der for file in files for der in _certificates(folder / file))
    if files:
        raise WrongField("directory_file.certificate_elsewhere", path=files[0])
    return () if before is None else before.certificates


def _certificates(path: Path) -> tuple[bytes, ...]:
    try:
        return tuple(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as wrong:
        raise WrongField("directory_file.certificate", path=path, cause=wrong.strerror or wrong) from wrong
    except ValueError as wrong:
        raise WrongField("directory_file.no_certificate", path=path) from wrong


def _disagreements(rows: Sequence[tuple[int, Agency]], known: Sequence[Agency]) -> Iterator[Fault]:
    """What is wrong between agencies: one identifier of two, a superior or successor nobody knows, a circle."""
    written = {agency.key for _, agency in rows}
    kept = [agency for agency in known if agency.key not in written]
    holder = {one: agency.key for agency in kept for one in agency.ids}
    parents = {agency.key: agency.parent for agency in (*kept, *(agency for _, agency in rows))}
    circles = _circles(parents)
    for line, agency in rows:
        for one in agency.ids:
            if one in holder:
                yield Fault(line, "directory_file.taken", {"id": one, "agency": holder[one]})
            holder[one] = agency.key
        for field, other in (("parent", agency.parent), ("successor", agency.successor)):
            if other is not None and other not in parents:
                yield Fault(line, "directory_file.nobody", {"field": field, "agency": other})
        if agency.key in circles:
            yield Fault(line, "directory_file.circle", {"agency": agency.key})


def _circles(parents: Mapping[str, str | None]) -> set[str]:
    """The agencies that are their own superiors, at any distance. Each is walked over once, however long the lines."""
    circles: set[str] = set()
    walked: set[str] = set()
    for key in parents:
        places: dict[str, int] = {}
        step: str | None = key
        while step is not None and step in parents and step not in walked and step not in places:
            places[step] = len(places)
            step = parents[step]
        if step in places:
            circles.update(list(places)[places[step] :])
        walked.update(places)
    return circles
