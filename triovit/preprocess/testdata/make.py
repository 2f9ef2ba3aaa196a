# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of this folder and stores how Pillow 11.3.0 (libjpeg-turbo) decodes and resizes them.

    pip install pillow==11.3.0 numpy && python make.py

Stores what Pillow makes of the JPEGs that TestSamplingFactors makes (13.0.0 makes the same of them):

    go test .. -run TestSamplingFactors -made /tmp/made && python make.py /tmp/made
"""
import collections
import glob
import io
import os
import sys
import zlib

import numpy as np
from PIL import Image, ImageDraw


def drawing(w, h):
    """Saturated shapes and gradients: large steps in chroma, where upsampling shows."""
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([255 * x / max(w - 1, 1), 255 * y / max(h - 1, 1), 127 + 127 * np.sin(x * y / 40)], -1)
    im = Image.fromarray(a.astype(np.uint8))
    d = ImageDraw.Draw(im)
    d.ellipse([w // 5, h // 5, w // 2, h // 2], fill=(250, 20, 30))
    d.rectangle([w // 2, h // 2, w - w // 6, h - h // 7], fill=(10, 30, 240))
    d.line([0, h, w, 0], fill=(255, 240, 0), width=2)
    return im


def store(name, im):
    np.save(name + ".npy", np.asarray(im.convert("RGB")))


def keep(name, ext, data):
    with open(f"{name}.{ext}", "wb") as f:
        f.write(data)
    store(name, Image.open(io.BytesIO(data)))


def encode(im, **options):
    buffer = io.BytesIO()
    im.save(buffer, **options)
    return buffer.getvalue()


def made(folder):
    """Stores one digest for each set of sampling factors and colours, over all sizes, where it is the same however the picture is coded."""
    digests = collections.defaultdict(dict)
    for size in ["45x37", "5x3", "64x33"]:
        for path in sorted(glob.glob(f"{glob.escape(folder)}/*; {size}.jpg")):
            key, coding, interval, _ = os.path.basename(path).split("; ")
            try:
                pixels = np.asarray(Image.open(path).convert("RGB")).tobytes()
                one = digests[key].get((coding, interval), 0)
                if one is not None:
                    digests[key][coding, interval] = zlib.crc32(pixels, one)
            except OSError:
                digests[key][coding, interval] = None
    with open("made.txt", "w") as f:
        for key, all in digests.items():
            if len(set(all.values())) != 1:
                sys.exit(f"{key}: {all}")
            digest = next(iter(all.values()))
            f.write(f"{key}: {'refused' if digest is None else f'{digest:08x}'}\n")
        small = Image.open(f"{folder}/large.jpg").resize((224, 224), Image.Resampling.BICUBIC)
        f.write(f"large: {zlib.crc32(small.tobytes()):08x}\n")


if len(sys.argv) > 1:
    made(sys.argv[1])
    sys.exit()

for w, h, subsampling in [
    (37, 29, "4:2:0"), (32, 16, "4:2:0"), (38, 31, "4:2:0"), (5, 5, "4:2:0"), (4, 3, "4:2:0"), (1, 1, "4:2:0"),
    (37, 29, "4:2:2"), (48, 19, "4:2:2"), (4, 4, "4:2:2"), (37, 29, "4:4:4"),
]:
    name = f"jpeg_{subsampling.replace(':', '')}_{w}x{h}"
    keep(name, "jpg", encode(drawing(w, h), format="JPEG", quality=90, subsampling=subsampling))
keep("jpeg_gray_37x29", "jpg", encode(drawing(37, 29).convert("L"), format="JPEG", quality=90))
keep("jpeg_progressive_61x43", "jpg", encode(drawing(61, 43), format="JPEG", quality=85, progressive=True))
keep("jpeg_rgb_37x29", "jpg", encode(drawing(37, 29), format="JPEG", quality=90, keep_rgb=True))

keep("jpeg_cmyk_37x29", "jpg", encode(drawing(37, 29).convert("CMYK"), format="JPEG", quality=90))


def refactored(w, h, subsampling, width, height, factors):
    """A JPEG whose luma has other sampling factors than Pillow writes: a picture of w by h pixels becomes one of width by height that has as many units of as many blocks."""
    data = bytearray(encode(drawing(w, h), format="JPEG", quality=90, subsampling=subsampling))
    sof = data.index(b"\xff\xc0")
    data[sof + 5 : sof + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    data[sof + 11] = factors
    return bytes(data)


keep("jpeg_440_32x32", "jpg", refactored(32, 32, "4:2:2", 32, 32, 0x12))
keep("jpeg_411_64x16", "jpg", refactored(32, 32, "4:2:0", 64, 16, 0x41))
keep("jpeg_luma_1x4_16x64", "jpg", refactored(32, 32, "4:2:0", 16, 64, 0x14))

im = drawing(23, 17)
alpha = Image.linear_gradient("L").resize(im.size)
translucent = im.copy()
translucent.putalpha(alpha)
keep("png_rgb", "png", encode(im, format="PNG"))
keep("png_rgba", "png", encode(translucent, format="PNG"))
keep("png_gray", "png", encode(im.convert("L"), format="PNG"))
keep("png_gray_alpha", "png", encode(translucent.convert("LA"), format="PNG"))
keep("png_1bit", "png", encode(im.convert("1"), format="PNG"))
keep("png_palette", "png", encode(im.quantize(200), format="PNG"))
keep("png_palette_4bit", "png", encode(im.quantize(11), format="PNG"))
keep("png_palette_transparent", "png", encode(im.quantize(50), format="PNG", transparency=3))
keep("png_rgb_transparent", "png", encode(im, format="PNG", transparency=im.getpixel((0, 0))))

source = drawing(61, 43)
store("resize_source", source)
for w, h in [(61, 20), (17, 43), (16, 50), (122, 86), (7, 5), (200, 3), (1, 1)]:
    for filter in [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]:
        store(f"resize_{w}x{h}_{filter.name.lower()}", source.resize((w, h), filter))
