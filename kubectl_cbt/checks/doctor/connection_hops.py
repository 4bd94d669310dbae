"""The connection to the service: its CA, its address, TLS."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime

from kubectl_cbt.address import split_address
from kubectl_cbt.checks.check import Check, CheckFailed, CheckResult
from kubectl_cbt.checks.doctor.certificate_findings import (
    SOON_DAYS,
    days_until,
    expiry,
    new_certificates,
    warn_of_unreadable_blocks,
)
from kubectl_cbt.checks.doctor.cluster_hops import KUBECONFIG
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.doctor.snapshot_hops import SERVICE
from kubectl_cbt.clock import SET_CLOCK, clock_difference, clock_question
from kubectl_cbt.model.route import Route
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.units import human_seconds, utc_date, utc_words
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource

_CONNECT_SECONDS = 10.0
_NOT_REACHED = (
    "an address inside the cluster can be reached with --connect port-forward;\n"
    "check that the driver's controller is running: "
    "kubectl get pods,services,endpointslices -A | grep -i snapshot-metadata"
)


def clock_fix(context: DiagnosisContext) -> str:
    """The fix for dates that only look wrong; empty where this machine's clock is right."""
    return SET_CLOCK if clock_difference(context.fact(KUBECONFIG).api.clock_ahead_seconds()) else ""


def _ca_cert(context: DiagnosisContext, result: CheckResult) -> None:
    """One valid certificate is enough for the client: others of a bundle may have been replaced."""
    from kubectl_cbt.wire.certificate_check import readable_authorities
    from kubectl_cbt.wire.certificate_reasons import subject_words

    endpoint = context.fact(SERVICE)
    now = datetime.now(UTC)
    clock = clock_fix(context)
    found = readable_authorities(endpoint.ca_pem)
    usable = [one for one in found if one.not_valid_before_utc <= now <= one.not_valid_after_utc]
    report = result.warn if usable else result.fail
    for certificate in found:
        name, end = subject_words(certificate), certificate.not_valid_after_utc
        result.note(f"{name}, {expiry(end)}")
        if end < now:
            report(f"{name} expired on {utc_date(end)}", clock or new_certificates(endpoint.service))
        elif days_until(end) < SOON_DAYS:
            result.warn(f"{name} expires in {days_until(end)} days", new_certificates(endpoint.service))
        if certificate.not_valid_before_utc > now:
            start = utc_words(certificate.not_valid_before_utc)
            report(f"{name} is not valid before {start}", clock or clock_question())
    if found:
        warn_of_unreadable_blocks(result, "caCert", endpoint.ca_pem, len(found))
    else:
        result.fail("caCert contains no certificate that can be read", new_certificates(endpoint.service))


def _address(context: DiagnosisContext, result: CheckResult) -> Route:
    endpoint = context.fact(SERVICE)
    route = context.fact(KUBECONFIG).connector.route(endpoint)
    context.stack.callback(route.close)
    result.note(f"{endpoint.address}: {route}")
    return route


def _connection(context: DiagnosisContext, result: CheckResult) -> None:
    address = context.fact(ADDRESS).address()
    host, port = split_address(address)
    started = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise CheckFailed(f"{address}: {error.strerror or error}", _NOT_REACHED) from error
    result.note(f"{address} accepted a connection after {human_seconds(time.monotonic() - started)}")


def _tls(context: DiagnosisContext, result: CheckResult) -> None:
    """A connection of the client, with the client's verification: it fails with the error of a stream."""
    from kubectl_cbt.wire.certificate_reasons import subject_words

    endpoint = context.fact(SERVICE)
    clock_ahead = context.fact(KUBECONFIG).api.clock_ahead_seconds
    connection = ServiceConnection(endpoint, lambda: context.fact(ADDRESS))
    source = SidecarSource(connection, lambda: Secret(""), clock_ahead=clock_ahead)
    context.stack.callback(source.close)
    leaf = source.certificate()
    end = leaf.not_valid_after_utc
    result.note(f"{subject_words(leaf)}, {expiry(end)}")
    if days_until(end) < SOON_DAYS:
        result.warn(f"the certificate expires in {days_until(end)} days", new_certificates(endpoint.service))


CA_CERT = Check("ca-cert", "caCert contains certificates that are valid", _ca_cert, (SERVICE,))
ADDRESS = Check("address", "there is a route to the service's address", _address, (SERVICE,))
CONNECTION = Check("connection", "the address accepts connections", _connection, (ADDRESS,))
TLS = Check("tls", "the client accepts the served certificate", _tls, (CONNECTION, CA_CERT))
