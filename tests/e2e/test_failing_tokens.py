"""Tokens: where they come from, what a bad one gets, and that none is ever seen."""

import re
import zlib
from pathlib import Path

import pytest
from conftest import DELTA, cut_after, run_command

from kubectl_cbt.demo.kube.identity import BACKUP_APP, NOBODY
from kubectl_cbt.demo.kube.status_objects import StatusError
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code, Refusal, Tampering


def test_a_token_file_is_used_as_it_is(own_demo, tmp_path):
    service = own_demo.services[PAGES_DRIVER]
    path = tmp_path / "token"
    path.write_text(own_demo.identity.issue(BACKUP_APP, [service.audience], 600)[0] + "\n")
    # demo-admin is not a ServiceAccount: without the file this would fail.
    found = run_command(*DELTA, "--token-file", str(path), "--context", "demo-admin", "-o", "name", cluster=own_demo)
    assert found.returncode == 0


@pytest.mark.parametrize("fault", ["expired", "wrong audience", "nobody", "empty"])
def test_a_bad_token_is_reported_with_its_fault(own_demo, tmp_path, fault):
    service = own_demo.services[PAGES_DRIVER]
    token = {
        "expired": own_demo.identity.issue(BACKUP_APP, [service.audience], -1)[0],
        "wrong audience": own_demo.identity.issue(BACKUP_APP, ["another"], 600)[0],
        "nobody": own_demo.identity.issue(NOBODY, [service.audience], 600)[0],
        "empty": "\n",
    }[fault]
    path = tmp_path / "token"
    path.write_text(token)
    found = run_command(*DELTA, "--token-file", str(path), "-v", "1", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    said = {"nobody": "may not get volumesnapshots", "empty": "is empty"}
    assert said.get(fault, "rejected the token") in found.stderr
    advice = {
        "expired": "hint: the token expired at 20",
        "wrong audience": f"hint: the token is for another, the service expects {service.audience}\n",
        "nobody": f"kubectl cbt rbac -n default --service-account {NOBODY} | kubectl apply -f -",
        "empty": "hint: check --token-file",
    }
    assert advice[fault] in found.stderr
    make_one = f"kubectl create token {BACKUP_APP.name} -n {BACKUP_APP.namespace} --audience {service.audience}"
    assert (make_one in found.stderr) == (fault in ("expired", "wrong audience"))
    assert not token.strip() or token not in found.stderr


def test_the_environment_names_a_service_account_too(run):
    found = run(*DELTA, "-o", "name", "--context", "demo-admin", KUBECTL_CBT_SERVICE_ACCOUNT="backup/backup-app")
    assert found.returncode == 0


def test_the_variable_is_not_for_the_demo():
    found = run_command(*DELTA, "--demo", "-o", "name", KUBECTL_CBT_SERVICE_ACCOUNT="prod/backup")
    assert (found.returncode, found.stderr) == (0, "")


def test_no_token_appears_anywhere_not_even_in_tracebacks(own_demo):
    """Every failure after the token request, at the highest verbosity; and success in every format."""
    issued: list[str] = []
    issue = own_demo.identity.issue

    def remember(*arguments):
        token, expires = issue(*arguments)
        issued.append(token)
        return token, expires

    own_demo.identity.issue = remember
    output = ""
    service = own_demo.services[PAGES_DRIVER]
    for tampering in (
        Tampering(),
        cut_after(1),
        cut_after(0, Code.UNAUTHENTICATED, "unauthenticated user"),
        Tampering(answer=lambda messages: iter([b"\xff"])),
    ):
        service.tampering = tampering
        for form in ("json", "summary"):
            found = run_command(*DELTA, "-o", form, "-v", "9", "--retries", "1", cluster=own_demo)
            output += found.stdout + found.stderr
    # One per command: the probe and the resumed stream use the first one. One that was rejected at once is not renewed.
    assert len(issued) == 2 * (1 + 1 + 1 + 1)
    assert "Traceback" in output
    logins = re.findall(r"token: (\S+)", own_demo.kubeconfig.read_text())
    assert len(logins) == 4
    for token in (*issued, *logins):
        for part in token.split("."):
            assert part not in output


# A secret without any form, which a server repeats in its error.

OPAQUE = "correct-horse-battery"


def shown(found, *files: Path) -> str:
    recordings = [
        zlib.decompressobj().decompress(path.read_bytes().partition(b"\n")[2]).decode("latin-1") for path in files
    ]
    return "".join((found.stdout, found.stderr, *recordings))


def test_an_opaque_token_that_the_service_repeats_is_not_shown_and_not_recorded(own_demo, tmp_path):
    def repeat(request) -> None:
        raise Refusal(Code.UNKNOWN, f"who is {request.security_token}?")

    own_demo.services[PAGES_DRIVER].tampering = Tampering(accept=repeat)
    (tmp_path / "token").write_text(OPAQUE)
    record = tmp_path / "stream.cbtrec"
    resolved = ("--token-file", str(tmp_path / "token"), "--record", str(record), "-o", "json", "-v", "9")
    found = run_command(*DELTA, *resolved, cluster=own_demo)
    assert found.returncode == 1
    assert "who is <masked>?" in found.stderr
    assert OPAQUE not in shown(found, record)


@pytest.mark.parametrize("code", [403, 500])
def test_a_credential_that_the_api_server_repeats_is_not_shown(own_demo, code):
    def repeat(token, audiences):
        raise StatusError(code, "Whatever", f"who is {token}?")

    own_demo.identity.review = repeat
    found = run_command("snapshots", "--token", OPAQUE, "-v", "9", cluster=own_demo)
    assert found.returncode == 1
    assert "who is <masked>?" in found.stderr
    assert OPAQUE not in shown(found)


def test_a_secret_that_the_driver_repeats_is_not_shown_and_not_recorded(demo, tmp_path):
    secrets, record = tmp_path / "secrets.yaml", tmp_path / "stream.cbtrec"
    secrets.write_text(f"userKey: {OPAQUE}\n")

    def refuse(request, call):
        raise Refusal(Code.INTERNAL, f"wrong key {request.secrets['userKey']}")
        yield

    with demo.csi_service(tmp_path / "csi.sock") as service:
        service._messages = refuse
        resolved = ("--csi-endpoint", service.endpoint, "--secrets-file", str(secrets), "--record", str(record))
        found = run_command("allocated", "x", "-o", "json", *resolved, "-v", "9")
    assert found.returncode == 1
    assert "wrong key <masked>" in found.stderr
    assert OPAQUE not in shown(found, record)
