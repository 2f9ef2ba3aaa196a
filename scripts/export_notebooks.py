# SPDX-License-Identifier: Apache-2.0
"""Write notebooks with their outputs as HTML, without running them.

    python scripts/export_notebooks.py OUTPUT_FOLDER NOTEBOOK ...
"""

import pathlib
import sys

import nbformat
from run_notebooks import export

if __name__ == "__main__":
    folder, *paths = map(pathlib.Path, sys.argv[1:])
    for path in paths:
        export(nbformat.read(path, as_version=4), folder / path.with_suffix(".html").name)
