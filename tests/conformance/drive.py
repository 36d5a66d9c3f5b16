"""Drives the program over the cases, each in a process of its own, and counts."""
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import onnx

import judge

WORKERS = 2
LONGEST = 160  # characters of a reason
SECONDS = 60  # of one process; the slowest case takes one
RUNTIMES = ("reference", "engine")


@dataclasses.dataclass
class Verdict:
    name: str
    what: str  # pass, refused, wrong, crash or hang
    why: str = ""


class Stop(Exception):
    def __init__(self, what, why):
        self.verdict = what, why


def hone():
    return os.path.abspath(os.environ.get("HONE", "build/release/hone"))


def call(*args):
    try:
        run = subprocess.run([hone(), *map(str, args)], capture_output=True, text=True,
                             timeout=SECONDS, env={**os.environ, "NO_COLOR": "1"})
    except subprocess.TimeoutExpired:
        raise Stop("hang", f"hone {args[0]} ran for {SECONDS} s") from None
    if not 0 <= run.returncode <= 4:
        raise Stop("crash", f"hone {args[0]} ended with {run.returncode}")
    if run.returncode != 0:
        raise Stop("refused", reason((run.stderr.strip().splitlines() or ["no message"])[-1]))


def reason(line):
    """Without what differs from machine to machine: folders, and the kernels of its processor."""
    line = re.sub(r"^(error: )?\S*/(?=\S+: )", "", line)
    line = re.sub(r" \([a-z0-9_, ]+_portable\)", "", line)
    return line if len(line) <= LONGEST else line[:LONGEST].rstrip() + " ..."


def check_set(case, data, program, extra, folder, model):
    out = pathlib.Path(tempfile.mkdtemp(dir=folder))
    call("run", program, "--inputs", data, "--save", out, "--format", "pb", *extra)
    given = [(p, judge.read(p, info)) for p, info in
             ((data / f"output_{k}.pb", info) for k, info in enumerate(model.graph.output))
             if p.exists()]
    infos = {f"output_{k}.pb": info for k, info in enumerate(model.graph.output)}
    want = [value for _, value in given]
    try:
        got = [judge.read(out / p.name, infos[p.name]) for p, _ in given]
    except Exception as e:  # a file that is missing or of another kind
        raise Stop("wrong", f"{type(e).__name__}: {e}") from e
    rule = judge.undefined(case.name)
    if rule:
        inputs = [judge.read(data / f"input_{k}.pb", info)
                  for k, info in enumerate(model.graph.input)
                  if (data / f"input_{k}.pb").exists()]
        wrong = rule(inputs, got, want)
    else:
        wrong = next(filter(None, (judge.difference(g, w, case.rtol, case.atol)
                                   for g, w in zip(got, want))), "")
    if wrong:
        raise Stop("wrong", wrong)


def run_case(case, runtime):
    """Builds without looking at the inputs, where it is the engine's turn, and runs every set."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hone-conformance-"))
    program, extra = case.folder / "model.onnx", ["--reference"]
    try:
        model = onnx.load(program, load_external_data=False)
        if runtime == "engine":
            call("build", program, "-o", folder / "engine")
            program, extra = folder / "engine", []
        for data in sorted(case.folder.glob("test_data_set_*")):
            check_set(case, data, program, extra, folder, model)
        return Verdict(case.name, "pass")
    except Stop as stop:
        return Verdict(case.name, *stop.verdict)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_all(cases, runtime):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda case: run_case(case, runtime), cases))


def table(cases, results):
    """Passed of all, by family, for each runtime of {runtime: verdicts}."""
    size = collections.Counter(c.family for c in cases)
    rows = [("family", *results), *[
        (family, *[f"{sum(v.what == 'pass' for c, v in zip(cases, verdicts) if c.family == family)}"
                   f" / {count}" for verdicts in results.values()])
        for family, count in sorted(size.items())]]
    rows.append(("all", *[f"{sum(v.what == 'pass' for v in verdicts)} / {len(cases)}"
                          for verdicts in results.values()]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0]),
                                *[cell.rjust(w) for cell, w in zip(row[1:], widths[1:])]])
                     for row in rows)
