# SPDX-License-Identifier: Apache-2.0
"""Read the exercises in the cells of a notebook.

A cell has the solution of an exercise between two markers. The second marker has the
starter. Behind %% stands the check, whose verdict the cell prints:

    func code(x, step float32, lo, hi int) int {
    	// solution
    	q := int(math.RoundToEven(float64(x / step)))
    	return min(max(q, lo), hi)
    	// starter: return 0
    }

    %%
    fmt.Println(exercise.E1(code))

The student's cell has the starter in place of the solution.
"""

BEGIN, END, CHECK = "// solution", "// starter:", "%%"
MOST_LINES = 8


def exercises(notebook):
    """The code cells that hold a solution."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and BEGIN in "".join(cell["source"])]


def starter(source):
    """The source of a cell with starters in place of solutions."""
    kept, solution = [], None
    for line in source.split("\n"):
        mark = line.strip()
        if mark == BEGIN:
            if solution is not None:
                raise ValueError(f"{BEGIN} twice")
            solution = []
        elif mark.startswith(END):
            if not solution or len(solution) > MOST_LINES:
                raise ValueError(f"{END} wants a solution of 1 to {MOST_LINES} lines before it")
            indent = line[: len(line) - len(line.lstrip())]
            kept += [f"{indent}// your code, at most {MOST_LINES} lines", f"{indent}{mark.removeprefix(END).strip()}".rstrip()]
            solution = None
        elif solution is None:
            kept.append(line)
        else:
            solution.append(line)
    if solution is not None:
        raise ValueError(f"{BEGIN} without {END}")
    return "\n".join(kept)
