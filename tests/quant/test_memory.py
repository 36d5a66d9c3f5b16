"""Calibration holds no samples: 2,000 cost the memory of 32."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from quantlib import HONE

# A child begins with the peak of the process that forked it, so a small one has to: its own peak
# lies below that of any program that loads a model. A huge page, where the kernel hands them out unasked, would add 2 MiB
# that nobody wrote to.
WATCH = """
import ctypes, os, subprocess, sys
PR_SET_THP_DISABLE = 41
assert ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(p.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def small_model(path):
    """One convolution, pooled to four classes."""
    weights = np.random.default_rng(2).standard_normal((4, 1, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], "conv", strides=[4, 4]),
             helper.make_node("GlobalAveragePool", ["c"], ["p"], "pool"),
             helper.make_node("Flatten", ["p"], ["y"], "flat")]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(weights, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)


def peak(folder, samples, save):
    """Peak resident KiB of quantising with so many samples."""
    model, path = folder / "small.onnx", folder / f"{samples}.npz"
    small_model(model)
    save(path, x=np.random.default_rng(1).random((samples, 1, 28, 28), np.float32))
    command = [HONE, "quantize", model, "-o", folder / "q.onnx", "--calib", path, "--threads", "1",
               "--preset", "fast"]
    shown = subprocess.run([sys.executable, "-S", "-c", WATCH, *map(str, command)],
                           capture_output=True, text=True, timeout=600, check=True).stdout
    status, kib = map(int, shown.split())
    assert status == 0
    return kib


def least_peak(folder, samples, save):
    """Of three: pages of the program itself count too, and how many are mapped at a touch is the kernel's affair."""
    return min(peak(folder, samples, save) for _ in range(3))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_memory_does_not_grow_with_samples(tmp_path, save):
    few, many = least_peak(tmp_path, 32, save), least_peak(tmp_path, 2000, save)
    # The data are 6 MiB (3 KiB a sample), and the program's own peak is below 60: held at once they would be seen.
    assert few < 60 * 1024
    # Of a sample its hash, its place and, held out, what the model says of it stay: below 512 bytes.
    assert many <= few + max(.05 * few, 2000 * 512 / 1024), f"{few} KiB for 32 samples, {many} for 2,000"
