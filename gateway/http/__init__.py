"""The doors: the native API under /v1, its errors, its description, its health.

Thin by design: an endpoint reads a request, calls the exchange once, and words the answer. One table
(`table.ENDPOINTS`) registers the routes and makes the OpenAPI document.
"""

from gateway.http.doors import DoorRunner, build_app
from gateway.http.limits import HttpLimits
from gateway.http.public import PublicAddress

__all__ = ["DoorRunner", "HttpLimits", "PublicAddress", "build_app"]
