"""OIDC logins against a real provider, and the account of a pod."""

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from identity_provider import IdentityProvider, TokenRequestSeen, id_token
from kubeconfigs import (
    Cast,
    Document,
    Row,
    Sent,
    agree,
    assert_refused,
    lay_out,
    of_user,
    run_kubectl,
    run_ours,
)
from peers import needs_kubectl

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube import client_config, limited_http
from kubectl_cbt.kube import oidc as oidc_login
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import load_config
from kubectl_cbt.kube.kubeconfig import ConfigFlags
from kubectl_cbt.security.secret import Secret

# For longer than any run of all tests: they are made when this file is imported.
GOOD, EXPIRED = id_token(86_400), id_token(-600)
UNREADABLE = "not.a.token"
SECRET = "se-cret/+ &="  # what has to be encoded for a form, and for a header
REFUSED = {"error": "invalid_grant", "error_description": "Session not active"}


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(tmp_path_factory.mktemp("provider"))
    yield provider
    provider.stop()


@pytest.fixture
def provider(running) -> IdentityProvider:
    running.reset()
    return running


def oidc(provider: IdentityProvider, **changes: str | None) -> Document:
    """A user who can be logged in again, with changes; None leaves a field out."""
    fields = {
        "idp-issuer-url": provider.url,
        "client-id": "kube",
        "client-secret": SECRET,
        "id-token": EXPIRED,
        "refresh-token": "se-cret-refresh",
        "idp-certificate-authority": str(provider.ca),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return {"auth-provider": {"name": "oidc", "config": {k: v for k, v in fields.items() if v is not None}}}


def fresh(provider: IdentityProvider) -> Sent:
    return Sent("one", f"Bearer {provider.answer['id_token']}")


def login(provider: IdentityProvider, cast: Cast, folder: Path, *arguments: str, **changes: Any):
    row = of_user("", oidc(provider, **changes))
    lay_out(row, cast.values, folder)
    return run_ours(row, cast, folder, *arguments)


def test_a_valid_token_is_used_without_a_prompt(provider, cast, tmp_path):
    agree(of_user("", oidc(provider, id_token=GOOD), sent=Sent("one", f"Bearer {GOOD}")), cast, tmp_path)
    assert provider.requests == 0


@pytest.mark.parametrize("token", [EXPIRED, None, ""], ids=["expired", "none", "empty"])
def test_one_that_is_none_or_has_expired_is_renewed(provider, cast, tmp_path, token):
    agree(of_user("", oidc(provider, id_token=token), sent=fresh(provider)), cast, tmp_path)


@needs_kubectl
def test_a_client_with_a_secret_logs_in_as_kubectls_does(provider, cast, tmp_path):
    row = of_user("", oidc(provider))
    for run in (run_kubectl, run_ours):
        lay_out(row, cast.values, tmp_path)
        assert run(row, cast, tmp_path).sent == [fresh(provider)]
    assert provider.asked[-1].form == {"grant_type": "refresh_token", "refresh_token": "se-cret-refresh"}
    assert provider.asked[-1].login == "kube:se-cret%2F%2B+%26%3D"
    assert len(set(map(repr, provider.asked))) == 1


def test_a_provider_may_want_the_secret_in_the_body(provider, cast, tmp_path):
    provider.takes_header = False
    agree(of_user("", oidc(provider), sent=fresh(provider)), cast, tmp_path)
    form = {"client_id": "kube", "client_secret": SECRET, "grant_type": "refresh_token"}
    assert TokenRequestSeen("", form | {"refresh_token": "se-cret-refresh"}) in provider.asked


def test_a_client_without_a_secret_names_itself_in_the_body(provider, cast, tmp_path):
    assert login(provider, cast, tmp_path, client_secret=None).sent == [fresh(provider)]
    form = {"client_id": "kube", "grant_type": "refresh_token", "refresh_token": "se-cret-refresh"}
    assert provider.asked == [TokenRequestSeen("", form)]


def test_the_providers_ca_may_be_data_with_a_block_that_is_not_a_certificate(provider, cast, tmp_path):
    damaged = b"\xef\xbb\xbf-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\n"
    data = base64.b64encode(damaged + provider.ca.read_bytes()).decode()
    user = oidc(provider, idp_certificate_authority=None, idp_certificate_authority_data=data)
    agree(of_user("", user, sent=fresh(provider)), cast, tmp_path)


def test_without_a_ca_the_systems_are_trusted(provider, cast, tmp_path):
    environment = {"SSL_CERT_FILE": str(provider.ca)}
    user = oidc(provider, idp_certificate_authority=None)
    agree(of_user("", user, sent=fresh(provider), environment=environment), cast, tmp_path)


@pytest.mark.parametrize("ca", [None, "$ONE_CA"])
def test_environment_variables_of_pythons_clients_do_not_apply_to_the_provider(provider, cast, tmp_path, ca):
    environment = {name: str(provider.ca) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    user = oidc(provider, idp_certificate_authority=ca)
    agree(of_user("", user, said="certificate verify failed", environment=environment), cast, tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"idp_certificate_authority": None}, "certificate verify failed"),
        ({"idp_certificate_authority": "$ONE_CA"}, "certificate verify failed"),
        ({"idp_certificate_authority": "/no/such/file"}, "/no/such/file"),
        ({"refresh_token": None}, "has expired, and the kubeconfig has no refresh-token"),
        ({"refresh_token": ""}, "has expired, and the kubeconfig has no refresh-token"),
        ({"idp_issuer_url": None}, "has no idp-issuer-url"),
        pytest.param({"client_id": None, "id_token": GOOD}, "has no client-id", id="no client-id"),
        ({"id_token": UNREADABLE}, 'the id-token of user "jane" is not a JSON Web Token'),
        ({"idp_issuer_url": "https://127.0.0.1:9/realm"}, "https://127.0.0.1:9/realm could not be renewed"),
    ],
    ids=str,
)
def test_what_kubectl_refuses_is_rejected(provider, cast, tmp_path, changes, said):
    agree(of_user("", oidc(provider, **changes), said=said), cast, tmp_path)
    assert provider.asked == []


@pytest.mark.parametrize(
    ("code", "answer", "said"),
    [
        (400, REFUSED, "could not be renewed: invalid_grant Session not active"),
        (500, "se-cret-page", "could not be renewed"),
        (200, "se-cret-page", "could not be renewed"),
        (200, {"access_token": "se-cret-access", "token_type": "Bearer"}, "its response has no id_token"),
        (200, {}, "could not be renewed: missing_token Missing access token parameter"),
    ],
)
def test_a_providers_rejection_is_reported_with_its_message(provider, cast, tmp_path, code, answer, said):
    provider.code, provider.answer = code, answer
    agree(of_user("", oidc(provider), said=said), cast, tmp_path)


def test_a_session_that_outlives_its_token_renews_it_with_what_the_provider_gave_last(provider, cast, tmp_path):
    provider.answer |= {"id_token": id_token(-1)}
    lay_out(of_user("", oidc(provider)), cast.values, tmp_path)
    cast.take_seen()
    with load_config(ConfigFlags(kubeconfig=str(tmp_path / "config"))) as loaded:
        api = Api(loaded)
        api.get("version")
        provider.answer |= {"id_token": GOOD}
        api.get("version")
        api.close()
    assert [asked.form["refresh_token"] for asked in provider.asked] == ["se-cret-refresh", *["se-cret-next"] * 2]
    assert cast.take_seen()[0][-1] == Sent("one", f"Bearer {GOOD}")


def test_a_provider_that_has_no_such_page_is_named(provider, cast, tmp_path):
    found = login(provider, cast, tmp_path, idp_issuer_url=provider.url.replace("realm", "nowhere"))
    assert_refused(found, "/nowhere could not be renewed: it returned 404 Not Found")


def test_a_provider_is_read_up_to_the_limit(provider, cast, tmp_path, monkeypatch):
    monkeypatch.setattr(limited_http, "MAX_OIDC_BODY_BYTES", 1000)
    provider.answer |= {"padding": "x" * 1000}
    lay_out(of_user("", oidc(provider)), cast.values, tmp_path)
    with pytest.raises(ConfigError) as found, load_config(ConfigFlags(kubeconfig=str(tmp_path / "config"))):
        pass
    assert "could not be renewed: RequestException: its response is larger than 1000 B" in found.value.message


def test_a_provider_that_does_not_answer_is_given_up(provider, cast, tmp_path, monkeypatch):
    monkeypatch.setattr(oidc_login, "_OIDC_SECONDS", 0.2)
    tested = threading.Event()
    monkeypatch.setattr(provider, "respond", lambda *_: (tested.wait(20), (404, "too late"))[1])
    lay_out(of_user("", oidc(provider)), cast.values, tmp_path)
    with pytest.raises(ConfigError) as found, load_config(ConfigFlags(kubeconfig=str(tmp_path / "config"))):
        pass
    tested.set()
    assert "could not be renewed: TimeoutError: not done in 0.2 s" in found.value.message


@pytest.mark.parametrize("code", [200, 400, 500])
def test_no_token_and_no_secret_is_ever_shown(provider, cast, tmp_path, code):
    provider.code = code
    token = provider.answer["id_token"]
    if code != 200:
        provider.answer = REFUSED | {"sent": "se-cret-refresh"} if code == 400 else "you sent se-cret-refresh"
    found = login(provider, cast, tmp_path, "-v", "9")
    assert found.code == (0 if code == 200 else 1)
    for secret in ("se-cret", token, token.split(".")[1], EXPIRED):
        assert secret not in found.stdout + found.stderr


# In a pod. Its paths are fixed ones below /var/run, which a test has no business to write to: they are put elsewhere,
# and so it has to be in this process.


@pytest.fixture
def pod(cast, tmp_path, monkeypatch) -> Path:
    """A pod's folder of secrets; the API server is the first one."""
    from kubernetes.config import incluster_config

    for name in ("KUBECONFIG", "KUBERNETES_MASTER", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    host, _, port = cast.values["ONE"].removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(client_config, "_POD_NAMESPACE", tmp_path / "namespace")
    (tmp_path / "token").write_text("of-pod\n")
    (tmp_path / "ca.crt").write_text(cast.values["ONE_CA_PEM"])
    (tmp_path / "namespace").write_text("backup\n")
    return tmp_path


def asked_twice(cast: Cast, given: ConfigFlags, folder: Path) -> tuple[str, list[Sent]]:
    """The namespace, and what was sent before and after the kubelet has renewed the token."""
    cast.take_seen()
    with load_config(given) as loaded:
        api = Api(loaded)
        api.get("version")
        (folder / "token").write_text("renewed\n")
        api.get("version")
        api.close()
    return loaded.namespace, cast.take_seen()[0]


def test_a_pod_logs_in_as_its_account_and_follows_its_token(cast, pod):
    namespace, sent = asked_twice(cast, ConfigFlags(), pod)
    assert namespace == "backup"
    assert sent == [Sent("one", "Bearer of-pod"), Sent("one", "Bearer renewed")]


def test_in_a_pod_a_token_and_whom_to_act_as_may_be_given(cast, pod, monkeypatch):
    monkeypatch.setenv("POD_NAMESPACE", "shop")
    namespace, sent = asked_twice(cast, ConfigFlags(token=Secret("mine"), as_user="joe"), pod)
    assert namespace == "shop"
    assert set(sent) == {Sent("one", "Bearer mine", (("impersonate-user", "joe"),))}


@pytest.mark.parametrize("spoil", ["token", "ca.crt"])
def test_a_pod_without_an_account_has_no_login(pod, spoil):
    (pod / spoil).unlink()
    with pytest.raises(ConfigError, match="no kubeconfig found, and this is not a pod"), load_config(ConfigFlags()):
        pass


def test_a_pod_has_no_contexts(pod):
    with (
        pytest.raises(ConfigError, match='"x" does not exist: there is no kubeconfig'),
        load_config(ConfigFlags(context="x")),
    ):
        pass


def test_a_kubeconfig_goes_before_the_account_of_a_pod(cast, pod):
    row = Row("", {".kube/config": of_user("", {"token": "of-file"}).files["config"]})
    lay_out(row, cast.values, pod)
    assert asked_twice(cast, ConfigFlags(), pod)[1][0] == Sent("one", "Bearer of-file")
