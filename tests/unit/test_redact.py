"""Secrets are masked, whole or cut; other text is unchanged; redaction is fast for any text."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_cbt.security.redact import MASKED, redact, redact_for_publication, redact_header, redact_message, without

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMifQ.c2lnbmF0dXJlc2lnbmF0dXJl"
OPAQUE = "se-cret-0pague"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nQk1FRExJTkU\n-----END RSA PRIVATE KEY-----\n"
BASIC = base64.b64encode(b"jane:hunter2").decode()


def shows_none(text: str) -> bool:
    parts = (*(JWT.split(".")), OPAQUE, "MIIEpAIB", "QUVB", BASIC, "hunter2")
    return not [part for part in parts if part in text]


NAMES = ["token", "Token", "ACCESS_TOKEN", "id_token", "refreshToken", "password", "clientSecret", "client-key-data"]
VALUES = [f'"{OPAQUE}"', "{}", '["{}"]', '{{"a": [1, "{}"]}}', '"a \\" {}"']


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [value.format(OPAQUE) for value in VALUES])
@pytest.mark.parametrize("blank", ["", " ", "\n  "])
def test_a_field_of_a_telling_name_is_masked_whatever_its_value_and_wherever_it_is_cut(name, value, blank):
    text = f'{{"kind":{blank}"TokenRequest","status":{blank}{{"{name}":{blank}{value},"z":{blank}"shown"}}}}'
    for end in range(len(text) + 1):
        found = redact(text[:end])
        assert OPAQUE[:4] not in found
        assert '"TokenRequest"'[: max(end - 9 - len(blank), 0)] in found
    assert found.endswith(f'"z":{blank}"shown"}}}}')
    assert f'"{MASKED}"' in found


@pytest.mark.parametrize("value", ["123456", "1.5e3", "-7"])
def test_a_number_may_be_a_secret(value):
    assert json.loads(redact(f'{{"password": {value}}}')) == {"password": MASKED}


@pytest.mark.parametrize(
    "document",
    [
        {"token": None, "tokens": 1, "automountServiceAccountToken": True, "password": ""},
        {"spec": {"audiences": ["a"], "expirationSeconds": 600}, "message": 'snapshot "a" is not ready: see \\ "b"'},
        {"a": "12:30:45", "url": "https://example.org:6443/api", "path": "/a/b", "continue": "n"},
    ],
)
def test_text_without_a_secret_is_unchanged(document):
    text = json.dumps(document)
    assert redact(text) == text


def test_a_name_may_be_written_with_escapes():
    assert OPAQUE not in redact(f'{{"to\\u006ben": "{OPAQUE}"}}')


def test_json_in_a_string_of_json_is_seen_through():
    inner = json.dumps({"token": OPAQUE, "z": "shown"})
    for text in (json.dumps({"message": inner}), json.dumps({"a": json.dumps({"message": inner})})):
        found = redact(text)
        assert OPAQUE not in found
        assert "shown" in found


def test_json_whose_beginning_is_missing_is_seen_through():
    assert OPAQUE not in redact(f'near "oops: {{"token":"{OPAQUE}"}}')
    assert OPAQUE not in redact(f'oken","token": "{OPAQUE}"')


def test_the_data_of_a_secret_object_is_masked():
    text = json.dumps({"kind": "Secret", "data": {"a": OPAQUE}, "stringData": {"b": OPAQUE}, "type": "Opaque"})
    assert json.loads(redact(text)) == {"kind": "Secret", "data": MASKED, "stringData": MASKED, "type": "Opaque"}
    assert redact('{"kind": "ConfigMap", "data": {"a": "b"}}') == '{"kind": "ConfigMap", "data": {"a": "b"}}'


NAMED = [
    *("--token {}", "--token={}", "--password {}", "--password  {}", "-password {}", "--pass {}", "--user-key {}"),
    *("--client-secret {}", "--token \\\n  {}", "- --token\n- {}", "kubectl get pod --token {} -n a", "\u2014token {}"),
    *('{{"args": "a\\n--token {}"}}', '{{"args": "--token \\\\\\n {}"}}', '{{"args": "a:\\n  - --token\\n  - {}\\n"}}'),
    *("curl -u user:{}", "curl -su user:{} x", "curl -uuser:{}", "curl --user user:{}", "curl --user=user:{}"),
    *("curl --proxy-user DOMAIN\\user:{}", "curl -U user:{}"),
    *("userKey={}", "adminKey={}", "userKey: {}", "admin_key: {}", "ENCRYPTION_KEY={}", "aws-secret-access-key: {}"),
    *("apiKey: {}", "X-Api-Key: {}", "rootKey={}", "SMB_PASS={}", "sshPwd={}", "encryptionPassphrase: {}"),
    *("password2={}", "authToken := {}", "password => {}", "<password>{}</password>", "secrets[userKey] = {}"),
    *(
        "userKey: |\n  {}\nuserID: a",
        "userKey: >-\n  a\n\n  {}\n",
        "- name: DB_PASSWORD\n  value: {}",
        "[Name:TOKEN,Value:{}]",
    ),
    *("https://a.example/b?sig={}", "https://a.example/b?se=1&sig={}&sp=r", "https://a.example/b?X-Amz-Signature={}"),
    *("https://a.example/b?a=1\\u0026sig={}\\u0026b=1", "https://a.example/b?X-Goog-Signature={}", "?Signature={}"),
    *("u=https%3A%2F%2Fa.example%3Fsig%3D{}", "Credential=AKIAIOSFODNN7EXAMPLE/a, Signature={}"),
    *("Authorization: Custom {}", "Cookie: a=b; c={}", 'Authorization: Digest username="jane", response="{}"'),
]
"""Text before and after the value of a telling flag, name or login."""

QUOTED = [
    *(
        '--password "{}"',
        "--password '{}'",
        '--password="{}"',
        "--password='{}'",
        "--password $'{}'",
        "curl -u 'user:{}'",
    ),
    *(
        '["--token", "{}"]',
        "['--token', '{}']",
        '{{"a": "[\\"--token\\", \\"{}\\"]"}}',
        '{{"a": "--token \\"{}\\" b"}}',
    ),
    *('{{"name": "userKey", "value": "{}"}}', '{{"a": "{{\\"name\\":\\"TOKEN\\",\\"value\\":\\"{}\\"}}"}}'),
    *('["curl", "-u", "user:{}"]', 'curl -u "user:{}"', '"userKey": "{}"', "adminKey: '{}'", 'userKey = "{}"'),
    *('{{"userKey":"{}"}}', '{{"secretAccessKey": "{}"}}', '{{"X-Amz-Signature": "{}"}}', "secrets['userKey'] = '{}'"),
]

SIGNS = "QXZ379"
"""Characters that are in none of these texts; only parts of secrets that contain two of them are compared."""


def shown_parts(secret: str, text: str) -> list[str]:
    """The parts of a secret that a text contains."""
    parts = (secret[at : at + 3] for at in range(len(secret) - 2))
    return [part for part in parts if sum(map(SIGNS.__contains__, part)) >= 2 and part in text]


@pytest.mark.parametrize("form", [*NAMED, *QUOTED])
@pytest.mark.parametrize("secret", ["QXZQXZQXZQ", "37QX/Z-ZQ_+X7="])
def test_the_value_of_a_telling_flag_or_name_is_masked_wherever_it_is_cut(form, secret):
    text = form.format(secret)
    for end in range(text.index(secret), len(text) + 1):
        for before in ("error: ", "a\n"):
            found = redact(before + text[:end])
            assert shown_parts(secret, found) == []
            assert found.startswith(before)
    message = json.dumps({"message": text})
    for end in range(len(message) + 1):
        assert shown_parts(secret, redact(message[:end])) == []


def secrets_of(more: str) -> st.SearchStrategy[str]:
    """Values of at least six characters that begin with a letter or a digit."""
    first = st.text(SIGNS, min_size=2, max_size=2)
    return st.builds(str.__add__, first, st.text(SIGNS + more, min_size=4, max_size=30))


@settings(max_examples=120, derandomize=True)
@given(st.sampled_from(NAMED), secrets_of("!#%*+/:=?@^_~-."), st.data())
def test_no_bare_secret_survives(form, secret, data):
    text = form.format(secret)
    assert shown_parts(secret, redact(text)) == []
    assert shown_parts(secret, redact(text[: data.draw(st.integers(0, len(text)))])) == []


@settings(max_examples=120, derandomize=True)
@given(
    st.sampled_from([*(form for form in NAMED if form.startswith("--")), *QUOTED]), secrets_of("!#%*+/=?@^~-.,;&)}]")
)
def test_no_secret_survives_in_quotes_or_as_an_argument(form, secret):
    assert shown_parts(secret, redact(form.format(secret))) == []


@settings(max_examples=80, derandomize=True)
@given(st.sampled_from([form for form in QUOTED if "\\" not in form]), secrets_of("  ,;:=&(){}[]<>"))
def test_no_secret_with_blanks_survives_in_quotes(form, secret):
    assert shown_parts(secret, redact(form.format(secret))) == []


PREFIXES = [
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxa-", "xoxp-", "dckr_pat_", "hvs."),
    *("sha256~", "k8s-aws-v1.", "ya29."),
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_token_with_a_known_prefix_is_masked_wherever_it_is_cut(prefix):
    token = f"{prefix}QX3ZQXX97ZZ_QX-3ZQ97XZQXZ3"
    for text in (f"login with {token} failed", f"({token})", f"a\\n{token}", json.dumps({"a": f"x {token}"})):
        for end in range(len(text) + 1):
            assert shown_parts(token, redact(text[:end])) == []


def test_a_secret_that_follows_an_access_key_id_is_masked_and_the_id_stays():
    key, secret = "AKIAIOSFODNN7EXAMPLE", "QXalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    for between in (" ", ":", "\n", '", "', ", "):
        for end in range(len(secret) + 1):
            assert redact(f"{key}{between}{secret[:end]}") == f"{key}{between}{MASKED * (end > 0)}"
        assert redact(f"{key}{between}{secret} x") == f"{key}{between}{MASKED} x"
    assert redact(f"{key} may not do this") == f"{key} may not do this"


def test_a_key_of_ceph_is_masked_anywhere():
    for seed in range(20):
        key = base64.b64encode(
            b"\x01\x00" + bytes((seed + 97 * at) % 256 for at in range(8)) + b"\x10\x00" + KEY[:16].encode()
        )
        text = f"login of client.csi with {key.decode()} failed"
        begin = text.index("AQ")
        for end in range(begin + 20, len(text) + 1):
            assert text[begin + 16 : begin + 20] not in redact(text[:end])


@pytest.mark.parametrize("value", [f'"{OPAQUE}"', f'["{OPAQUE}"]'])
@pytest.mark.parametrize("name", ["userKey", "adminKey", "apiKey", "encryption_key", "secretAccessKey", "db-pass"])
def test_a_key_in_json_is_masked_wherever_it_is_cut(name, value):
    text = f'{{"a": {{"{name}": {value}}}}}'
    for end in range(len(text) + 1):
        assert OPAQUE[:4] not in redact(text[:end])


def test_what_follows_a_value_stays():
    assert redact("kubectl --token QX37 -n shop get pod") == f"kubectl --token {MASKED} -n shop get pod"
    assert redact("get --password 'a b' -o json") == f"get --password '{MASKED}' -o json"
    assert redact("curl -u jane:QX37 https://a") == f"curl -u jane:{MASKED} https://a"
    assert redact("https://a/b?sig=QX37&sp=r") == f"https://a/b?sig={MASKED}&sp=r"
    assert redact("a=b,token=QX37,c=d; password=ZQ97; e") == f"a=b,token={MASKED},c=d; password={MASKED}; e"
    assert redact("userKey: |\n  QX37\n  ZQ\n\nuserID: admin") == f"userKey: {MASKED}\n\nuserID: admin"
    assert redact("- name: a\n  value: b-1") == "- name: a\n  value: b-1"
    assert redact("userKey: QX37\nuserID: admin") == f"userKey: {MASKED}\nuserID: admin"


FORMS = [
    JWT,
    JWT.rpartition(".")[0],
    JWT.split(".")[1],
    f"Authorization: Bearer {OPAQUE}",
    f"'authorization': 'Bearer {OPAQUE}'",
    f"bearer {OPAQUE}",
    f"Basic {BASIC}",
    f"Authorization: Basic {BASIC}",
    f"Proxy-Authorization: Negotiate {OPAQUE}",
    KEY,
    KEY[:60],
    json.dumps(KEY),
    base64.b64encode(KEY.encode()).decode(),
    f"https://jane:{OPAQUE}@example.org/path",
    f"https://jane:p@{OPAQUE}@example.org/path",
    f"socks5://{OPAQUE}@example.org",
    f"password={OPAQUE}",
    f"password: {OPAQUE}",
    f"token='{OPAQUE}'",
    f"grant_type=x&refresh_token={OPAQUE}&a=b",
    f'client_secret = "{OPAQUE}"',
]


@pytest.mark.parametrize("form", FORMS)
def test_text_that_looks_like_a_secret_is_masked(form):
    for text in (form, f"before {form} after", f"({form})", json.dumps({"message": f"before {form}"})):
        found = redact(text)
        assert MASKED in found, found
        assert shows_none(found), found
    assert redact(f"before {form}").startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "invalid token: expired.",
        "getting credentials: exec: executable aws not found",
        "basic authentication is off, and basic access is denied",
        "invalid bearer token",
        'secrets "x" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "a"',
        "token-file /home/jane/token: no such file",
        "https://example.org/a@b and user@example.org",
        "pvc-ac2c6c0e-5d5c-4a4f-8bd2-8bd6f8ae4d1c",
        "invalid token: not valid yet",
        "give --token or --token-file, and --token, --password",
        "flag needs an argument: --token",
        "use --token with -n shop",
        "--token --namespace shop -v 8",
        "secretName: csi-secret-1, publicKey: ssh-rsa-1, keyID: k-1, sortKey: a-1, topologyKey: kubernetes.io/host",
        "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&secretName=a&AccessKeyId=ASIAIOSFODNN7EXAMPLE",
        "client-key: /home/jane/client.key: no such file",
        "key: a-1, partition-key=b-1, cacheKey=c-1, monkey=d-1, by-pass=1, OLDPWD=/a PWD=/b",
        "bad signature: sha1, digitalSignature: x-1",
        "docker run -u 1000:1000 a, kubectl --user arn:aws:eks:eu-1:1:cluster/a --as system:serviceaccount:a:b",
        "sort -u a; error: -u user: not found",
        "task-aaaaaaaaaaaaaaaaaaaaaaaa glance-api-1 sk-learn",
    ],
)
def test_a_sentence_stays(text):
    assert redact(text) == text


def test_names_of_users_are_for_logs_and_not_for_publication():
    text = 'User "jane" and user "system:serviceaccount:a:b'
    assert redact(text) == text
    assert redact_for_publication(text) == f'User "{MASKED}" and user "system:serviceaccount:a:b'
    assert redact_for_publication('user "ja') == f'user "{MASKED}"'


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {OPAQUE}", f"Bearer {MASKED}"),
        ("authorization", f"{OPAQUE} x", MASKED),
        ("PROXY-Authorization", f"Basic {BASIC}", f"Basic {MASKED}"),
        ("Cookie", OPAQUE, MASKED),
        ("Set-Cookie", f"a={OPAQUE}", MASKED),
        ("X-Auth-Token", OPAQUE, MASKED),
        ("X-Api-Key", OPAQUE, MASKED),
        ("X-Invented-By-A-Server", OPAQUE, MASKED),
        ("Location", f"https://a:{OPAQUE}@example.org/", f"https://{MASKED}@example.org/"),
        ("Content-Type", "application/json", "application/json"),
        ("Audit-Id", "7", "7"),
        ("X-Kubernetes-Pf-Flowschema-Uid", "7", "7"),
        ("Impersonate-Extra-scopes", "view", "view"),
        ("Warning", f"299 - token {JWT} is old", f"299 - token {MASKED} is old"),
    ],
)
def test_a_header_is_shown_if_it_is_known_to_contain_no_secret(name, value, shown):
    assert redact_header(name, value) == shown


def test_a_secret_that_is_known_is_found_verbatim():
    secret = "no form/at all"
    assert without(f"a {secret} b no%20form%2Fat%20all", [secret, ""]) == f"a {MASKED} b {MASKED}"
    assert without("on and on", ["on"]) == "on and on"


def test_a_message_keeps_its_length():
    for before in (b"\x7a", b"A"):
        found = redact_message(before + JWT.encode() + b"\x00")
        assert found == before + b"*" * len(JWT) + b"\x00"
    for plain in (b"eyJust some bytes", b"eyJabcdefghijkl and no dot", b"eyJabcdefghijkl.short"):
        assert redact_message(plain) == plain
