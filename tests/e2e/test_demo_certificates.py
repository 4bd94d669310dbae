"""Logging in with a client certificate: its CN is the user, its O are the groups."""

import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from peers import needs_kubectl
from test_demo_requests import SNAPSHOTS, Client
from test_kubectl import kubectl

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.kube.kube_api import KubeApi


class ClientAuthority:
    """A CA that signs client certificates."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client CA")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.pem = self._sign(self._name, self._key, timedelta(days=1), (constraints, True))

    def issue(self, folder, user, *groups, lifetime=timedelta(days=1)):
        """The path of a file with certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        parts += [x509.NameAttribute(NameOID.COMMON_NAME, user)] if user else []
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        pem = self._sign(x509.Name(parts), key, lifetime, (usage, False))
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path = folder / "client.pem"
        path.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, *form))
        return path

    def _sign(self, name, key, lifetime, extension) -> bytes:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension[0], critical=extension[1])
        builder = builder.not_valid_before(now - timedelta(days=2)).not_valid_after(now + lifetime)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authority() -> ClientAuthority:
    return ClientAuthority()


@pytest.fixture
def api(own_demo, authority, tmp_path):
    """A second API server, which takes client certificates; its own CA is ca.crt in tmp_path."""
    server = CertificateAuthority("cluster CA")
    (tmp_path / "ca.crt").write_bytes(server.pem)
    api = KubeApi(own_demo.store, own_demo.identity, server.issue("127.0.0.1"), authority.pem)
    yield api
    api.stop()


def ask(api: KubeApi, folder, certificate=None, headers=None, path: str = SNAPSHOTS) -> int:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    if certificate:
        context.load_cert_chain(certificate)
    connection = HTTPSConnection(api.url.removeprefix("https://"), context=context, timeout=60)
    try:
        connection.request("GET", path, headers=headers or {})
        with connection.getresponse() as response:
            return response.status
    finally:
        connection.close()


def test_a_certificate_is_a_login_and_its_organizations_are_groups(api, authority, tmp_path):
    master = authority.issue(tmp_path, "jane", "developers", "system:masters")
    assert ask(api, tmp_path, master) == 200
    assert ask(api, tmp_path, authority.issue(tmp_path, "jane", "developers")) == 403
    subject = {"kind": "Group", "name": "developers"}
    rule = {"apiGroups": ["*"], "resources": ["volumesnapshots"], "verbs": ["list"]}
    api.store.put("clusterroles", {"metadata": {"name": "r"}, "rules": [rule]})
    binding = {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [subject]}
    api.store.put("clusterrolebindings", binding)
    assert ask(api, tmp_path, authority.issue(tmp_path, "jane", "developers")) == 200


def test_a_token_goes_before_a_certificate_and_none_of_both_is_not_a_login(api, authority, tmp_path):
    master = authority.issue(tmp_path, "jane", "system:masters")
    assert ask(api, tmp_path, master, {"Authorization": "Bearer nonsense"}) == 401
    nobody = authority.issue(tmp_path, "jane")
    assert ask(api, tmp_path, nobody, {"Authorization": f"Bearer {api.identity.admin_token}"}) == 200
    assert ask(api, tmp_path) == 401
    assert ask(api, tmp_path, authority.issue(tmp_path, "", "system:masters")) == 401


@pytest.mark.parametrize("fault", ["of another CA", "expired"])
def test_a_bad_certificate_ends_the_connection(api, authority, tmp_path, fault):
    lifetime = timedelta(days=-1) if fault == "expired" else timedelta(days=1)
    signer = authority if fault == "expired" else ClientAuthority()
    certificate = signer.issue(tmp_path, "jane", "system:masters", lifetime=lifetime)
    # With TLS 1.3 the client's handshake is done before the server has looked: it shows when reading, or writing.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(api, tmp_path, certificate)
    assert ask(api, tmp_path, authority.issue(tmp_path, "jane", "system:masters")) == 200


def test_a_server_without_a_client_ca_requests_no_certificate(own_demo, authority, tmp_path):
    (tmp_path / "ca.crt").write_bytes((own_demo.kubeconfig.parent / "ca.crt").read_bytes())
    assert ask(own_demo.api, tmp_path, authority.issue(tmp_path, "jane", "system:masters")) == 401
    assert Client(own_demo).get(SNAPSHOTS)[0] == 200


@needs_kubectl
def test_kubectl_logs_in_with_a_certificate(api, authority, tmp_path):
    path = str(authority.issue(tmp_path, "jane", "system:masters"))
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": api.url, "certificate-authority": str(tmp_path / "ca.crt")}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "jane"}}],
        "users": [{"name": "jane", "user": {"client-certificate": path, "client-key": path}}],
    }
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(yaml.safe_dump(document))
    found = kubectl("get", "vs", "-o", "name", kubeconfig=kubeconfig)
    assert (found.returncode, found.stderr) == (0, "")
    assert "volumesnapshot.snapshot.storage.k8s.io/snap-a" in found.stdout
