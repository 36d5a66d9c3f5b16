#!/usr/bin/env python3
"""Writes architectures as PyTorch's exporters write them: export.py FOLDER [--only WORD] [--exporter NAME ...]"""
import argparse
import os
import subprocess
import sys

EXPORTERS = ("old", "dynamo", "dynamic", "eager", "op11")
SEQUENCES = ("input_ids", "attention_mask", "token_type_ids", "ids")


def settle(net):
    """Batch norms as after training: means and variances that are not 0 and 1."""
    from torch import nn
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) and module.running_mean is not None:
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)


def export(name, exporter, path):
    import torch
    import architectures
    torch.manual_seed(0)
    torch.set_num_threads(1)
    if exporter == "eager":
        architectures.ATTENTION = "eager"
    net, inputs, names = architectures.TABLE[name]()
    net.eval()
    options = {"input_names": names} if names else {}
    with torch.no_grad():
        settle(net)
        if exporter == "dynamo":
            torch.onnx.export(net, inputs, path, dynamo=True, external_data=False, **options)
            return
        if exporter == "dynamic":
            names = names or [f"x{i}" for i in range(len(inputs))]
            axes = {n: {0: "batch"} | ({1: "seq"} if n in SEQUENCES else {}) for n in names}
            options = {"input_names": names, "dynamic_axes": axes}
        torch.onnx.export(net, inputs, path, dynamo=False, opset_version=11 if exporter == "op11" else 17, **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument("--exporter", action="append", choices=EXPORTERS, help="default: old and dynamo")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # the child: name, exporter
    args = parser.parse_args()
    if args.one:
        name, exporter = args.one
        return export(name, exporter, os.path.join(args.folder, f"{name}.{exporter}.onnx"))
    import architectures
    os.makedirs(args.folder, exist_ok=True)
    for name in architectures.TABLE:
        for exporter in args.exporter or ("old", "dynamo"):
            path = os.path.join(args.folder, f"{name}.{exporter}.onnx")
            if args.only not in name or os.path.exists(path):
                continue
            # A process of its own: exporters leak memory, and some crash.
            child = [sys.executable, __file__, args.folder, "--one", name, exporter]
            done = subprocess.run(child, capture_output=True, text=True, timeout=600)
            if done.returncode:
                if os.path.exists(path):
                    os.remove(path)
                why = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
                print(f"{name} {exporter}: not exported: {why[:150]}", flush=True)
            else:
                print(f"{name} {exporter}: {os.path.getsize(path) >> 10} KiB", flush=True)


if __name__ == "__main__":
    main()
