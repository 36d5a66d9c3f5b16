#!/usr/bin/env python3
"""All public models through `hone bench --against`: one table, one dated folder.

    ./dev bench peers [--only RE] [--against LIST] [--rounds N] [--block MS] [--minutes M] [--again]

Writes bench/runs/<date>-<cpu>-peers/{README.md,raw.json,summary.csv} after every model. What is in
today's raw.json is not measured again (--again does), so an interrupted run goes on; after --minutes
no further model is begun, and the next call takes up the rest.
"""
import argparse
import csv
import io
import json
import math
import os
import re
import shutil
import sys
import tempfile
import time

import numpy as np
import onnx

from runs import (WORK, Failed, busy, conditions, folder, hone, listed, load, table, today,
                  write)
from models import feed_for, find, materialized

RUNTIMES = "onnxruntime,openvino,ncnn,mnn,litert"
TYPES = {1: "tensor(float)", 7: "tensor(int64)", 2: "tensor(uint8)", 3: "tensor(int8)"}


class Input:
    """An input as models.feed_for() knows it."""

    def __init__(self, value):
        tensor = value.type.tensor_type
        self.name, self.type = value.name, TYPES.get(tensor.elem_type, "tensor(float)")
        self.shape = [d.dim_value if d.HasField("dim_value") else d.dim_param for d in tensor.shape.dim]


def save_inputs(name, path, into):
    graph = onnx.load(path, load_external_data=False).graph
    weights = {w.name for w in graph.initializer}
    inputs = [Input(v) for v in graph.input if v.name not in weights]
    for i, value in enumerate(feed_for(name, inputs).values()):
        np.save(os.path.join(into, f"input_{i}.npy"), value)


def one(name, source, args):
    path = materialized(name, source, WORK)
    inputs = tempfile.mkdtemp(prefix="hone-inputs-")
    try:
        save_inputs(name, path, inputs)
        begin = time.monotonic()
        out = hone("bench", path, "--against", args.against, "--rounds", args.rounds, "--block",
                   args.block, "--threads", args.threads, "--inputs", inputs, "--json", "-",
                   timeout=args.limit, allowed=(0, 1, 3))
        result = json.loads(out)
        result["seconds"] = round(time.monotonic() - begin, 1)
        return result
    except Failed as e:
        return {"failed": str(e).replace(path, os.path.basename(path))}
    finally:
        shutil.rmtree(inputs)


# --- what is written ------------------------------------------------------------------------------

def by_name(result):
    return {r["name"]: r for r in result.get("runtimes", [])}


def cell(runtime):
    if runtime is None or "cannot" in runtime:
        return "-"
    if not runtime["right"]:
        return "WRONG"
    r = runtime["ratio"]
    return f"{r['value']:.2f} ({r['low']:.2f} - {r['high']:.2f})" if r else f"{runtime['p50_ms']:.3f} ms"


def geomean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def best_peer(result):
    """The fastest other runtime that answers right: its ratio and name, or None."""
    ratios = [(r["ratio"]["value"], r["name"]) for r in result.get("runtimes", [])
              if r["name"] != "hone" and r.get("ratio") and r.get("right")]
    return min(ratios, default=None)


def against_best(results):
    """What the goal is stated in: the best peer of each model."""
    best = {m: b for m, b in ((m, best_peer(r)) for m, r in results.items()) if b}
    if not best:
        return ""
    behind = sorted((b, m) for m, b in best.items() if b[0] < 1)
    text = (f"Best peer of each model: its time / Hone's has a geometric mean of "
            f"**{geomean([b[0] for b in best.values()]):.3f}** over {len(best)} models")
    plain = [b[0] for m, b in best.items() if not re.search("int8|quant", m)]
    if len(plain) < len(best) and plain:
        text += f", {geomean(plain):.3f} over the {len(plain)} without integers"
    text += f"; below 1 on {len(behind)}"
    return text + "".join(f"{', ' if i else ': '}{m} {b[0]:.2f} ({b[1]})"
                          for i, (b, m) in enumerate(behind)) + ".\n\n"


def standing(results, names):
    """A line for each runtime: on how many models, how often slower, the mean ratio."""
    rows = []
    for name in names:
        there = [by_name(r).get(name) for r in results.values()]
        there = [t for t in there if t]
        ratios = [t["ratio"] for t in there if t.get("ratio")]
        wrong = sum(1 for t in there if "cannot" not in t and not t["right"])
        rows.append((name, len(ratios), wrong, sum(1 for t in there if "cannot" in t),
                     sum(1 for r in ratios if r["low"] > 1), sum(1 for r in ratios if r["high"] < 1),
                     f"{geomean([r['value'] for r in ratios]):.3f}" if ratios else "-"))
    return table(("runtime", "compared", "wrong", "cannot", "slower than Hone", "faster",
                  "geometric mean of time / Hone's"), rows)


def readme(raw, names):
    results = raw["models"]
    good = {m: r for m, r in results.items() if "runtimes" in r}
    shown = [n for n in names if any("cannot" not in by_name(r).get(n, {"cannot": ""})
                                     for r in good.values())]
    rows = [(m, f"{by_name(r)['hone']['p50_ms']:.3f}" if by_name(r)["hone"].get("right") else "WRONG",
             f"{best_peer(r)[0]:.2f}" if best_peer(r) else "-", *(cell(by_name(r).get(n)) for n in shown)) for m, r in good.items()]
    text = (f"# {raw['date']}, {raw['conditions'].get('cpu', 'cpu')}: Hone beside other runtimes\n\n"
            f"{listed(raw['conditions'])}\n"
            f"f32, batch 1, {raw['threads']} thread{'s' if raw['threads'] > 1 else ''}. Each cell: the "
            "runtime's time / Hone's (above 1 Hone is faster) with its interval "
            f"of 95 %, medians of {raw['rounds']} interleaved rounds of {raw['block_ms']:g} ms. How: "
            "docs/backends.md.\n\n")
    if raw.get("busy"):
        text += "**The machine was busy with something else: for orientation only.**\n\n"
    text += against_best(good) + standing(good, names) + "\n\n"
    text += table(("model", "hone ms", "best / Hone", *shown), rows) + "\n"
    why = []
    for m, r in results.items():
        if "failed" in r:
            why.append(f"- {m}: {r['failed']}")
        for x in r.get("runtimes", []):
            if "cannot" in x:
                why.append(f"- {m}, {x['name']}: {x['cannot']}")
            elif not x["right"]:
                why.append(f"- {m}, {x['name']}: WRONG: {x['wrong']}")
    seen, short = set(), []
    for line in why:  # LiteRT's reason is the same for every model
        key = line.split(": ", 1)[1] if "litert" in line else line
        key = re.sub(r"no \S+\.tflite", "no .tflite", key)
        if key not in seen:
            seen.add(key)
            short.append(line if len(line) < 240 else line[:237] + "...")
    return text + ("\nNot compared, and why:\n\n" + "\n".join(short) + "\n" if short else "")


def summary(raw):
    out = io.StringIO()
    w = csv.writer(out)
    w.writerow(("model", "runtime", "version", "p50_ms", "ratio", "low", "high", "right", "cannot"))
    for m, r in raw["models"].items():
        for x in r.get("runtimes", []):
            q = x.get("ratio") or {}
            w.writerow((m, x["name"], x["version"], x.get("p50_ms", ""), q.get("value", ""),
                        q.get("low", ""), q.get("high", ""), x.get("right", ""), x.get("cannot", "")))
    return out.getvalue()


def save(where, raw):
    names = raw["against"].split(",")
    write(os.path.join(where, "raw.json"), json.dumps(raw, indent=1) + "\n")
    write(os.path.join(where, "README.md"), readme(raw, names))
    write(os.path.join(where, "summary.csv"), summary(raw))


def opened(where, args):
    """Today's results so far, where they were taken in the same way."""
    fresh = {"date": today(), "against": args.against, "rounds": args.rounds,
             "block_ms": args.block, "threads": args.threads, "models": {}}
    try:
        with open(os.path.join(where, "raw.json"), encoding="utf-8") as f:
            old = json.load(f)
    except (OSError, ValueError):
        return fresh
    same = all(old.get(k) == fresh[k] for k in fresh if k != "models")
    return old if same and not args.again else fresh


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", help="regular expression of model names")
    parser.add_argument("--against", default=RUNTIMES)
    parser.add_argument("--rounds", type=int, default=6, help="6, the fewest that give an interval")
    parser.add_argument("--block", type=float, default=100, help="milliseconds of one in a round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20, help="begin no model after so long")
    parser.add_argument("--limit", type=float, default=240, help="seconds for one model")
    parser.add_argument("--out", help="folder to write; else below bench/runs")
    parser.add_argument("--again", action="store_true", help="measure all again")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    others, known = busy(), conditions()
    if args.threads == 1:  # one core for all, inherited: nobody moves between rounds
        core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        known["core"] = str(core)
    what = "peers" if args.threads == 1 else f"peers-{args.threads}-threads"
    where = args.out or folder(what, known.get("cpu", ""))
    raw = opened(where, args)
    raw["conditions"] = known
    begin, left = time.monotonic(), []
    for name, source in find(WORK):
        if args.only and not re.search(args.only, name):
            continue
        if name in raw["models"]:
            continue
        if time.monotonic() - begin > 60 * args.minutes:
            left.append(name)
            continue
        result = raw["models"][name] = one(name, source, args)
        cells = [f"{x['name']} {cell(x)}" for x in result.get("runtimes", [])]
        print(f"{name}:", ", ".join(cells) or result.get("failed"), file=sys.stderr, flush=True)
        raw["busy"] = raw.get("busy") or others or busy(own=args.threads)
        known["load after"] = load()
        save(where, raw)
    save(where, raw)
    print(readme(raw, raw["against"].split(",")))
    print(f"wrote {os.path.relpath(where)}", file=sys.stderr)
    if left:
        print(f"{len(left)} models are left; the same command goes on with them: {' '.join(left)}",
              file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
