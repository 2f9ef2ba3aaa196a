# SPDX-License-Identifier: Apache-2.0
"""Time the float networks in PyTorch eager, for bench.py. The script reads the name of a
case from each line of its input, and prints the time of one batch in milliseconds.

    python scripts/peer_torch.py FOLDER [timm]

FOLDER has the files that `benchforward FOLDER` wrote. The operations of a network run one
by one with torch.nn.functional, on channels_last tensors. First the script checks that the
logits differ from those of the file by less than 1e-3 of their standard deviation. With
"timm" the network B1 is timm's own module, with folded BatchNorms. For every other network,
which timm lacks, the script prints "-". In a case such as "B1-224/jpeg32" a DataLoader of
PyTorch, with a process for each core, decodes and resizes the files of so many pictures by
Pillow, two batches of at most eight in each process.
"""

import functools
import json
import os
import pathlib
import re
import sys
import time

import torch
import torch.nn.functional as F
from safetensors import safe_open


def convolution(op, x, weight, bias=None):
    return F.conv2d(x, weight, bias, op["Stride"], op["Kernel"] // 2, 1, op["Groups"])


def heads(op, x):
    tokens, count, d = op["Shape"]
    return x.permute(0, 2, 3, 1).reshape(len(x), tokens, count, 3, d)[:, :, :, op["Part"]]


def merge_heads(op, x):
    return x.reshape(len(x), *op["Shape"]).permute(0, 3, 1, 2)


def matmul(op, a, b):
    a = a.transpose(1, 2)  # [N, heads, T, d]
    if op["OverTokens"]:
        return a.transpose(2, 3) @ b.transpose(1, 2)
    return (a @ b).transpose(1, 2)


# Each kind of operation, as triovit/kind.go defines it, on [N, C, H, W].
KINDS = {
    "Input": lambda op, x: x,
    "Conv": convolution,
    "LayerNorm": lambda op, x, weight, bias: F.layer_norm(x, x.shape[-1:], weight, bias, op["Eps"]),
    "Linear": lambda op, x, weight, bias=None: F.linear(x, weight, bias),
    # In place, as in timm's modules: no other operation reads the convolution's output.
    "Hardswish": lambda op, x: F.hardswish(x, inplace=True),
    "ReLU": lambda op, x: F.relu(x),
    "Add": lambda op, a, b: a + b,
    "Concat": lambda op, *x: torch.cat(x, 1),
    "GlobalAvgPool": lambda op, x: x.mean((2, 3)),
    "Upsample": lambda op, x: F.interpolate(x, scale_factor=op["Factor"], mode="bicubic"),
    "Heads": heads,
    "MergeHeads": merge_heads,
    "MatMul": matmul,
    "SumTokens": lambda op, x: x.sum(1).unsqueeze(-1),
    "Divide": lambda op, a, b: a / (b + op["Eps"]),
}


def channels_last(x):
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x


class Walk:
    """The network of a file. A call runs a batch [N, 3, H, W]."""

    def __init__(self, path):
        with safe_open(path, "pt") as f:
            self.operations = json.loads(f.metadata()["operations"])
            tensors = {name: f.get_tensor(name) for name in f.keys()}
        self.picture = tensors["picture"].permute(2, 0, 1)[None]
        self.params = [
            [channels_last(tensors[p["Name"]]) for p in op["Params"] or []] for op in self.operations
        ]
        # A tensor is freed after its last reader, as in the forward method of a module.
        reader = {name: i for i, op in enumerate(self.operations) for name in op["Inputs"] or []}
        self.spent = [[name for name, last in reader.items() if last == i] for i in range(len(self.operations))]
        with torch.inference_mode():
            logits = self(self.picture)
        if logits.dim() == 4:
            logits = logits.permute(0, 2, 3, 1)
        want = tensors["logits"]
        worst = ((logits[0] - want).abs().max() / want.std()).item()
        if not worst < 1e-3:
            sys.exit(f"peer_torch: {path.stem}: logits differ by {worst:.2g} of their deviation")
        print(f"{path.stem}: logits differ by {worst:.1g} of their deviation", file=sys.stderr)

    def __call__(self, batch):
        made = {}
        for op, params, spent in zip(self.operations, self.params, self.spent):
            operands = [made[name] for name in op["Inputs"] or []] or [batch]
            made[op["Name"]] = KINDS[op["Kind"]](op, *operands, *params)
            for name in spent:
                del made[name]
        return made[self.operations[-1]["Name"]]


def timm_b1():
    import timm
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    model = timm.create_model("efficientvit_b1", pretrained=False).eval()
    for module in model.modules():
        conv, norm = getattr(module, "conv", None), getattr(module, "norm", None)
        if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, torch.nn.BatchNorm2d):
            module.conv, module.norm = fuse_conv_bn_eval(conv, norm), torch.nn.Identity()
    return model.to(memory_format=torch.channels_last)


class Files(torch.utils.data.Dataset):
    """The files of n pictures, as torchvision transforms them for a network."""

    def __init__(self, folder, network, n):
        from torchvision import transforms as T

        bilinear, bicubic = T.InterpolationMode.BILINEAR, T.InterpolationMode.BICUBIC
        resized = {
            "B1-224": [T.Resize(236, bicubic), T.CenterCrop(224)],
            "Seg-B0-704x960": [T.Resize((704, 960), bilinear)],
        }[network]
        normalized = [T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
        self.transform, self.n = T.Compose(resized + normalized), n
        self.paths = sorted(pathlib.Path(folder).glob(f"{network}-*.jpg"))

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        from PIL import Image

        return self.transform(Image.open(self.paths[i % len(self.paths)]).convert("RGB"))


def loader(folder, network, n):
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    size = max(1, min(8, n // (2 * cores)))  # a process makes whole batches, two of them here
    return torch.utils.data.DataLoader(Files(folder, network, n), batch_size=size, num_workers=cores, persistent_workers=True)


def classes(network, batches):
    return [network(channels_last(batch)).argmax(1) for batch in batches]


def main(folder, timm=None):
    networks, batches = {}, {}
    for path in sorted(pathlib.Path(folder).glob("*.safetensors")):
        if timm and path.stem != "B1-224":
            continue
        walk = Walk(path)
        networks[path.stem] = timm_b1() if timm else walk
        batches[path.stem] = walk.picture
    ready = {}
    with torch.inference_mode():
        for line in sys.stdin:
            case = line.strip()
            network, what, n = re.fullmatch(r"(.*)/(batch|jpeg)(\d+)", case).groups()
            if network not in networks or timm and what == "jpeg":
                print("-", flush=True)
                continue
            if case not in ready:
                if what == "jpeg":
                    ready[case] = functools.partial(classes, networks[network], loader(folder, network, int(n)))
                else:
                    ready[case] = functools.partial(networks[network], channels_last(batches[network].repeat(int(n), 1, 1, 1)))
                ready[case]()
            start = time.perf_counter()
            ready[case]()
            print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
