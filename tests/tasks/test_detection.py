"""Detectors on real pictures: the model in ONNX Runtime, decode, suppression, mapping back and mAP in C++. Judges: the
same steps in NumPy, and pycocotools on the same boxes."""
import sys, pathlib
import cv2, numpy as np, onnxruntime as ort, pytest
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from detection import REAL, agree, evaluate, letterbox, stretch, tool, yolo_truths

COCO128 = REAL / "data/coco128"
needs_real = pytest.mark.skipif(not REAL.exists(), reason="no ../shared")
if not REAL.exists():
    print("skipped: no ../shared")


def outputs(model, prepare):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    results, geometry = [], []
    for file in sorted((COCO128 / "images").iterdir()):
        x, g = prepare(cv2.imread(str(file)))
        results.append(session.run(None, {name: np.ascontiguousarray(x.transpose(2, 0, 1)[None])})[0])
        geometry.append(g)
    return np.concatenate(results), np.array(geometry, float)


@pytest.fixture(scope="module")
def yolox():
    return outputs(REAL / "models/det/yolox_nano_cvzoo.onnx", lambda p: letterbox(p, 416))


@pytest.fixture(scope="module")
def fastestdet():
    return outputs(REAL / "models/det/FastestDet.onnx", lambda p: stretch(p, 352))


def area_of_overlap(a, b):
    size = np.clip(np.minimum(a[2:4], b[:, 2:4]) - np.maximum(a[:2], b[:, :2]), 0, None)
    return size[:, 0] * size[:, 1]


def suppressed(boxes, iou, most, agnostic=False):
    """Greedy NMS over rows x0 y0 x1 y1 score label, in f32."""
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive, kept = np.ones(len(boxes), bool), []
    for i in range(len(boxes)):
        if alive[i]:
            kept.append(i)
            common = area_of_overlap(boxes[i], boxes)
            alive &= ~((common / (areas[i] + areas - common) > iou) & (agnostic | (boxes[:, 5] == boxes[i, 5])))
    return boxes[kept][:most]


def mapped(boxes, g):
    w, h, left, top, sx, sy = g
    out = boxes.astype(float)
    out[:, [0, 2]] = ((out[:, [0, 2]] - left) / sx).clip(0, w)
    out[:, [1, 3]] = ((out[:, [1, 3]] - top) / sy).clip(0, h)
    return out[(out[:, 2] > out[:, 0]) & (out[:, 3] > out[:, 1])]


def yolox_rows(o):
    cells = [(x, y, s) for s in (8, 16, 32) for y in range(416 // s) for x in range(416 // s)]
    x, y, s = np.array(cells, np.float32).T
    xy, wh = (o[:, :2] + np.stack([x, y], 1)) * s[:, None], np.exp(o[:, 2:4]) * s[:, None]
    return np.concatenate([xy - wh / 2, xy + wh / 2], 1), o[:, 4:5] * o[:, 5:]


def fastestdet_rows(o):
    h, w = o.shape[1:]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    sigmoid = 1 / (1 + np.exp(-o[3:5]))
    center = np.stack([(x + np.tanh(o[1])) / w, (y + np.tanh(o[2])) / h]).reshape(2, -1).T * 352
    half = sigmoid.reshape(2, -1).T * 176
    scores = (o[0] ** .6 * o[5:] ** .4).reshape(80, -1).T
    return np.concatenate([center - half, center + half], 1), scores


def rows(corners, scores, least, multi):
    if multi:
        a, c = np.nonzero(scores > least)
    else:
        a, c = np.arange(len(scores)), scores.argmax(1)
        keep = scores[a, c] > least
        a, c = a[keep], c[keep]
    return np.column_stack([corners[a], scores[a, c], c]).astype(np.float32)


def same_boxes(ours, expected):
    """Best first; boxes of scores that differ in the last bit may stand in another order."""
    ours = np.array(ours, float).reshape(-1, 6)
    assert ours.shape == expected.shape
    order = lambda b: np.lexsort((b[:, 0].round(1), b[:, 5], -b[:, 4].round(5)))
    a, b = ours[order(ours)], expected[order(expected)]
    np.testing.assert_allclose(a[:, :4], b[:, :4], atol=2e-3)
    np.testing.assert_allclose(a[:, 4], b[:, 4], atol=2e-6)
    np.testing.assert_array_equal(a[:, 5], b[:, 5])


def coco_truths(geometry):
    return yolo_truths(COCO128, geometry[:, :2])


@needs_real
# 33.7 is the README's figure; YOLOX's own evaluation looks at boxes down to 0.001.
@pytest.mark.parametrize("score, expected", [(.01, 33.7), (.001, 33.9)])
def test_yolox_nano_on_coco128(tmp_path, yolox, score, expected):
    out, geometry = yolox
    spec = dict(decode="yolox", classes=80, width=416, height=416, score=score, iou=.65, most=100)
    boxes = tool("detect", tmp_path, spec, output_0=out, geometry=geometry)
    for i in range(0, len(out), 9):
        same_boxes(boxes[i], mapped(suppressed(rows(*yolox_rows(out[i]), score, True), .65, 100), geometry[i]))
    truths = coco_truths(geometry)
    stats = agree(evaluate(tmp_path, boxes, truths), boxes, truths)
    assert abs(100 * stats[0] - expected) <= .1, stats


@needs_real
# 19.1 is the README's figure: one class a cell, suppressed across classes. By class more is found.
@pytest.mark.parametrize("agnostic, expected", [(True, 19.1), (False, 20.6)])
def test_fastestdet_on_coco128(tmp_path, fastestdet, agnostic, expected):
    out, geometry = fastestdet
    spec = dict(decode="fastestdet", width=352, height=352, score=.01, iou=.6, multi_label=False, agnostic=agnostic)
    boxes = tool("detect", tmp_path, spec, output_0=out, geometry=geometry)
    for i in range(0, len(out), 9):
        candidates = rows(*fastestdet_rows(out[i]), .01, False)
        same_boxes(boxes[i], mapped(suppressed(candidates, .6, 100, agnostic), geometry[i]))
    truths = coco_truths(geometry)
    stats = agree(evaluate(tmp_path, boxes, truths), boxes, truths)
    assert abs(100 * stats[0] - expected) <= .1, stats


@needs_real
def test_other_layouts_of_the_same_boxes(tmp_path, yolox):
    """The raw rows of YOLOX, rewritten as other exporters lay them out: the same boxes."""
    out, geometry = yolox[0][::16], yolox[1][::16]
    spec = dict(width=416, height=416, score=.01, iou=.65)
    decoded = [yolox_rows(o) for o in out]
    corners, scores = (np.stack(p) for p in zip(*decoded))
    center, size = (corners[..., :2] + corners[..., 2:]) / 2, corners[..., 2:] - corners[..., :2]
    one = np.ones((*scores.shape[:2], 1), np.float32)
    share = (corners / 416).astype(np.float32)
    forms = {
        "yolox-decoded": [np.concatenate([center, size, one, scores], -1)],
        "yolov8": [np.concatenate([center, size, scores], -1).transpose(0, 2, 1)],
        "ssd-decoded": [share, scores],
    }
    expected = tool("detect", tmp_path, dict(spec, decode="yolox"), output_0=out, geometry=geometry)
    for decode, outputs in forms.items():
        outputs = {f"output_{i}": np.ascontiguousarray(o, np.float32) for i, o in enumerate(outputs)}
        boxes = tool("detect", tmp_path, dict(spec, decode=decode), geometry=geometry, **outputs)
        for ours, theirs in zip(boxes, expected):
            same_boxes(ours, np.array(theirs))
    # Suppressed by the model: the best class of each place.
    spec.update(multi_label=False, suppress=False, most=5000)
    label, score = scores.argmax(-1), scores.max(-1)
    expected = tool("detect", tmp_path, dict(spec, decode="yolox"), output_0=out, geometry=geometry)
    rows6 = np.concatenate([corners, score[..., None], label[..., None]], -1).astype(np.float32)
    ends = {"end-to-end": dict(output_0=rows6),
            "detections": dict(output_0=share[..., [1, 0, 3, 2]], output_1=label.astype(np.float32), output_2=score)}
    for decode, outputs in ends.items():
        boxes = tool("detect", tmp_path, dict(spec, decode=decode, y_first=decode == "detections"), geometry=geometry, **outputs)
        for ours, theirs in zip(boxes, expected):
            same_boxes(ours, np.array(theirs))


@needs_real
def test_labels_of_coco128(tmp_path):
    sizes = [cv2.imread(str(f)).shape[1::-1] for f in sorted((COCO128 / "images").iterdir())]
    ours = tool("labels", tmp_path, words=[COCO128], sizes=np.array(sizes, float))
    assert [pathlib.Path(f).stem for f in ours["orphans"]] == ["000000000656", "000000000659"]
    expected = yolo_truths(COCO128, sizes)
    assert len(ours["pictures"]) == 128 and sum(len(t) == 0 for t in expected) == 2
    for mine, file, theirs in zip(ours["pictures"], sorted((COCO128 / "images").iterdir()), expected):
        assert mine["stem"] == file.stem
        np.testing.assert_allclose(np.reshape(mine["truths"], (-1, 5)), np.reshape(theirs, (-1, 7))[:, :5], rtol=1e-12)


RFB = dict(square_priors=[[8, [10, 16, 24]], [16, [32, 48]], [32, [64, 96]], [64, [128, 192, 256]]],
           width=320, height=240, background=0, score=.01, iou=.3, most=200, clip=False)


@needs_real
def test_ssd_heads_and_the_same_model_decoded_in_its_graph(tmp_path):
    """The face detector comes twice: with the priors applied in the graph, and with the raw heads."""
    options = ort.SessionOptions()
    options.log_severity_level = 3  # these models list their weights as inputs
    picture = cv2.imread(str(REAL / "data/images/coral_face.jpg"))
    x = (cv2.resize(picture, (320, 240))[..., ::-1].astype(np.float32) - 127) / 128
    found = {}
    for decode, model in (("ssd", "version-RFB-320_without_postprocessing"), ("ssd-decoded", "version-RFB-320")):
        session = ort.InferenceSession(str(REAL / f"models/face/{model}.onnx"), options, providers=["CPUExecutionProvider"])
        scores, boxes = session.run(["scores", "boxes"], {session.get_inputs()[0].name: np.ascontiguousarray(x.transpose(2, 0, 1)[None])})
        h, w = picture.shape[:2]
        found[decode] = np.array(tool("detect", tmp_path, dict(RFB, decode=decode), output_0=boxes, output_1=scores,
                                      geometry=np.array([[w, h, 0, 0, 320 / w, 240 / h]]))[0])
    assert len(found["ssd"]) == len(found["ssd-decoded"]) and (found["ssd"][:, 4] > .9).any()
    np.testing.assert_allclose(found["ssd"], found["ssd-decoded"], rtol=2e-4, atol=.05)
