# SPDX-License-Identifier: Apache-2.0
"""Make the students' notebooks, and grade the notebooks that students hand in.

    python3 scripts/lesson.py student FOLDER NOTEBOOK ...
    python scripts/lesson.py grade KERNEL FOLDER NOTEBOOK

The notebooks of the repository are the instructor's. scripts/solutions.py describes how a
cell holds an exercise, its solution, its starter and its check.

From a notebook that a student hands in, grade takes the text before %% in the cells of
exercises, and the cells that the student has added. All other text is the repository's. It
runs the notebook in the folder of the repository's notebooks. It writes the verdicts into
FOLDER/NAME.json, and the notebook with its outputs into FOLDER/NAME.ipynb. The exit status
is 1 if an exercise does not pass. The environment variable TRIOVIT_EXERCISE_SEED is the
hidden seed. The student's code runs with the rights of the person who grades: grade the
notebooks of strangers in a container.
"""

import copy
import json
import pathlib
import re
import sys

from check_notebooks import clean
from solutions import CHECK, exercises, starter

SECONDS_PER_CELL = 600

NOTEBOOKS = pathlib.Path(__file__).parent.parent / "notebooks"
CALL = re.compile(r"exercise\.(E\d+)\(")
VERDICT = re.compile(r"^(E\d+) (passed|not yet): (.*)$", re.MULTILINE)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def main(command, *arguments):
    try:
        sys.exit({"student": student, "grade": grade}[command](*arguments))
    except (OSError, ValueError) as error:
        sys.exit(f"lesson.py: {error}")


def student(folder, *paths):
    """Write the student's version of each notebook into a folder."""
    folder = pathlib.Path(folder)
    if folder.resolve() == NOTEBOOKS.resolve():
        raise ValueError(f"{folder} has the notebooks with the solutions: another folder is needed")
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(pathlib.Path, paths):
        notebook = begun(read(path), path.stem)
        write(folder / path.name, notebook)
        print(folder / path.name)


def begun(notebook, name):
    """The student's version of a notebook. Its metadata has the notebook's name."""
    notebook = copy.deepcopy(notebook)
    clean(notebook)
    notebook["metadata"]["lesson"] = name
    for cell in exercises(notebook):
        cell["source"] = starter(cell["source"])
    return notebook


def grade(kernel, folder, path):
    """Run a notebook that was handed in, and write the verdicts on its exercises."""
    path, folder = pathlib.Path(path), pathlib.Path(folder)
    handed = read(path)
    name = handed["metadata"].get("lesson", path.stem)
    original = NOTEBOOKS / f"{pathlib.PurePath(name).name}.ipynb"
    if not original.exists():
        raise ValueError(f"{path}: the repository has no notebook {name}, only {' '.join(sorted(p.stem for p in NOTEBOOKS.glob('*.ipynb')))}")
    source = read(original)
    if not exercises(source):
        raise ValueError(f"{path}: {original.name} has no exercise")
    done = run(restored(source, handed), original, kernel)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / f"{path.stem}.ipynb", done)
    result = report(source, done, path.name)
    write(folder / f"{path.stem}.json", result)
    for v in result["verdicts"]:
        print(f"{v['exercise']} {'passed' if v['passed'] else 'not yet'}: {v['says']}")
    print(f"{result['passed']} of {len(result['verdicts'])} exercises pass: {folder / path.stem}.json")
    return 0 if result["passed"] == len(result["verdicts"]) else 1


def restored(source, handed):
    """A notebook to grade: the repository's notebook with the student's answers and further
    cells. An exercise whose cell the student has deleted has its starter."""
    own, answers, before = {None: []}, {}, None
    known = {cell["id"] for cell in source["cells"]}
    for cell in handed["cells"]:
        if cell.get("id") in known:
            before = cell["id"]
            own.setdefault(before, [])
            answers[before] = cell["source"]
        else:
            own[before].append(cell)
    notebook = begun(source, "")
    holders = {cell["id"] for cell in exercises(source)}
    cells = list(own[None])
    for cell in notebook["cells"]:
        if cell["id"] in holders and cell["id"] in answers:
            answer, _, _ = f"\n{answers[cell['id']]}".partition(f"\n{CHECK}")
            _, _, check = cell["source"].partition(f"\n{CHECK}")
            cell["source"] = f"{answer.lstrip()}\n{CHECK}{check}"
        cells += [cell, *own.get(cell["id"], [])]
    notebook["cells"] = cells
    clean(notebook)
    return notebook


def run(notebook, original, kernel):
    """A notebook with its outputs. All cells are run, even if some fail."""
    import nbformat
    from run_notebooks import execute

    notebook = nbformat.from_dict(notebook)
    execute(notebook, original, kernel, allow_errors=True, timeout=SECONDS_PER_CELL, interrupt_on_timeout=True)
    return notebook


def report(source, done, name):
    """The verdicts on the exercises of a notebook that was run."""
    cells = {cell["id"]: cell for cell in done["cells"]}
    verdicts = []
    for cell in exercises(source):
        for exercise in CALL.findall(cell["source"]):
            verdicts.append({"exercise": exercise, **verdict(exercise, cells[cell["id"]].get("outputs", []))})
    return {"notebook": name, "passed": sum(v["passed"] for v in verdicts), "verdicts": verdicts}


def verdict(exercise, outputs):
    """The last verdict on an exercise that a cell has printed, or the reason why there is none."""
    printed = "".join("".join(o["text"]) for o in outputs if o.get("name") == "stdout")
    for found, word, says in reversed(VERDICT.findall(printed)):
        if found == exercise:
            return {"passed": word == "passed", "says": says}
    trouble = "\n".join("".join(o.get("text", "")) if o.get("name") == "stderr" else "\n".join(o.get("traceback", [])) for o in outputs)
    told = [line.strip() for line in ESCAPES.sub("", trouble).splitlines() if line.strip()]
    return {"passed": False, "says": "no verdict: " + " ".join(told or ["the cell printed none"])[:500]}


def read(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(notebook, dict) or "cells" not in notebook or "metadata" not in notebook:
        raise ValueError(f"{path} is no notebook")
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])  # a file has the source as one text or as lines
    return notebook


def write(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
