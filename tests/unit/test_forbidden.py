"""What a 403 advises: the ``rbac`` that grants it to this user."""

import orjson
import pytest

from kubectl_cbt.cluster.api_hints import API_HINTS
from kubectl_cbt.kube.api_errors import FORBIDDEN_HINT, response_error


def hint(user: str, verb: str, resource: str, where: str) -> str:
    said = f'User "{user}" cannot {verb} resource "{resource}" in API group "x" {where}'
    body = {"kind": "Status", "reason": "Forbidden", "message": f'{resource} "a" is forbidden: {said}'}
    return response_error(403, orjson.dumps(body), "/apis/x", API_HINTS).hint


SHOP, CLUSTER = 'in the namespace "shop"', "at the cluster scope"


@pytest.mark.parametrize(
    ("refused", "advice"),
    [
        (("jane", "get", "volumesnapshots", SHOP), "rbac -n shop --for-user --as jane | kubectl"),
        (("jane", "list", "volumesnapshots", SHOP), "rbac -n shop --for-user --as jane --browse | kubectl"),
        (("jane", "get", "volumesnapshotcontents", CLUSTER), "rbac -n NAMESPACE --for-user --as jane | kubectl"),
        (
            ("system:serviceaccount:apps:backup", "get", "volumesnapshots", SHOP),
            "rbac -n shop --service-account apps/backup | kubectl",
        ),
        (("jane", "create", "pods/portforward", SHOP), "rbac -n NAMESPACE --for-user --as jane | kubectl"),
        (("a b; rm", "get", "volumesnapshots", SHOP), "--as 'a b; rm' | kubectl"),
    ],
)
def test_the_hint_names_the_rbac_for_this_user(refused, advice):
    assert advice in hint(*refused)


@pytest.mark.parametrize("user", ["system:anonymous", 'j"x'])
def test_a_user_who_cannot_be_granted_access_gets_no_command(user):
    assert "rbac" not in hint(user, "get", "volumesnapshots", SHOP)


def test_what_rbac_does_not_grant_gets_no_command():
    assert "rbac" not in hint("jane", "get", "secrets", SHOP)


def test_a_client_without_hints_of_its_own_gets_the_general_one():
    body = {"kind": "Status", "message": 'User "jane" cannot get resource "volumesnapshots"'}
    assert response_error(403, orjson.dumps(body), "/apis/x").hint == FORBIDDEN_HINT
