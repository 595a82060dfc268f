"""Trục: the exchange gateway of a national document axis."""

__version__ = "0.1.0"
