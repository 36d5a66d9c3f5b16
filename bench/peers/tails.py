#!/usr/bin/env python3
"""The slowest run in a thousand beside the median, Hone's and the peers', from the same rounds.

    ./dev bench tails [--only RE] [--against LIST] [--rounds N] [--runs N] [--minutes M] [--again]

Every runtime has as many samples: rounds x runs of them, 6,660 by default (6,636 are the fewest that
bound p99.9). Only models that Hone runs in under --under ms; one that turns out slower is left out.
Writes bench/runs/<date>-<cpu>-tails/{README.md,raw.json} after every model; what is there is not
measured again (--again does). All models take about 25 minutes with two peers, so after --minutes
(9) no further model is begun and the same command goes on with the rest: exit 3 until all are done.
"""
import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time

from runs import (WORK, Failed, busy, conditions, folder, hone, listed, load, table, today,
                  write)
from models import find, materialized
from suite import by_name, geomean, save_inputs


def probe_and_race(name, source, args):
    """The result of one model, {"slow": ms} or {"failed": why}."""
    path = materialized(name, source, WORK)
    inputs = tempfile.mkdtemp(prefix="hone-inputs-")

    def against(rounds, runs, runtimes):
        return json.loads(hone("bench", path, "--against", runtimes, "--rounds", rounds, "--runs",
                               runs, "--threads", args.threads, "--inputs", inputs, "--json", "-",
                               timeout=args.limit, allowed=(0, 1, 3)))
    try:
        save_inputs(name, path, inputs)
        begin = time.monotonic()
        p50 = by_name(against(1, 9, args.against.split(",")[0]))["hone"].get("p50_ms")
        if p50 is None or p50 >= args.under:
            return {"slow": p50}
        result = against(args.rounds, args.runs, args.against)
        result["seconds"] = round(time.monotonic() - begin, 1)
        return result
    except Failed as e:
        return {"failed": str(e).replace(path, os.path.basename(path))}
    finally:
        shutil.rmtree(inputs)


def ratio(runtime):
    """p99.9 / p50; None where it was not measured or the answer is wrong."""
    if runtime is None or not runtime.get("right") or runtime.get("p99.9_ms") is None:
        return None
    return runtime["p99.9_ms"] / runtime["p50_ms"]


def best_peer(result):
    """The fastest other runtime that answers right: what the goal is stated against."""
    there = [r for r in result["runtimes"] if r["name"] != "hone" and ratio(r) is not None]
    return min(there, key=lambda r: r["p50_ms"], default=None)


def cell(runtime):
    r = ratio(runtime)
    return "-" if r is None else f"{runtime['p50_ms']:.3f} {runtime['p99.9_ms']:.3f} {r:.2f}"


def readme(raw, names):
    good = {m: r for m, r in raw["models"].items()
            if "runtimes" in r and ratio(by_name(r).get("hone")) is not None}
    rows, ours, theirs, above = [], [], [], []
    for m, r in good.items():
        own, best = ratio(by_name(r)["hone"]), best_peer(r)
        if best is not None:
            ours.append(own)
            theirs.append(ratio(best))
            if own > ratio(best):
                above.append(f"{m} {own:.2f} > {ratio(best):.2f} ({best['name']})")
        rows.append((m, "-" if best is None else best["name"],
                     *(cell(by_name(r).get(n)) for n in ["hone", *names])))
    text = (f"# {raw['date']}, {raw['conditions'].get('cpu', 'cpu')}: the slowest run in a thousand\n\n"
            f"{listed(raw['conditions'])}\n"
            f"f32, batch 1, {raw['threads']} thread{'s' if raw['threads'] > 1 else ''}. Each cell: p50 ms, "
            f"p99.9 ms, p99.9 / p50, of {raw['rounds'] * raw['runs']} samples in {raw['rounds']} interleaved "
            f"rounds. `./dev bench tails`.\n\n")
    if raw.get("busy"):
        text += "**The machine was busy with something else: for orientation only.**\n\n"
    if ours:
        text += (f"Geometric mean of p99.9 / p50: Hone {geomean(ours):.3f}, the fastest peer of each model "
                 f"{geomean(theirs):.3f}, over {len(ours)} models; Hone's is above that peer's on "
                 f"{len(above)}{': ' + ', '.join(above) if above else ''}.\n\n")
    text += table(("model", "fastest peer", "hone", *names), rows) + "\n"
    failed = [f"- {m}: {r['failed']}" for m, r in raw["models"].items() if "failed" in r]
    slow = [m for m, r in raw["models"].items() if "slow" in r]
    if slow:
        text += f"\nNot under {raw['under']:g} ms: {', '.join(slow)}.\n"
    return text + ("\nNot measured:\n\n" + "\n".join(failed) + "\n" if failed else "")


def save(where, raw):
    write(os.path.join(where, "raw.json"), json.dumps(raw, indent=1) + "\n")
    write(os.path.join(where, "README.md"), readme(raw, raw["against"].split(",")))


def opened(where, args):
    """Today's results so far, where they were taken in the same way."""
    fresh = {"date": today(), "against": args.against, "rounds": args.rounds, "runs": args.runs,
             "under": args.under, "threads": args.threads, "models": {}}
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
    parser.add_argument("--against", default="onnxruntime,openvino")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=111, help="of each runtime in a round")
    parser.add_argument("--under", type=float, default=10, help="milliseconds of Hone's median")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=9, help="begin no model after so long")
    parser.add_argument("--limit", type=float, default=400, help="seconds for one model")
    parser.add_argument("--out", help="folder to write; else below bench/runs")
    parser.add_argument("--again", action="store_true", help="measure all again")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    others, known = busy(), conditions()
    if args.threads == 1:  # one core for all, inherited: nobody moves between rounds
        core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        known["core"] = str(core)
    where = args.out or folder("tails", known.get("cpu", ""))
    raw = opened(where, args)
    raw["conditions"] = known
    begin, left = time.monotonic(), []
    for name, source in find(WORK):
        if (args.only and not re.search(args.only, name)) or name in raw["models"]:
            continue
        if time.monotonic() - begin > 60 * args.minutes:
            left.append(name)
            continue
        result = raw["models"][name] = probe_and_race(name, source, args)
        cells = [f"{x['name']} {cell(x)}" for x in result.get("runtimes", [])]
        print(f"{name}:", ", ".join(cells) or str(result), file=sys.stderr, flush=True)
        raw["busy"] = raw.get("busy") or others or busy(own=args.threads)
        known["load after"] = load()
        save(where, raw)
    save(where, raw)
    print(readme(raw, raw["against"].split(",")))
    if left:
        print(f"{len(left)} models are left; the same command goes on with them: {' '.join(left)}",
              file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
