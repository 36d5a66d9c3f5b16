"""`hone compare` as CI relies on it: what a verdict's exit status is, and what never gets one."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "errors"))
import files  # noqa: E402

EXIT = {"same": 0, "better": 0, "regressed": 1, "inconclusive": 3}


def compare(folder, *args):
    run = subprocess.run([files.HONE, "compare", *map(str, args)], cwd=folder, capture_output=True,
                         text=True, timeout=300, env={**os.environ, "NO_COLOR": "1"})
    return run


def result(folder, *args):
    run = compare(folder, *args, "--json", "-")
    assert run.returncode in (0, 1, 3), run.stderr
    j = json.loads(run.stdout)
    assert EXIT[j["verdict"]] == run.returncode
    return j, run


def dense(path, size, layers, scale=1.0):
    """y = x W W W ..., W of size x size: layers say how much slower."""
    weights = {"w": np.eye(size, dtype=np.float32) * np.float32(scale)}
    names = ["x", *(f"h{i}" for i in range(1, layers)), "y"]
    nodes = [files.node("MatMul", f"{a} w", b, f"dense_{b}") for a, b in zip(names, names[1:])]
    path.write_bytes(files.model(nodes, [files.tensor("x", (64, size))],
                                 [files.tensor("y", (64, size))], weights).SerializeToString())
    return path.name


def test_twice_the_work_is_a_regression(tmp_path):
    one, four = dense(tmp_path / "one.onnx", 192, 1), dense(tmp_path / "four.onnx", 192, 4)
    j, _ = result(tmp_path, one, four)
    assert j["verdict"] == "regressed" and 1.02 < j["ratio"]["low"] < j["ratio"]["value"]
    assert j["a"]["file"] == one and j["outputs"]["agree"]
    back, run = result(tmp_path, four, one)
    assert back["verdict"] == "better" and back["ratio"]["high"] < 1 / 1.02
    text = compare(tmp_path, one, four)
    assert text.returncode == 1 and "regressed: B takes " in text.stdout


def test_an_engine_against_itself_is_never_called_slower(tmp_path):
    files.make("good.engine", tmp_path)
    j, run = result(tmp_path, "good.engine", "good.engine", "--duration", 2)
    assert j["verdict"] in ("same", "inconclusive"), run.stdout
    assert len(j["series"]["a_ms"]) == j["rounds"] == len(set(j["series"]["placement"]))


def test_rounds_and_reopen(tmp_path):
    files.make("good.engine", tmp_path)
    j, _ = result(tmp_path, "good.engine", "good.engine", "--rounds", 9, "--reopen", 3,
                  "--percentile", "p90")
    assert j["rounds"] == 9 and j["series"]["placement"] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert j["percentile"] == "p90" and j["a"]["samples"] >= 9 * 64


def test_a_wrong_answer_never_counts_as_fast(tmp_path):
    slow = dense(tmp_path / "slow.onnx", 192, 4)
    wrong = dense(tmp_path / "wrong.onnx", 192, 1, scale=1.5)
    j, run = result(tmp_path, slow, wrong, "--duration", 5)
    assert j["verdict"] == "inconclusive" and j["outputs"]["agree"] is False
    assert "outputs differ: y: " in run.stderr
    allowed, _ = result(tmp_path, slow, wrong, "--tol", 1, "--duration", 20)
    assert allowed["verdict"] == "better"


def test_other_inputs_are_said(tmp_path):
    one, wide = dense(tmp_path / "one.onnx", 64, 1), dense(tmp_path / "wide.onnx", 192, 1)
    j, run = result(tmp_path, one, wide, "--duration", 5)
    assert j["outputs"]["agree"] is None
    assert "outputs not compared: A and B take other inputs" in run.stderr


def report(path, p50, **conditions):
    base = {"cpu": "X", "isa": "avx2", "cores": 4, "threads": 1}
    path.write_text(json.dumps({
        "schema": 1, "mode": "closed", "samples": 900, "latency_ms": {"p50": p50},
        "intervals_ms": {"p50": [p50 - 0.001, p50 + 0.001]}, "conditions": {**base, **conditions}}))
    return path.name


@pytest.mark.parametrize("p50, verdict", [(2.001, "same"), (2.1, "regressed"), (1.9, "better"),
                                          (2.04, "inconclusive")])
def test_two_results(tmp_path, p50, verdict):
    j, run = result(tmp_path, report(tmp_path / "a.json", 2), report(tmp_path / "b.json", p50))
    assert j["verdict"] == verdict and j["interleaved"] is False
    assert "not in turns" in run.stderr


def test_two_results_of_other_conditions(tmp_path):
    a, b = report(tmp_path / "a.json", 2), report(tmp_path / "b.json", 3, isa="avx512")
    run = compare(tmp_path, a, b)
    assert run.returncode == 3
    assert "inconclusive: " in run.stdout and "isa differs: avx2 and avx512" in run.stdout


def test_inputs_whose_elements_decide_sizes(tmp_path):
    shape = files.tensor("shape", (2,), files.TensorProto.INT64)
    (tmp_path / "sized.onnx").write_bytes(files.chain(
        files.node("Reshape", "x shape", "r", "fold"), files.node("Relu", "r", "y", "bend"),
        inputs=[files.tensor("x", (1, 1)), shape], outputs=[files.tensor("y", ("a", "b"))]))
    j, _ = result(tmp_path, "sized.onnx", "sized.onnx", "--rounds", 3)
    assert j["rounds"] == 3 and j["outputs"]["agree"]
