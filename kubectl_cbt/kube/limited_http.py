"""For the HTTP client of OIDC logins: answers are read up to a limit, which counts what they are decompressed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from requests import RequestException, Response
from requests.adapters import HTTPAdapter

from kubectl_cbt.system.limits import MAX_OIDC_BODY_BYTES
from kubectl_cbt.units import human_bytes


class LimitedAdapter(HTTPAdapter):
    """To be mounted on a session."""

    def send(self, *arguments: Any, **settings: Any) -> Response:
        """As the base class; reading the answer raises a RequestException at the limit."""
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
                raise RequestException(f"its answer is larger than {human_bytes(MAX_OIDC_BODY_BYTES)}")
            yield part
