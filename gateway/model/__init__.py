"""The words every other room speaks: frozen values, enums and pure functions.

Nothing here waits, reads a clock, opens a file at run time or knows a third party. Instants are aware UTC and end in
`_at`; durations and sizes carry their unit last (`timeout_s`, `body_bytes_max`).
"""
