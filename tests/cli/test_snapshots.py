"""What people see, word for word: snapshots/NAME.txt holds the stdout of each command below, with
figures that vary from run to run masked. After a change that is meant, rewrite them and read the
difference:

    HONE_UPDATE_SNAPSHOTS=1 build/venv/bin/python -m pytest -q tests/cli/test_snapshots.py
    git diff tests/cli/snapshots
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
sys.path.insert(0, str(HERE.parent / "errors"))
import files  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", HERE.parents[1]))
UPDATE = bool(os.environ.get("HONE_UPDATE_SNAPSHOTS"))
FASHION = SOURCE / "examples/fashion"
VERBS = re.findall(r"^HONE_COMMAND\((\w+)\)", (SOURCE / "src/cli/commands.inc").read_text(), re.M)


def hone(*args, cwd=None, status=0):
    run = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=600,
                         cwd=cwd, env={**os.environ, "NO_COLOR": "1"})
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout


def check(name, text):
    path = HERE / "snapshots" / f"{name}.txt"
    if UPDATE:
        path.write_text(text)
    assert path.exists(), f"no {path.name}: HONE_UPDATE_SNAPSHOTS=1 writes it"
    assert text == path.read_text(), f"differs from {path}; see the top of this file"


def masked(text):
    """Figures and what depends on this machine; widths of columns go with them."""
    text = re.sub(r'target "[^"]*"', 'target "..."', text)
    text = re.sub(r"(timed,? for \d+ threads? of ).*", r"\1...", text)
    text = re.sub(r"\b(?=\w*\d)[0-9a-f]{12,16}\b", "#", text)  # hashes
    text = re.sub(r"(?<![\w.])[-+]?\d+(\.\d+)?(e[-+]\d+)?( (s|ms|us|kB|MB|GB|%))?\b", "#", text)
    text = re.sub(r"(longest )\S+", r"\1...", text)  # which layer that is differs from run to run
    text = re.sub(r" -(?= |$)", " #", text, flags=re.M)  # a percentile that too few samples claim
    return re.sub(r"[ \t]+", " ", text)


def test_help():
    check("help", hone("--help"))
    assert hone(status=2) == hone("--help")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_command(verb):
    text = hone(verb, "--help")
    check(f"help_{verb}", text)
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"^examples?:\n  hone " + verb, text, re.M) and "\nExit: 0 " in text
    assert hone(verb, "-h") == text


def test_help_says_what_the_options_are():
    """Every option that takes a value names it in capitals, or as NAME=..."""
    for verb in VERBS:
        for line in hone(verb, "--help").splitlines():
            if option := re.match(r" +(?:-\w, |    )--[\w-]+( \S+)?(  |$)", line):
                assert option[1] is None or re.match(r" [A-Z]", option[1]), line


def test_version():
    assert re.fullmatch(r"hone \d+\.\d+\.\d+\n", hone("--version"))


def test_kernels_of_a_family():
    text = hone("kernels", "--family", "pool")
    check("kernels_pool", re.sub(r" +(yes|no)$", "  (yes|no)", text, flags=re.M))


def test_inspect_of_the_example():
    check("inspect_fashion", hone("inspect", "fashion.onnx", cwd=FASHION))


def test_plan_of_a_small_model(tmp_path):
    """Built for portable code by rank, so that every machine chooses alike."""
    files.make("good.onnx", tmp_path)
    run = subprocess.run([HONE, "build", "good.onnx", "-o", "e", "--no-timing", "--explain"],
                         capture_output=True, text=True, cwd=tmp_path,
                         env={**os.environ, "HONE_FORCE_ISA": "portable"})
    assert run.returncode == 0, run.stderr
    check("build_explain", masked(run.stdout + run.stderr))


@pytest.mark.skipif(not os.path.isdir("/usr/share/datasets/fashion-mnist"),
                    reason="skipped: no dataset-fashion-mnist")
def test_table_of_ship(tmp_path):
    for name in ("fashion.onnx", "labels.txt"):
        shutil.copy(FASHION / name, tmp_path)
    shutil.copytree(FASHION / "golden", tmp_path / "golden")
    text = (FASHION / "hone.toml").read_text()
    text = re.sub(r'(evaluation = \{.*labels = "[^"]*")', r"\1, limit = 1000", text)
    text = re.sub(r"limits = .*", "limits = { engine_mb = 4 }", text)
    (tmp_path / "hone.toml").write_text(text)
    check("ship", masked(hone("ship", "hone.toml", "--bench-seconds", "0.2", cwd=tmp_path)))
