"""The command `gateway`: every verb, and the one place where what went wrong becomes words and an exit code.

Exit codes: 0 done, 1 refused or failed, 2 misuse. Results go to stdout, everything else to stderr; no traceback without
`--verbose`.
"""

from gateway.cli.command import main

__all__ = ["main"]
