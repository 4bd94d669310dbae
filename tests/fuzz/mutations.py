"""How to spoil documents and bytes. All of it is drawn from one ``random.Random``, so that a seed is a case."""

import base64
import copy
import json
from random import Random
from typing import Any


class Raw(str):
    """JSON text that Python's writer would not write."""

    __slots__ = ()


def jwt(claims: str) -> str:
    """A token with these claims, whatever they are."""
    return f"h.{base64.urlsafe_b64encode(claims.encode('utf-8', 'surrogatepass')).decode().rstrip('=')}.s"


DEEP = 3000
NUMBERS: list[Any] = [
    *(0, 1, -1, 2, 7, 4096, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30),
    *(-(2**31) - 1, -(2**63), -(2**63) - 1, 1.5, -0.0, 1e308, 1763903600000000000, 253402300800 * 10**9),
    *map(Raw, ("1e400", "-1e400", "1e999999", "NaN", "Infinity", "9" * 5000, "1E+2", "-0")),
]
TEXTS: list[Any] = [
    *("", " ", ".", "..", "/", "a/b", "a b", "null", "true", "é" * 100, "x" * 64, "x" * 5000),
    *("\0", "\x1b[31m", "\u202e", "٣", "a\nb", "%zz", "annotations", "__class__"),
    *("a..b:1", f"{'x' * 64}:1", "[::1", "[::1]:1", "[x]:1", ":1", "a:", "a:0", "a:99999", f"a:{'9' * 5000}"),
    *("metadata.driver:6443", "metadata:6443", "10.1.2.3:6443", "localhost:1"),
    *("https://[::1", "http://a..b", "ftp://x", "//"),
    *("1e400", "1e999999", "-1Gi", "9" * 5000, "5000Gi", "0", "1.5", "Gi", "16Mi", "8Ei", "1e-999", "٣Gi"),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"),
    *("2024-01-01t00:00:00z", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z", "0000-00-00T00:00:00Z"),
    *("1-01-01T00:00:00Z", "delta", "allocated", "OK", "ERROR", "BOOKMARK", "DELETED", "UNKNOWN"),
    *("UNRECOGNIZED_99999999999", "v1beta1", "ApiError", "MalformedObject", "Interrupted", "CbtError"),
    *("kubectl-cbt/v1", "kubectl-cbt/v2", "LS0tLS1CRUdJTg==", "===="),
    *map(jwt, ("{}", "[]", '{"exp":"5"}', '{"exp":NaN}', '{"exp":1e400}', '{"aud":5,"exp":5}')),
    *map(jwt, ("[" * DEEP, '"\ud800"')),
    *map(Raw, ('"\\ud800"', '"\\udfff x"')),
]
NESTS: list[Any] = [
    *([], {}, [None], [[]], {"a": None}, {"": ""}, [1, "a"], {"metadata": None}, [{}] * 50),
    *map(Raw, ("[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[" * DEEP)),
]


_RAW = [value for value in (*NUMBERS, *TEXTS, *NESTS) if isinstance(value, Raw)]
"""What a parser may stumble over before anybody reads it."""

_READ = frozenset(
    {
        *("metadata", "name", "namespace", "creationTimestamp", "resourceVersion", "spec", "source", "driver", "items"),
        *("persistentVolumeClaimName", "volumeHandle", "volumeSnapshotClassName", "address", "audience", "caCert"),
        *("status", "boundVolumeSnapshotContentName", "snapshotHandle", "readyToUse", "restoreSize", "creationTime"),
        *("error", "message", "reason", "code", "type", "object", "versions", "version", "ports", "port", "clusterIPs"),
        *("token", "userInfo", "username", "allowed", "parameters", "annotations", "gitVersion", "expirationTimestamp"),
        *("query", "snapshot", "base", "kind", "startingOffset", "maxResults", "microseconds", "details", "subject"),
        *("asking", "retries", "probe", "maxResultsIsOurs", "handle", "content", "restoreSizeBytes", "extents"),
        *("volumeCapacityBytes", "blockMetadataType", "byteOffset", "sizeBytes", "id_token", "refresh_token"),
        *("server", "user", "cluster", "context", "contexts", "clusters", "users", "exec", "config", "id-token"),
    }
)


def odd_value(random: Random) -> Any:
    """Anything."""
    kind = random.randrange(12)
    if kind < 1:
        return random.choice([None, True, False])
    if kind > 9:
        return random.choice(_RAW)
    return copy.copy(random.choice(NUMBERS if kind < 4 else TEXTS if kind < 8 else NESTS))


def spoiled(document: Any, random: Random, *, most: int = 3) -> Any:
    """A copy with a few values changed, removed, duplicated or moved."""
    document = copy.deepcopy(document)
    for _ in range(random.randint(1, most)):
        places = list(_places(document))
        if not places or random.random() < 0.01:
            return odd_value(random)
        if random.random() < 0.7:
            # Most of an object is never read (managedFields, labels).
            places = [place for place in places if place[1] in _READ] or places
        _spoil(*random.choice(places), places, random)
    return document


def _spoil(holder: Any, key: Any, places: list[Any], random: Random) -> None:
    what = random.randrange(8)
    if what < 4:
        holder[key] = odd_value(random)
    elif what == 4:
        del holder[key]
    elif what == 5 and isinstance(holder, list):
        holder.insert(random.randint(0, len(holder)), copy.deepcopy(holder[key]))
    elif what == 6:
        other, place = random.choice(places)
        if place in other if isinstance(other, dict) else place < len(other):
            holder[key] = copy.deepcopy(other[place])
    elif isinstance(holder, dict):
        holder[random.choice(["x", "", key.upper(), f"{key} "])] = holder.pop(key)
    else:
        holder[key] = [holder[key]]


def _places(document: Any) -> Any:
    """Yield the position of each value: its container and its key."""
    pending = [document]
    while pending:
        holder = pending.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            pending.append(holder[key])


def as_json(document: Any) -> bytes:
    """The document with its raw parts as they are."""
    raw: list[str] = []

    def marked(value: Any) -> Any:
        if isinstance(value, Raw):
            raw.append(str(value))
            return f"@raw{len(raw) - 1}@"
        if isinstance(value, dict):
            return {key: marked(inner) for key, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    text = json.dumps(marked(document))
    for number, part in enumerate(raw):
        text = text.replace(f'"@raw{number}@"', part)
    return text.encode()


def damaged(data: bytes, random: Random, *, most: int = 4) -> bytes:
    """The same with a few bytes changed, lost, inserted or repeated."""
    out = bytearray(data)
    for _ in range(random.randint(1, most)):
        at = random.randint(0, len(out))
        what = random.randrange(6)
        if what == 0:
            out[at : at + 1] = bytes([random.randrange(256)])
        elif what == 1:
            out[at : at + 1] = bytes([(out[at] if at < len(out) else 0) ^ 1 << random.randrange(8)])
        elif what == 2:
            del out[at : at + random.choice([1, 2, 8, 64])]
        elif what == 3:
            out[at:at] = random.randbytes(random.choice([1, 2, 8, 64]))
        elif what == 4:
            out[at:at] = out[at : at + random.choice([1, 8, 64, 512])]
        else:
            del out[at:]
    return bytes(out)
