"""Which functions refuse: they raise one of our errors, or let one pass that they call.

Methods count as functions of their module, ``Class.method``. Of calls, those are seen that
name a function, a class or ``self``; what a variable holds is not known here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from tests.architecture.figures import PACKAGES, REFUSALS, ROOT, Function, Source

# A module and a function of it.
Name = tuple[str, str]
# Refuses a kind of job that no application knows: those that stand in code are known.
_NEVER = {("labeling.services.work.jobs", "enqueue")}
# Who catches or names an error has its subclasses, too.
_BASE = dict(
    re.findall(
        r"^class (\w+)\((\w+)",
        (ROOT / "labeling/errors.py").read_text(),
        re.MULTILINE,
    )
)


class Refusals:
    """The functions of some files, what they call, and what of it refuses."""

    def __init__(self, every: Sequence[Source]) -> None:
        self._sources = {_module(source): source for source in every}
        self._known: dict[Name, frozenset[str]] = {}

    @cached_property
    def _functions(self) -> dict[Name, Function]:
        return {
            (module, name): node
            for module, source in self._sources.items()
            for name, node in _functions_of(source.tree)
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
        """Return the public functions below a folder that do not say all they refuse."""
        return [
            f"{self._sources[module].name}:{function.lineno} {name}: {', '.join(untold)}"
            for (module, name), function in self._functions.items()
            if folder in self._sources[module].name and not _is_private(name)
            if (untold := sorted(self._untold_by((module, name), function)))
        ]

    def _untold_by(self, name: Name, function: Function) -> set[str]:
        told = self._told_by(name[0], function)
        every = self._passed(name, function)
        return {error for error in every if not told & set(_with_bases(error))}

    def _passed(self, caller: Name, function: Function) -> set[str]:
        """Return what the functions that it calls refuse, and it does not catch."""
        return {
            error
            for call, caught in _calls(function)
            if (name := self._called(caller, call))
            for error in self._of(name)
            if not caught & {*_with_bases(error), "Exception"}
        }

    def _told_by(self, module: str, function: Function) -> set[str]:
        """Return the refusals that a docstring names, or takes from other functions'.

        As in "Raises what ``load`` raises".
        """
        told = _told(function)
        for sentence in _sentences(function):
            for path in re.findall(r"``([\w.]+)``", sentence):
                if name := self._named(module, path.split(".")):
                    told |= self._of(name)
        return told

    def _of(self, name: Name) -> frozenset[str]:
        """Return with what a function refuses: a private one is asked for its body."""
        if name not in self._known:
            self._known[name] = frozenset()  # where functions call each other
            function = self._functions[name]
            errors = self._told_by(name[0], function)
            if _is_private(name[1]) and not _tells(function):
                errors = _raised(function) | self._passed(name, function)
            self._known[name] = frozenset(() if name in _NEVER else errors)
        return self._known[name]

    def _called(self, caller: Name, call: ast.Call) -> Name | None:
        module, name = caller
        path = ast.unparse(call.func).split(".")
        if path[0] in {"self", "cls"} and len(path) == 2:
            path[0] = name.partition(".")[0]
        return self._named(module, path)

    def _named(self, module: str, path: list[str]) -> Name | None:
        if here := self._here(module, path):
            return here
        for _ in range(3):  # a package may hand on what its modules hold
            *place, last = [
                *self._imported.get(module, {}).get(path[0], "").split("."),
                *path[1:],
            ]
            module = ".".join(place)
            if here := self._here(module, [last]):
                return here
            above, _, owner = module.rpartition(".")
            if method := self._here(above, [owner, last]):
                return method
            path = [last]
        return None

    def _here(self, module: str, path: list[str]) -> Name | None:
        """Return the function of a module that a path names; of a class, how it is made."""
        name = ".".join(path)
        made = (module, f"{name}.__init__")
        return next((n for n in ((module, name), made) if n in self._functions), None)


def _functions_of(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, Function):
                    yield f"{node.name}.{part.name}", part


def _is_private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


def _module(source: Source) -> str:
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _tells(function: Function) -> bool:
    return bool(re.search(r"\b[Rr]aises?\b", ast.get_docstring(function) or ""))


def _told(function: Function) -> set[str]:
    """Return the refusals that a docstring names."""
    words = {w for text in _sentences(function) for w in re.findall(r"\w+", text)}
    return words & REFUSALS


def _sentences(function: Function) -> list[str]:
    text = ast.get_docstring(function) or ""
    # A point within a name, as in ``registry.load``, ends no sentence.
    return re.findall(r"\b[Rr]aises?\b(?:[^.]|\.(?=\w))*", text)


def _with_bases(error: str) -> Iterator[str]:
    yield error
    if error in _BASE:
        yield from _with_bases(_BASE[error])


def _raised(function: Function) -> set[str]:
    errors = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise)]
    names = {ast.unparse(error).partition("(")[0] for error in errors if error}
    return names & REFUSALS


def _calls(
    node: ast.AST, caught: frozenset[str] = frozenset()
) -> Iterator[tuple[ast.Call, frozenset[str]]]:
    """Yield the calls of a function, each with the errors that it catches there."""
    for child in ast.iter_child_nodes(node):
        within = caught
        if isinstance(node, ast.Try) and child in node.body:
            handled = (handler.type for handler in node.handlers)
            names = (ast.unparse(kind) if kind else "Exception" for kind in handled)
            within |= {name for text in names for name in re.findall(r"\w+", text)}
        if isinstance(child, ast.Call):
            yield child, within
        yield from _calls(child, within)
