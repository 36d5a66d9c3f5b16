"""hone inspect says of every kind of machine what it would run: as engines built for it do."""
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
FASHION = SOURCE / "examples/fashion/fashion.onnx"
LEVELS = {"avx2": ["portable", "avx2"], "avx512": ["portable", "avx2", "avx512"],
          "neon": ["portable", "neon"]}


def hone(*args):
    return subprocess.run([os.environ["HONE"], *map(str, args)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "NO_COLOR": "1"})


def targets(model, *args):
    done = hone("inspect", model, *args, "--json", "-")
    assert done.returncode == 0, done.stderr
    return {t["name"]: t for t in json.loads(done.stdout)["targets"]}


def target_file(path, level, more=""):
    arch = "aarch64" if level == "neon" else "x86_64"
    isa = ", ".join(f'"{i}"' for i in LEVELS[level])
    path.write_text(f'schema = 1\ncpu = "{level} board"\narch = "{arch}"\nisa = [{isa}]\n{more}')
    return path


@pytest.mark.parametrize("level", list(LEVELS))
def test_steps_are_those_of_an_engine_for_it(tmp_path, level):
    """Counted in the engine that `build` makes for such a machine."""
    board = target_file(tmp_path / "board.toml", level)
    built = hone("build", FASHION, "-o", tmp_path / "e", "--target", board, "--no-timing")
    assert built.returncode == 0, built.stderr
    engine = json.loads(hone("inspect", tmp_path / "e", "--json", "-").stdout)
    kernels = [s["kernel"] for s in engine["steps"]]
    (said,) = targets(FASHION, "--target", board).values()
    arch = "aarch64" if level == "neon" else "x86_64"
    assert said == {**targets(FASHION)[f"{arch} {level}"], "name": f"{level} board"}
    assert said["runs"] and said["steps"] == len(kernels)
    assert sum(said["portable"].values()) == sum(k.endswith("_portable") for k in kernels)


def test_all_targets_and_their_products():
    all_of = targets(FASHION)
    assert list(all_of) == [
        "x86_64 portable", "x86_64 avx2", "x86_64 avx512", "x86_64 avx512_vnni", "x86_64 avx512_bf16",
        "x86_64 amx", "x86_64 avx_vnni", "aarch64 portable", "aarch64 neon", "aarch64 neon_dot",
        "aarch64 neon_i8mm"]
    by = {k.split()[1]: (t["bf16"], t["f16"], t["int8"]) for k, t in all_of.items()}
    table = {line.split()[0]: line.split()[2] for line in hone("kernels").stdout.splitlines()[1:]}
    for level, (bf16, f16, int8) in by.items():
        assert f16 == "f32"  # no kernel multiplies f16 as it is
        assert bf16 == (level if level in ("amx", "avx512_bf16") else "f32")
        assert int8 in {isa for name, isa in table.items() if name.startswith("qconv_8bit")}
    assert by["amx"][2] == "amx" and by["neon_dot"][2] == "neon_dot" and by["portable"][2] == "portable"
    plain = all_of["x86_64 portable"]
    assert sum(plain["portable"].values()) == plain["steps"]


def test_what_does_not_run_says_why(tmp_path):
    board = target_file(tmp_path / "board.toml", "avx2", "memory_bytes = 65536\n")
    (small,) = targets(FASHION, "--target", board).values()
    assert not small["runs"] and "the target has 65536" in small["problems"][0]["reason"]
    assert "avx2 board: weights and arena take" in hone("inspect", FASHION, "--target", board).stdout
    nodes = [helper.make_node("StringConcat", ["s", "t"], ["y"], name="join")]
    text = [helper.make_tensor_value_info(n, TensorProto.STRING, [2]) for n in "sty"]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", text[:2], text[2:]), ir_version=10,
                                opset_imports=[helper.make_opsetid("", 20)]), tmp_path / "s.onnx")
    assert not any(t["runs"] for t in targets(tmp_path / "s.onnx").values())
    assert "'join' (StringConcat)" in hone("inspect", tmp_path / "s.onnx").stdout


def test_the_page_has_them(tmp_path):
    assert hone("inspect", FASHION, "--html", tmp_path / "m.html").returncode == 0
    page = (tmp_path / "m.html").read_text()
    assert page.count("<h3>Targets</h3>") == 1 and "neon_i8mm" in page


def test_large_models_are_not_asked_all(tmp_path):
    x, nodes = "x", []
    for k in range(4001):
        nodes.append(helper.make_node("Add", [x, "one"], [f"a{k}"]))
        x = f"a{k}"
    g = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
                          [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1])],
                          [numpy_helper.from_array(np.float32([1]), "one")])
    onnx.save(helper.make_model(g, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]),
              tmp_path / "long.onnx")
    assert "targets      too large a model to ask all" in hone("inspect", tmp_path / "long.onnx").stdout
