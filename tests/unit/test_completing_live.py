"""Names that only the cluster knows, asked from the demo cluster's API server."""

from dataclasses import fields

import pytest
import yaml
from test_completing import TREE, offered

from kubectl_cbt.cli.completion.candidates import complete
from kubectl_cbt.cli.completion.cluster_values import REQUEST_TIMEOUT_SECONDS, cluster_options
from kubectl_cbt.cli.completion.parsed_line import read_line
from kubectl_cbt.cli.completion.protocol import Directive
from kubectl_cbt.cli.options import ClusterFlags
from kubectl_cbt.demo.kube.status_objects import StatusError
from kubectl_cbt.errors import CbtError


@pytest.fixture(autouse=True)
def kubeconfig(demo, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(demo.kubeconfig))
    return demo.kubeconfig


# Snapshots


@pytest.mark.parametrize(
    "words", [("allocated",), ("delta",), ("delta", "--base-handle", "x"), ("delta", "--choose-base")]
)
def test_snapshots_are_offered_newest_first(words):
    assert offered(*words, "") == ["snap-d", "snap-c", "snap-b", "snap-a"]
    assert complete(TREE, [*words, ""]).directive == Directive.NO_FILES | Directive.KEEP_ORDER


def test_a_snapshot_comes_with_its_claim_size_and_age():
    (found,) = complete(TREE, ["allocated", "snap-a"]).candidates
    claim, size, age = found.description.split("  ")
    assert (claim, size) == ("data", "64 GiB")
    assert age.endswith(" ago")


def test_snapshots_that_cannot_be_asked_about_are_left_out():
    assert offered("allocated", "-n", "legacy", "") == []


def test_a_target_is_newer_than_its_base_and_of_its_volume():
    assert offered("delta", "-n", "shop", "pg-fri", "") == ["pg-sun", "pg-sat"]
    assert offered("delta", "-n", "shop", "uploads-w3", "") == ["uploads-w4"]
    assert offered("delta", "-n", "shop", "pg-sun", "") == []


@pytest.mark.parametrize("base", ["nope", "queue-new"])
def test_nothing_is_newer_than_a_base_that_is_unknown_or_has_no_time(base):
    assert offered("delta", "-n", "legacy", base, "") == []


@pytest.mark.parametrize("flags", [("--base-handle", "x"), ("--choose-base",)])
def test_with_the_base_named_otherwise_the_target_stands_alone(flags):
    assert offered("delta", *flags, "snap-a", "") == []
    assert offered("delta", "snap-a", *flags, "") == []


def test_a_snapshot_may_be_named_with_its_kind():
    assert offered("allocated", "vs/snap-d") == ["vs/snap-d"]
    assert offered("delta", "vs/snap-c", "volumesnapshot/") == ["volumesnapshot/snap-d"]
    assert offered("allocated", "pod/") == []


@pytest.mark.parametrize(
    "words",
    [("-n", "shop", "delta"), ("delta", "-n", "shop"), ("delta", "--context", "demo-shop"), ("delta", "-qnshop"),
     ("--context=demo-shop", "delta", "--namespace=")],
    ids=" ".join,
)  # fmt: skip
def test_flags_before_and_behind_the_verb_say_which_cluster_and_namespace(words):
    assert offered(*words, "pg-s") == ["pg-sun", "pg-sat"]


def test_the_demo_is_asked_when_the_line_says_so(monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    assert offered("delta", "--demo", "snap-a", "snap-") == ["snap-d", "snap-c", "snap-b"]


# Other names


def test_namespaces_are_offered():
    assert offered("delta", "-n", "") == ["backup", "default", "legacy", "nobody", "shop", "vms"]
    assert offered("--namespace=sh") == ["shop"]


def test_who_may_not_list_namespaces_is_offered_those_with_snapshots(own_demo, monkeypatch):
    def refuse(path: str) -> None:
        if path == "/api/v1/namespaces":
            raise StatusError(403, "Forbidden", "namespaces is forbidden")

    own_demo.api.fault = refuse
    monkeypatch.setenv("KUBECONFIG", str(own_demo.kubeconfig))
    assert offered("delta", "-n", "") == ["default", "legacy", "shop", "vms"]


def test_services_are_offered_with_their_address(demo):
    found = complete(TREE, ["delta", "--service", ""]).candidates
    assert {(candidate.value, candidate.description) for candidate in found} == {
        (driver, service.address) for driver, service in demo.services.items()
    }


def test_service_accounts_are_of_the_namespace_or_of_the_one_typed():
    assert offered("delta", "-n", "shop", "--service-account", "") == ["shop-backup"]
    assert offered("delta", "--service-account", "shop/") == ["shop/shop-backup"]
    assert offered("delta", "--service-account=shop/s") == ["shop/shop-backup"]


def test_names_of_the_kubeconfig_need_no_server(tmp_path):
    path = tmp_path / "kubeconfig"
    documents = {
        kind: [{"name": f"{kind}-{n}", kind[:-1]: {}} for n in (1, 2)] for kind in ("contexts", "clusters", "users")
    }
    path.write_text(yaml.safe_dump(documents))
    for flag in ("context", "cluster", "user"):
        assert offered("delta", "--kubeconfig", str(path), f"--{flag}", "") == [f"{flag}s-1", f"{flag}s-2"]


@pytest.mark.parametrize(
    "words",
    [
        ("delta", "--context", "demo-nobody", ""),
        ("delta", "--context", "nope", ""),
        ("allocated", "--kubeconfig", "/no", ""),
    ],
    ids=" ".join,
)
def test_what_the_cluster_refuses_is_an_error_of_ours(words):
    with pytest.raises(CbtError):
        complete(TREE, words)


# The group of options


def options_of(*words: str) -> ClusterFlags:
    return cluster_options(read_line(TREE, words))


def test_every_option_of_the_group_reaches_the_session():
    words = ["delta"]
    for flag in TREE.verb("delta").flags:
        if flag.name in {field.name for field in fields(ClusterFlags)}:
            words += [flag.spellings[0], *(["7"] if flag.takes_value else [])]
    found = options_of(*words)
    for field in fields(ClusterFlags):
        assert getattr(found, field.name) in (True, "7", 7, 7.0, ["7"]), field.name


def test_an_option_given_twice_counts_as_typer_counts_it():
    found = options_of("delta", "-n", "a", "--as-group", "x", "-nb", "--as-group=y")
    assert (found.namespace, found.as_group) == ("b", ["x", "y"])


def test_the_person_is_not_made_to_wait_unless_they_said_so():
    assert options_of("delta") == ClusterFlags(request_timeout=REQUEST_TIMEOUT_SECONDS)
    assert options_of("delta", "--request-timeout", "1m").request_timeout == 60


# Volumes


def test_claims_with_snapshots_are_offered_with_their_number():
    assert offered("history", "-n", "shop", "") == ["postgres", "uploads"]
    (found,) = complete(TREE, ["history", "-n", "shop", "post"]).candidates
    assert (found.value, found.description) == ("postgres", "7 snapshots")
    assert offered("history", "-n", "shop", "postgres", "") == []


def test_volume_handles_are_offered_with_their_claim():
    found = complete(TREE, ["history", "-n", "shop", "--volume", ""]).candidates
    assert sorted(one.description for one in found) == ["postgres", "uploads"]
    assert all(one.value.startswith("vol-") for one in found)
