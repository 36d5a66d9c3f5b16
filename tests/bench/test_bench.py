"""bench/run.py: its statistics, and one short comparison from end to end."""
import os
import random
import re
import subprocess
import sys

import pytest

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
BUILD = os.environ.get("HONE_BUILD_DIR", os.path.join(SOURCE, "build", "release"))
sys.path.insert(0, f"{SOURCE}/bench")
from stats import median_interval, spread  # noqa: E402


def test_interval_of_the_median_by_the_binomial_table():
    # From published tables of order statistics: ranks 2 and 8 of 9 hold it with 96.1 %, 10 and 22
    # of 31 with 97.1 %; 5 samples never reach 95 %, so their whole range is given.
    assert median_interval(range(1, 10)) == (5, 2, 8)
    assert median_interval(range(1, 32)) == (16, 10, 22)
    assert median_interval([3, 1, 2, 5, 4]) == (3, 1, 5)


def test_interval_covers_the_true_median():
    rng = random.Random(1)
    held = 0
    for _ in range(2000):
        _, low, high = median_interval([rng.expovariate(1) for _ in range(31)])
        held += low <= 0.6931 <= high
    assert 0.955 < held / 2000 < 0.99


def test_spread():
    assert spread([1.0] * 8) == 0
    assert spread([1, 2, 3, 4, 5, 6, 7]) == pytest.approx(1.0)


@pytest.mark.skipif(not os.path.exists(f"{BUILD}/libhone_rt.so"), reason="no shared library here")
@pytest.mark.skipif(os.environ.get("HONE_BUILD_TYPE") != "Release",
                    reason="a sanitized library does not load into Python")
def test_a_short_comparison():
    r = subprocess.run([sys.executable, f"{SOURCE}/bench/run.py", "models", "--only", "^fashion$",
                        "--rounds", "3", "--block-ms", "1"], capture_output=True, text=True,
                       timeout=300, env={**os.environ, "HONE_BUILD_DIR": BUILD})
    assert r.returncode == 0, r.stderr
    row = re.search(r"\| fashion +\| [\d.e+-]+ +\| ([\d.]+) +\| ([\d.]+) +\| ([\d.]+) +\|", r.stdout)
    assert row, r.stdout
    ours, theirs, ratio = map(float, row.groups())
    assert 0.2 < ratio / (ours / theirs) < 5  # medians of few, on a machine that does other things
    for condition in ("cpu:", "isa:", "load:", "governor:", "onnxruntime:", "commit:"):
        assert f"- {condition}" in r.stdout
