"""What a recording redacts, and what it keeps."""

import pytest
from recordings_made import JWT, encoded

from kubectl_cbt.security.redact import MASKED, redact_for_publication, redact_message


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        f"unauthenticated user: {JWT}",
        f"Authorization: Bearer {JWT[:30]}",
        JWT.rpartition(".")[0],
        JWT.split(".")[1],
        "authorization: bearer abc",
        'header "Bearer 0123456789abcdef"',
        "S" + "aB3" * 60,
        f"-----BEGIN CERTIFICATE-----\n{'A' * 64}\n{'B' * 64}\n-----END CERTIFICATE-----",
        f"-----BEGIN PRIVATE KEY-----\n{'A' * 64}",
        'User "jane@example.com" cannot create serviceaccounts/token',
    ],
)
def test_text_that_looks_like_a_secret_is_masked(text):
    found = redact_for_publication(f"before {text} behind")
    assert found.startswith("before ")
    assert MASKED in found
    for part in (*JWT.split("."), "abcdef", "jane", "A" * 64, "aB3aB3", " abc "):
        assert part not in found


@pytest.mark.parametrize(
    "text",
    [
        "failed to get VolumeSnapshot 'a/b': volumesnapshots.snapshot.storage.k8s.io \"b\" not found",
        'User "system:serviceaccount:storage:csi-snapshot-metadata" cannot get resource "volumesnapshotclasses"',
        "unauthenticated user",
        "invalid bearer token",
        "invalid bearer authentication.",
        "0" * 20 + "f" * 64 + "-" + "a" * 64,
        "projects/p-1234567890123456789012345/global/snapshots/snapshot-ac2c6c0e-5d5c-4a4f-8bd2-8bd6f8ae4d1c",
        "/csi/csi.sock: rpc error: code = Unknown desc = exit status 1",
    ],
)
def test_a_drivers_text_is_unchanged(text):
    assert redact_for_publication(text) == text


def test_the_home_directory_is_not_named(monkeypatch):
    monkeypatch.setenv("HOME", "/home/jane")
    assert redact_for_publication("--token-file /home/jane/token: no such file") == "--token-file ~/token: no such file"
    monkeypatch.setenv("HOME", "/")
    assert redact_for_publication("/csi/csi.sock") == "/csi/csi.sock"


def test_a_message_keeps_its_length_when_something_in_it_is_masked():
    plain = encoded((0, 4096), (8192, 4096))
    assert redact_message(plain) is plain
    unknown_field = b"\x7a" + bytes([len(JWT)]) + JWT.encode()
    found = redact_message(plain + unknown_field)
    assert found == plain + unknown_field[:2] + b"*" * len(JWT)
    assert redact_message(b"eyJust some bytes") == b"eyJust some bytes"
