"""hone profile: what fits a terminal, what a viewer of traces needs, engines held side by side."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "errors"))
import files  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", HERE.parents[1]))
MODEL = str(SOURCE / "examples/fashion/fashion.onnx")


def hone(folder, *command, status=0):
    run = subprocess.run([files.HONE, *map(str, command)], cwd=folder, capture_output=True,
                         text=True, timeout=300, env={**os.environ, "NO_COLOR": "1"})
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """The same model fused and not, with the best kernels and with portable ones."""
    folder = tmp_path_factory.mktemp("engines")
    hone(folder, "build", MODEL, "-o", "new.engine", "--no-timing")
    hone(folder, "build", MODEL, "-o", "old.engine", "--no-timing", "--disable-pass", "fuse_conv",
         "--prefer-kernel", "portable")
    return folder


def test_tables_fit_a_terminal(engines):
    for more in (["--top", "0", "--details"], ["--top", "3"],
                 ["--diff", "old.engine", "--top", "0"], ["--diff", "old.engine"]):
        lines = hone(engines, "profile", "new.engine", "--duration", "0.3", *more).splitlines()
        assert max(map(len, lines)) <= 100, max(lines, key=len)
        assert len(lines) > 5


def test_top_and_the_rest_are_all(engines):
    report = json.loads(hone(engines, "profile", "new.engine", "--duration", "0.3", "--json", "-"))
    steps = len(report["layers"])
    assert abs(sum(layer["share"] for layer in report["layers"]) - 1) < 1e-6
    every = hone(engines, "profile", "new.engine", "--duration", "0.3", "--top", "0")
    some = hone(engines, "profile", "new.engine", "--duration", "0.3", "--top", "5")
    assert f"{steps - 5:>4} more layers" in some
    assert "more layers" not in every
    # In order of the steps.
    numbers = [int(line[:4]) for line in every.splitlines() if line[:4].strip().isdigit()]
    assert numbers == sorted(numbers) and len(numbers) == steps


def test_trace(engines):
    hone(engines, "profile", "new.engine", "--duration", "0.2", "--trace", "t.json")
    trace = json.loads((engines / "t.json").read_text())
    events = trace["traceEvents"]
    runs = [e for e in events if e.get("cat") == "run"]
    assert len(runs) == 5 and all(e["ph"] == "X" for e in runs)
    for run in runs:
        inside = [e for e in events if e.get("cat") == "step"
                  and run["ts"] <= e["ts"] < run["ts"] + run["dur"]]
        report = [e["args"]["step"] for e in inside]
        assert report == sorted(set(report)) and len(report) > 10


def test_engines_side_by_side(engines):
    diff = json.loads(hone(engines, "profile", "new.engine", "--diff", "old.engine", "--duration",
                           "0.5", "--json", "-"))
    assert diff["ratio"]["value"] > 1.2 and diff["ratio"]["interval"][0] > 1
    changes = [abs(group["change_us"]) for group in diff["groups"]]
    assert changes == sorted(changes, reverse=True)
    first = diff["groups"][0]
    assert first["verdict"] == "slower"
    reasons = [reason for group in diff["groups"] for reason in group["reasons"]]
    assert any(reason.startswith("fused differently: 1 step -> 2") for reason in reasons)
    assert any(reason.startswith("tactic ") and "portable" in reason for reason in reasons)
    # Every step of both is in one group.
    for side, engine in (("a", "new.engine"), ("b", "old.engine")):
        listed = sorted(s["step"] for group in diff["groups"] for s in group[side])
        steps = json.loads(hone(engines, "inspect", engine, "--json", "-"))["steps"]
        assert listed == list(range(len(steps)))


def test_an_engine_beside_itself(engines):
    text = hone(engines, "profile", "new.engine", "--diff", "new.engine", "--duration", "0.3")
    assert "only in" not in text and "fused differently" not in text and "tactic" not in text
