"""A thousand models that nobody means well with: each command that reads a model answers in time,
within bounds of memory, by an exit code and one clear line."""
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys

import pytest

import limits

COUNT, SEED = 1000, 8


@pytest.fixture(scope="module")
def mutants(tmp_path_factory):
    if not pathlib.Path(limits.HONE).exists():
        pytest.skip(f"{limits.HONE} is not built")
    folder = tmp_path_factory.mktemp("mutants")
    # Made by another process: onnx would make this one large, see limits.run().
    script = pathlib.Path(__file__).parent / "mutate.py"
    subprocess.run([sys.executable, script, folder, str(COUNT), str(SEED)], check=True)
    return folder, (folder / "list.txt").read_text().splitlines()


def test_mutants(mutants, tmp_path):
    folder, lines = mutants
    assert len(lines) == COUNT
    codes, problems, peak = collections.Counter(), [], 0

    def one(line):
        return line, limits.outcomes(folder / line.split()[0], tmp_path)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for line, outcomes in pool.map(one, lines):
            for o in outcomes:
                codes[o.command, o.code] += 1
                peak = max(peak, o.peak_bytes)
                if o.problem:
                    problems.append(f"hone {o.command} {line}\n    {o.problem}")
    for (command, code), n in sorted(codes.items()):
        print(f"hone {command}: exit {code} {n} times")
    print(f"largest process {peak >> 20} MB; {len(problems)} problems")
    assert not problems, "\n".join(problems)
    # Some pass, or the mutants would try nothing but the reader.
    assert codes["inspect", 0] > COUNT // 10 and codes["build", 0] > COUNT // 20


def test_the_judge_sees_problems(tmp_path):
    log, model = tmp_path / "log", tmp_path / "m.onnx"
    model.write_bytes(b"x" * 1000)
    log.write_text("error: m.onnx: no\n")
    assert limits.problem(2, 1 << 20, model, log) == ""
    assert "ended with -11" in limits.problem(-11, 1 << 20, model, log)
    assert "ran for" in limits.problem(-9, 1 << 20, model, log)
    assert "took 300 MB" in limits.problem(0, 300 << 20, model, log)
    log.write_text("error: m.onnx: \x1b[31m\n")
    assert "terminal" in limits.problem(2, 1 << 20, model, log)
    log.write_text("terminate called\n")
    assert "0 lines of error" in limits.problem(2, 1 << 20, model, log)
