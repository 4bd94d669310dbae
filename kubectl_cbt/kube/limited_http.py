"""A size limit for responses of the HTTP client of OIDC logins; it applies to the decompressed size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from requests import RequestException, Response
from requests.adapters import HTTPAdapter

from kubectl_cbt.system.limits import MAX_OIDC_BODY_BYTES
from kubectl_cbt.units import human_bytes


class LimitedAdapter(HTTPAdapter):
    """An adapter to mount on a session."""

    def send(self, *arguments: Any, **settings: Any) -> Response:
        """As the base class; reading the response raises a RequestException at the limit."""
        response = super().send(*arguments, **settings)
        response.raw = _Limited(response.raw)
        return response


class _Limited:
    """urllib3's response, which requests reads by ``stream``."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answer, name)

    def stream(self, amount: int, **settings: Any) -> Iterator[bytes]:
        size = 0
        for part in self._answer.stream(amount, **settings):
            size += len(part)
            if size > MAX_OIDC_BODY_BYTES:
                self._answer.close()
                raise RequestException(f"its response is larger than {human_bytes(MAX_OIDC_BODY_BYTES)}")
            yield part
