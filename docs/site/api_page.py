"""MkDocs hook: docs/openapi.yaml as a page of tables, so that it can be read and searched without other tools."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

DESCRIPTION = Path(__file__).resolve().parents[1] / "openapi.yaml"
Part = dict[str, Any]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page openapi.md to the site's files."""
    description = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    files.append(File.generated(config, "openapi.md", content="\n".join(Page(description).lines())))
    return files


class Page:
    """The OpenAPI description as lines of Markdown."""

    def __init__(self, description: Part) -> None:
        self._all = description

    def lines(self) -> Iterator[str]:
        """The page's lines: each request and its answers by tag, then the schemas."""
        yield "# Every request and answer\n"
        yield "This page is made of the [OpenAPI description](openapi.yaml), which programs can read."
        yield "[HTTP API](api.md) explains it.\n"
        for tag in self._all["tags"]:
            yield f"## {tag['name']}\n\n{tag['description']}\n"
            for path, item in self._all["paths"].items():
                for method, operation in item.items():
                    if method != "parameters" and tag["name"] in operation["tags"]:
                        yield from self._operation(f"{method.upper()} {path}", operation, item.get("parameters", []))
        yield "## Schemas\n"
        for name, schema in self._all["components"]["schemas"].items():
            yield f"### {name}\n\n{schema.get('description', '')}\n"
            yield from self._fields(schema)

    def _operation(self, title: str, operation: Part, shared: list[Part]) -> Iterator[str]:
        yield f"### {title}\n\n{operation['summary']}\n"
        parameters = [self._found(each) for each in [*shared, *operation.get("parameters", [])]]
        if parameters:
            yield "| parameter | in | what it is |\n| --- | --- | --- |"
            for each in parameters:
                about = f"{_cell(each.get('description', ''))} {self._kind(each['schema'])}"
                yield f"| `{each['name']}` | {each['in']} | {about} |"
            yield ""
        if body := operation.get("requestBody"):
            kinds = ", ".join(f"`{kind}`" for kind in body["content"])
            schema = next(iter(body["content"].values()))["schema"]
            yield f"Body ({kinds}): {self._kind(schema)}. {body['description']}\n"
        yield "| status | what it means | body |\n| --- | --- | --- |"
        for status, reference in operation["responses"].items():
            answer = self._found(reference)
            # An answer without a body (204, 304) has no content.
            content = answer.get("content", {})
            kinds = "; ".join(f"`{kind}`: {self._kind(each['schema'])}" for kind, each in content.items())
            yield f"| {status} | {_cell(answer['description'])} | {kinds} |"
        yield ""

    def _fields(self, schema: Part) -> Iterator[str]:
        shapes = schema.get("oneOf", [schema])
        if not any("properties" in shape for shape in shapes):
            yield f"{self._kind(schema)}\n"
        for shape in shapes:
            if "properties" in shape:
                yield "| field | what it is | required |\n| --- | --- | --- |"
                for name, field in shape["properties"].items():
                    required = "yes" if name in shape.get("required", []) else ""
                    yield f"| `{name}` | {_cell(field.get('description', ''))} {self._kind(field)} | {required} |"
                yield ""

    def _kind(self, schema: Part) -> str:
        """What a value may be, in few words; schemas of their own are links."""
        if reference := schema.get("$ref"):
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        if parts := schema.get("allOf"):
            codes = list(_codes(parts))
            return self._kind(parts[0]) + (f" {_words(codes)}" if codes else "")
        if parts := schema.get("oneOf"):
            return " or ".join(self._kind(part) for part in parts)
        if "const" in schema or "enum" in schema:
            return _words(schema.get("enum", [schema.get("const")]))
        if schema.get("type") == "array":
            return f"list of {self._kind(schema['items'])}{_limits(schema)}"
        if "properties" in schema:
            return "object: " + ", ".join(f"`{name}`" for name in schema["properties"])
        kind = schema.get("type", "any value")
        return (" or ".join(kind) if isinstance(kind, list) else kind) + _limits(schema)

    def _found(self, part: Part) -> Part:
        """The part itself, or the one that it refers to."""
        found = part
        if reference := part.get("$ref"):
            found = self._all
            for name in reference.removeprefix("#/").split("/"):
                found = found[name]
        return found


def _codes(part: Any) -> Iterator[Any]:
    """Every error code that a schema names."""
    if isinstance(part, dict):
        code = part.get("code", {})
        yield from code.get("enum", [code["const"]] if "const" in code else [])
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _codes(inner)


def _words(values: list[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _limits(schema: Part) -> str:
    names = {"minItems": "at least", "maxItems": "at most", "maxLength": "at most", "maxProperties": "at most"}
    limits = [f"{words} {schema[name]:,}" for name, words in names.items() if name in schema]
    limits += [f"pattern `{_cell(schema['pattern'])}`"] if "pattern" in schema else []
    return f" ({', '.join(limits)})" if limits else ""


def _cell(text: str) -> str:
    """Text that does not end a table's cell."""
    return text.replace("|", "&#124;")
