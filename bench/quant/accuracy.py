#!/usr/bin/env python3
"""What quantisation costs on the labelled tasks: `hone quantize`, no flag but the data, beside ONNX Runtime's own
quantiser at its defaults; every file judged by ONNX Runtime, ours by Hone's engine too.

    build/venv/bin/python bench/quant/accuracy.py [--only TEXT] [--save]
"""
import argparse
import datetime
import json
import logging
import os
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))
from tasks import ROOT, tasks  # noqa: E402
from runs import BUILD, Failed, commit, hone  # noqa: E402
from hone_rt import Engine  # noqa: E402


def ort_runner(path):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(None, feed)


def hone_runner(path, feed):
    engine = Engine(os.path.join(BUILD, "libhone_rt.so"), path, feed)
    # Outputs by name as the model has them: the engine keeps their order.
    info = json.loads(hone("inspect", path, "--json", "-"))
    count, names = len(info["outputs"]), [i["name"] for i in info["inputs"]]

    def run(values):
        for name in names:
            engine.input(name)[...] = values[name]
        engine.check_run()
        return engine.outputs(count)
    return run


def ort_quantised(task, path, per_channel):
    """ONNX Runtime's quantize_static at its defaults, or per channel; why not, where it refuses."""
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = list(task.calibration)[::-1]

        def get_next(self):
            return self.left.pop() if self.left else None
    try:
        quantize_static(task.model, path, Reader(), per_channel=per_channel)
        ort_runner(path)
    except Exception as e:  # whatever it raises is its answer
        raise Failed(str(e).strip().splitlines()[-1][:60] if str(e).strip() else type(e).__name__) from e
    return path


def hone_quantised(task, path, folder):
    names = task.calibration[0]
    np.savez(f"{folder}/calib.npz", **{n: np.concatenate([f[n] for f in task.calibration]) for n in names})
    start = time.monotonic()
    report = json.loads(hone("quantize", task.model, "-o", path, "--calib", f"{folder}/calib.npz", "--json", "-",
                             timeout=1800))
    return report, time.monotonic() - start


def shown(task, before, after):
    drop, half = task.drop(before, after)
    return {"value": after[0], "drop": drop, "half": half}


def judge(task, folder):
    row = {"task": task.name, "metric": task.metric, "limit": task.limit, "samples": len(task.samples),
           "calibration": len(task.calibration)}
    before = task.evaluate(ort_runner(task.model))
    row["f32"] = before[0]
    for key, per_channel in (("ort", False), ("ort_channel", True)):
        try:
            path = ort_quantised(task, f"{folder}/{key}.onnx", per_channel)
            row[key] = shown(task, before, task.evaluate(ort_runner(path)))
        except Failed as e:
            row[key] = str(e)
    path = f"{folder}/hone.onnx"
    try:
        report, row["seconds"] = hone_quantised(task, path, folder)
        row["ladder"] = report.get("ladder", [])
        row["size"] = os.path.getsize(path) / os.path.getsize(task.model)
        by_ort = task.evaluate(ort_runner(path))
        row["hone"] = shown(task, before, by_ort)
    except Failed as e:
        row["hone"] = str(e)
        return row
    try:
        engine = f"{folder}/hone.engine"
        hone("build", path, "-o", engine, timeout=900)
        by_engine = task.evaluate(hone_runner(engine, task.samples[0]))
    except (Failed, RuntimeError) as e:
        row["engine"] = str(e)
        return row
    row["engine"] = shown(task, before, by_engine)
    if by_ort[2] is not None:
        row["agree"] = 100 * float(np.mean(by_ort[2] == by_engine[2]))
    return row


def cell(v):
    return v if isinstance(v, str) else f"{v['value']:.2f} ({-v['drop']:+.2f} ± {v['half']:.2f})"


def table(rows):
    head = ["task", "metric", "samples", "f32", "ONNX Runtime, default", "ONNX Runtime, per channel", "Hone, default",
            "Hone's engine", "same answer", "size", "limit", "s"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in rows:
        missing = "-"
        lines.append("| " + " | ".join([
            r["task"], r["metric"], f"{r['samples']:,}", f"{r['f32']:.2f}", cell(r["ort"]), cell(r["ort_channel"]),
            cell(r["hone"]), cell(r.get("engine", missing)), f"{r['agree']:.2f} %" if "agree" in r else missing,
            f"x{r['size']:.2f}" if "size" in r else missing, f"{r['limit']:g}",
            f"{r['seconds']:.0f}" if "seconds" in r else missing]) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="tasks whose name contains this")
    parser.add_argument("--save", action="store_true", help="write bench/runs/<date>-quantised-accuracy.md")
    args = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)  # ONNX Runtime's quantiser advises
    rows = []
    for task in tasks(args.only):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(judge(task, folder))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(rows))
    if args.save:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            cpu = next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
        text = (f"# Accuracy after quantisation\n\nbench/quant/accuracy.py on {cpu}, commit {commit()}. In brackets: points "
                "against f32 on the same samples, with half its 95 % interval.\n\n" + table(rows) + "\n")
        name = f"{datetime.date.today()}-quantised-accuracy.md"
        with open(os.path.join(ROOT, "bench", "runs", name), "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    main()
