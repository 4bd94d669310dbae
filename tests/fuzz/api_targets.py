"""Fuzz target: responses of an API server."""

import contextlib
import os
from collections.abc import Iterator
from random import Random
from typing import Any

from fuzz.mutations import as_json, damaged, spoiled
from fuzz.stage import Ran, Stage, check_document, expecting_ours
from odd_cluster import CONTENTS, SNAPSHOTS, WATCH, OddCluster

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
            # The fields that the command reads.
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
        """The part of ``delta`` before it calls the service."""
        from kubectl_cbt.cluster.catalogue import Catalogue
        from kubectl_cbt.cluster.resolve import resolve
        from kubectl_cbt.cluster.routing import RouteOptions, find_route, namespaces_of
        from kubectl_cbt.cluster.tokens import request_token, service_account_of_caller
        from kubectl_cbt.model.refs import ServiceAccountRef, SnapshotNames, SnapshotRef
        from kubectl_cbt.model.route import Connect
        from kubectl_cbt.output.document import snapshot_part

        def go() -> None:
            with self._session() as api:
                base = random.choice([None, SnapshotRef("default", "snap-a")])
                names = SnapshotNames(SnapshotRef("default", random.choice(["snap-b", "nope"])), base)
                resolved = resolve(Catalogue(api), names)
                as_json(snapshot_part(resolved.target))
                request_token(api, ServiceAccountRef("backup", "backup-app"), "a", 600, "default").token.reveal()
                service_account_of_caller(api, "default")
                connect = random.choice(list(Connect))
                address = random.choice(["", "metadata.driver:6443", "metadata:6443", "10.1.2.3:6443"])
                find_route(api, resolved.service_endpoint, RouteOptions(connect, address), self._login).close()
                namespaces_of(api, [resolved.service_endpoint.address, "metadata:6443", "10.1.2.3:6443"])

        expecting_ours(go)

    def _browse(self, random: Random) -> None:
        from kubectl_cbt.cluster.catalogue import Catalogue
        from kubectl_cbt.model.snapshot_entry import siblings
        from kubectl_cbt.tui.snapshot_columns import Columns
        from kubectl_cbt.tui.snapshot_rows import SnapshotRows, heading

        def go() -> None:
            with self._session() as api:
                listing = SnapshotRows(Catalogue(api).entries(None))
                columns = Columns.of(listing, 80)
                listing.lines("yes shop")
                for entry in listing.entries:
                    heading(entry)
                    columns.line(entry, "  ")
                    siblings(listing.entries, entry.ref)

        expecting_ours(go)
