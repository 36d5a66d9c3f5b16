"""Every message a wrong file, option or environment can cause: cases/*.toml, one table a message.

A case runs `hone` in an empty folder that holds the files its command names (recipes in files.py):

    [[case]]
    run = "inspect text.onnx"           # or `for = "model"` with `file`: every command that reads
                                        # one but those of `except`
    error = "text.onnx: not an ONNX file (it is text)"   # the line on stderr; '*' matches anything
    exit = 2                            # 2, the default: use or input; 4: disk, permissions, ISA
    env = { HONE_FORCE_ISA = "..." }    # more environment
    needs = ["other.npy"]               # files the command does not name itself
    edit = { "threads" = "thraeds" }    # replaced in hone.toml before it runs
    fsize = 1000                        # RLIMIT_FSIZE: a disk that is full after so many bytes
    tmpfs = "4k"                        # or a disk of that size, mounted at out/
    stdout = "*"                        # what may stand on stdout; nothing is the default

Each asserts: that exit status, stderr of exactly `error: <that line>` (`ship` puts its model and stage
before it), stdout empty, no file or folder that was not there before."""
import fnmatch
import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import tomllib

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import files  # noqa: E402

# Every command that reads a model, an engine or a project.
EVERY = {
    "model": ["inspect {0}", "optimize {0} -o out.onnx",
              "quantize {0} -o out.onnx --format bf16", "build {0} -o out.engine", "run {0}",
              "run {0} --reference", "parity {0} good.onnx", "parity good.onnx {0}",
              "bench {0} --duration 0.01", "profile {0} --duration 0.1", "doctor --model {0}",
              "compare {0} good.onnx --duration 0", "compare good.onnx {0} --duration 0",
              "ship hone.toml"],
    "compiled": ["build {0} -o out.engine", "run {0} --input x=x.npy", "parity {0} {0}",
                 "bench {0} --duration 0.01", "profile {0} --duration 0.1", "ship hone.toml"],
    "engine": ["inspect {0}", "build good.onnx -o out.engine --refit {0}", "run {0} --input x=x.npy", "parity good.onnx {0}",
               "bench {0} --duration 0.01", "profile {0} --duration 0.1",
               "compare {0} good.onnx --duration 0", "compare good.onnx {0} --duration 0"],
    "project": ["ship {0}", "gate {0}"],
    "any": ["inspect good.onnx", "optimize good.onnx -o out.onnx",
            "quantize good.onnx -o out.onnx --format bf16", "build good.onnx -o out.engine",
            "run good.onnx", "parity good.onnx good.onnx", "bench good.onnx", "doctor",
            "compare good.onnx good.onnx", "kernels",
            "gate hone.toml", "ship hone.toml"],
}


def read_cases():
    for path in sorted((HERE / "cases").glob("*.toml")):
        for case in tomllib.loads(path.read_text())["case"]:
            if "for" not in case:
                yield case
                continue
            for run in EVERY[case["for"]]:
                file = case.get("file", "")
                if run.format(file) in case.get("except", []):
                    continue
                edit = case.get("edit", {})
                if file.endswith(".onnx") and run.startswith("ship"):
                    edit = {"good.onnx": file}
                yield {**case, "run": run.format(file), "edit": edit,
                       "needs": case.get("needs", []) + [file] * bool(file)}


CASES = list(read_cases())


def name_of(case):
    marks = [f"{k}={v}" for k, v in case.get("env", {}).items()]
    marks += [f"{a}>{b}" for a, b in case.get("edit", {}).items()]
    marks += [f"{k}={case[k]}" for k in ("fsize", "tmpfs") if k in case]
    marks += [f"with {need}" for need in case.get("needs", []) if "for" not in case]
    return " ".join([case["run"], *marks])


def words_of(command):
    """Words of the command line and what they hold: "x=a.npy" names a.npy."""
    for word in shlex.split(command):
        yield word
        yield word.rpartition("=")[2]
        yield word.split("/")[0]


def prepare(case, folder):
    words = [w.split(":")[-1] for w in words_of(case["run"])]  # reference:good.onnx
    for word in [*words, *case.get("needs", [])]:
        if word in files.RECIPES:
            files.make(word, folder)
    if "hone.toml" in case["run"]:
        text = files.make("hone.toml", folder).read_text()
        for old, new in case.get("edit", {}).items():
            assert old in text, f"{old!r} is not in hone.toml"
            text = text.replace(old, new)
        (folder / "hone.toml").write_text(text)


def contents(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def command_of(case):
    command = [files.HONE, *shlex.split(case["run"])]
    if "tmpfs" not in case:
        return command
    # What is left on the small disk is gone with it, so it is listed before.
    script = (f"mount -t tmpfs -o size={case['tmpfs']} none out && "
              '"$@"; s=$?; find out -mindepth 1 | sed "s/^/left: /" >&2; exit $s')
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *command]


def can_mount():
    probe = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(probe, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("case", CASES, ids=[name_of(c) for c in CASES])
def test_message(case, tmp_path):
    if "tmpfs" in case and not can_mount():
        pytest.skip("skipped: no user namespaces")
    prepare(case, tmp_path)
    if "tmpfs" in case:
        (tmp_path / "out").mkdir()
    before = contents(tmp_path)
    limit = case.get("fsize")
    environment = {k: v for k, v in os.environ.items() if k != "HONE_FORCE_ISA"}
    run = subprocess.run(
        command_of(case), cwd=tmp_path, capture_output=True, timeout=120,
        env={**environment, "NO_COLOR": "1", **case.get("env", {})},
        preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
    stdout, stderr = run.stdout.decode(), run.stderr.decode()
    assert run.returncode == case.get("exit", 2), stderr
    # Progress of long stages goes to stderr too, two columns in.
    lines = [line for line in stderr.splitlines() if not re.match(r"  .*: \d+ %$", line)]
    prefix = "error: " + ("*" if case["run"].startswith("ship") else "")
    wanted = case["error"]
    if case["run"].startswith("ship"):  # "model 'm': build:" may stand for the file
        wanted = wanted.removeprefix(case.get("file", "") + ": ")
    assert len(lines) == 1 and fnmatch.fnmatchcase(lines[0], glob_of(prefix + wanted)), \
        f"\n  got      {stderr}\n  expected {prefix}{wanted}"
    if not (case["run"].startswith("ship") and "stdout" not in case and run.stdout):
        assert fnmatch.fnmatchcase(stdout, glob_of(case.get("stdout", ""))), stdout
    left = [p for p in contents(tmp_path) if p not in before]
    assert not [p for p in left if not is_chain_output(case, p)], left


def glob_of(text):
    """Only '*' is a wildcard: messages hold brackets and question marks."""
    return re.sub(r"[\[?]", lambda m: f"[{m[0]}]", text)


def is_chain_output(case, path):
    """Stages of `ship` that were done before the one that failed stay done."""
    return case["run"].startswith("ship") and path.split("/")[0] == "hone-out" and \
        ".tmp" not in path


def test_every_command_meets_errors():
    source = pathlib.Path(files.SOURCE) / "src/cli/commands.inc"
    commands = re.findall(r"^HONE_COMMAND\((\w+)\)", source.read_text(), re.M)
    missing = [c for c in commands if not any(case["run"].split()[0] == c for case in CASES)]
    assert not missing


def test_no_message_twice():
    names = [name_of(c) for c in CASES]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
