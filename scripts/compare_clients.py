"""How the Kubernetes client, kubectl and kubectl-cbt log in with kubeconfigs that people have.

    python scripts/compare_clients.py

Runs the three against one HTTPS server that records what arrives, and prints the table of ``docs/architecture.md``.
kubectl must be on the PATH. Run it with a new release of the Kubernetes client: if it does all of this, much of
``kube/`` can go.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from large_kubeconfig import large_kubeconfig  # noqa: E402  # a script of bench

from kubectl_cbt.demo.certificates import CertificateAuthority  # noqa: E402

THEIRS = (
    "from kubernetes import client, config; client.CoreApi(config.new_client_from_config({0!r})).get_api_versions()"
)
OURS = """
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import load_config
from kubectl_cbt.kube.kubeconfig import ConfigFlags
with load_config(ConfigFlags(kubeconfig={0!r})) as config:
    Api(config).get("api")
"""
LOAD_THEIRS = "from kubernetes import config; config.new_client_from_config({0!r})"
LOAD_OURS = (
    "from kubectl_cbt.kube.kubeconfig import ConfigFlags, select_context; select_context(ConfigFlags(kubeconfig={0!r}))"
)
CONTEXTS, RUNS = 1000, 3
_EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}


class Server:
    """An API server and an identity provider that answer everybody, and record the headers."""

    def __init__(self) -> None:
        self.ca = CertificateAuthority("cluster")
        self.requests: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer: dict[str, Any] = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
                if "openid" in self.path:
                    answer = {"issuer": outer.url, "token_endpoint": f"{outer.url}/token"}
                if self.path == "/token":
                    answer = {"id_token": _id_token(3600), "refresh_token": "next", "token_type": "Bearer"}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        issued = self.ca.issue("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(issued.certificate_pem + issued.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def _id_token(seconds: float) -> str:
    parts = {"alg": "none"}, {"iss": "x", "exp": int(time.time() + seconds)}
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, "c2ln"))


def cases(folder: Path, url: str) -> dict[str, tuple[dict[str, Any], str]]:
    """By name: the user of the kubeconfig, and what the server must get."""
    plugin, failing = folder / "plugin", folder / "failing"
    credential = {"apiVersion": _EXEC["apiVersion"], "kind": "ExecCredential", "status": {"token": "of-plugin"}}
    plugin.write_text(f"#!/bin/sh\nprintf '%s' '{json.dumps(credential)}'\n", encoding="utf-8")
    failing.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    for one in (plugin, failing):
        one.chmod(0o755)
    token = folder / "token"
    token.write_text("of-file\n", encoding="utf-8")
    oidc = {
        "idp-issuer-url": url,
        "client-id": "c",
        "client-secret": "s",
        "refresh-token": "r",
        "id-token": _id_token(-60),
    }
    return {
        "impersonation (`as`, `as-groups`)": ({"token": "t", "as": "jane", "as-groups": ["dev"]}, "jane"),
        "exec plugin": ({"exec": {**_EXEC, "command": str(plugin)}}, "Bearer of-plugin"),
        "exec plugin that fails": ({"exec": {**_EXEC, "command": str(failing)}}, ""),
        "`tokenFile` that ends with a line break": ({"tokenFile": str(token)}, "Bearer of-file"),
        "`tokenFile` and `token`": ({"tokenFile": str(token), "token": "t"}, "Bearer of-file"),
        "expired OIDC token, issuer's certificate not trusted": (
            {"auth-provider": {"name": "oidc", "config": oidc}},
            "",
        ),
    }


def arrived(server: Server, command: tuple[str, ...], expected: str) -> str:
    """Run a client; returns what the server got, in words."""
    server.requests.clear()
    home = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=home, stdin=subprocess.DEVNULL)
    if any(path == "/token" for path, _ in server.requests):
        return "**sends the refresh token to an issuer that it did not verify**"
    requests = [headers for path, headers in server.requests if path.rstrip("/") == "/api"]
    if not requests:
        leaked = "of-file" in result.stderr
        return ("an error" if result.returncode else "nothing") + (" that **shows the token**" if leaked else "")
    headers = requests[-1]
    if "impersonate-user" in headers and headers["impersonate-user"] == expected:
        return "as jane"
    if expected == "jane":
        return "**as the user itself, with all rights**"
    login = headers.get("authorization", "")
    if not login:
        return "**a request without a login**"
    return "the token" if login == expected else "**another token**"


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder, server = Path(name), Server()
        ca = base64.b64encode(server.ca.pem).decode()
        version = importlib.metadata.version("kubernetes")
        print(f"| kubeconfig | kubectl | kubectl-cbt | the client {version} |\n|---|---|---|---|")
        for case, (user, expected) in cases(folder, server.url).items():
            path = folder / "config"
            document = {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "clusters": [
                    {"name": "k", "cluster": {"server": server.url, "certificate-authority-data": ca}},
                ],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            }
            path.write_text(yaml.safe_dump(document), encoding="utf-8")
            commands = (
                ("kubectl", "--kubeconfig", str(path), "get", "--raw", "/api"),
                (sys.executable, "-c", OURS.format(str(path))),
                (sys.executable, "-c", THEIRS.format(str(path))),
            )
            print("|", " | ".join([case, *(arrived(server, command, expected) for command in commands)]), "|")
        path.write_text(large_kubeconfig(CONTEXTS), encoding="utf-8")
        commands = (
            ("kubectl", "--kubeconfig", str(path), "config", "current-context"),
            (sys.executable, "-c", LOAD_OURS.format(str(path))),
            (sys.executable, "-c", LOAD_THEIRS.format(str(path))),
        )
        print("|", " | ".join([f"{CONTEXTS:,} contexts, read", *map(_seconds, commands)]), "|")
    return 0


def _seconds(command: tuple[str, ...]) -> str:
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - begun)
    return f"{statistics.median(taken):.1f} s"


if __name__ == "__main__":
    sys.exit(main())
