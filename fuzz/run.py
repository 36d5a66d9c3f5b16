#!/usr/bin/env python3
"""Runs the libFuzzer programs of build/fuzz, each for so many minutes of CPU time, and prints what
they did: `./dev fuzz [MINUTES [TARGET ...]]`, see docs/fuzzing.md.

What they find new stays in build/fuzz/corpus/TARGET, so that the next run goes on from there. An
input that breaks something is kept as build/fuzz/found/TARGET-*; it goes to fuzz/corpus/TARGET with
the mend. Exit 1 where there is one.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "fuzz"
SLICE = 60  # seconds of one process; CPU time is known when it ends
LIMIT = 10  # seconds of one input
OPTIONS = [f"-timeout={LIMIT}", "-rss_limit_mb=2048", "-print_final_stats=1"]


@dataclasses.dataclass
class Work:
    target: str
    cpu_seconds: float = 0
    runs: int = 0
    covered: int = 0  # edges of the program; of the last process
    corpus: int = 0
    finding: str = ""


def count(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def is_slow(target, unit):
    """Whether an input that a run gave up on takes long by itself, too: the fuzzer's limit is of the
    clock, which goes on while others have the processor."""
    process = subprocess.Popen([str(BUILD / f"{target}_fuzz"), "-timeout=600", unit],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return status != 0 or usage.ru_utime + usage.ru_stime > LIMIT


def slice_of(work, seconds):
    """One process; adds to `work` what it did."""
    corpus, found = BUILD / "corpus" / work.target, BUILD / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "fuzz" / "corpus" / work.target
    words = ROOT / "fuzz" / "words" / f"{work.target}.dict"
    command = [BUILD / f"{work.target}_fuzz", f"-max_total_time={seconds}",
               f"-artifact_prefix={found}/{work.target}-", *OPTIONS,
               *([f"-dict={words}"] if words.exists() else []),
               corpus, *([seeds] if seeds.is_dir() else [])]
    log = BUILD / f"{work.target}.log"
    with open(log, "w") as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors="replace")
    work.cpu_seconds += usage.ru_utime + usage.ru_stime
    work.runs += count(r"stat::number_of_executed_units: (\d+)", text)
    work.covered = max(work.covered, count(r"cov: (\d+)", text))
    work.corpus = len(list(corpus.iterdir()))
    if code != 0:
        kept = re.findall(r"Test unit written to (\S+)", text)
        if kept and "-timeout-" in kept[-1] and not is_slow(work.target, kept[-1]):
            os.remove(kept[-1])
        else:
            work.finding = kept[-1] if kept else f"exit {code}, see {log}"


def run(work, minutes, quiet):
    begin = time.monotonic()
    while not work.finding and (left := minutes * 60 - work.cpu_seconds) > 0.5:
        slice_of(work, max(1, round(min(left, SLICE))))
        if work.cpu_seconds == 0:
            break
    with quiet:
        print(f"{work.target}: {work.cpu_seconds / 60:.1f} CPU minutes in "
              f"{(time.monotonic() - begin) / 60:.1f}, {work.runs} runs, "
              f"{work.finding or 'nothing found'}", flush=True)
    return work


def table(works):
    rows = [("target", "CPU minutes", "runs", "edges", "corpus", "found")]
    rows += [(w.target, f"{w.cpu_seconds / 60:.1f}", str(w.runs), str(w.covered), str(w.corpus),
              w.finding or "nothing") for w in works]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(n) if k in (0, 5) else cell.rjust(n)
                        for k, (cell, n) in enumerate(zip(row, widths))).rstrip())


def main(arguments):
    try:
        minutes = float(arguments[0]) if arguments else 1.0
    except ValueError:
        sys.exit(f"./dev fuzz: '{arguments[0]}' is no number of minutes")
    targets = sorted(p.name.removesuffix("_fuzz.cc") for p in (ROOT / "fuzz").glob("*_fuzz.cc"))
    for name in arguments[1:]:
        if name not in targets:
            sys.exit(f"./dev fuzz: no target '{name}': {' '.join(targets)}")
    quiet = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        works = list(pool.map(lambda t: run(Work(t), minutes, quiet), arguments[1:] or targets))
    table(works)
    return 1 if any(w.finding for w in works) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
