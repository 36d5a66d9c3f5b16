"""`--json -`: stdout holds JSON and nothing else; `--json FILE`: the same JSON beside the text."""
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

# Command, keys its JSON must have.
COMMANDS = {
    "inspect good.onnx": {"schema", "kind", "inputs", "outputs", "operators", "bad_weights"},
    "inspect good.engine": {"schema", "kind", "inputs", "outputs", "steps", "target"},
    "optimize good.onnx -o out.onnx": {"schema", "model", "patches", "before", "after"},
    "quantize good.onnx -o out.onnx --calib two.npz": {"schema", "model", "format", "size",
                                                       "calibration", "ladder", "layers",
                                                       "findings"},
    "build good.onnx -o out.engine --explain": {"schema", "engine", "bytes", "steps",
                                                "steps_by_kernel", "plan"},
    "build good.onnx --dry-run": {"schema", "dry_run", "nodes", "choices", "timings", "cached",
                                  "missing", "seconds", "packed_bytes", "profiles"},
    "run good.onnx --input x=x.npy": {"schema", "outputs"},
    "parity good.onnx good.engine": {"schema", "agree", "tolerance", "inputs", "outputs"},
    "parity good.onnx good.onnx --layers": {"schema", "agree", "values_compared"},
    "bench good.engine --duration 0.05": {"schema", "samples", "latency_ms", "memory", "energy",
                                          "conditions"},
    "compare good.engine good.onnx --rounds 2": {"schema", "a", "b", "ratio", "margin", "verdict",
                                                 "rounds", "percentile", "outputs", "conditions"},
    "profile good.engine --duration 0.1": {"schema", "engine", "engine_hash", "machine", "total_us",
                                           "layers"},
    "profile good.onnx --duration 0.1": {"schema", "machine", "layers"},
    "kernels --coverage good.onnx": {"schema", "model", "runs", "us", "portable_share", "kernels",
                                     "conditions"},
    "doctor --model good.onnx": {"schema", "cpu", "isa", "accelerators", "backends", "model"},
    "ship hone.toml --bench-seconds 0.1": {"schema", "reports"},
}


def hone(folder, command, *more):
    return subprocess.run([files.HONE, *command.split(), *more], cwd=folder, capture_output=True,
                          text=True, timeout=300, env={**os.environ, "NO_COLOR": "1"})


@pytest.fixture
def folder(tmp_path):
    for name in ("good.onnx", "good.engine", "x.npy", "two.npz", "hone.toml"):
        files.make(name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_json(folder, command):
    alone = hone(folder, command, "--json", "-")
    assert alone.returncode in (0, 3), alone.stderr  # 3: ship without data can't decide
    assert set(json.loads(alone.stdout)) >= COMMANDS[command]
    beside = hone(folder, command, "--json", "result.json")
    assert beside.returncode == alone.returncode, beside.stderr
    assert set(json.loads((folder / "result.json").read_text())) == set(json.loads(alone.stdout))
    # The text for people is what it is without --json, figures aside.
    plain = hone(folder, command)
    assert len(beside.stdout.splitlines()) == len(plain.stdout.splitlines()) > 0


def test_gate_and_kernels(folder):
    assert hone(folder, "ship hone.toml --bench-seconds 0.1").returncode in (0, 3)
    gate = hone(folder, "gate hone.toml --json -")
    assert set(json.loads(gate.stdout)["models"][0]) == {"model", "target", "verdict", "checks"}
    kernels = json.loads(hone(folder, "kernels --json -").stdout)
    assert {k["name"] for k in kernels} and all("runs_here" in k for k in kernels)


@pytest.mark.parametrize("isa", ["portable", None])
def test_coverage(folder, isa):
    """Sinh has no vector form: its kernel is portable, which counts where the machine has more."""
    nodes = [files.node("Sinh", "x", "s", "sine"), files.node("Relu", "s", "y", "bend")]
    (folder / "sin.onnx").write_bytes(files.chain(*nodes, outputs=[files.tensor("y")]))
    env = {**os.environ, **({"HONE_FORCE_ISA": isa} if isa else {})}
    run = subprocess.run([files.HONE, "kernels", "--coverage", "sin.onnx", "--shape", "x=64x2",
                          "--json", "-"], cwd=folder, capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    shares = [k["share"] for k in result["kernels"]]
    assert shares == sorted(shares, reverse=True) and abs(sum(shares) - 1) < 1e-9
    assert result["portable_share"] == sum(k["share"] for k in result["kernels"] if k["portable"])
    assert (result["portable_share"] > 0) == result["machine_has_better"]
    if isa == "portable":
        assert not result["machine_has_better"]


def test_values_of_run(folder):
    outputs = json.loads(hone(folder, "run good.onnx --input x=x.npy --json -").stdout)["outputs"]
    want = np.maximum(files.X @ files.WEIGHTS["w"] + files.WEIGHTS["b"], 0)
    assert outputs == [{"name": "y", "dtype": "f32", "shape": [1, 3],
                        "values": want.flatten().tolist()}]


def test_bad_weights_are_in_it_and_warned_of(folder):
    files.make("nan.onnx", folder)
    run = hone(folder, "inspect nan.onnx --json -")
    assert json.loads(run.stdout)["bad_weights"] == ["initializer 'w': 2 of 6 values are NaN"]
    text = hone(folder, "inspect nan.onnx")
    assert text.returncode == 0
    assert text.stderr == "warning: initializer 'w': 2 of 6 values are NaN\n"


def test_a_verdict_in_the_negative_is_json_too(folder):
    text = (folder / "hone.toml").read_text().replace("engine_mb = 4", "engine_mb = 0")
    (folder / "hone.toml").write_text(text)
    run = hone(folder, "ship hone.toml --bench-seconds 0.1 --json -")
    assert run.returncode == 1
    assert json.loads(run.stdout)["reports"][0]["verdict"].startswith("NO SHIP: engine size")
    assert "NO SHIP" in run.stderr


def test_closed_stdout_is_an_error(folder):
    with open("/dev/full", "w") as full:
        run = subprocess.run([files.HONE, "inspect", "good.onnx"], cwd=folder, stdout=full,
                             stderr=subprocess.PIPE, text=True)
    assert run.returncode == 4
    assert run.stderr == "error: standard output: No space left on device\n"
