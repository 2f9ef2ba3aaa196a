# SPDX-License-Identifier: Apache-2.0
"""Refuse notebooks that are stored with outputs, for another kernel, or with an exercise
whose solution is not marked as scripts/solutions.py says.

    python3 scripts/check_notebooks.py NOTEBOOK ...

Outputs bloat the history, leak the paths of the machine they were made on, and
show numbers that the code may no longer give. --strip removes them in place.
Only the standard library is needed.
"""

import json
import pathlib
import sys

from solutions import exercises, starter

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
    for cell in exercises(notebook):
        try:
            starter("".join(cell["source"]))
        except ValueError as error:
            yield f"cell {cell['id']}: {error}"


if __name__ == "__main__":
    main(*sys.argv[1:])
