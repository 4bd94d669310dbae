"""Validators for the JSON documents of the package; their schemas refer to each other."""

import json
from importlib.resources import files

import jsonschema
import referencing

SCHEMAS = [
    json.loads(files(package).joinpath("schema.json").read_bytes())
    for package in (
        "kubectl_cbt.output",
        "kubectl_cbt.output.verification",
        "kubectl_cbt.output.history",
        "kubectl_cbt.output.volume_report",
    )
]
REGISTRY = referencing.Registry().with_resources(
    (schema["$id"], referencing.Resource.from_contents(schema)) for schema in SCHEMAS
)


def validator(title: str) -> jsonschema.Draft202012Validator:
    """Of the schema with this title, as ``Verification``."""
    schema = next(schema for schema in SCHEMAS if schema["title"] == title)
    return jsonschema.Draft202012Validator(schema, registry=REGISTRY)
