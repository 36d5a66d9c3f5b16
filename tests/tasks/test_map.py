"""mAP on random sets of boxes: pycocotools is the judge, to 1e-6. Integer corners and few score levels make ties and
overlaps of exactly a threshold common; empty pictures, classes without truths, crowds and mask areas are in."""
import sys, pathlib
import numpy as np, pytest
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from detection import agree, coco_eval, evaluate


def random_set(rng):
    pictures, classes = rng.integers(1, 12), rng.integers(1, 6)
    size = rng.choice([20, 64, 200, 640])
    levels = rng.choice([2, 10, 1000000])      # how many different scores
    crowds = rng.choice([0, .15])
    whole = rng.random() < .5                  # integer coordinates
    boxes, truths = [], []
    for _ in range(pictures):
        n = 0 if rng.random() < .2 else rng.integers(0, 15)
        xy, wh = rng.uniform(0, size, (n, 2)), rng.uniform(1, size * .6, (n, 2))
        if whole:
            xy, wh = xy.round(), wh.round()
        labels = rng.integers(0, classes, n) * 2  # odd classes have no truths
        areas = np.where(rng.random(n) < .3, (wh.prod(1) * rng.uniform(.3, 1, n)).round(), -1)
        truths.append([[*a, *b, c, rng.random() < crowds, d] for a, b, c, d in zip(xy, wh, labels, areas)])
        found = []
        for k in rng.integers(0, n, rng.integers(0, 3 * n + 1)) if n else []:
            d = rng.normal(0, .1, 4) * np.tile(wh[k], 2)
            x0, y0, x1, y1 = np.concatenate([xy[k], xy[k] + wh[k]]) + (d.round() if whole else d)
            label = labels[k] if rng.random() < .9 else rng.integers(0, 2 * classes)
            found.append([x0, y0, max(x0, x1), max(y0, y1), rng.integers(1, levels + 1) / levels, label])
        for _ in range(rng.integers(0, 4)):
            x0, y0 = rng.uniform(0, size, 2)
            found.append([x0, y0, x0 + rng.uniform(0, size), y0 + rng.uniform(0, size), rng.random(), rng.integers(0, 2 * classes)])
        boxes.append(found)
    return boxes, truths


def test_random_sets_agree(tmp_path):
    rng = np.random.default_rng(6)
    seen = []
    for _ in range(150):
        boxes, truths = random_set(rng)
        seen.append(agree(evaluate(tmp_path, boxes, truths), boxes, truths))
    seen = np.array(seen)
    assert (seen[:, 0] > .05).sum() > 100 and (seen == -1).any()  # the sets are neither trivial nor all full


def test_more_than_a_hundred_boxes_a_class(tmp_path):
    rng = np.random.default_rng(7)
    truths = [[[10 * k, 0, 9, 9, 0, 0, -1] for k in range(30)]]
    boxes = [[[10 * (k % 40) + rng.integers(0, 3), 0, 10 * (k % 40) + 9, 9, rng.integers(1, 9) / 8, k % 2 * 3] for k in range(400)]]
    agree(evaluate(tmp_path, boxes, truths), boxes, truths)


@pytest.mark.parametrize("boxes", [[[], []], [[[0, 0, 5, 5, .5, 1]], []]])
def test_nothing_to_find(tmp_path, boxes):
    ours = evaluate(tmp_path, boxes, [[], []])
    assert ours["stats"] == [-1] * 12 and ours["classes"] == []


def test_nothing_found(tmp_path):
    truths = [[[0, 0, 50, 50, 2, 0, -1]], []]
    ours = evaluate(tmp_path, [[], []], truths)
    assert ours["classes"] == [-1, -1, 0]
    np.testing.assert_array_equal(ours["stats"], coco_eval([[], []], truths)[0])


def test_multisets_of_pictures(tmp_path):
    """What the bootstrap asks for: pictures drawn with replacement, judged as if they lay there as often. Scores have
    no ties, whose order among copies of one picture is not defined."""
    rng = np.random.default_rng(8)
    for _ in range(12):
        boxes, truths = random_set(rng)
        for p in boxes:
            for b in p:
                b[4] = np.float32(rng.random())
        n = len(boxes)
        draws = [np.sort(rng.integers(0, n, n)) for _ in range(6)] + [np.arange(n), [0], []]
        ours = evaluate(tmp_path, boxes, truths, draws)["resampled"]
        for mine, draw in zip(ours, draws):
            expected = coco_eval(boxes, truths, draw)[0][0] if len(draw) else -1
            assert abs(mine - (expected * 100 if expected > -1 else -1)) <= 1e-6
