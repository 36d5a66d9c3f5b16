#!/usr/bin/env python3
"""`hone optimize` beside onnxsim on all models: nodes, bytes, ONNX Runtime's time, answers. One table.

    ./dev bench simplify [--only RE] [--rounds N] [--block MS] [--again] [--no-time] [--out FOLDER]

Writes bench/runs/<date>-<cpu>-simplify/{README.md,raw.json} after every model; what is in today's
raw.json is not measured again. Each tool runs in a process of its own: one that crashes or does not
end is named in the table.

Times: the two results (and the file as it was) in one process on one core, one thread. A round gives
each a block of runs, in turns and in alternating order; its figure is the block's fastest run, which
what else runs on the machine delays least. Three times per model the sessions are made anew, in
alternating order, so that no side keeps a lucky place in memory. Once with ONNX Runtime's own
optimisations, as people run it, and once without, which is what the simplifier alone is worth.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime as ort

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models import feed_for, find, materialized  # noqa: E402
from runs import (HONE, WORK, busy, conditions, folder, listed, load, table, today,  # noqa: E402
                  write)
from stats import median_interval  # noqa: E402

SIDES = ("original", "onnxsim", "hone")
LEVELS = {"default": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
          "off": ort.GraphOptimizationLevel.ORT_DISABLE_ALL}
SESSIONS = 3         # made anew so often
TOLERANCE = 1e-3     # of a channel's largest value
ONNXSIM = "import sys, onnx, onnxsim; onnx.save(onnxsim.simplify(sys.argv[1])[0], sys.argv[2])"


def attempt(command, timeout=600):
    """None, or why it gave nothing."""
    begin = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {timeout} s", timeout
    seconds = time.monotonic() - begin
    if done.returncode == 0:
        return None, seconds
    last = (done.stderr.strip().splitlines() or [""])[-1]
    return f"exit {done.returncode}: {last[:160]}", seconds


def nodes_of(graph):
    inner = (nodes_of(a.g) for n in graph.node for a in n.attribute if a.HasField("g"))
    return len(graph.node) + sum(inner)


def session_of(path, level):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = LEVELS[level]
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def difference(got, want):
    """Largest of any output, relative to each channel's largest value; inf for another form."""
    worst = 0.0
    for g, w in zip(got, want, strict=True):
        if g.shape != w.shape or g.dtype != w.dtype:
            return float("inf")
        if not w.size:
            continue
        if w.dtype.kind not in "fiub":
            worst = max(worst, 0.0 if (g == w).all() else float("inf"))
            continue
        a, b = g.astype(np.float64), w.astype(np.float64)
        axes = tuple(i for i in range(b.ndim) if i != 1) if b.ndim >= 3 else tuple(range(b.ndim))
        scale = np.maximum(np.abs(b).max(axes, keepdims=True), 1e-6)
        worst = max(worst, float((np.abs(a - b) / scale).max()))
    return worst


def in_openvino(path, feed):
    """Outputs, or why there are none."""
    try:
        import openvino
        compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32",
                                                               "INFERENCE_NUM_THREADS": 1})
        result = compiled({i: feed[n] for i in compiled.inputs
                           for n in i.get_names() if n in feed})
        return [np.asarray(result[o]) for o in compiled.outputs]
    except Exception as e:  # any of its many kinds: the table says which file it refuses
        return str(e).strip().splitlines()[-1][:120]


def fastest(session, feed, block_ms):
    best, begin = float("inf"), time.perf_counter()
    runs = 0
    while runs < 2 or time.perf_counter() - begin < block_ms / 1e3:
        t = time.perf_counter()
        session.run(None, feed)
        best = min(best, time.perf_counter() - t)
        runs += 1
    return best * 1e3


def times(paths, feed, level, args):
    """Milliseconds by side, a list with one figure a round."""
    got = {side: [] for side in paths}
    for again in range(SESSIONS):
        order = list(paths) if again % 2 == 0 else list(paths)[::-1]
        sessions = {side: session_of(paths[side], level) for side in order}
        for s in sessions.values():
            s.run(None, feed)
        for r in range(max(args.rounds // SESSIONS, 2)):
            for side in order if r % 2 == 0 else order[::-1]:
                got[side].append(fastest(sessions[side], feed, args.block))
    return got


def ratio(got):
    """hone / onnxsim, paired by round, with its interval, and of the fastest of all rounds."""
    pairs = [h / s for h, s in zip(got["hone"], got["onnxsim"])]
    median, low, high = median_interval(pairs)
    return {"median": median, "low": low, "high": high,
            "best": min(got["hone"]) / min(got["onnxsim"])}


def one(name, source, args):
    path = materialized(name, source, WORK)
    with tempfile.TemporaryDirectory(prefix="hone-simplify-") as scratch:
        paths = {"original": path, "onnxsim": f"{scratch}/onnxsim.onnx", "hone": f"{scratch}/hone.onnx"}
        failed = {}
        result = {"sides": {}, "failed": failed}
        seconds = {}
        for side, command in (("onnxsim", [sys.executable, "-c", ONNXSIM, path, paths["onnxsim"]]),
                              ("hone", [HONE, "optimize", path, "-o", paths["hone"]])):
            why, seconds[side] = attempt(command)
            if why:
                failed[side] = why
                del paths[side]
        wanted = {}
        for level in LEVELS:
            session = session_of(path, level)
            feed = feed_for(name, session.get_inputs())
            wanted[level] = session.run(None, feed)
        # What ONNX Runtime's own optimisations do to the same file.
        result["own"] = difference(wanted["default"], wanted["off"])
        for side, p in list(paths.items()):
            row = result["sides"][side] = {
                "nodes": nodes_of(onnx.load(p, load_external_data=False).graph),
                "bytes": os.path.getsize(p), "seconds": seconds.get(side)}
            try:
                row["worst"] = difference(session_of(p, "off").run(None, feed), wanted["off"])
                row["worst_default"] = difference(session_of(p, "default").run(None, feed),
                                                  wanted["default"])
            except Exception as e:  # what ONNX Runtime refuses is what the table is for
                failed[side] = "onnxruntime: " + str(e).strip().splitlines()[-1][:160]
                del paths[side]
                continue
            row["openvino"] = in_openvino(p, feed)
            if not isinstance(row["openvino"], str):
                row["openvino"] = difference(row["openvino"], wanted["off"])
        if not args.no_time and {"hone", "onnxsim"} <= set(paths):
            result["ms"] = {level: times(paths, feed, level, args) for level in LEVELS}
        return result


# --- what is written ------------------------------------------------------------------------------

def ratio_cell(r):
    return f"{r['median']:.3f} ({r['low']:.3f} - {r['high']:.3f})"


def slower(r):
    """Beyond the noise: the whole interval above 1 by more than a percent, and the best run too."""
    return r["low"] > 1.01 and r["best"] > 1.01


def openvino_cell(original, ours):
    if ours is None:
        return "-"
    if isinstance(ours, str):
        return "refuses, as the original" if isinstance(original, str) else "REFUSES"
    return f"{ours:.0e}"


def row_of(name, r):
    s, h = (r["sides"].get(k) for k in ("onnxsim", "hone"))
    o = r["sides"]["original"]
    cells = [name, o["nodes"], s["nodes"] if s else "-", h["nodes"] if h else "-", f"{o['bytes']:,}",
             f"{s['bytes']:,}" if s else "-", f"{h['bytes']:,}" if h else "-"]
    cells.append(f"{h['worst']:.0e}" if h and "worst" in h else "-")
    cells.append(openvino_cell(o.get("openvino"), h.get("openvino") if h else None))
    for level in LEVELS:
        got = r.get("ms", {}).get(level)
        cells += [f"{min(got['hone']):.3f}", ratio_cell(ratio(got))] if got else ["-", "-"]
    return cells


HEAD = ("model", "nodes", "onnxsim", "hone", "bytes", "onnxsim", "hone", "worst", "OpenVINO",
        "ORT ms", "/ onnxsim", "ORT off ms", "/ onnxsim")


def differs(r, row):
    """Random inputs put some outputs near 0, where any other order of sums differs much: as much
    again as by ONNX Runtime's own optimisations is allowed."""
    return row.get("worst", 0) > max(TOLERANCE, 2 * r["own"])


def of_onnxsim(models):
    """Where onnxsim's result is none or another model, a line each."""
    lines = []
    for name, r in models.items():
        row = r["sides"].get("onnxsim")
        if "onnxsim" in r["failed"]:
            lines.append(f"- {name}: {r['failed']['onnxsim']}")
        elif row and differs(r, row):
            lines.append(f"- {name}: its answers differ by {row['worst']:.1e}")
    return lines


def verdicts(models):
    """What is not as it should be with hone's result, a line each."""
    lines = []
    for name, r in models.items():
        lines += [f"- {name}, {side}: {why}" for side, why in r["failed"].items() if side != "onnxsim"]
        s, h = (r["sides"].get(k) for k in ("onnxsim", "hone"))
        if h and differs(r, h):
            lines.append(f"- {name}: hone's answers differ by {h['worst']:.1e}")
        if h and isinstance(h.get("openvino"), str) and not isinstance(
                r["sides"]["original"]["openvino"], str):
            lines.append(f"- {name}: OpenVINO refuses hone's file: {h['openvino']}")
        if s and h:
            lines += [f"- {name}: hone {h[k]:,} {k}, onnxsim {s[k]:,}" for k in ("nodes", "bytes")
                      if h[k] > s[k]]
        for level, got in r.get("ms", {}).items():
            if slower(ratio(got)):
                lines.append(f"- {name}: slower in ONNX Runtime ({level}): {ratio_cell(ratio(got))}, "
                             f"fastest run {ratio(got)['best']:.3f}")
    return lines


def totals(models):
    both = [r for r in models.values() if {"onnxsim", "hone"} <= set(r["sides"])]
    timed = [r for r in both if "ms" in r]
    of = lambda side, key: sum(r["sides"][side][key] for r in both)
    text = (f"{len(both)} models that both simplify: {of('original', 'nodes'):,} nodes; onnxsim leaves "
            f"{of('onnxsim', 'nodes'):,}, hone {of('hone', 'nodes'):,}. Bytes: {of('original', 'bytes'):,}; "
            f"onnxsim {of('onnxsim', 'bytes'):,}, hone {of('hone', 'bytes'):,}. Seconds of work: onnxsim "
            f"{of('onnxsim', 'seconds'):.0f}, hone {of('hone', 'seconds'):.1f}.")
    for level in LEVELS if timed else ():
        mean = np.exp(np.mean([np.log(ratio(r["ms"][level])["median"]) for r in timed]))
        text += (f" ONNX Runtime, optimisations {level}: hone's / onnxsim's time has a geometric mean of "
                 f"{mean:.3f} over {len(timed)} models.")
    return text


def readme(raw):
    models = raw["models"]
    text = (f"# {raw['date']}, {raw['conditions'].get('cpu', 'cpu')}: hone optimize beside onnxsim\n\n"
            f"{listed(raw['conditions'])}\n"
            f"One thread, one core, batch 1; {raw['rounds']} interleaved rounds of {raw['block_ms']:g} ms a "
            "side, the fastest run of each; the ratio is the median of the rounds' with its interval of "
            "95 %. `worst` is the largest difference of the answers from the original's, relative to each "
            "channel's largest value, both in ONNX Runtime without its optimisations (where those change the "
            "original's answers, twice as much is allowed); OpenVINO's from the same. `./dev bench simplify`.\n\n")
    if raw.get("busy"):
        text += ("**Other programs ran on the machine: times are for orientation, nodes and bytes are "
                 "exact.**\n\n")
    text += totals(models) + "\n\n" + table(HEAD, [row_of(n, r) for n, r in models.items()]) + "\n\n"
    wrong, theirs = verdicts(models), of_onnxsim(models)
    text += ("Not as it should be:\n\n" + "\n".join(wrong) if wrong else
             "Of no model does hone leave more nodes or bytes than onnxsim, or a file that is slower beyond the "
             "noise, answers otherwise, or is refused where the original is not.") + "\n"
    return text + ("\nonnxsim:\n\n" + "\n".join(theirs) + "\n" if theirs else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", help="regular expression of model names")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--block", type=float, default=40, help="milliseconds of one side in a round")
    parser.add_argument("--no-time", action="store_true", help="nodes, bytes and answers alone")
    parser.add_argument("--out", help="folder to write; else below bench/runs")
    parser.add_argument("--again", action="store_true", help="measure all again")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    others, known = busy(), conditions()
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    known["core"] = str(core)
    for package in ("onnxsim", "onnxruntime", "openvino", "onnx"):
        known[package] = version(package)
    where = args.out or folder("simplify", known.get("cpu", ""))
    raw = {"date": today(), "rounds": args.rounds, "block_ms": args.block, "models": {}}
    try:
        with open(os.path.join(where, "raw.json"), encoding="utf-8") as f:
            old = json.load(f)
        if not args.again and all(old.get(k) == raw[k] for k in ("date", "rounds", "block_ms")):
            raw = old
    except (OSError, ValueError):
        pass
    for name, source in find(WORK):
        if name in raw["models"] or not re.search(args.only, name):
            continue
        raw["models"][name] = one(name, source, args)
        print("  ".join(map(str, row_of(name, raw["models"][name]))), file=sys.stderr, flush=True)
        raw["conditions"] = known
        raw["busy"] = raw.get("busy") or others or busy(own=1)
        known["load after"] = load()
        write(os.path.join(where, "raw.json"), json.dumps(raw, indent=1) + "\n")
        write(os.path.join(where, "README.md"), readme(raw))
    write(os.path.join(where, "README.md"), readme(raw))
    print(readme(raw))
    sys.exit(1 if verdicts(raw["models"]) else 0)


def version(package):
    from importlib.metadata import PackageNotFoundError, version as of
    try:
        return of(package)
    except PackageNotFoundError:
        return "absent"


if __name__ == "__main__":
    main()
