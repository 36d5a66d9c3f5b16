"""hone bench --against, from end to end: a right runtime, a wrong one, one that dies, none."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest

import small_models as models
from client import SOURCE

HONE = os.environ.get("HONE", "hone")
FASHION = os.path.join(SOURCE, "examples", "fashion", "fashion.onnx")
HEAD = """import os
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
class Backend:
    name, version = "mine", "9.9"
    def __init__(self, model, threads, shapes, work):
        self.evaluator = ReferenceEvaluator(model)
        open(os.path.join(work, "converted"), "w").close()
    def inputs(self): return []
    def outputs(self): return []
    def bind(self, inputs): self.given = inputs
    def results(self): return list(zip(self.evaluator.output_names, self.made))
    def run(self):
        self.made = self.evaluator.run(None, self.given)
"""


@pytest.fixture
def net(tmp_path):
    path = str(tmp_path / "net.onnx")
    models.convolution(path)
    return path


def adapter(folder, name, code):
    path = folder / (name + ".py")
    path.write_text(HEAD + code, encoding="utf-8")
    return str(path)


def against(model, *backends, cwd, rounds=6):
    r = subprocess.run(
        [HONE, "bench", model, "--against", ",".join(backends), "--rounds", str(rounds), "--block",
         "2", "--json", "-"], capture_output=True, text=True, timeout=300, check=False, cwd=cwd,
        env={**os.environ, "HONE_PYTHON": sys.executable, "TMPDIR": str(cwd)})
    assert r.stdout, r.stderr
    assert not [n for n in os.listdir(cwd) if n.startswith("hone-runtime")], "work folder left"
    j = json.loads(r.stdout)
    return r.returncode, j, {x["name"]: x for x in j["runtimes"]}


def test_a_runtime_that_agrees_has_a_ratio_with_its_interval(tmp_path):
    code, j, by_name = against(FASHION, "onnxruntime", cwd=tmp_path)
    assert code == 0 and j["schema"] == 1 and j["inputs"] == {"image": "f32[1,1,28,28]"}
    theirs, ours = by_name["onnxruntime"], by_name["hone"]
    assert theirs["right"] and ours["right"] and theirs["worst"] < 1e-3
    ratio = theirs["ratio"]
    assert 0 < ratio["low"] <= ratio["value"] <= ratio["high"]
    assert len(theirs["rounds_ms"]) == 6 and theirs["p50_ms"] > 0 and theirs["version"][0] == "1"
    # What it says is what it measured: both are medians of the same few rounds.
    assert 0.2 < ratio["value"] / (theirs["p50_ms"] / ours["p50_ms"]) < 5
    assert j["conditions"]["threads"] == 1 and j["conditions"]["cpu"]


def test_a_fast_wrong_answer_has_no_ratio(net, tmp_path):
    wrong = adapter(tmp_path, "wrong", "        self.made = [self.made[0] * 1.01, self.made[1]]\n"
                                       "        self.run = lambda: None\n")
    code, j, by_name = against(net, wrong, "onnxruntime", cwd=tmp_path)
    assert code == 0 and by_name["onnxruntime"]["ratio"]
    row = by_name["wrong"]
    assert not row["right"] and row["ratio"] is None and "'scores' differs" in row["wrong"]
    assert row["worst"] == pytest.approx(0.01, rel=0.1)
    text = subprocess.run([HONE, "bench", net, "--against", wrong, "--rounds", "2", "--block", "1"],
                          capture_output=True, text=True, check=False, timeout=300,
                          env={**os.environ, "HONE_PYTHON": sys.executable}).stdout
    assert "WRONG" in text and "wrong: WRONG: 'scores' differs by 1.0e-02 (compared with hone)" in text


def test_who_outvotes_hone_says_that_hone_is_wrong(net, tmp_path):
    one = adapter(tmp_path, "one", "        self.made = [v + 1 for v in self.made]\n")
    two = adapter(tmp_path, "two", "        self.made = [v + 1 for v in self.made]\n")
    code, _, by_name = against(net, one, two, cwd=tmp_path)
    assert code == 1 and not by_name["hone"]["right"] and by_name["one"]["right"]
    assert by_name["one"]["ratio"] is None  # nothing to be faster than


def test_one_that_fails_or_dies_is_a_line_and_the_others_go_on(net, tmp_path):
    cases = {"raises": "        raise ValueError('no kernel\\nfor Conv')\n",
             "dies": "        os.kill(os.getpid(), 11)\n",
             "refuses": "        raise NotImplementedError('no LSTM')\n",
             "later": "        Backend.n = getattr(Backend, 'n', 0) + 1\n"
                      "        if Backend.n > 30: os._exit(3)\n"}
    paths = [adapter(tmp_path, name, code) for name, code in cases.items()]
    code, _, by_name = against(net, "onnxruntime", *paths, cwd=tmp_path, rounds=20)
    assert code == 0 and by_name["onnxruntime"]["ratio"]
    says = {"raises": "raises: bind: no kernel for Conv", "dies": "signal 11", "refuses": "no LSTM",
            "later": "later: run: ended with status 3"}
    for name, text in says.items():
        assert text in by_name[name]["cannot"], by_name[name]
        assert "ratio" not in by_name[name]


def test_nothing_to_compare_with_is_inconclusive(net, tmp_path):
    code, _, by_name = against(net, adapter(tmp_path, "none", "        raise ValueError('x')\n"),
                               cwd=tmp_path)
    assert code == 3 and by_name["hone"]["p50_ms"] > 0


def test_inputs_and_sizes_are_taken(tmp_path):
    import numpy as np
    path = str(tmp_path / "net.onnx")
    models.dynamic(path)
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / "x.npy", np.zeros((3, 12), np.float32))
    base = [HONE, "bench", path, "--against", "onnxruntime", "--rounds", "1", "--block", "1",
            "--json", "-"]
    env = {**os.environ, "HONE_PYTHON": sys.executable}
    for more, shape in ((["--inputs", str(tmp_path / "in")], "f32[3,12]"),
                        (["--shape", "x=5x12"], "f32[5,12]")):
        r = subprocess.run([*base, *more], capture_output=True, text=True, check=False, env=env,
                           timeout=300)
        assert r.returncode == 0, r.stderr
        assert json.loads(r.stdout)["inputs"] == {"x": shape}


def test_a_program_that_is_killed_leaves_neither_child_nor_folder(net, tmp_path):
    pid_file = tmp_path / "pid"
    slow = adapter(tmp_path, "slow", f"        open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n")
    with tempfile.TemporaryFile() as sink:
        hone = subprocess.Popen([HONE, "bench", net, "--against", slow, "--rounds", "1000",
                                 "--block", "200"], stdout=sink, stderr=sink,
                                env={**os.environ, "HONE_PYTHON": sys.executable,
                                     "TMPDIR": str(tmp_path)})
        for _ in range(600):
            if pid_file.exists() and pid_file.read_text():
                break
            time.sleep(0.05)
        child = int(pid_file.read_text())
        time.sleep(0.3)
        hone.send_signal(signal.SIGKILL)  # stopped or not, the child must not stay
        hone.wait()
    assert is_gone(child), "the child outlived its client"
    left = [n for n in os.listdir(tmp_path) if n.startswith("hone-runtime")]
    assert left  # what it converted; the next run takes it away, and looks for none
    against(net, slow, cwd=tmp_path)


def is_gone(pid):
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False
