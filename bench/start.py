#!/usr/bin/env python3
"""What an engine costs beside its speed: build, file, load, first run, memory. One table.

    ./dev bench start [--only RE] [--duration S] [--out FILE.md]

Each model is built twice (cold, then with the timing cache of the first), its engine inspected and
run alone on one thread. Load is to ready, so with binding. Check pass: reading the engine file once
through XXH3, as loading does.
"""
import argparse
import json
import os
import re
import sys
import tempfile
import time

import xxhash

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "peers"))
from models import find, materialized  # noqa: E402
from runs import WORK, Failed, conditions, hone, listed, table, today, write  # noqa: E402

MB = 1e6
HEAD = ("model", "build s", "cached s", "engine MB", "weights / least", "load ms", "of check pass",
        "first / p50", "p99.9 / p50", "arena / bound", "resident MB", "packed + arena + 8 MB")


def check_pass_ms(path):
    """The best of five: what no loader that checks its file can be under."""
    times = []
    for _ in range(5):
        begin = time.monotonic()
        with open(path, "rb") as f:
            xxhash.xxh3_64(f.read()).digest()
        times.append(1e3 * (time.monotonic() - begin))
    return min(times)


def built(model, engine, cache):
    begin = time.monotonic()
    hone("build", model, "-o", engine, "--timing-cache", cache, timeout=900)
    return time.monotonic() - begin


def row(name, model, seconds, scratch):
    engine, cache = os.path.join(scratch, "m.engine"), os.path.join(scratch, "cache.json")
    if os.path.exists(cache):
        os.remove(cache)
    cold, cached = built(model, engine, cache), built(model, engine, cache)
    about = json.loads(hone("inspect", engine, "--json", "-"))
    run = json.loads(hone("bench", engine, "--duration", seconds, "--json", "-", allowed=(0, 3)))
    profile, packed, memory = about["profiles"][0], about["packed_bytes"], run["memory"]
    p50, tail = run["latency_ms"]["p50"], run["latency_ms"].get("p99.9")
    load = run["warmup"]["load_ms"] + run["warmup"]["bind_ms"]
    whole = about["weight_bytes"] + profile["arena_bytes"] + 8 * MB
    return (name, f"{cold:.1f}", f"{cached:.2f}", f"{about['bytes'] / MB:.1f}",
            f"{packed['chosen'] / packed['least']:.2f}" if packed and packed["least"] else "-",
            f"{load:.2f}", f"{load / check_pass_ms(engine):.2f}",
            f"{run['warmup']['first_ms'] / p50:.2f}", f"{tail / p50:.2f}" if tail else "-",
            f"{profile['values_bytes'] / profile['lower_bound_bytes']:.3f}"
            if profile["lower_bound_bytes"] else "-",
            f"{memory['peak_rss_bytes'] / MB:.1f}", f"{whole / MB:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", help="regular expression of model names")
    parser.add_argument("--duration", type=float, default=3, help="of running each engine")
    parser.add_argument("--out", help="file to write the table to, with its conditions")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    known, rows, failed = conditions(), [], []
    with tempfile.TemporaryDirectory(prefix="hone-start-") as scratch:
        for name, source in find(WORK):
            if not re.search(args.only, name):
                continue
            try:
                rows.append(row(name, materialized(name, source, WORK), args.duration, scratch))
                print("  ".join(rows[-1]), file=sys.stderr, flush=True)
            except Failed as e:
                failed.append(f"- {name}: {e}")
    text = (f"# {today()}: beside the speed\n\n{listed(known)}\nOne thread. `./dev bench start`.\n\n"
            f"{table(HEAD, rows)}\n" + "\n".join(failed))
    print(text)
    if args.out:
        write(args.out, text.rstrip() + "\n")


if __name__ == "__main__":
    main()
