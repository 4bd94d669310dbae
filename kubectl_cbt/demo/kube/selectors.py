"""Label and field selectors, parsed as in an API server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import ResourceType, field
from kubectl_cbt.demo.kube.status_objects import bad_request

Test = Callable[[Object], bool]

_TERM = re.compile(
    r"""\s* (?P<absent>!\s*)? (?P<key>[^\s!=,()<>]+) \s*
    (?: (?P<operator>==|=|!=) \s* (?P<value>[^\s!=,()<>]*) \s*
      | (?P<set>in|notin) \s* \( (?P<values>[^()]*) \) \s* )?
    (?: , (?=.*\S) | $ )""",
    re.VERBOSE | re.DOTALL,
)
_FIELDS = {
    "events": ("involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid"),
    "pods": ("spec.nodeName", "status.phase"),
    "services": ("spec.clusterIP", "spec.type"),
}
"""In addition to name and namespace, which every resource has."""


def selection(resource: ResourceType, query: Mapping[str, list[str]]) -> Test:
    """Return the test that an object matches every selector of a query.

    Raises:
        StatusError: 400 for an invalid selector or an unsupported field.
    """
    tests = [test for text in query.get("labelSelector", []) for test in _label_tests(text)]
    tests += [test for text in query.get("fieldSelector", []) for test in _field_tests(resource, text)]
    return lambda item: all(test(item) for test in tests)


def _label_tests(text: str) -> Iterable[Test]:
    position = 0
    while text[position:].strip():
        term = _TERM.match(text, position)
        if term is None or (term["absent"] and (term["operator"] or term["set"])):
            raise bad_request(f"unable to parse requirement: found '{text[position:].strip()}'")
        position = term.end()
        yield _label_test(term)


def _label_test(term: re.Match[str]) -> Test:
    key = term["key"]
    if not term["operator"] and not term["set"]:
        return lambda item: (key in _labels(item)) is not bool(term["absent"])
    values = {value.strip() for value in term["values"].split(",")} if term["set"] else {term["value"]}
    if term["operator"] == "!=" or term["set"] == "notin":
        # An object without the label matches, as in a real API server.
        return lambda item: _labels(item).get(key) not in values
    return lambda item: _labels(item).get(key) in values


def _labels(item: Object) -> Mapping[str, str]:
    return item["metadata"].get("labels") or {}


def _field_tests(resource: ResourceType, text: str) -> Iterable[Test]:
    for term in filter(None, text.split(",")):
        parts = re.fullmatch(r"(.*?)(!=|==|=)(.*)", term, re.DOTALL)
        if parts is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        yield _field_test(resource, *parts.groups())


def _field_test(resource: ResourceType, name: str, operator: str, wanted: str) -> Test:
    if name not in ("metadata.name", "metadata.namespace", *_FIELDS.get(resource.plural, ())):
        raise bad_request(f"field label not supported: {name}")
    found = field(name)
    return lambda item: ((found(item) or "") == wanted) is (operator != "!=")
