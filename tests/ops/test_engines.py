"""Engines against ONNX Runtime (tests/conformance has ONNX's suite): every case is built to an engine
before any input is seen, and run from its bytes. What has no kernel is refused, with the reason;
what is built must be right. The engines run inside whole_tests, see engine_test.cc."""
import collections
import os
import re

import pytest

import make_cases
from test_ops import PROGRAM, SOURCE, run, wrong_outputs

TEST = ("OpsEngine.RunsForThePythonTest", "HONE_ENGINE_CASES")
# What passed when this was written; none may be lost again.
RANDOM_PASSES = 2564


@pytest.fixture(scope="module", autouse=True)
def program():
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")


def reason(error):
    return re.sub(r"'[^']*'", "''", error.split("cannot build: ")[-1]).split(";")[0][:90]


def judge(cases, folder):
    """Runs all cases, prints the table of refusals; gives the names of those that passed."""
    errors = run(cases, folder, *TEST)
    refused = {n: e for n, e in errors.items() if e}
    wrong = wrong_outputs(cases, folder, errors)
    passed = [n for n in cases if n not in refused and not any(w.startswith(n + " ") for w in wrong)]
    print(f"engine {len(passed)} of {len(cases)}; {len(refused)} refused, {len(wrong)} wrong")
    for text, count in collections.Counter(map(reason, refused.values())).most_common():
        print(f"{count:5} {text}")
    assert not wrong, "\n".join(wrong)
    broken = [f"{n}: {e}" for n, e in refused.items() if e.startswith("internal")]
    assert not broken, "\n".join(broken)
    return passed


def expanded_operators():
    table = (SOURCE / "src/host/passes/expand/expansions.inc").read_text()
    return set(re.findall(r'^HONE_EXPANSION\("[^"]*", (\w+),', table, re.M))


def test_random_attributes_against_onnxruntime(tmp_path):
    cases = make_cases.random_cases(tmp_path / "cases", per_kind=40, settled=True)
    passed = judge(cases, tmp_path)
    assert len(passed) >= RANDOM_PASSES
    reached = {make_cases.operator_of(cases[n][0]) for n in passed}
    unreached = expanded_operators() - reached - make_cases.SUITE_ONLY
    assert not unreached, f"no case expands {unreached}"
