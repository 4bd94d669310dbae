"""Fuzz target: kubeconfigs and credentials."""

import os
from random import Random
from typing import Any

import yaml
from fuzz.mutations import TEXTS, Raw, as_json, damaged, jwt, odd_value, spoiled
from fuzz.stage import Stage, expecting_ours
from odd_cluster import OddCluster

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
        expecting_ours(lambda: names(str(path)))

        def go() -> None:
            server = random.choice(["", "", "", odd_value(random)])
            login = ConfigFlags(kubeconfig=str(path), server=server if isinstance(server, str) else "", as_user="")
            with load_config(login) as config:
                config.connection.authorization()
                list(config.impersonation.headers())
                config.connection.pool()

        expecting_ours(go)


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
