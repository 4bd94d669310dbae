"""What is fuzzed. A target draws one input from a ``random.Random``, and hands it to what a user would hand it to."""

import contextlib
import copy
import io
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml
from fuzz.mutations import TEXTS, Raw, as_json, damaged, jwt, odd_value, spoiled
from odd_cluster import CONTENTS, SNAPSHOTS, WATCH, OddCluster
from recorded import RECORDINGS, cases, messages

GOLDEN = Path(__file__).parents[1] / "golden" / "files"

EXIT_CODES = (0, 1, 2, 130)


class Broken(Exception):
    """A promise that was not kept; the text says which."""


@dataclass
class Ran:
    """What a command did."""

    code: int
    stdout: bytes
    stderr: str


@dataclass
class Stage:
    """What targets share, made once a process.

    Attributes:
        folder: for their files.
        last: what the last case was made of, by name; written to a folder when it fails.
    """

    folder: Path
    last: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stdout = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # as long as the process

    def file(self, name: str, data: bytes) -> Path:
        """A file of the case."""
        path = self.folder / name
        path.write_bytes(data)
        self.last[name] = data
        return path

    def run(self, *arguments: str) -> Ran:
        """The command in this process; checks all that holds of every command line."""
        from kubectl_cbt.cli.app import run

        self.last["arguments"] = " ".join(arguments).encode("utf-8", "surrogateescape")
        self._stdout.seek(0)
        self._stdout.truncate()
        stderr = io.StringIO()
        stdout = io.TextIOWrapper(os.fdopen(os.dup(self._stdout.fileno()), "wb"))
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr), stdout:
            code = run(arguments)
        self._stdout.seek(0)
        ran = Ran(code, self._stdout.read(), stderr.getvalue())
        if code not in EXIT_CODES:
            raise Broken(f"exit code {code}: {ran.stderr[-500:]}")
        # With -v errors come with theirs.
        has_level = any(argument.startswith(("-v", "--v")) for argument in arguments)
        for word in ("internal error",) if has_level else ("Traceback", "internal error"):
            if word in ran.stderr or word.encode() in ran.stdout:
                found = ran.stderr if word in ran.stderr else ran.stdout.decode("utf-8", "replace")
                raise Broken(f"{word}: {found[max(found.index(word) - 100, 0) :][:1500]}")
        return ran


def check_document(ran: Ran, form: str) -> None:
    """Whatever was printed is one valid document, or lines of them."""
    try:
        text = ran.stdout.decode()
        if form == "json" and text:
            json.loads(text, parse_constant=_no_constant)
        elif form == "ndjson":
            for line in text.splitlines():
                json.loads(line, parse_constant=_no_constant)
        elif form == "yaml" and len(text) < 100_000:
            list(yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (ValueError, yaml.YAMLError) as error:
        raise Broken(f"stdout is not {form} ({error}): {ran.stdout[-300:]!r}; {ran.stderr[-300:]}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _expecting_ours(action: Callable[[], object]) -> None:
    """Any error of ours is fine."""
    from kubectl_cbt.errors import CbtError

    with contextlib.suppress(CbtError):
        action()


# Answers of an API server.


class ApiAnswers:
    """Commands against a cluster in which some answers are odd."""

    ACCOUNT = ("--service-account", "backup/backup-app", "--connect", "direct", "--request-timeout", "5s")

    def __init__(self, stage: Stage) -> None:
        from kubectl_cbt.cluster import catalogue
        from kubectl_cbt.kube import kubeconfig

        catalogue._PAUSE_SECONDS = 0.0
        os.environ["KUBECONFIG"] = "/nonexistent"
        self._stage = stage
        self._cluster = OddCluster()
        self._sound = self._cluster.answers
        self._login = kubeconfig.ConfigFlags(server=self._cluster.url)
        cbt, token, review = "/apis/cbt.storage.k8s.io", "/api/v1/namespaces/backup/", "/apis/authentication.k8s.io/"
        everywhere = "/apis/snapshot.storage.k8s.io/v1/volumesnapshots"
        self._ways = {
            self._snapshots: (SNAPSHOTS, everywhere, CONTENTS, cbt),
            self._services: (cbt,),
            self._watch: (WATCH, WATCH, CONTENTS, cbt),
            self._resolve: (f"{SNAPSHOTS}/snap-", f"{CONTENTS}/", cbt, token, review, "/api/v1/"),
            self._browse: (everywhere, CONTENTS, cbt),
            self._rbac: (cbt, review, "/api/v1/"),
            self._doctor: (f"{SNAPSHOTS}/snap-", f"{CONTENTS}/", cbt, token, review, "/apis/", "/version", "/api/v1/"),
        }

    def case(self, random: Random) -> None:
        route = random.choice(list(self._ways))
        answers = dict(self._sound)
        for _ in range(random.choice([1, 1, 2, 3])):
            # What the command reads; of the rest it never hears.
            begin = random.choice(self._ways[route])
            path = random.choice([path for path in answers if path.startswith(begin)])
            answers[path] = self._spoiled(self._sound[path], random, is_watch=path == WATCH)
        self._stage.last = {"answers": repr(answers).encode("utf-8", "surrogatepass")}
        self._cluster.answers = answers
        route(random)

    def _spoiled(self, document: Any, random: Random, *, is_watch: bool) -> Any:
        if random.random() < 0.1:
            data = b"\n".join(map(as_json, document)) if is_watch else as_json(document)
            data = damaged(data, random)
            return data.split(b"\n") if is_watch else data
        # Each of a list of items has a mistake sometimes, as a rule one has.
        document = spoiled(document, random, most=random.choice([1, 2, 5]))
        return list(map(as_json, document)) if is_watch and isinstance(document, list) else (
            [as_json(document)] if is_watch else as_json(document)
        )  # fmt: skip

    def _run(self, *arguments: str) -> Ran:
        return self._stage.run(*arguments, "--server", self._cluster.url)

    def _snapshots(self, random: Random) -> None:
        form = random.choice(["json", "table", "wide", "yaml", "name"])
        more = random.choice([(), ("-A",), ("--sort-by", ".status.restoreSize"), ("--sort-by", ".status.creationTime")])
        check_document(self._run("snapshots", "-o", form, *more), form)

    def _services(self, random: Random) -> None:
        form = random.choice(["json", "table", "yaml", "name"])
        check_document(self._run("services", "-o", form), form)

    def _watch(self, random: Random) -> None:
        self._run("snapshots", "-w", "-o", random.choice(["json", "table", "name"]))

    def _rbac(self, random: Random) -> None:
        check_document(self._run("rbac", "--for-user"), "yaml")

    def _doctor(self, random: Random) -> None:
        form = random.choice(["json", "table"])
        names = random.choice([(), ("snap-b",), ("snap-a", "snap-b")])
        # The service's address leads to no service: the hops to it are looked at, and gRPC is not.
        check_document(self._run("doctor", *names, "-o", form, *self.ACCOUNT, "--address", "127.0.0.1:1"), form)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        from kubectl_cbt.kube.api import Api
        from kubectl_cbt.kube.client_config import load_config

        with load_config(self._login) as config:
            api = Api(config, 5.0)
            try:
                yield api
            finally:
                api.close()

    def _resolve(self, random: Random) -> None:
        """As far as ``delta`` goes before it calls the service."""
        from kubectl_cbt.cluster.catalogue import Catalogue
        from kubectl_cbt.cluster.resolve import SnapshotNames, resolve
        from kubectl_cbt.cluster.routing import RouteOptions, find_route, namespaces_of
        from kubectl_cbt.cluster.tokens import service_account_of_caller, token_of_service_account
        from kubectl_cbt.model.refs import ServiceAccountRef, SnapshotRef
        from kubectl_cbt.model.route import Connect
        from kubectl_cbt.output.document import _snapshot

        def go() -> None:
            with self._session() as api:
                base = random.choice([None, SnapshotRef("default", "snap-a")])
                target = resolve(
                    Catalogue(api), SnapshotNames(SnapshotRef("default", random.choice(["snap-b", "nope"])), base)
                )
                as_json(_snapshot(target.snapshot))
                token_of_service_account(api, ServiceAccountRef("backup", "backup-app"), "a", 600, "default")().reveal()
                service_account_of_caller(api, "default")
                connect = random.choice(list(Connect))
                address = random.choice(["", "metadata.driver:6443", "metadata:6443", "10.1.2.3:6443"])
                find_route(api, target.endpoint, RouteOptions(connect, address), self._login).close()
                namespaces_of(api, [target.endpoint.address, "metadata:6443", "10.1.2.3:6443"])

        _expecting_ours(go)

    def _browse(self, random: Random) -> None:
        from kubectl_cbt.cluster.catalogue import Catalogue
        from kubectl_cbt.model.snapshot_entry import siblings
        from kubectl_cbt.tui.snapshot_rows import Columns, SnapshotRows, heading

        def go() -> None:
            with self._session() as api:
                listing = SnapshotRows(Catalogue(api).entries(None))
                columns = Columns.of(listing, 80)
                listing.lines("yes shop")
                for entry in listing.entries:
                    heading(entry)
                    columns.line(entry, "  ")
                    siblings(listing.entries, entry.ref)

        _expecting_ours(go)


# Recordings.


class Recordings:
    """``open`` and ``check`` of a recording that was damaged, in its bytes or in what they say."""

    def __init__(self, stage: Stage) -> None:
        from recorded_again import record_case

        self._stage = stage
        self._wholes = []
        for style, name in (("fixed_length", "delta-a-b-max7"), ("variable_length", "allocated-a")):
            path = stage.folder / f"{style}.cbtrec"
            path.unlink(missing_ok=True)
            line, _, packed = record_case(path, style, name).read_bytes().partition(b"\n")
            self._wholes.append((line + b"\n", list(_frames(zlib.decompressobj().decompress(packed)))))

    def case(self, random: Random) -> None:
        line, frames = random.choice(self._wholes)
        frames = self._spoiled(copy.copy(frames), random)
        data = b"".join(struct.pack(">cI", kind, len(payload)) + payload for kind, payload in frames)
        if random.random() < 0.2:
            data = damaged(data, random)
        data = line + zlib.compress(data)
        if random.random() < 0.1:
            data = damaged(data, random)
        path = self._stage.file("case.cbtrec", data)
        if random.random() < 0.4:
            form = random.choice(["json", "table"])
            check_document(self._stage.run("check", str(path), "-o", form), form)
        else:
            form = random.choice(["json", "ndjson", "summary", "csv", "yaml", "wide", "table", "name", "lister-json"])
            check_document(self._stage.run("open", str(path), "-o", form), form)

    def _spoiled(self, frames: list[tuple[bytes, bytes]], random: Random) -> list[tuple[bytes, bytes]]:
        for _ in range(random.randint(0, 3)):
            at = random.randrange(len(frames))
            if random.random() < 0.6:
                # The messages are most of them, and the fewest of what is read of a recording.
                at = random.choice([place for place, (kind, _) in enumerate(frames) if kind != b"M"] or [at])
            kind, payload = frames[at]
            what = random.randrange(6)
            if what < 3:
                spoil = _spoiled_message if kind == b"M" else _spoiled_json
                frames[at] = kind, spoil(payload, random)
            elif what == 3:
                del frames[at]
            elif what == 4:
                frames.insert(random.randint(0, len(frames)), frames[at])
            else:
                frames[at] = random.choice([b"H", b"Q", b"M", b"E", b"X"]), payload
            if not frames:
                break
        return frames


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position < len(data):
        kind, length = struct.unpack_from(">cI", data, position)
        yield kind, data[position + 5 : position + 5 + length]
        position += 5 + length


def _spoiled_json(payload: bytes, random: Random) -> bytes:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):  # it was spoiled before
        return damaged(payload, random)
    return damaged(payload, random) if random.random() < 0.2 else as_json(spoiled(document, random))


def _spoiled_message(payload: bytes, random: Random) -> bytes:
    if random.random() < 0.3:
        return damaged(payload, random)
    return payload[:8] + evil_message(random)


def evil_message(random: Random) -> bytes:
    """A well-formed message of numbers that no driver should send."""
    from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse

    def number() -> int:
        return random.choice([0, 1, -1, 4096, 2**30, 2**62, 2**63 - 1, -(2**63), random.getrandbits(63)])

    blocks = [BlockMetadata(byte_offset=number(), size_bytes=number()) for _ in range(random.randrange(6))]
    message = GetMetadataDeltaResponse(
        block_metadata_type=random.choice([0, 1, 2, 3, -1]), volume_capacity_bytes=number(), block_metadata=blocks
    )
    return message.SerializeToString()


# Saved documents.


class Documents:
    """``open`` of every kind of document, damaged."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        kinds = ("json", "ndjson", "lister-json", "csv", "yaml")
        self._wholes = {path.name: path.read_bytes() for path in sorted(GOLDEN.iterdir()) if path.suffix[1:] in kinds}

    def case(self, random: Random) -> None:
        name = random.choice(list(self._wholes))
        data = self._spoiled(name, self._wholes[name], random)
        form = random.choice(["json", "ndjson", "summary", "csv", "yaml", "wide", "table", "name", "lister-json"])
        check_document(self._stage.run("open", str(self._stage.file(name, data)), "-o", form), form)

    def _spoiled(self, name: str, data: bytes, random: Random) -> bytes:
        if random.random() < 0.3 or name.endswith(("csv", "yaml")):
            return damaged(data, random)
        lines = data.splitlines() if "ndjson" in name else [data]
        try:
            documents = [json.loads(line) for line in lines]
        except ValueError:
            documents = []
        if not documents:
            return damaged(data, random)
        at = random.randrange(len(documents))
        documents[at] = spoiled(documents[at], random)
        return b"\n".join(map(as_json, documents)) + b"\n"


# The decoder.


class Decoder:
    """Columns of messages: a message is decoded, or refused as one of ours."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        found = [message for style in ("fixed_length", "variable_length") for case in cases(style).values()
                 if "file" in case and (RECORDINGS / case["file"]).stat().st_size < 50_000
                 for message in messages(case)]  # fmt: skip
        self._wholes = found[:50]

    def case(self, random: Random) -> None:
        from kubectl_cbt.wire.decode import decoded

        group = []
        for _ in range(random.randint(1, 4)):
            message = random.choice(self._wholes) if random.random() < 0.5 else evil_message(random)
            group.append(damaged(message, random) if random.random() < 0.7 else message)
        self._stage.last = {f"message-{number}": message for number, message in enumerate(group)}
        _expecting_ours(lambda: list(decoded(group, 1)))


# Kubeconfigs and logins.


class Kubeconfigs:
    """Files, what plugins print, and what providers answer. Nothing in them leads off this machine."""

    def __init__(self, stage: Stage) -> None:
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
        self._stage = stage
        self._cluster = OddCluster()
        self._printed = stage.folder / "printed"
        self._provider = {
            "/realm/.well-known/openid-configuration": {"token_endpoint": f"{self._cluster.url}/token"},
            "/token": {"id_token": jwt('{"exp": 99999999999}'), "refresh_token": "r", "token_type": "Bearer"},
        }
        self._credential = {
            "kind": "ExecCredential",
            "apiVersion": "client.authentication.k8s.io/v1",
            "status": {"token": "t", "expirationTimestamp": "2040-01-01T00:00:00Z"},
        }

    def case(self, random: Random) -> None:
        self._stage.last = {}
        login = random.choice([self._file, self._file, self._plugin, self._oidc])
        document = login(random)
        self._load(yaml.safe_dump(document).encode() if isinstance(document, dict) else document, random)

    def _document(self, user: dict[str, Any]) -> dict[str, Any]:
        ca = {"certificate-authority-data": "LS0tLS1CRUdJTg=="}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}, {"name": "d", "cluster": ca}],
            "users": [{"name": "u", "user": user}, {"name": "v", "user": {"token": "t", "as-groups": ["g"]}}],
        }

    def _file(self, random: Random) -> bytes:
        user = random.choice(
            [
                {"token": "t", "as": "x", "as-uid": "1", "as-groups": ["g"], "as-user-extra": {"k": ["v"]}},
                {"username": "u", "password": "p"},
                {"client-certificate-data": "LS0t", "client-key-data": "LS0t"},
                {
                    "auth-provider": {
                        "name": "oidc",
                        "config": {"idp-issuer-url": "x", "client-id": "y", "id-token": "z"},
                    }
                },
            ]
        )
        document = spoiled(self._document(user), random, most=2)
        if random.random() < 0.5:
            return damaged(_as_yaml(document), random)
        return as_json(document) if random.random() < 0.5 else _as_yaml(document)

    def _plugin(self, random: Random) -> dict[str, Any]:
        printed = as_json(spoiled(self._credential, random, most=2))
        self._stage.file("printed", damaged(printed, random) if random.random() < 0.2 else printed)
        plugin = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "cat",
            "args": [str(self._printed)],
            "interactiveMode": "Never",
            "provideClusterInfo": random.random() < 0.3,
        }
        return self._document({"exec": plugin})

    def _oidc(self, random: Random) -> dict[str, Any]:
        answers = dict(self._provider)
        for path in random.sample(list(answers), random.randint(1, 2)):
            answers[path] = spoiled(answers[path], random, most=2)
        self._stage.last["provider"] = repr(answers).encode("utf-8", "surrogatepass")
        self._cluster.answers = {path: as_json(answer) for path, answer in answers.items()}
        token = random.choice([jwt('{"exp": 5}'), random.choice([one for one in TEXTS if not isinstance(one, Raw)])])
        config = {
            "idp-issuer-url": f"{self._cluster.url}/realm",
            "client-id": "id",
            "client-secret": random.choice(["", "s"]),
            "id-token": token,
            "refresh-token": "r",
        }
        return self._document({"auth-provider": {"name": "oidc", "config": config}})

    def _load(self, data: bytes, random: Random) -> None:
        from kubectl_cbt.kube.client_config import load_config
        from kubectl_cbt.kube.kubeconfig import ConfigFlags, names

        path = self._stage.file("kubeconfig", data)
        _expecting_ours(lambda: names(str(path)))

        def go() -> None:
            server = random.choice(["", "", "", odd_value(random)])
            login = ConfigFlags(kubeconfig=str(path), server=server if isinstance(server, str) else "", as_user="")
            with load_config(login) as config:
                config.connection.authorization()
                list(config.impersonation.headers())
                config.connection.pool()

        _expecting_ours(go)


def _as_yaml(document: Any) -> bytes:
    """YAML with the raw parts as scalars of their own."""
    import re

    raw: list[str] = []

    def marked(value: Any) -> Any:
        if isinstance(value, Raw):
            raw.append(str(value))
            return f"raw{len(raw) - 1}raw"
        if isinstance(value, dict):
            return {key: marked(inner) for key, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    text = yaml.safe_dump(marked(document))
    return re.sub(r"raw(\d+)raw", lambda found: raw[int(found[1])], text).encode("utf-8", "surrogatepass")


# The command line.


class Arguments:
    """Odd values for options that are numbers, addresses and times. No cluster is reached."""

    OPTIONS = (
        *("--v", "-v", "--request-timeout", "--server", "--token", "--as", "--as-uid", "--as-group", "--namespace"),
        *("--context", "--cluster", "--user", "--tls-server-name", "--certificate-authority", "--client-certificate"),
    )
    STREAM = ("--retries", "--starting-offset", "--max-results", "--token-duration", "--address", "--service-account")
    LISTING = ("--sort-by", "-l", "--field-selector", "-o")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def case(self, random: Random) -> None:
        self._stage.last = {}
        verb = random.choice(["snapshots", "services", "allocated", "delta", "doctor", "check", "rbac"])
        options = self.OPTIONS + {"allocated": self.STREAM, "delta": self.STREAM, "snapshots": self.LISTING}.get(
            verb, ()
        )
        given = [verb, *random.choice([("a",), ("a", "b")])] if verb in ("allocated", "delta", "check") else [verb]
        if "--server" not in given:
            given += ["--server", "http://127.0.0.1:1"]
        for option in random.sample(options, random.randint(1, 3)):
            value = odd_value(random)
            text = value if isinstance(value, str) else json.dumps(value)
            if random.random() < 0.1:
                text += "\udcff"  # a byte that is not UTF-8, as Python reads a command line
            # Nothing may be looked up outside this machine.
            if option in ("--server", "--address") and not text.startswith(("[", "https://[", "http://a..", ":")):
                continue
            given += [option, text.replace("\0", "")]
        self._stage.run(*given)


TARGETS: dict[str, Callable[[Stage], Any]] = {
    "api": ApiAnswers,
    "recordings": Recordings,
    "documents": Documents,
    "decoder": Decoder,
    "kubeconfigs": Kubeconfigs,
    "arguments": Arguments,
}
