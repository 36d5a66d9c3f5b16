"""Graphs as exporters write them (exporter_graphs.py) through inspect, run and optimize, judged by
ONNX Runtime; and nodes of domains that nobody here knows, which have to come out as they went in."""
import os
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import exporter_graphs

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
# No engine holds a sequence or strings, nor what a loop collects in a size that it cannot know: the
# reason that `hone run` ends with.
NO_ENGINE = {"sequences_of_tensors": "no kernel", "words": "no kernel",
             "tf_crop_and_resize": "what it collects has another size each time"}


def hone(*args, status=0):
    run = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120,
                         env={**os.environ, "NO_COLOR": "1"})
    assert run.returncode == status, run.stdout + run.stderr
    return run


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def same(got, want):
    want = np.asarray(want)
    if got.shape != want.shape or got.dtype.kind != want.dtype.kind:
        return False
    return (np.array_equal(got.astype(str), want.astype(str)) if want.dtype == object
            else np.allclose(got, want, rtol=1e-5, atol=1e-5))


class Case:
    def __init__(self, name, folder):
        made, self.inputs = exporter_graphs.MAKERS[name](folder)
        self.path, self.folder = folder / "model.onnx", folder
        onnx.save(made, self.path)
        constants = {t.name for t in made.graph.initializer}
        self.names = [i.name for i in made.graph.input if i.name not in constants]
        self.want = self.judge(self.path)
        (folder / "in").mkdir()
        for k, x in enumerate(self.inputs):
            (folder / "in" / f"input_{k}.pb").write_bytes(
                numpy_helper.from_array(x).SerializeToString())

    def judge(self, path):
        return session(path).run(None, dict(zip(self.names, self.inputs)))

    def check(self, *how):
        hone("run", self.path, "--inputs", self.folder / "in", "--save", self.folder / "out",
             "--format", "pb", *how)
        for k, want in enumerate(self.want):
            got = numpy_helper.to_array(onnx.load_tensor(str(self.folder / "out" / f"output_{k}.pb")))
            assert same(got, want), (got, want)


@pytest.fixture(params=sorted(exporter_graphs.MAKERS))
def case(request, tmp_path):
    made = Case(request.param, tmp_path)
    made.name = request.param
    return made


def test_reference(case):
    case.check("--reference")


def test_engine(case):
    if case.name not in NO_ENGINE:
        return case.check()
    run = subprocess.run([HONE, "run", case.path, "--inputs", case.folder / "in"],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 2
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert NO_ENGINE[case.name] in run.stderr


def test_inspect(case):
    assert "ONNX model" in hone("inspect", case.path).stdout


def test_optimize(case):
    out = case.folder / "optimised.onnx"
    hone("optimize", case.path, "-o", out)
    onnx.checker.check_model(str(out))
    for got, want in zip(case.judge(out), case.want, strict=True):
        assert same(np.asarray(got), want), (got, want)
