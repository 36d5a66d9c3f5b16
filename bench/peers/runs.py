"""What the programs here share: running hone, conditions, the folder of today's run."""
import datetime
import json
import os
import platform
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from models import ROOT  # noqa: E402

BUILD = os.environ.get("HONE_BUILD_DIR", os.path.join(ROOT, "build", "release"))
HONE = os.path.join(BUILD, "hone")
WORK = os.path.join(ROOT, "build", "bench")


class Failed(Exception):
    """One line: why a program gave no result."""


def hone(*args, timeout=300, allowed=(0,)):
    """What `hone ARGS` prints; the adapters run in the Python that runs this."""
    try:
        done = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, check=False,
                              timeout=timeout, env={**os.environ, "HONE_PYTHON": sys.executable})
    except subprocess.TimeoutExpired as e:
        raise Failed(f"took more than {timeout:.0f} s") from e
    if done.returncode not in allowed:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise Failed(lines[-1].removeprefix("error: "))
    return done.stdout


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def load():
    return " ".join(f"{x:.2f}" for x in os.getloadavg())


def busy(own=0):
    """Others at work beside `own` processes: figures are for orientation only."""
    return os.getloadavg()[0] > own + 0.5 + 0.1 * (os.cpu_count() or 1)


def conditions():
    known = json.loads(hone("doctor", "--json", "-"))
    known = {k: str(v) for k, v in known.items() if not isinstance(v, (dict, list))}
    return {**known, "commit": commit(), "python": platform.python_version(), "load": load()}


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "cpu"


def today():
    return datetime.date.today().isoformat()


def folder(what, cpu):
    return os.path.join(ROOT, "bench", "runs", f"{today()}-{slug(cpu)}-{what}")


def write(path, text):
    """Whole or not at all: what was measured before is not lost to an interrupt."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)


def table(head, rows):
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    line = lambda r: "| " + " | ".join(str(c).ljust(w) for c, w in zip(r, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|",
                      *map(line, rows)])


def listed(known):
    return "".join(f"- {k}: {v}\n" for k, v in sorted(known.items()))
