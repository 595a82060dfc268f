"""Tests of two doors at once: one agency works at this one, the other at that one, and both have what they need."""
