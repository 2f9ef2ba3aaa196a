# SPDX-License-Identifier: Apache-2.0
"""Time timm's EfficientViT in PyTorch eager, for bench_peers.py: reads the name
of a case per line and answers with the milliseconds of one batch, or with "-"
where timm has no such network. BatchNorms are folded, tensors channels_last."""

import sys
import time

import timm
import torch
from torch.nn.utils.fusion import fuse_conv_bn_eval

CASES = {"B1-224/batch1": 1, "B1-224/batch8": 8}


def main():
    model = timm.create_model("efficientvit_b1", pretrained=False).eval()
    for module in model.modules():
        conv, norm = getattr(module, "conv", None), getattr(module, "norm", None)
        if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, torch.nn.BatchNorm2d):
            module.conv, module.norm = fuse_conv_bn_eval(conv, norm), torch.nn.Identity()
    model = model.to(memory_format=torch.channels_last)
    inputs = {
        name: torch.randn(n, 3, 224, 224).to(memory_format=torch.channels_last)
        for name, n in CASES.items()
    }
    warm = set()
    with torch.inference_mode():
        for line in sys.stdin:
            name = line.strip()
            if name not in inputs:
                print("-", flush=True)
                continue
            if name not in warm:
                model(inputs[name])
                warm.add(name)
            start = time.perf_counter()
            model(inputs[name])
            print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    main()
