"""An OIDC provider on loopback: real HTTPS, tokens with an expiry."""

import base64
import json
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from kubectl_cbt.demo.certificates import CertificateAuthority


def id_token(seconds: float, **claims: Any) -> str:
    """A token that expires in this many seconds; signatures are not checked."""
    parts = {"alg": "none"}, {"exp": int(time.time() + seconds), **claims}
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "s"]
    )


@dataclass(frozen=True)
class TokenRequestSeen:
    """A request for a token.

    Attributes:
        login: the header ``Authorization``, decoded; empty without one.
    """

    login: str
    form: dict[str, str]


class IdentityProvider:
    """Issues a new token for every request by default.

    Attributes:
        asked: requests for tokens so far.
        requests: how many there were of any kind.
        code, answer: what the next get; text for what is no JSON.
        takes_header: whether a client may log in by header; if not, the body has to hold its secret.
    """

    def __init__(self, folder: Path) -> None:
        authority = CertificateAuthority("provider's CA")
        self.ca = folder / "provider-ca.pem"
        self.ca.write_bytes(authority.pem)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who refuses us is not our concern
        self._server.socket = _context(authority, folder).wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}/realm"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.reset()

    def reset(self) -> None:
        """As it was."""
        self.asked: list[TokenRequestSeen] = []
        self.requests = 0
        self.code = 200
        self.answer: Any = {
            "access_token": "se-cret-access",
            "id_token": id_token(600, fresh=True),
            "refresh_token": "se-cret-next",
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": "openid profile",
        }
        self.takes_header = True

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def respond(self, path: str, authorization: str, body: str) -> tuple[int, Any]:
        """Code and document."""
        self.requests += 1
        if path == "/realm/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "token_endpoint": f"{self.url}/token"}
        if path != "/realm/token":
            return 404, "no such page"
        login = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        self.asked.append(TokenRequestSeen(login, dict(parse_qsl(body))))
        if login and not self.takes_header:
            return 401, {"error": "invalid_client"}
        return self.code, self.answer


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Silent."""

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            code, document = provider.respond(self.path, self.headers.get("Authorization", ""), body)
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if isinstance(document, str) else "application/json")
            self.end_headers()
            self.wfile.write((document if isinstance(document, str) else json.dumps(document)).encode())

        do_POST = do_GET  # noqa: N815  # the base class's way to route methods

    return Handler


def _context(authority: CertificateAuthority, folder: Path) -> ssl.SSLContext:
    certificate = authority.issue("127.0.0.1")
    path = folder / "provider.pem"
    path.write_bytes(certificate.key_pem + certificate.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
