# SPDX-License-Identifier: Apache-2.0
"""Write the kernelspec "Go (Trio-ViT)" into a Python environment, and also
"Go (Trio-ViT, XLA)" if XLA's plug-in is installed.

    python scripts/kernelspec.py PREFIX VARIABLE ...

The working folder is the module's. Every cell can import the module through a go.work
file. PREFIX is the folder of the environment; Jupyter there finds the kernel without any
variable. Cells are compiled and run with the present values of the VARIABLEs. These must be
the values with which the build cache was filled, or the first cell compiles everything.

The paths are absolute, so each machine needs its own file, which is never committed.
JupyterLab's question about news and its search for updates are switched off, so that a
notebook contacts no host by itself.
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
    # All modules are downloaded already. A cell that imports another module fails at
    # once, with the module's name, and does not download its newest version. With a bundle
    # GOPROXY is one of the variables: Go verifies its toolchain anew in each cell's folder,
    # and without a checksum database it accepts a toolchain only from a proxy of files.
    env.setdefault("GOPROXY", "off")
    # Each cell is linked anew, which takes two thirds of the time without the tables
    # of debuggers. A stack trace does not need them.
    env["GOFLAGS"] = f"{env.get('GOFLAGS', '')} -ldflags=-w".strip()
    share = pathlib.Path(prefix, "share", "jupyter")
    kernels = share / "kernels"
    write_kernel(checkout, kernels / "gotriovit", "Go (Trio-ViT)", env)
    plugin = pathlib.Path(checkout, "build", "xla", "lammps_jax_pjrt_cpu")
    if (plugin / ".ready").exists():
        env["GOFLAGS"] = f"{env['GOFLAGS']} -tags=xla"
        env["CGO_ENABLED"] = "1"
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
    """Text that Jupyter leaves as it is: Jupyter expands variables in a kernel's
    environment, so each $ is doubled."""
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
                # Without these flags the log would fill the terminal of make and of JupyterLab.
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
