"""./dev conformance: runs ONNX's backend suite and prints the figures, see docs/conformance.md."""
import argparse
import os
import pathlib
import sys
import tempfile

import drive
import expected
import suite


def main():
    parser = argparse.ArgumentParser(prog="./dev conformance", description=__doc__)
    parser.add_argument("runtime", nargs="*", help="reference, engine; without one both")
    parser.add_argument("-k", metavar="TEXT", default="", help="only cases with TEXT in their names")
    parser.add_argument("--keep", metavar="DIR", help="keep the cases that were written there")
    options = parser.parse_args()
    runtimes = options.runtime or drive.RUNTIMES
    if not set(runtimes) <= set(drive.RUNTIMES):
        parser.error(f"a runtime is one of {', '.join(drive.RUNTIMES)}")
    update = bool(os.environ.get("HONE_UPDATE_SNAPSHOTS"))
    if update and options.k:
        parser.error("the lists are rewritten from all cases, not from some")
    with tempfile.TemporaryDirectory(prefix="hone-conformance-") as made:
        folder = pathlib.Path(options.keep or made) / "node"
        return run(suite.collect(folder, options.k), runtimes, update, bool(options.k))


def run(cases, runtimes, update, some):
    results = {runtime: drive.run_all(cases, runtime) for runtime in runtimes}
    bad = []
    for runtime, verdicts in results.items():
        if some:
            bad += [f"{runtime}: {v.name}: {v.what}: {v.why}" for v in verdicts if v.what != "pass"]
            continue
        if update:
            expected.save(runtime, verdicts)
        bad += [f"{runtime}: {line}" for line in expected.problems(runtime, verdicts)]
    for runtime, verdicts in results.items():
        count = {w: sum(v.what == w for v in verdicts)
                 for w in ("pass", "refused", "wrong", "crash", "hang")}
        print(f"{runtime}: {count['pass']} / {len(cases)} pass, {count['refused']} refused, "
              f"{count['wrong']} wrong, {count['crash']} crash, {count['hang']} hang")
    print(drive.table(cases, results))
    print("\n".join(bad), file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
