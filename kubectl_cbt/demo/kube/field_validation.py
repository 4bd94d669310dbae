"""Field validation: whether an object's fields exist in its kind and have the right types.

The kinds are those of builtin.proto, whose fields have the names and types of the JSON form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from kubectl_cbt.demo.kube.builtin_pb2 import DESCRIPTOR
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.status_objects import StatusError, bad_request

TIMESTAMP = "google.protobuf.Timestamp"
EXTRA_VALUE = "kubectl_cbt.demo.ExtraValue"
"""A list in JSON; a message because protobuf has no maps of lists."""
QUANTITY = "kubectl_cbt.demo.Quantity"
"""A string or a number in JSON."""


def kind_descriptor(kind: str) -> Descriptor:
    """Return the descriptor of a kind."""
    return DESCRIPTOR.message_types_by_name[kind]


def is_map(field: FieldDescriptor) -> bool:
    """Return whether a field is a map: in JSON, an object with arbitrary keys."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def unhandled(body: Object, kind: str, why: str) -> StatusError:
    """Return the error for a body that is not an object of the kind."""
    version = str(body.get("apiVersion", "")).rpartition("/")[2]
    return bad_request(f'{body.get("kind") or kind} in version "{version}" cannot be handled as a {kind}: {why}')


def check_shape(item: Object, kind: str) -> None:
    """Check that every known field of an object has the type that its kind declares; null is the same as no value.

    Raises:
        StatusError: 400.
    """
    for path, expected in _type_errors(item, kind_descriptor(kind), ""):
        raise unhandled(item, kind, f"{path} is not {expected}")


def unknown_fields(kind: str, item: Object) -> list[str]:
    """Return the paths of fields that a kind does not have, such as ``rules[0].verb``, in the object's order."""
    known = {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
    return list(_unknown(known, kind_descriptor(kind), ""))


def _type_errors(value: Any, descriptor: Descriptor, path: str) -> Iterator[tuple[str, str]]:
    for field in descriptor.fields:
        below = value.get(field.name)
        if below is not None and field.type != FieldDescriptor.TYPE_BYTES:
            yield from _type_errors_of_field(below, field, f"{path}.{field.name}" if path else field.name)


def _type_errors_of_field(value: Any, field: FieldDescriptor, path: str) -> Iterator[tuple[str, str]]:
    if field.message_type is not None and is_map(field):
        inner = field.message_type.fields_by_name["value"]
        entries = [(f"{path}[{key}]", below) for key, below in value.items()] if isinstance(value, dict) else None
        wanted = "an object"
    elif field.is_repeated:
        inner, wanted = field, "a list"
        entries = [(f"{path}[{at}]", below) for at, below in enumerate(value)] if isinstance(value, list) else None
    else:
        inner, entries, wanted = field, [(path, value)], ""
    if entries is None:
        yield path, wanted
        return
    for where, below in entries:
        yield from _type_errors_of_value(below, inner, where)


def _type_errors_of_value(value: Any, field: FieldDescriptor, path: str) -> Iterator[tuple[str, str]]:
    message = field.message_type
    if message is None:
        wanted, types = _SCALARS[field.cpp_type]
        if type(value) not in types:
            yield path, wanted
    elif message.full_name == TIMESTAMP:
        if not isinstance(value, str):
            yield path, "a time"
    elif message.full_name == EXTRA_VALUE:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            yield path, "a list of strings"
    elif message.full_name == QUANTITY:
        if type(value) not in (str, int, float):
            yield path, "a quantity"
    elif isinstance(value, dict):
        yield from _type_errors(value, message, path)
    else:
        yield path, "an object"


_SCALARS: dict[int, tuple[str, tuple[type, ...]]] = {
    FieldDescriptor.CPPTYPE_STRING: ("a string", (str,)),
    FieldDescriptor.CPPTYPE_INT64: ("an integer", (int,)),
    FieldDescriptor.CPPTYPE_BOOL: ("true or false", (bool,)),
}


def _unknown(value: Any, descriptor: Descriptor, path: str) -> Iterator[str]:
    for key, below in value.items():
        where = f"{path}.{key}" if path else key
        field = descriptor.fields_by_name.get(key)
        if field is None:
            yield where
        elif field.message_type is not None and not is_map(field) and field.message_type.full_name != TIMESTAMP:
            entries = enumerate(below) if isinstance(below, list) else [(None, below)]
            for at, entry in entries:
                if isinstance(entry, dict):
                    yield from _unknown(entry, field.message_type, where if at is None else f"{where}[{at}]")
