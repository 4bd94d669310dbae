"""The credential of a login: sent with requests, passed to a kubectl child process, renewed when it expires.

It is kept only in memory and contains no path: a certificate or key may come from a pipe, which can be read once.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.client_tls import ClientCertificate
from kubectl_cbt.kube.kubeconfig_fields import Entry

_EARLY_SECONDS = 30
"""How long before its expiry a credential counts as expired: it must still be valid when it arrives."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The result of a login, as fields of a kubeconfig's user.

    Attributes:
        fields: a token, or name and password, or neither; and a certificate with its key, or none.
        expires: seconds since the epoch; None when unknown, 0 for one that must be read again for each request.
    """

    fields: Entry = field(repr=False)
    expires: float | None = None

    @property
    def is_stale(self) -> bool:
        """Whether it must be fetched again."""
        return self.expires is not None and time.time() > self.expires - _EARLY_SECONDS


class HeldCredential:
    """A credential that renews itself; safe from any thread.

    Args:
        first: the result of the login.
        renew: logs in again; called when the credential has expired.

    Raises:
        ConfigError: the token is invalid; a file of the certificate cannot be read.
    """

    def __init__(self, first: Credential, renew: Callable[[], Credential]) -> None:
        self._current = first
        self._renew = renew
        self._authorization = _authorization(first.fields)
        self._certificate = _certificate(first.fields)
        self._lock = threading.Lock()  # one login for concurrent requests

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate; None for another kind of login."""
        return self._certificate

    def authorization(self) -> str:
        """The Authorization header; empty for another kind of login."""
        with self._lock:
            self._renew_if_stale()
            return self._authorization

    def fields(self) -> Entry:
        """The login as fields of a kubeconfig's user, without paths and plugins."""
        with self._lock:
            self._renew_if_stale()
            fields: Entry = {}
            if self._current.fields.get("username"):
                fields = {name: self._current.fields[name] for name in ("username", "password")}
            elif self._authorization:
                fields = {"token": self._authorization.removeprefix("Bearer ")}
            if self._certificate is not None:
                fields["client-certificate-data"] = base64.b64encode(self._certificate.certificate).decode()
                fields["client-key-data"] = base64.b64encode(self._certificate.key).decode()
            return fields

    def _renew_if_stale(self) -> None:
        """Renew an expired credential: an interactive session may outlive it."""
        if not self._current.is_stale:
            return
        self._current = self._renew()
        # Open connections keep their certificate; the server rejects it when it has expired. A new one, which only a
        # plugin returns, is for the next kubectl child process.
        self._authorization = _authorization(self._current.fields) or self._authorization
        if "client-certificate" not in self._current.fields and "client-key" not in self._current.fields:
            self._certificate = _certificate(self._current.fields) or self._certificate


def _authorization(fields: Entry) -> str:
    if fields.get("username"):
        text = f"{fields['username']}:{fields['password']}"
        return f"Basic {base64.b64encode(text.encode()).decode()}"
    if fields.get("token"):
        token = fields["token"].rstrip(" \t")
        if not (token.isascii() and token.isprintable()):
            # The HTTP client would quote the whole token in its error.
            raise ConfigError("the kubeconfig's token contains characters not allowed in an HTTP header")
        return f"Bearer {token}"
    return ""


def _certificate(fields: Entry) -> ClientCertificate | None:
    try:
        certificate, key = (_pem(fields, kind) for kind in ("client-certificate", "client-key"))
    except OSError as error:
        raise ConfigError(f"the client certificate or its key cannot be used: {error.strerror}") from error
    return ClientCertificate(certificate, key) if certificate and key else None


def _pem(fields: Entry, kind: str) -> bytes:
    if fields.get(f"{kind}-data"):
        return base64.b64decode(fields[f"{kind}-data"])
    return Path(fields[kind]).read_bytes() if fields.get(kind) else b""
