#!/usr/bin/env python3
"""Hone's bf16 engine beside its own f32 engine and OpenVINO's bf16 (INFERENCE_PRECISION_HINT): one thread, batch 1, blocks
in turns on one core.

    build/peers/bin/python bench/quant/half.py [--only REGEX] [--rounds N] [--save]
"""
import argparse
import datetime
import os
import re
import statistics
import sys

from speed import ROOT, WORK, Engine, Failed, OpenVino, Theirs, commit, compile_engine, feed_for, find, in_turns, materialized
from speed import BUILD, median_interval


def is_float(path):
    """No integers multiply in it, and every input is of a known size once it is fed."""
    import onnx
    ops = [n.op_type for n in onnx.load(path).graph.node]
    return not any("QuantizeLinear" in op or op.startswith("QLinear") or op in ("If", "Loop") for op in ops)


def one_model(name, source, ort, args):
    path = materialized(name, source, WORK)
    if not is_float(path):
        return None
    inputs = Theirs(path, ort).session.get_inputs()
    feed = feed_for(name, inputs)
    library, runs, kept = os.path.join(BUILD, "libhone_rt.so"), {}, []
    for precision in ("f32", "bf16"):
        file = compile_engine(f"{name}.{precision}", path, inputs, feed, "--precision", precision)
        kept.append(Engine(library, file, feed))
        kept[-1].check_run()
        runs[precision] = kept[-1].run
    try:
        runs["ov"] = OpenVino(path, feed, "bf16").run
    except Exception as e:
        print(f"  {name}: OpenVINO: {str(e).splitlines()[0][:80]}", file=sys.stderr)
    times = in_turns(runs, args)
    for e in kept:
        e.close()
    return times


def ratios(t, key):
    return [a / b for a, b in zip(t[key], t["bf16"])] if key in t else None


def table(rows):
    lines = ["| model | f32 us | bf16 us | f32 / bf16 | 95 % | OpenVINO bf16 / bf16 | 95 % |", "|" + "---|" * 7]
    for name, t in rows:
        own, ov = median_interval(ratios(t, "f32")), "ov" in t and median_interval(ratios(t, "ov"))
        theirs = f"{ov[0]:.2f} | {ov[1]:.2f} - {ov[2]:.2f}" if ov else "- | -"
        lines.append(f"| {name} | {statistics.median(t['f32']):.1f} | {statistics.median(t['bf16']):.1f} | {own[0]:.2f} | "
                     f"{own[1]:.2f} - {own[2]:.2f} | {theirs} |")
    for key, what in (("f32", "its own f32"), ("ov", "OpenVINO's bf16")):
        medians = [statistics.median(ratios(t, key)) for _, t in rows if key in t]
        if medians:
            lines.append(f"\nAgainst {what}: geometric mean {statistics.geometric_mean(medians):.2f} over {len(medians)} "
                         f"models, slower on {sum(m < 1 for m in medians)}.")
    return "\n".join(lines)


def main():
    import onnxruntime as ort
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="models whose name matches this")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--block-ms", type=int, default=60)
    parser.add_argument("--save", action="store_true", help="write bench/runs/<date>-bf16-speed.md")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    rows = []
    for name, source in find(WORK):
        if not re.search(args.only, name):
            continue
        try:
            times = one_model(name, source, ort, args)
        except (Failed, RuntimeError) as e:
            print(f"  {name}: {e}", file=sys.stderr)
            continue
        if times:
            rows.append((name, times))
            print("\n".join(table(rows[-1:]).splitlines()[2:3]), file=sys.stderr, flush=True)
    load = " ".join(f"{x:.2f}" for x in os.getloadavg())
    text = (f"# bf16 beside f32 and OpenVINO's bf16\n\n`build/peers/bin/python bench/quant/half.py`, "
            f"{datetime.date.today()}, commit {commit()}, one thread on core {core}, load after {load}.\n\n{table(rows)}\n")
    print(text)
    if args.save:
        with open(os.path.join(ROOT, "bench", "runs", f"{datetime.date.today()}-bf16-speed.md"), "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    main()
