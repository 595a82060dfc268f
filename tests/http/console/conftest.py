"""What the tests of the console share."""

from tests.provider import issuer

__all__ = ["issuer"]
