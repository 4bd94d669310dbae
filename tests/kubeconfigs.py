"""API servers that record the user of requests, and kubeconfigs for them: to compare kubectl with kubectl-cbt."""

import base64
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from operator import itemgetter
from pathlib import Path
from string import Template
from typing import Any

import yaml
from conftest import command_environment, run_warm
from peers import KUBECTL, has_kubectl
from tcp import Listener, joined

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.kube.https_server import HttpRequest, HttpResponse, HttpsServer

Document = dict[str, Any]

_LOOPBACK = ("127.0.0.1", "localhost")
_DISPATCHER = "kubectl-dispatcher"
"""Google's SDK has it for a kubectl: it asks the API server's version with a request of its own."""


@dataclass(frozen=True)
class Sent:
    """The parts of a request that identify its user and server.

    Attributes:
        certificate: the common name of the client's; empty without one.
        sni: the name asked for in the TLS handshake; empty when none was, as for an address.
        prefix: what stands before Kubernetes' own paths.
    """

    server: str
    authorization: str = ""
    acting_as: tuple[tuple[str, str], ...] = ()
    certificate: str = ""
    sni: str = ""
    prefix: str = ""


class ApiServer:
    """Accepts every user.

    Attributes:
        seen: its requests so far.
        paths: theirs, each as it stood in the request.
    """

    def __init__(self, name: str, client_ca_pem: bytes, *hosts: str) -> None:
        self.authority = CertificateAuthority(f"{name} CA")
        self.seen: list[Sent] = []
        self.paths: list[str] = []
        self._name, self._sni = name, ""
        self._server = HttpsServer(_unseen, self._answer, self.authority.issue(*hosts), client_ca_pem)
        # The only access to the name: it is not available after the handshake.
        self._server._server.socket.context.sni_callback = self._note_name
        self.url, self.stop = self._server.url, self._server.stop

    def _note_name(self, connection: Any, name: str | None, context: Any) -> None:
        self._sni = name or ""

    def _answer(self, call: HttpRequest) -> HttpResponse:
        if not call.headers.get("User-Agent", "").startswith(_DISPATCHER):
            self.paths.append(call.url.path)
            subject = dict(pair for part in call.certificate.get("subject", ()) for pair in part)
            sent = _sent(self._name, call.url.path, call.headers)
            self.seen.append(replace(sent, certificate=subject.get("commonName", ""), sni=self._sni))
        return HttpResponse(_answer(call.url.path))


class PlainServer:
    """The same without TLS."""

    def __init__(self, name: str) -> None:
        self.seen: list[Sent] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Silent."""

            def do_GET(self) -> None:
                if not self.headers.get("User-Agent", "").startswith(_DISPATCHER):
                    seen.append(_sent(name, self.path, self.headers))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(_answer(self.path.partition("?")[0])).encode())

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class SocksProxy(Listener):
    """A SOCKS 5 proxy without logins; a context manager.

    Attributes:
        asked: for each connection the host and port it was asked for.
    """

    def __init__(self) -> None:
        self.resolved: list[tuple[str, int]] = []
        super().__init__(self._forward)

    def _forward(self, client: socket.socket) -> None:
        client.recv(1 + 1 + 255)  # version, the methods offered
        client.sendall(b"\x05\x00")
        _, _, _, kind, *rest = client.recv(512)
        data = bytes(rest)
        length = 4 if kind == 1 else 1 + data[0]
        host = socket.inet_ntoa(data[:4]) if kind == 1 else data[1:length].decode()
        port = int.from_bytes(data[length : length + 2])
        self.resolved.append((host, port))
        with socket.create_connection((host, port)) as server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            joined(client, server)


class ConnectProxy(Listener):
    """An HTTP proxy for which every host is loopback.

    Attributes:
        asked: for each connection the host and port it was asked for, and its ``Proxy-Authorization``.
    """

    def __init__(self) -> None:
        self.resolved: list[tuple[str, str]] = []
        super().__init__(self._forward)

    def _forward(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        method, target, _ = head.split(b"\r\n")[0].decode().split()
        assert method == "CONNECT"
        login = re.search(rb"(?im)^proxy-authorization: *(.*?)\r$", head)
        self.resolved.append((target, login[1].decode() if login else ""))
        with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2]))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            joined(client, server)


class Cast:
    """Everything that the kubeconfigs of the tests refer to.

    ``one`` and ``two`` are API servers on loopback, ``named`` has a certificate for api.internal only, ``plain`` has
    none. In a row's texts ``$ONE`` is the URL of the first, ``$ONE_CA`` the path of its CA's certificate and
    ``$ONE_CA_DATA`` the same as base64; ``$JANE_CERT`` and ``$JANE_KEY`` are a client's, and so ``$JOE_…``.
    """

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        clients = CertificateAuthority("clients", bare=True)
        self.values: dict[str, str] = {"FOLDER": str(folder)}
        self.servers = {
            name: ApiServer(name, clients.pem, *hosts)
            for name, hosts in (("one", _LOOPBACK), ("two", _LOOPBACK), ("named", ("api.internal",)))
        }
        self.plain = PlainServer("plain")
        self.proxy = ConnectProxy()
        for server in (*self.servers.values(), self.plain):
            self._stack.callback(server.stop)
        self._stack.callback(self.proxy.close)
        for name, api in self.servers.items():
            self.values |= {name.upper(): api.url, f"{name.upper()}_PORT": api.url.rpartition(":")[2]}
            self._put_pem(folder, f"{name.upper()}_CA", api.authority.pem)
        for name in ("jane", "joe"):
            client = clients.issue(name)
            self._put_pem(folder, f"{name.upper()}_CERT", client.certificate_pem)
            self._put_pem(folder, f"{name.upper()}_KEY", client.key_pem)
        self.values |= {"PLAIN": self.plain.address, "PROXY": self.proxy.address}

    def close(self) -> None:
        self._stack.close()

    def _put_pem(self, folder: Path, name: str, pem: bytes) -> None:
        path = folder / f"{name.lower()}.pem"
        path.write_bytes(pem)
        self.values |= {name: str(path), f"{name}_DATA": base64.b64encode(pem).decode(), f"{name}_PEM": pem.decode()}

    def take_seen(self) -> tuple[list[Sent], list[tuple[str, str]]]:
        """What was sent since the last call, and the requests to the proxy."""
        servers = [*self.servers.values(), self.plain]
        seen, resolved = [sent for server in servers for sent in server.seen], list(self.proxy.resolved)
        for server in servers:
            server.seen.clear()
        self.proxy.resolved.clear()
        return seen, resolved


@dataclass(frozen=True)
class Row:
    """A kubeconfig, flags and environment, and what kubectl makes of them.

    Attributes:
        why: kubectl's own rule.
        files: by path relative to the row's folder; None for a folder in its place.
        kubeconfig: the variable KUBECONFIG, relative to the row's folder.
        sent: what a server has to see; None when the command has to fail with nothing sent.
        said: a part of our error then.
        proxied: the host and port a proxy is asked for, and its ``Proxy-Authorization``.
        since: the minor version of the first kubectl 1.x that has the rule.
        encoding: of the files.
    """

    why: str
    files: Mapping[str, Document | str | None] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    sent: Sent | None = None
    said: str = ""
    kubeconfig: str = "config"
    environment: Mapping[str, str] = field(default_factory=dict)
    proxied: tuple[str, str] | None = None
    since: int = 0
    encoding: str = "utf-8"

    def __str__(self) -> str:
        return self.why  # pytest's name for it


@dataclass(frozen=True)
class Ran:
    """How a command ended.

    Attributes:
        sent: without repetitions: ours asks twice.
        proxied: so too.
    """

    code: int
    stdout: str
    stderr: str
    sent: list[Sent]
    proxied: list[tuple[str, str]]


def kubeconfig(
    cluster: Document | None = None, user: Document | None = None, context: Document | None = None, **more: Any
) -> Document:
    """A kubeconfig of one context "here", of cluster "one" and user "jane"; by default what it takes to get there."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "one", "user": "jane"} | (context or {})}],
        "clusters": [{"name": "one", "cluster": TO_ONE if cluster is None else cluster}],
        "users": [{"name": "jane", "user": TOKEN if user is None else user}],
    } | more


TO_ONE: Document = {"server": "$ONE", "certificate-authority": "$ONE_CA"}
TO_TWO: Document = {"server": "$TWO", "certificate-authority": "$TWO_CA"}
TOKEN: Document = {"token": "token-of-jane"}
ONE = Sent("one", "Bearer token-of-jane")
"""What ``kubeconfig()`` comes to."""


def of_user(why: str, user: Document, *flags: str, **more: Any) -> Row:
    """A row about a user; beside ``Row``'s own, ``files`` are more files."""
    return Row(why, {"config": kubeconfig(user=user)} | more.pop("files", {}), flags, **more)


def of_cluster(why: str, cluster: Document, *flags: str, **more: Any) -> Row:
    """The same about a cluster."""
    return Row(why, {"config": kubeconfig(cluster)} | more.pop("files", {}), flags, **more)


def agree(row: Row, cast: Cast, folder: Path) -> None:
    """kubectl-cbt and kubectl send what the row defines, or both fail and send nothing. No file is changed."""
    homes = folder / "ours", folder / "kubectl's"
    for home in homes:
        home.mkdir()
        lay_out(row, cast.values, home)
    before = files_of(homes[0])
    ours = run_ours(row, cast, homes[0])
    assert files_of(homes[0]) == before
    proxied = [tuple(Template(part).substitute(cast.values) for part in row.proxied)] if row.proxied else []
    assert (ours.sent, ours.proxied) == ([row.sent] if row.sent else [], proxied), ours.stderr
    if row.sent is None:
        assert_refused(ours, row.said)
    else:
        assert ours.code == 0, ours.stderr
    if has_kubectl(row.since):
        theirs = run_kubectl(row, cast, homes[1])
        assert (theirs.sent, theirs.proxied) == (ours.sent, ours.proxied), theirs.stderr
        assert bool(theirs.code) is bool(ours.code), theirs.stderr


def assert_refused(ran: Ran, said: str) -> None:
    assert (ran.code, ran.stdout) == (1, "")
    assert [line.partition(" ")[0] for line in ran.stderr.splitlines()].count("error:") == 1, ran.stderr
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "internal error" not in ran.stderr


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The content and modification time of every file below a folder."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
    }


def lay_out(row: Row, values: dict[str, str], folder: Path) -> None:
    """Write the files of a row."""
    for name, content in row.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        else:
            text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False, width=10**6)
            path.write_text(Template(text).substitute(values | {"HERE": str(folder)}), encoding=row.encoding)
            path.chmod(0o755 if text.startswith("#!") else 0o600)


def run_ours(row: Row, cast: Cast, folder: Path, *arguments: str) -> Ran:
    """Run the installed command in a folder that was laid out."""
    return _run(("services", "-o", "name", *arguments), row, cast, folder, _ours)


def kubectl(home: Path, kubeconfig: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the real kubectl; what it caches stays in ``home``."""
    environment = command_environment(HOME=str(home), KUBECONFIG=str(kubeconfig))
    return subprocess.run(
        [str(KUBECTL), *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def run_kubectl(row: Row, cast: Cast, folder: Path) -> Ran:
    """Run the real kubectl so."""
    return _run((str(KUBECTL), "version", "-o", "json"), row, cast, folder, _theirs)


Runner = Callable[[list[str], dict[str, str], str], "subprocess.CompletedProcess[str]"]


def _ours(arguments: list[str], environment: dict[str, str], cwd: str) -> "subprocess.CompletedProcess[str]":
    return run_warm(arguments, environment, cwd)


def _theirs(command: list[str], environment: dict[str, str], cwd: str) -> "subprocess.CompletedProcess[str]":
    settings = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 60, "check": False}
    return subprocess.run(command, cwd=cwd, env=environment, **settings)


def _run(command: Sequence[str], row: Row, cast: Cast, folder: Path, runner: Runner) -> Ran:
    values = cast.values | {"HERE": str(folder)}
    flags = [Template(flag).substitute(values) for flag in row.flags]
    environment = {name: Template(value).substitute(values) for name, value in row.environment.items()}
    # Nothing of the caller's: neither its kubeconfig nor its proxies.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"} | environment
    if row.kubeconfig:
        environment["KUBECONFIG"] = Template(row.kubeconfig).substitute(values)
    cast.take_seen()
    found = runner([*command, *flags], environment, str(folder))
    sent, proxied = cast.take_seen()
    return Ran(found.returncode, found.stdout, found.stderr, list(dict.fromkeys(sent)), list(dict.fromkeys(proxied)))


def _unseen(method: str, path: str, headers: HTTPMessage) -> None:
    """What is noted is noted with the answer, where the certificate is known too."""


def _sent(server: str, path: str, headers: HTTPMessage) -> Sent:
    acting_as = [(name.lower(), value) for name, value in headers.items() if name.lower().startswith("impersonate-")]
    prefix = re.split(r"/version|/apis/", path)[0]
    return Sent(server, headers.get("Authorization", ""), tuple(sorted(acting_as, key=itemgetter(0))), prefix=prefix)


def _answer(path: str) -> Document:
    if path.endswith("/version"):
        return {"major": "1", "minor": "32", "gitVersion": "v1.32.4"}
    if path.endswith("/apis/cbt.storage.k8s.io"):
        return {"kind": "APIGroup", "versions": [{"version": "v1beta1"}]}
    return {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []}
