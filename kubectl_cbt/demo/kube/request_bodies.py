"""Request bodies: JSON, YAML, and the protobuf that typed Go clients send for built-in kinds.

Each body gives either an object of the path's kind or a Status with code 400 or 415.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPMethod
from http.client import HTTPMessage
from typing import Any

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

from kubectl_cbt.demo.kube.builtin_pb2 import Unknown
from kubectl_cbt.demo.kube.field_validation import (
    EXTRA_VALUE,
    QUANTITY,
    TIMESTAMP,
    check_shape,
    is_map,
    kind_descriptor,
    unhandled,
)
from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.status_objects import bad_request, unsupported_media_type
from kubectl_cbt.units import utc_time

DELETE_OPTIONS = "DeleteOptions"

_JSON, _YAML, _PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
_OBJECTS = (_JSON, _YAML, _PROTOBUF)
_PATCHES = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_MAGIC = b"k8s\x00"


def read_body(call: HttpRequest, kind: str, group_version: str | None = None) -> Object:
    """Return the object in a request's body; empty without a body. A patch is not validated.

    Args:
        kind: the path's kind.
        group_version: None for a kind that exists in every version.

    Raises:
        StatusError: 415 for an unsupported media type, 400 for a body that is not a valid object of the kind.
    """
    media = _media_type(call)
    if not call.raw:
        return {}
    is_yaml = media.endswith("yaml")
    body = _from_protobuf(call.raw, kind) if media == _PROTOBUF else _parsed(call.raw, is_yaml=is_yaml)
    if call.method != HTTPMethod.PATCH:
        _check_kind(body, kind, group_version)
        check_shape(body, kind)
    return body


def _media_type(call: HttpRequest) -> str:
    accepted = _PATCHES if call.method == HTTPMethod.PATCH else _OBJECTS
    if not call.headers.get("Content-Type"):
        return accepted[0]
    media = media_type(call.headers)
    if call.raw and media not in accepted:
        raise unsupported_media_type(accepted)
    return media


def media_type(headers: HTTPMessage) -> str:
    """Return the Content-Type without parameters, in lower case; empty if there is none."""
    return (headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _parsed(raw: bytes, *, is_yaml: bool) -> Object:
    try:
        body = yaml.safe_load(raw) if is_yaml else json.loads(raw)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise bad_request(f"the body is not {'YAML' if is_yaml else 'JSON'}: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("the body is not an object")
    return body


def _from_protobuf(raw: bytes, kind: str) -> Object:
    if not raw.startswith(_MAGIC):
        raise bad_request("the body does not begin as Kubernetes protobuf does, with the bytes 6b 38 73 00")
    envelope = _message(Unknown, raw[len(_MAGIC) :], "runtime.Unknown")
    if envelope.contentEncoding:
        raise bad_request(f"the body has the content encoding {envelope.contentEncoding}, and only none is supported")
    if envelope.contentType not in ("", _PROTOBUF):
        raise bad_request(f"the body has the content type {envelope.contentType}, not {_PROTOBUF}")
    meta = envelope.typeMeta
    header = {key: value for key, value in (("apiVersion", meta.apiVersion), ("kind", meta.kind)) if value}
    if meta.kind not in ("", kind):
        raise unhandled(header, kind, "the path takes another kind")
    message = _message(GetMessageClass(kind_descriptor(kind)), envelope.raw, kind)
    return header | _as_json(message)


def _message(make: Any, data: bytes, what: str) -> Any:
    message = make()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise bad_request(f"the body cannot be decoded as {what}: {error}") from error
    for path, number in _unknown_numbers(message, ""):
        raise bad_request(f"the body cannot be decoded as {what}: {path or what} has no field {number}")
    return message


def _unknown_numbers(message: Message, path: str) -> Iterator[tuple[str, int]]:
    """Yield fields that are in the bytes but not in the kind. A real API server drops them; here they are an error."""
    unknown = UnknownFieldSet(message)
    for at in range(len(unknown)):
        yield path, unknown[at].field_number
    for field, value in message.ListFields():
        where = f"{path}.{field.name}" if path else field.name
        for inner in _messages_in(field, value):
            yield from _unknown_numbers(inner, where)


def _messages_in(field: FieldDescriptor, value: Any) -> list[Message]:
    if field.message_type is None:
        return []
    if is_map(field):
        return [inner for inner in value.values() if isinstance(inner, Message)]
    return list(value) if field.is_repeated else [value]


def _as_json(message: Message) -> Object:
    """Return a message as JSON, without empty fields and without bytes, which the server does not use."""
    return {
        field.name: _value_as_json(field, value)
        for field, value in message.ListFields()
        if field.type != FieldDescriptor.TYPE_BYTES and not _is_zero_time(field, value)
    }


def _value_as_json(field: FieldDescriptor, value: Any) -> Any:
    if is_map(field):
        return {key: _single_as_json(inner) for key, inner in value.items()}
    return [_single_as_json(inner) for inner in value] if field.is_repeated else _single_as_json(value)


def _single_as_json(value: Any) -> Any:
    if not isinstance(value, Message):
        return value
    name = value.DESCRIPTOR.full_name
    if name == TIMESTAMP:
        return _rfc3339(value)
    if name == QUANTITY:
        return value.string  # type: ignore[attr-defined]
    return list(value.items) if name == EXTRA_VALUE else _as_json(value)  # type: ignore[attr-defined]


def _rfc3339(value: Any) -> str:
    try:
        return utc_time(value.ToDatetime())
    except (ValueError, OverflowError) as error:
        raise bad_request(f"the body has a time that is out of range: {value.seconds} seconds") from error


def _is_zero_time(field: FieldDescriptor, value: Any) -> bool:
    """Return whether a value is Go's zero time, which is sent as an empty message."""
    is_time = field.message_type is not None and field.message_type.full_name == TIMESTAMP
    return is_time and not field.is_repeated and not value.ListFields()


def _check_kind(body: Object, kind: str, group_version: str | None) -> None:
    if (body.get("kind") or kind) != kind:
        raise unhandled(body, kind, "the path takes another kind")
    found = body.get("apiVersion") or group_version
    if group_version is not None and found != group_version:
        raise bad_request(
            f"the API version in the data ({found}) does not match the expected API version ({group_version})"
        )
