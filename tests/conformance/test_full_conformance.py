"""ONNX's backend suite through the program, see docs/conformance.md. After a change that is meant:

    HONE_UPDATE_SNAPSHOTS=1 ./dev conformance
    git diff tests/conformance
"""
import pathlib

import pytest

import drive
import expected
import judge
import suite

import numpy as np


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    if not pathlib.Path(drive.hone()).exists():
        pytest.skip(f"{drive.hone()} is not built")
    return suite.collect(tmp_path_factory.mktemp("cases") / "node")


def test_the_suite_is_whole(cases):
    assert len(cases) == suite.SIZE


@pytest.mark.parametrize("runtime", drive.RUNTIMES)
def test_conformance(cases, runtime):
    verdicts = drive.run_all(cases, runtime)
    print(drive.table(cases, {runtime: verdicts}))
    problems = expected.problems(runtime, verdicts)
    assert not problems, "\n".join(problems)


def test_the_judge_sees_differences():
    one = np.ones(3, np.float32)
    assert not judge.difference(one, one + 1e-6, 1e-3, 1e-7)
    assert judge.difference(one, one * 1.01, 1e-3, 1e-7)
    assert judge.difference(one, one.astype(np.float64), 1e-3, 1e-7)
    assert judge.difference(one, one[None], 1e-3, 1e-7)
    assert judge.difference([one], [one, one], 1e-3, 1e-7)
    assert judge.difference(one, None, 1e-3, 1e-7)
    assert judge.difference(np.array(["a"], object), np.array(["b"], object), 0, 0)
    assert judge.dropout([one], [one * 1.5], [one])
    assert not judge.dropout([one], [one * np.float32([0, 2, 2])], [one * 2.0])
    assert judge.bernoulli([one], [one * 0.5], [one])


def test_an_unexpected_verdict_is_a_problem():
    names = list(expected.load("reference"))
    known = [drive.Verdict(n, "refused", w) for n, w in expected.load("reference").items()]
    assert not expected.problems("reference", known)
    for verdict in (drive.Verdict(names[0], "pass"), drive.Verdict(names[0], "wrong", "3, not 4"),
                    drive.Verdict("test_abs", "refused", "no"), drive.Verdict("test_abs", "hang")):
        rest = [v for v in known if v.name != verdict.name]
        assert len(expected.problems("reference", [*rest, verdict])) == 1
