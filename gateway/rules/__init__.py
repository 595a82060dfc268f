"""Examination: is the form right (thể thức), and may these people do this (thẩm quyền)?

`examine` is one pure function from bytes and known facts to a verdict. No clock, no disk, no network.
"""

from gateway.rules.authority import Addressee
from gateway.rules.examine import Examination, Known, examine

__all__ = ["Addressee", "Examination", "Known", "examine"]
