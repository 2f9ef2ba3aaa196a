# SPDX-License-Identifier: Apache-2.0
"""Run notebooks without a browser, and write each as HTML with its figures.

    python scripts/run_notebooks.py KERNEL OUTPUT_FOLDER NOTEBOOK ...

KERNEL is the name of a kernel that scripts/kernelspec.py wrote. At the end of each cell
the script prints a row with the cell's time, and at the end of the run a table of the
notebooks. A second run is faster: its results and figures are in the cache. A cell that
fails ends its notebook. The script prints the error, writes the HTML up to that cell, runs
the other notebooks, and then fails.
"""

import pathlib
import re
import statistics
import sys
import time

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

ROW = "{:<28} {:>4} {:>9}  {}"
SUM = "{:<28} {:>5} {:>8} {:>18} {:>19}"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

# Unless these three are empty, the page loads require.js, MathJax and jQuery from other
# hosts. The figures have a runtime of their own.
EXPORTER = {"require_js_url": "", "mathjax_url": "", "jquery_url": ""}


def main(kernel, folder, *paths):
    if not paths:
        sys.exit("run_notebooks.py: no notebook given")
    kernels = KernelSpecManager().find_kernel_specs()
    if kernel not in kernels:
        sys.exit(f"run_notebooks.py: no kernel {kernel}, only {' '.join(sorted(kernels))}; make xla makes gotriovit-xla")
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    print(ROW.format("notebook", "cell", "seconds", "first line"))
    pages, failures, times = [], [], []
    for path in map(pathlib.Path, paths):
        notebook = nbformat.read(path, as_version=4)
        seconds = {}
        error = execute(notebook, path, kernel, seconds)
        times.append((path.stem, [(took, drew(notebook.cells[i])) for i, took in seconds.items()]))
        page = folder / path.with_suffix(".failed.html" if error else ".html").name
        export(notebook, page)
        pages.append(page)
        if error:
            failures.append(path)
            print(f"\n{path}: {error}\n", file=sys.stderr)
    summarize(times)
    print("\nwritten:")
    for page in pages:
        print(f"  {page}")
    if failures:
        sys.exit(f"failed: {' '.join(map(str, failures))}")


def export(notebook, page):
    """Write a notebook as one HTML file that loads nothing from any host."""
    html, _ = HTMLExporter(**EXPORTER).from_notebook_node(notebook, resources={"metadata": {"name": page.stem}})
    page.write_text(html, encoding="utf-8")


def drew(cell):
    """Whether the outputs of a cell have a figure."""
    return any("<img " in "".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", []))


def summarize(times):
    """Print a row for each notebook and one for all: the number of cells, the sum of their
    seconds, and the median seconds of a cell without and of a cell with a figure."""
    print("\n" + SUM.format("notebook", "cells", "seconds", "median of a cell", "of one with figure"))

    def median(seconds):
        return f"{statistics.median(seconds):.2f}" if seconds else "-"

    for name, cells in [*times, ("all", [cell for _, cells in times for cell in cells])]:
        plain, figures = ([took for took, figure in cells if figure == wanted] for wanted in (False, True))
        print(SUM.format(name, len(cells), f"{sum(plain) + sum(figures):.2f}", median(plain), median(figures)))


def execute(notebook, path, kernel, seconds=None, **options):
    """Run the cells of notebook in place on a kernel, in the folder of path. Return the
    error of the first cell that fails as text, or None. The dictionary seconds gets the
    time of each cell by the cell's index. The options are NotebookClient's."""
    started = {}
    seconds = {} if seconds is None else seconds

    def start(cell, cell_index):
        started[cell_index] = time.monotonic()

    def end(cell, cell_index, execute_reply=None):
        seconds[cell_index] = time.monotonic() - started.pop(cell_index)
        print(ROW.format(path.stem, cell.execution_count or "?", f"{seconds[cell_index]:.2f}", first_line(cell)), flush=True)

    begun = time.monotonic()
    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        extra_arguments=["--raw_error"],  # GoNB writes compile errors as text, not as HTML
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,  # of a progress bar only the last state is kept
        on_cell_execute=start,
        on_cell_executed=end,
        **{"timeout": None, **options},
    )
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError) as error:
        for cell_index in list(started):
            end(notebook.cells[cell_index], cell_index)
        return describe(notebook, error)
    print(ROW.format(path.stem, "all", f"{time.monotonic() - begun:.2f}", "with the kernel's start"), flush=True)
    return None


def first_line(cell):
    """The line by which a reader recognises a cell: the first one that is neither empty,
    nor a comment, nor a command of the kernel."""
    lines = [line.strip() for line in cell.source.splitlines()]
    telling = [line for line in lines if line and not line.startswith(("//", "%"))]
    return (telling or lines or [""])[0][:60]


def describe(notebook, error):
    """The error of the cell that failed. If the cell's program failed, its stderr has the
    cause. If the cell did not compile, the traceback has it."""
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        raised = [line for output in outputs for line in output.get("traceback", [])]
        if raised:
            stderr = "".join(output.text for output in outputs if output.get("name") == "stderr")
            news = [line for line in raised if line not in stderr]
            text = ESCAPES.sub("", "\n".join([stderr, *news])).strip()
            return f"cell {cell.execution_count} failed:\n{text}"
    return str(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
