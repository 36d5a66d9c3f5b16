#!/usr/bin/env python3
"""Hone's bf16 engine beside its own f32 engine and OpenVINO's bf16 (INFERENCE_PRECISION_HINT): one thread, batch 1, blocks
in turns on one core.

    build/peers/bin/python bench/quant/half.py [--only REGEX] [--rounds N] [--save]
"""
import os
import statistics
import sys

from speed import (BUILD, WORK, Engine, OpenVino, Theirs, compile_engine, feed_for, in_turns, materialized, measure,
                   median_interval)


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


if __name__ == "__main__":
    measure(__doc__, one_model, table,
            ("bf16-speed", "bf16 beside f32 and OpenVINO's bf16", "Engines by `hone build --precision`."))
