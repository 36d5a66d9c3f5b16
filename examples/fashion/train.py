#!/usr/bin/env python3
"""Trains the example classifier and exports it with the pairs that check it.

The data is Fashion-MNIST from Debian's package (apt-get install dataset-fashion-mnist), the
trainer PyTorch from PyPI. A person runs this once; its results are committed, CI never runs it:

    python3 -m venv /tmp/fashion-venv
    /tmp/fashion-venv/bin/pip install torch numpy onnx onnxruntime
    /tmp/fashion-venv/bin/python examples/fashion/train.py

It writes into --out: fashion.onnx, golden/NN/{input_0,output_0}.npy, ankle_boot.png, labels.txt
and train.log. The same seed, thread count and torch build give the same weights.
"""

import argparse
import collections
import copy
import ctypes
import gzip
import pathlib
import shutil
import struct
import sys
import time
import zlib

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

DEBIAN_DATA = "/usr/share/datasets/fashion-mnist"
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
# Mean and deviation of the training pictures, rounded; hone.toml carries the same two numbers.
SCALE, MEAN, STD = 0.00392156862745098, 0.2860, 0.3530
VALIDATION = 5000  # training pictures kept back to choose the epoch by
GOLDEN = 16
EMA_DECAY = 0.998


def keep_freed_memory():
    """Asks glibc to reuse freed blocks, which makes training steps about 1.6 times faster.

    By default it returns every tensor's pages to the kernel and faults them in again each step.
    """
    trim_threshold, mmap_threshold = -1, -3  # from malloc.h
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(mmap_threshold, 32 << 20)  # the most it accepts
        mallopt(trim_threshold, 1 << 30)


def read_idx(path):
    """Returns the u8 array of a gzipped IDX file, in its own shape."""
    with gzip.open(path, "rb") as file:
        data = file.read()
    zeros, kind, rank = struct.unpack_from(">HBB", data)
    if zeros != 0 or kind != 0x08:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", data, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(folder, part):
    """Returns pictures [n,1,28,28] u8 and labels [n] i64 of `part`: train or t10k."""
    pictures = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    return (torch.from_numpy(pictures.copy()).unsqueeze(1),
            torch.from_numpy(labels.astype(np.int64)))


def preprocess(pictures):
    """u8 pictures to the f32 the network takes, as hone.toml describes it."""
    return (pictures.to(torch.float32) * SCALE - MEAN) / STD


def write_png(path, picture):
    """Writes a u8 [height,width] array as an 8-bit gray PNG."""
    height, width = picture.shape
    # Every row starts with its filter type; 0 is none.
    rows = b"".join(b"\0" + picture[y].tobytes() for y in range(height))

    def chunk(tag, body):
        return (struct.pack(">I", len(body)) + tag + body
                + struct.pack(">I", zlib.crc32(tag + body)))

    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate in [0,1] computed from all channel means."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        gate = F.relu(self.reduce(F.adaptive_avg_pool2d(x, 1)))
        return x * F.hardsigmoid(self.expand(gate))


def conv_bn(inputs, outputs, kernel, stride=1, groups=1):
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs)]


class InvertedResidual(nn.Module):
    """MobileNetV3's block: widen 1x1, filter depthwise, gate, narrow 1x1, add where shapes agree."""

    def __init__(self, inputs, wide, outputs, kernel, stride, gated):
        super().__init__()
        layers = conv_bn(inputs, wide, 1) + [nn.Hardswish()] if wide != inputs else []
        layers += conv_bn(wide, wide, kernel, stride, groups=wide) + [nn.Hardswish()]
        if gated:
            layers.append(SqueezeExcite(wide, wide // 4))
        layers += conv_bn(wide, outputs, 1)
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.residual else y


class FashionNet(nn.Module):
    """[n,1,28,28] f32 to logits [n,10]."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *conv_bn(1, 16, 3), nn.Hardswish(),
            InvertedResidual(16, 16, 24, kernel=3, stride=2, gated=False),
            InvertedResidual(24, 72, 24, kernel=3, stride=1, gated=True),
            InvertedResidual(24, 72, 48, kernel=5, stride=2, gated=True),
            InvertedResidual(48, 144, 48, kernel=5, stride=1, gated=True),
            InvertedResidual(48, 144, 48, kernel=3, stride=1, gated=True),
            *conv_bn(48, 160, 1), nn.Hardswish(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(160, 10)

    def forward(self, x):
        return self.classifier(self.dropout(self.features(x)))


def count_macs(model):
    """Multiply-accumulates of convolutions and linear layers for one picture."""
    total = 0

    def add(module, _, output):
        nonlocal total
        weight = module.weight
        total += output[0].numel() * weight[0].numel()

    hooks = [m.register_forward_hook(add) for m in model.modules()
             if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, 28, 28))
    for hook in hooks:
        hook.remove()
    return total


def augment(batch, generator):
    """Shifts by up to 2 pixels, flips half, and erases a rectangle in a quarter of u8 pictures.

    Worked on the whole batch by indexing: a loop over pictures would cost more than the network.
    """
    n, _, height, width = batch.shape

    def randint(low, high):
        return torch.randint(low, high, (n, 1), generator=generator)

    rows = torch.arange(height).unsqueeze(0) + randint(0, 5)
    columns = torch.arange(width).unsqueeze(0).expand(n, width)
    flip = randint(0, 2).bool()
    columns = torch.where(flip, width - 1 - columns, columns) + randint(0, 5)
    padded = F.pad(batch, (2, 2, 2, 2)).squeeze(1)
    picture = torch.arange(n)[:, None, None]
    out = padded[picture, rows[:, :, None], columns[:, None, :]]

    def span(size):
        """Marks 4 to 12 of `size` positions per picture."""
        length = randint(4, 13)
        start = (torch.rand((n, 1), generator=generator) * (size + 1 - length)).long()
        at = torch.arange(size).unsqueeze(0)
        return (at >= start) & (at < start + length)

    erase = span(height)[:, :, None] & span(width)[:, None, :]
    erase &= (torch.rand((n, 1, 1), generator=generator) < 0.25)
    noise = torch.randint(0, 256, (n, 1, 1), generator=generator, dtype=torch.uint8)
    return torch.where(erase, noise, out).unsqueeze(1)


@torch.no_grad()
def accuracy(model, pictures, labels):
    """Top-1 in percent."""
    model.eval()
    right = 0
    for start in range(0, len(labels), 500):
        end = start + 500
        logits = model(preprocess(pictures[start:end]))
        right += (logits.argmax(1) == labels[start:end]).sum().item()
    return 100.0 * right / len(labels)


@torch.no_grad()
def update_average(average, model, step):
    """Moves the averaged weights and statistics towards the model's."""
    # Early on the average follows quickly, so that the first, random weights are forgotten.
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    for kept, new in zip(average.state_dict().values(), model.state_dict().values()):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def train(pictures, labels, args, say):
    """Returns the averaged model of the epoch that does best on the held-out pictures."""
    generator = torch.Generator().manual_seed(args.seed)
    order = torch.randperm(len(labels), generator=generator)
    held, used = order[:VALIDATION], order[VALIDATION:]
    # channels_last is what oneDNN's kernels are quick in.
    model = FashionNet().to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    batches = len(used) // args.batch
    # Weight decay shrinks filters; on biases and normalisation it would only distort.
    filters = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": filters, "weight_decay": 0.02},
                                   {"params": others, "weight_decay": 0.0}], lr=args.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.rate, total_steps=args.epochs * batches, pct_start=0.15,
        final_div_factor=1e3)
    best, best_accuracy, step = None, -1.0, 0
    for epoch in range(1, args.epochs + 1):
        began, loss_sum = time.monotonic(), 0.0
        shuffled = used[torch.randperm(len(used), generator=generator)]
        model.train()
        for b in range(batches):
            index = shuffled[b * args.batch:(b + 1) * args.batch]
            inputs = preprocess(augment(pictures[index], generator))
            inputs = inputs.to(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(inputs), labels[index], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            update_average(average, model, step)
            loss_sum += loss.item()
        held_accuracy = accuracy(average, pictures[held], labels[held])
        say(f"epoch {epoch:2d}/{args.epochs}: loss {loss_sum / batches:.4f}, "
            f"validation accuracy {held_accuracy:.2f} %, {time.monotonic() - began:.0f} s")
        if held_accuracy >= best_accuracy:
            best, best_accuracy, best_epoch = copy.deepcopy(average), held_accuracy, epoch
    say(f"chosen: epoch {best_epoch} by validation accuracy {best_accuracy:.2f} %")
    return best.to(memory_format=torch.contiguous_format).eval()


def export(model, path):
    # PRESERVE keeps BatchNormalization nodes (in inference form, as the model is in eval mode);
    # EVAL would fold them into the convolutions, which is work this example leaves to Hone.
    torch.onnx.export(model, (torch.zeros(1, 1, 28, 28),), str(path), dynamo=False,
                      opset_version=17, training=torch.onnx.TrainingMode.PRESERVE,
                      input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
    onnx.checker.check_model(str(path), full_check=True)


@torch.no_grad()
def write_golden(model, pictures, folder):
    """Writes the first GOLDEN pictures and PyTorch's own f32 answers, one by one."""
    shutil.rmtree(folder, ignore_errors=True)
    for n in range(GOLDEN):
        pair = folder / f"{n:02d}"
        pair.mkdir(parents=True)
        inputs = preprocess(pictures[n:n + 1])
        np.save(pair / "input_0.npy", inputs.numpy())
        np.save(pair / "output_0.npy", model(inputs).numpy())


@torch.no_grad()
def compare_with_onnxruntime(model, path, pictures, labels):
    """Returns the largest difference of a logit over 512 pictures, and ONNX Runtime's top-1."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = preprocess(pictures)
    theirs = np.concatenate([session.run(["logits"], {"image": part.numpy()})[0]
                             for part in inputs.split(500)])
    ours = model(inputs[:512]).numpy()
    right = (theirs.argmax(1) == labels.numpy()).mean()
    return float(np.abs(theirs[:512] - ours).max()), 100.0 * float(right)


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=pathlib.Path, default=DEBIAN_DATA,
                        help="folder of the four idx.gz files")
    parser.add_argument("--out", type=pathlib.Path, default=here, help="folder to write into")
    parser.add_argument("--epochs", type=int, default=22)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    keep_freed_memory()
    torch.manual_seed(args.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(args.threads)

    with open(args.out / "train.log", "w", encoding="utf-8") as log:
        def say(line):
            for file in (log, sys.stdout):
                print(line, file=file, flush=True)

        model = FashionNet()
        say(f"torch {torch.__version__}, onnx {onnx.__version__}, "
            f"onnxruntime {onnxruntime.__version__}")
        say(f"seed {args.seed}, threads {args.threads}, epochs {args.epochs}, "
            f"batch {args.batch}, highest rate {args.rate:g}")
        say(f"MACs {count_macs(model)}, parameters {sum(p.numel() for p in model.parameters())}")
        pictures, labels = load(args.data, "train")
        model = train(pictures, labels, args, say)

        # The test pictures are looked at here for the first time, when nothing is left to choose.
        pictures, labels = load(args.data, "t10k")
        say(f"test accuracy {accuracy(model, pictures, labels):.2f} % of {len(labels)}")
        path = args.out / "fashion.onnx"
        export(model, path)
        write_golden(model, pictures, args.out / "golden")
        (args.out / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
        boot = int((labels == LABELS.index("Ankle boot")).nonzero()[0])
        write_png(args.out / "ankle_boot.png", pictures[boot, 0].numpy())
        difference, theirs = compare_with_onnxruntime(model, path, pictures, labels)
        say(f"ONNX Runtime: accuracy {theirs:.2f} %, largest logit difference on 512 pictures "
            f"{difference:.2e}")
        counts = collections.Counter(node.op_type for node in onnx.load(path).graph.node)
        say("operators: " + ", ".join(f"{op} {n}" for op, n in sorted(counts.items())))
        say(f"{path.name}: {path.stat().st_size} bytes; {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
