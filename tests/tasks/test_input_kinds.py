"""Sounds, bare pixels, frames of a camera and pictures for pictures, from hone.toml to the accuracy that `hone ship` reports:
against numpy's MFCC (test_mfcc.py), OpenCV's NV12, Pillow's gray, and ONNX Runtime on what those make."""
import json, os, subprocess, wave
import numpy as np, onnx, pytest
from onnx import TensorProto, helper, numpy_helper
import onnxruntime as ort
from test_mfcc import reference

HONE = os.environ.get("HONE", "build/release/hone")
CLASSES = 7


def ship(folder, inputs, output, data, limits=""):
    (folder / "classes.txt").write_text("\n".join(f"c{i}" for i in range(CLASSES)))
    (folder / "hone.toml").write_text(
        f'schema = 1\n[model.m]\nonnx = "m.onnx"\n[model.m.input.x]\n{inputs}\n[model.m.output.y]\n{output}\n'
        f"[model.m.data]\nevaluation = {{ {data} }}\n[target.t]\n{limits}")
    r = subprocess.run([HONE, "ship", folder / "hone.toml", "--bench-seconds", "0.1", "--json", folder / "r.json"],
                       capture_output=True, text=True, timeout=300)
    if r.returncode not in (0, 1, 3):
        return None, r.stderr
    return json.loads((folder / "r.json").read_text())["reports"][0], r.stdout


def save(path, nodes, x, y, constants, opset=18):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", *x)], [helper.make_tensor_value_info("y", *y)],
                              [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda v: session.run(None, {"x": v})[0]


def classifier(path, dims, type_=TensorProto.FLOAT):
    """Random hyperplanes through the mean of what comes: each class is likely, and every value counts."""
    n = int(np.prod(dims))
    w = np.random.default_rng(0).normal(size=(n, CLASSES)).astype(np.float32)
    w -= w.mean(0)
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT), helper.make_node("Flatten", ["f"], ["r"]),
             helper.make_node("MatMul", ["r", "w"], ["y"])]
    return save(path, nodes, (type_, dims), (TensorProto.FLOAT, [1, CLASSES]), {"w": w})


def labels_for(answers):
    """The truth for which every third answer is wrong."""
    return [int((np.argmax(a) + (i % 3 == 0)) % CLASSES) for i, a in enumerate(answers)]


def write_list(folder, names, labels):
    (folder / "list.csv").write_text("file,label\n" + "".join(f"{n},{l}\n" for n, l in zip(names, labels)))


def write_wav(path, samples, rate=16000, channels=1):
    with wave.open(str(path), "wb") as f:
        f.setnchannels(channels), f.setsampwidth(2), f.setframerate(rate)
        f.writeframes(np.asarray(samples, "<i2").tobytes())


def sounds(count):
    rng = np.random.default_rng(5)
    for i in range(count):
        t = np.arange(int(rng.integers(9000, 20000)))
        yield (8000 * np.sin(t * rng.uniform(0.02, 1.2)) + rng.normal(0, 2000, len(t))).astype(np.int16)


@pytest.mark.parametrize("kind", ["f32", "s8"])
def test_sound(kind, tmp_path):
    small = kind == "s8"
    run = classifier(tmp_path / "m.onnx", [1, 49, 10, 1], TensorProto.INT8 if small else TensorProto.FLOAT)
    names, answers = [], []
    for i, s in enumerate(sounds(24)):
        names.append(f"{i}.wav")
        write_wav(tmp_path / names[-1], s)
        y = reference(s).astype(np.float32)
        if small:
            y = np.clip(np.trunc(y / np.float32(0.5) + np.float32(10)), -128, 127).astype(np.int8)
        answers.append(run(y.reshape(1, 49, 10, 1)))
    write_list(tmp_path, names, labels_for(answers))
    report, said = ship(tmp_path, 'kind = "audio"' + ('\ntype = "s8"\nscale = 0.5\nzero_point = 10' if small else ""),
                        'task = "classification"\nlabels = "classes.txt"', 'format = "csv", list = "list.csv", type = "wav"')
    assert report, said
    assert report["stages"]["accuracy"]["value"] == pytest.approx(100 * 16 / 24), said


def test_sound_that_does_not_fit(tmp_path):
    classifier(tmp_path / "m.onnx", [1, 49, 10, 1])
    task, data = 'task = "classification"\nlabels = "classes.txt"', 'format = "csv", list = "list.csv", type = "wav"'
    write_list(tmp_path, ["a.wav"], [0])
    for rate, channels, toml, why in [
            (8000, 1, "", "input 'x' takes sound of 16000 Hz, the data hold 8000 Hz"),
            (16000, 2, "", "a.wav: 2 channels; one is taken"),
            (16000, 1, "\ncoefficients = 12", "input 'x' takes [1,49,10,1], its MFCC are 49 x 12"),
            (16000, 1, '\ntype = "s8"', "input 'x' takes f32, its MFCC are i8")]:
        write_wav(tmp_path / "a.wav", np.zeros(100), rate, channels)
        report, said = ship(tmp_path, 'kind = "audio"' + toml, task, data)
        assert report is None and why in said, said
        assert len(said.strip().splitlines()) == 1


def test_sound_cut_off_and_sound_out_of_a_pipe(tmp_path):
    run = classifier(tmp_path / "m.onnx", [1, 49, 10, 1])
    task, data = 'task = "classification"\nlabels = "classes.txt"', 'format = "csv", list = "list.csv", type = "wav"'
    sound = next(sounds(1))
    answer = run(reference(sound).astype(np.float32).reshape(1, 49, 10, 1))
    write_list(tmp_path, ["a.wav"], [int(answer.argmax())])
    path = tmp_path / "a.wav"
    write_wav(path, sound)
    whole = path.read_bytes()
    size_at = whole.index(b"data") + 4
    samples = len(whole) - size_at - 4
    for broken, why in [
            (whole[:-10], f"a.wav: cut off: samples of {samples} bytes, {samples - 10} are there"),
            (whole[:30], "a.wav: cut off: a chunk of 16 bytes, 10 are there"),
            (whole[:size_at - 4], "a.wav: a WAV file without samples: it has no 'data'")]:
        path.write_bytes(broken)
        report, said = ship(tmp_path, 'kind = "audio"', task, data)
        assert report is None and why in said, said
        assert len(said.strip().splitlines()) == 1
    # ffmpeg, writing to a pipe, can't go back to say how long it was; and chunks of others stand before the samples.
    unknown = b"\xff" * 4
    path.write_bytes(whole[:size_at - 4] + b"LIST\x03\0\0\0abc\0" + b"data" + unknown + whole[size_at + 4:])
    report, said = ship(tmp_path, 'kind = "audio"', task, data)
    assert report, said
    assert report["stages"]["accuracy"]["value"] == 100, said


def frame(rng, form, h, w):
    return rng.integers(0, 256, (h * 3 // 2, w) if form == "nv12" else (h, w, 3) if form == "rgb" else (h, w), np.uint8)


@pytest.mark.parametrize("form", ["nv12", "rgb", "gray"])
def test_bare_pixels(form, tmp_path):
    cv2 = pytest.importorskip("cv2")
    h, w, rng = 38, 54, np.random.default_rng(7)
    channels = 1 if form == "gray" else 3
    run = classifier(tmp_path / "m.onnx", [1, channels, 16, 24])
    names, answers = [], []
    for i in range(24):
        raw = frame(rng, form, h, w)
        names.append(f"{i}.raw")
        raw.tofile(tmp_path / names[-1])
        picture = cv2.cvtColor(raw, cv2.COLOR_YUV2RGB_NV12) if form == "nv12" else raw
        small = cv2.resize(picture, (24, 16), interpolation=cv2.INTER_LINEAR).reshape(16, 24, channels)
        answers.append(run((small.astype(np.float32).transpose(2, 0, 1)[None] - np.float32(100)) / np.float32(50)))
    write_list(tmp_path, names, labels_for(answers))
    color = "gray" if form == "gray" else "rgb"
    k = (", ".join(["100"] * channels), ", ".join(["50"] * channels))
    report, said = ship(tmp_path, f'size = [16, 24]\ncolor = "{color}"\nresize = "cv2-linear"\nmean = [{k[0]}]\nstd = [{k[1]}]',
                        'task = "classification"\nlabels = "classes.txt"',
                        f'format = "csv", list = "list.csv", type = "{form}", shape = "{h}x{w}"')
    assert report, said
    assert report["stages"]["accuracy"]["value"] == pytest.approx(100 * 16 / 24), said
    # Frames are timed from the pixels as they are captured.
    assert "preprocess" in json.dumps(report["stages"]["bench"])


def test_bare_pixels_of_another_size(tmp_path):
    classifier(tmp_path / "m.onnx", [1, 3, 16, 24])
    write_list(tmp_path, ["a.raw"], [0])
    (tmp_path / "a.raw").write_bytes(bytes(100))
    data = 'format = "csv", list = "list.csv", type = "nv12", shape = '
    for shape, why in [("16x24", "a.raw: 100 bytes, nv12 [16,24] takes 576"), ("15x24", 'shape "15x24" of nv12: both sides are even'),
                       ("16", 'shape "16" of pixels is not "HEIGHTxWIDTH"'), ("", "'type' and 'shape' go together")]:
        report, said = ship(tmp_path, "size = [16, 24]", 'task = "classification"\nlabels = "classes.txt"', data + f'"{shape}"')
        assert report is None and why in said, said


def doubling(path, channels):
    """Twice the size, and a little blur that differs by channel."""
    k = np.random.default_rng(3).uniform(0, 0.05, (channels, channels, 3, 3)).astype(np.float32)
    for c in range(channels):
        k[c, c, 1, 1] += 1 - k[c].sum()
    nodes = [helper.make_node("Resize", ["x", "", "s"], ["u"], mode="linear", coordinate_transformation_mode="half_pixel"),
             helper.make_node("Conv", ["u", "k"], ["y"], pads=[1, 1, 1, 1])]
    return save(path, nodes, (TensorProto.FLOAT, [1, channels, 12, 20]), (TensorProto.FLOAT, [1, channels, 24, 40]),
                {"s": np.array([1, 1, 2, 2], np.float32), "k": k})


def photographs(rng, count):
    for _ in range(count):
        coarse = rng.integers(0, 256, (6, 10, 3)).astype(np.float64)
        fine = np.kron(coarse, np.ones((4, 4, 1))) + rng.normal(0, 9, (24, 40, 3))
        yield np.clip(fine, 0, 255).astype(np.uint8)


def psnr(made, truth, border=0, peak=1.0):
    cut = np.s_[..., border:made.shape[-2] - border, border:made.shape[-1] - border]
    return 10 * np.log10(peak ** 2 / np.mean((made[cut].astype(np.float64) - truth[cut]) ** 2))


@pytest.mark.parametrize("channels,border", [(3, 0), (3, 4), (1, 2)])
def test_super_resolution_of_pictures(channels, border, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    run = doubling(tmp_path / "m.onnx", channels)
    rows, want = ["small,large"], []
    for i, large in enumerate(photographs(np.random.default_rng(9), 10)):
        small = large[::2, ::2]
        for name, picture in ((f"{i}s.png", small), (f"{i}l.png", large)):
            Image.fromarray(picture).save(tmp_path / name)
        rows.append(f"{i}s.png,{i}l.png")
        if channels == 1:
            small, large = (np.asarray(Image.fromarray(p).convert("YCbCr"))[..., :1] for p in (small, large))
        made = run(small.transpose(2, 0, 1)[None].astype(np.float32) * np.float32(1 / 255))
        want.append(psnr(made[0], large.transpose(2, 0, 1) / 255, border))
    (tmp_path / "list.csv").write_text("\n".join(rows))
    color = "luma" if channels == 1 else "rgb"
    report, said = ship(tmp_path, f'size = [12, 20]\ncolor = "{color}"\nscale = 0.00392156862745098',
                        f'task = "super_resolution"\nborder = {border}',
                        'format = "csv", list = "list.csv", column = "small", wanted = "large"',
                        "[target.t.limits]\naccuracy_drop = 0.5\n")
    assert report, said
    a = report["stages"]["accuracy"]
    # f32 against f64: parts in a million of each pixel, which the logarithm makes 1e-4 dB at most here.
    assert a["metric"] == "PSNR" and a["unit"] == "dB" and a["samples"] == 10
    assert a["value"] == pytest.approx(np.mean(want), abs=1e-4)
    check = next(c for c in report["gate"] if c["key"] == "accuracy_drop")
    # The engine computes what the baseline does; ten pictures cannot tell half a decibel of 100 from nothing.
    assert check["unit"] == "dB" and abs(check["value"]) < 1e-3 and check["low"] < 0 < check["high"], check


def test_super_resolution_of_arrays(tmp_path):
    run = doubling(tmp_path / "m.onnx", 3)
    rng = np.random.default_rng(11)
    x = rng.uniform(0, 255, (6, 3, 12, 20)).astype(np.float32)
    made = np.concatenate([run(v[None]) for v in x])
    y = (made + rng.normal(0, 4, made.shape)).astype(np.float32)
    y[2] = made[2]  # without an error: 100 dB, where f32 finds none either; else what little it finds
    np.savez(tmp_path / "d.npz", x=x, right=y)
    report, said = ship(tmp_path, 'kind = "tensor"', 'task = "super_resolution"\npeak = 255',
                        'format = "npz", file = "d.npz", wanted = "right"')
    assert report, said
    want = [psnr(m, t, peak=255.0) for i, (m, t) in enumerate(zip(made, y)) if i != 2]
    assert report["stages"]["accuracy"]["value"] == pytest.approx((sum(want) + 100) / 6, abs=1e-3)
    report, said = ship(tmp_path, 'kind = "tensor"', 'task = "super_resolution"', 'format = "npz", file = "d.npz", wanted = "left"')
    assert report is None and "d.npz: no array 'left'" in said
