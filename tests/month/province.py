"""One province with its departments, communes and units, and the ministries it exchanges documents with."""

from __future__ import annotations

from gateway.model.agency import Agency, Directory, Grant, Peer, PolicyName
from tests.pki import pki

PROVINCE = "H29"
MINISTRIES, DEPARTMENTS, COMMUNES, UNITS = 12, 20, 124, 9
"""Units: below each department."""
_FIELDS = (
    "Nội vụ", "Tài chính", "Y tế", "Giáo dục và Đào tạo", "Tư pháp", "Xây dựng", "Nông nghiệp và Môi trường",
    "Văn hóa, Thể thao và Du lịch", "Khoa học và Công nghệ", "Công Thương", "Dân tộc và Tôn giáo", "Ngoại vụ",
)  # fmt: skip


def directory() -> Directory:
    """Ministries and departments have systems of their own, as has every other commune; the province's hub collects
    for whoever has none. Ministries seal what they send; everybody is in a time of transition."""
    agencies = (*_ministries(), *_province())
    own = [one for one in agencies if _has_a_system(one.key)]
    return Directory(
        1,
        agencies,
        tuple(
            Peer(
                f"qlvb-{one.key.lower().replace('.', '-')}",
                f"Hệ thống của {one.name}",
                (Grant(one.key, subtree=one.key == PROVINCE or one.key in _departments()),),
                policy=PolicyName.TRANSITION,
            )
            for one in own
        ),
    )


def seals(agency: str) -> bool:
    """Whether an agency's system seals its packets."""
    return agency.startswith("G")


def _ministries() -> list[Agency]:
    certificate = (pki().p256.der,)
    return [
        Agency(f"G{number:02}", f"Bộ {_FIELDS[number - 1]}", (f"G{number:02}",), certificates=certificate)
        for number in range(1, MINISTRIES + 1)
    ]


def _province() -> list[Agency]:
    agencies = [Agency(PROVINCE, "Ủy ban nhân dân tỉnh Sông Mẫu", (PROVINCE, "000.00.00.H29"))]
    for number, key in enumerate(_departments()):
        agencies.append(_below(PROVINCE, key, f"Sở {_FIELDS[number % len(_FIELDS)]} {number // len(_FIELDS) + 1}"))
        agencies += [
            _below(key, f"{key}.{unit:02}", f"Chi cục {unit} thuộc Sở {number + 1}") for unit in range(1, UNITS + 1)
        ]
    agencies += [
        _below(PROVINCE, f"{PROVINCE}.{100 + one}", f"Ủy ban nhân dân xã {one}") for one in range(1, COMMUNES + 1)
    ]
    return agencies


def _departments() -> list[str]:
    return [f"{PROVINCE}.{number:02}" for number in range(1, DEPARTMENTS + 1)]


def _below(parent: str, key: str, name: str) -> Agency:
    return Agency(key, name, (key,), parent=parent)


def _has_a_system(key: str) -> bool:
    _, _, number = key.partition(".")
    return not number or key in _departments() or (number.isdigit() and int(number) > 100 and int(number) % 2 == 1)
