# SPDX-License-Identifier: Apache-2.0
"""Refuse notebooks that are stored with outputs, that are stored for another kernel, whose
solutions are not marked as scripts/solutions.py says, or that break a rule for lessons.

    python3 scripts/check_notebooks.py NOTEBOOK ...

Outputs make the history large, show the paths of the machine that ran the notebook, and
have numbers that the code may no longer give. --strip removes outputs in place.

A lesson asks one question in at most 12 cells. A code cell has at most 15 lines. The first
cell has the goal, the time and the required reading. The first code cell is one line. The
text has no measured number: a cell computes each percentage, each decimal and each number
of three digits or more, and shows it by charts.Markdown. Text in `code`, in a link's
address or in a fenced block may have such numbers. Years are allowed everywhere.
The script needs only the standard library.
"""

import json
import pathlib
import re
import sys

from solutions import exercises, starter

MOST_CELLS, MOST_LINES = 12, 15
HEAD = ("**Goal**", "**Time**", "**Before**")

# The parts of Markdown that are not narrative, and the numbers that narrative must not have.
NO_NARRATIVE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>", re.DOTALL)
MEASURED = re.compile(r"\d[\d.,]*\s*%|\d+\.\d+|\d{1,3}(?:[,\u202f]\d{3})+|\d{3,}")
YEAR = re.compile(r"(19|20)\d\d")

KERNEL = {"name": "gotriovit", "display_name": "Go (Trio-ViT)", "language": "go"}


def main(*arguments):
    strip = "--strip" in arguments
    problems = []
    for path in [pathlib.Path(name) for name in arguments if name != "--strip"]:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if strip:
            clean(notebook)
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        problems += [f"{path}: {problem}" for problem in check(notebook)]
    if problems:
        sys.exit("\n".join(problems))


def clean(notebook):
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"] = {"kernelspec": KERNEL, "language_info": {"name": "go"}}


def check(notebook):
    if notebook["metadata"].get("kernelspec") != KERNEL:
        yield f"kernelspec is {notebook['metadata'].get('kernelspec')}, must be {KERNEL}: make strip sets it"
    for number, cell in enumerate(notebook["cells"], 1):
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"cell {number} is stored with outputs or an execution count: make strip removes them"
    yield from lesson(notebook["cells"])
    for cell in exercises(notebook):
        try:
            starter("".join(cell["source"]))
        except ValueError as error:
            yield f"cell {cell['id']}: {error}"


def lesson(cells):
    """The rules for lessons that the cells break."""
    if len(cells) > MOST_CELLS:
        yield f"{len(cells)} cells: at most {MOST_CELLS} are allowed, since a notebook asks one question"
    for word in HEAD:
        if cells and (cells[0]["cell_type"] != "markdown" or word not in "".join(cells[0]["source"])):
            yield f"cell 1 is no Markdown with {word}: a reader decides by it"
    first = True
    for number, cell in enumerate(cells, 1):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for digits in measured(source):
                yield f"cell {number} types {digits!r}: numbers go stale, so a cell computes them and shows them by charts.Markdown"
            continue
        lines = source.count("\n") + 1
        if first and lines > 1:
            yield f"cell {number}, the first of code, has {lines} lines: one is allowed, since imports are added by themselves"
        elif lines > MOST_LINES:
            yield f"cell {number} has {lines} lines: at most {MOST_LINES} are allowed, and what is no lesson belongs into a package"
        first = False


def measured(markdown):
    """The numbers in a text that only a measurement can give."""
    return [m[0] for m in MEASURED.finditer(NO_NARRATIVE.sub(" ", markdown)) if not YEAR.fullmatch(m[0])]


if __name__ == "__main__":
    main(*sys.argv[1:])
