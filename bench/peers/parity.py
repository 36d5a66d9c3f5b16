#!/usr/bin/env python3
"""hone parity and Polygraphy side by side: equal models, planted defects, tests that cannot tell.

    ./dev bench parity [--only RE] [--again] [--limit SECONDS]

Each tool is used as its documentation has it. Polygraphy: `run A --onnxrt --save-inputs --save-outputs`, then `run B --onnxrt
--load-inputs --load-outputs`, once with its default tolerances and once with absolute ones for each
output, of 1e-3 (f16: 1e-2, int8: 1e-1) of that output's largest value; where a defect was planted the
same with `--onnx-outputs mark all --fail-fast`, which ends at the first value that differs, and `debug
reduce`, by halves and then node by node. Hone: `parity A B`. Writes bench/runs/<date>-<cpu>-parity/{README.md,raw.json}
after every pair; what is there is not done again (--again does).
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from runs import HONE, Failed, busy, conditions, folder, listed, load, table, today, write
from parity_cases import all_cases, save_folder, save_json

import numpy as np
import onnx
from polygraphy.comparator import RunResults

SHARE = {"f32": 1e-3, "f16": 1e-2, "int8": 1e-1}


def timed(command, where, limit):
    """(exit code or None where time ran out, output, seconds)"""
    begin = time.monotonic()
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=where,
                              check=False, timeout=limit,
                              env={**os.environ, "HONE_PYTHON": sys.executable, "NO_COLOR": "1"})
    except subprocess.TimeoutExpired:
        return None, "", time.monotonic() - begin
    return done.returncode, done.stdout + done.stderr, time.monotonic() - begin


# --- Polygraphy -----------------------------------------------------------------------------------

def polygraphy(*args):
    return [os.path.join(os.path.dirname(sys.executable), "polygraphy"), *args]


def verdict(code, text):
    """PASSED, FAILED, or the error that left neither."""
    if code is None:
        return "time"
    if code == 0:
        return "passes"
    if "Accuracy Summary" in text or "FAILED | Output" in text or re.search(r"FAILED \| simple", text):
        return "fails"
    found = [line for line in text.splitlines() if line.startswith("[!]") or "rror" in line]
    return "error: " + re.sub(r"^\[.\]\s*", "", found[-1] if found else f"exit {code}")[:160]


def tolerances(outputs, precision):
    """Per output, by its largest value."""
    args = []
    (_, iterations), *_ = RunResults.load(outputs).items()
    for name, value in iterations[0].items():
        value = np.asarray(value)
        finite = np.abs(value[np.isfinite(value)].astype(np.float64))
        atol = SHARE[precision] * float(finite.max(initial=0))
        args.append(f"{name}:{max(atol, 1e-8):g}")
    return ["--atol", *args]


def first_failed(text):
    """The output at which --fail-fast ended."""
    found = re.findall(r"FAILED \| Output: '([^']+)'", text)
    return found[0] if found else None


def data_args(case, work):
    if case.inputs:
        save_json(case, os.path.join(work, "given.json"))
        return ["--load-inputs", "given.json"]
    ranges = ["--val-range", *case.val_range] if case.val_range else []
    return [*ranges, *(["--input-shapes", *case.shapes] if case.shapes else [])]


def run_polygraphy(case, work, limit):
    data, result, total = data_args(case, work), {}, 0.0

    def step(*args):
        nonlocal total
        code, text, seconds = timed(polygraphy(*args), work, limit)
        total += seconds
        return code, text

    code, text = step("run", case.a, "--onnxrt", *data, "--save-inputs", "in.json",
                      "--save-outputs", "a.json")
    if code != 0:
        return {"default": verdict(code, text), "seconds": total}
    again = ["--onnxrt", "--load-inputs", "in.json"]
    code, text = step("run", case.b, *again, "--load-outputs", "a.json")
    result["default"], result["seconds"] = verdict(code, text), total
    code, text = step("run", case.b, *again, "--load-outputs", "a.json",
                      *tolerances(os.path.join(work, "a.json"), case.precision))
    result["scaled"] = verdict(code, text)
    if case.group != "defect":
        return result
    total = 0.0
    code, text = step("run", case.a, *again, "--onnx-outputs", "mark", "all", "--save-outputs",
                      "layers.json", "--save-inputs", "all.json")
    if code == 0:
        code, text = step("run", case.b, *again, "--onnx-outputs", "mark", "all", "--load-outputs",
                          "layers.json", "--fail-fast")
        result["located"] = first_failed(text) or verdict(code, text)
    else:
        result["located"] = verdict(code, text)
    result["located_seconds"] = total
    if case.precision == "f32":
        result.update(reduce(case, work, limit, step))
    return result


def reduce(case, work, limit, step):
    """As Polygraphy's example 02_reducing_failing_onnx_models: shapes frozen, shape arithmetic
    folded, A's values as inputs of every part, by halves and then node by node."""
    begin = time.monotonic()
    code, text = step("data", "merge", "in.json", "layers.json", "-o", "layer_inputs.json")
    if code != 0:
        return {"reduced": verdict(code, text)}
    model = case.b
    if case.shapes:
        code, text = step("surgeon", "sanitize", model, "-o", "folded.onnx", "--fold-constants",
                          "--override-input-shapes", *case.shapes)
        if code != 0:
            return {"reduced": verdict(code, text)}
        model = "folded.onnx"
    check = polygraphy("run", "polygraphy_debug.onnx", "--onnxrt", "--load-inputs",
                       "layer_inputs.json", "--load-outputs", "layers.json")
    for mode, part in (("bisect", "halves.onnx"), ("linear", "reduced.onnx")):
        left = limit - (time.monotonic() - begin)
        code, text, _ = timed(polygraphy("debug", "reduce", model, "-o", part, "--mode", mode,
                                         "--load-inputs", "layer_inputs.json", "--check", *check),
                              work, max(left, 1))
        if code is None:
            return {"reduced": f"not within {limit:.0f} s",
                    "reduced_seconds": time.monotonic() - begin}
        model = part
        if not os.path.exists(os.path.join(work, part)):
            return {"reduced": verdict(code, text), "reduced_seconds": time.monotonic() - begin}
    nodes = onnx.load(os.path.join(work, model)).graph.node
    holds = any(case.culprit in n.output for n in nodes)
    return {"reduced": f"{len(nodes)} node{'s' if len(nodes) > 1 else ''}, "
                       f"{'with' if holds else 'without'} the defect",
            "reduced_seconds": time.monotonic() - begin}


# --- Hone -----------------------------------------------------------------------------------------

def run_hone(case, work, limit):
    args = []
    if case.inputs:
        save_folder(case, os.path.join(work, "given"))
        args = ["--inputs", "given"]
    code, text, seconds = timed([HONE, "parity", case.a, case.side + case.b, *args, "--json",
                                 "-"], work, limit)
    result = {"seconds": seconds}
    if code is None:
        return {**result, "verdict": "time"}
    try:
        said = json.loads(text[text.index("{"):text.rindex("}") + 1])
    except ValueError:
        refused = re.search(r"weights are not finite: initializer '[^']+': .*", text)
        return {**result, "verdict": "refuses the file" if refused else "error: " + text.strip()[:160],
                "where": refused.group(0) if refused else None}
    result["verdict"] = {0: "agrees", 1: "differs", 3: "cannot tell"}.get(code, f"exit {code}")
    result["tolerance"] = said["tolerance"]
    result["worst"] = max((o["worst"] for o in said["outputs"]), default=0)
    result["where"] = said.get("where") or said.get("blind")
    found = re.search(r"first at '([^']+)'", said.get("where") or "")
    result["located"] = found.group(1) if found else None
    return result


# --- what is written ------------------------------------------------------------------------------

# What each group's right answer is.
RIGHT = {"same": (["passes"], ["agrees"]), "defect": (["fails"], ["differs", "refuses the file"]),
         "blind": (["fails"], ["cannot tell", "differs"])}


def mark(said, right):
    return said if said in right else f"**{said}**"


def near(case, value):
    """Whether that value is the spoilt one, or its only reader's: a pass may have fused the two."""
    if value == case.culprit:
        return True
    readers = [n for n in onnx.load(case.b, load_external_data=False).graph.node
               if case.culprit in n.input]
    return any(value in n.output for n in readers)


def seconds(r, key="seconds"):
    return f"{r[key]:.1f}" if key in r else "-"


def located(case, r):
    if case.group != "defect":
        return "-"
    if r.get("verdict") == "refuses the file":
        return "the weight"
    value = r.get("located")
    if not value:
        return "no"
    if value == case.culprit:
        return "yes"
    return "its reader" if near(case, value) else f"no: {value}"[:60]


def row(case, r):
    p, h = r["polygraphy"], r["hone"]
    right = RIGHT[case.group]
    return (case.name, mark(p["default"], right[0]), mark(p.get("scaled", "-"), right[0]),
            located(case, p), p.get("reduced", "-"), seconds(p), seconds(p, "located_seconds"),
            seconds(p, "reduced_seconds"), mark(h["verdict"], right[1]),
            f"{h['worst']:.1e} / {h['tolerance']:.1e}" if "worst" in h else "-", located(case, h),
            seconds(h))


HEAD = ("pair", "default tolerances", "scaled tolerances", "located", "reduced to", "s", "s to locate",
        "s to reduce", "hone parity", "worst / limit", "located", "s")

TITLES = {"same": "The same model in other words: right is a pass",
          "defect": "One planted defect: right is a fail",
          "blind": "A defect that inputs or output hide: right is to find it, or to say that it cannot be seen"}


def readme(raw, cases):
    text = (f"# {raw['date']}, {raw['conditions'].get('cpu', 'cpu')}: hone parity beside Polygraphy "
            f"{raw['polygraphy']}\n\n{listed(raw['conditions'])}\n"
            "Bold: the wrong answer. `located`: the value that the planted node makes is named first "
            "(`its reader`: the value behind it). Tolerances, commands: bench/peers/parity.py.\n")
    if raw.get("busy"):
        text += "\n**The machine was busy with something else: times are for orientation only.**\n"
    for group, title in TITLES.items():
        rows = [row(c, raw["pairs"][c.name]) for c in cases
                if c.group == group and c.name in raw["pairs"]]
        if rows:
            text += f"\n## {title}\n\n{table(HEAD, rows)}\n"
    return text


def main():
    import polygraphy as module
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", help="regular expression of the pairs' names")
    parser.add_argument("--again", action="store_true", help="pairs that were done today, too")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one command")
    args = parser.parse_args()
    known = conditions()
    where = folder("parity", known.get("cpu", "cpu"))
    raw = {"date": today(), "polygraphy": module.__version__, "pairs": {}}
    try:
        with open(os.path.join(where, "raw.json"), encoding="utf-8") as f:
            raw = {**raw, **json.load(f)}
    except (OSError, ValueError):
        pass
    raw["conditions"] = known
    cases = all_cases()
    for case in cases:
        if args.only and not re.search(args.only, case.name):
            continue
        if case.name in raw["pairs"] and not args.again:
            continue
        raw["busy"] = bool(raw.get("busy")) or busy()
        work = tempfile.mkdtemp(prefix="hone-parity-")
        try:
            raw["pairs"][case.name] = {"polygraphy": run_polygraphy(case, work, args.limit),
                                       "hone": run_hone(case, work, args.limit)}
        finally:
            shutil.rmtree(work)
        print(case.name, json.dumps(raw["pairs"][case.name]), flush=True)
        raw["conditions"]["load_after"] = load()
        write(os.path.join(where, "raw.json"), json.dumps(raw, indent=1) + "\n")
        write(os.path.join(where, "README.md"), readme(raw, cases))
    print(os.path.join(where, "README.md"))


if __name__ == "__main__":
    try:
        main()
    except Failed as e:
        sys.exit(f"error: {e}")
