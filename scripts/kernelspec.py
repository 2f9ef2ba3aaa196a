# SPDX-License-Identifier: Apache-2.0
"""Write the kernelspecs "Go (Trio-ViT)" and, where XLA's plug-in is,
"Go (Trio-ViT, XLA)" into a Python environment.

    python scripts/kernelspec.py PREFIX VARIABLE ...

The working folder is the module's, which every cell can import through a go.work
file; PREFIX is the environment, whose Jupyter then finds the kernel with no
variable set; cells are compiled and run with the present values of the VARIABLEs.
They have to be those that the build cache was filled with, or the first cell waits
for a cold build.

The paths are absolute, so the file is made on each machine and never committed.
JupyterLab's question about news, and its look for updates, are turned off: a
notebook should reach out to no host by itself.
"""

import json
import os
import pathlib
import shutil
import sys


def main(prefix, *variables):
    checkout = os.getcwd()
    env = {name: verbatim(os.environ[name]) for name in variables}
    # The tools of the checkout come first, so that GoNB finds its goimports.
    env["PATH"] = verbatim(f"{checkout}/.bin:") + "${PATH}"
    # All modules are there by now; a cell that imports another one fails at
    # once, by name, instead of downloading whatever is newest.
    env["GOPROXY"] = "off"
    # Each cell is linked anew, which takes two thirds of the time without the tables
    # of debuggers. A stack trace does not need them.
    env["GOFLAGS"] = f"{env.get('GOFLAGS', '')} -ldflags=-w".strip()
    share = pathlib.Path(prefix, "share", "jupyter")
    kernels = share / "kernels"
    write_kernel(checkout, kernels / "gotriovit", "Go (Trio-ViT)", env)
    plugin = pathlib.Path(checkout, "build", "xla", "lammps_jax_pjrt_cpu")
    if (plugin / ".ready").exists():
        env["GOFLAGS"] = f"{env['GOFLAGS']} -tags=xla"
        env["TRIOVIT_BACKEND"] = "xla"
        env["PJRT_PLUGIN_LIBRARY_PATH"] = verbatim(str(plugin))
        write_kernel(checkout, kernels / "gotriovit-xla", "Go (Trio-ViT, XLA)", env)
    else:
        shutil.rmtree(kernels / "gotriovit-xla", ignore_errors=True)
    write(
        share / "lab" / "settings" / "overrides.json",
        {
            "@jupyterlab/apputils-extension:notification": {
                "fetchNews": "false",
                "checkForUpdates": False,
            }
        },
    )


def verbatim(text):
    """Text in which Jupyter, which expands variables in a kernel's environment,
    finds none."""
    return text.replace("$", "$$")


def write_kernel(checkout, folder, name, env):
    write(
        folder / "kernel.json",
        {
            "argv": [
                f"{checkout}/.bin/gonb",
                "--kernel",
                "{connection_file}",
                f"--go_work={checkout}",
                # Its log would otherwise fill the terminal of make and of Lab.
                "--logtostderr=false",
                "--stderrthreshold=FATAL",
                f"--extra_log={checkout}/.bin/gonb.log",
            ],
            "display_name": name,
            "language": "go",
            "interrupt_mode": "message",
            "env": env,
        },
    )


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
