"""Switching namespace and context against the demo's API server: what is listed, sent, kept and closed."""

import contextlib
from itertools import pairwise

import pytest
import yaml

from kubectl_cbt.core.browsed_cluster import BrowsedCluster
from kubectl_cbt.core.options import ClusterOptions, QueryOptions, ServiceOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import ConfigError, Forbidden
from kubectl_cbt.measuring.stream_meter import StreamMeter
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.snapshot_entry import siblings
from kubectl_cbt.model.volume_history import HistoryPair


@pytest.fixture
def opened(demo):
    """A function that opens the list of a context; all is closed after the test."""
    with contextlib.ExitStack() as stack:

        def of(context: str = "", service: ServiceOptions | None = None, **options) -> BrowsedCluster:
            login = ClusterOptions(kubeconfig=str(demo.kubeconfig), context=context, **options)
            session = stack.enter_context(open_session(login))
            sessions = stack.enter_context(contextlib.ExitStack())
            return BrowsedCluster(session, service or ServiceOptions(), QueryOptions(), None, sessions)

        yield of


def namespaces_of(entries) -> set[str]:
    return {entry.ref.namespace for entry in entries}


def test_a_namespace_is_one_of_those_that_have_snapshots(opened):
    cluster = opened()
    names = cluster.namespaces()
    assert names == sorted(namespaces_of(cluster.entries()))
    shop = cluster.in_namespace("shop")
    assert namespaces_of(shop.entries()) == {"shop"}
    assert cluster.namespace is None, "the first view is unchanged"
    assert namespaces_of(shop.in_namespace(None).entries()) == set(names)


def test_a_caller_who_may_list_one_namespace_gets_that_one(opened):
    cluster, entries = opened("demo-shop").listed()
    assert cluster.namespace == "shop"
    assert namespaces_of(entries) == {"shop"}
    assert cluster.namespaces() == ["shop"]


def test_a_context_is_another_login_and_the_names_are_in_the_order_of_the_kubeconfig(opened):
    cluster = opened()
    assert cluster.context == "demo"
    assert cluster.contexts() == ["demo", "demo-shop", "demo-nobody", "demo-admin"]
    shop, entries = cluster.in_context("demo-shop")
    assert (shop.context, shop.namespace, namespaces_of(entries)) == ("demo-shop", "shop", {"shop"})
    back, entries = shop.in_context("demo")
    assert (back.context, back.namespace) == ("demo", None)
    assert len(namespaces_of(entries)) > 1


@pytest.mark.parametrize(("context", "error"), [("demo-nobody", Forbidden), ("nope", ConfigError)])
def test_a_context_that_cannot_be_read_leaves_the_old_one_open(opened, context, error):
    cluster = opened()
    with pytest.raises(error):
        cluster.in_context(context)
    assert cluster.entries()


def test_a_closed_login_leaves_the_other_one_open(opened):
    cluster = opened()
    admin, _ = cluster.in_context("demo-admin")
    cluster.close()
    cluster.close()
    assert admin.entries()


def test_tokens_and_addresses_of_the_first_context_are_not_sent_to_another(opened, demo, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret-of-the-first")
    service = ServiceOptions(token_file=token, address="127.0.0.1:1", service="x", service_account="backup/backup-app")
    text = yaml.safe_load(demo.kubeconfig.read_text())
    valid = next(user["user"]["token"] for user in text["users"] if user["name"] == "demo")
    cluster = opened("demo-nobody", service, token=valid)
    assert cluster.entries(), "the token of the flag replaces the one of the context"
    with pytest.raises(Forbidden):
        cluster.in_context("demo-shop")[0].in_namespace(None).entries()
    shop, _ = cluster.in_context("demo-shop")
    names = SnapshotNames(SnapshotRef("shop", "pg-tue"), SnapshotRef("shop", "pg-mon"))
    assert shop.resolve(names).target.ref.name == "pg-tue", "no service of the name in the flag is looked up"
    back, _ = shop.in_context("demo-nobody")
    assert back.entries(), "the flags apply again in the context that they were given for"
    assert cluster.context == back.context == "demo-nobody"


def test_another_cluster_than_the_contexts_is_not_named_by_it(opened, demo):
    server = yaml.safe_load(demo.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    assert opened(server=server).context == ""


def test_a_login_command_that_must_prompt_is_refused_while_a_screen_is_open(demo, tmp_path):
    document = yaml.safe_load(demo.kubeconfig.read_text())
    document["clusters"][0]["cluster"]["certificate-authority"] = str(demo.kubeconfig.parent / "ca.crt")
    login = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Always"}
    document["users"].append({"name": "asks", "user": {"exec": login}})
    document["contexts"].append({"name": "asks", "context": {"cluster": "demo", "user": "asks"}})
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    with open_session(ClusterOptions(kubeconfig=str(path))) as session, contextlib.ExitStack() as sessions:
        cluster = BrowsedCluster(session, ServiceOptions(), QueryOptions(), None, sessions)
        with pytest.raises(ConfigError, match="it needs to prompt, and a screen uses the terminal"):
            cluster.in_context("asks")


def test_deltas_that_are_measured_at_once_are_recorded_in_files_of_their_own(demo, tmp_path):
    options = QueryOptions(record=tmp_path / "stream.rec")
    with open_session(ClusterOptions(kubeconfig=str(demo.kubeconfig))) as session, contextlib.ExitStack() as sessions:
        cluster = BrowsedCluster(session, ServiceOptions(), options, "default", sessions)
        volume = siblings(cluster.entries(), SnapshotRef("default", "snap-a"))
        queries = [HistoryPair(base, target).query for base, target in pairwise(volume)]
        with StreamMeter(cluster, StreamLimits()) as meter:
            results = dict(meter.completed(queries))
    assert set(results) == set(queries)
    assert [(result.is_complete, result.failure) for result in results.values()] == [(True, None)] * 3
    assert len(list(tmp_path.iterdir())) == 3
