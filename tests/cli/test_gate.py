"""`hone gate` for CI servers: JUnit XML as other parsers read it, Markdown, JSON, exit statuses; the
reports are those of fake devices, made here."""
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

HERE = pathlib.Path(__file__).parent
HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", HERE.parents[1]))
sys.path.insert(0, str(HERE.parent / "errors"))
import files  # noqa: E402

MACHINE = {"cpu": "Cortex-A76", "arch": "aarch64", "isa": "portable, neon", "cores": 4}


def hone(folder, *args):
    return subprocess.run([HONE, *args], capture_output=True, text=True, cwd=folder, timeout=60,
                          env={**os.environ, "NO_COLOR": "1"})


@pytest.fixture
def shipped(tmp_path):
    """A project whose engine was shipped; the report is then rewritten as a device's."""
    files.make("good.onnx", tmp_path)
    files.make("hone.toml", tmp_path)
    run = hone(tmp_path, "ship", "hone.toml", "--bench-seconds", "0.1")
    assert run.returncode in (0, 3), run.stderr
    return tmp_path


def rewrite(folder, limits, change, target=""):
    text = (folder / "hone.toml").read_text()
    text = re.sub(r"(?m)^limits = .*$", f"{target}\nlimits = {{ {limits} }}", text)
    (folder / "hone.toml").write_text(text)
    path = folder / "hone-out/m.local.report.json"
    report = json.loads(path.read_text())
    report["identity"]["target"].update(MACHINE)
    bench = report["stages"]["bench"]
    bench["conditions"].update(MACHINE)
    bench.update(latency_ms={"p50": 1.0, "p90": 1.2, "p95": 1.5, "p99": None, "p99.9": None},
                 intervals_ms={"p50": [0.9, 1.1], "p90": [1.1, 1.3], "p95": [1.4, 1.6],
                               "p99": None, "p99.9": None}, samples=200)
    bench["energy"] = {"joules_per_inference": None,
                       "source": "unavailable: /sys/class/powercap is empty"}
    classes = [{"name": name, "samples": 2000, "percent": 90, "baseline_percent": 90,
                "lost": lost, "gained": 10} for name, lost in (("low", 10), ("high", 10))]
    report["stages"]["accuracy"] = {"text": "", "samples": 4000, "lost": 20, "gained": 20,
                                    "classes": classes}
    change(report["stages"])
    path.write_text(json.dumps(report))


def nothing(stages):
    pass


# What Jenkins' and GitLab's schemas ask for: names of elements, their order and attributes.
def check_junit(text):
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("name")
        cases = suite.findall("testcase")
        tags = [child.tag for child in suite]
        assert tags == ["properties"] * tags.count("properties") + ["testcase"] * len(cases)
        counts = {"tests": len(cases), "failures": len(suite.findall("testcase/failure")),
                  "errors": 0, "skipped": len(suite.findall("testcase/skipped"))}
        assert counts == {key: int(suite.get(key)) for key in counts}
        float(suite.get("time"))
        for case in cases:
            assert case.get("name") and case.get("classname") and float(case.get("time")) >= 0
            assert len(case) == 1 and case[0].tag in ("failure", "skipped", "system-out")
            if case[0].tag != "system-out":
                assert case[0].get("message")
            if case[0].tag == "failure":
                assert case[0].get("type") and case[0].text
        total = {key: total[key] + counts[key] for key in total}
    assert total == {key: int(root.get(key)) for key in total}
    return root


LIMITS = 'p50_ms = 2, p95_ms = 1.2, p99_ms = 3, energy_mj = 5, class_drop = 2'


def test_every_form_of_one_verdict(shipped):
    rewrite(shipped, LIMITS, nothing)
    run = hone(shipped, "gate", "hone.toml", "--json", "gate.json", "--junit", "gate.xml",
               "--markdown", "gate.md")
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1].startswith("NO SHIP: p95 latency 1.5 ms [1.4, 1.6], limit 1.2")
    checks = {c["what"]: c for c in json.loads((shipped / "gate.json").read_text())
              ["models"][0]["checks"]}
    assert {what: c["result"] for what, c in checks.items()} == {
        "parity": "pass", "p50 latency": "pass", "p95 latency": "fail", "p99 latency": "undecided",
        "energy": "undecided", "class 'low'": "pass", "class 'high'": "pass"}
    assert checks["p95 latency"]["low"] == 1.4 and checks["p95 latency"]["limit"] == 1.2
    assert checks["p99 latency"]["needed"] == 662

    root = check_junit((shipped / "gate.xml").read_text())
    results = {c.get("name"): c[0].tag for c in root.iter("testcase")}
    words = {"pass": "system-out", "fail": "failure", "undecided": "skipped"}
    assert results == {what: words[c["result"]] for what, c in checks.items()}
    assert root.find(".//testcase[@name='energy']/skipped").get("message") == \
        "inconclusive: unavailable: /sys/class/powercap is empty (limit 5 mJ)"

    rows = [line for line in (shipped / "gate.md").read_text().splitlines() if line[:1] == "|"]
    assert len(rows) == 2 + len(checks) and all(row.count("|") == 5 for row in rows)
    assert "| p95 latency | 1.5 ms \\[1.4, 1.6\\] | 1.2 ms | **FAIL** |" in rows


def test_stdout_holds_one_form_alone(shipped):
    rewrite(shipped, "p50_ms = 2", nothing)
    for option, starts in (("--json", "{"), ("--junit", "<?xml"), ("--markdown", "### SHIP")):
        run = hone(shipped, "gate", "hone.toml", option, "-")
        assert run.returncode == 0 and run.stdout.startswith(starts), run.stdout + run.stderr
        assert "\ncheck " not in run.stdout  # the table for people


@pytest.mark.parametrize("limits, target, change, status, says", [
    ("p50_ms = 2", "", nothing, 0, "SHIP"),
    ("p50_ms = 1", "", nothing, 3, "INCONCLUSIVE: p50 latency 1 ms [0.9, 1.1], limit 1"),
    ("p50_ms = 0.5", "", nothing, 1, "NO SHIP: p50 latency 1 ms"),
    ("energy_mj = 20", "",
     lambda s: s["bench"].update(energy={"joules_per_inference": 0.012, "source": "INA3221"}), 0,
     "SHIP"),
    ("energy_mj = 20", "",
     lambda s: s["bench"].update(energy={"joules_per_inference": 0.03, "source": "INA3221"}), 1,
     "NO SHIP: energy 30 mJ, limit 20"),
    ("p50_ms = 2", "", lambda s: s["bench"]["conditions"].update(cpu="Xeon"), 3,
     "INCONCLUSIVE: p50 latency 1 ms [0.9, 1.1], limit 2; measured on another machine: cpu 'Xeon', "
     "not 'Cortex-A76'"),
    ("p50_ms = 2", "rate = 30", nothing, 3,
     "INCONCLUSIVE: p50 latency 1 ms [0.9, 1.1], limit 2; measured back to back, the target runs "
     "at 30 per second"),
    ("deadline_misses = 0.01", "rate = 30",
     lambda s: s["bench"].update(mode="rate", rate={"per_second": 30, "scheduled": 1000},
                                 deadline_misses=0, longest_miss_streak=0), 0, "SHIP"),
    ("deadline_misses = 0.001", "rate = 30",
     lambda s: s["bench"].update(mode="rate", rate={"per_second": 30, "scheduled": 1000},
                                 deadline_misses=0, longest_miss_streak=0), 3,
     "INCONCLUSIVE: deadline misses 0 share [0, 0.003682], limit 0.001; 3,688 samples would decide"),
    ("latency_increase = 2", 'baseline = "old.engine"',
     lambda s: s.update(compare={"ratio": {"value": 1.05, "low": 1.04, "high": 1.06}}), 1,
     "NO SHIP: latency increase 5 % [4, 6], limit 2"),
    ("latency_increase = 2", 'baseline = "old.engine"', nothing, 3,
     "INCONCLUSIVE: latency increase unavailable: not compared with a baseline, run hone ship "
     "(limit 2 %)"),
    ('critical = ["high"], critical_drop = 0.3, class_drop = 2', "", nothing, 3,
     "INCONCLUSIVE: critical class 'high' drop 0.00 points [-0.48, 0.48], limit 0.3; 4,616 samples would decide"),
    ('class_drop = 2, classes = { high = 0.2 }', "", nothing, 3,
     "INCONCLUSIVE: class 'high' drop 0.00 points*"),
])
def test_verdicts(shipped, limits, target, change, status, says):
    rewrite(shipped, limits, change, target)
    run = hone(shipped, "gate", "hone.toml")
    last = run.stdout.splitlines()[-1] if run.stdout else ""
    assert run.returncode == status, run.stdout + run.stderr
    assert last.startswith(says.rstrip("*")), last


def test_a_report_by_its_name(shipped):
    """As a CI job has it: report and engine in other folders than the policy, no model."""
    rewrite(shipped, "p50_ms = 2", nothing)
    (shipped / "good.onnx").unlink()
    (shipped / "elsewhere").mkdir()
    os.rename(shipped / "hone-out/m.local.report.json", shipped / "elsewhere/r.json")
    os.rename(shipped / "hone-out/m.local.engine", shipped / "elsewhere/net.engine")
    run = hone(shipped, "gate", "elsewhere/r.json", "--policy", "hone.toml")
    assert run.returncode == 2 and "elsewhere/m.local.engine: no such file" in run.stderr
    run = hone(shipped, "gate", "elsewhere/r.json", "--policy", "hone.toml", "--engine",
               "elsewhere/net.engine")
    assert run.returncode == 0 and run.stdout.splitlines()[-1] == "SHIP", run.stdout + run.stderr


@pytest.mark.parametrize("old, new, says", [
    ("threads = 1", "threads = 2", "target 'local' has threads 2, this report is about 1"),
    ('labels = "labels.txt"', "", "the preprocessing or labels of model 'm' are not those"),
])
def test_what_does_not_ship_is_refused(shipped, old, new, says):
    text = (shipped / "hone.toml").read_text()
    (shipped / "hone.toml").write_text(text.replace(old, new))
    run = hone(shipped, "gate", "hone.toml")
    assert run.returncode == 2 and says in run.stderr and run.stdout == ""
    assert len(run.stderr.splitlines()) == 1


def test_the_documentation_names_every_key():
    """docs/gate.md's table against the one that the parser reads."""
    rows = re.findall(r'^HONE_(?:LIMIT|RULE)\((\w+), "([^"]*)"',
                      (SOURCE / "src/ship/project/limits.inc").read_text(), re.M)
    documented = re.findall(r"^\| `(\w+)` \| ([^|]*?) \|",
                            (SOURCE / "docs/gate.md").read_text(), re.M)
    assert documented == rows
