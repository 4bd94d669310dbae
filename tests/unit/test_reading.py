"""Fields of objects that no API server should send: each is read, or is a problem that names it, and nothing hangs."""

import json
import math
from datetime import UTC, datetime

import pytest

from kubectl_cbt.cluster.resources import SnapshotMetadataService, VolumeSnapshot, VolumeSnapshotContent
from kubectl_cbt.errors import MalformedObject
from kubectl_cbt.kube.api_errors import parsed
from kubectl_cbt.kube.object_reader import ObjectReader, items_of
from kubectl_cbt.security.jwt import read_claims
from kubectl_cbt.units import utc_date, utc_time, utc_words

ODD = [None, True, False, 0, 1, -1, 2**63, 2**64, 10**30, 1.5, 1e308, "", "x", "9" * 5000, [], {}, [None], {"a": None}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10Gi", 10 * 2**30),
        ("0", 0),
        ("1.5", 2),
        ("500m", 1),
        ("1e3", 1000),
        (".5Ki", 512),
        ("7Ei", 7 * 2**60),
        ("8Ei", None),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("1e400", None),
        ("1e999999", None),
        ("1e-999", 1),
        ("-1Gi", None),
        ("Gi", None),
        ("1 Gi", None),
        ("9" * 5000, None),
        ("９", None),
        (16777216, 16777216),
        (0.5, 1),
        (2**63, None),
        (-1, None),
        (math.inf, None),
        (math.nan, None),
        (True, None),
        ([], None),
    ],
)
def test_a_quantity_of_bytes(text, found):
    reader = ObjectReader({"status": {"restoreSize": text}})
    assert reader.quantity_bytes("status", "restoreSize") == found
    assert bool(reader.problem) == (found is None)


def test_a_number_beyond_a_double_is_one_odd_field():
    body = b'{"a": [1e400, -1e999, %s, 5, 2.5]}' % (b"9" * 5000)
    assert parsed(body)["a"][:2] == [math.inf, -math.inf]
    assert parsed(body)["a"][2] > 2**63
    assert parsed(body)["a"][3:] == [5, 2.5]


@pytest.mark.parametrize("rest", [b"NaN", b"Infinity", rb'"\ud800"', b"[" * 100_000, b"1.", b'"x'])
def test_beside_one_other_faults_are_rejected_as_ever(rest):
    with pytest.raises(ValueError):  # noqa: PT011  # the words are those of two parsers
        parsed(b'{"a": 1e400, "b": %s}' % rest)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-23T11:00:00Z", "2026-11-23T11:00:00Z"),
        ("2026-11-23t11:00:00z", "2026-11-23T11:00:00Z"),
        ("2026-11-23T11:00:00.123456789+02:00", "2026-11-23T09:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-11-23T11:00:00", None),
        ("2026-11-23", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-12-31T23:59:60Z", None),
        ("soon", None),
        (1763903600, None),
        (["2026-11-23T11:00:00Z"], None),
    ],
)
def test_a_time(text, written):
    reader = ObjectReader({"created": text})
    time = reader.time("created")
    assert (utc_time(time) if time else None) == written
    assert bool(reader.problem) == (written is None)


@pytest.mark.parametrize(
    ("number", "year"),
    [
        (1763903600000000000, 2025),
        (0, None),
        (-62135596800 * 10**9, 1),
        (253402300799 * 10**9, 9999),
    ],
)
def test_nanoseconds(number, year):
    reader = ObjectReader({"created": number})
    time = reader.nanoseconds("created")
    assert (time.year if time else None) == year
    assert not reader.problem


@pytest.mark.parametrize(
    "number", [True, False, 1.7e18, "1763903600000000000", 10**30, -(10**30), 253402300800 * 10**9]
)
def test_nanoseconds_that_are_none(number):
    reader = ObjectReader({"created": number})
    assert reader.nanoseconds("created") is None
    assert reader.problem.startswith("created is ")


def test_the_year_one_is_written_so_that_it_can_be_read():
    time = datetime(1, 1, 1, tzinfo=UTC)
    assert (utc_time(time), utc_words(time), utc_date(time)) == (
        "0001-01-01T00:00:00Z",
        "0001-01-01 00:00:00Z",
        "0001-01-01",
    )


@pytest.mark.parametrize("view", [VolumeSnapshot, VolumeSnapshotContent, SnapshotMetadataService])
@pytest.mark.parametrize("field", ["", "metadata", "spec", "status"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: json.dumps(value)[:20])
def test_no_view_raises(view, field, value):
    item = {"metadata": {"name": "n"}, "spec": {"driver": "d"}, "status": {}}
    found = view.of(item | {field: value} if field else value)
    wrong = not isinstance(value, dict) and not (value is None and field in ("status", "spec"))
    if field in ("metadata", "") or (wrong and not (field == "status" and view is SnapshotMetadataService)):
        assert found.problem or (field == "spec" and value is None)
        with pytest.raises(MalformedObject) as caught:
            found.readable()
        assert found.problem in caught.value.message


def test_a_problem_names_object_and_field():
    snapshot = VolumeSnapshot.of({"metadata": {"namespace": "shop", "name": "a"}, "status": {"restoreSize": -5}})
    with pytest.raises(MalformedObject) as caught:
        snapshot.readable()
    assert caught.value.message == (
        'volumesnapshots.snapshot.storage.k8s.io "shop/a": status.restoreSize is -5, not the size of a volume'
    )


def test_a_size_of_zero_is_unknown():
    assert VolumeSnapshot.of({"metadata": {"name": "a"}, "status": {"restoreSize": "0"}}).restore_size_bytes is None


@pytest.mark.parametrize("listing", [{"items": {}}, {"items": "a"}, {"items": 1}])
def test_a_value_that_is_not_a_list_is_rejected(listing):
    with pytest.raises(MalformedObject, match="the list: items is "):
        items_of(listing, "the list")


def test_no_items_are_none():
    assert items_of({"items": None}, "the list") == items_of({}, "the list") == []


def _token(claims: str) -> str:
    import base64

    return f"h.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.s"


@pytest.mark.parametrize(
    "token",
    [
        *("", "a", "a.b", "a.b.c.d", "..", "a.!!!.c", "a.é.c", "h.AAAAA.s"),
        *map(_token, ("", "null", "[]", "5", '"x"', '{"exp":"5"}', '{"exp":true}', '{"exp":NaN}', '{"exp":1e400}')),
        *map(_token, ('{"exp":[]}', '{"aud":5}', '{"aud":[5]}', '{"sub":5}', '{"sub":"\\ud800"}', "[" * 100_000)),
    ],
    ids=lambda token: token[:40],
)
def test_a_token_that_is_none_is_a_value_error(token):
    with pytest.raises(ValueError):  # noqa: PT011  # nothing of a token may stand in its words
        read_claims(token)


def test_claims_that_are_missing_are_empty():
    claims = read_claims(_token("{}"))
    assert (claims.subject, claims.audiences, claims.expires) == ("", (), 0.0)
    assert read_claims(_token('{"aud":"a","exp":1.5e9}')).audiences == ("a",)
