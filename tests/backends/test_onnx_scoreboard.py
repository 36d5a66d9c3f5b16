"""backends/onnx_scoreboard: a handful of ONNX's cases through the interface that the scoreboard
uses. The whole suite goes through ./dev conformance, without Python in between."""
import importlib
import os
import pathlib
import sys
import unittest

import onnx.backend.test
import pytest

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
FOLDER = pathlib.Path(__file__).parents[2] / "backends/onnx_scoreboard"
CASES = "test_add_cpu|test_relu_cpu|test_sequence_insert_at_back_cpu|test_string_concat_cpu"


@pytest.fixture
def backend(monkeypatch):
    if not os.path.exists(HONE):
        pytest.skip(f"{HONE} is not built")
    monkeypatch.setenv("HONE", HONE)
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("hone_backend")
    sys.modules.pop("hone_backend")


@pytest.mark.filterwarnings("ignore")
def test_cases_of_the_suite(backend):
    tests = onnx.backend.test.BackendTest(backend, __name__)
    tests.include(f"^({CASES})$")
    result = unittest.TestResult()
    tests.test_suite.run(result)
    assert not result.errors and not result.failures, result.errors + result.failures
    assert result.testsRun - len(result.skipped) == CASES.count("|") + 1


def test_a_runtime_that_is_asked_for(backend, monkeypatch):
    add = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["": 20]> g (float[2] x) => (float[2] y) {y = Add(x, x)}')
    for runtime, has_engine in (("engine", True), ("reference", False), ("", True)):
        monkeypatch.setenv("HONE_BACKEND_RUNTIME", runtime)
        assert (backend.prepare(add).program.name == "engine") == has_engine
    strings = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["": 20]> g (string[2] x) => (string[2] y) '
        '{y = StringConcat(x, x)}')
    assert backend.prepare(strings).program.name == "model.onnx"
    monkeypatch.setenv("HONE_BACKEND_RUNTIME", "engine")
    with pytest.raises(onnx.backend.test.runner.BackendIsNotSupposedToImplementIt):
        backend.prepare(strings)
    assert not backend.supports_device("CUDA")
