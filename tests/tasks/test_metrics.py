"""Top-k, F1 and PSNR against NumPy, scikit-learn and OpenCV; tables against Python's csv."""
import csv, io, os, pathlib, random, subprocess, warnings

import cv2, numpy as np, pytest
from sklearn.metrics import f1_score

TOOL = f"{os.environ.get('HONE_BUILD_DIR', 'build/release')}/tasks_tool"
SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
DATA = SOURCE / "../shared/realdata/data"
RNG = np.random.default_rng(11)


def tool(*args, stdin=b""):
    stdin = stdin.encode() if isinstance(stdin, str) else stdin
    r = subprocess.run([TOOL, *map(str, args)], input=stdin, capture_output=True, timeout=120)
    return r.stdout.decode()


@pytest.mark.parametrize("average, classes", [("binary", 2), ("macro", 2), ("micro", 2), ("macro", 7),
                                              ("micro", 7), ("macro", 40)])
@pytest.mark.parametrize("count", [1, 3, 20, 500])
def test_f1_is_scikit_learns(average, classes, count):
    for _ in range(5):
        labels, predicted = RNG.integers(0, classes, (2, count))
        if average == "binary" and count == 3:
            labels[:] = 0  # recall divides by 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that classes are missing is the point
            want = 100 * f1_score(labels, predicted, average=average, zero_division=0)
        got = float(tool("f1", average, classes, stdin="".join(f"{a} {b}\n" for a, b in zip(labels, predicted))))
        assert got == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("ties", [False, True])
def test_topk_is_a_stable_argsort(k, ties):
    scores = RNG.standard_normal((300, 12)).astype(np.float32)
    if ties:
        scores = scores.round()
        scores[::7, 3] = np.nan
        scores[::11, 5] = np.inf
    labels = RNG.integers(0, 12, 300)
    first = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    want = 100 * np.mean([label in row for label, row in zip(labels, first)])
    text = "".join(f"{label} {' '.join(map(str, row))}\n" for label, row in zip(labels, scores))
    assert float(tool("topk", k, 12, stdin=text)) == pytest.approx(want, abs=1e-9)


def saved(folder, name, array):
    np.save(folder / name, array)
    return folder / f"{name}.npy"


def test_psnr_is_opencvs(tmp_path):
    a, b = RNG.integers(0, 256, (2, 21, 30, 3), np.uint8)
    want = cv2.PSNR(a, b)
    got = tool("psnr", 255, 0, "last", saved(tmp_path, "a", a), saved(tmp_path, "b", b))
    assert float(got) == pytest.approx(want, abs=1e-9)
    first = tool("psnr", 255, 0, saved(tmp_path, "a", a.transpose(2, 0, 1)[None].astype(np.float32)),
                 saved(tmp_path, "b", b.transpose(2, 0, 1)))
    assert float(first) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("border", [0, 4])
def test_psnr_of_luma(border, tmp_path):
    a, b = RNG.random((2, 3, 20, 25))

    def luma(p):  # MATLAB's rgb2ycbcr
        y = 16 / 255 + np.tensordot(np.array([65.481, 128.553, 24.966]) / 255, p, 1)
        return y[border:20 - border, border:25 - border]
    want = 10 * np.log10(1 / np.mean((luma(a) - luma(b)) ** 2))
    got = tool("psnr", 1, border, "luma", saved(tmp_path, "a", a), saved(tmp_path, "b", b))
    assert float(got) == pytest.approx(want, abs=1e-9)


def rows(kind, data):
    out, at, table = tool("table", kind, stdin=data).encode(), 0, [[]]
    assert not out.startswith(b"error"), out
    while at < len(out):
        if out[at:at + 1] == b"\n":
            table.append([])
            at += 1
            continue
        size, _, _ = out[at:at + 20].partition(b":")
        begin = at + len(size) + 1
        at = begin + int(size)
        table[-1].append(out[begin:at].decode())
    return table[:-1]


def test_csv_is_pythons():
    rng = random.Random(5)
    for _ in range(40):
        width = rng.randrange(2, 5)
        table = [["".join(rng.choice('ab,"\n é日') for _ in range(rng.randrange(6))) for _ in range(width)]
                 for _ in range(rng.randrange(1, 20))]
        out = io.StringIO()
        csv.writer(out, lineterminator=rng.choice(["\n", "\r\n"])).writerows(table)
        assert rows("csv", out.getvalue()) == table


@pytest.mark.skipif(not DATA.is_dir(), reason="skipped: no ../shared")
@pytest.mark.parametrize("path", ["sst2/dev.tsv", "sst2/train.tsv", "cifar10/test.csv", "cifar10/train.csv",
                                  "kws/labels.csv"])
def test_real_tables(path):
    kind = path[-3:]
    text = (DATA / path).read_text(encoding="utf-8")
    reader = csv.reader(io.StringIO(text, newline=""), **(
        {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if kind == "tsv" else {}))
    assert rows(kind, text) == [r for r in reader if r]
