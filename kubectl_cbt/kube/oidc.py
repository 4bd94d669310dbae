"""Logins by an OIDC provider: the kubeconfig's ``auth-provider`` of the name ``oidc``."""

from __future__ import annotations

import base64
import contextlib
import ssl
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote_plus

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.credentials import Credential
from kubectl_cbt.kube.kubeconfig_fields import Entry
from kubectl_cbt.kube.prefetch import within
from kubectl_cbt.security.jwt import read_claims
from kubectl_cbt.security.pem import pem_of, readable_certificates_in
from kubectl_cbt.system.private_files import readable_path

_OIDC_READ_SECONDS, _OIDC_SECONDS = 30.0, 90.0
"""How long an identity provider may be silent, and how long a login may take."""


def log_in_by_oidc(config: Entry, name: str) -> Credential:
    """The kubeconfig's ID token while it is valid, otherwise a new one from the provider.

    Raises:
        ConfigError: the configuration is incomplete, or the provider did not renew the login.
    """
    issuer, token = config.get("idp-issuer-url") or "", config.get("id-token") or ""
    for needed in ("idp-issuer-url", "client-id"):
        if not config.get(needed):
            raise ConfigError(f'the OIDC login of user "{name}" has no {needed}')
    if token:
        found = Credential({"token": token}, _expiry(token, name))
        if not found.is_stale:
            return found
    if not config.get("refresh-token"):
        raise ConfigError(
            f'the OIDC login of user "{name}" has expired, and the kubeconfig has no refresh-token',
            hint="log in again with the tool that wrote the kubeconfig",
        )
    token = _refreshed(config, name, issuer)
    return Credential({"token": token}, _expiry(token, name))


def _refreshed(config: Entry, name: str, issuer: str) -> str:
    import requests
    from oauthlib.oauth2 import OAuth2Error

    try:
        with contextlib.ExitStack() as stack:
            verify = _system_authorities()
            authority = _provider_authority(config)
            if authority:
                # The HTTP client takes paths only.
                verify = stack.enter_context(readable_path(authority))
            answer = within(_OIDC_SECONDS, lambda: _provider_answer(config, issuer, verify))
        # In memory only. A provider that rotates refresh tokens treats a second use of the old one as theft.
        config["refresh-token"] = _text_of(answer, "refresh_token", config["refresh-token"])
        return _text_of(answer, "id_token")
    except (OAuth2Error, requests.RequestException, OSError, KeyError, ValueError, *_LIBRARY_FAULTS) as error:
        from kubectl_cbt.security.redact import redact_line

        reason = redact_line(_reason(error))
        raise ConfigError(
            f'the OIDC login of user "{name}" at {redact_line(issuer)} could not be renewed: {reason}',
            hint="log in again with the tool that wrote the kubeconfig",
        ) from None


def _provider_authority(config: Entry) -> bytes:
    """PEM of the CAs to trust for the provider; empty for the system's. Damaged blocks are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it contains no readable certificate.
    """
    path, data = config.get("idp-certificate-authority"), config.get("idp-certificate-authority-data")
    if data:
        pem = base64.b64decode(data)
    elif path:
        pem = Path(path).read_bytes()
    else:
        return b""
    readable = readable_certificates_in(pem)
    if not readable:
        raise ValueError("idp-certificate-authority contains no readable certificate")
    return pem_of(readable)


def _provider_answer(config: Entry, issuer: str, verify: str | bool) -> Entry:
    """The provider's token response."""
    from requests_oauthlib import OAuth2Session

    from kubectl_cbt.kube.limited_http import LimitedAdapter

    with OAuth2Session(client_id=config["client-id"]) as session:
        session.mount("https://", LimitedAdapter())
        session.mount("http://", LimitedAdapter())
        # Passed with each request: requests ignores the session's own where REQUESTS_CA_BUNDLE is set.
        session.verify = verify
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = session.request("GET", url, withhold_token=True, timeout=_OIDC_READ_SECONDS, verify=verify)
        discovery.raise_for_status()
        return _refresh(session, _text_of(discovery.json(), "token_endpoint"), config)


def _refresh(session: Any, url: str, config: Entry) -> Entry:
    """The token response; the client secret is sent in a header, and if that is rejected in the body."""
    from oauthlib.oauth2 import OAuth2Error

    client_id, secret = config["client-id"], config.get("client-secret") or ""
    refresh: Any = partial(
        session.refresh_token,
        url,
        refresh_token=config["refresh-token"],
        timeout=_OIDC_READ_SECONDS,
        verify=session.verify,
    )
    if not secret:
        return cast(Entry, refresh(client_id=client_id))
    try:
        # Encoded by OAuth's rules first, then by HTTP's.
        return cast(Entry, refresh(auth=(quote_plus(client_id), quote_plus(secret))))
    except OAuth2Error:
        return cast(Entry, refresh(client_id=client_id, client_secret=secret))


_LIBRARY_FAULTS = (AttributeError, TypeError, RecursionError, OverflowError, Warning)
"""What the OAuth libraries raise for responses of an unexpected shape or with unexpected numbers."""


def _text_of(answer: Any, name: str, otherwise: str | None = None) -> str:
    """A string of a provider's response.

    Raises:
        KeyError: it is missing, and there is no default.
    """
    found = answer.get(name) if isinstance(answer, dict) else None
    if isinstance(found, str) and found:
        return found
    if otherwise is None:
        raise KeyError(name)
    return otherwise


def _system_authorities() -> str | bool:
    """Where this machine keeps its CAs; the HTTP client would use the ones bundled with it."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def _reason(error: Exception) -> str:
    """What went wrong, without what was sent: the text of a response may echo the refresh token."""
    from oauthlib.oauth2 import OAuth2Error

    if isinstance(error, OAuth2Error):
        return f"{error.error} {error.description or ''}"
    if isinstance(error, KeyError):
        return f"its response has no {error.args[0]}"
    response = getattr(error, "response", None)
    if response is not None:
        return f"it returned {response.status_code} {response.reason}"
    # The HTTP client wraps the cause several times over.
    return f"{type(error).__name__}: {str(error).rpartition('Caused by ')[2][:300]}"


def _expiry(token: str, name: str) -> float:
    """``exp`` of a JSON Web Token; a token without one has expired, as in kubectl.

    Raises:
        ConfigError: it is not a JSON Web Token.
    """
    try:
        return read_claims(token).expires
    except ValueError:
        raise ConfigError(f'the id-token of user "{name}" is not a JSON Web Token') from None
