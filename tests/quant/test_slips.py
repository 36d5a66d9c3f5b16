"""Slips of preprocessing: planted in the calibration data of models that others trained, they are named before
calibration; right data are not complained about."""

import csv
import functools
import glob
import gzip
import json

import numpy as np
import pytest

from quantlib import R, SHARED, SOURCE, hone, needs_shared, samples

MEAN, STD = np.float32([.485, .456, .406]), np.float32([.229, .224, .225])
FASHION = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
N = 256
# model: file, input, where the channels are, what turns pixels (RGB, last axis channels, 0 to 255) into inputs
MODELS = {
    "resnet20": (f"{R}/cifar/resnet20_cifar10_ts_op13.onnx", "input", 1, lambda x: (x / 255 - MEAN) / STD),
    "resnet20d": (f"{R}/cifar/resnet20_cifar10_dynamo_op18.onnx", "input", 1, lambda x: (x / 255 - MEAN) / STD),
    "resnet8": (f"{R}/tflite_onnx/ic_resnet8_fp32.onnx", "input_1", 3, lambda x: x),
    "mnist-8": (f"{R}/cls/mnist-8.onnx", "Input3", 1, lambda x: x),
    "cnn_mnist": (f"{R}/cls/cnn_mnist_pytorch.onnx", "0", 1, lambda x: (x / 255 - .1307) / .3081),
    "fashion": (f"{SOURCE}/examples/fashion/fashion.onnx", "image", 1, lambda x: (x / 255 - .2860) / .3530),
    "yolox_nano": (f"{R}/det/yolox_nano_cvzoo.onnx", "images", 1, lambda x: x[..., ::-1]),
    "FastestDet": (f"{R}/det/FastestDet.onnx", "input.1", 1, lambda x: x[..., ::-1] / 255),
    "super_resolution": (f"{R}/img/super_resolution.onnx", "input", 1, lambda x: x / 255),
}


def idx(path):
    raw = np.frombuffer(gzip.open(path).read(), np.uint8)
    return raw[16:].reshape(-1, 28, 28, 1)[:N].astype(np.float32)


@functools.cache
def pixels(model):
    cv2 = pytest.importorskip("cv2")
    data = f"{SHARED}/realdata/data"
    if "resnet" in model:
        files = [r["file"] for r in csv.DictReader(open(f"{data}/cifar10/train.csv"))][:N]
        return np.stack([cv2.imread(f"{data}/cifar10/{f}")[..., ::-1] for f in files]).astype(np.float32)
    if "mnist" in model:
        return idx(f"{data}/mnist/t10k-images-idx3-ubyte.gz")
    if model == "fashion":
        return idx(FASHION)
    side = {"yolox_nano": 416, "FastestDet": 352, "super_resolution": 224}[model]
    out = []
    for file in sorted(glob.glob(f"{data}/coco128/images/*"))[1:9]:
        x = cv2.imread(file)
        if model == "yolox_nano":
            r = min(side / x.shape[0], side / x.shape[1])
            y = np.full((side, side, 3), 114, np.uint8)
            small = cv2.resize(x, (int(x.shape[1] * r), int(x.shape[0] * r)), interpolation=cv2.INTER_LINEAR)
            y[:small.shape[0], :small.shape[1]] = small
        else:
            y = cv2.resize(x, (side, side), interpolation=cv2.INTER_LINEAR)
        out.append(cv2.cvtColor(y, cv2.COLOR_BGR2GRAY)[..., None] if model == "super_resolution" else y[..., ::-1])
    return np.stack(out).astype(np.float32)


def slips(model, folder, prepare=None):
    path, name, axis, right = MODELS[model]
    x = (prepare or right)(pixels(model))
    return found(path, folder, {name: np.ascontiguousarray(np.moveaxis(x, -1, axis), np.float32)})


def found(path, folder, arrays):
    np.savez(f"{folder}/c.npz", **arrays)
    done = hone("quantize", path, "-o", f"{folder}/q.onnx", "--calib", f"{folder}/c.npz", "--preset", "fast",
                "--json", "-")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["slips"]


# model, what was done to the pixels instead, the cause that must come first
PLANTED = [
    ("resnet20", lambda x: x, "0..255 for normalised"),
    ("resnet20", lambda x: x / 255, "mean and std missing"),
    ("resnet20", lambda x: x / 255 - MEAN, "std missing"),
    ("resnet20", lambda x: x / 255 / STD, "mean missing"),
    ("resnet20", lambda x: x / 127.5 - 1, "-1..1 for normalised"),
    ("resnet20", lambda x: ((x / 255 - MEAN) / STD - MEAN) / STD, "normalised twice"),
    ("resnet20", lambda x: (x[..., ::-1] / 255 - MEAN) / STD, "channels swapped"),
    ("resnet8", lambda x: x / 255, "0..1 for 0..255"),
    ("resnet8", lambda x: (x / 255 - MEAN) / STD, "normalised for 0..255"),
    ("resnet8", lambda x: x[..., ::-1], "channels swapped"),
    ("cnn_mnist", lambda x: x, "0..255 for normalised"),
    ("cnn_mnist", lambda x: x / 255, "mean and std missing"),
    ("cnn_mnist", lambda x: ((255 - x) / 255 - .1307) / .3081, "black and white exchanged"),
    ("fashion", lambda x: x, "0..255 for normalised"),
    ("fashion", lambda x: x / 255, "mean and std missing"),
    ("fashion", lambda x: ((255 - x) / 255 - .2860) / .3530, "black and white exchanged"),
    ("yolox_nano", lambda x: x[..., ::-1] / 255, "0..1 for 0..255"),
    ("FastestDet", lambda x: x[..., ::-1], "0..255 for 0..1"),
]


@needs_shared
@pytest.mark.parametrize("model", MODELS)
def test_right_data_are_not_complained_about(model, tmp_path):
    assert slips(model, tmp_path) == []


@needs_shared
def test_what_is_no_picture_is_left_alone(tmp_path):
    files = sorted(glob.glob(f"{SHARED}/realdata/data/kws/**/*.bin", recursive=True))[:64]
    assert len(files) == 64
    x = np.stack([np.fromfile(f, np.int8).reshape(49, 10, 1) for f in files]).astype(np.float32)
    kws = f"{R}/tflite_onnx/kws_dscnn_fp32.onnx"
    assert found(kws, tmp_path, {"input_1": ((x - 83) * .5847029).astype(np.float32)}) == []
    sst2 = f"{R}/text/bert_sst2/bert_sst2_ts_op14.onnx"
    assert found(sst2, tmp_path, samples(sst2, 8)) == []


@needs_shared
@pytest.mark.parametrize("model,wrong,cause", PLANTED, ids=[f"{m}: {c}" for m, _, c in PLANTED])
def test_a_planted_slip_is_named_first(model, wrong, cause, tmp_path):
    all_found = slips(model, tmp_path, wrong)
    assert [s["cause"] for s in all_found][:1] == [cause]
    assert all_found[0]["input"] == MODELS[model][1] and all_found[0]["text"].count("\n") == 0


@needs_shared
def test_the_likeliest_is_a_warning_before_the_table(tmp_path):
    path, name, axis, _ = MODELS["cnn_mnist"]
    np.savez(f"{tmp_path}/c.npz", **{name: np.moveaxis(pixels("cnn_mnist"), -1, axis)})
    done = hone("quantize", path, "-o", f"{tmp_path}/q.onnx", "--calib", f"{tmp_path}/c.npz", "--preset", "fast")
    assert done.returncode == 0
    assert "input '0' looks like 0..255, but the model answers as if trained on about -0.4" in done.stderr
    assert "divide pixels by 255, subtract the mean and divide by the std" in done.stderr
