"""image_to_tensor() is OpenCV and Pillow, bit for bit. HONE_PREPROCESS_CASES=10000 for more random
contracts than the sample that every run takes."""
import os
import numpy as np, pytest
from preprocess_judge import COLORS, RULES, Refused, Tool, compare, wanted

CASES = int(os.environ.get("HONE_PREPROCESS_CASES", 500))
RNG = np.random.default_rng(11)
RESIZERS = RULES[1:]


def noise(*shape):
    return RNG.integers(0, 256, shape, np.uint8)


@pytest.fixture(scope="module")
def tool():
    t = Tool()
    yield t
    t.close()


def same(tool, picture, size, **contract):
    got, place = tool.run(picture, size, **contract)
    contract.pop("gap", None)
    want = wanted(picture, size, **contract)
    assert got.dtype == want.dtype and np.array_equal(got, want), (picture.shape, size, contract)
    return place


def test_random_contracts(tool):
    seen, differ = compare(tool, np.random.default_rng(1), CASES)
    assert not differ, differ[:5]
    assert set(seen) == set(RULES), seen


# Whole ratios, both sides halved, ratios that are whole only after rounding, one side of one pixel,
# one side kept, one that grows beside one that shrinks, 98 / 49 (1 / (1 / 49) is not 49).
SIZES = [((64, 48), (32, 24)), ((33, 47), (33, 94)), ((96, 144), (24, 36)), ((90, 60), (30, 10)),
         ((49, 98), (1, 2)), ((1, 1), (7, 5)), ((1, 50), (9, 20)), ((50, 1), (20, 9)), ((40, 30), (40, 17)),
         ((40, 30), (23, 30)), ((200, 30), (30, 90)), ((30, 200), (90, 30)), ((99, 101), (98, 100)),
         ((240, 320), (224, 224)), ((103, 103), (1, 1)), ((2, 2), (1, 1)), ((3, 2), (2, 1))]


@pytest.mark.parametrize("rule", RESIZERS)
def test_sizes_with_paths_of_their_own(tool, rule):
    for (h, w), size in SIZES:
        same(tool, noise(h, w, 3), size, resize=rule, layout="nhwc", type="u8")
        same(tool, noise(h, w), size, resize=rule, color="gray")


@pytest.mark.parametrize("rule", RESIZERS)
def test_extremes_stay_inside(tool, rule):
    for value in (0, 255):
        got, _ = tool.run(np.full((37, 61, 3), value, np.uint8), (50, 23), resize=rule, type="u8")
        # cv2's fixed point loses 1 where both weights of a row are cut off, never more.
        assert np.abs(got.astype(int) - value).max() <= (1 if rule in ("cv2-linear", "cv2-area") else 0)
    board = (np.indices((61, 37)).sum(0) % 2 * 255).astype(np.uint8)
    same(tool, board, (200, 100), resize=rule, color="gray")


@pytest.mark.parametrize("color", COLORS)
def test_every_level_of_each_colour(tool, color):
    """All levels of one channel beside fixed ones of the others, and random triples."""
    levels = np.zeros((6, 256, 3), np.uint8)
    for c in range(3):
        levels[c, :, c] = np.arange(256)
        levels[3 + c] = 255
        levels[3 + c, :, c] = np.arange(256)
    same(tool, levels, (6, 256), color=color)
    same(tool, noise(300, 301, 3), (300, 301), color=color)
    same(tool, noise(30, 31), (30, 31), color=color)


def test_nv12_every_pair_of_chroma(tool):
    """Each U with each V; the Y beside them goes through its range as well."""
    y = np.arange(512 * 512, dtype=np.uint32).reshape(512, 512) * 7 % 256
    u, v = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    uv = np.stack([u, v], -1).reshape(256, 512)
    frame = np.concatenate([y, uv]).astype(np.uint8)
    same(tool, frame, (512, 512), nv12=True, layout="nhwc", type="u8")
    for rule in ("cv2-linear", "cv2-area", "pillow-bilinear-aa"):
        same(tool, noise(360, 320), (96, 96), nv12=True, resize=rule, fit="letterbox", gap=5)


# As YOLOX (yolox/data/data_augment.py, preproc) and Ultralytics (LetterBox) call it.
def test_letterbox_of_yolox(tool):
    for h, w in [(480, 640), (427, 640), (640, 383), (333, 500), (17, 400), (416, 416), (1, 1000)]:
        x, y, width, height, sx, sy = same(
            tool, noise(h, w, 3), (416, 416), color="bgr", resize="cv2-linear", fit="letterbox",
            anchor="top-left")
        r = min(416 / h, 416 / w)
        assert (x, y, sx, sy) == (0, 0, r, r)
        assert (width, height) == (max(1, int(w * r)), max(1, int(h * r)))


def test_letterbox_of_ultralytics(tool):
    for h, w in [(480, 640), (427, 640), (640, 383), (333, 500), (17, 400), (640, 640), (81, 55)]:
        x, y, width, height, sx, sy = same(
            tool, noise(h, w, 3), (640, 640), scale=float(np.float32(1 / 255)), resize="cv2-linear",
            fit="letterbox")
        assert sx == sy == min(640 / h, 640 / w)
        assert 0 <= (640 - width) - 2 * x <= 1 and 0 <= (640 - height) - 2 * y <= 1
        # The corners of the picture are where the placement says.
        assert abs(w * sx + x - (x + width)) <= 0.5 and abs(h * sy + y - (y + height)) <= 0.5


def test_crop_of_torchvision(tool):
    for h, w in [(480, 640), (640, 480), (333, 500), (256, 256), (300, 1111)]:
        x, y, width, height, _, _ = same(
            tool, noise(h, w, 3), (224, 224), resize="pillow-bilinear-aa", fit="crop", short_side=256,
            scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
        assert min(width, height) == 256 and x <= 0 and y <= 0


def test_what_makes_no_sense_is_refused(tool):
    picture = noise(20, 30, 3)
    for size, contract, text in [
            ((0, 5), {}, "size is not set"), ((70000, 5), {}, "size is not set"),
            ((5, 5), dict(std=(1, 0, 1)), "std is 0"),
            ((5, 5), dict(std=(1, 1, float("nan"))), "std is 0"),
            ((20, 31), {}, "the picture is 30x20, the model takes 31x20"),
            ((19, 30), dict(fit="letterbox"), "the model takes at most 30x19"),
            ((21, 30), dict(fit="crop"), "the model takes at least 30x21"),
            ((9, 9), dict(fit="crop", resize="cv2-area", short_side=8), "below the window")]:
        with pytest.raises(Refused, match=text):
            tool.run(picture, size, **contract)
    with pytest.raises(Refused, match="NV12"):
        tool.run(noise(30, 21), (20, 21), nv12=True)


@pytest.mark.parametrize("rule", RESIZERS)
def test_scratch_is_asked_for_in_full(tool, rule):
    with pytest.raises(Refused, match="scratch"):
        tool.run(noise(20, 30, 3), (15, 13), resize=rule, short_of=1)
    with pytest.raises(Refused, match="scratch"):
        tool.run(noise(30, 30), (20, 30), nv12=True, short_of=10 ** 6)
