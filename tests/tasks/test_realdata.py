"""The labelled tasks of ../shared/realdata as people would write them down: each hone.toml of realdata/ through `hone ship`,
judged by the accuracy that its README states for ONNX Runtime. Quick runs take the first samples of each and compare with
ONNX Runtime's answers on the same; HONE_FULL=1 takes all of them."""
import json, os, pathlib, re, subprocess
import pytest

HONE = os.environ.get("HONE", "build/release/hone")
HERE = pathlib.Path(__file__).parent / "realdata"
REAL = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", ".")).resolve().parent / "shared/realdata"
FULL = os.environ.get("HONE_FULL") == "1"

# Figures of ../shared/realdata/README.md on all samples.
CASES = {
    ("digits", "mnist8"): 98.91, ("digits", "cnn_mnist"): 99.07,
    ("cifar10", "resnet20"): 80.31, ("cifar10", "resnet8"): 74.25, ("cifar10", "resnet8_int8"): 74.30,
    ("keywords", "kws"): 90.6, ("keywords", "kws_int8"): 90.6,
    ("detection", "yolox_nano"): 33.7, ("detection", "fastestdet"): 19.1,
    ("sentiment", "bert_ts_op14"): 79.93, ("sentiment", "bert_dynamo_op18"): 79.93,
}
# Right answers of ONNX Runtime 1.31.1 among the first samples, of inputs made by Pillow, NumPy and tokenizers.
SOME = {"digits": 300, "cifar10": 100, "keywords": 100, "sentiment": 100}
RIGHT = {"mnist8": 297, "cnn_mnist": 295, "resnet20": 77, "resnet8": 75, "resnet8_int8": 72, "kws": 93, "kws_int8": 93,
         "bert_ts_op14": 82, "bert_dynamo_op18": 82}


def ship(case, tmp_path, limit=None):
    text = (HERE / f"{case}.toml").read_text()
    # The copy stands elsewhere: its relative paths are made absolute.
    text = text.replace("../../../../shared/realdata", str(REAL)).replace('"labels/', f'"{HERE}/labels/')
    if limit:
        text = re.sub(r"(evaluation = \{)", rf"\1 limit = {limit},", text)
        text = re.sub(r"(\[model\.\w+\.data\.evaluation\]\n)", rf"\1limit = {limit}\n", text)
    project = tmp_path / "hone.toml"
    project.write_text(text)
    r = subprocess.run([HONE, "ship", project, "-o", tmp_path / "out", "--bench-seconds", "0.1", "--json", tmp_path / "r.json"],
                       capture_output=True, text=True, timeout=3600)
    assert r.returncode in (0, 3), r.stdout + r.stderr
    reports = json.loads((tmp_path / "r.json").read_text())["reports"]
    return {j["model"]: j["stages"]["accuracy"] for j in reports}


@pytest.mark.skipif(not REAL.exists(), reason="skipped: no ../shared")
@pytest.mark.parametrize("case", sorted({c for c, _ in CASES}))
def test_case(case, tmp_path):
    if case == "detection" and not FULL:
        pytest.skip("HONE_FULL=1 runs it: 128 pictures through two detectors, twice each")
    found = ship(case, tmp_path, None if FULL else SOME[case])
    for (name, model), percent in CASES.items():
        if name != case:
            continue
        a = found[model]
        # The engine's answers are the baseline's but for ties, and both are what ONNX Runtime gives.
        # Of integers a value between two steps may fall the other way, and the next layers follow: 4 of 1,996.
        ties = 4 if FULL and "int8" in model else 1
        slack = 0.11 if case == "detection" else ties * 100.01 / a["samples"]
        assert abs(a["value"] - a["baseline_value"]) <= slack, (model, a["value"], a["baseline_value"])
        if FULL:
            assert abs(a["value"] - percent) <= slack, (model, a["value"])
        else:
            assert a["samples"] == SOME[case]
            assert abs(a["value"] - 100 * RIGHT[model] / SOME[case]) <= slack, (model, a["value"])
