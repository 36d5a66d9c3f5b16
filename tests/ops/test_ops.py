"""Operators' references against ONNX's node suite and against ONNX Runtime. The references run
inside whole_tests, see reference_test.cc: two thousand processes would take minutes."""
import os
import pathlib
import subprocess

import ml_dtypes  # noqa: F401  (gives NumPy the narrow types)
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import make_cases

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PROGRAM = pathlib.Path(os.environ.get("HONE_BUILD_DIR", SOURCE / "build/release")) / "whole_tests"
UNDEFINED = ("bernoulli", "training_dropout")  # randomness: judged by type and shape
# What passed when this was written; a case of an operator that Hone has may not be lost again.
SUITE_PASSES = 1789


def run(cases, folder, test="OpsReference.RunsForThePythonTest", variable="HONE_CASES"):
    """Runs the cases in that test of whole_tests; gives {name: error or None}."""
    listing = folder / "cases.txt"
    listing.write_text("".join(f"{path}\t{folder / 'out' / name}\n"
                               for name, (path, _, _) in cases.items()))
    done = subprocess.run([PROGRAM, f"--gtest_filter={test}"],
                          env={**os.environ, variable: str(listing)}, capture_output=True,
                          text=True, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED" in done.stdout
    errors = {name: folder / "out" / name / "error" for name in cases}
    return {name: e.read_text() if e.exists() else None for name, e in errors.items()}


def load(path):
    return numpy_helper.to_array(onnx.load_tensor(str(path)))


def difference(got, want, rtol, atol, values=True):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{list(got.shape)}, not {want.dtype}{list(want.shape)}"
    if not values:
        return ""
    if got.dtype.kind in "OSU":
        wrong = got.astype(str) != want.astype(str)
    elif got.dtype.kind in "iub":
        # A quantised result may be one quantum off where its case says so.
        wrong = abs(got.astype(np.int64) - want.astype(np.int64)) > int(atol)
    else:
        wide = np.complex128 if got.dtype.kind == "c" else np.float64
        wrong = ~np.isclose(got.astype(wide), want.astype(wide), rtol=rtol, atol=atol,
                            equal_nan=True)
    return f"{got[wrong][:4]}, not {want[wrong][:4]}" if wrong.any() else ""


def wrong_outputs(cases, folder, errors):
    wrong = []
    for name, (path, rtol, atol) in cases.items():
        if errors[name] is not None:
            continue
        values = not any(u in name for u in UNDEFINED)
        for want in sorted(path.glob("test_data_set_*/output_*.pb")):
            got = folder / "out" / name / want.parent.name / want.name
            text = difference(load(got), load(want), rtol, atol, values)
            if text:
                wrong.append(f"{name} {want.stem}: {text}")
    return wrong


@pytest.fixture(scope="module", autouse=True)
def program():
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")


def test_onnx_node_suite(tmp_path):
    cases = make_cases.suite_cases(tmp_path / "cases")
    errors = run(cases, tmp_path)
    lacking = [n for n, e in errors.items() if e and e.startswith("unsupported")]
    failed = [f"{n}: {e}" for n, e in errors.items() if e and n not in lacking]
    wrong = wrong_outputs(cases, tmp_path, errors)
    passed = len(cases) - len(lacking) - len(failed) - len(wrong)
    print(f"{passed} of {len(cases)} pass, {len(lacking)} have operators that Hone lacks")
    assert not failed and not wrong, "\n".join(failed + wrong)
    assert passed >= SUITE_PASSES


def test_random_attributes_against_onnxruntime(tmp_path):
    cases = make_cases.random_cases(tmp_path / "cases", per_kind=40)
    assert len(cases) > len(make_cases.Maker.KINDS) * 20
    errors = run(cases, tmp_path)
    failed = [f"{n}: {e}" for n, e in errors.items() if e]
    assert not failed, "\n".join(failed)
    wrong = wrong_outputs(cases, tmp_path, errors)
    assert not wrong, "\n".join(wrong)
