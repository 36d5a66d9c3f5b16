"""Engines built here for 64-bit Arm, run there by hone_rt_run under qemu-user."""
import os
import re
import shutil
import subprocess

import numpy as np
import pytest

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
SHARED = os.environ.get("HONE_SHARED", os.path.join(SOURCE, "../shared"))
BUILD = f"{SOURCE}/build/device-aarch64"
RUNNER = f"{BUILD}/hone_rt_run"
TARGETS = {"neon": "raspberry_pi_4", "neon_dot": "raspberry_pi_5", "neon_i8mm": "neoverse_n2"}
DTYPES = {"f32": np.float32, "i64": np.int64, "i32": np.int32, "u8": np.uint8, "i8": np.int8}


def missing():
    """Why nothing of Arm can run here, or None."""
    if shutil.which("qemu-aarch64") is None:
        return "skipped: no qemu-aarch64 (Debian's qemu-user)"
    return None if os.path.exists(RUNNER) else "skipped: no build/device-aarch64 (./dev test makes it)"


needs_arm = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def qemu(*command, cpu="max", timeout=600, env=None):
    return subprocess.run(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-cpu", cpu,
                           *map(str, command)], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})


def build(model, engine, isa, *extra):
    """The engine for a machine with `isa`; what --explain says."""
    r = subprocess.run([HONE, "build", model, "-o", engine, "--no-timing", "--explain", "--target",
                        f"{SOURCE}/examples/targets/{TARGETS[isa]}.toml", *extra],
                       capture_output=True, text=True, timeout=600)
    assert r.returncode == 0, r.stderr
    return r.stdout


def kernels(plan):
    """Names of the kernels that the steps of --explain's plan run."""
    return re.findall(r"^step \d+ \S+ = \w+ (\w+_(?:neon\w*|avx\w*|portable)) v", plan, re.M)


def run(engine, feed, folder, cpu="max"):
    """Outputs of the engine; `feed` in the order of its inputs."""
    args = []
    for i, value in enumerate(feed):
        np.ascontiguousarray(value).tofile(f"{folder}/in{i}")
        args.append(f"{folder}/in{i}:{'x'.join(map(str, value.shape))}")
    r = qemu(RUNNER, engine, f"{folder}/out.", *args, cpu=cpu)
    assert r.returncode == 0, r.stderr
    found = []
    for line in r.stdout.splitlines():
        path, _, dtype, *dims = line.split(" ")
        shape = [int(d) for d in dims[0].split("x")] if dims[0] else []
        found.append(np.fromfile(path, DTYPES[dtype]).reshape(shape))
    return found


def close(got, want, tol=1e-3):
    """Within `tol` of the largest of each channel: room for other orders of summation."""
    assert got.shape == want.shape and got.dtype == want.dtype
    axes = tuple(a for a in range(want.ndim) if a != 1) if want.ndim >= 3 else None
    scale = np.maximum(np.abs(want).max(axes, keepdims=True), 1e-6)
    worst = (np.abs(got.astype(np.float64) - want) / scale).max()
    assert worst <= tol, f"differs by {worst:.2g} of its channel's largest"
