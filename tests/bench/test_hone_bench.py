"""hone bench as users run it: modes, stages, what is written, what is said."""
import json
import os
import subprocess

import numpy as np
import pytest

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
HONE = os.environ.get("HONE", f"{SOURCE}/build/release/hone")
FASHION = f"{SOURCE}/examples/fashion"
DATA = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"

needs_data = pytest.mark.skipif(not os.path.exists(DATA), reason="no dataset-fashion-mnist")


def hone(*words, **more):
    return subprocess.run([HONE, *map(str, words)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "NO_COLOR": "1"}, **more)


def bench(*words):
    run = hone("bench", *words, "--json", "-")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


KEYS = {"schema", "mode", "samples", "latency_ms", "intervals_ms", "bounds_ms", "samples_needed",
        "histogram", "timeline", "warmup", "outliers", "modes", "drift", "overhead_us", "memory",
        "energy", "conditions", "warnings", "steps"}


def test_rate_counts_frames():
    j = bench(f"{FASHION}/fashion.onnx", "--rate", 50, "--duration", 1, "--max-warmup", 0)
    assert KEYS <= j.keys() and j["mode"] == "rate"
    assert j["rate"]["scheduled"] == 50 == j["samples"] + j["skipped"]
    assert j["rate"]["period_ms"] == 20
    assert 0 <= j["longest_miss_streak"] <= j["deadline_misses"] <= 50
    assert "stages_ms" not in j and j["service_ms"]["p50"] <= j["latency_ms"]["p50"]
    assert j["memory"]["peak_rss_bytes"] > 1e6
    assert j["conditions"]["inputs"] == {"kind": "noise", "distinct": 64, "same_input": False}


def test_rate_that_cannot_be_kept_is_given_up_and_said():
    run = hone("bench", f"{FASHION}/fashion.onnx", "--rate", 1000000, "--duration", 0.02,
               "--max-warmup", 0, "--json", "-")
    j = json.loads(run.stdout)
    assert j["rate"]["gave_up"] and j["skipped"] > 0
    assert j["samples"] + j["skipped"] == j["rate"]["scheduled"] == 20000
    assert "cannot keep 1e+06 frames/s" in run.stderr and "--drop" in run.stderr


@needs_data
def test_a_project_times_its_stages():
    j = bench(f"{FASHION}/hone.toml", "--target", "local", "--duration", 0.3, "--max-warmup", 0)
    assert j["model"] == "fashion" and j["target"] == "local"
    assert j["conditions"]["inputs"]["kind"] == "evaluation pictures"
    stages = j["stages_ms"]
    parts = sum(stages[k]["mean"] for k in ("wait", "preprocess", "infer", "postprocess"))
    assert parts == pytest.approx(stages["total"]["mean"], rel=0.01)
    assert stages["total"] == j["latency_ms"] and stages["infer"]["p50"] > 0
    text = hone("bench", f"{FASHION}/hone.toml", "--target", "local", "--duration", 0.05, "--max-warmup", 0).stdout
    assert "postprocess" in text and "64 evaluation pictures in turn" in text


@pytest.mark.parametrize("name", ["samples.txt", "samples.npy"])
def test_samples_are_what_was_measured(tmp_path, name):
    path = tmp_path / name
    j = bench(f"{FASHION}/fashion.onnx", "--duration", 0.05, "--samples", path)
    ns = np.load(path) if name.endswith("npy") else np.loadtxt(path, dtype=np.int64)
    assert ns.dtype == np.int64 and len(ns) == j["samples"]
    assert np.sort(ns)[(len(ns) + 1) // 2 - 1] * 1e-6 == pytest.approx(j["latency_ms"]["p50"])
    assert ns.max() * 1e-6 == pytest.approx(j["latency_ms"]["max"])


def test_same_input_is_labelled():
    run = hone("bench", f"{FASHION}/fashion.onnx", "--duration", 0.02, "--same-input")
    assert run.returncode == 0 and "the same input again and again" in run.stdout


def test_percentiles_that_are_not_claimable_say_of_how_many():
    run = hone("bench", f"{FASHION}/fashion.onnx", "--duration", 0, "--max-warmup", 0)
    assert run.returncode == 0
    assert "not claimable: 11 of 64" in run.stdout and "not claimable: 11 of 6636" in run.stdout
    assert "warning: not known to be steady" in run.stderr


def test_quiet_in_a_pipe():
    run = hone("bench", f"{FASHION}/fashion.onnx", "--duration", 1, "--max-warmup", 0)
    assert all(line.startswith("warning: ") for line in run.stderr.splitlines())
