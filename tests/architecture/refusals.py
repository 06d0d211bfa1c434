"""Which functions refuse: they raise one of our errors, or let one pass that they call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from tests.architecture.figures import PACKAGES, REFUSALS, Function, Source

# A module and a function of it.
Name = tuple[str, str]
# Refuses a kind of job that no application knows: those that stand in code are known.
_NEVER = {("labeling.services.work.jobs", "enqueue")}


class Refusals:
    """The functions of some files, what they call, and what of it refuses."""

    def __init__(self, every: Sequence[Source]) -> None:
        self._sources = {_module(source): source for source in every}
        self._known: dict[Name, frozenset[str]] = {}

    @cached_property
    def _functions(self) -> dict[Name, Function]:
        return {
            (module, node.name): node
            for module, source in self._sources.items()
            for node in source.tree.body
            if isinstance(node, Function)
        }

    @cached_property
    def _imported(self) -> dict[str, dict[str, str]]:
        """Of each module, what its imported names are in full."""
        return {
            module: {
                alias.asname or alias.name: f"{node.module}.{alias.name}"
                for node in ast.walk(source.tree)
                if isinstance(node, ast.ImportFrom) and node.module
                if node.module.partition(".")[0] in PACKAGES
                for alias in node.names
            }
            for module, source in self._sources.items()
        }

    def untold(self, folder: str) -> list[str]:
        """Return the public functions below a folder that refuse without saying so."""
        return [
            f"{self._sources[module].name}:{function.lineno} {name}: {', '.join(passed)}"
            for (module, name), function in self._functions.items()
            if folder in self._sources[module].name and not name.startswith("_")
            if not _tells(function)
            and (passed := sorted(self._passed(module, function)))
        ]

    def _passed(self, module: str, function: Function) -> set[str]:
        called = {self._called(module, call) for call in _unhandled_calls(function)}
        return {error for name in called if name for error in self._of(name)}

    def _of(self, name: Name) -> frozenset[str]:
        """Return with what a function refuses: a private one is asked for its body."""
        if name not in self._known:
            self._known[name] = frozenset()  # where functions call each other
            function = self._functions[name]
            errors = _told(function)
            if name[1].startswith("_") and not _tells(function):
                errors = _raised(function) | self._passed(name[0], function)
            self._known[name] = frozenset(() if name in _NEVER else errors)
        return self._known[name]

    def _called(self, module: str, call: ast.Call) -> Name | None:
        path = ast.unparse(call.func).split(".")
        if len(path) == 1 and (module, path[0]) in self._functions:
            return module, path[0]
        for _ in range(3):  # a package may hand on what its modules hold
            path = [
                *self._imported.get(module, {}).get(path[0], "").split("."),
                *path[1:],
            ]
            module, name = ".".join(path[:-1]), path[-1]
            if (module, name) in self._functions:
                return module, name
            path = [name]
        return None


def _module(source: Source) -> str:
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _tells(function: Function) -> bool:
    return bool(re.search(r"\b[Rr]aises?\b", ast.get_docstring(function) or ""))


def _told(function: Function) -> set[str]:
    """Return the refusals that a docstring names."""
    sentences = re.findall(r"\b[Rr]aises?\b[^.]*", ast.get_docstring(function) or "")
    return {
        error for text in sentences for error in re.findall(r"\w+", text)
    } & REFUSALS


def _raised(function: Function) -> set[str]:
    errors = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise)]
    names = {ast.unparse(error).partition("(")[0] for error in errors if error}
    return names & REFUSALS


def _unhandled_calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls whose errors nobody catches in the same function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Try) and node.handlers and child in node.body:
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _unhandled_calls(child)
