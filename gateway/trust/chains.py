"""Paths from a signer's certificate to one of our roots, and what the revocation snapshot says of them.

The path validator is pyhanko-certvalidator's (RFC 5280; the NIST suite runs through `Chains`, tests/trust/pdf). It is
written for event loops; without a network it never waits, so its coroutines are run to their end where they are called.
Validity, trust and revocation are asked for apart: one must not hide the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from threading import Lock
from typing import Any, TypeVar

from asn1crypto import x509  # type: ignore[import-untyped]
from pyhanko_certvalidator import PKIXValidationParams, ValidationContext, find_valid_path
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import (
    CRLContainer,
    OCSPContainer,
    process_legacy_crl_input,
    process_legacy_ocsp_input,
)
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from pyhanko_certvalidator.sig_validate import DEFAULT_SIGNATURE_VALIDATOR
from pyhanko_certvalidator.validate import async_validate_path

from gateway.model.pdf import PathFault, Revocation
from gateway.trust.anchors import AnchorStore
from gateway.trust.revocation import RevocationSnapshot, Source, sources_of

KNOWN_MAX = 20_000
"""Paths kept. Each is one certificate of a person or an agency: some kilobytes."""

EMBEDDED_MAX = 32
"""Certificates of one signature that are looked at for issuing authorities; a path has three or four."""

_ALGORITHMS = DisallowWeakAlgorithmsPolicy()  # type: ignore[no-untyped-call]
"""No MD5 and no SHA-1, RSA from 2048 bits."""

_A_SECOND = timedelta(seconds=1)
_LEAF_ONLY = RevocationCheckingPolicy(RevocationCheckingRule.CRL_OR_OCSP_REQUIRED, RevocationCheckingRule.NO_CHECK)


class Purpose(Enum):
    """What a certificate is to be for: any one of these key usages, and this extended one."""

    SIGNING = frozenset({"digital_signature", "non_repudiation"}), None
    TIME_STAMPING = frozenset({"digital_signature", "non_repudiation"}), "time_stamping"
    ANY = frozenset[str](), None


@dataclass(frozen=True, slots=True)
class Chain:
    """A verified path."""

    store: str
    """Name of the anchor store its root is in."""
    certificates: tuple[bytes, ...]
    """DER, root first."""
    starts_at: datetime
    ends_at: datetime
    """From, and up to, when everything below the root is valid."""

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Standing:
    """What a snapshot says of a path."""

    revocation: Revocation
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Remembered:
    standing: Standing
    snapshot: str
    asked_at: datetime
    holds_until: datetime | None


class Chains:
    """Verified paths and their standing, each remembered until something in it expires.

    Safe to use from several threads: the libraries below parse lazily and in place, so one thread at a time asks them.
    """

    def __init__(self, stores: Sequence[AnchorStore], params: PKIXValidationParams | None = None) -> None:
        self._params = params
        self._lock = Lock()
        self._roots = [x509.Certificate.load(der) for store in stores for der in store.roots]
        self._store_of = {hashlib.sha256(der).digest(): store.name for store in stores for der in store.roots}
        authorities = [x509.Certificate.load(der) for store in stores for der in store.intermediates]
        self._authorities = [*self._roots, *authorities]
        self._by_name: dict[str, list[x509.Certificate]] = {}
        for authority in self._authorities:
            self._by_name.setdefault(authority.subject.hashable, []).append(authority)
        self._ders: dict[bytes, bytes] = {}
        for der in (der for store in stores for der in (*store.roots, *store.intermediates)):
            self._ders.setdefault(x509.Certificate.load(der).issuer_serial, der)
        self._trust = SimpleTrustManager.build(self._roots)
        self._registry = CertificateRegistry.build(self._authorities)
        self._known: dict[tuple[bytes, Purpose], Chain] = {}
        self._standings: dict[bytes, _Remembered] = {}
        self._sources: dict[Source, datetime] = {}
        self._answers: tuple[str, dict[str, list[CRLContainer]], list[OCSPContainer]] = ("", {}, [])

    def find(self, leaf: bytes, embedded: Sequence[bytes], at: datetime, purpose: Purpose) -> Chain | PathFault:
        """The path of a certificate (DER), or why there is none.

        `embedded` are further certificates that came with it; only those an authority of ours issued are used. The path
        need not be valid at `at`: ask `covers`. Never raises for what the bytes say.
        """
        key = (hashlib.sha256(leaf).digest(), purpose)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.covers(at):
                return known
            try:
                path = self._build(x509.Certificate.load(leaf), self._genuine(embedded), at, purpose)
                found = path if isinstance(path, PathFault) else self._chain(path, leaf, embedded)
            except Exception:
                # ASN.1 of strangers, parsed lazily by libraries: whatever they raise on it, there is no path.
                return PathFault.BROKEN
            if isinstance(found, Chain):
                _remember(self._known, key, found)
            return found

    def standing(self, chain: Chain, snapshot: RevocationSnapshot, at: datetime) -> Standing:
        """Whether anything on the path was revoked by `at`, as the snapshot has it.

        Asked for the last instant of the path at most: authorities drop expired certificates from their lists, so one
        made later proves nothing about them.
        """
        moment = min(at, chain.ends_at - _A_SECOND)
        key = b"".join(hashlib.sha256(der).digest() for der in chain.certificates)
        with self._lock:
            for source in sources_of(chain.certificates):
                _remember(self._sources, source, at)
            known = self._standings.get(key)
            if (
                known is not None
                and known.snapshot == snapshot.version
                and known.asked_at <= moment
                and (known.holds_until is None or moment < known.holds_until)
            ):
                return known.standing
            standing = self._ask(chain, snapshot, moment)
            until = next((end for end in snapshot.ends if end > moment), None)
            _remember(self._standings, key, _Remembered(standing, snapshot.version, moment, until))
            return standing

    def sources(self, since: datetime) -> tuple[Source, ...]:
        """Where the revocation of the paths seen since then is published: what the next snapshot should hold."""
        with self._lock:
            return tuple(source for source, seen_at in self._sources.items() if seen_at >= since)

    def _genuine(self, embedded: Sequence[bytes]) -> list[x509.Certificate]:
        """The authorities among the embedded certificates that ours vouch for: no forged one enters path building."""
        genuine: list[x509.Certificate] = []
        waiting = [x509.Certificate.load(der) for der in embedded[:EMBEDDED_MAX]]
        waiting = [one for one in waiting if one.ca and one not in self._by_name.get(one.subject.hashable, ())]
        admitted = True
        while admitted:
            admitted = False
            for candidate in list(waiting):
                issuers = [*self._by_name.get(candidate.issuer.hashable, ()), *genuine]
                if any(_issued(issuer, candidate) for issuer in issuers):
                    genuine.append(candidate)
                    waiting.remove(candidate)
                    admitted = True
        return genuine

    def _build(
        self, leaf: x509.Certificate, genuine: list[x509.Certificate], at: datetime, purpose: Purpose
    ) -> ValidationPath | PathFault:
        starts_at, ends_at = leaf.not_valid_before, leaf.not_valid_after
        moments = [at] if starts_at <= at <= ends_at else []
        registry = CertificateRegistry.build([*self._authorities, *genuine]) if genuine else self._registry
        fault = PathFault.BROKEN
        for moment in (*moments, starts_at + _A_SECOND, ends_at - _A_SECOND):
            context = self._context(registry, moment, NO_REVOCATION)
            paths = context.path_builder.async_build_paths_lazy(leaf)
            try:
                path = _finished(find_valid_path(leaf, paths, context, self._params))
            except (ExpiredError, NotYetValidError):
                continue  # an authority's period does not cover this instant of the leaf's; another may
            except (PathBuildingError, InvalidCertificateError):
                return PathFault.UNKNOWN_ROOT
            except DisallowedAlgorithmError:
                return PathFault.WEAK
            except ValidationError:
                fault = PathFault.BROKEN
                continue
            return path if _fit(leaf, purpose) else PathFault.USAGE
        return fault

    def _chain(self, path: ValidationPath, leaf: bytes, embedded: Sequence[bytes]) -> Chain:
        """The path in the bytes it came in: the library does not write every certificate back as it read it."""
        ders = {**{x509.Certificate.load(der).issuer_serial: der for der in embedded[:EMBEDDED_MAX]}, **self._ders}
        root, *below = path
        walked = [ders[root.issuer_serial], *(ders[one.issuer_serial] for one in below[:-1])]
        return Chain(
            self._store_of[hashlib.sha256(walked[0]).digest()],
            (*walked, leaf) if below else (leaf,),
            max(one.not_valid_before for one in below or [root]),
            min(one.not_valid_after for one in below or [root]),
        )

    def _ask(self, chain: Chain, snapshot: RevocationSnapshot, moment: datetime) -> Standing:
        """Everything must be answered for; failing that, a leaf known to be revoked is told all the same."""
        if snapshot.plainly_unrevoked(chain.certificates, moment):
            return Standing(Revocation.GOOD)
        path = [x509.Certificate.load(der) for der in chain.certificates]
        lists, ocsps = self._read(snapshot)
        names = {name for certificate in path for name in _list_issuers(certificate)}
        crls = [one for name in sorted(names) for one in lists.get(name, ())]
        signers = [one for name in sorted(names) for one in self._by_name.get(name, ())]
        for policy in (REQUIRE_REVINFO, _LEAF_ONLY):
            try:
                registry = CertificateRegistry.build([*path[:-1], *signers])
                context = self._context(registry, moment, policy, crls, ocsps)
                walked = ValidationPath(CertTrustAnchor(path[0]), path[1:-1], path[-1] if path[1:] else None)
                _finished(async_validate_path(context, walked, self._params))
            except RevokedError as revoked:
                return Standing(Revocation.REVOKED, revoked.revocation_dt)
            except Exception:  # noqa: S112 - a list or answer that cannot be read says nothing
                continue
            if policy is REQUIRE_REVINFO:
                return Standing(Revocation.GOOD)
        return Standing(Revocation.UNKNOWN)

    def _context(
        self,
        registry: CertificateRegistry,
        moment: datetime,
        policy: RevocationCheckingPolicy,
        crls: Sequence[CRLContainer] = (),
        ocsps: Sequence[OCSPContainer] = (),
    ) -> ValidationContext:
        return ValidationContext(
            trust_manager=self._trust,
            certificate_registry=registry,
            moment=moment,
            allow_fetching=False,
            revinfo_manager=RevinfoManager(registry, POEManager(), crls, ocsps),
            revinfo_policy=CertRevTrustPolicy(policy),
            algorithm_usage_policy=_ALGORITHMS,
        )

    def _read(self, snapshot: RevocationSnapshot) -> tuple[dict[str, list[CRLContainer]], list[OCSPContainer]]:
        """The snapshot's lists by the name of who made them, and its answers; parsed once per snapshot."""
        version, lists, ocsps = self._answers
        if version != snapshot.version:
            lists = {}
            for one in (one for der in snapshot.crls for one in _readable(process_legacy_crl_input, der)):
                lists.setdefault(one.crl_data.issuer.hashable, []).append(one)
            ocsps = [one for der in snapshot.ocsps for one in _readable(process_legacy_ocsp_input, der)]
            self._answers = (snapshot.version, lists, ocsps)
        return lists, ocsps


_Result = TypeVar("_Result")
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _finished(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of a coroutine that never waits: it has no fetcher, so there is nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: _Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("path validation waited for something, although it has no network")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the issuer's name and key made this certificate."""
    if issuer.subject.hashable != certificate.issuer.hashable:
        return False
    try:
        DEFAULT_SIGNATURE_VALIDATOR.validate_signature(
            certificate["signature_value"].native,
            certificate["tbs_certificate"].dump(),
            issuer.public_key,
            certificate["signature_algorithm"],
        )
    except Exception:  # a stranger's certificate: whatever is wrong with it, it was not issued by ours
        return False
    return True


def _list_issuers(certificate: x509.Certificate) -> Iterator[str]:
    """By what names the list may be made that answers for a certificate: its issuer's, or one the certificate names."""
    yield certificate.issuer.hashable
    for point in certificate.crl_distribution_points_value or ():
        for name in point["crl_issuer"] or ():
            if name.name == "directory_name":
                yield name.chosen.hashable


def _fit(leaf: x509.Certificate, purpose: Purpose) -> bool:
    """Whether a certificate is for this purpose. One that limits its usage to nothing may be used for anything."""
    usages, extended = purpose.value
    written = leaf.key_usage_value
    if usages and written is not None and not usages & set(written.native):
        return False
    return extended is None or (
        leaf.extended_key_usage_value is not None and extended in leaf.extended_key_usage_value.native
    )


def _readable(read: Callable[[list[bytes]], list[_Value]], der: bytes) -> list[_Value]:
    try:
        found = read([der])
        for one in found:
            _ = one.issuance_date  # type: ignore[attr-defined]  # lazily parsed: fail here, where it is told apart
    except Exception:  # a source's answer: what cannot be read says nothing
        return []
    return found


def _remember(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Keep a value; beyond KNOWN_MAX the one kept first is forgotten."""
    memory.pop(key, None)
    if len(memory) >= KNOWN_MAX:
        del memory[next(iter(memory))]
    memory[key] = value
