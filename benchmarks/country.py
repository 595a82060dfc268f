"""A synthetic country: agencies in trees as the axis's directory has them, and the systems that speak for them.

Thirty ministries and thirty-four provinces; below each its departments, communes, and units of both, three or four
levels deep; most with an identifier of either scheme. Ministries, provinces and their departments have systems of their
own, a province's speaks for all below it. Names are made of parts, seeded: nobody's real directory.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from gateway.model.agency import Agency, Directory, Grant, Peer

AGENCIES = 125_000
MINISTRIES, PROVINCES = 30, 34
DEPARTMENTS, COMMUNES = 60, 96
_UNITS = ("Phòng", "Chi cục", "Trung tâm", "Ban Quản lý", "Trường Trung học cơ sở", "Trường Tiểu học", "Trạm Y tế")
_FIELDS = (
    "Nội vụ", "Tài chính", "Y tế", "Giáo dục và Đào tạo", "Tư pháp", "Xây dựng", "Nông nghiệp và Môi trường",
    "Văn hoá, Thể thao và Du lịch", "Khoa học và Công nghệ", "Công Thương", "Dân tộc và Tôn giáo", "Lưu trữ lịch sử",
)  # fmt: skip
_PLACES = ("An Phú", "Bình Hòa", "Đông Sơn", "Hải Đường", "Kỳ Lâm", "Mỹ Thịnh", "Nghĩa Trung", "Tân Lập", "Yên Định")


def country(count: int = AGENCIES, seed: int = 20) -> tuple[Agency, ...]:
    """That many agencies, superiors before those below them; the same for the same seed."""
    chance = random.Random(seed)
    made = list(_heads_and_departments(chance))
    above = [one for one in made if one.parent]
    below = Counter[str]()
    while len(made) < count:
        superior = chance.choice(above)
        below[superior.key] += 1
        name = f"{chance.choice(_UNITS)} {chance.choice(_FIELDS)} {chance.choice(_PLACES)} - {superior.name}"
        made.append(_agency(f"{superior.key}.{below[superior.key]:02}", name[:200], superior.key))
        if len(above) < 9_000 and made[-1].key.count(".") == 2:
            above.append(made[-1])  # a fourth level below it
    return tuple(made[:count])


def _heads_and_departments(chance: random.Random) -> Iterator[Agency]:
    for letter, heads, below in (("G", MINISTRIES, DEPARTMENTS), ("H", PROVINCES, DEPARTMENTS + COMMUNES)):
        for number in range(1, heads + 1):
            kind = "Bộ" if letter == "G" else "Ủy ban nhân dân tỉnh"
            head = _agency(f"{letter}{number:02}", f"{kind} {chance.choice(_FIELDS)} {number}", None)
            yield head
            for unit in range(1, below + 1):
                what = "Sở" if unit <= DEPARTMENTS else "Ủy ban nhân dân xã"
                whose = chance.choice(_FIELDS if unit <= DEPARTMENTS else _PLACES)
                yield _agency(f"{head.key}.{unit:02}", f"{what} {whose} {unit}, {head.name}", head.key)


def _agency(key: str, name: str, parent: str | None) -> Agency:
    """With the identifier of the old scheme, read from right to left, where its digits suffice."""
    head, *numbers = key.split(".")
    second, third, fourth = [*map(int, numbers), 0, 0, 0][:3]
    old = (f"{fourth:03}.{third:02}.{second:02}.{head}",) if max(second, third) < 100 and fourth < 1_000 else ()
    return Agency(key, name, (key, *old), parent)


def systems(agencies: tuple[Agency, ...]) -> tuple[Peer, ...]:
    """A hub for every ministry and province, and a system of its own for every other department and commune."""
    return tuple(
        Peer(f"peer-{one.key}", f"Hệ thống của {one.name}", (Grant(one.key, subtree=one.parent is None),))
        for one in agencies
        if one.parent is None or (one.key.count(".") == 1 and int(one.key.partition(".")[2]) % 2)
    )


def changed(directory: Directory, count: int, seed: int) -> Directory:
    """The next version, in which that many agencies have another name."""
    chance = random.Random(seed)
    chosen = {one.key for one in chance.sample(directory.agencies, count)}
    agencies = tuple(
        replace(one, name=f"{one.name[:180]} (đổi tên {seed})") if one.key in chosen else one
        for one in directory.agencies
    )
    return replace(directory, version=directory.version + 1, agencies=agencies)
