"""Remove secrets from text that is logged, shown or recorded. Pure: it imports no client.

In three ways, because each of them misses some:

- by value, if the caller has the secret that a server may repeat (:func:`without`);
- by form: JSON Web Tokens, whole or cut, bearer and basic credentials, PEM and its base64, logins in URLs, keys of
  Ceph, tokens with a well-known prefix, and long runs of letters and digits such as signatures;
- by name: what follows ``token``, ``userKey``, ``--password`` and the like in JSON, whole or cut, and in other text.

None of them finds a secret that has no known form, no known name, and that the caller does not have.

The text comes from a server and may be crafted to be slow. Every pattern here is linear: repetitions are possessive,
and what a match has consumed is either part of it or cannot begin another match (a lookbehind rejects the middle of a
run).
"""

from __future__ import annotations

import contextlib
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from kubectl_cbt.security.named_secrets import NO_SECRETS, mask_named
from kubectl_cbt.security.secret_names import MASKED, is_secret_name


def redact(text: str) -> str:
    """The text with everything masked that is a secret by form or by name."""
    return mask_named(_redact_forms(_redact_json(text)))


def redact_line(text: object) -> str:
    """As :func:`redact`, on one line."""
    # Lines are joined later: the end of a line is the end of a value.
    return " ".join(redact(str(text)).split())


def redact_for_publication(text: str) -> str:
    """As :func:`redact`, also without user names and the home directory: for a file that is shared."""
    # ServiceAccounts stay: a sidecar that lacks a permission reports the name of its own.
    text = _USER.sub(rf'\1"{MASKED}"', redact(text))
    home = _home()
    return text.replace(home, "~") if home else text


def redact_message(message: bytes) -> bytes:
    """A protobuf message with tokens replaced by asterisks of the same length, so that it still decodes.

    Messages of extents do not contain such bytes by chance; a service would have to put a token there.
    """
    if _JWT_BEGIN not in message:
        return message
    return _JWT_IN_BYTES.sub(lambda found: b"*" * len(found[0]) if found[1] else found[0], message)


def redact_header(name: str, value: str) -> str:
    """The value of an HTTP header as it may be shown: headers that are not well known may contain anything."""
    name = name.lower()
    if name in _CREDENTIAL_HEADERS:
        scheme, blank, _ = value.partition(" ")
        return f"{scheme} {MASKED}" if blank and scheme.lower() in _SCHEMES else MASKED
    shown = name in _SHOWN_HEADERS or name.startswith(_SHOWN_PREFIXES)
    return redact(value) if shown else MASKED


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, as they are and URL-encoded.

    Secrets shorter than six characters are skipped: they occur in any text, and masking them would reveal them.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            for form in {secret, quote(secret, safe="")}:
                text = text.replace(form, MASKED)
    return text


_SHORTEST = 6

# By form.

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)*+")  # {" in base64
_RUN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{20,}+(?:\.[A-Za-z0-9_-]{20,}+)*+")
_LONG = 80
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]++-----.*?(?:-----END [A-Z0-9 ]++-----|\Z)", re.DOTALL)
_PEM_AS_BASE64 = re.compile(r"LS0tLS1CRUdJTi(?:[A-Za-z0-9+/=_-]++|\\n|\r?\n)*+")  # "-----BEGIN"
_CREDENTIAL = re.compile(
    r"(authorization[\"'\\\s]{0,8}+[:=][\"'\\\s]{0,8}+)?+\b(bearer|basic|negotiate|token)(\s{1,8}+)([^\s\"',;\\]++)",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})++(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?+")
_USERINFO = re.compile(r"://(?:[^\s/?#\"'<>@\\]*+@)++")
_USER = re.compile(r'(\buser )"(?!system:serviceaccount:)[^"]*+(?:"|\Z)', re.IGNORECASE)
_LEAST_BEARER = 12
_CEPH = re.compile(r"(?<![A-Za-z0-9+/])AQ[A-D][A-Za-z0-9+/]{13,}+={0,2}+")  # 16 characters of a header
_PREFIXED = re.compile(
    r"(?:gh[oprsu]_|github_pat_"
    r"|gl(?:agent|cbt|dt|ffct|ft|imt|pat|ptt|rt|rtr|soat)-"
    r"|xox[a-z]-|xapp-(?=\d)|dckr_pat_|hv[bsr]\.|sha256~|k8s-aws-v1\.|ya29\.|AIza(?=[\w-]{20})|pypi-AgE"
    r"|npm_(?=[A-Za-z0-9]{30})|[rs]k_(?:live|test)_|(?<![A-Za-z0-9])sk-(?=[\w-]{20})|AGE-SECRET-KEY-1)[\w-]++(?:\.[\w-]++)*+"
)
_AWS_PAIR = re.compile(
    r"((?<![A-Za-z0-9])A(?:KI|SI)A[A-Z0-9]{16}[\s:,/|;\"'\\]{1,8}+)([A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])|[A-Za-z0-9+/]{1,40}+\Z)"
)

_JWT_BEGIN = b"eyJ"
_JWT_IN_BYTES = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}+(\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)*+)?+")


def _redact_forms(text: str) -> str:
    text = _USERINFO.sub(f"://{MASKED}@", text)
    text = _CREDENTIAL.sub(_masked_credential, text)
    text = _PEM.sub(MASKED, text)
    text = _PEM_AS_BASE64.sub(MASKED, text)
    text = _JWT.sub(MASKED, text)
    text = _PREFIXED.sub(MASKED, text)
    text = _CEPH.sub(MASKED, text)
    text = _AWS_PAIR.sub(rf"\1{MASKED}", text)
    return _RUN.sub(_masked_run, text)


def _masked_credential(found: re.Match[str]) -> str:
    header, scheme, blank, value = found.groups("")
    if not header:
        # Without the name of the header it may be a sentence: "invalid bearer authentication", "basic auth is off".
        kind = scheme.lower()
        is_bearer = kind == "bearer" and len(value) >= _LEAST_BEARER and any(map(str.isdigit, value))
        if not is_bearer and not (kind == "basic" and _is_basic(value)):
            return found[0]
    return f"{header}{scheme}{blank}{MASKED}"


def _is_basic(value: str) -> bool:
    """Whether it is base64 of a name and a colon; the rest may be cut, or punctuation."""
    found = _BASE64.match(value)
    return found is not None and b":" in b64decode(found[0])


def _masked_run(found: re.Match[str]) -> str:
    """Three long parts are a token; a long part of mixed letters and digits is a signature.

    Mixed: an id of hexadecimal digits may be as long, and a bug report needs it.
    """
    parts = found[0].split(".")
    if len(parts) >= 3:
        return MASKED
    return ".".join(MASKED if len(part) >= _LONG and _is_mixed(part) else part for part in parts)


def _is_mixed(part: str) -> bool:
    return part != part.lower() and part != part.upper() and any(map(str.isdigit, part))


# By name.

_STRING = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_JSON_NAME = re.compile(rf"({_STRING})(\s*+:\s*+)?+", re.DOTALL)
_JSON_STRING = re.compile(_STRING, re.DOTALL)
_JSON_SCALAR = re.compile(r"[^\s,\[\]{}\"]*+")
_JSON_BRACKET = re.compile(rf"([\[{{])|[\]}}]|{_STRING}", re.DOTALL)
_SECRET_KIND = re.compile(r'"kind"\s*+:\s*+"Secret(?:List)?+"')
_LONGEST_NAME = 64


def _redact_json(text: str) -> str:
    """Mask values of JSON, of any type, by the names of their fields; the text may be cut."""
    if '"' not in text:
        return text
    of_secret = _SECRET_KIND.search(text) is not None
    parts: list[str] = []
    done = position = 0
    while found := _JSON_NAME.search(text, position):
        position = found.end()
        if found[2] is None or not _is_secret_field(found[1], of_secret=of_secret):
            continue
        end = _end_of_value(text, position)
        if text[position:end].strip('"') not in NO_SECRETS:
            parts += text[done:position], f'"{MASKED}"'
            done = end
        position = end
    return "".join((*parts, text[done:])) if parts else text


def _is_secret_field(quoted: str, *, of_secret: bool) -> bool:
    name = quoted.strip('"')
    if "\\" in quoted and len(quoted) <= 6 * _LONGEST_NAME:
        with contextlib.suppress(ValueError):
            name = json.loads(quoted)
    return is_secret_name(name) or (of_secret and name in ("data", "stringData"))


def _end_of_value(text: str, position: int) -> int:
    """The end of the JSON value at a position; the end of the text for one that is cut."""
    first = text[position : position + 1]
    if first == '"':
        found = _JSON_STRING.match(text, position)
        return found.end() if found else len(text)
    if first not in ("{", "["):
        found = _JSON_SCALAR.match(text, position)
        return found.end() if found else position
    depth = 0
    for bracket in _JSON_BRACKET.finditer(text, position):
        if bracket[1]:
            depth += 1
        elif not bracket[0].startswith('"'):
            depth -= 1
            if depth == 0:
                return bracket.end()
    return len(text)


# Headers.

_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization")
_SCHEMES = ("bearer", "basic", "negotiate", "digest")
_SHOWN_HEADERS = frozenset(
    (
        *("accept", "accept-encoding", "accept-language", "accept-ranges", "age", "allow", "audit-id", "cache-control"),
        *("connection", "content-encoding", "content-language", "content-length", "content-range", "content-type"),
        *("date", "etag", "expires", "host", "impersonate-group", "impersonate-uid", "impersonate-user", "keep-alive"),
        *("last-modified", "link", "location", "pragma", "retry-after", "server", "strict-transport-security", "te"),
        *("traceparent", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning"),
        *("www-authenticate", "x-content-type-options", "x-frame-options", "x-request-id", "x-trace-id"),
    )
)
_SHOWN_PREFIXES = ("x-kubernetes-pf-", "impersonate-extra-")


def _home() -> str:
    try:
        home = str(Path.home())
    except RuntimeError:
        return ""
    return home if len(home) > 1 else ""  # in a container it may be /
