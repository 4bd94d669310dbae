"""bug-report, as the installed command: what the archive contains, and what it never contains."""

import json
import stat
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import DELTA, command_environment, run_command, run_warm

from kubectl_cbt.demo.kube.identity import BACKUP_APP
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code, Refusal, Tampering
from kubectl_cbt.project import ISSUES

ALWAYS = ["version.json", "platform.json", "doctor.json"]
PASSWORD = "correct-horse"
PLUGIN_VALUE = "value-for-the-plugin-1"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n"


def report(folder: Path, *arguments: str, cluster=None, **environment):
    """Run the command in a folder: the result, and the texts of the archive's parts by name."""
    archive = folder / "bug.zip"
    found = run_command("bug-report", *arguments, "--file", str(archive), cluster=cluster, **environment)
    if not archive.exists():
        return found, {}
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return found, {name: opened.read(name) for name in opened.namelist()}


def test_the_archive_has_version_platform_and_the_report_of_doctor(demo, tmp_path):
    found, parts = report(tmp_path, "snap-a", "snap-b", cluster=demo)
    assert (found.returncode, found.stdout) == (0, f"{tmp_path}/bug.zip\n")
    assert list(parts) == ALWAYS
    assert json.loads(parts["version.json"]) == json.loads(run_command("version", "-o", "json").stdout)
    assert json.loads(parts["platform.json"])["system"]
    doctor = json.loads(parts["doctor.json"])
    expected = json.loads(run_command("doctor", "snap-a", "snap-b", "-o", "json", cluster=demo).stdout)
    assert [one["id"] for one in doctor["findings"]] == [one["id"] for one in expected["findings"]]
    assert (doctor["name"], doctor["failed"], doctor["complete"]) == ("doctor snap-a → snap-b", 0, True)
    assert stat.S_IMODE((tmp_path / "bug.zip").stat().st_mode) == 0o600


def test_the_list_is_printed_and_a_dry_run_writes_nothing(demo, tmp_path):
    found, parts = report(tmp_path, "--dry-run", cluster=demo)
    assert (found.returncode, found.stdout, parts) == (0, "", {})
    first, *listed = found.stderr.splitlines()
    assert first == "The archive contains:"
    assert [line.split()[0] for line in listed] == ALWAYS
    assert list(tmp_path.iterdir()) == []


def test_it_names_where_to_report(demo, tmp_path):
    found, _ = report(tmp_path, cluster=demo)
    assert found.stderr.endswith(f"attach it to an issue: {ISSUES}\n")


def test_a_broken_cluster_is_reported_and_does_not_fail_the_command(tmp_path):
    found, parts = report(tmp_path, KUBECONFIG=str(tmp_path / "none"))
    assert found.returncode == 0
    assert json.loads(parts["doctor.json"])["failed"] == 1


def test_a_recording_is_included_byte_for_byte_and_can_be_opened(demo, tmp_path):
    recorded = tmp_path / "stream.cbtrec"
    run_command(*DELTA, "-o", "name", "--record", str(recorded), cluster=demo)
    _, parts = report(tmp_path, "--recording", str(recorded), cluster=demo)
    assert list(parts) == [*ALWAYS, "recording.cbtrec"]
    assert parts["recording.cbtrec"] == recorded.read_bytes()


@pytest.fixture
def secrets(own_demo, tmp_path) -> dict[str, str]:
    """Secrets that the command uses or is given, by what they are; the kubeconfig in the folder contains some."""
    token = own_demo.identity.issue(BACKUP_APP, [own_demo.services[PAGES_DRIVER].audience], 600)[0]
    config = yaml.safe_load(own_demo.kubeconfig.read_text(encoding="utf-8"))
    user = config["users"][0]["user"] | {"password": PASSWORD, "username": "jane"}
    user["exec"] = {"env": [{"name": "A", "value": PLUGIN_VALUE}]}
    config["users"][0]["user"] = user
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    (tmp_path / "token").write_text(token)
    return {
        "the token of the call": token,
        "the token of the kubeconfig": user["token"],
        "the password of the kubeconfig": PASSWORD,
        "a value for a login plugin": PLUGIN_VALUE,
        "the token of a flag": "opaque-flag-1",
    }


def test_the_archive_contains_no_secret_that_the_command_uses_or_is_given(secrets, tmp_path):
    error, config = tmp_path / "error.txt", tmp_path / "config"
    # A value without a form or a name is known from the flag, the file or the kubeconfig that contains it.
    error.write_text(f"error: {' '.join(secrets.values())}\npassword: {PASSWORD}\n{KEY}{tmp_path}/file\n")
    found, parts = report(
        *(tmp_path, "snap-b", "--token-file", str(tmp_path / "token"), "--error", str(error)),
        *("--token", secrets["the token of a flag"]),
        KUBECONFIG=str(config),
        HOME=str(tmp_path),
    )
    assert found.returncode == 0, found.stderr
    assert list(parts) == ["version.json", "platform.json", "error.txt", "doctor.json"]
    for name, data in parts.items():
        text = data.decode() + found.stderr
        assert [what for what, secret in secrets.items() if secret in text] == [], name
        assert [part for part in (PASSWORD, KEY.split()[4], f"{tmp_path}/file") if part in text] == [], name


PASTED = """\
$ kubectl get volumesnapshots --token abcdefghijk123 -n shop
$ kubectl get volumesnapshots --token=abcdefghijk124 --password S3CRETPW4 --password 'S3C RET PW5'
$ curl -u jane:S3CRETPW6 --proxy-user 'jane:S3C RET PW7' https://example.org
userKey: AQBn3cretCephKey==
adminKey=AQBn4cretCephKey==
{"encryptionKey": "S3CRETPW8", "args": ["--token", "S3CRETPW9"]}
https://example.org/a?sv=1&sig=S3CRETSIG1%3D&sp=r https://example.org/a?X-Amz-Signature=S3CRETSIG2
https://example.org/a?X-Goog-Signature=S3CRETSIG3 https://example.org/a?Signature=S3CRETSIG4
ghp_S3CRETPAT1 glpat-S3CRETPAT2 xoxb-1-S3CRETPAT3 github_pat_S3CRETPAT4
AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
error: secretName: csi-secret, keyID: k-1
"""
PASTED_SECRETS = (
    *(
        "abcdefghijk123",
        "abcdefghijk124",
        "S3C",
        "RET",
        "PW5",
        "PW7",
        "AQBn",
        "3cret",
        "4cret",
        "SIG1",
        "SIG2",
        "SIG3",
        "SIG4",
        "PAT",
        "wJalr",
        "PxRfi",
    ),
)


def test_secrets_in_a_pasted_error_are_removed_by_their_form_and_the_rest_stays(tmp_path):
    (tmp_path / "error.txt").write_text(PASTED)
    found, parts = report(tmp_path, "--demo", "--error", str(tmp_path / "error.txt"))
    assert found.returncode == 0, found.stderr
    text = parts["error.txt"].decode()
    assert [secret for secret in PASTED_SECRETS if secret in text] == []
    lines = text.splitlines()
    assert lines[0] == "$ kubectl get volumesnapshots --token <masked> -n shop"
    assert lines[2] == "$ curl -u jane:<masked> --proxy-user 'jane:<masked>' https://example.org"
    assert lines[-1] == "error: secretName: csi-secret, keyID: k-1"
    assert len(lines) == len(PASTED.splitlines())


def test_what_a_sidecar_repeats_of_the_token_is_removed(own_demo, tmp_path):
    tokens = []

    def echo(request):
        tokens.append(request.security_token)
        raise Refusal(Code.INTERNAL, f"no luck with {request.security_token}")

    own_demo.services[PAGES_DRIVER].tampering = Tampering(accept=echo)
    _, parts = report(tmp_path, "snap-b", cluster=own_demo)
    assert "no luck with <masked>" in parts["doctor.json"].decode()
    assert tokens
    assert [token for token in tokens if token.encode() in parts["doctor.json"]] == []


def test_the_drivers_secrets_are_removed_by_value(tmp_path):
    (tmp_path / "secrets.yaml").write_text("userKey: opaque-driver-key\n")
    (tmp_path / "error.txt").write_text("error: login with opaque-driver-key failed")
    given = ("--csi-endpoint", f"unix://{tmp_path}/none.sock", "--secrets-file", str(tmp_path / "secrets.yaml"))
    _, parts = report(tmp_path, *given, "--error", str(tmp_path / "error.txt"))
    assert parts["error.txt"] == b"error: login with <masked> failed"


@pytest.mark.parametrize(
    "user", ["{exec: 1}", "{auth-provider: x}", "{exec: {env: [1, {}]}}", "{auth-provider: {config: 1}}"]
)
def test_a_malformed_kubeconfig_is_a_finding_of_doctor(tmp_path, user):
    (tmp_path / "config").write_text(f"users: [{{name: a, user: {user}}}]")
    found, parts = report(tmp_path, KUBECONFIG=str(tmp_path / "config"))
    assert found.returncode == 0, found.stderr
    assert json.loads(parts["doctor.json"])["failed"] == 1


def test_variables_are_named_without_their_values(demo, tmp_path):
    _, parts = report(tmp_path, cluster=demo, KUBECTL_CBT_SERVICE_ACCOUNT="secret/one", HTTPS_PROXY="")
    assert b"KUBECTL_CBT_SERVICE_ACCOUNT" in parts["platform.json"]
    assert b"secret/one" not in parts["platform.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--recording", "error.txt"), "error: error.txt is not a recording"),
        (("--error", "large"), "error: large is larger than 1 MiB"),
        (("--file", "error.txt"), "error: error.txt exists: name a new file with --file"),
    ],
)
def test_a_wrong_file_is_a_usage_error_and_leaves_no_archive(demo, tmp_path, arguments, message):
    (tmp_path / "error.txt").write_text("error: x")
    (tmp_path / "large").write_bytes(bytes(2 << 20))
    found = run_warm(["bug-report", *arguments], command_environment(demo), cwd=str(tmp_path))
    assert found.returncode == 2
    assert message in found.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"error.txt", "large"}


def test_a_folder_that_cannot_be_written_fails(demo, tmp_path):
    found = run_warm(["bug-report", "--file", "/proc/none/x.zip"], command_environment(demo), cwd=str(tmp_path))
    assert found.returncode == 1
    assert "error: /proc/none/x.zip: No such file or directory" in found.stderr
