"""The device's own tests, cross-built, under qemu-user: every kernel with a row for 64-bit Arm against
the reference over generated shapes. Quick suites; HONE_FULL=1 takes all."""
import os
import re

import armlib

FULL = os.environ.get("HONE_FULL") == "1"
# What emulation does in a minute: integers, moved elements, products; models are in test_models.py.
QUICK = ("QConv.*:GemmKernels.*:Copy.*:Lstm.*:Norm.*:Table.*:QBinary.*:QPool.*:Quantize.*:Dequantize.*:"
         "Col2im.*:Gather.*:Nms.*:Activations.*:Cpu.*")


@armlib.needs_arm
def test_device_tests():
    chosen = "*" if FULL else QUICK
    r = armlib.qemu(f"{armlib.BUILD}/device_tests", "--gtest_brief=1", f"--gtest_filter={chosen}", timeout=1700)
    assert r.returncode == 0, r.stdout[-6000:] + r.stderr[-2000:]
    assert int(re.search(r"\[  PASSED  \] (\d+) tests", r.stdout)[1]) > (150 if FULL else 30)
