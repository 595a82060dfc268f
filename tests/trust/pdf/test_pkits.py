"""NIST's PKI Test Suite (PKITS) through our own `Chains`: paths, policies, names, lists and their deltas.

Every end certificate of the suite at the suite's default settings, and the settings of its sections 4.8, 4.10 and 4.12
beside. A path counts where it is found, holds at the instant and every certificate on it is answered for: what `Chains`
asks of a signer.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
import pytest
from pyhanko_certvalidator import PKIXValidationParams

from gateway.model.pdf import PathFault, Revocation
from gateway.trust.anchors import AnchorStore
from gateway.trust.chains import Chain, Chains, Purpose
from gateway.trust.revocation import RevocationSnapshot, Source, SourceKind
from tests.pki import NOW

SUITE = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
ROOT = "TrustAnchorRootCertificate"
REFUSED_FOR_DSA = {"ValidDSASignaturesTest4", "ValidDSAParameterInheritanceTest5"}
"""Valid in the suite. We accept no DSA: these two are refused as weak, and only these."""

DEFAULT = PKIXValidationParams()
EXPLICIT = PKIXValidationParams(initial_explicit_policy=True)
NO_MAPPING = PKIXValidationParams(initial_policy_mapping_inhibit=True)
NO_ANY = PKIXValidationParams(initial_any_policy_inhibit=True)


def policies(*numbers: int, explicit: bool = False) -> PKIXValidationParams:
    """Only NIST's test policies of these numbers are acceptable."""
    ids = frozenset(f"2.16.840.1.101.3.2.1.48.{number}" for number in numbers)
    return PKIXValidationParams(user_initial_policy_set=ids, initial_explicit_policy=explicit)


VALID_THOUGH_NOT_CALLED_SO = {
    "AllCertificatesNoPoliciesTest2", "AllCertificatesSamePoliciesTest10", "AllCertificatesSamePoliciesTest13",
    "AllCertificatesanyPolicyTest11", "AnyPolicyTest14", "CPSPointerQualifierTest20", "DifferentPoliciesTest3",
    "OverlappingPoliciesTest6", "UserNoticeQualifierTest15", "UserNoticeQualifierTest16", "UserNoticeQualifierTest17",
    "UserNoticeQualifierTest18", "UserNoticeQualifierTest19", "inhibitAnyPolicyTest3",
}  # fmt: skip

SETTINGS = [
    ("ValidCertificatePathTest1", EXPLICIT, True),
    ("ValidCertificatePathTest1", policies(1, explicit=True), True),
    ("ValidCertificatePathTest1", policies(2, explicit=True), False),
    ("ValidCertificatePathTest1", policies(1, 2, explicit=True), True),
    ("AllCertificatesNoPoliciesTest2", EXPLICIT, False),
    ("DifferentPoliciesTest3", EXPLICIT, False),
    ("DifferentPoliciesTest3", policies(1, 2, explicit=True), False),
    ("OverlappingPoliciesTest6", policies(1), True),
    ("OverlappingPoliciesTest6", policies(2), False),
    ("AllCertificatesSamePoliciesTest10", policies(1), True),
    ("AllCertificatesSamePoliciesTest10", policies(2), True),
    ("AllCertificatesanyPolicyTest11", policies(1), True),
    ("AllCertificatesSamePoliciesTest13", policies(1), True),
    ("AllCertificatesSamePoliciesTest13", policies(2), True),
    ("AllCertificatesSamePoliciesTest13", policies(3), True),
    ("AnyPolicyTest14", policies(1), True),
    ("AnyPolicyTest14", policies(2), False),
    ("UserNoticeQualifierTest18", policies(1), True),
    ("UserNoticeQualifierTest18", policies(2), True),
    ("ValidPolicyMappingTest1", policies(1), True),
    ("ValidPolicyMappingTest1", policies(2), False),
    ("ValidPolicyMappingTest1", NO_MAPPING, False),
    ("InvalidPolicyMappingTest2", NO_MAPPING, False),
    ("ValidPolicyMappingTest3", policies(1), False),
    ("ValidPolicyMappingTest3", policies(2), True),
    ("ValidPolicyMappingTest5", policies(1), True),
    ("ValidPolicyMappingTest5", policies(6), False),
    ("ValidPolicyMappingTest6", policies(1), True),
    ("ValidPolicyMappingTest6", policies(6), False),
    ("ValidPolicyMappingTest12", policies(1), True),
    ("ValidPolicyMappingTest12", policies(2), True),
    ("inhibitAnyPolicyTest3", NO_ANY, False),
]


@cache
def chains(params: PKIXValidationParams) -> Chains:
    """Trusting the suite's root, knowing every other certificate in it."""
    others = [path for path in sorted((SUITE / "certs").glob("*.crt")) if not path.stem.endswith(("EE", ROOT))]
    root = (SUITE / "certs" / f"{ROOT}.crt").read_bytes()
    return Chains([AnchorStore("nist", (root,), tuple(path.read_bytes() for path in others))], params)


class NoShortcut(RevocationSnapshot):
    """Every question goes to the path validator."""

    def plainly_unrevoked(self, path: tuple[bytes, ...], moment: datetime) -> bool:
        return False


@cache
def snapshot(kind: type[RevocationSnapshot] = RevocationSnapshot) -> RevocationSnapshot:
    lists = sorted((SUITE / "crls").glob("*.crl"))
    return kind(NOW, {Source(SourceKind.CRL, path.stem).key: path.read_bytes() for path in lists})


def accepted(
    name: str, params: PKIXValidationParams, kind: type[RevocationSnapshot] = RevocationSnapshot
) -> bool | PathFault:
    leaf = (SUITE / "certs" / f"{name}EE.crt").read_bytes()
    chain = chains(params).find(leaf, [], NOW, Purpose.ANY)
    if not isinstance(chain, Chain):
        return chain
    asked = chains(params)._ask(chain, snapshot(kind), NOW)
    return chain.covers(NOW) and asked.revocation is Revocation.GOOD


def cases() -> list[tuple[str, PKIXValidationParams, bool]]:
    names = [path.stem.removesuffix("EE") for path in sorted((SUITE / "certs").glob("*EE.crt"))]
    plain = [(name, DEFAULT, name.startswith("Valid") or name in VALID_THOUGH_NOT_CALLED_SO) for name in names]
    return [*plain, *SETTINGS]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # one of the suite's is negative, on purpose
def test_the_path_validator_agrees_with_nist(record_property: pytest.FixtureRequest) -> None:
    wrong = []
    for name, params, valid in cases():
        found = accepted(name, params)
        if name in REFUSED_FOR_DSA:
            assert found is PathFault.WEAK, name
        elif (found is True) is not valid:
            wrong.append((name, params, found))
    assert not wrong, wrong
    count = len(cases())
    record_property("cases", count)
    print(f"\nPKITS: {count} cases, {count - len(REFUSED_FOR_DSA)} as NIST says, 2 valid ones refused for DSA")
    assert count == 255


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_the_shortcut_for_plain_lists_never_says_more_than_the_path_validator() -> None:
    for name, params, _ in cases():
        assert accepted(name, params) == accepted(name, params, NoShortcut), name
