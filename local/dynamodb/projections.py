"""Projection expressions: the parser turns each into a function that copies the named parts of an item."""

from collections.abc import Callable, Mapping
from typing import Any

from local.dynamodb.grammar import Parser, Path, look_up, order_of, overlap
from local.dynamodb.values import MISSING, give

Projection = Callable[[Mapping[str, Any]], dict[str, Any]]


class ProjectionParser(Parser):
    """Parses a ``ProjectionExpression``."""

    kind = "ProjectionExpression"

    def parse(self) -> Projection:
        """The expression as a function that copies its parts of an item. Raises ValidationException for overlapping
        paths."""
        paths = [self.path()]
        while self.peek() == ",":
            self.take()
            paths.append(self.path())
        self.end()
        if why := overlap(paths):
            raise self.wrong(why)
        if all(len(path) == 1 for path in paths):
            tops = [str(path[0]) for path in paths]
            return lambda item: {name: give(item[name]) for name in tops if name in item}
        # Elements of a list keep their order and close up.
        paths.sort(key=order_of)
        return lambda item: _parts(item, paths)


def _parts(item: Mapping[str, Any], paths: list[Path]) -> dict[str, Any]:
    tree: dict[Any, Any] = {}
    for path in paths:
        value = look_up(item, path)
        if value is not MISSING:
            here = tree
            for part in path[:-1]:
                here = here.setdefault(part, {})
            here[path[-1]] = _Leaf(give(value))
    return {name: _grown(part) for name, part in tree.items()}


class _Leaf:
    def __init__(self, value: Any) -> None:
        self.value = value


def _grown(node: Any) -> Any:
    if isinstance(node, _Leaf):
        return node.value
    if all(type(part) is int for part in node):
        return [_grown(part) for part in node.values()]
    return {name: _grown(part) for name, part in node.items()}
