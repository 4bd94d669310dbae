"""Exec plugins, as real scripts: their input, and how their output is used."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import COMMAND, after, command_environment
from kubeconfigs import (
    ONE,
    TO_ONE,
    Cast,
    Document,
    Row,
    Sent,
    agree,
    assert_refused,
    files_of,
    kubeconfig,
    lay_out,
    run_kubectl,
    run_ours,
)
from peers import needs_kubectl
from test_terminal import Terminal

V1 = "client.authentication.k8s.io/v1"
TOLD = "$FOLDER/told"


def plugin(command: str = "./login", **fields: Any) -> Document:
    return {"exec": {"apiVersion": V1, "command": command, "interactiveMode": "IfAvailable"} | fields}


def script(text: str) -> str:
    """A program of Python's; ``$`` is written ``$$``, as in every text of a row."""
    return f"#!{sys.executable}\nimport json, os, sys\n{text}\n"


def answer(version: str = V1, kind: str = "ExecCredential", **status: Any) -> str:
    """A program that answers with a status."""
    return script(f"print(json.dumps({{'apiVersion': {version!r}, 'kind': {kind!r}, 'status': {status!r}}}))")


def row(why: str, program: str, user: Document | None = None, sent: Sent | None = None, **more: Any) -> Row:
    """The program is what the plugin runs."""
    return Row(why, {"config": kubeconfig(user=user or plugin()), "login": program}, sent=sent, **more)


def bearer(token: str, **more: str) -> Sent:
    return Sent("one", f"Bearer {token}", **more)


A_TOKEN = answer(token="of-plugin")
OF_PLUGIN = bearer("of-plugin")
A_CERTIFICATE = """status = {
    'clientCertificateData': open('$JANE_CERT').read(), 'clientKeyData': open('$JANE_KEY').read()
}
"""
PRINT = f"print(json.dumps({{'apiVersion': '{V1}', 'kind': 'ExecCredential', 'status': status}}))"
ARGUMENTS = script(
    "status = {'token': '.'.join([*sys.argv[1:], os.environ['A'], os.environ['EMPTY'], os.environ['HOME_OF']])}\n"
    + PRINT
)
NOT_BOTH = "it returned a certificate or a key, but not both"
NEITHER = "it returned neither a token nor a certificate with its key"
NO_CREDENTIAL = "its output is not an ExecCredential"

ROWS = [
    row("a token", A_TOKEN, sent=OF_PLUGIN),
    row("a certificate", script(A_CERTIFICATE + PRINT), sent=Sent("one", certificate="jane")),
    row(
        "both",
        script(A_CERTIFICATE + "status['token'] = 'of-plugin'\n" + PRINT),
        sent=bearer("of-plugin", certificate="jane"),
    ),
    row(
        "a token that is told to expire",
        answer(token="of-plugin", expirationTimestamp="2286-01-01T00:00:00Z"),
        sent=OF_PLUGIN,
    ),
    row(
        "a token that has expired is sent all the same",
        answer(token="of-plugin", expirationTimestamp="2020-01-01T00:00:00Z"),
        sent=OF_PLUGIN,
    ),
    row(
        "arguments and variables",
        ARGUMENTS,
        plugin(
            args=["one", "two words"],
            env=[{"name": "A", "value": "a"}, {"name": "EMPTY", "value": None}, {"name": "HOME_OF", "value": "$$HOME"}],
        ),
        bearer("one.two words.a..$HOME"),
    ),
    row("a command may lie beside the kubeconfig", A_TOKEN, plugin("./login"), OF_PLUGIN),
    Row(
        "so from another folder",
        {"a/config": kubeconfig(user=plugin("../bin/login")), "bin/login": A_TOKEN},
        kubeconfig="a/config",
        sent=OF_PLUGIN,
    ),
    row("a bare command is on PATH", A_TOKEN, plugin("login"), OF_PLUGIN, environment={"PATH": "$HERE:/usr/bin:/bin"}),
    row(
        "PATH finds it in an absolute entry before a relative one",
        A_TOKEN,
        plugin("login"),
        OF_PLUGIN,
        environment={"PATH": "$HERE:.:/usr/bin:/bin"},
    ),
    *(
        row(
            f"and in no relative one: {entries}",
            A_TOKEN,
            plugin("login"),
            environment={"PATH": f"{entries}:/usr/bin:/bin"},
            said="relative to the current directory",
        )
        for entries in ("", ".", "/nowhere:", "./.:$HERE")
    ),
    Row(
        "the plugin's own PATH is not where it is looked for",
        {
            "config": kubeconfig(user=plugin("our-login", env=[{"name": "PATH", "value": "$HERE"}])),
            "our-login": A_TOKEN,
        },
        said="it was not found",
    ),
    row(
        "and not beside the kubeconfig",
        A_TOKEN,
        plugin("login-of-nobody"),
        said='"login-of-nobody" of user "jane" failed',
    ),
    row(
        "an answer in YAML",
        script(f"print('apiVersion: {V1}\\nkind: ExecCredential\\nstatus: {{token: of-plugin}}')"),
        sent=OF_PLUGIN,
    ),
    row(
        "words beside the answer",
        script("print('look here', file=sys.stderr)\n") + A_TOKEN.partition("\n")[2],
        sent=OF_PLUGIN,
    ),
    row("a failure", script("sys.exit('no, never')"), said="it exited with 1"),
    row("no program", "", plugin("./gone"), said="it was not found"),
    row("a file that is no program", "not for running", said="Permission denied"),
    row("garbage", script("print('se-cret {')"), said=NO_CREDENTIAL),
    row("nothing", script(""), said=NO_CREDENTIAL),
    row("another kind", answer(kind="Secret", token="se-cret"), said=NO_CREDENTIAL),
    row(
        "another version",
        answer(f"{V1}beta1", token="se-cret"),
        said=f"not of the requested version {V1}",
    ),
    row("no status", script(f"print(json.dumps({{'apiVersion': '{V1}', 'kind': 'ExecCredential'}}))"), said=NEITHER),
    row("neither token nor certificate", answer(), said=NEITHER),
    row("a certificate without a key", script(A_CERTIFICATE + "del status['clientKeyData']\n" + PRINT), said=NOT_BOTH),
    row(
        "so beside a token",
        script(A_CERTIFICATE + "del status['clientKeyData']\nstatus['token'] = 'se-cret'\n" + PRINT),
        said=NOT_BOTH,
    ),
    row("a certificate that is none", answer(clientCertificateData="x", clientKeyData="y"), said="cannot be used"),
    row("a token that is a number", answer(token=12), said=NEITHER),
    row(
        "a time that is none",
        answer(token="se-cret", expirationTimestamp="tomorrow"),
        said="expirationTimestamp is not a time",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_as_kubectl(row, cast, tmp_path):
    agree(row, cast, tmp_path)


def ran(row: Row, cast: Cast, folder: Path, *arguments: str):
    lay_out(row, cast.values, folder)
    return run_ours(row, cast, folder, *arguments)


def test_a_failing_plugins_message_is_shown_and_its_install_hint_when_it_is_missing(cast, tmp_path):
    failing = ran(row("", script("sys.exit('the card is not in the reader')")), cast, tmp_path)
    assert_refused(failing, "the card is not in the reader")
    hint = plugin("./gone", installHint="get it from\nexample.org\n")
    assert_refused(ran(row("", "", hint), cast, tmp_path), "hint: get it from\n      example.org")


def test_on_a_terminal_a_failing_plugins_message_is_shown_too(cast, tmp_path):
    lay_out(row("", script("sys.exit('the card is not in the reader')")), cast.values, tmp_path)
    terminal = Terminal("services", "--kubeconfig", str(tmp_path / "config"), columns=200)
    try:
        assert terminal.end() == 1
        assert "the card is not in the reader" in terminal.text
        assert 'of user "jane" failed' in terminal.text
    finally:
        terminal.close()


ASKS = script(
    "print('PIN: ', end='', file=sys.stderr, flush=True)\n"
    "status = {'token': sys.stdin.readline().strip() or 'nobody-there'}\n" + PRINT
)


def test_a_plugin_may_ask_on_a_terminal_even_if_stdout_is_none(cast, tmp_path):
    lay_out(row("", ASKS), cast.values, tmp_path)
    controller, terminal = os.openpty()
    cast.take_seen()
    try:
        with subprocess.Popen(
            [str(COMMAND), "services", "-o", "name", "--kubeconfig", str(tmp_path / "config")],
            env=command_environment(), stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stderr.read(5) == b"PIN: "
            os.write(controller, b"4711\n")
            process.communicate(timeout=60)
        assert set(cast.take_seen()[0]) == {bearer("4711")}
    finally:
        os.close(controller)
        os.close(terminal)


def test_without_a_terminal_a_plugin_reads_nothing(cast, tmp_path):
    agree(row("", ASKS, sent=bearer("nobody-there")), cast, tmp_path)
    never = plugin(interactiveMode="Never")
    (tmp_path / "never").mkdir()
    agree(row("", ASKS, never, bearer("nobody-there")), cast, tmp_path / "never")


INFO = script(f"open('{TOLD}', 'w').write(os.environ['KUBERNETES_EXEC_INFO'])\n") + A_TOKEN.partition("\n")[2]


@needs_kubectl
@pytest.mark.parametrize("provides", [True, False])
@pytest.mark.parametrize(
    "cluster",
    [
        TO_ONE,
        {"server": "$ONE", "certificate-authority-data": "$ONE_CA_DATA", "tls-server-name": "localhost"},
        {"server": "$ONE", "insecure-skip-tls-verify": True, "disable-compression": True, "proxy-url": "http://$PROXY"},
        TO_ONE | {"extensions": [{"name": V1.rpartition("/")[0] + "/exec", "extension": {"audience": ["a", 1]}}]},
    ],
    ids=["file", "data", "insecure", "extension"],
)
def test_a_plugin_gets_the_same_input_as_from_kubectl(cast, tmp_path, cluster, provides):
    told = []
    resolved = Row("", {"config": kubeconfig(cluster, plugin(provideClusterInfo=provides)), "login": INFO})
    lay_out(resolved, cast.values, tmp_path)
    for run in (run_kubectl, run_ours):
        assert [sent.authorization for sent in run(resolved, cast, tmp_path).sent] == ["Bearer of-plugin"]
        told.append(json.loads(Path(cast.values["FOLDER"], "told").read_text()))
    theirs, ours = told
    # Go writes an empty extension out.
    if theirs["spec"].get("cluster", {}).get("config", 0) is None:
        del theirs["spec"]["cluster"]["config"]
    assert ours == theirs
    assert ("cluster" in ours["spec"]) is provides


def test_a_plugin_that_gives_no_end_is_run_once_and_one_that_gives_a_past_one_for_each_request(cast, tmp_path):
    calls = Path(cast.values["FOLDER"], "calls")
    for expires, times in (({}, 1), ({"expirationTimestamp": "2020-01-01T00:00:00Z"}, 3)):
        calls.write_text("")
        counted = script(f"open('{calls}', 'a').write('x')\n") + answer(token="t", **expires).partition("\n")[2]
        # Two requests; and a login before them.
        assert ran(row("", counted), cast, tmp_path).sent == [bearer("t")]
        assert len(calls.read_text()) == times


@pytest.mark.parametrize("program", [A_TOKEN, script(A_CERTIFICATE + "status['token'] = 'of-plugin'\n" + PRINT)])
def test_what_a_plugin_gives_is_never_shown(cast, tmp_path, program):
    found = ran(row("", program), cast, tmp_path, "-v", "9")
    assert found.code == 0
    assert "Authorization: Bearer <masked>" in found.stderr
    assert "of-plugin" not in found.stdout + found.stderr
    assert "PRIVATE KEY" not in found.stdout + found.stderr


def test_the_output_of_a_rejected_plugin_is_never_shown(cast, tmp_path):
    vain = [row for row in ROWS if "se-cret" in str(row.files.get("login"))]
    assert len(vain) == 5
    for index, refused in enumerate(vain):
        folder = tmp_path / str(index)
        folder.mkdir()
        found = ran(refused, cast, folder, "-v", "9")
        assert found.code == 1
        assert "se-cret" not in found.stderr.replace(str(folder), "")


def test_a_login_writes_no_file(cast, tmp_path):
    lay_out(row("", A_TOKEN), cast.values, tmp_path)
    tmp_path.chmod(0o500)
    before = files_of(tmp_path)
    try:
        assert run_ours(row("", A_TOKEN), cast, tmp_path).sent == [OF_PLUGIN]
        assert files_of(tmp_path) == before
    finally:
        tmp_path.chmod(0o700)


# Keys. What is loaded from memory is loaded without a file at any moment; a kill in mid-session cannot leave one.

SESSION = """\
import os, sys, time
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
if sys.argv[2] == "without memory":
    del os.memfd_create
else:
    def refuse(event, details):
        if event in ("tempfile.mkstemp", "tempfile.mkdtemp", "os.mkdir"):
            raise AssertionError(event)
        if event == "open" and isinstance(details[0], str) and details[0] != os.devnull and details[2] & writing:
            raise AssertionError(details)
    sys.addaudithook(refuse)
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import load_config
from kubectl_cbt.kube.kubeconfig import ConfigFlags
with load_config(ConfigFlags(kubeconfig=sys.argv[1])) as loaded:
    api = Api(loaded)
    api.get("version")
    assert b"client-key-data" in loaded.kubeconfig()
    print("in session", flush=True)
    time.sleep(1000)
"""

JANES_DATA = {"client-certificate-data": "$JANE_CERT_DATA", "client-key-data": "$JANE_KEY_DATA"}
PLUGINS_KEY = {"config": kubeconfig(user=plugin()), "login": script(A_CERTIFICATE + PRINT)}
CA_DATA = {"server": "$ONE", "certificate-authority-data": "$ONE_CA_DATA"}


@pytest.mark.parametrize("memory", ["in memory", "without memory"])
@pytest.mark.parametrize(
    "files", [{"config": kubeconfig(CA_DATA, JANES_DATA)}, PLUGINS_KEY], ids=["kubeconfig", "plugin"]
)
def test_no_key_lies_in_a_file_while_we_run_and_after_a_kill(cast, tmp_path, files, memory):
    lay_out(Row("", files), cast.values, tmp_path)
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = command_environment(TMPDIR=str(folder))
    command = [sys.executable, "-B", "-c", SESSION, str(tmp_path / "config"), memory]
    cast.take_seen()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "in session\n"
        assert list(folder.iterdir()) == []
        process.kill()
    assert list(folder.iterdir()) == []
    assert cast.take_seen()[0] == [Sent("one", certificate="jane")]


def test_a_key_with_a_password_and_a_broken_one_leave_no_file_either(cast, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    broken = JANES_DATA | {"client-key-data": "$ONE_CA_DATA"}
    row = Row("", {"config": kubeconfig(user=broken)}, environment={"TMPDIR": str(folder)})
    assert_refused(ran(row, cast, tmp_path), "the client certificate or its key cannot be used")
    assert list(folder.iterdir()) == []


def test_an_authority_in_the_kubeconfig_needs_no_file(cast, tmp_path):
    """Not a byte can be written to any file, nor to memory that passes for one."""
    lay_out(Row("", {"config": kubeconfig(CA_DATA)}), cast.values, tmp_path)
    cast.take_seen()
    nothing = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    environment = command_environment(KUBECONFIG=str(tmp_path / "config"), TMPDIR="/nonexistent", HOME="/nonexistent")
    command = after(nothing, COMMAND, "services", "-o", "name")
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    assert set(cast.take_seen()[0]) == {ONE}


def test_an_authority_may_be_surrounded_by_text_in_any_language(cast, tmp_path):
    pem = Path(cast.values["ONE_CA"]).read_text()
    (tmp_path / "ca.pem").write_text(f"Unsere Zertifizierungsstelle für alles\n{pem}— fin\n")
    agree(
        Row("", {"config": kubeconfig({"server": "$ONE", "certificate-authority": f"{tmp_path}/ca.pem"})}, sent=ONE),
        cast,
        tmp_path,
    )
