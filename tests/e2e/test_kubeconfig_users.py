"""The user of requests: row by row the same as the real kubectl. Plugins and providers are in test_logins."""

from dataclasses import replace

import pytest
from kubeconfigs import (
    ONE,
    TOKEN,
    Document,
    Row,
    Sent,
    agree,
    kubeconfig,
    lay_out,
    of_user,
    run_kubectl,
    run_ours,
)
from peers import needs_kubectl

CERTIFICATE = {"client-certificate": "$JANE_CERT", "client-key": "$JANE_KEY"}
DATA = {"client-certificate-data": "$JANE_CERT_DATA", "client-key-data": "$JANE_KEY_DATA"}
AS_JOE = ("--client-certificate=$JOE_CERT", "--client-key=$JOE_KEY")
BASIC = {"username": "jane", "password": "pw"}
FILE: Document = {"tokenFile": "token"}
OF_FILE = {"token": "of-file\n"}

V1 = "client.authentication.k8s.io/v1"
PRINTED = f'{{"apiVersion": "{V1}", "kind": "ExecCredential", "status": {{"token": "of-plugin"}}}}'
PLUGIN = {"apiVersion": V1, "command": "echo", "args": [PRINTED], "interactiveMode": "Never"}
EXEC: Document = {"exec": PLUGIN}
ID_TOKEN = "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9.x"  # good until the year 2286
OIDC: Document = {
    "auth-provider": {
        "name": "oidc",
        "config": {"idp-issuer-url": "https://127.0.0.1:9", "client-id": "c", "id-token": ID_TOKEN},
    }
}

JANE, JOE = Sent("one", certificate="jane"), Sent("one", certificate="joe")
BY_NAME = Sent("one", "Basic amFuZTpwdw==")
UNKNOWN_MODE = "exec needs an interactiveMode, one of Never, IfAvailable, Always"
UNKNOWN_VERSION = "exec needs an apiVersion that kubectl supports"
TWICE = 'user "jane" cannot log in: it has a token as well as a name and password'


def bearer(token: str, **more: str) -> Sent:
    return Sent("one", f"Bearer {token}", **more)


def acting(*lines: tuple[str, str]) -> Sent:
    """Header lines by the second half of their name; they are compared name by name, each name's in order."""
    return replace(ONE, acting_as=tuple(sorted(((f"impersonate-{n}", v) for n, v in lines), key=lambda line: line[0])))


def with_exec(why: str, said: str, **fields: object) -> Row:
    """A plugin that is not run."""
    return of_user(why, {"exec": {name: value for name, value in (PLUGIN | fields).items() if value != ""}}, said=said)


TOKENS = [
    of_user("a token file ends in a newline", FILE, files=OF_FILE, sent=bearer("of-file")),
    of_user(
        "a token file may be written on another system", FILE, files={"token": " of-file \r\n"}, sent=bearer("of-file")
    ),
    of_user("a token file that is missing", FILE, said="/token cannot be used: No such file"),
    of_user("a token file that is empty", FILE, files={"token": ""}, said="/token cannot be used: it is empty"),
    of_user("a token file of a newline", FILE, files={"token": "\n"}, said="/token cannot be used: it is empty"),
    of_user("a token file goes before a token", FILE | TOKEN, files=OF_FILE, sent=bearer("of-file")),
    of_user("a token makes up for a file that is missing", FILE | TOKEN, sent=ONE),
    of_user("a token makes up for a file that is empty", FILE | TOKEN, files={"token": ""}, sent=ONE),
    of_user("a newline is no part of a token", {"token": "a\n"}, said="the kubeconfig's token contains characters"),
    of_user("a token goes before a plugin", EXEC | TOKEN, sent=ONE),
    of_user("a token file goes before a plugin", EXEC | FILE, files=OF_FILE, sent=bearer("of-file")),
    of_user("a token goes before a provider", OIDC | TOKEN, sent=ONE),
    of_user("a token goes with a certificate", CERTIFICATE | TOKEN, sent=replace(ONE, certificate="jane")),
    of_user("--token over a token", TOKEN, "--token=x", sent=bearer("x")),
    # Upstream's words are "the TokenFile takes precedence", and so it does over the flag.
    of_user("--token under a token file", FILE, "--token=x", files=OF_FILE, sent=bearer("of-file")),
    of_user("--token over a token file that is missing", FILE, "--token=x", sent=bearer("x")),
    of_user("--token over a plugin", EXEC, "--token=x", sent=bearer("x")),
    of_user("--token over a provider", OIDC, "--token=x", sent=bearer("x")),
    of_user("--token with a certificate", CERTIFICATE, "--token=x", sent=bearer("x", certificate="jane")),
    of_user("--token and a name", BASIC, "--token=x", said=TWICE),
]

NAMES = [
    of_user("name and password", BASIC, sent=BY_NAME),
    of_user("a name without a password", {"username": "jane"}, sent=Sent("one", "Basic amFuZTo=")),
    of_user("a password without a name", {"password": "pw"}, said='user "jane" has no credentials'),
    of_user("a name is sent as UTF-8", BASIC | {"username": "jané"}, sent=Sent("one", "Basic amFuw6k6cHc=")),
    of_user("a name and a token", BASIC | TOKEN, said=TWICE),
    of_user("a name and a token file", BASIC | FILE, files=OF_FILE, said=TWICE),
    of_user("a name goes before a plugin", BASIC | EXEC, sent=BY_NAME),
    of_user("a name goes before a provider", BASIC | OIDC, sent=BY_NAME),
    of_user("a name goes with a certificate", BASIC | CERTIFICATE, sent=replace(BY_NAME, certificate="jane")),
]

CERTIFICATES = [
    of_user("a certificate", CERTIFICATE, sent=JANE),
    of_user("a certificate as data", DATA, sent=JANE),
    of_user(
        "a certificate's file and a key's data",
        {"client-certificate": "$JANE_CERT", "client-key-data": "$JANE_KEY_DATA"},
        sent=JANE,
    ),
    Row(
        "a certificate beside its kubeconfig",
        {
            "a/config": kubeconfig(user={"client-certificate": "c", "client-key": "./k"}),
            "a/c": "$JANE_CERT_PEM",
            "a/k": "$JANE_KEY_PEM",
        },
        kubeconfig="a/config",
        sent=JANE,
    ),
    of_user(
        "a certificate without a key",
        {"client-certificate": "$JANE_CERT"},
        said="its client certificate lacks client-key",
    ),
    of_user("a key without a certificate", {"client-key": "$JANE_KEY"}, said="has no credentials"),
    of_user("a key without a certificate beside a token", TOKEN | {"client-key": "$JANE_KEY"}, sent=ONE),
    of_user(
        "a key of another certificate",
        CERTIFICATE | {"client-key": "$JOE_KEY"},
        said="the client certificate or its key cannot be used",
    ),
    of_user(
        "a certificate that is none",
        CERTIFICATE | {"client-certificate": "c"},
        files={"c": "x"},
        said="the client certificate or its key cannot be used",
    ),
    of_user(
        "a certificate as file and as data", CERTIFICATE | DATA, said="client-certificate and client-certificate-data"
    ),
    of_user(
        "a key as file and as data",
        CERTIFICATE | {"client-key-data": "$JANE_KEY_DATA"},
        said="client-key and client-key-data are mutually exclusive",
    ),
    of_user(
        "a certificate that is missing", CERTIFICATE | {"client-certificate": "no"}, said="/no cannot be read: No such"
    ),
    of_user("a key that is missing", CERTIFICATE | {"client-key": "no"}, said="/no cannot be read: No such file"),
    of_user("a certificate goes before a plugin", EXEC | CERTIFICATE, sent=JANE),
    of_user("--client-certificate over a certificate", CERTIFICATE, *AS_JOE, sent=JOE),
    replace(of_user("--client-certificate over data", DATA, *AS_JOE, sent=JOE), since=36),
    replace(of_user("--client-key over data", DATA, AS_JOE[1], said="or its key cannot be used"), since=36),
    of_user("--client-certificate with a token", TOKEN, *AS_JOE, sent=replace(ONE, certificate="joe")),
    of_user("--client-certificate over a plugin", EXEC, *AS_JOE, sent=JOE),
    of_user("--client-certificate with a provider", OIDC, *AS_JOE, sent=bearer(ID_TOKEN, certificate="joe")),
    of_user("--client-certificate without a key", TOKEN, AS_JOE[0], said="its client certificate lacks client-key"),
    of_user(
        "--client-certificate that is missing", {}, "--client-certificate=no", AS_JOE[1], said="/no cannot be read"
    ),
    Row(
        "--client-certificate is relative to here",
        {"a/config": kubeconfig(user={}), "c": "$JANE_CERT_PEM", "k": "$JANE_KEY_PEM"},
        ("--client-certificate=c", "--client-key=k"),
        kubeconfig="a/config",
        sent=JANE,
    ),
    Row(
        "--client-certificate makes up for a user that is gone",
        {"config": kubeconfig(context={"user": "x"})},
        AS_JOE,
        sent=JOE,
    ),
]

PLUGINS = [
    of_user("a plugin", EXEC, sent=bearer("of-plugin")),
    of_user(
        "a plugin of v1beta1 need not say whether it asks",
        {"exec": {"apiVersion": f"{V1}beta1", "command": "echo", "args": [PRINTED.replace("/v1", "/v1beta1")]}},
        sent=bearer("of-plugin"),
    ),
    with_exec("a plugin of v1 has to", UNKNOWN_MODE, interactiveMode=""),
    of_user(
        "so even when it is not run",
        {"exec": {k: v for k, v in PLUGIN.items() if k != "interactiveMode"}} | TOKEN,
        said=UNKNOWN_MODE,
    ),
    with_exec("a mode that is none", UNKNOWN_MODE, interactiveMode="Sometimes"),
    with_exec("a plugin that always prompts needs one", "standard input is not a terminal", interactiveMode="Always"),
    with_exec("a plugin without a command", "exec needs a command", command=""),
    with_exec("a plugin without a version", UNKNOWN_VERSION, apiVersion=""),
    with_exec("a plugin of v1alpha1", UNKNOWN_VERSION, apiVersion=f"{V1}alpha1"),
    of_user("a plugin that is nothing", {"exec": {}} | TOKEN, said="exec needs a command"),
    of_user("a plugin and a provider", EXEC | OIDC, said="exec and auth-provider are mutually exclusive"),
    of_user("a provider", OIDC, sent=bearer(ID_TOKEN)),
    of_user(
        "a provider that is gone", {"auth-provider": {"name": "gcp"}}, said='the auth-provider "gcp", which kubectl no'
    ),
    of_user(
        "a provider that is gone even with --token",
        {"auth-provider": {"name": "azure", "config": {}}},
        "--token=x",
        said='the auth-provider "azure", which kubectl no longer supports',
    ),
    of_user("a provider without a name", {"auth-provider": {}} | TOKEN, said="auth-provider"),
]

ALL = {
    "as": "joe",
    "as-uid": "7",
    "as-groups": ["b", "a", "b"],
    "as-user-extra": {"Acme.com/Project": ["blue", "red"], "scopes": ["view"]},
}
NO_USER = "a uid or groups to impersonate, but no user"
IMPERSONATION = [
    of_user("as", TOKEN | {"as": "joe"}, sent=acting(("user", "joe"))),
    of_user(
        "as, with everything",
        TOKEN | ALL,
        sent=acting(
            ("user", "joe"),
            ("uid", "7"),
            ("group", "b"),
            ("group", "a"),
            ("group", "b"),
            ("extra-acme.com%2fproject", "blue"),
            ("extra-acme.com%2fproject", "red"),
            ("extra-scopes", "view"),
        ),
    ),
    of_user(
        "as with a certificate",
        CERTIFICATE | {"as": "joe"},
        sent=replace(acting(("user", "joe")), authorization="", certificate="jane"),
    ),
    of_user(
        "an extra's key may hold anything",
        TOKEN | {"as": "joe", "as-user-extra": {"a!b~c'(d)é%": ["x"]}},
        sent=acting(("user", "joe"), ("extra-a!b~c'%28d%29%c3%a9%25", "x")),
    ),
    of_user(
        "an extra without values is none",
        TOKEN | {"as": "joe", "as-user-extra": {"a": []}},
        sent=acting(("user", "joe")),
    ),
    of_user("a name is sent as UTF-8", TOKEN | {"as": "joé"}, sent=acting(("user", "jo\u00c3\u00a9"))),
    of_user("a name loses its blanks", TOKEN | {"as": " joe "}, sent=acting(("user", "joe"))),
    of_user("a name with a newline", TOKEN | {"as": "jo\ne"}, said="contains characters not allowed in an HTTP header"),
    of_user("--as", TOKEN, "--as=joe", sent=acting(("user", "joe"))),
    of_user(
        "--as a ServiceAccount",
        TOKEN,
        "--as=system:serviceaccount:a:b",
        sent=acting(("user", "system:serviceaccount:a:b")),
    ),
    of_user(
        "--as over as, which keeps the rest",
        TOKEN | ALL | {"as": "jim", "as-user-extra": {"s": ["v"]}},
        "--as=joe",
        sent=acting(("user", "joe"), ("uid", "7"), ("group", "b"), ("group", "a"), ("group", "b"), ("extra-s", "v")),
    ),
    of_user("--as-group", TOKEN, "--as=joe", "--as-group=a", sent=acting(("user", "joe"), ("group", "a"))),
    of_user(
        "--as-group several times",
        TOKEN,
        "--as=joe",
        "--as-group=b",
        "--as-group",
        "a",
        sent=acting(("user", "joe"), ("group", "b"), ("group", "a")),
    ),
    of_user(
        "--as-group with a comma is one",
        TOKEN,
        "--as=joe",
        "--as-group=b,a",
        sent=acting(("user", "joe"), ("group", "b,a")),
    ),
    of_user(
        "--as-group over as-groups",
        TOKEN | {"as": "jim", "as-groups": ["b", "c"]},
        "--as-group=a",
        sent=acting(("user", "jim"), ("group", "a")),
    ),
    of_user(
        "--as-group that is empty is one",
        TOKEN | {"as": "jim", "as-groups": ["b", "c"]},
        "--as-group=",
        sent=acting(("user", "jim"), ("group", "")),
    ),
    of_user("--as-uid", TOKEN, "--as=joe", "--as-uid=7", sent=acting(("user", "joe"), ("uid", "7"))),
    of_user(
        "--as-uid over as-uid",
        TOKEN | {"as": "jim", "as-uid": "6"},
        "--as-uid=7",
        sent=acting(("user", "jim"), ("uid", "7")),
    ),
    of_user("groups without a user", TOKEN | {"as-groups": ["a"]}, said=NO_USER),
    of_user("a uid without a user", TOKEN | {"as-uid": "7"}, said=NO_USER),
    of_user("extras without a user", TOKEN | {"as-user-extra": {"a": ["b"]}}, said=NO_USER),
    of_user("--as-group without a user", TOKEN, "--as-group=a", said=NO_USER),
    of_user("--as-uid without a user", TOKEN, "--as-uid=7", said=NO_USER),
]


@pytest.mark.parametrize("row", [*TOKENS, *NAMES, *CERTIFICATES, *PLUGINS, *IMPERSONATION], ids=str)
def test_as_kubectl(row, cast, tmp_path):
    agree(row, cast, tmp_path)


@needs_kubectl
def test_flags_that_only_kubectl_accepts(cast, tmp_path):
    """Names and passwords on the command line are for clusters before 1.19; nothing is sent rather than nobody's."""
    row = of_user("flags", {}, "--username=jane", "--password=pw")
    lay_out(row, cast.values, tmp_path)
    assert run_kubectl(row, cast, tmp_path).sent == [BY_NAME]
    ours = run_ours(row, cast, tmp_path)
    assert (ours.code, ours.sent) == (2, [])


def test_an_encrypted_key_is_rejected_without_a_password_prompt(cast, tmp_path):
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(cast.values["JANE_KEY_PEM"].encode(), None)
    form = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    locked = key.private_bytes(serialization.Encoding.PEM, *form).decode()
    agree(
        of_user("locked", CERTIFICATE | {"client-key": "key"}, files={"key": locked}, said="cannot be used"),
        cast,
        tmp_path,
    )
