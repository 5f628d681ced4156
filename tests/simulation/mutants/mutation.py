"""How a mutant finds its place: by a function's name and a piece of Python, whatever file, line or layout they have."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
CODE = ROOT / "lambda_src"

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Mutant:
    """One change of the code that breaks the protocol.

    where: qualified name of a function, a method or a constant, anywhere below ``lambda_src``. old: Python that occurs
    there exactly once: an expression, statements, or a keyword argument (``name=value``). new: what takes its place;
    empty text deletes it. also: further replacements in the same place.
    """

    id: str
    what: str
    where: str
    old: str
    new: str
    also: tuple[tuple[str, str], ...] = ()


def mutated(mutant: Mutant, code: Path = CODE) -> tuple[Path, str]:
    """The changed file, relative to ``code``, and its text. Raises ValueError unless every place is there once."""
    trees = {path: ast.parse((code / path).read_text(encoding="utf-8")) for path in _files(code, mutant.where)}
    changed = set()
    for old, new in ((mutant.old, mutant.new), *mutant.also):
        found = [path for path, tree in trees.items() for _ in range(_replaced(tree, mutant.where, old, new))]
        if len(found) != 1:
            raise ValueError(f"{mutant.id}: found {len(found)} times in {mutant.where}: {old}")
        changed.add(found[0])
    if len(changed) != 1:
        raise ValueError(f"{mutant.id}: its replacements are in {len(changed)} files")
    path = changed.pop()
    return path, ast.unparse(trees[path])


@cache
def _files(code: Path, where: str) -> tuple[Path, ...]:
    """The files below ``code`` that define something of that name."""
    return tuple(path for path, names in _names(code).items() if where in names)


@cache
def _names(code: Path) -> dict[Path, frozenset[str]]:
    return {
        path.relative_to(code): frozenset(name for name, _ in _definitions(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(code.rglob("*.py"))
    }


def _definitions(tree: ast.Module | ast.ClassDef, prefix: str = "") -> list[tuple[str, Definition]]:
    """Functions, methods and constants by qualified name."""
    found: list[tuple[str, Definition]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append((prefix + node.name, node))
        elif isinstance(node, ast.ClassDef):
            found += [(prefix + node.name, node), *_definitions(node, f"{prefix}{node.name}.")]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [(prefix + target.id, node) for target in targets if isinstance(target, ast.Name)]
    return found


def _replaced(tree: ast.Module, where: str, old: str, new: str) -> int:
    """Replace every occurrence in the definitions of that name; how many there were."""
    scopes = [definition for name, definition in _definitions(tree) if name == where]
    for form in (_statements, _expression, _keyword_arguments):
        wanted, replacement = form(old), form(new)
        if wanted and (found := sum(_swap(scope, wanted, replacement) for scope in scopes)):
            return found
    return 0


def _statements(text: str) -> list[ast.AST]:
    return list(ast.parse(text).body)


def _expression(text: str) -> list[ast.AST]:
    return [node.value for node in ast.parse(text).body if isinstance(node, ast.Expr)]


def _keyword_arguments(text: str) -> list[ast.AST]:
    return [
        ast.keyword(arg=node.targets[0].id, value=node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]


def _swap(scope: ast.AST, old: list[ast.AST], new: list[ast.AST]) -> int:
    """Put the new nodes where the old ones stand, side by side; how often they did."""
    wanted, found = [ast.dump(node) for node in old], 0
    for parent in list(ast.walk(scope)):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list):
                for start in reversed(range(len(value))):
                    if _dumps(value[start : start + len(old)]) == wanted:
                        value[start : start + len(old)] = new
                        found += 1
                if name == "body" and not value:
                    value.append(ast.Pass())
            elif isinstance(value, ast.AST) and _dumps([value]) == wanted:
                (replacement,) = new
                setattr(parent, name, replacement)
                found += 1
    return found


def _dumps(nodes: list[ast.AST]) -> list[str]:
    return [ast.dump(node) if isinstance(node, ast.AST) else "" for node in nodes]
