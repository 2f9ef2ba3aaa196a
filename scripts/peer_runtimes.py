# SPDX-License-Identifier: Apache-2.0
"""Time the networks in ONNX Runtime and OpenVINO, for bench.py: reads the name of a case
per line and answers with the milliseconds of one batch. In a case such as "B1-224/jpeg32"
Pillow decodes and resizes the files of so many pictures, each core one after the other, and
the runtime's streams answer them.

    python scripts/peer_runtimes.py FOLDER                       # make the models
    python scripts/peer_runtimes.py FOLDER onnxruntime fp32|int8
    python scripts/peer_runtimes.py FOLDER openvino fp32|int8
    python scripts/peer_runtimes.py FOLDER onnxruntime|openvino fp32|int8 avx2

FOLDER holds the files that `benchforward FOLDER` wrote. The first call writes four models
of each case beside them. The ONNX models in float have the fixed batch of the case; their
logits in each runtime are compared with those of the file, within 1e-3 of their deviation.
The models of 8 bits are made from them as the runtimes' manuals say: by ONNX Runtime's
static quantization (QDQ, unsigned activations, signed weights with a scale for each output
channel), and by NNCF's post-training quantization.

With avx2 the runtime is a copy that as_avx2.py has made, and nothing is timed if the copy has
not asked as_avx2.so for the processor's extensions.
"""

import concurrent.futures
import ctypes
import functools
import json
import os
import pathlib
import re
import sys
import threading
import time

import numpy as np

CASES = {"B1-224": (1, 8), "Seg-B0-704x960": (1,)}
# How Pillow resizes a picture, as the artefacts' pipelines do: the shorter side first, or None,
# then the size that is left.
PIPELINES = {"B1-224": (236, (224, 224), "BICUBIC"), "Seg-B0-704x960": (None, (960, 704), "BILINEAR")}
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


# --- Making the models ---------------------------------------------------------------------


class Graph:
    """An ONNX graph of one network. Maps are [N, C, H, W], the attention's tensors
    [N, heads, d, tokens]."""

    def __init__(self, operations, tensors, batch):
        from onnx import numpy_helper

        self.numpy_helper = numpy_helper
        self.nodes, self.initializers, self.batch = [], [], batch
        for op in operations:
            params = [self.constant(p["Name"], tensors[p["Name"]]) for p in op["Params"] or []]
            getattr(self, op["Kind"])(op, op["Name"], *(op["Inputs"] or []), *params)

    def constant(self, name, value):
        if name not in {t.name for t in self.initializers}:
            self.initializers.append(self.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def integers(self, name, values):
        return self.constant(name, np.array(values, np.int64))

    def reshape(self, x, y, shape):
        return self.node("Reshape", [x, self.integers(y + ".shape", shape)], y)

    def transpose(self, x):  # the last two axes
        name = x + ".T"
        if name not in {n.name for n in self.nodes}:
            self.node("Transpose", [x], name, perm=[0, 1, 3, 2])
        return name

    def Input(self, op, y):
        pass

    def Conv(self, op, y, *x):
        k = op["Kernel"]
        self.node("Conv", x, y, group=op["Groups"], strides=[op["Stride"]] * 2, pads=[k // 2] * 4, kernel_shape=[k, k])

    def LayerNorm(self, op, y, *x):
        self.node("LayerNormalization", x, y, axis=-1, epsilon=op["Eps"])

    def Linear(self, op, y, *x):
        self.node("Gemm", x, y, transB=1)

    def Hardswish(self, op, y, x):
        self.node("HardSwish", [x], y)

    def ReLU(self, op, y, x):
        self.node("Relu", [x], y)

    def Add(self, op, y, *x):
        self.node("Add", x, y)

    def Concat(self, op, y, *x):
        self.node("Concat", x, y, axis=1)

    def GlobalAvgPool(self, op, y, x):
        self.reshape(self.node("GlobalAveragePool", [x], y + ".map"), y, [self.batch, -1])

    def Upsample(self, op, y, x):
        scales = self.constant(y + ".scales", np.array([1, 1, op["Factor"], op["Factor"]], np.float32))
        self.node("Resize", [x, "", scales], y, mode="cubic", cubic_coeff_a=-0.75, coordinate_transformation_mode="half_pixel")

    def Heads(self, op, y, x):
        tokens, heads, d = op["Shape"]
        all = x + ".heads"
        if all not in {n.name for n in self.nodes}:
            self.reshape(x, all, [self.batch, heads, 3 * d, tokens])
        bounds = [self.integers(y + name, [at]) for name, at in ((".from", op["Part"] * d), (".to", (op["Part"] + 1) * d), (".axis", 2))]
        self.node("Slice", [all, *bounds], y)

    def MergeHeads(self, op, y, x):
        h, w, c = op["Shape"]
        self.reshape(x, y, [self.batch, c, h, w])

    def MatMul(self, op, y, a, b):
        self.node("MatMul", [a, self.transpose(b)] if op["OverTokens"] else [self.transpose(b), a], y)

    def SumTokens(self, op, y, x):
        self.node("ReduceSum", [x, self.integers(y + ".axes", [3])], y, keepdims=1)

    def Divide(self, op, y, a, b):
        eps = self.constant(y + ".eps", np.array(op["Eps"], np.float32))
        self.node("Div", [a, self.node("Add", [b, eps], y + ".divisor")], y)


def make(folder):
    import onnx
    from onnx import TensorProto, helper
    from safetensors import safe_open

    for network, batches in CASES.items():
        with safe_open(folder / f"{network}.safetensors", "np") as f:
            operations = json.loads(f.metadata()["operations"])
            tensors = {name: f.get_tensor(name) for name in f.keys()}
        picture = tensors["picture"].transpose(2, 0, 1)[None].copy()
        np.save(folder / f"{network}.npy", picture)
        for n in batches:
            graph = Graph(operations, tensors, n)
            shape = operations[0]["Shape"]
            model = helper.make_model(
                helper.make_graph(
                    graph.nodes,
                    network,
                    [helper.make_tensor_value_info(operations[0]["Name"], TensorProto.FLOAT, [n, shape[2], shape[0], shape[1]])],
                    [helper.make_tensor_value_info(operations[-1]["Name"], TensorProto.FLOAT, None)],
                    graph.initializers,
                ),
                opset_imports=[helper.make_opsetid("", 20)],
                ir_version=10,
            )
            path = folder / f"{network}-batch{n}.onnx"
            onnx.save(onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True), path)
            batch = np.repeat(picture, n, 0)
            quantize_onnxruntime(path, operations[0]["Name"], batch)
            quantize_openvino(path, batch)
            for runtime in RUNTIMES:
                for kind in "fp32", "int8":
                    logits = RUNTIMES[runtime](path, kind)(batch)[0]
                    if logits.ndim == 3:
                        logits = logits.transpose(1, 2, 0)
                    worst = np.abs(logits - tensors["logits"]).max() / tensors["logits"].std()
                    print(f"{path.stem}, {runtime} {kind}: logits differ by {worst:.1g} of their deviation", file=sys.stderr)
                    if kind == "fp32" and not worst < 1e-3:
                        sys.exit("peer_runtimes: too much for float")


def quantize_onnxruntime(path, name, batch):
    from onnxruntime import quantization as q
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Once(q.CalibrationDataReader):
        def __init__(self):
            self.left = [{name: batch}]

        def get_next(self):
            return self.left.pop() if self.left else None

    ready = path.with_suffix(".ready.onnx")
    quant_pre_process(path, ready, skip_symbolic_shape=True)
    q.quantize_static(ready, path.with_suffix(".int8.onnx"), Once(), quant_format=q.QuantFormat.QDQ, per_channel=True,
                      activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)


def quantize_openvino(path, batch):
    import nncf
    import openvino

    model = nncf.quantize(openvino.Core().read_model(path), nncf.Dataset([batch]), subset_size=1)
    openvino.save_model(model, path.with_suffix(".int8.xml"), compress_to_fp16=False)


# --- Running them --------------------------------------------------------------------------


# A runtime takes pictures as its model does, or with streams the bytes [1, H, W, 3] of one
# picture, which it normalizes itself where it can.
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def load_onnxruntime(path, kind, streams=0):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = CORES // max(1, streams)
    session = onnxruntime.InferenceSession(path.with_suffix(".int8.onnx") if kind == "int8" else path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    run = lambda batch: session.run(None, {name: batch})[0]
    scale, offset = 1 / (255 * np.array(DEVIATION, np.float32)), -np.array(MEAN, np.float32) / np.array(DEVIATION, np.float32)
    return (lambda picture: run(np.ascontiguousarray((picture * scale + offset).transpose(0, 3, 1, 2)))) if streams else run


def load_openvino(path, kind, streams=0):
    import openvino
    from openvino.preprocess import PrePostProcessor

    core = openvino.Core()
    model = core.read_model(path.with_suffix(".int8.xml") if kind == "int8" else path)
    hint = {"PERFORMANCE_HINT": "LATENCY"}
    if streams:
        hint = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": streams}
        prepared = PrePostProcessor(model)
        prepared.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        prepared.input().model().set_layout(openvino.Layout("NCHW"))
        prepared.input().preprocess().convert_element_type(openvino.Type.f32)
        prepared.input().preprocess().mean([255 * m for m in MEAN]).scale([255 * d for d in DEVIATION])
        model = prepared.build()
    model = core.compile_model(model, "CPU", hint | {"INFERENCE_NUM_THREADS": CORES, "INFERENCE_PRECISION_HINT": "f32"})
    requests = threading.local()  # one for each thread

    def run(batch):
        if not hasattr(requests, "one"):
            requests.one = model.create_infer_request()
        return requests.one.infer([batch], share_inputs=True, share_outputs=True)[0]

    return run


RUNTIMES = {"onnxruntime": load_onnxruntime, "openvino": load_openvino}


def batch_of(folder, network, n, load):
    """A function that runs a batch of n pictures."""
    run = load(folder / f"{network}-batch{n}.onnx")
    batch = np.repeat(np.load(folder / f"{network}.npy"), n, 0)
    return lambda: run(batch)


def files_of(folder, network, n, load):
    """A function that answers the files of n pictures, in as many threads as there are cores."""
    from PIL import Image

    run = load(folder / f"{network}-batch1.onnx", streams=CORES)
    files = sorted(folder.glob(f"{network}-*.jpg"))
    shorter, size, filter = PIPELINES[network]

    def classes(path):
        picture = Image.open(path).convert("RGB")
        if shorter:
            w, h = picture.size
            w, h = (shorter, shorter * h // w) if w < h else (shorter * w // h, shorter)
            picture = picture.resize((w, h), Image.Resampling[filter])
            left, top = (w - size[0]) // 2, (h - size[1]) // 2
            picture = picture.crop((left, top, left + size[0], top + size[1]))
        else:
            picture = picture.resize(size, Image.Resampling[filter])
        return run(np.asarray(picture)[None]).argmax(1)

    pool = concurrent.futures.ThreadPoolExecutor(CORES)
    return lambda: list(pool.map(classes, [files[i % len(files)] for i in range(n)]))


def serve(folder, runtime, kind, avx2=None):
    ready = {}
    for line in sys.stdin:
        case = line.strip()
        if case not in ready:
            network, what, n = re.fullmatch(r"(.*)/(batch|jpeg)(\d+)", case).groups()
            load = functools.partial(RUNTIMES[runtime], kind=kind)
            ready[case] = (batch_of if what == "batch" else files_of)(folder, network, int(n), load)
            ready[case]()
            if avx2 and not ctypes.c_ulong.in_dll(ctypes.CDLL(None), "as_avx2_answers").value:
                sys.exit("peer_runtimes: the runtime has not asked as_avx2.so for the processor's extensions")
        start = time.perf_counter()
        ready[case]()
        print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    make(folder) if len(sys.argv) == 2 else serve(folder, *sys.argv[2:])
