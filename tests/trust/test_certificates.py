"""Who may seal: paths to an anchor, at an instant, for certificates that name agencies and not hosts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.pdf import PathFault
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.trust import TrustStore, read_certificate
from gateway.trust.anchors import AnchorStore
from gateway.trust.certificates import PATH_ISSUERS_MAX
from gateway.trust.chains import Chains, Purpose
from tests.growth import LINEAR_MAX, growth
from tests.pki import DAY, NOW, Identity, certificate, p256, pki, self_issued

UNTRUSTED, VALIDITY = Reason.SEAL_CERTIFICATE_UNTRUSTED, Reason.SEAL_CERTIFICATE_VALIDITY
SECOND = timedelta(seconds=1)


def _refused(trust: TrustStore, der: bytes, at: datetime = NOW) -> Reason:
    with pytest.raises(Refused) as no:
        trust.verify(der, at)
    return no.value.reason


@pytest.mark.parametrize("name", ["p256", "p384", "rsa2048", "rsa3072", "gateway"])
def test_an_agencys_certificate_is_trusted(name: str) -> None:
    pki().trust.verify(getattr(pki(), name).der, NOW)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("expired", VALIDITY),
        ("not_yet_valid", VALIDITY),
        ("wrong_usage", UNTRUSTED),
        ("stranger", UNTRUSTED),
        ("self_signed", UNTRUSTED),
        ("rsa1024", Reason.SEAL_KEY),
        ("p521", Reason.SEAL_KEY),
        ("issuing", UNTRUSTED),
        ("root", UNTRUSTED),
    ],
)
def test_a_certificate_that_does_not_count_is_refused(name: str, reason: Reason) -> None:
    assert _refused(pki().trust, getattr(pki(), name).der) is reason


def test_a_certificate_valid_at_another_instant_is_refused_for_its_validity_first_and_its_path_before_that() -> None:
    stranger = self_issued("Root nobody trusts", p256(), authority=True).issue("Hết hạn", p256(), ends_at=NOW - DAY)
    assert _refused(pki().trust, stranger.der) is UNTRUSTED


@pytest.mark.parametrize("usage", [ExtendedKeyUsageOID.EMAIL_PROTECTION, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")])
def test_extended_usages_of_people_who_sign_are_accepted(usage: x509.ObjectIdentifier) -> None:
    pki().trust.verify(pki().issuing.issue("Ký", p256(), extended=(usage,)).der, NOW)


@pytest.mark.parametrize(
    "usage", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING]
)
def test_extended_usages_of_machines_are_refused(usage: x509.ObjectIdentifier) -> None:
    assert _refused(pki().trust, pki().issuing.issue("Máy", p256(), extended=(usage,)).der) is UNTRUSTED


def test_an_agency_cannot_issue_certificates() -> None:
    forged = pki().p256.issue("Giả mạo", p256())
    trust = TrustStore([pki().root.der], [pki().issuing.der, pki().p256.der])
    assert _refused(trust, forged.der) is UNTRUSTED


def test_a_path_may_not_be_longer_than_its_authority_allows() -> None:
    below = pki().issuing.issue("Cấp dưới", p256(), authority=True)
    trust = TrustStore([pki().root.der], [pki().issuing.der, below.der])
    assert _refused(trust, below.issue("Cơ quan", p256()).der) is UNTRUSTED


@pytest.mark.parametrize(("between", "trusted"), [(PATH_ISSUERS_MAX, True), (PATH_ISSUERS_MAX + 1, False), (60, False)])
def test_a_long_path_is_followed_so_far_and_no_further(between: int, trusted: bool) -> None:
    below = [pki().root]
    for number in range(between):
        below.append(below[-1].issue(f"Cấp {number}", p256(), authority=True))
    trust = TrustStore([pki().root.der], [one.der for one in below[1:]])
    leaf = below[-1].issue("Cơ quan", p256())
    if trusted:
        trust.verify(leaf.der, NOW)
    else:
        assert _refused(trust, leaf.der) is UNTRUSTED


def circle(size: int) -> tuple[Identity, list[bytes]]:
    """A certificate below authorities that all certify each other, and what they certify; no root is among them."""
    all_ = [self_issued(f"Vòng {number}", p256(), authority=True) for number in range(size)]
    crossed = [
        Identity(certificate(f"Vòng {number}", one.key, by, authority=True), one.key).der
        for number, one in enumerate(all_)
        for by in all_
        if by is not one
    ]
    return all_[0].issue("Cơ quan", p256()), crossed


def test_paths_that_go_round_in_circles_end() -> None:
    """Among nine authorities there are a hundred thousand ways, among three there are a few."""

    def looked_for(leaf: Identity, crossed: list[bytes]) -> None:
        assert _refused(TrustStore([pki().root.der], crossed), leaf.der) is UNTRUSTED
        chains = Chains([AnchorStore("government", (pki().root.der,), ())])
        assert chains.find(leaf.der, crossed, NOW, Purpose.SIGNING) is PathFault.UNKNOWN_ROOT

    few, many = circle(3), circle(9)
    looked_for(*circle(2))
    assert growth(lambda: looked_for(*few), lambda: looked_for(*many)) < LINEAR_MAX


def test_a_circle_beside_the_path_hides_no_path() -> None:
    _, crossed = circle(4)
    TrustStore([pki().root.der], [*crossed, pki().issuing.der]).verify(pki().p256.der, NOW)


def test_an_issuer_must_say_it_is_an_authority() -> None:
    plain = pki().root.issue("Không ghi rõ", p256(), authority=True, constraints=False)
    assert _refused(TrustStore([pki().root.der], [plain.der]), plain.issue("Cơ quan", p256()).der) is UNTRUSTED


def test_a_weak_issuer_breaks_the_path() -> None:
    weak = pki().root.issue("Yếu", rsa.generate_private_key(65537, 1024), authority=True)
    assert _refused(TrustStore([pki().root.der], [weak.der]), weak.issue("Cơ quan", p256()).der) is UNTRUSTED


def test_intermediates_come_from_the_configuration_only() -> None:
    assert _refused(TrustStore([pki().root.der]), pki().p256.der) is UNTRUSTED


def test_an_issuing_authority_may_be_the_anchor() -> None:
    TrustStore([pki().issuing.der]).verify(pki().p256.der, NOW)


@pytest.mark.parametrize("which", ["root", "issuing"])
def test_an_expired_authority_ends_the_trust_of_what_it_issued(which: str) -> None:
    late = NOW - DAY
    root = self_issued("Gốc", p256(), authority=True, ends_at=late if which == "root" else NOW + DAY)
    issuing = root.issue("Cấp", p256(), authority=True, ends_at=late if which == "issuing" else NOW + DAY)
    leaf = issuing.issue("Cơ quan", p256())
    assert _refused(TrustStore([root.der], [issuing.der]), leaf.der) is VALIDITY


def test_a_cached_path_is_trusted_only_while_all_of_it_is_valid() -> None:
    issuing = pki().root.issue("Cấp", p256(), authority=True, starts_at=NOW - DAY, ends_at=NOW + DAY)
    leaf = issuing.issue("Cơ quan", p256())
    trust = TrustStore([pki().root.der], [issuing.der])
    trust.verify(leaf.der, NOW)
    trust.verify(leaf.der, NOW + DAY - SECOND)
    for at in (NOW + DAY + SECOND, NOW - DAY - SECOND):
        assert _refused(trust, leaf.der, at) is VALIDITY
    trust.verify(leaf.der, NOW)


@given(days=st.integers(-60, 400))
def test_the_cache_never_changes_the_answer(days: int) -> None:
    at, warm = NOW + days * DAY, pki().trust
    warm.verify(pki().p256.der, NOW)
    answers = []
    for trust in (warm, pki().trust):
        try:
            trust.verify(pki().p256.der, at)
            answers.append(None)
        except Refused as no:
            answers.append(no.reason)
    assert answers[0] == answers[1]
    assert (answers[0] is None) == (-30 <= days <= 365)


def test_a_renewed_authority_carries_on_the_trust() -> None:
    key = p256()
    old = Identity(pki().root.issue("Cấp", key, authority=True, ends_at=NOW + DAY).certificate, key)
    new = Identity(pki().root.issue("Cấp", key, authority=True).certificate, key)
    trust = TrustStore([pki().root.der], [old.der, new.der])
    leaf = old.issue("Cơ quan", p256())
    for at in (NOW, NOW + 2 * DAY):
        trust.verify(leaf.der, at)


def test_a_store_without_an_anchor_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"anchor|empty|store"):
        TrustStore([])


@given(der=st.binary(max_size=200))
def test_no_bytes_make_reading_a_certificate_fail_in_another_way(der: bytes) -> None:
    with pytest.raises(Refused) as no:
        read_certificate(der)
    assert no.value.reason is Reason.SEAL_KEY
    assert _refused(pki().trust, der) is Reason.SEAL_KEY


def test_a_certificate_is_read_with_its_period_and_name() -> None:
    certificate = read_certificate(pki().p256.der)
    assert certificate.subject == "CN=Bộ Kiểm thử P-256,C=VN"
    assert certificate.period.covers(NOW)
    assert not certificate.period.covers(NOW + 400 * DAY)
