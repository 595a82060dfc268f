"""The whole gateway, killed, starved of disk and lied to by its disk, and then compared with what its peers were told.

`installation` founds a gateway in a folder, `serving` runs it as a process of its own, `parties` are the systems that
send to it and collect from it, `notebook` is what they were told, kept outside, and `audit` reads the register and the
ledger and compares. `python -m tests.crash` is the long loop.
"""
