"""The labelled tasks: calibration data, evaluation data that share no sample with them, and the metric. What an engine
or a runtime is, is the caller's: a task is given a function from one sample's inputs to the outputs."""
import csv
import gzip
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "tasks"))
from models import ROOT  # noqa: E402

os.environ.setdefault("HONE_SOURCE_DIR", ROOT)  # the tests look for ../shared beside it

SHARED = os.path.join(os.path.dirname(ROOT), "shared")
REAL = os.path.join(SHARED, "realdata")
FASHION = "/usr/share/datasets/fashion-mnist"


def idx(path):
    raw = np.frombuffer(gzip.open(path).read(), np.uint8)
    rank = raw[3]
    dims = raw[4:4 + 4 * rank].view(">u4").astype(int)
    return raw[4 + 4 * rank:].reshape(dims)


class Task:
    """name, model, limit (points lost at most), feeds for calibration: one dict of arrays a sample."""

    metric = "top-1"

    def __init__(self, name, model, limit, calibration, samples, labels):
        self.name, self.model, self.limit = name, model, limit
        self.calibration, self.samples, self.labels = calibration, samples, labels

    def evaluate(self, run):
        """(metric in per cent, one number a sample that paired figures are made of, answers)"""
        answers, margins = [], []
        for x in self.samples:
            scores = np.asarray(run(x)[0], np.float64).reshape(-1)
            order = np.sort(scores)
            answers.append(int(scores.argmax()))
            margins.append(order[-1] - order[-2])
        hits = np.array(answers) == np.array(self.labels)
        return 100 * hits.mean(), hits, np.array(answers)

    def drop(self, before, after):
        """Points lost and half the width of its 95 % interval (paired, Wald)."""
        a, b = before[1].astype(float), after[1].astype(float)
        d = a - b
        return 100 * d.mean(), 196 * d.std(ddof=1) / np.sqrt(len(d))


class Detection(Task):
    metric = "mAP50-95"

    def __init__(self, name, model, limit, calibration, samples, truths, boxes_of):
        super().__init__(name, model, limit, calibration, samples, truths)
        self.boxes_of = boxes_of

    def evaluate(self, run):
        from detection import coco_eval
        boxes = [self.boxes_of(np.asarray(run(x)[0]), i) for i, x in enumerate(self.samples)]
        return 100 * coco_eval(boxes, self.labels)[0][0], boxes, None

    def drop(self, before, after, resamples=100):
        from detection import coco_eval
        rng = np.random.default_rng(1)
        n, drops = len(self.labels), []
        for _ in range(resamples):
            pick = rng.integers(0, n, n)
            pair = [coco_eval([boxes[i] for i in pick], [self.labels[i] for i in pick])[0][0]
                    for boxes in (before[1], after[1])]
            drops.append(100 * (pair[0] - pair[1]))
        low, high = np.quantile(drops, [.025, .975])
        return before[0] - after[0], (high - low) / 2


def digits():
    x = idx(f"{REAL}/data/mnist/t10k-images-idx3-ubyte.gz").reshape(-1, 1, 1, 28, 28).astype(np.float32)
    y = idx(f"{REAL}/data/mnist/t10k-labels-idx1-ubyte.gz")
    yield Task("mnist-8", f"{REAL}/models/cls/mnist-8.onnx", 0.3, [{"Input3": v} for v in x[:200]],
               [{"Input3": v} for v in x[200:]], y[200:])
    x = ((x / np.float32(255) - np.float32(.1307)) / np.float32(.3081)).astype(np.float32)
    yield Task("cnn_mnist", f"{REAL}/models/cls/cnn_mnist_pytorch.onnx", 0.3, [{"0": v} for v in x[:200]],
               [{"0": v} for v in x[200:]], y[200:])


def fashion():
    def feeds(part):
        x = idx(f"{FASHION}/{part}-images-idx3-ubyte.gz").reshape(-1, 1, 1, 28, 28).astype(np.float32)
        return [{"image": v} for v in (x / np.float32(255) - np.float32(.2860)) / np.float32(.3530)]
    yield Task("fashion", f"{ROOT}/examples/fashion/fashion.onnx", 0.5, feeds("train")[:256], feeds("t10k"),
               idx(f"{FASHION}/t10k-labels-idx1-ubyte.gz"))


def cifar10():
    from PIL import Image
    mean, std = np.float32([.485, .456, .406]), np.float32([.229, .224, .225])

    def part(name):
        rows = list(csv.DictReader(open(f"{REAL}/data/cifar10/{name}.csv")))
        x = [np.asarray(Image.open(f"{REAL}/data/cifar10/" + r["file"]).convert("RGB")) for r in rows]
        return np.stack(x), np.array([int(r["label"]) for r in rows])

    (tx, _), (vx, vy) = part("train"), part("test")

    def normal(x):
        y = ((x / np.float32(255) - mean) / std).astype(np.float32)
        return [{"input": np.ascontiguousarray(v.transpose(2, 0, 1)[None])} for v in y]

    def raw(x):
        return [{"input_1": v[None].astype(np.float32)} for v in x]

    for form in ("ts_op13", "dynamo_op18"):
        yield Task(f"resnet20 ({form})", f"{REAL}/models/cifar/resnet20_cifar10_{form}.onnx", 0.3, normal(tx[:256]),
                   normal(vx), vy)
    yield Task("resnet8", f"{REAL}/models/tflite_onnx/ic_resnet8_fp32.onnx", 0.3, raw(tx[:256]), raw(vx), vy)


def keywords():
    rows = list(csv.DictReader(open(f"{REAL}/data/kws/labels.csv")))
    x = np.stack([np.fromfile(f"{REAL}/data/kws/" + r["file"], np.int8) for r in rows])
    x = ((x.reshape(-1, 1, 49, 10, 1).astype(np.float32) - 83) * np.float32(.5847029)).astype(np.float32)
    y = np.array([int(r["label"]) for r in rows])
    feeds = [{"input_1": v} for v in x]
    yield Task("kws", f"{REAL}/models/tflite_onnx/kws_dscnn_fp32.onnx", 1.0, feeds[:128], feeds[128:], y[128:])


def sentiment():
    from tokenizers import BertWordPieceTokenizer
    folder = f"{REAL}/models/text/bert_sst2"
    tokenizer = BertWordPieceTokenizer(f"{folder}/vocab.txt", lowercase=True)
    tokenizer.enable_truncation(64)

    def part(name, count=None):
        lines = [line.split("\t") for line in open(f"{REAL}/data/sst2/{name}.tsv").read().splitlines()[1:][:count]]
        encoded = [tokenizer.encode(text) for text, _ in lines]
        feeds = [{"input_ids": np.int64([e.ids]), "attention_mask": np.int64([e.attention_mask]),
                  "token_type_ids": np.int64([e.type_ids])} for e in encoded]
        return feeds, np.array([int(label) for _, label in lines])

    def padded(feeds, length=64):  # one shape for all, as an engine that is bound once has
        return [{k: np.pad(v, ((0, 0), (0, length - v.shape[1]))) for k, v in f.items()} for f in feeds]

    feeds, labels = part("dev")
    feeds = padded(feeds)
    for form in ("ts_op14", "dynamo_op18"):
        yield Task(f"sst2 ({form})", f"{folder}/bert_sst2_{form}.onnx", 1.0, padded(part("train", 256)[0]), feeds, labels)


def detection():
    import cv2
    import test_detection as t
    from detection import yolo_truths
    files = sorted((t.COCO128 / "images").iterdir())
    pictures = [cv2.imread(str(f)) for f in files]
    truths = yolo_truths(t.COCO128, [p.shape[1::-1] for p in pictures])

    def task(name, model, limit, prepare, boxes_of):
        made = [prepare(p) for p in pictures]
        feeds = [{name[1]: np.ascontiguousarray(x.transpose(2, 0, 1)[None])} for x, _ in made]
        geometry = [g for _, g in made][32:]
        return Detection(name[0], f"{REAL}/models/det/{model}.onnx", limit, feeds[:32], feeds[32:], truths[32:],
                         lambda out, i: t.mapped(boxes_of(out), geometry[i]))

    yield task(("yolox_nano", "images"), "yolox_nano_cvzoo", 1.0, lambda p: t.letterbox(p, 416),
               lambda o: t.suppressed(t.rows(*t.yolox_rows(o[0]), .01, True), .65, 100))
    yield task(("FastestDet", "input.1"), "FastestDet", 1.0, lambda p: t.stretch(p, 352),
               lambda o: t.suppressed(t.rows(*t.fastestdet_rows(o[0]), .01, False), .6, 100, True))


GROUPS = (cifar10, digits, fashion, keywords, sentiment, detection)


def tasks(only=""):
    for group in GROUPS:
        for task in group():
            if only in task.name:
                yield task
