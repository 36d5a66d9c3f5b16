"""`hone optimize` over an operator of a plugin that crashes, for real: the file is written without
the change that failed, or, where nothing can be read, stays as it was."""
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
RELEASE = os.environ.get("HONE_BUILD_TYPE", "Release") == "Release"

PLUGIN = r"""
#include <hone/plugin.h>
#include <stdio.h>
#include <stdlib.h>

static hone_status infer(const hone_plugin_inference* c) {
  if (CRASHES_IN_INFER) abort();
  c->outputs[0] = c->inputs[0];
  c->outputs[0].data = NULL;
  return HONE_OK;
}
/* Only folding a constant calls it here. */
static hone_status reference(const hone_plugin_step* s) {
  fprintf(stderr, "the operator has a bug\n");
  *(volatile int*)(size_t)s->input_count = 1;
  return HONE_OK;
}
static const char* bind(const hone_plugin_step* s, void* to, hone_plugin_work* work) {
  (void)s, (void)to, (void)work;
  return "never";
}
static void run(const hone_plugin_run* r) { (void)r; }
static const hone_plugin_kernel kernel = {.struct_size = sizeof kernel, .name = "plain",
    .isa = "portable", .version = 1, .bind = bind, .run = run};
static const hone_plugin_kernel* const kernels[] = {&kernel};
static const hone_plugin_op op = {.struct_size = sizeof op, .domain = "com.example",
    .name = "Faulty", .since_version = 1, .min_inputs = 1, .max_inputs = 1, .min_outputs = 1,
    .max_outputs = 1, .infer = infer, .reference = reference, .kernels = kernels,
    .kernel_count = 1};
static const hone_plugin_op* const ops[] = {&op};
static const hone_plugin table = {.struct_size = sizeof table, .abi = HONE_PLUGIN_ABI,
    .op_count = 1, .ops = ops};
HONE_PLUGIN_EXPORT(table)
"""


def plugin(folder, in_infer):
    source, built = folder / "faulty.c", folder / "faulty.so"
    source.write_text(PLUGIN)
    subprocess.run(["cc", "-std=c11", "-shared", "-fPIC", "-fvisibility=hidden",
                    f"-DCRASHES_IN_INFER={int(in_infer)}", f"-I{SOURCE}/include", source,
                    "-o", built], check=True)
    return built


@pytest.fixture
def model(tmp_path):
    nodes = [helper.make_node("Faulty", ["c"], ["d"], domain="com.example", name="faulty"),
             helper.make_node("Add", ["one", "two"], ["three"], name="folds"),
             helper.make_node("Mul", ["x", "three"], ["m"], name="scale"),
             helper.make_node("Identity", ["m"], ["i"], name="nothing"),
             helper.make_node("Add", ["i", "d"], ["y"], name="sum")]
    f = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4])
    weights = {"c": np.ones((1, 4)), "one": np.ones(4), "two": np.full(4, 2.0)}
    graph = helper.make_graph(nodes, "g", [f("x")], [f("y")], [
        numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()])
    path = tmp_path / "in.onnx"
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]), path)
    return path


def optimize(folder, model, plugin, *more):
    return subprocess.run([HONE, "optimize", model.name, "-o", "out.onnx", "--plugin", plugin, *more],
                          cwd=folder, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "NO_COLOR": "1"})


def test_a_crash_costs_one_change(tmp_path, model):
    r = optimize(tmp_path, model, plugin(tmp_path, in_infer=False), "--json", "-")
    assert r.returncode == 0, r.stderr
    [line] = r.stderr.splitlines()
    assert line.startswith("warning: in.onnx: pass fold_constants left out at node 'faulty' (Faulty)"
                           ": crashed: ")
    j = json.loads(r.stdout)
    assert [(f["pass"], f["node"]) for f in j["left_out"]] == [
        ("fold_constants", "node 'faulty' (Faulty)")]
    graph = onnx.load(tmp_path / "out.onnx").graph
    # All else is done: the other constant is folded, the identity gone.
    assert sorted(n.op_type for n in graph.node) == ["Add", "Faulty", "Mul"]
    assert j["size"]["after"]["nodes"] == 3 and j["size"]["before"]["nodes"] == 5
    assert j["size"]["after"]["bytes"] == os.path.getsize(tmp_path / "out.onnx")


def test_where_nothing_can_be_read(tmp_path, model):
    (tmp_path / "out.onnx").write_bytes(b"old")
    r = optimize(tmp_path, model, plugin(tmp_path, in_infer=True))
    assert r.returncode == 2 and r.stdout == ""
    [line] = r.stderr.splitlines()
    assert line.startswith("error: in.onnx: reading it: crashed: ")
    assert line.endswith("; out.onnx is as it was")
    assert (tmp_path / "out.onnx").read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} == {"in.onnx", "out.onnx", "faulty.c", "faulty.so"}


def test_too_little_memory_to_fold(tmp_path):
    """Two constants of 16 MB under limits that hold their sum, or not."""
    big = np.ones((2048, 2048), np.float32)
    nodes = [helper.make_node("Add", ["a", "b"], ["c"], name="large"),
             helper.make_node("MatMul", ["x", "c"], ["y"], name="product")]
    f = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2048])
    graph = helper.make_graph(nodes, "g", [f("x")], [f("y")], [
        numpy_helper.from_array(big, "a"), numpy_helper.from_array(2 * big, "b")])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]),
              tmp_path / "in.onnx")
    command = [HONE, "optimize", "in.onnx", "-o", "out.onnx", "--memory-limit"]
    r = subprocess.run([*command, "256MiB"], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert [n.op_type for n in onnx.load(tmp_path / "out.onnx").graph.node] == ["MatMul"]
    if not RELEASE:
        pytest.skip("skipped: no limit under a sanitizer")
    # The file is written piece by piece, the sum needs 16 MB at once: it stays a node.
    r = subprocess.run([*command, "11MiB"], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    after = onnx.load(tmp_path / "out.onnx")
    assert [n.op_type for n in after.graph.node] == ["Add", "MatMul"]
    onnx.checker.check_model(after)
    assert {p.name for p in tmp_path.iterdir()} == {"in.onnx", "out.onnx"}
