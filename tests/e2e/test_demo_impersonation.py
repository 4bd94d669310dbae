"""Impersonation: which users can impersonate, and the resulting user."""

import pytest
from peers import needs_kubectl
from test_demo_requests import SNAPSHOTS, Client
from test_kubectl import kubectl

from kubectl_cbt.demo.kube.identity import BACKUP_APP

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCOUNT = "system:serviceaccount:shop:shop-backup"


def who(client: Client, *headers: tuple[str, str]):
    code, found = client.ask("POST", WHO, {}, *headers)
    assert code == 201, found
    return found["status"]["userInfo"]


def test_the_impersonated_replaces_the_caller(demo):
    user = who(
        Client(demo),
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "developers"),
        ("Impersonate-Group", "readers"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-Extra-Acme.com%2Fproject", "blue"),
        ("Impersonate-Extra-Acme.com%2Fproject", "red"),
    )
    assert user == {
        "username": "jane",
        "uid": "u-1",
        "groups": ["developers", "readers", "system:authenticated"],
        "extra": {"acme.com/project": ["blue", "red"]},
    }


def test_an_impersonated_service_account_has_its_groups_unless_others_are_given(demo):
    own = who(Client(demo), ("Impersonate-User", ACCOUNT))
    assert own["groups"] == ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"]
    given = who(Client(demo), ("Impersonate-User", ACCOUNT), ("Impersonate-Group", "readers"))
    assert given["groups"] == ["readers", "system:authenticated"]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (
            (("Impersonate-User", "jane"),),
            (
                'users "jane" is forbidden: User "system:serviceaccount:backup:backup-app" cannot impersonate resource '
                '"users" in API group "" at the cluster scope'
            ),
        ),
        (
            (("Impersonate-User", ACCOUNT),),
            (
                'serviceaccounts "shop-backup" is forbidden: User "system:serviceaccount:backup:backup-app" cannot '
                'impersonate resource "serviceaccounts" in API group "" in the namespace "shop"'
            ),
        ),
    ],
)
def test_forbidden_impersonation_names_the_user(demo, headers, said):
    code, found = Client(demo, BACKUP_APP).get(SNAPSHOTS, *headers)
    assert (code, found["reason"], found["message"]) == (403, "Forbidden", said)


def _grant(demo, resources, names, group=""):
    rule = {"apiGroups": [group], "resources": resources, "resourceNames": names, "verbs": ["impersonate"]}
    demo.store.put("clusterroles", {"metadata": {"name": "actor"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": BACKUP_APP.name, "namespace": BACKUP_APP.namespace}
    role = {"kind": "ClusterRole", "name": "actor"}
    demo.store.put("clusterrolebindings", {"metadata": {"name": "actor"}, "roleRef": role, "subjects": [subject]})


def test_a_grant_lets_one_impersonate_those_it_names_and_each_part_needs_its_own(own_demo):
    client, jane = Client(own_demo, BACKUP_APP), ("Impersonate-User", "jane")
    _grant(own_demo, ["users"], ["jane"])
    assert who(client, jane)["username"] == "jane"
    assert client.get(SNAPSHOTS, ("Impersonate-User", "joe"))[0] == 403
    wanted = {
        ("Impersonate-Group", "readers"): 'groups "readers" is forbidden',
        ("Impersonate-Uid", "u-1"): 'uids.authentication.k8s.io "u-1" is forbidden',
        ("Impersonate-Extra-Scopes", "view"): 'cannot impersonate resource "userextras/scopes" in API group'
        ' "authentication.k8s.io" at the cluster scope',
    }
    for header, said in wanted.items():
        code, found = client.get(SNAPSHOTS, jane, header)
        assert code == 403
        assert said in found["message"]
    _grant(own_demo, ["users", "groups"], ["jane", "readers"])
    assert who(client, jane, ("Impersonate-Group", "readers"))["groups"] == ["readers", "system:authenticated"]


def test_groups_without_a_user_are_an_error(demo):
    code, said = Client(demo).get(SNAPSHOTS, ("Impersonate-Group", "developers"))
    assert code == 500
    assert said == (
        f'Internal Server Error: "{SNAPSHOTS}": requested [{{Group  developers    }}] without impersonating a user\n'
    )


def test_the_group_of_masters_may_do_everything(demo):
    masters = (("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters"))
    assert Client(demo).get(SNAPSHOTS, *masters)[0] == 200
    assert Client(demo).get(SNAPSHOTS, masters[0])[0] == 403


@needs_kubectl
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--as=jane", "--as-group=system:masters"), 0, "pg-mon"),
        ((f"--as={ACCOUNT}",), 0, "pg-mon"),
        (("--as=jane", "--as-group=readers", "--as-uid=7"), 1, 'User "jane" cannot list resource "volumesnapshots"'),
        (("--as=jane", "--context=demo"), 1, 'users "jane" is forbidden: User "system:serviceaccount:backup:backup'),
    ],
)
def test_kubectl_impersonates_a_user(demo, arguments, code, said):
    found = kubectl("get", "vs", "-n", "shop", "--context=demo-admin", *arguments, kubeconfig=demo.kubeconfig)
    assert found.returncode == code
    assert said in found.stdout + found.stderr
