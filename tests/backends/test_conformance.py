"""What any adapter must do (docs/backends.md), asked of every one whose runtime is here.

The runtime is looked for in the Python that runs this: `./dev test` has ONNX Runtime and the page's
example; `./dev peers && build/peers/bin/python -m pytest tests/backends` has all of them.
"""
import glob
import importlib.util
import os
import re
import signal
import time

import numpy as np
import pytest

import small_models as models
from client import ADAPTERS, SOURCE, Client

NEEDS = {"onnxruntime": "onnxruntime", "openvino": "openvino", "ncnn": "ncnn", "mnn": "MNN",
         "litert": "ai_edge_litert", "example": "onnx"}


def example(folder):
    with open(os.path.join(SOURCE, "docs", "backends.md"), encoding="utf-8") as f:
        code = re.search(r"```python\n(.*?)```", f.read(), re.S)[1]
    assert len(code.splitlines()) <= 60
    path = os.path.join(folder, "example.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(code)
    return path


def shipped():
    return [os.path.basename(p)[:-3] for p in sorted(glob.glob(ADAPTERS + "/[!_]*.py"))]


def is_here(name):
    return importlib.util.find_spec(NEEDS[name]) is not None


def pytest_generate_tests(metafunc):
    if "adapter" not in metafunc.fixturenames:
        return
    given = metafunc.config.getoption("--adapter", default=[])
    names = given or [n for n in shipped() if is_here(n)] + ["example"]
    metafunc.parametrize("adapter", names, indirect=True)


@pytest.fixture
def adapter(request, tmp_path):
    name = request.param
    if os.sep in name or "." in name:
        return os.path.abspath(name)
    return example(tmp_path) if name == "example" else os.path.join(ADAPTERS, name + ".py")


@pytest.mark.parametrize("name", shipped())
def test_the_runtime_is_here(name):
    if not is_here(name):
        pytest.skip(f"skipped: no {NEEDS[name]} in this Python; ./dev peers makes one that has it")


@pytest.fixture
def client(adapter):
    with Client(adapter) as c:
        c.name = os.path.basename(adapter)[:-3]
        yield c


def hello(client):
    reply = client.ask("hello", protocol=1)
    assert reply.get("ok") is True and reply["protocol"] == 1, reply
    return reply


def ready(client, make, tmp_path):
    """A client with the model bound; skips where the runtime says it cannot take it."""
    path = str(tmp_path / "net.onnx")
    shapes = make(path)
    values = models.feed(path, shapes)
    if client.name == "litert":  # reads files of its own kind
        import tflite
        tflite.save_beside(path, make.__name__)
    hello(client)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    for reply in (client.load(path, shapes, work), client.bind(values)):
        if "cannot" in reply:
            pytest.skip("cannot: " + reply["cannot"])
        assert reply.get("ok") is True, reply
    return path, values


def agrees(client, path, values):
    want = models.reference(path, values)
    got = client.outputs()
    assert list(got) == list(want)
    for name, value in want.items():
        assert got[name].dtype == value.dtype and got[name].shape == value.shape, name
        # Floats summed in another order; 24 bits and sums of at most a hundred products.
        np.testing.assert_allclose(got[name], value, rtol=1e-4, atol=1e-5)


def test_hello_states_name_and_version(client):
    reply = hello(client)
    assert re.match(r"\d+\.", reply["version"]) and reply["name"].isidentifier()


def test_another_protocol_is_refused_and_the_right_one_still_works(client):
    assert "2" in client.ask("hello", protocol=2)["error"]
    hello(client)


def test_requests_out_of_order_are_one_line_errors(client, tmp_path):
    for do, fields in (("run", {"count": 1}), ("describe", {}),
                       ("bind", {"fd": client.fd, "inputs": [], "outputs_at": 0})):
        reply = client.ask(do, **fields)
        assert set(reply) & {"error", "cannot"} and "\n" not in str(reply), reply
    hello(client)
    assert "error" in client.ask("dance")


def test_garbage_is_answered_with_an_error_and_survived(client):
    for line in ("", "nonsense", "[1]", '{"do": 3}', '{"do": "run", "count": "many"}'):
        client.send(line)
        assert "error" in client.reply(), line
    hello(client)


def test_a_model_that_is_none(client, tmp_path):
    hello(client)
    path = tmp_path / "net.onnx"
    path.write_bytes(b"this is no model")
    for model in (path, tmp_path / "missing.onnx"):
        reply = client.load(model, {"x": (1, 2)}, tmp_path)
        if reply.get("ok"):  # converters come late
            reply = client.bind({"x": np.zeros((1, 2), np.float32)})
        assert set(reply) & {"error", "cannot"}, reply
        assert len(str(reply)) < 600 and "Traceback" not in str(reply)
    assert "error" in client.ask("run", count=1)


def test_another_precision_is_refused(client, tmp_path):
    hello(client)
    path = str(tmp_path / "net.onnx")
    shapes = models.convolution(path)
    assert "bf3" in str(client.load(path, shapes, tmp_path, precision="bf3").get("cannot"))


def test_it_describes_what_the_file_says(client, tmp_path):
    path, _ = ready(client, models.dynamic, tmp_path)
    d = client.ask("describe")
    assert [(i["name"], i["dtype"]) for i in d["inputs"]] == [("x", "f32")]
    assert [(o["name"], o["dtype"]) for o in d["outputs"]] == [("y", "f32")]
    assert d["inputs"][0]["shape"][1] == 12 and d["inputs"][0]["shape"][0] in (-1, 2)


@pytest.mark.parametrize("make", [models.convolution, models.dynamic, models.integers],
                         ids=lambda m: m.__name__)
def test_outputs_are_those_of_the_reference(client, make, tmp_path):
    path, values = ready(client, make, tmp_path)
    agrees(client, path, values)  # bind runs it once
    assert len(client.ask("run", count=2, warm=1)["ns"]) == 2
    agrees(client, path, values)


def test_outputs_lie_behind_the_inputs_and_fit_their_types(client, tmp_path):
    _, values = ready(client, models.convolution, tmp_path)
    size, end = os.fstat(client.fd).st_size, sum(v.nbytes for v in values.values())
    for p in client.ports:
        assert p["offset"] >= end and p["offset"] + p["bytes"] <= size
        assert p["bytes"] == int(np.prod(p["shape"])) * 4
        end = p["offset"] + p["bytes"]


def test_new_inputs_need_a_new_bind_and_other_sizes_are_taken(client, tmp_path):
    path, values = ready(client, models.dynamic, tmp_path)
    for seed, batch in ((2, 2), (3, 5), (4, 1)):
        values = models.feed(path, {"x": (batch, 12)}, seed)
        reply = client.bind(values)
        if "cannot" in reply:
            pytest.skip("cannot: " + reply["cannot"])
        assert reply.get("ok"), reply
        client.ask("run", count=1)
        agrees(client, path, values)


def test_inputs_outside_the_shared_memory_are_refused(client, tmp_path):
    ready(client, models.convolution, tmp_path)
    for offset in (1 << 20, -64):
        reply = client.ask("bind", fd=client.fd, outputs_at=0, inputs=[
            {"name": "x", "dtype": "f32", "shape": [1, 3, 16, 16], "offset": offset}])
        assert "error" in reply, reply


def test_times_are_those_of_a_clock(client, tmp_path):
    """None is negative or more than the request took; together they fill most of a long one."""
    ready(client, models.convolution, tmp_path)
    count = 300
    begin = time.monotonic_ns()
    ns = client.ask("run", count=count, warm=3)["ns"]
    took = time.monotonic_ns() - begin
    assert len(ns) == count and all(isinstance(t, int) and t > 0 for t in ns)
    assert sum(ns) <= took
    twice = client.ask("run", count=2 * count, warm=3)["ns"]
    assert sum(twice) > 0.5 * sum(ns)  # twice the runs; others use this machine too


def test_stopped_it_stands_and_continued_it_goes_on(client, tmp_path):
    path, values = ready(client, models.convolution, tmp_path)
    pid = client.child.pid
    for _ in range(3):
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            assert f.read().rsplit(")", 1)[1].split()[0] == "T"
        before = cpu_ticks(pid)
        time.sleep(0.05)
        assert cpu_ticks(pid) == before
        os.kill(pid, signal.SIGCONT)
        assert len(client.ask("run", count=3)["ns"]) == 3
    agrees(client, path, values)


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_quit_ends_it(client):
    hello(client)
    assert client.ask("quit")["ok"] is True
    assert client.child.wait(20) == 0


def test_the_end_of_requests_ends_it(client):
    hello(client)
    client.child.stdin.close()
    assert client.child.wait(20) == 0


def test_missing_runtime_is_a_cannot_that_names_it(tmp_path):
    adapter = tmp_path / "mine.py"
    adapter.write_text("import no_such_runtime_anywhere\nclass Backend: pass\n", encoding="utf-8")
    with Client(str(adapter)) as c:
        assert "no_such_runtime_anywhere" in c.ask("hello", protocol=1)["cannot"]


def test_what_a_library_prints_does_not_reach_the_answers(tmp_path):
    adapter = tmp_path / "loud.py"
    adapter.write_text("import os\nprint('loading')\nos.system('echo from a program; cat')\n"
                       "class Backend:\n    name, version = 'loud', '1.0'\n", encoding="utf-8")
    with Client(str(adapter)) as c:
        assert c.ask("hello", protocol=1)["name"] == "loud"
