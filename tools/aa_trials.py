#!/usr/bin/env python3
"""How often `hone compare` is wrong: an engine against itself, again and again, and (--slow) against
a slower one.

    tools/aa_trials.py ENGINE [--trials 100] [--slow ENGINE] [-- OPTIONS OF HONE COMPARE]

An engine against itself on a quiet core should be 'same' in at least 90 of 100 runs and 'regressed'
in at most 1 (docs/compare.md). Prints the verdicts counted, the spread of the ratios, rounds and
time per run, and the conditions. Exit 0 where both hold, 1 where not.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess
import sys

HONE = os.environ.get("HONE", "build/release/hone")


def compare(a, b, more):
    run = subprocess.run([HONE, "compare", a, b, "--json", "-", *more], capture_output=True,
                         text=True, check=False)
    if run.returncode not in (0, 1, 3):
        raise SystemExit(run.stderr)
    return json.loads(run.stdout)


def trials(a, b, args):
    results = []
    for i in range(args.trials):
        results.append(compare(a, b, args.more))
        if sys.stderr.isatty():
            print(f"\r{i + 1} of {args.trials}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    count = collections.Counter(r["verdict"] for r in results)
    ratios = sorted(r["ratio"]["value"] or 1 for r in results)
    rounds = sorted(r["rounds"] for r in results)
    print(f"{a} against {'itself' if a == b else b}, {args.trials} runs: "
          + ", ".join(f"{v} {count[v]}" for v in ("same", "regressed", "better", "inconclusive")))
    print(f"  ratios {ratios[0]:.4f} to {ratios[-1]:.4f}, median {statistics.median(ratios):.4f}; "
          f"rounds {rounds[0]} to {rounds[-1]}, median {statistics.median(rounds):.0f}; "
          f"{statistics.mean(r['seconds'] for r in results):.1f} s a run")
    c = results[-1]["conditions"]
    print(f"  {c['cpu']}, {c['cores']} cores, {c['threads']} thread(s), load {results[0]['conditions']['load']} "
          f"to {c['load_after']}")
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--slow", help="an engine of the same model that is slower")
    parser.add_argument("more", nargs="*", help="after --: options of hone compare")
    args = parser.parse_args()
    count = trials(args.engine, args.engine, args)
    good = count["same"] >= 0.9 * args.trials and count["regressed"] <= 0.01 * args.trials
    if args.slow:
        good = trials(args.engine, args.slow, args)["regressed"] >= 0.95 * args.trials and good
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
