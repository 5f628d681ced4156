"""The published schemas, as strict as an event of today is."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from buyer.events.event import Event

FOLDER = Path(__file__).resolve().parents[4] / "docs" / "events"


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """By the events' names."""
    return {path.name.removesuffix(".schema.json"): json.loads(path.read_text("utf-8")) for path in FOLDER.iterdir()}


def _closed(schema: Any) -> Any:
    """Consumers must live with new attributes; here one without a description is a mistake."""
    if isinstance(schema, dict):
        inside = {name: _closed(value) for name, value in schema.items()}
        return inside | {"additionalProperties": False} if "properties" in schema else inside
    return [_closed(entry) for entry in schema] if isinstance(schema, list) else schema


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_closed(schemas()[name]), validate_formats=True)


def validated(event: Event) -> dict[str, Any]:
    """The event's document, after it was held to its schema."""
    document: dict[str, Any] = json.loads(event.to_json())
    return checked(document)


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document, after it was held to the schema of its type."""
    _validator(document["type"]).validate(document)
    return document
