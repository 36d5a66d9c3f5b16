"""Pictures in files, as an engine gets them: Pillow is the judge. The model passes its input through
and the contract changes nothing, so that what comes out is what was decoded."""
import io, json, os, pathlib, struct, subprocess, zlib
import numpy as np, onnx, pytest
from onnx import TensorProto, helper
from PIL import Image
from preprocess_judge import wanted

HONE = os.environ.get("HONE", "build/release/hone")
H, W = 13, 18
RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (H, W, 4), np.uint8)
SMOOTH = np.stack([np.add.outer(np.arange(H) * a, np.arange(W) * b) % 256
                   for a, b in ((3, 5), (7, 2), (4, 9))], -1).astype(np.uint8)


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120)


def shipped(folder, color, channels, shape=None, kind=TensorProto.FLOAT, keys=""):
    """The engine of a model that passes its input on, as f32."""
    shape = shape or [1, channels, H, W]
    io = [helper.make_tensor_value_info(*v, shape) for v in (("x", kind), ("y", TensorProto.FLOAT))]
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
    if kind == TensorProto.FLOAT:
        node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "same", io[:1], io[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), folder / "m.onnx")
    size = shape[1:3] if "nhwc" in keys else shape[2:]
    (folder / "hone.toml").write_text(f"""schema = 1
[model.m]
onnx = "m.onnx"
[model.m.input.x]
size = {list(size)}
color = "{color}"
{keys}
[target.local]
""")
    r = hone("ship", folder / "hone.toml", "--bench-seconds", "0.1")
    assert r.returncode == 0, r.stdout + r.stderr
    return folder / "hone-out/m.local.engine"


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    return {c: shipped(tmp_path_factory.mktemp(c), c, n) for c, n in (("rgb", 3), ("gray", 1), ("bgr", 3))}


def taken(engine, data, folder, name="p.png"):
    (folder / name).write_bytes(data)
    r = hone("run", engine, "--input", f"x={folder / name}", "--save", folder / "out")
    assert r.returncode == 0, r.stderr
    return np.load(folder / "out/output_0.npy")[0]


def decoded(*args):
    return taken(*args).transpose(1, 2, 0)


def refused(engine, data, folder, name="p.png"):
    (folder / name).write_bytes(data)
    r = hone("run", engine, "--input", f"x={folder / name}", "--save", folder / "out")
    assert r.returncode == 2 and len(r.stderr.strip().splitlines()) == 1, r.stdout + r.stderr
    return r.stderr


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, color, rows, width=W, height=H):
    """For what Pillow does not write."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + r for r in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


PALETTE = Image.fromarray(SMOOTH).quantize(16)
TRANSPARENT = PALETTE.copy()
TRANSPARENT.info["transparency"] = 3
PNGS = {
    "rgb": Image.fromarray(NOISE[..., :3]),
    "rgba": Image.fromarray(NOISE, "RGBA"),
    "gray": Image.fromarray(NOISE[..., 0]),
    "gray_alpha": Image.fromarray(NOISE[..., :2].copy(), "LA"),
    "one_bit": Image.fromarray((NOISE[..., 0] > 127)),
    "palette": PALETTE,
    "palette_transparent": TRANSPARENT,
}


@pytest.mark.parametrize("name", PNGS)
def test_png_is_pillows(engines, name, tmp_path):
    data = encoded(PNGS[name], "PNG")
    # Alpha is dropped, not blended.
    want = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., :3].astype(np.float32)
    assert np.array_equal(decoded(engines["rgb"], data, tmp_path), want)
    assert np.array_equal(decoded(engines["bgr"], data, tmp_path), want[..., ::-1])


def test_sixteen_bits_keep_their_upper_eight(engines, tmp_path):
    deep = RNG.integers(0, 65536, (H, W, 3)).astype(">u2")
    rgb = png(16, 2, [row.tobytes() for row in deep])
    assert np.array_equal(decoded(engines["rgb"], rgb, tmp_path), deep >> 8)
    gray = png(16, 0, [row.tobytes() for row in deep[..., 0].copy()])
    assert np.array_equal(decoded(engines["gray"], gray, tmp_path)[..., 0], deep[..., 0] >> 8)


def test_gray_and_color_both_ways(engines, tmp_path):
    gray, color = encoded(PNGS["gray"], "PNG"), encoded(PNGS["rgb"], "PNG")
    assert np.array_equal(decoded(engines["gray"], gray, tmp_path)[..., 0], NOISE[..., 0])
    assert np.array_equal(decoded(engines["rgb"], gray, tmp_path), NOISE[..., [0, 0, 0]])
    ours = decoded(engines["gray"], color, tmp_path)[..., 0]
    assert np.array_equal(ours, np.asarray(PNGS["rgb"].convert("L")))


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"progressive": True}, {"quality": 30},
                                     {"quality": 100, "subsampling": 2}], ids=str)
def test_jpeg_is_pillows(engines, options, tmp_path):
    data = encoded(Image.fromarray(SMOOTH), "JPEG", **options)
    # Both decode with libjpeg-turbo: the accurate integer transform, chroma interpolated.
    want = np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(decoded(engines["rgb"], data, tmp_path, "p.jpg"), want)
    gray = encoded(Image.fromarray(SMOOTH[..., 0].copy()), "JPEG", **options)
    want = np.asarray(Image.open(io.BytesIO(gray)))
    assert np.array_equal(decoded(engines["gray"], gray, tmp_path, "p.jpg")[..., 0], want)


def test_exif_orientation_is_not_applied(engines, tmp_path):
    """The pixels as they are stored, as Image.open() gives them."""
    exif = Image.Exif()
    exif[0x0112] = 6  # a viewer would turn it by 90 degrees
    data = encoded(Image.fromarray(SMOOTH), "JPEG", exif=exif)
    want = np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(decoded(engines["rgb"], data, tmp_path, "p.jpg"), want)


YOLOX = dict(resize="cv2-linear", fit="letterbox", anchor="top-left", color="bgr")
TORCHVISION = dict(resize="pillow-bilinear-aa", fit="crop", short_side=40, color="rgb",
                   scale=float(np.float32(1 / 255)), mean=(0.5, 0.25, 0.125), std=(0.25, 0.5, 1))
TINY = dict(resize="cv2-area", fit="letterbox", color="rgb", layout="nhwc", type="s8", fill=(1, 2, 250))


@pytest.mark.parametrize("shape,kind,contract", [
    ([1, 3, 48, 48], TensorProto.FLOAT, YOLOX), ([1, 3, 32, 36], TensorProto.FLOAT, TORCHVISION),
    ([1, 24, 32, 3], TensorProto.INT8, TINY)], ids=["yolox", "torchvision", "tiny"])
def test_a_project_says_how_pictures_of_any_size_fit(shape, kind, contract, tmp_path):
    size = shape[1:3] if contract.get("layout") == "nhwc" else shape[2:]
    keys = "".join(f"{k} = {json.dumps(v)}\n" for k, v in contract.items() if k != "color")
    engine = shipped(tmp_path, contract["color"], 3, shape, kind, keys)
    for h, w in [(60, 80), (80, 60), (48, 48), (7, 33)]:
        picture = RNG.integers(0, 256, (h, w, 3), np.uint8)
        got = taken(engine, encoded(Image.fromarray(picture), "PNG"), tmp_path)
        assert np.array_equal(got, wanted(picture, tuple(size), **contract)), (h, w)


PHOTOS = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd())).parent / "shared/realdata/data/coco128/images"


def test_photographs_are_pillows(tmp_path):
    """16 photographs of at most 640 x 640, with the rest filled: no pixel of any differs."""
    if not PHOTOS.is_dir():
        print("skipped: no ../shared")
        pytest.skip("no ../shared")
    contract = dict(fit="letterbox", anchor="top-left", fill=(9, 8, 7), color="rgb", layout="nhwc", type="s8")
    keys = "".join(f"{k} = {json.dumps(v)}\n" for k, v in contract.items() if k != "color")
    engine = shipped(tmp_path, "rgb", 3, [1, 640, 640, 3], TensorProto.INT8, keys)
    files = sorted(PHOTOS.glob("*.jpg"))[::8]
    assert len(files) == 16
    for file in files:
        picture = np.asarray(Image.open(file))
        got = taken(engine, file.read_bytes(), tmp_path, "p.jpg")
        assert np.array_equal(got, wanted(picture, (640, 640), **contract)), file


def test_the_content_says_what_it_is_not_the_name(engines, tmp_path):
    data = encoded(PNGS["rgb"], "PNG")
    assert np.array_equal(decoded(engines["rgb"], data, tmp_path, "p.jpg"), NOISE[..., :3])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated_pictures_are_refused(engines, kind, tmp_path):
    data = encoded(PNGS["rgb"], kind)
    body = len(data) - (12 if kind == "PNG" else 2)  # without the chunk or marker that ends it
    for n in [0, 1, 3, 8, 20, 33, 50, body // 2, body - 12]:
        text = refused(engines["rgb"], data[:n], tmp_path)
        assert "p.png" in text, text


def test_what_is_refused_says_why(engines, tmp_path):
    engine = engines["rgb"]
    cmyk = encoded(PNGS["rgb"].convert("CMYK"), "JPEG")
    assert "CMYK" in refused(engine, cmyk, tmp_path)
    assert "neither a PNG nor a JPEG" in refused(engine, encoded(PNGS["rgb"], "BMP"), tmp_path)
    assert f"{W}x{H}" in refused(engine, encoded(PNGS["rgb"].resize((9, 9)), "PNG"), tmp_path)
    # 768 MB of pixels claimed by 70 bytes: no memory is asked for.
    assert "too few bytes" in refused(engine, png(8, 2, [b""], 16000, 16000), tmp_path)
    assert "pixels" in refused(engine, png(8, 2, [b""], 60000, 60000), tmp_path)
    big = bytearray(encoded(PNGS["rgb"], "JPEG"))
    at = big.index(b"\xff\xc0")
    big[at + 5:at + 9] = struct.pack(">HH", 16000, 16000)
    assert "too few bytes" in refused(engine, bytes(big), tmp_path)
    damaged = bytearray(encoded(PNGS["rgb"], "PNG"))
    damaged[60] ^= 1
    refused(engine, bytes(damaged), tmp_path)
