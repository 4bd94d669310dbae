"""The demo cluster: its servers and the kubeconfig for them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import yaml

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.driver.csi_service import CsiService
from kubectl_cbt.demo.driver.faults import NO_FAULTS, FaultSet
from kubectl_cbt.demo.kube.demo_objects import ObjectStore, ServiceEntry
from kubectl_cbt.demo.kube.identity import API_AUDIENCE, BACKUP_APP, NOBODY, SHOP_BACKUP, Identity
from kubectl_cbt.demo.kube.kube_api import KubeApi
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER, DemoVolume, demo_volumes
from kubectl_cbt.demo.sidecar.metadata_service import MetadataService
from kubectl_cbt.system.cleanup import temporary_folder

_LOGIN_SECONDS = 7 * 24 * 3600


class DemoCluster:
    """Servers that run on loopback from construction until :meth:`close`; also a context manager.

    Args:
        seed: of the data of the standard volumes.
        volumes: other ones instead; None for the standard ones.

    Attributes:
        kubeconfig: path of its kubeconfig, deleted on close. Contexts: ``demo`` (current; a ServiceAccount that can
            read everything), ``demo-admin`` (a user, not a ServiceAccount), ``demo-shop`` (the minimum permissions, in
            namespace shop) and ``demo-nobody`` (no permissions).
        store: the Kubernetes objects.
        services: the sidecars by driver name.
        volumes: the volumes of all drivers.
    """

    def __init__(
        self, seed: int = 1, faults: FaultSet = NO_FAULTS, volumes: tuple[DemoVolume, ...] | None = None
    ) -> None:
        self.identity = Identity()
        volumes = self.volumes = demo_volumes(seed) if volumes is None else volumes
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self.services: dict[str, MetadataService] = {}
            for driver in (PAGES_DRIVER, BLOCKS_DRIVER):
                service = self.services[driver] = MetadataService(driver, volumes, self.identity, faults=faults)
                stack.callback(service.stop)
            entries = [ServiceEntry(s.driver, s.address, s.audience, s.ca_pem) for s in self.services.values()]
            self.store = ObjectStore(volumes, entries)
            for service in self.services.values():
                service.store = self.store
            authority = CertificateAuthority("kubectl-cbt demo API server CA")
            self.api = KubeApi(self.store, self.identity, authority.issue("127.0.0.1", "localhost"))
            stack.callback(self.api.stop)
            folder = stack.enter_context(temporary_folder("kubectl-cbt-demo-"))
            self.kubeconfig = self._write_kubeconfig(folder, authority)
            self._stack = stack.pop_all()

    def csi_service(
        self, path: Path, driver: str = PAGES_DRIVER, required_secrets: Mapping[str, str] | None = None
    ) -> CsiService:
        """Serve one of the drivers on a unix socket too, for a ``with`` block or until its ``stop``.

        Raises:
            OSError: the socket cannot be created.
        """
        return CsiService(self.services[driver].plugin, path, required_secrets)

    def __enter__(self) -> DemoCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every server and delete the kubeconfig."""
        self._stack.close()

    def _write_kubeconfig(self, folder: Path, authority: CertificateAuthority) -> Path:
        (folder / "ca.crt").write_bytes(authority.pem)
        accounts = {"demo": BACKUP_APP, "demo-shop": SHOP_BACKUP, "demo-nobody": NOBODY}
        tokens = {
            name: self.identity.issue(account, [API_AUDIENCE], _LOGIN_SECONDS)[0] for name, account in accounts.items()
        }
        tokens["demo-admin"] = self.identity.admin_token
        namespaces = {"demo-shop": "shop"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "demo",
            "clusters": [{"name": "demo", "cluster": {"server": self.api.url, "certificate-authority": "ca.crt"}}],
            "contexts": [
                {
                    "name": name,
                    "context": {"cluster": "demo", "user": name, "namespace": namespaces.get(name, "default")},
                }
                for name in tokens
            ],
            "users": [{"name": name, "user": {"token": token}} for name, token in tokens.items()],
        }
        path = folder / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return path
