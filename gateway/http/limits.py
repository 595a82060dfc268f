"""Every limit of the doors, with its name and its default. What a packet may be is limited in `edxml.Limits`."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits on requests, peers and waiting. Configuration keys carry these names."""

    header_line_bytes_max: int = 8_190
    """Longest request line, and longest single header."""
    headers_max: int = 64
    """Most headers of one request."""
    header_timeout_s: float = 75.0
    """Longest wait for the next complete request head on a connection; idle connections are closed after it."""
    json_bytes_max: int = 65_536
    """Largest JSON body (acknowledgements). Packets are limited by `edxml.Limits.body_bytes_max`."""
    inline_bytes_max: int = 262_144
    """Bodies up to this size are read in the event loop; larger ones are cut in a thread, batch by batch."""
    batch_bytes: int = 1_048_576
    """What is handed to the thread, or written to a connection, at a time: the memory one transfer needs."""
    transfer_threads: int = 4
    """Threads that cut large bodies and read large attachments."""
    body_idle_s: float = 30.0
    """Longest silence inside a body."""
    body_grace_s: float = 20.0
    """Every body has this long; beyond it, it must have kept `body_bytes_per_s_min`."""
    body_bytes_per_s_min: int = 16_384
    """Slowest acceptable average rate of a body, so that nobody holds a door open by dripping."""
    write_timeout_s: float = 60.0
    """Longest wait for a reader to take one batch of an answer or one event."""
    submissions_max: int = 256
    """Most submissions under way at a time; under load there are fewer places (`crowd`), and one peer has its share."""
    large_max: int = 64
    """Large bodies under way at a time, of all the submissions and uploads: small ones never wait for them."""
    large_per_peer_max: int = 16
    """Large bodies one peer may have under way at a time."""
    connections_max: int = 4_096
    """Most connections at a time; one address may hold as many as are free."""
    waiting_per_peer_max: int = 16
    """Event streams and long polls one peer may hold open."""
    wait_s_max: float = 60.0
    """Longest wait a long poll may ask for."""
    heartbeat_s: float = 15.0
    """An event stream says something at least this often, so that both sides notice a dead connection."""
    peer_requests_per_s: float = 200.0
    """Sustained rate of one peer."""
    peer_burst: int = 400
    """Requests a peer may make at once after a pause."""
    unknown_requests_per_s: float = 1.0
    """Sustained rate of failed authentications from one address."""
    unknown_burst: int = 20
    """Failed authentications an address may make at once after a pause."""
    credential_cache_s: float = 5.0
    """How long a credential found in the store is believed; a withdrawn one works at most this much longer."""
    metrics_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks that may read /metrics; everybody else is told there is no such thing."""

    def __post_init__(self) -> None:
        for network in self.metrics_networks:
            ip_network(network)  # ValueError now, rather than at the first question
