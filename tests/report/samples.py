"""Reports as `hone ship` may write them: full, sparse, of other machines, hostile."""
import copy
import random

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
           "Ankle boot"]


def percentiles(scale, claim=True):
    return {"mean": 1.07 * scale, "min": 0.97 * scale, "max": 6.1 * scale, "stddev": 0.2 * scale,
            "p50": scale, "p90": 1.06 * scale, "p95": 1.19 * scale,
            "p99": 2.9 * scale if claim else None, "p99.9": None}


def histogram(rng, low, high, bins, log):
    edges = [low * (high / low) ** (i / bins) if log else low + (high - low) * i / bins
             for i in range(bins + 1)]
    counts = []
    for i in range(bins):
        peak = 4200 * 0.72 ** abs(i - bins * 0.12) + 160 * 0.7 ** abs(i - bins * 0.45)
        counts.append(int(peak) + (rng.random() < 0.25))
    counts[-1] = max(1, counts[-1])
    return {"edges_ms": edges, "counts": counts}


def tailed(rng, low, tail, most):
    """Equal buckets to the 99th percentile, and one for the rest: what hone bench writes."""
    h = histogram(rng, low, tail, 40, False)
    return {"edges_ms": h["edges_ms"] + [most], "counts": h["counts"] + [160]}


def layers(rng, n=34):
    out = []
    for i in range(n):
        us = round(rng.lognormvariate(0.6, 1.1), 3)
        kind = rng.choice(["Conv", "Conv", "Conv", "Pool", "Binary"])
        share = min(0.97, max(0.02, rng.gauss(0.45, 0.28)))
        out.append({
            "step": i, "nodes": [f"n{i}"], "op": kind, "us": us, "share": us / 100,
            "layer": f"/features/features.{i // 4}/layers/layers.{i % 4}/{kind} + "
                     f"/features/features.{i // 4}/layers/layers.{i % 4 + 1}/HardSwish",
            "kernel": "conv_f32_14x32_avx512" if kind == "Conv" else "pool_f32_c16_avx512",
            "flops": 1e6, "bytes": 1e5, "gflops": 60.0, "gbps": 12.0,
            "roofline": {"bound": rng.choice(["compute", "memory"]), "share": share} if i % 9 else None,
            "runner_up": {"kernel": "conv_f32_6x64_avx512", "us": us * 1.1, "ratio": 1.1} if kind == "Conv" else None,
            "refused": []})
    return out


def quantisation(rng, n=60):
    """A deep net: most layers good, a few of every cause, one noisier than its signal."""
    causes = ["outlier channel", "concat range", "hard-swish tail", "saturation", "clip", "dead channel"]
    rows = [{"node": f"/features/features.{i // 4}/layers/layers.{i % 4}/Conv", "op": "Conv", "precision": "int8",
             "snr_db": round(rng.gauss(33, 6), 1)} for i in range(n)]
    for i, cause in enumerate(causes):
        rows[7 * i + 3] |= {"snr_db": round(18 - 3.9 * i, 1), "cause": cause,
                            "tried": "fast bias correction, equalisation, full bias correction, float by itself "
                                     "(1.61 % of top-1 expected to change (2 of 102 seen))"}
    rows[9] |= {"snr_db": -6.5, "cause": "outlier channel", "tried": "fast bias correction"}
    rows[20]["precision"] = "int16"
    for name, op in (("/classifier/Gemm", "Gemm"), ("/head/Softmax", "Softmax"), ("/head/MatMul", "MatMul")):
        rows.append({"node": name, "op": op, "precision": "f32", "cause": "ends in floats anyway"})
    figure = "{} % of top-1 expected to change ({} of 102 seen), labels: {} points lost{}"
    beyond = [("range search: mse", 2.34, 3, 0.98, ", which may be chance"), ("range search: percentile", 2.51, 4, 2.94, ""),
              ("range search: min-max", 4.1, 6, 4.9, ""), ("fast bias correction", 1.84, 2, 0.98, ", which may be chance")]
    ladder = [{"rung": r, "result": "no better" if i in (1, 2) else "beyond", "figure": figure.format(a, b, c, d)}
              for i, (r, a, b, c, d) in enumerate(beyond)]
    ladder += [{"rung": "equalisation", "result": "no pair of convolutions with a homogeneous activation between",
                "figure": ""},
               {"rung": "full bias correction", "result": "within", "kept": True,
                "figure": figure.format(1.21, 1, "0.00", "")}]
    return {"schema": 1, "format": "qdq", "text": "512 calibration samples, 0.11 MB", "bytes": 111321, "seconds": 3.1,
            "size": {"before": 363264, "after": 111321}, "ladder": ladder, "layers": rows,
            "calibration": {"samples": 410, "held_out": 102, "hash": "77aa01f95d12bb01", "calibrator": "mse",
                            "labels": True},
            "findings": ["bias correction: 'head/MatMul': MatMul takes no bias",
                         "/features/features.2/Conv: weights' scale raised 1.7 times: its bias would overflow"]}


def check(what, result, text, **more):
    return {"what": what, "result": result, "text": text, **more}


def full(rate=False):
    """Everything the contract knows; NO SHIP for a latency and a class, one check undecided."""
    rng = random.Random(7)
    classes = []
    for i, name in enumerate(CLASSES):
        base = 99 - 2.3 * i
        drop = {"Shirt": 3.1, "Coat": 0.9, "Bag": -0.2}.get(name, 0.1 * (i % 3))
        classes.append({"name": name, "samples": 1000, "baseline_percent": base, "percent": base - drop,
                        "lost": 40, "gained": 9, "critical": name in ("Shirt", "Trouser")})
    gate = [
        check("parity", "pass", "16 evaluation samples agree with the reference, worst 4.3e-07"),
        check("capture-to-result p95", "fail", "2.41 ms [2.35, 2.48], limit 2", value=2.41, low=2.35, high=2.48,
              limit=2.0, unit="ms"),
        check("capture-to-result p99", "pass", "5.8 ms, limit 8", value=5.8, low=5.1, high=6.6, limit=8.0, unit="ms"),
        check("peak memory", "pass", "17.0 MB, limit 64", value=16.97, limit=64.0, unit="MB"),
        check("engine size", "pass", "0.39 MB, limit 4", value=0.3949, limit=4.0, unit="MB"),
        check("energy", "undecided", "unavailable: no RAPL, limit 5 mJ", limit=5.0, unit="mJ"),
        check("accuracy", "undecided", "drop 0.41 points [0.22, 0.60], limit 0.5", value=0.41, low=0.22,
              high=0.6, limit=0.5, unit="points", needed=41200),
    ]
    for c in classes:
        drop = c["baseline_percent"] - c["percent"]
        result = "fail" if drop > 2 else "undecided" if drop > 0.5 else "pass"
        limit = 1.0 if c["critical"] else 1.5
        gate.append(check(f"class '{c['name']}'", result, f"drop {drop:.2f} points", value=drop,
                          low=drop - 0.55, high=drop + 0.55 + (drop > 0.5) * 0.3, limit=limit, unit="points",
                          **({"needed": 3800} if result == "undecided" else {})))
    bench = {
        "schema": 1, "mode": "rate" if rate else "closed", "samples": 16513, "latency_ms": percentiles(2.02),
        "intervals_ms": {"p50": [2.015, 2.026], "p90": [2.11, 2.18], "p95": [2.35, 2.48], "p99": [5.1, 6.6],
                         "p99.9": None},
        "bounds_ms": {"p50": 2.03, "p90": 2.19, "p95": 2.5, "p99": 6.9},
        "samples_needed": {"p50": 11, "p90": 64, "p95": 130, "p99": 662, "p99.9": 66360},
        "stages_ms": {"preprocess": percentiles(0.31), "infer": percentiles(1.52),
                      "postprocess": percentiles(0.09), "total": percentiles(2.02)},
        "histogram": histogram(rng, 1.9, 12.4, 90, True),
        "timeline": [{"t_s": i * 0.05, "n": 80, "min_ms": 1.95 + 0.02 * rng.random(),
                      "p50_ms": 2.02 + 0.04 * rng.random() + 0.1 * (i > 80),
                      "max_ms": 2.4 + rng.random() ** 6 * 9} for i in range(120)],
        "warmup": {"runs": 566, "seconds": 0.4, "steady": True, "load_ms": 1.2, "first_ms": 4.5},
        "memory": {"peak_rss_bytes": 16965632, "process_peak_rss_bytes": 35688448, "arena_bytes": 136384,
                   "weights_bytes": 358016, "context_bytes": 35536, "engine_bytes": 394880,
                   "cgroup_peak_bytes": "unavailable: no control group", "slope_kb_per_1000_runs": 0.02,
                   "timeline": [{"t_s": i, "rss_bytes": 33e6 + 2e6 * (1 - 0.8 ** i)} for i in range(30)]},
        "energy": {"joules_per_inference": None, "source": "unavailable: /sys/class/powercap is not readable",
                   "fix": "sudo chmod a+r /sys/class/powercap/intel-rapl:0/energy_uj"},
        "conditions": {
            "cpu": "AMD EPYC", "arch": "x86_64", "isa": "portable avx2 avx512 avx512_vnni", "cores": 2,
            "threads": 1, "precision": "f32", "pinning": "core 1", "mode": "rate" if rate else "closed",
            "kernel": "Linux 6.18.44", "governor": "unavailable: no cpufreq (virtual machine?)",
            "hone": "0.1.0", "l2_bytes": 1048576, "memory_bytes": 25276514304,
            "cgroup": {"cpu_max": "max 100000", "nr_throttled": 0}, "virtual": "kvm",
            "before": {"frequency_khz": 2450000, "temperature_c": 51.5, "load": "0.12", "runnable": 1},
            "after": {"frequency_khz": 2440000, "temperature_c": 58.0, "load": "0.98", "runnable": 1}},
        "warnings": ["the slowest 1 % are 2.9 times the median: two modes, see the distribution"],
        "steps": [], "text": "mean 2.161 ms over 16513 runs", "seconds": 6.3}
    if rate:
        bench["histogram"] = tailed(rng, 1.9, 5.86, 12.4)
        bench["stages_ms"]["wait"] = percentiles(0.1)
        bench |= {"rate": {"per_second": 120, "period_ms": 8.333, "scheduled": 16520}, "deadline_misses": 12,
                  "longest_miss_streak": 3, "skipped": 7}
    return {
        "schema": 1, "hone": "0.1.0", "created": "2026-11-21T19:40:12Z", "model": "fashion",
        "target": "local", "engine_hash": "a4ec01f95d1247e4",
        "verdict": "NO SHIP: capture-to-result p95 2.41 ms [2.35, 2.48], limit 2; class 'Shirt' drop 3.10 points",
        "identity": {"engine_hash": "a4ec01f95d1247e4", "model_hash": "77aa01f95d12bb01",
                     "preprocess_hash": "0099aa01f95d12bb",
                     "target": {"cpu": "AMD EPYC", "arch": "x86_64", "isa": "avx512", "threads": 1,
                                "precision": "f32"}},
        "gate": gate,
        "commands": ["hone ship examples/fashion/hone.toml --bench-seconds 6",
                     "hone gate examples/fashion/hone.toml",
                     "hone bench hone-out/fashion.local.engine --duration 6"],
        "stages": {
            "inspect": {"text": "73 nodes, 85046 parameters, opset 17", "nodes": 73, "bytes": 363264,
                        "seconds": 0.02},
            "golden": {"text": "16 pairs agree with the reference, worst 3.6e-07", "seconds": 0.2},
            "optimize": {"text": "73 nodes to 57, 16 patches", "nodes": 57, "bytes": 346807, "seconds": 0.01},
            "quantize": quantisation(random.Random(11)),
            "build": {"text": "34 steps, 0.39 MB, 1 thread", "bytes": 394880, "steps": 34, "seconds": 0.23},
            "parity": {"text": "16 evaluation samples agree with the reference, worst 4.3e-07", "ok": True,
                       "worst": 4.3e-7, "seconds": 0.2},
            "accuracy": {"text": "89.0 % of 10000", "percent": 88.24, "baseline_percent": 88.65,
                         "samples": 10000, "lost": 141, "gained": 100, "worst": "Shirt",
                         "worst_percent": 82.1, "classes": classes, "seconds": 21.0},
            "bench": bench,
            "profile": {"schema": 1, "text": "34 layers", "machine": {
                "fma_gflops": 148.2, "bandwidth_gbps": 21.4, "how": "measured in this run, one core"},
                "total_us": 110.0, "layers": layers(rng), "seconds": 0.4}}}


def sparse():
    """What the first version wrote: no histogram, no figures in checks, no profile, no commands."""
    r = full()
    for key in ("created", "identity", "commands"):
        del r[key]
    r["verdict"] = "SHIP"
    r["gate"] = [check("parity", "pass", "4 random inputs agree"), check("p95 latency", "pass", "0.14 ms, limit 2")]
    b = r["stages"]["bench"]
    r["stages"]["bench"] = {k: b[k] for k in ("schema", "samples", "latency_ms", "energy", "conditions", "text")}
    r["stages"]["bench"]["memory"] = {"peak_rss_bytes": "unavailable: no fork", "arena_bytes": 4096}
    r["stages"]["bench"]["steps"] = [{"layer": "a/Conv + a/Relu (conv_f32_6x64_avx512)", "us": 3.5}]
    r["stages"]["accuracy"] = {"text": "no labelled evaluation data"}
    del r["stages"]["profile"]
    return r


def several():
    """Two models on two targets in one release."""
    out = []
    for i, (model, target) in enumerate((m, t) for m in ("fashion", "detector") for t in ("pi5", "x86")):
        r = full(rate=i % 2 == 1) if i != 2 else sparse()
        r["model"], r["target"] = model, target
        out.append(r)
    return out


EVIL = "<script>alert(1)</script>\"'&\u202e\u0000\u0007</title><img src=x onerror=alert(1)>"


def hostile():
    """Names that try to be markup, everywhere a name can stand."""
    def poison(v):
        if isinstance(v, dict):
            return {k: v[k] if k in ("verdict", "result", "unit") else poison(v[k]) for k in v}
        if isinstance(v, list):
            return [poison(x) for x in v]
        return v + EVIL if isinstance(v, str) else v
    r = poison(full())
    r["verdict"] = "NO SHIP: " + EVIL
    return r


def history(n=14):
    """The same project over time: an engine that improves, then a move to another machine."""
    out = []
    rng = random.Random(3)
    for i in range(n):
        r = copy.deepcopy(full())
        r["created"] = f"2026-11-{i + 3:02d}T09:{i:02d}:00Z"
        scale = (2.6 - 0.06 * i) * (1 + 0.02 * rng.random()) * (0.55 if i >= 9 else 1)
        b = r["stages"]["bench"]
        b["latency_ms"] = percentiles(scale)
        b["intervals_ms"]["p50"] = [scale * 0.985, scale * 1.015]
        b["conditions"]["cpu"] = "Raspberry Pi 5" if i >= 9 else "AMD EPYC"
        b["memory"]["peak_rss_bytes"] = 17e6 + 2e5 * (i % 4)
        r["engine_hash"] = f"{0xa4ec01f95d1247e4 + i // 2:016x}"
        r["stages"]["accuracy"]["percent"] = 88.2 + 0.05 * i
        r["verdict"] = "SHIP" if i % 5 else "NO SHIP: p95 latency 2.41 ms, limit 2"
        out.append(r)
    return out
