"""All vectors of steps 1 to 3."""

from __future__ import annotations

from tests.vectors import form, markup, receive
from tests.vectors.vector import Vector

VECTORS: list[Vector] = [*receive.VECTORS, *markup.VECTORS, *form.VECTORS]
