"""bench/peers: what it writes, going on after an interrupt, how it judges a cross-check and simplifiers."""
import json
import os
import subprocess
import sys

import pytest

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
sys.path[:0] = [f"{SOURCE}/bench/peers", f"{SOURCE}/bench"]


def suite(out, *more):
    return subprocess.run(
        [sys.executable, f"{SOURCE}/bench/peers/suite.py", "--only", "^fashion$", "--against",
         "onnxruntime,openvinno" if "broken" in more else "onnxruntime", "--block", "2", "--out", str(out),
         *(m for m in more if m != "broken")], capture_output=True, text=True, check=False, timeout=300)


def raw(out):
    return json.loads((out / "raw.json").read_text(encoding="utf-8"))


def test_a_suite_writes_its_folder_and_goes_on_where_it_stopped(tmp_path):
    out = tmp_path / "runs"
    r = suite(out, "--minutes", "0")
    assert r.returncode == 3 and "1 models are left" in r.stderr and raw(out)["models"] == {}
    r = suite(out)
    assert r.returncode == 0, r.stderr
    first = raw(out)
    runtimes = {x["name"]: x for x in first["models"]["fashion"]["runtimes"]}
    assert runtimes["onnxruntime"]["right"] and runtimes["onnxruntime"]["ratio"]["value"] > 0
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "| fashion |" in text.replace("  ", "") and "- cpu: " in text and "- commit: " in text
    assert (out / "summary.csv").read_text(encoding="utf-8").count("fashion,") == 2
    assert suite(out).returncode == 0 and raw(out)["models"] == first["models"]
    assert suite(out, "--again").returncode == 0 and raw(out)["models"] != first["models"]


def test_a_model_that_fails_is_a_line_with_its_reason(tmp_path):
    r = suite(tmp_path / "runs", "broken")
    assert r.returncode == 0 and "no backend 'openvinno'" in r.stdout


def test_standing_counts_wrong_and_refused_and_takes_geometric_means():
    from suite import standing
    q = lambda v: {"value": v, "low": v * 0.9, "high": v * 1.05}
    results = {
        "a": {"runtimes": [{"name": "ort", "right": True, "ratio": q(4.0)}]},
        "b": {"runtimes": [{"name": "ort", "right": True, "ratio": q(0.25)}]},
        "c": {"runtimes": [{"name": "ort", "right": True, "ratio": q(1.0)}]},
        "d": {"runtimes": [{"name": "ort", "right": False, "ratio": None}]},
        "e": {"runtimes": [{"name": "ort", "cannot": "no LSTM"}]}}
    row = standing(results, ["ort"]).splitlines()[2].replace(" ", "")
    assert row == "|ort|3|1|1|1|1|1.000|"


def test_a_cross_check_compares_medians_with_the_limit():
    pytest.importorskip("mlperf_loadgen", reason="skipped: no mlcommons-loadgen; ./dev peers")
    from crosscheck import compared, median_ms
    rows = [{"a": x, "b": 100.0} for x in (102.9, 102.0, 150.0)]
    assert compared("p90", rows, "a", "b", 0.03)[-1] == "yes"
    assert compared("p90", rows[:1] + [{"a": 103.2, "b": 100.0}], "a", "b", 0.03)[-1] == "NO"
    assert "not stated" in compared("p90", [{"a": None, "b": 1.0}], "a", "b", 0.03)[-1]
    assert median_ms("[ INFO ]    Median:        129.96 us") == pytest.approx(0.12996)
    assert median_ms("Median:  7.25 ms") == 7.25 and median_ms("nothing") is None


# --- simplify ---------------------------------------------------------------------------------------

def simplified(**changes):
    """What simplify.one() gives of a model that is as it should be, with changes."""
    row = {"nodes": 5, "bytes": 900, "seconds": 1, "worst": 1e-7, "openvino": 1e-7}
    steady = {side: [ms] * 12 for side, ms in (("original", 1.0), ("onnxsim", 1.0), ("hone", 0.99))}
    return {"own": 1e-7, "failed": changes.get("failed", {}),
            "sides": {"original": {**row, "nodes": 7, **changes.get("original", {})},
                      "onnxsim": {**row, **changes.get("onnxsim", {})},
                      "hone": {**row, **changes.get("hone", {})}},
            "ms": {"default": {**steady, **changes.get("ms", {})}, "off": steady}}


@pytest.mark.parametrize("changes, words", [
    ({}, None),
    ({"hone": {"nodes": 6}}, "hone 6 nodes, onnxsim 5"),
    ({"hone": {"bytes": 901}}, "hone 901 bytes, onnxsim 900"),
    ({"hone": {"worst": 0.01}}, "hone's answers differ by 1.0e-02"),
    ({"hone": {"openvino": "no such op"}}, "OpenVINO refuses hone's file: no such op"),
    ({"hone": {"openvino": "no"}, "original": {"openvino": "no"}}, None),
    ({"failed": {"hone": "exit 1"}}, "hone: exit 1"),
    ({"failed": {"onnxsim": "exit 1"}, "onnxsim": {"worst": 1}}, None),
    ({"ms": {"hone": [1.05] * 12}}, "slower in ONNX Runtime (default)"),
    # Within the noise: the interval reaches 1, or the fastest runs say otherwise.
    ({"ms": {"hone": [1.05, 0.99] * 6}}, None),
    ({"ms": {"hone": [1.05] * 11 + [0.9]}}, None),
])
def test_what_simplify_calls_wrong(changes, words):
    pytest.importorskip("onnxruntime")
    import simplify
    lines = simplify.verdicts({"m": simplified(**changes)})
    assert (not lines) if words is None else (len(lines) == 1 and words in lines[0]), lines
