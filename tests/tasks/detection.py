"""Shared by the detection tests: the tool that answers for C++, pycocotools, and the real pictures."""
import contextlib, io, json, os, pathlib, subprocess
import cv2, numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

ROOT = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", "."))
TOOL = pathlib.Path(os.environ.get("HONE_BUILD_DIR", "build/release")) / "detection_tool"
REAL = ROOT.parent / "shared/realdata"


def tool(verb, folder, spec=None, words=(), **arrays):
    if spec is not None:
        arrays["spec"] = np.frombuffer(json.dumps(spec).encode(), np.uint8)
    np.savez(folder / "in.npz", **arrays)
    r = subprocess.run([TOOL, verb, *map(str, words), folder / "in.npz"], capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def evaluate(folder, boxes, truths, resamples=()):
    """boxes, truths: per picture, rows x0 y0 x1 y1 score label; x y w h label crowd area."""
    def flat(parts, columns):
        rows = [np.column_stack([np.full(len(p), i), np.reshape(p, (-1, columns))]) for i, p in enumerate(parts) if len(p)]
        return np.concatenate(rows) if rows else np.zeros((0, columns + 1))
    spec = dict(pictures=len(boxes), resamples=[list(map(int, r)) for r in resamples])
    return tool("evaluate", folder, spec, boxes=flat(boxes, 6), truths=flat(truths, 7))


def coco_eval(boxes, truths, pictures=None):
    """pycocotools on the same numbers: the twelve figures and mAP by class."""
    pictures = range(len(boxes)) if pictures is None else pictures
    labels = {int(t[4]) for p in truths for t in p} | {int(b[5]) for p in boxes for b in p}
    annotations, found = [], []
    for i, p in enumerate(pictures):
        for x, y, w, h, label, crowd, area in truths[p]:
            annotations.append(dict(id=len(annotations) + 1, image_id=i, category_id=int(label), bbox=[x, y, w, h],
                                    area=w * h if area < 0 else area, iscrowd=int(crowd)))
        # Our boxes are f32; their widths are taken in f64, as the tool does.
        for x0, y0, x1, y1, score, label in np.float32(boxes[p]).reshape(-1, 6).astype(float):
            found.append(dict(image_id=i, category_id=int(label), bbox=[x0, y0, x1 - x0, y1 - y0], score=score))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = dict(info={}, images=[dict(id=i) for i in range(len(pictures))], annotations=annotations,
                             categories=[dict(id=i) for i in sorted(labels)])
        truth.createIndex()
        if found:
            results = truth.loadRes(found)
        else:  # loadRes refuses an empty list
            results = COCO()
            results.dataset = dict(truth.dataset, annotations=[])
            results.createIndex()
        e = COCOeval(truth, results, "bbox")
        e.evaluate()
        e.accumulate()
        e.summarize()
    precision = e.eval["precision"][:, :, :, 0, 2]
    by_class = {k: float(p[p > -1].mean()) if (p > -1).any() else -1.0
                for k, p in zip(e.params.catIds, precision.transpose(2, 0, 1))}
    return np.array(e.stats), by_class


def agree(ours, boxes, truths, tolerance=1e-6):
    stats, by_class = coco_eval(boxes, truths)
    np.testing.assert_allclose(ours["stats"], stats, atol=tolerance, rtol=0)
    for label, value in by_class.items():
        mine = ours["classes"][label] if label < len(ours["classes"]) else -1.0
        assert abs(mine - value) <= tolerance, (label, mine, value)
    return stats


def yolo_truths(folder, sizes):
    """Truths of a YOLO folder by picture, in Python: None where the reader is to be judged."""
    out = []
    for file, (w, h) in zip(sorted((folder / "images").iterdir()), sizes):
        label = folder / "labels" / (file.stem + ".txt")
        rows = np.loadtxt(label, ndmin=2).reshape(-1, 5) if label.exists() else np.zeros((0, 5))
        out.append([[(cx - bw / 2) * w, (cy - bh / 2) * h, bw * w, bh * h, c, 0, -1] for c, cx, cy, bw, bh in rows])
    return out


def letterbox(picture, side):
    h, w = picture.shape[:2]
    r = min(side / h, side / w)
    out = np.full((side, side, 3), 114, np.uint8)
    small = cv2.resize(picture, (int(w * r), int(h * r)), interpolation=cv2.INTER_LINEAR)
    out[:small.shape[0], :small.shape[1]] = small
    return out.astype(np.float32), [w, h, 0, 0, r, r]


def stretch(picture, side):
    h, w = picture.shape[:2]
    return cv2.resize(picture, (side, side)).astype(np.float32) / 255, [w, h, 0, 0, side / w, side / h]
