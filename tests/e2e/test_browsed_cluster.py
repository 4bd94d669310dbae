"""Switching namespace and context against the demo's API server: what is listed, sent, kept and closed."""

import contextlib

import pytest
import yaml

from kubectl_cbt.core.browsed_cluster import BrowsedCluster
from kubectl_cbt.core.options import ClusterOptions, QueryOptions, ServiceOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.errors import ConfigError, Forbidden
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef


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
