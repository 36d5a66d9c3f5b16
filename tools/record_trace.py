#!/usr/bin/env python3
"""Records rounds of an engine against itself as a trace that the tests of `hone compare` resample.

    tools/record_trace.py ENGINE OUT.json [--rounds 400] [--reopen 1] [--what TEXT]

A trace is the rounds of `hone compare ENGINE ENGINE --json -`: per round the placement it ran at and
both sides' median in ms, with the conditions they were taken under. Numbers are kept to the
nanosecond, a trace of 400 rounds takes 12 kB. Those in src/ship/measure/testing/traces were recorded with it;
compare_trace_test.cc says what each is for.
"""
import argparse
import json
import os
import subprocess

HONE = os.environ.get("HONE", "build/release/hone")
KEPT = ("cpu", "arch", "isa", "cores", "threads", "kernel", "governor", "frequency_khz", "load",
        "load_after", "hone")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("out")
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--reopen", type=int, default=1, help="rounds per placement")
    parser.add_argument("--what", default="", help="a line about the machine, kept in the trace")
    args = parser.parse_args()
    run = subprocess.run([HONE, "compare", args.engine, args.engine, "--rounds", str(args.rounds),
                          "--reopen", str(args.reopen), "--json", "-"],
                         capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1, 3):
        raise SystemExit(run.stderr)
    result = json.loads(run.stdout)
    series = {key: [round(x, 6) for x in values] for key, values in result["series"].items()}
    trace = {"schema": 1, "what": args.what, "percentile": result["percentile"],
             "reopen": args.reopen, "seconds": round(result["seconds"], 1),
             "verdict": result["verdict"], "ratio": result["ratio"],
             "conditions": {k: result["conditions"][k] for k in KEPT if k in result["conditions"]},
             **series}
    with open(args.out, "w", encoding="utf-8") as out:
        lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in trace.items())
        out.write("{\n" + lines + "\n}\n")
    print(f"{args.out}: {args.rounds} rounds, {trace['verdict']}, ratio {trace['ratio']}")


if __name__ == "__main__":
    main()
