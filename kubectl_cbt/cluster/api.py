"""Requests to the API server, in the Kubernetes client's connection and login.

Paths and dictionaries rather than the client's generated classes: those take a second to import, and none of
them knows the two API groups that matter here.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

import orjson

from kubectl_cbt.cluster.api_errors import answer_error, transport_error
from kubectl_cbt.cluster.config import LoadedConfig
from kubectl_cbt.errors import UsageError

Object = dict[str, Any]
"""A Kubernetes object as JSON."""


class Api:
    """One API server, one login.

    Args:
        config: from :func:`~kubectl_cbt.cluster.config.load_config`.
        request_timeout_seconds: for each request; 0 waits for ever, as kubectl does.

    Every method raises the errors of ``cluster/api_errors.py``.
    """

    def __init__(self, config: LoadedConfig, request_timeout_seconds: float = 0) -> None:
        from kubernetes.client import ApiClient

        self._client = ApiClient(config.configuration)
        _verify_as_kubectl(self._client)
        self._host: str = config.configuration.host
        self._timeout = request_timeout_seconds or None

    def get(self, *segments: str) -> Object:
        """GET the path made of ``segments``, each quoted on its own."""
        return self._request("GET", segments)

    def create(self, *segments: str, body: Object) -> Object:
        """POST ``body`` to the path made of ``segments``."""
        return self._request("POST", segments, body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _request(self, method: str, segments: tuple[str, ...], body: Object | None = None) -> Object:
        from urllib3.exceptions import HTTPError

        path = "/" + "/".join(map(_quoted, segments))
        headers = {"Accept": "application/json", "User-Agent": "kubectl-cbt"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = self._client.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        from kubernetes.client import ApiException

        try:
            answer = self._client.call_api(*request, _request_timeout=self._timeout)
            data = answer.read() or b""
        except (HTTPError, ApiException, OSError) as error:
            raise transport_error(error, self._host) from error
        if not 200 <= answer.status < 300:
            raise answer_error(answer.status, data, path)
        try:
            return cast(Object, orjson.loads(data))
        except orjson.JSONDecodeError as error:
            raise transport_error(error, self._host) from error


def _quoted(segment: str) -> str:
    """A name as part of a path.

    Raises:
        UsageError: a name that would lead to another path, or none at all.
    """
    try:
        quoted = quote(segment, safe="")
    except UnicodeEncodeError as error:
        raise UsageError(f"{segment!r} is not UTF-8, and no name") from error
    if quoted in ("", ".", ".."):
        raise UsageError(f'"{segment}" is no name of an object')
    return quoted


def _verify_as_kubectl(client: Any) -> None:
    """Trust the certificates kubectl trusts.

    From Python 3.13 on urllib3 asks for extensions that Go's clients do not ask for, and that many a cluster's own CA
    does without.
    """
    from ssl import VERIFY_X509_STRICT

    from urllib3.util import create_urllib3_context

    context = create_urllib3_context()
    context.verify_flags &= ~VERIFY_X509_STRICT
    # urllib3 sets verify_mode from the configuration, and Python wants the host name's check gone before.
    context.check_hostname = bool(client.configuration.verify_ssl)
    client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
