"""Holds files and functions to their size budgets; prints what is over, and exits with 1."""

from __future__ import annotations

import ast
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 500
LONGEST_FUNCTION = 50
"""Lines of a body without its docstring; tests may have longer tables."""
MEDIAN_FUNCTION = 8
P90_FUNCTION = 25


def bodies(tree: ast.Module) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Each function with the number of lines in its body, its docstring left out."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            size = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            found.append((node, size))
    return found


def main() -> int:
    """Measure the source, then say what is over."""
    over, sizes = [], []
    for path in sorted((ROOT / "src").rglob("*.py")):
        text, name = path.read_text("utf-8"), path.relative_to(ROOT)
        if (lines := text.count("\n")) > LONGEST_FILE:
            over.append(f"{name}: {lines} lines; at most {LONGEST_FILE}")
        for node, size in bodies(ast.parse(text)):
            sizes.append(size)
            if size > LONGEST_FUNCTION:
                over.append(f"{name}:{node.lineno}: {node.name} has {size} lines")
    median, p90 = statistics.median(sizes), statistics.quantiles(sizes, n=10)[-1]
    if median > MEDIAN_FUNCTION or p90 > P90_FUNCTION:
        over.append(f"the typical function is too long: median {median}, p90 {p90:.0f}")
    print(*over, sep="\n", end="\n" if over else "")
    print(f"{len(sizes)} functions: median {median:g} lines, p90 {p90:.0f}, longest {max(sizes)}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
