# SPDX-License-Identifier: Apache-2.0
"""Make copies of ONNX Runtime and OpenVINO that run as on a processor with AVX2 and neither
AVX-512 nor VNNI, for bench.py: ONNX Runtime has no option for it.

    python scripts/as_avx2.py FOLDER

The copies lie in FOLDER. Each instruction CPUID in their libraries, as objdump finds it, is
UD1 there, for which the handler in FOLDER/as_avx2.so answers (as_avx2.c). What runs them has
PYTHONPATH=FOLDER and LD_PRELOAD=FOLDER/as_avx2.so.
"""

import importlib.util
import os
import pathlib
import shutil
import struct
import subprocess
import sys

CPUID, UD1 = b"\x0f\xa2", b"\x0f\xb9"


def segments(elf):
    """The offset, address and size of each part of a file of ELF that is loaded."""
    start, size, count = struct.unpack_from("<Q", elf, 32) + struct.unpack_from("<HH", elf, 54)
    for at in range(start, start + size * count, size):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", elf, at)
        if kind == 1:
            yield offset, address, length


def replace(path):
    """Replace each CPUID of a library, and return their number."""
    listing = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, text=True)
    addresses = [int(line.split(":")[0], 16) for line in listing.stdout if line.rstrip().endswith(":\tcpuid")]
    if listing.wait():
        sys.exit("as_avx2.py: objdump failed")
    elf = bytearray(path.read_bytes())
    for address in addresses:
        [at] = [offset + address - start for offset, start, length in segments(elf) if 0 <= address - start < length]
        if elf[at : at + 2] != CPUID:
            sys.exit(f"as_avx2.py: {path} has no CPUID at {address:#x}")
        elf[at : at + 2] = UD1
    path.unlink()  # the file is a link of the one that was installed
    path.write_bytes(elf)
    return len(addresses)


def main(folder):
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = pathlib.Path(__file__).with_suffix(".c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", folder / "as_avx2.so", source], check=True)
    for package in "onnxruntime", "openvino":
        source = pathlib.Path(importlib.util.find_spec(package).origin).parent
        shutil.copytree(source, folder / package, copy_function=os.link)
        number = sum(replace(path) for path in sorted((folder / package).rglob("*.so*")))
        print(f"{package} by AVX2: {number} instructions CPUID replaced", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
