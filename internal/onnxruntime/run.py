# SPDX-License-Identifier: Apache-2.0
"""Run ONNX models in ONNX Runtime, for package onnxruntime.

    python run.py FOLDER

Each folder in FOLDER holds model.onnx and inputs.json, a list of [name, shape, file]
of arrays of the type that the model takes. A model runs on two pictures at a time, along
the first axis of its inputs: that bounds the memory, and tries the free axis. Its
outputs are written as 0.output, 1.output and so on.
"""

import json
import pathlib
import sys

import numpy
import onnxruntime

onnxruntime.set_default_logger_severity(3)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1

for folder in pathlib.Path(sys.argv[1]).iterdir():
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    types = {i.name: {"tensor(float)": numpy.float32, "tensor(int32)": numpy.int32}[i.type] for i in session.get_inputs()}
    inputs = {
        name: numpy.fromfile(folder / file, types[name]).reshape(shape)
        for name, shape, file in json.loads((folder / "inputs.json").read_text())
    }
    files = [open(folder / f"{i}.output", "wb") for i in range(len(session.get_outputs()))]
    for n in range(0, min(len(x) for x in inputs.values()), 2):
        outputs = session.run(None, {name: x[n : n + 2] for name, x in inputs.items()})
        for file, output in zip(files, outputs):
            file.write(output.tobytes())
    for file in files:
        file.close()
