"""Wrong solutions made by machine: the reference with one small change in its syntax tree.

Every one is either rejected by a hidden case, or shown to be the same function: it agrees with the truth on 10,000
random problems (`equivalence`). `python -m solutions.batchnorm.machine_mutants` runs all of them.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.checking import Case, CaseFailed
from solutions.batchnorm.in_process import REFERENCE, LocalStudent


@dataclass(frozen=True)
class MachineMutant:
    """`source` is the changed function alone; `change` says what was done, for example "line 41: Add becomes Sub"."""

    change: str
    source: str


PROVED = ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt")
"""The functions that `equivalence` knows the truth of. The others have wrong solutions made by hand alone."""

Replacement = tuple[str, ast.AST]

_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.Sub),
    ast.Pow: (ast.Mult,),
}
_SWAPPED_METHODS = {"sum": "mean", "mean": "sum", "zeros": "ones", "sqrt": "abs"}


def _of_binary(node: ast.BinOp) -> Iterator[Replacement]:
    """Another operator, the operands the other way round, and each operand alone (a dropped term)."""
    for operator in _OPERATORS.get(type(node.op), ()):
        yield f"{type(node.op).__name__} becomes {operator.__name__}", ast.BinOp(node.left, operator(), node.right)
    if isinstance(node.op, ast.Sub | ast.Div | ast.Pow):
        yield "operands swapped", ast.BinOp(node.right, node.op, node.left)
    yield f"{ast.unparse(node.right)} dropped", node.left
    yield f"{ast.unparse(node.left)} dropped", node.right


def _of_constant(node: ast.Constant) -> Iterator[Replacement]:
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        others: list[object] = [node.value + 1, node.value * 2 or 2, -node.value or -1]
    elif isinstance(node.value, str):
        others = [node.value + "_"]
    else:
        others = []
    for other in others:
        yield f"{node.value!r} becomes {other!r}", ast.Constant(other)


def _of_call(node: ast.Call) -> Iterator[Replacement]:
    """A missing keyword or last argument, and the argument instead of the call."""
    for keyword in node.keywords:
        kept = [other for other in node.keywords if other is not keyword]
        yield f"{keyword.arg} left out", ast.Call(node.func, node.args, kept)
    if len(node.args) > 1:
        yield "last argument left out", ast.Call(node.func, node.args[:-1], node.keywords)
    if isinstance(node.func, ast.Attribute):
        value = node.func.value
        yield "call left out", node.args[0] if isinstance(value, ast.Name) and value.id == "np" else value


def _of_attribute(node: ast.Attribute) -> Iterator[Replacement]:
    if node.attr in _SWAPPED_METHODS:
        other = _SWAPPED_METHODS[node.attr]
        yield f"{node.attr} becomes {other}", ast.Attribute(node.value, other, node.ctx)


def _of_compare(node: ast.Compare) -> Iterator[Replacement]:
    yield "== becomes !=", ast.Compare(node.left, [ast.NotEq()], node.comparators)
    yield "always true", ast.Constant(True)
    yield "always false", ast.Constant(False)


def _of_unary(node: ast.UnaryOp) -> Iterator[Replacement]:
    yield "sign dropped", node.operand


def _of_tuple(node: ast.Tuple) -> Iterator[Replacement]:
    """Neighbours in the wrong order, in what is returned, cached or unpacked."""
    for i in range(len(node.elts) - 1):
        swapped = [*node.elts]
        swapped[i], swapped[i + 1] = swapped[i + 1], swapped[i]
        yield f"elements {i} and {i + 1} swapped", ast.Tuple(swapped, node.ctx)


_CHANGES: dict[type[ast.AST], Callable[..., Iterator[Replacement]]] = {
    ast.BinOp: _of_binary,
    ast.Constant: _of_constant,
    ast.Call: _of_call,
    ast.Attribute: _of_attribute,
    ast.Compare: _of_compare,
    ast.UnaryOp: _of_unary,
    ast.Tuple: _of_tuple,
}


def _names_in(function: ast.FunctionDef) -> list[str]:
    """Parameters and locals of a function, in order of appearance."""
    names = [argument.arg for argument in function.args.args]
    names += [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(names))


def _replacements(function: ast.FunctionDef, node: ast.AST) -> Iterator[Replacement]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        names = _names_in(function)
        if node.id in names:
            for other in names:
                if other != node.id:
                    yield f"{node.id} becomes {other}", ast.Name(other, ast.Load())
    elif isinstance(node, ast.Assign):
        yield f"{ast.unparse(node.targets[0])} not assigned", ast.Pass()
    else:
        yield from _CHANGES.get(type(node), lambda _: iter(()))(node)


def machine_mutants(source: str = REFERENCE) -> list[MachineMutant]:
    """Every single change of the PROVED functions in `source`, without duplicates."""
    found: dict[str, MachineMutant] = {}
    for function in ast.parse(source).body:
        if not isinstance(function, ast.FunctionDef) or function.name not in PROVED:
            continue
        function.body = [item for item in function.body if not _is_docstring(item)]
        found[ast.unparse(function)] = MachineMutant("unchanged", "")
        for path, node in _walk(function):
            for what, new in _replacements(function, node):
                changed = copy.deepcopy(function)
                _put(changed, path, copy.deepcopy(new))
                text = ast.unparse(ast.fix_missing_locations(changed))
                found.setdefault(text, MachineMutant(f"line {getattr(node, 'lineno', 0)}: {what}", text))
    return [mutant for mutant in found.values() if mutant.source]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


Path = tuple[tuple[str, int | None], ...]
"""The way from a node to one below it: field names, with an index where the field is a list."""


def _walk(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.AST]]:
    for field, value in ast.iter_fields(node):
        below = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in below:
            if isinstance(child, ast.AST):
                yield (*path, (field, index)), child
                yield from _walk(child, (*path, (field, index)))


def _put(node: ast.AST, path: Path, new: ast.AST) -> None:
    for field, index in path[:-1]:
        node = getattr(node, field) if index is None else getattr(node, field)[index]
    field, index = path[-1]
    if index is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[index] = new


def rejected(cases: list[Case], mutant: MachineMutant) -> bool:
    """Does any hidden case fail? Stops at the first."""
    student = LocalStudent(mutant.source)
    for case in cases:
        try:
            case.run(student)
        except CaseFailed:
            return True
    return False


def main() -> int:
    """Run every machine-made mutant; print the ones nobody can tell from the reference. Exit 1 if a wrong one lives."""
    from solutions.batchnorm.cases import make_cases
    from solutions.batchnorm.equivalence import RandomProblems

    cases, mutants = make_cases("machine mutants"), machine_mutants()
    living = [mutant for mutant in mutants if not rejected(cases, mutant)]
    problems = RandomProblems("machine mutants", 10_000)
    wrong = []
    for mutant in living:
        difference = problems.difference(mutant.source)
        print(f"{'same function' if difference is None else 'WRONG'}  {mutant.change}  {difference or ''}")
        if difference is not None:
            wrong.append(mutant)
    print(
        f"machine-made: {len(mutants) - len(living)} of {len(mutants)} rejected, "
        f"{len(living) - len(wrong)} agree with the truth on {len(problems)} random problems, {len(wrong)} wrong alive"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
