"""Which element types of each operator engines hold: types.txt, which may grow, not shrink. A line is
an operator, a type variable of its schema, and the types that pass."""
import collections
import os
import pathlib

import pytest

import test_engines
import type_cases
from test_ops import PROGRAM, run, wrong_outputs

TABLE = pathlib.Path(__file__).parent / "types.txt"
# What the evaluator computes in f32, or otherwise than the operator's text.
EVALUATOR_WRONG = {("AffineGrid", "T1", "double"), ("Erf", "T", "double"), ("Gelu", "T", "double"),
                   ("HardSwish", "T", "double"),
                   # Its state is f32 where none is given; ONNX's inference says T.
                   ("LinearAttention", "T", "float16"), ("LinearAttention", "T", "bfloat16")}


def lines(keys):
    rows = collections.defaultdict(list)
    for op, variable, name in keys:
        rows[op, variable].append(type_cases.SHORT[name])
    return [f"{op} {variable} {' '.join(sorted(types))}"
            for (op, variable), types in sorted(rows.items())]


def test_types_of_operators_in_engines(tmp_path):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    found = {k: c for k, c in type_cases.type_cases(tmp_path / "cases").items()
             if k not in EVALUATOR_WRONG}
    cases = {n: c for of_key in found.values() for n, c in of_key.items()}
    errors = run(cases, tmp_path, *test_engines.TEST)
    wrong = wrong_outputs(cases, tmp_path, errors)
    assert not wrong, "\n".join(wrong)
    passed = lines(k for k, of_key in found.items() if not any(errors[n] for n in of_key))
    if os.environ.get("HONE_UPDATE_SNAPSHOTS"):
        TABLE.write_text("".join(f"{line}\n" for line in passed))
    have = {tuple(line.split()[:2]): set(line.split()[2:]) for line in passed}
    for line in TABLE.read_text().splitlines():
        op, variable, *types = line.split()
        lost = set(types) - have.get((op, variable), set())
        assert not lost, f"engines held {op} with {variable} of {sorted(lost)}"
