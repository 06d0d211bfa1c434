"""How the code is built, in numbers: ``python -m tests.architecture.figures``.

Production code is what the four packages hold, without migrations. A line of code holds
a token that is neither a comment nor a docstring.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import grimp

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("running", "config", "labeling", "activelearn")
Function = ast.FunctionDef | ast.AsyncFunctionDef

_SILENT: Final = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT),
    *(tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER),
}
_BRANCHES: Final = (
    *(ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler),
    *(ast.match_case, ast.comprehension, ast.Assert),
)
_SQL: Final = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT INTO|UPDATE \w+.*\sSET|DELETE FROM|"
    r"CREATE (TEMP )?(TABLE|INDEX|FUNCTION|VIEW)|ON CONFLICT|ORDER BY|WHERE)\b",
    re.DOTALL,
)


# What is said to people: our own errors, and the framework's that the API raises.
REFUSALS: Final = {
    *re.findall(
        r"^class (\w+)", (ROOT / "labeling/errors.py").read_text(), re.MULTILINE
    ),
    *("AuthenticationFailed", "NotAuthenticated", "ParseError"),
}


@dataclass(frozen=True)
class Source:
    """A file of Python with its tree."""

    path: Path
    text: str
    tree: ast.Module = field(repr=False)

    @property
    def name(self) -> str:
        """Its path from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def lines(self) -> int:
        """All of its lines."""
        return len(self.text.splitlines())

    @property
    def functions(self) -> list[Function]:
        """Every function and method, nested ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]


def sources(*folders: str) -> list[Source]:
    """Return the files of some folders; migrations are left out."""
    paths = sorted(path for name in folders for path in (ROOT / name).rglob("*.py"))
    return [_parsed(path) for path in paths if "migrations" not in path.parts]


@cache
def _parsed(path: Path) -> Source:
    """Parse a file once: to parse all the tests takes seconds."""
    text = path.read_text(encoding="utf-8")
    return Source(path, text, ast.parse(text))


def names(source: Source) -> set[str]:
    """Return the names that stand in the code of a file."""
    return {token.string for token in _tokens(source) if token.type == tokenize.NAME}


def _tokens(source: Source) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source.text).readline)


def _docstrings(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and node.body:
            match node.body[0]:
                case ast.Expr(value=ast.Constant(value=str()) as text):
                    yield text


def code_lines(source: Source) -> int:
    """Return how many lines hold code."""
    documented = {
        line
        for text in _docstrings(source.tree)
        for line in range(text.lineno, (text.end_lineno or 0) + 1)
    }
    with_code = {
        line
        for token in _tokens(source)
        if token.type not in _SILENT
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(with_code - documented)


def comments(source: Source) -> list[str]:
    """Return its comments, those for tools left out."""
    remarks = (
        token.string for token in _tokens(source) if token.type == tokenize.COMMENT
    )
    return [
        text for text in remarks if not re.match(r"#\s*(noqa|type:|!|pragma)", text)
    ]


def comments_per_100(every: Sequence[Source]) -> float:
    """Return the comments for each 100 lines of code."""
    return 100 * sum(len(comments(s)) for s in every) / sum(map(code_lines, every))


def length(function: Function) -> int:
    """Return a function's lines, from its ``def`` to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def decisions(function: Function) -> int:
    """Return McCabe's number, where each ``and`` and ``or`` counts too.

    McCabe, "A Complexity Measure", IEEE Transactions on Software Engineering 1976.
    """
    branches = sum(isinstance(node, _BRANCHES) for node in ast.walk(function))
    operators = sum(
        len(node.values) - 1
        for node in ast.walk(function)
        if isinstance(node, ast.BoolOp)
    )
    return 1 + branches + operators


def is_typed(function: Function) -> bool:
    """Whether every argument and the result have a type."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    packed = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    typed = all(
        argument.annotation or argument.arg in ("self", "cls")
        for argument in (*named, *packed)
    )
    return typed and function.returns is not None


def sql_lines(source: Source) -> int:
    """Return how many lines of SQL stand inside strings of Python."""
    documented = {id(text) for text in _docstrings(source.tree)}
    inside = {
        id(part)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    numbers: set[int] = set()
    for node in ast.walk(source.tree):
        if id(node) in documented | inside:
            continue
        text = _written(node)
        if text and _SQL.search(text):
            numbers.update(range(node.lineno, (node.end_lineno or 0) + 1))  # type: ignore[attr-defined] # an expression
    return len(numbers)


def _written(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        return " x ".join(str(part) for part in parts)
    return ""


def refusals_untold(source: Source) -> list[str]:
    """Return the public functions and methods that raise an error and do not say so."""
    bodies = [
        source.tree.body,
        *(
            node.body
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef)
        ),
    ]
    return [
        f"{source.name}:{function.lineno} {function.name}"
        for body in bodies
        for function in body
        if isinstance(function, Function) and not function.name.startswith("_")
        if any(_raised(node) for node in ast.walk(function))
        if not re.search(r"\b[Rr]aises?\b", ast.get_docstring(function) or "")
    ]


def _raised(node: ast.AST) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = error.id if isinstance(error, ast.Name) else getattr(error, "attr", "")
    return name.endswith("Error")


def untranslated(source: Source) -> list[str]:
    """Return the refusals whose words nobody can translate, each with its line.

    A bare text, or one with values in it, as the words of an error or in its ``errors``.
    """
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    words: list[ast.AST] = []
    for call in calls:
        name = ast.unparse(call.func).rpartition(".")[2]
        # What is said word for word is a person's or a library's, and not ours.
        if name in {*REFUSALS, "verbatim"}:
            words += call.args[:1]
        words += [
            entry
            for keyword in call.keywords
            if keyword.arg == "errors"
            for inside in ast.walk(keyword.value)
            if isinstance(inside, ast.List)
            for entry in inside.elts
        ]
        if name in ("_", "sentence", "noop", "message"):
            words += [text for text in call.args[:1] if isinstance(text, ast.JoinedStr)]
    return [
        f"{source.name}:{text.lineno}"
        for text in words
        if isinstance(text, ast.JoinedStr)
        or (isinstance(text, ast.Constant) and isinstance(text.value, str))
    ]


def variables(every: Sequence[Source], *names: str) -> int:
    """Return how often something is named so: a variable or a parameter."""
    return sum(
        (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.arg) and node.arg in names)
        for source in every
        for node in ast.walk(source.tree)
    )


def types(every: Sequence[Source]) -> dict[str, list[str]]:
    """Return the files with a public class or alias of a type at their top, by the name.

    An alias that is written alike in several files is one type. ``Kind = Model.Kind``
    only shortens a name.
    """
    named: dict[str, dict[str, str]] = defaultdict(dict)
    for source in every:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named[node.name][source.name] = source.name
            elif (alias := _alias(node)) is not None:
                named[alias[0]].setdefault(alias[1], source.name)
    return {name: list(places.values()) for name, places in named.items()}


def _alias(node: ast.stmt) -> tuple[str, str] | None:
    """Return the name and the form of a type that has another name here."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return None
    if not isinstance(target, ast.Name) or not re.fullmatch(
        r"[A-Z]\w*[a-z]\w*", target.id
    ):
        return None
    is_short = isinstance(value, ast.Attribute | ast.Constant)
    return None if is_short else (target.id, ast.unparse(value))


def bare_functions(every: Sequence[Source]) -> dict[str, set[str]]:
    """Return from which modules a function is imported by its bare name, by the name."""
    public = {
        (source.name.removesuffix(".py").replace("/", "."), function.name)
        for source in every
        for function in source.functions
    }
    named: dict[str, set[str]] = defaultdict(set)
    for source in every:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if not alias.asname and (node.module, alias.name) in public:
                        named[alias.name].add(node.module)
    return named


def own_patches(source: Source) -> list[str]:
    """Return what a test patches of our own code; clock and chance may be set."""
    modules = _imported(source)
    targets = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func)
            if re.search(
                r"(\.(setattr|setitem|delattr|delitem)|\bpatch(\.\w+)?)$", name
            ):
                targets.append(ast.unparse(node.args[0]))
        elif isinstance(node, ast.Assign | ast.AugAssign):
            # A value of a module; those of an object are its own business.
            targets += [
                ast.unparse(target)
                for target in getattr(node, "targets", [getattr(node, "target", None)])
                if isinstance(target, ast.Attribute)
                and ast.unparse(target.value) in modules
                and target.attr.isupper()
            ]
    return [
        target
        for target in targets
        if target.strip("'\"").partition(".")[0] in {*modules, *PACKAGES}
        if not re.search(r"\.(time|random)(\.\w+)?['\"]?$", target)
    ]


def _imported(source: Source) -> set[str]:
    """Return the names under which a file imports what is ours."""
    names = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            whole = {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {alias.asname or alias.name: node.module for alias in node.names}
        else:
            continue
        names |= {
            name for name, path in whole.items() if path.partition(".")[0] in PACKAGES
        }
    return names


def imports() -> dict[str, set[str]]:
    """Return the modules that each module imports, by the module."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }


def rooms_of(imports: Mapping[str, AbstractSet[str]]) -> dict[str, set[str]]:
    """Return the packages that each package imports, by the package.

    A module at the top of an app (``labeling.errors``) is a room of its own.
    """
    packages = {module.rpartition(".")[0] for module in imports}
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, imported in imports.items():
        room = _room_of(module, packages)
        rooms[room] |= {_room_of(name, packages) for name in imported} - {room}
    return rooms


def _room_of(module: str, packages: AbstractSet[str]) -> str:
    package = module if module in packages else module.rpartition(".")[0]
    return package if "." in package else module


def circle(imports: Mapping[str, AbstractSet[str]]) -> list[str]:
    """Return what imports each other in a circle; nothing where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def tests_of(every: Sequence[Source]) -> list[Function]:
    """Return the test functions."""
    return [
        function
        for source in every
        for function in source.functions
        if function.name.startswith("test_")
    ]


def table() -> list[tuple[str, str]]:
    """Return the figures, each with its name."""
    every, tests = sources(*PACKAGES), sources("tests")
    code = sum(map(code_lines, every))
    sizes = [source.lines for source in every]
    functions = [function for source in every for function in source.functions]
    lengths = [length(function) for function in functions]
    long, very_long = (sum(n > most for n in lengths) for most in (25, 50))
    public = [function for function in functions if not function.name.startswith("_")]
    told = sum(bool(ast.get_docstring(function)) for function in public)
    text = "\n".join(source.text for source in every)
    proofs = tests_of(tests)
    sql = [
        path.read_text() for name in PACKAGES for path in (ROOT / name).rglob("*.sql")
    ]
    longest = max(every, key=lambda source: source.lines)
    worst = max(functions, key=decisions)
    untold = [name for source in every for name in refusals_untold(source)]
    return [
        ("files / lines / code lines", f"{len(every)} / {sum(sizes)} / {code}"),
        (
            "file median / p90 / longest",
            f"{median(sizes):.0f} / {quantiles(sizes, n=10)[-1]:.0f} / {longest.lines} ({longest.name})",
        ),
        ("files over 300 lines", str(sum(size > 300 for size in sizes))),
        (
            "functions: median / p90 / > 25 / > 50 lines",
            f"{median(lengths):.0f} / {quantiles(lengths, n=10)[-1]:.0f} / {long / len(lengths):.1%} / {very_long / len(lengths):.1%}",
        ),
        (
            "longest function; most decisions",
            f"{max(lengths)}; {decisions(worst)} ({worst.name})",
        ),
        ("typed functions", f"{sum(map(is_typed, functions)) / len(functions):.1%}"),
        ("public functions with docstring", f"{told / len(public):.1%}"),
        ("public functions that refuse without “Raises”", str(len(untold))),
        *(
            (f"comments per 100 code lines: {part}", f"{comments_per_100(some):.1f}")
            for part in ("", "labeling/services/", "activelearn/services/")
            if (some := [source for source in every if source.name.startswith(part)])
        ),
        ("except Exception", str(len(re.findall(r"except (Base)?Exception", text)))),
        ("a circle of modules", " → ".join(circle(imports())) or "none"),
        ("a circle of rooms", " → ".join(circle(rooms_of(imports()))) or "none"),
        (
            "noqa / type: ignore",
            f"{text.count('# noqa')} / {text.count('# type: ignore')}",
        ),
        ("SQL lines in strings", str(sum(map(sql_lines, every)))),
        ("SQL lines in .sql files", str(sum(len(text.splitlines()) for text in sql))),
        (
            "names “found” / “one”",
            f"{variables(every, 'found')} / {variables(every, 'one')}",
        ),
        (
            "tests per 1,000 code lines; median length",
            f"{1000 * len(proofs) / code:.0f} ({len(proofs)}); {median(map(length, proofs)):.0f}",
        ),
        ("test lines : code lines", f"{sum(map(code_lines, tests)) / code:.2f}"),
    ]


if __name__ == "__main__":
    for _name, _value in table():
        print(f"{_name:48} {_value}")  # noqa: T201 (a command)
