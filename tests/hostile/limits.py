"""Runs `hone` on one model as a stranger would, and says what went wrong: a crash, ten seconds, more
memory than four times the file and 256 MB, or a message that is not one line."""
import dataclasses
import os
import pathlib
import resource
import signal
import subprocess
import threading

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SECONDS = 10
SPARE_BYTES = 256 << 20


@dataclasses.dataclass
class Outcome:
    command: str
    code: int
    peak_bytes: int
    problem: str  # "" where all is well


def run(arguments, model, log):
    """One process. What wait4() says of its memory starts at this one's, which must stay small."""
    with open(log, "wb") as err:
        process = subprocess.Popen([HONE, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=err,
                                   env={**os.environ, "NO_COLOR": "1"})
        timer = threading.Timer(SECONDS, lambda: os.kill(process.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
    code = process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * 1024
    return Outcome(arguments[0], code, peak, problem(code, peak, model, log))


def problem(code, peak, model, log):
    lines = pathlib.Path(log).read_text("utf-8", "replace").splitlines()
    if code == -signal.SIGKILL:
        return f"ran for {SECONDS} s"
    if not 0 <= code <= 4:
        return f"ended with {code}: {' / '.join(lines[-3:])[:300]}"
    limit = 4 * model.stat().st_size + SPARE_BYTES
    if peak > limit:
        return f"took {peak >> 20} MB, {limit >> 20} allowed"
    errors = [line for line in lines if line.startswith("error: ")]
    if code != 0 and len(errors) != 1:
        return f"ended with {code} and {len(errors)} lines of error: {' / '.join(lines)[:300]}"
    if code != 0 and "internal" in errors[0]:
        return f"calls itself wrong: {errors[0][:300]}"
    if any(not c.isprintable() for line in errors for c in line):
        return f"prints what a terminal would obey: {errors[0][:300]!r}"
    return ""


def own_peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def outcomes(model, folder):
    """Those of all commands that read a model."""
    log = folder / f"{model.name}.log"
    engine, smaller = folder / f"{model.name}.engine", folder / f"{model.name}.out"
    done = [run(["inspect", str(model)], model, log),
            run(["optimize", str(model), "-o", str(smaller)], model, log),
            run(["build", str(model), "-o", str(engine), "--no-timing"], model, log)]
    if done[-1].code == 0:
        done.append(run(["inspect", str(engine)], model, log))
    for path in (log, engine, smaller):
        path.unlink(missing_ok=True)
    return done
