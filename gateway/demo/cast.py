"""The cast of the demo: invented agencies, their systems, and a throwaway PKI that lives as long as the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer, PolicyName
from gateway.model.signers import Capacity, Delegation, Rank, Signer
from gateway.trust import KeySigner

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

VALID_FOR = timedelta(days=2)
VALID_BEFORE = timedelta(days=30)
"""Papers of days before the demo were sealed under a certificate that was good then."""
TRIAL = PolicyName.TRANSITION
"""What guests are held to: what the field sends today."""
SIGNER, SIGNER_POSITION = "Nguyễn Văn Mẫu", "Chánh Văn phòng"
"""Signs every paper of the demo, by order of whoever heads the agency."""


class Issuer:
    """The demo's certification authority. Its name says DEMO: nothing it signs means anything anywhere else."""

    def __init__(self, at: datetime) -> None:
        self._from, self._until = at - VALID_BEFORE, at + VALID_FOR
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("DEMO – CA dùng một lần")
        self._certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def anchor_pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def anchor_der(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.DER)

    def issue(self, name: str, key: PrivateKey, *, host: str | None = None) -> KeySigner:
        """A certificate to seal documents with or, with `host` (an IP address), to serve TLS there."""
        builder = (
            self._builder(_named(name), key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(certificates=False), critical=True)
        )
        if host is not None:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
            )
        certificate = builder.sign(self._key, hashes.SHA256())
        return KeySigner(key, certificate.public_bytes(serialization.Encoding.DER))

    def _builder(self, subject: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._from)
            .not_valid_after(self._until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


@dataclass(frozen=True, slots=True)
class Player:
    """An agency of the demo, the system that speaks for it, and its sealing key."""

    peer: str
    agency: str
    name: str
    signer: KeySigner

    @property
    def short_name(self) -> str:
        """The name as clerks shorten it in a list."""
        return self.name.replace("Ủy ban nhân dân", "UBND")


@dataclass(frozen=True, slots=True)
class Cast:
    """Everyone on the stage."""

    ministry: Player
    hub: Player
    department: Player
    """Behind the province's hub: it has a seal of its own, but no system of its own."""
    party: Player
    other: Player
    far: Player
    silent: Player
    guests: tuple[Player, Player]
    """For whoever tries the gateway: nobody plays them, and their packets need no seal."""
    directory: Directory

    @property
    def players(self) -> tuple[Player, ...]:
        return (self.ministry, self.hub, self.department, self.party, self.other, self.far, self.silent)


def assemble(issuer: Issuer, hub_url: str) -> Cast:
    """The agencies, their keys and the directory that knows them. The hub is pushed to at `hub_url`."""

    def player(peer: str, agency: str, name: str, key: PrivateKey) -> Player:
        return Player(peer, agency, name, issuer.issue(f"DEMO – {name}", key))

    def p256() -> PrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    ministry = player("qlvb-bo-mau", "G99", "Bộ Mẫu", p256())
    hub = player("truc-tinh-mau", "H99", "Ủy ban nhân dân tỉnh Mẫu", p256())
    department = player("truc-tinh-mau", "H99.01", "Sở Nội vụ tỉnh Mẫu", p256())
    party = player("qlvb-tinh-uy", "A99", "Tỉnh ủy Mẫu", rsa.generate_private_key(65537, 2048))
    other = player("qlvb-bo-khac", "G98", "Bộ Khác", p256())
    far = player("qlvb-xa-xa", "H99.05.02", "Ủy ban nhân dân xã Xa", p256())
    silent = player("qlvb-xa-vang", "H99.05.01", "Ủy ban nhân dân xã Vắng", p256())
    guests = (
        player("he-thong-thu-1", "G97", "Bộ Thử", p256()),
        player("he-thong-thu-2", "H98", "Ủy ban nhân dân tỉnh Thử", p256()),
    )
    directory = _directory((ministry, hub, department, party, other, far, silent), guests, hub, hub_url)
    return Cast(ministry, hub, department, party, other, far, silent, guests, directory)


_OLD_IDS = {
    "G99": "000.00.00.G99",
    "H99": "000.00.00.H99",
    "H99.01": "000.00.01.H99",
    "A99": "000.00.00.A99",
    "G98": "000.00.00.G98",
    "G97": "000.00.00.G97",
    "H98": "000.00.00.H98",
    "H99.05.02": "000.02.05.H99",
    "H99.05.01": "000.01.05.H99",
}
"""The identifiers the agencies had under the scheme of QCVN 102:2016; both are theirs."""


_KINDS = {
    "G99": AgencyKind.MINISTRY,
    "G98": AgencyKind.MINISTRY,
    "G97": AgencyKind.MINISTRY,
    "H98": AgencyKind.PROVINCE_COMMITTEE,
    "H99": AgencyKind.PROVINCE_COMMITTEE,
    "H99.01": AgencyKind.DEPARTMENT,
    "A99": AgencyKind.PARTY,
}
"""What the agencies are; those not named are communes."""


def _directory(players: tuple[Player, ...], guests: tuple[Player, ...], hub: Player, hub_url: str) -> Directory:
    """Each agency with both its identifiers; each system with its grant, the hub's for the whole province."""
    agencies = tuple(
        Agency(
            one.agency,
            one.name,
            (one.agency, _OLD_IDS[one.agency]),
            hub.agency if one.agency.startswith(f"{hub.agency}.") else None,
            certificates=(one.signer.certificate_der,),
            kinds=(_KINDS.get(one.agency, AgencyKind.COMMUNE_COMMITTEE),),
            signers=(Signer(SIGNER, SIGNER_POSITION, Rank.UNIT_HEAD),),
            delegations=(Delegation(Capacity.ORDER, SIGNER, "01/QĐ-VP"),),
        )
        for one in (*players, *guests)
    )
    own = {one.peer: one for one in players if one.peer != hub.peer}
    province = Peer(hub.peer, "Trục liên thông tỉnh Mẫu", (Grant(hub.agency, subtree=True),), push_url=hub_url)
    peers = (
        *(Peer(key, f"Phần mềm quản lý văn bản {one.name}", (Grant(one.agency),)) for key, one in own.items()),
        province,
        *(Peer(one.peer, f"Hệ thống thử của {one.name}", (Grant(one.agency),), policy=TRIAL) for one in guests),
    )
    return Directory(version=1, agencies=agencies, peers=peers)


def key_pem(signer: KeySigner) -> bytes:
    """The private key as a file holds it."""
    return signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(signer: KeySigner) -> bytes:
    """The certificate as a file holds it."""
    return x509.load_der_x509_certificate(signer.certificate_der).public_bytes(serialization.Encoding.PEM)


def _named(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMO"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
