"""Every row of the contract's table of responses, and gRPC's own errors, become the right error."""

import base64
import json

import grpc
import pytest

from kubectl_cbt import errors
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.wire.status import stream_error

Code = grpc.StatusCode

ALLOCATED = Query(SnapshotRef("shop", "pg-tue"), starting_offset=4096)
DELTA = Query(SnapshotRef("shop", "pg-tue"), SnapshotHandle("change id {7} of pg-mon"))
ENDPOINT = Endpoint("csi.example.com", "csi-snapshot-metadata.default:6443", "csi-example", b"pem")


def error_of(
    code: grpc.StatusCode, details: str = "", *, query: Query = DELTA, messages: int = 0
) -> errors.StreamError:
    return stream_error(code, details, query, ENDPOINT, messages=messages)


SIDECAR = [
    (Code.INVALID_ARGUMENT, "securityToken is missing", errors.InvalidRequest),
    (Code.INVALID_ARGUMENT, "namespace parameter cannot be empty", errors.InvalidRequest),
    (Code.INVALID_ARGUMENT, "snapshotName cannot be empty", errors.InvalidRequest),
    (Code.INVALID_ARGUMENT, "targetSnapshotName cannot be empty", errors.InvalidRequest),
    (Code.INVALID_ARGUMENT, "baseSnapshotId cannot be empty", errors.InvalidRequest),
    (
        Code.INVALID_ARGUMENT,
        "VolumeSnapshot 'pg-tue' does not belong to the CSI driver 'csi.example.com'",
        errors.ForeignSnapshot,
    ),
    (Code.UNAUTHENTICATED, "unauthenticated user", errors.Unauthenticated),
    (Code.PERMISSION_DENIED, "user does not have permissions to perform the operation: ", errors.PermissionDenied),
    (
        Code.INTERNAL,
        "failed to authenticate user: tokenreviews.authentication.k8s.io is forbidden: User cannot create",
        errors.SidecarMisconfigured,
    ),
    (
        Code.INTERNAL,
        "failed to authorize the user: subjectaccessreviews.authorization.k8s.io is forbidden: User cannot create",
        errors.SidecarMisconfigured,
    ),
    (
        Code.INTERNAL,
        "failed to find the SnapshotMetadataService CR for driver 'csi.example.com': not found",
        errors.SidecarMisconfigured,
    ),
    (Code.UNAVAILABLE, "the CSI driver is not yet ready", errors.ServiceNotReady),
    (
        Code.UNAVAILABLE,
        "failed to get VolumeSnapshot 'shop/pg-tue': volumesnapshots.snapshot.storage.k8s.io \"pg-tue\" not found",
        errors.SnapshotNotFound,
    ),
    (
        Code.UNAVAILABLE,
        "failed to get VolumeSnapshot 'shop/pg-tue': volumesnapshots.snapshot.storage.k8s.io \"pg-tue\" is forbidden",
        errors.SidecarMisconfigured,
    ),
    (Code.UNAVAILABLE, "the VolumeSnapshot is not yet ready, name: pg-tue", errors.ServiceNotReady),
    (Code.UNAVAILABLE, "the VolumeSnapshotContent is not yet ready, name: snapcontent-1", errors.ServiceNotReady),
    (
        Code.UNAVAILABLE,
        "boundVolumeSnapshotContentName is not set in VolumeSnapshot status, name: pg-tue",
        errors.SnapshotNotFound,
    ),
    (
        Code.UNAVAILABLE,
        "snapshotHandle is not set in VolumeSnapshotContent status, name: snapcontent-1",
        errors.SnapshotNotFound,
    ),
    (
        Code.UNAVAILABLE,
        "failed to get VolumeSnapshotClass 'csi': volumesnapshotclasses.snapshot.storage.k8s.io \"csi\" not found",
        errors.SidecarMisconfigured,
    ),
    (
        Code.UNAVAILABLE,
        "failed to list VolumeSnapshotClasses: volumesnapshotclasses.snapshot.storage.k8s.io is forbidden",
        errors.SidecarMisconfigured,
    ),
    (
        Code.UNAVAILABLE,
        "no default VolumeSnapshotClass is set for the CSI driver 'csi.example.com'",
        errors.SidecarMisconfigured,
    ),
    (
        Code.UNAVAILABLE,
        "multiple default VolumeSnapshotClasses are set for the CSI driver 'csi.example.com'",
        errors.SidecarMisconfigured,
    ),
    (
        Code.UNAVAILABLE,
        'failed to get credentials: error getting secret rbd in namespace csi: secrets "rbd" not found',
        errors.SidecarMisconfigured,
    ),
    (
        Code.UNAVAILABLE,
        'failed to get credentials: error getting secret rbd in namespace csi: secrets "rbd" is forbidden',
        errors.SidecarMisconfigured,
    ),
    (Code.INTERNAL, "failed to get response from CSI driver: rpc error: code = Unknown", errors.DriverFailed),
    (Code.DEADLINE_EXCEEDED, "Deadline Exceeded", errors.StreamDeadline),
]

DRIVER = [
    (Code.INVALID_ARGUMENT, "secrets are empty", errors.InvalidRequest),
    (Code.NOT_FOUND, "cannot find the source snapshot", errors.DriverSnapshotNotFound),
    (Code.FAILED_PRECONDITION, "change tracking is off", errors.CbtNotEnabled),
    (Code.OUT_OF_RANGE, "starting offset is beyond the volume", errors.OffsetOutOfRange),
    (Code.INTERNAL, "the array is on fire", errors.DriverFailed),
    (Code.UNIMPLEMENTED, "Method not found!", errors.DriverFailed),
    (Code.RESOURCE_EXHAUSTED, "too many streams", errors.DriverFailed),
    (Code.ABORTED, "an operation is pending", errors.DriverFailed),
    (Code.UNKNOWN, "", errors.DriverFailed),
]

# As grpcio writes them; the wording differs between its releases.
_ALL = "failed to connect to all addresses; last error: "
_VERIFY = "SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: "
REFUSED = _ALL + "UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused"
TIMED_OUT = _ALL + "UNAVAILABLE: ipv4:10.0.0.1:6443: connection attempt timed out before receiving SETTINGS frame"
NO_NAME = "DNS resolution failed for csi-snapshot-metadata.default:6443: C-ares status is not ARES_SUCCESS"
NO_NAME_NEWER = (
    "errors resolving csi-snapshot-metadata.default:6443: [field:hostname lookup error:address lookup failed for"
    " csi-snapshot-metadata.default:6443: Domain name not found]"
)
EXPIRED = (
    _ALL + f"UNKNOWN: ipv4:127.0.0.1:1: Ssl handshake failed (TSI_PROTOCOL_FAILURE): {_VERIFY}certificate has expired"
)
EXPIRED_NEWER = _ALL + f"UNKNOWN: ipv4:127.0.0.1:1: Tls handshake failed: {_VERIFY}certificate has expired: OK"
FOREIGN = _ALL + f"UNKNOWN: ipv4:127.0.0.1:1: Tls handshake failed: {_VERIFY}unable to get local issuer certificate: OK"
SELF_SIGNED = _ALL + f"UNKNOWN: ipv4:127.0.0.1:1: Ssl handshake failed: {_VERIFY}self signed certificate"
OTHER_NAME = (
    _ALL + "UNKNOWN: ipv4:127.0.0.1:1: Custom verification check failed with error: UNAUTHENTICATED:"
    " Hostname Verification Check failed."
)
OTHER_NAME_OLDER = (
    _ALL + "UNKNOWN: ipv4:127.0.0.1:1: Peer name csi-snapshot-metadata.default is not in peer certificate"
)
NO_TLS = _ALL + "UNKNOWN: ipv4:127.0.0.1:1: Tls handshake failed: SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER"
NO_CIPHER = _ALL + "UNKNOWN: ipv4:127.0.0.1:1: Ssl handshake failed (TSI_PROTOCOL_FAILURE): NO_CIPHERS_AVAILABLE"

TRANSPORT = [
    (Code.UNAVAILABLE, REFUSED, errors.ServiceUnreachable),
    (Code.UNAVAILABLE, TIMED_OUT, errors.ServiceUnreachable),
    (Code.UNAVAILABLE, NO_NAME, errors.ServiceUnreachable),
    (Code.UNAVAILABLE, NO_NAME_NEWER, errors.ServiceUnreachable),
    (Code.UNAVAILABLE, "Socket closed", errors.StreamCut),
    (Code.UNAVAILABLE, "recvmsg:Connection reset by peer", errors.StreamCut),
    (Code.UNAVAILABLE, "Cancelling all calls", errors.StreamCut),
    (Code.UNAVAILABLE, "", errors.ServiceUnreachable),
    (Code.UNAVAILABLE, EXPIRED, errors.TlsFailed),
    (Code.UNAVAILABLE, EXPIRED_NEWER, errors.TlsFailed),
    (Code.UNAVAILABLE, FOREIGN, errors.TlsFailed),
    (Code.UNAVAILABLE, SELF_SIGNED, errors.TlsFailed),
    (Code.UNAVAILABLE, OTHER_NAME, errors.TlsFailed),
    (Code.UNAVAILABLE, OTHER_NAME_OLDER, errors.TlsFailed),
    (Code.UNAVAILABLE, NO_TLS, errors.TlsFailed),
    (Code.UNAVAILABLE, NO_CIPHER, errors.TlsFailed),
    (Code.CANCELLED, "Channel closed!", errors.StreamCut),
]


@pytest.mark.parametrize(("code", "details", "kind"), [*SIDECAR, *DRIVER, *TRANSPORT])
def test_an_answer_becomes_the_error_that_fits_it(code, details, kind):
    error = error_of(code, details)
    assert type(error) is kind
    assert (error.code, error.details) == (code.name, details)


@pytest.mark.parametrize("code", Code)
@pytest.mark.parametrize("messages", [0, 3])
def test_every_code_becomes_an_error_of_a_stream_that_keeps_code_and_details(code, messages):
    error = error_of(code, "the driver's own words", messages=messages)
    assert isinstance(error, errors.StreamError)
    assert (error.code, error.details) == (code.name, "the driver's own words")
    assert error.message.endswith(f": the driver's own words ({code.name})")


@pytest.mark.parametrize("code", Code)
def test_an_error_without_details_names_the_code_alone(code):
    message = error_of(code).message
    assert message.endswith(f" ({code.name})")
    assert ": (" not in message
    assert "None" not in message


@pytest.mark.parametrize(
    ("details", "words"),
    [
        # All of them about another certificate than the one that was verified and is trusted.
        (EXPIRED, "sends a different certificate on each connection"),
        (EXPIRED_NEWER, "sends a different certificate on each connection"),
        (FOREIGN, "sends a different certificate on each connection"),
        (SELF_SIGNED, "sends a different certificate on each connection"),
        (OTHER_NAME, "is not valid for csi-snapshot-metadata.default"),
        (OTHER_NAME_OLDER, "is not valid for csi-snapshot-metadata.default"),
        (NO_TLS, "does not use TLS"),
        (NO_NAME, "does not resolve here"),
        (NO_NAME_NEWER, "does not resolve here"),
        (REFUSED, "cannot be reached"),
    ],
)
def test_a_failed_connection_is_reported_with_the_reason(details, words):
    message = error_of(Code.UNAVAILABLE, details).message
    assert words in message.removesuffix(f": {details} (UNAVAILABLE)")


@pytest.mark.parametrize(
    "details", ["Socket closed", "recvmsg:Connection reset by peer", "Cancelling all calls", REFUSED]
)
def test_a_connection_that_breaks_in_the_middle_is_a_cut_stream(details):
    error = error_of(Code.UNAVAILABLE, details, messages=12)
    assert type(error) is errors.StreamCut
    assert "after 12 messages" in error.message


@pytest.mark.parametrize(
    ("code", "details", "kind"), [row for row in (*SIDECAR, *DRIVER) if row[0] is not Code.UNAVAILABLE]
)
def test_an_error_of_the_driver_in_the_middle_is_not_a_cut_stream(code, details, kind):
    assert type(error_of(code, details, messages=12)) is kind


@pytest.mark.parametrize("query", [ALLOCATED, DELTA], ids=["allocated", "delta"])
@pytest.mark.parametrize(("code", "details", "kind"), [*SIDECAR, *DRIVER, *TRANSPORT])
def test_no_placeholder_is_left_in_messages_or_hints(code, details, kind, query):
    error = error_of(code, details, query=query)
    assert type(error) is kind
    assert "{" not in error.hint.replace("{7}", "")
    assert "{" not in error.message.replace("{7}", "")


def test_braces_in_what_came_are_kept_as_they_came():
    details = "failed: {service} {0} {}"
    error = error_of(Code.INTERNAL, details)
    assert error.details == details
    assert details in error.message


@pytest.mark.parametrize(
    "kind", [errors.PermissionDenied, errors.CbtNotEnabled, errors.TlsFailed], ids=lambda k: k.__name__
)
def test_what_can_be_mended_has_a_hint_with_a_command(kind):
    code, details = next((code, details) for code, details, found in (*SIDECAR, *DRIVER, *TRANSPORT) if found is kind)
    assert "kubectl " in error_of(code, details).hint


def token(**claims) -> Secret:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"e30.{part}.c2ln")


OF_BACKUP = {"sub": "system:serviceaccount:apps:backup", "aud": ["csi-example"], "exp": 2**33}
GRANT = "an administrator can grant it: kubectl cbt rbac -n shop {} | kubectl apply -f -\n"


@pytest.mark.parametrize(
    ("shown", "whom"),
    [
        (token(**OF_BACKUP), "--service-account apps/backup"),
        (token(sub="jane@example.com"), "--for-user --as jane@example.com"),
        (token(sub="x\x1b[2J; rm -rf ~"), "--for-user --as 'x�[2J; rm -rf ~'"),
        (Secret("opaque"), "--for-user --as USER"),
        (None, "--for-user --as USER"),
    ],
)
def test_a_refused_user_gets_the_rbac_that_grants_the_right(shown, whom):
    details = "user does not have permissions to perform the operation"
    error = stream_error(Code.PERMISSION_DENIED, details, DELTA, ENDPOINT, messages=0, token=shown)
    assert error.hint.startswith(GRANT.format(whom))


@pytest.mark.parametrize(
    ("shown", "flaw", "whose"),
    [
        (token(**OF_BACKUP | {"exp": 0.5}), "the token expired at 1970-01-01 00:00:00Z", "backup -n apps"),
        (token(**OF_BACKUP | {"exp": -1e300}), "the token expired at -1e+300 seconds after 1970", "backup -n apps"),
        (
            token(**OF_BACKUP | {"aud": "a\nb"}),
            "the token is for a�b, the service expects csi-example",
            "backup -n apps",
        ),
        (
            token(**OF_BACKUP | {"aud": ["a", "b"], "exp": 1}),
            "the token expired at 1970-01-01 00:00:01Z; the token is for a, b, the service expects csi-example",
            "backup -n apps",
        ),
        (token(**OF_BACKUP), "the token was revoked, was issued by another cluster", "backup -n apps"),
        (Secret("opaque"), "the token has expired, or is for another audience than csi-example", "NAME -n NAMESPACE"),
        (None, "the token has expired, or is for another audience than csi-example", "NAME -n NAMESPACE"),
    ],
)
def test_a_rejected_token_gets_its_flaw_and_the_command_for_a_good_one(shown, flaw, whose):
    error = stream_error(Code.UNAUTHENTICATED, "unauthenticated user", DELTA, ENDPOINT, messages=0, token=shown)
    first, second = error.hint.split("\n")
    assert first.startswith(flaw)
    assert f"kubectl create token {whose} --audience csi-example" in second


def test_a_delta_names_its_base_and_its_target():
    message = error_of(Code.NOT_FOUND, "no").message
    assert "shop/pg-tue" in message
    assert "change id {7} of pg-mon" in message


def test_a_question_for_allocated_extents_names_no_base():
    message = error_of(Code.NOT_FOUND, "no", query=ALLOCATED).message
    assert "shop/pg-tue" in message
    assert "base" not in message


def test_an_offset_out_of_range_is_named():
    assert "4096" in error_of(Code.OUT_OF_RANGE, query=ALLOCATED).message


def test_a_base_in_the_wrong_format_gets_a_hint_about_change_ids():
    found = error_of(Code.INVALID_ARGUMENT, "base snapshot id has invalid format")
    assert "csi.vsphere.volume/change-id" in found.hint
    assert "--base-handle CHANGE-ID pg-tue -n shop" in found.hint
    assert not error_of(Code.INVALID_ARGUMENT, "snapshot id has invalid format", query=ALLOCATED).hint
