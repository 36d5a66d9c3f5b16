"""What OpenCV and Pillow make of a picture under a contract, and the program that asks Hone.
`python preprocess_judge.py COUNT [SEED]` compares COUNT random contracts and prints the figure."""
import os, struct, subprocess, sys
from collections import Counter
import cv2, numpy as np
from PIL import Image

COLORS = ["gray", "rgb", "bgr", "gray-cv2", "luma"]
RULES = ["none", "cv2-nearest", "cv2-linear", "cv2-area", "pillow-nearest", "pillow-bilinear-aa",
         "pillow-bicubic-aa", "pillow12-bilinear-aa", "pillow12-bicubic-aa"]
FITS, ANCHORS = ["stretch", "letterbox", "crop"], ["center", "top-left"]
LAYOUTS, TYPES = ["nchw", "nhwc"], ["f32", "u8", "s8"]
DEFAULTS = dict(color="rgb", layout="nchw", type="f32", resize="none", fit="stretch", anchor="center",
                short_side=0, fill=(114, 114, 114), scale=1.0, mean=(0, 0, 0), std=(1, 1, 1))


class Refused(Exception):
    pass


class Tool:
    """tests/tasks/preprocess_pipe.cc."""
    def __init__(self, program=None):
        program = program or os.path.join(os.environ["HONE_BUILD_DIR"], "preprocess_pipe")
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, picture, size, nv12=False, gap=0, short_of=0, **contract):
        """The tensor and its placement; `picture`: H x W, H x W x 3, or NV12's 3/2 H x W."""
        k = {**DEFAULTS, **contract}
        height, width = picture.shape[:2]
        channels = 3 if nv12 or picture.ndim == 3 else 1
        if nv12:
            height = height * 2 // 3
        floats = [k["scale"], *k["mean"], *[0] * (4 - len(k["mean"])), *k["std"],
                  *[1] * (4 - len(k["std"]))]
        words = [width, height, channels, nv12, size[1], size[0], COLORS.index(k["color"]),
                 LAYOUTS.index(k["layout"]), TYPES.index(k["type"]), RULES.index(k["resize"]),
                 FITS.index(k["fit"]), ANCHORS.index(k["anchor"]), k["short_side"], *k["fill"], gap,
                 short_of]
        pipe = self.process.stdin
        pipe.write(struct.pack("<18i9f", *words, *floats))
        pipe.write(np.ascontiguousarray(picture).tobytes())
        pipe.flush()
        code, count = struct.unpack("<2i", self.process.stdout.read(8))
        data = self.process.stdout.read(count)
        if code != 0:
            raise Refused(data.decode())
        place = struct.unpack("<4i2d", data[:32])
        kind = {"f32": np.float32, "u8": np.uint8, "s8": np.int8}[k["type"]]
        c = 3 if k["color"] in ("rgb", "bgr") else 1
        shape = (c, *size) if k["layout"] == "nchw" else (*size, c)
        return np.frombuffer(data[32:], kind).reshape(shape), place

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


def resized(picture, width, height, rule):
    if rule.startswith("cv2"):
        how = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}
        return cv2.resize(picture, (width, height), interpolation=how[rule[4:]])
    how = {"nearest": Image.NEAREST, "bilinear-aa": Image.BILINEAR, "bicubic-aa": Image.BICUBIC}
    version, _, kind = rule.partition("-")
    image = Image.fromarray(picture)
    if version == "pillow12":  # one side at a time leaves Pillow no choice of order
        image = image.resize((width, image.height), how[kind])
    return np.asarray(image.resize((width, height), how[kind]))


def letterboxed(picture, size, k):
    """As YOLOX's preproc() and Ultralytics' LetterBox place it."""
    h, w = picture.shape[:2]
    if k["resize"] == "none":
        new_w, new_h = w, h
    else:
        r = min(size[0] / h, size[1] / w)
        rounding = int if k["anchor"] == "top-left" else round
        new_w, new_h = max(1, rounding(w * r)), max(1, rounding(h * r))
        picture = resized(picture, new_w, new_h, k["resize"])
    top, left = 0, 0
    if k["anchor"] == "center":
        top = round((size[0] - new_h) / 2 - 0.1)
        left = round((size[1] - new_w) / 2 - 0.1)
    return picture, top, left


def cropped(picture, size, k):
    """As torchvision's Resize(short_side) and CenterCrop(size) do it."""
    h, w = picture.shape[:2]
    if k["resize"] != "none":
        side = k["short_side"] or max(size)
        long = int(side * max(h, w) / min(h, w))
        w, h = (side, long) if w <= h else (long, side)
        picture = resized(picture, w, h, k["resize"])
    top = left = 0
    if k["anchor"] == "center":
        top, left = int(round((h - size[0]) / 2.0)), int(round((w - size[1]) / 2.0))
    return picture[top:top + size[0], left:left + size[1]]


def colored(picture, color):
    if picture.ndim == 2:
        return picture[..., None].repeat(3 if color in ("rgb", "bgr") else 1, -1)
    if color == "gray":
        return np.asarray(Image.fromarray(picture).convert("L"))[..., None]
    if color == "gray-cv2":
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    if color == "luma":
        return np.asarray(Image.fromarray(picture).convert("YCbCr"))[..., :1]
    return picture if color == "rgb" else picture[..., ::-1]


def wanted(picture, size, nv12=False, **contract):
    k = {**DEFAULTS, **contract}
    if nv12:
        picture = cv2.cvtColor(picture, cv2.COLOR_YUV2RGB_NV12)
    if k["fit"] == "letterbox":
        inner, top, left = letterboxed(picture, size, k)
        inner = colored(inner, k["color"])
        fill = np.array(k["fill"], np.uint8).reshape(1, 1, 3)
        whole = np.empty((*size, inner.shape[-1]), np.uint8)
        whole[:] = colored(fill, k["color"])
        whole[top:top + inner.shape[0], left:left + inner.shape[1]] = inner
    else:
        if k["fit"] == "crop":
            picture = cropped(picture, size, k)
        elif k["resize"] != "none":
            picture = resized(picture, size[1], size[0], k["resize"])
        whole = colored(picture, k["color"])
    if k["type"] == "s8":
        whole = (whole.astype(np.int16) - 128).astype(np.int8)
    elif k["type"] == "f32":
        c = whole.shape[-1]
        f = np.float32
        whole = (whole.astype(f) * f(k["scale"]) - np.array(k["mean"][:c], f)) / np.array(k["std"][:c], f)
    return whole.transpose(2, 0, 1) if k["layout"] == "nchw" else whole


def random_side(rng):
    """Small and large sides, and those where vectors of 8, 16 and 32 begin and end."""
    return int(rng.choice([rng.integers(1, 9), rng.integers(1, 70), rng.integers(50, 400)]))


def random_picture(rng, height, width, channels):
    shape = (height, width, channels) if channels > 1 else (height, width)
    kind = rng.integers(3)
    if kind == 0:  # every value, no order
        return rng.integers(0, 256, shape, np.uint8)
    if kind == 1:  # extremes only: a cubic overshoots
        return (rng.integers(0, 2, shape) * 255).astype(np.uint8)
    ramp = np.add.outer(np.arange(height) * rng.uniform(0, 4), np.arange(width) * rng.uniform(0, 4))
    return (ramp[..., None] + 50 * np.arange(channels)).astype(np.uint8).reshape(shape)


def random_case(rng):
    """(picture, size, contract) of any rule, fit, colour, layout and type."""
    fit = rng.choice(FITS)
    h, w = random_side(rng), random_side(rng)
    size = (random_side(rng), random_side(rng))
    rule = str(rng.choice(RULES, p=[0.04, 0.06, 0.2, 0.24, 0.06, 0.14, 0.14, 0.06, 0.06]))
    k = dict(resize=rule, fit=str(fit), color=str(rng.choice(COLORS)), layout=str(rng.choice(LAYOUTS)),
             type=str(rng.choice(TYPES)), anchor=str(rng.choice(ANCHORS)),
             fill=tuple(int(v) for v in rng.integers(0, 256, 3)), gap=int(rng.integers(0, 3)))
    if k["type"] == "f32":
        k.update(scale=float(np.float32(rng.choice([1, 1 / 255]))),
                 mean=[float(v) for v in rng.uniform(0, 1, 3).astype(np.float32)],
                 std=[float(v) for v in rng.uniform(0.1, 1, 3).astype(np.float32)])
    if rng.integers(4) == 0:  # whole ratios have paths of their own
        ratio = rng.integers(1, 9, 2)
        size = (max(1, size[0] // 4), max(1, size[1] // 4))
        h, w = int(size[0] * ratio[0]), int(size[1] * ratio[1])
        if rng.integers(3) == 0:  # both sides by the same
            w = int(size[1] * ratio[0])
    if fit == "crop":
        if rule == "none":
            size = (min(size[0], h), min(size[1], w))
        elif max(h, w) > 20 * min(h, w):
            k["fit"] = "stretch"  # the long side would be a thousand times the window's
        elif rng.integers(2):
            k["short_side"] = max(size) + int(rng.integers(0, 40))
    elif rule == "none":
        if fit == "stretch":
            h, w = size
        else:
            h, w = min(size[0], h), min(size[1], w)
    nv12 = rng.integers(6) == 0 and h % 2 == 0 and w % 2 == 0
    if nv12:
        return rng.integers(0, 256, (h * 3 // 2, w), np.uint8), size, dict(k, nv12=True)
    return random_picture(rng, h, w, 3 if rng.integers(3) else 1), size, k


def compare(tool, rng, count):
    """Compares `count` random cases; returns how many of each rule, and the cases that differ."""
    seen, differ = Counter(), []
    for _ in range(count):
        picture, size, k = random_case(rng)
        got, _ = tool.run(picture, size, **k)
        k.pop("gap")
        want = wanted(picture, size, **k)
        seen[k["resize"]] += 1
        if not np.array_equal(got, want):
            differ.append((picture.shape, size, k, float(np.abs(got.astype(float) - want).max()),
                           float((got != want).mean())))
    return seen, differ


if __name__ == "__main__":
    os.environ.setdefault("HONE_BUILD_DIR", "build/release")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tool = Tool(os.environ.get("PREPROCESS_PIPE"))
    seen, differ = compare(tool, np.random.default_rng(seed), int(sys.argv[1]))
    for case in differ[:20]:
        print(*case)
    print(f"{sum(seen.values())} contracts, {len(differ)} differ; {dict(seen)}; "
          f"OpenCV {cv2.__version__}, Pillow {Image.__version__}")
    sys.exit(bool(differ))
