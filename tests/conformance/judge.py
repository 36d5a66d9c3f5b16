"""What a case's outputs are held against: the suite's own values, with its tolerances."""
import ml_dtypes  # noqa: F401  (gives NumPy the narrow types)
import numpy as np
import onnx
from onnx import numpy_helper


def read(path, info):
    """The value of a .pb file: an array, a list, or None for an optional that is empty."""
    data = path.read_bytes()
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    if kind == "optional_type":
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(data))
    if kind == "map_type":
        return numpy_helper.to_dict(onnx.MapProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def difference(got, want, rtol, atol):
    """What is wrong with `got`, or nothing."""
    if want is None or got is None:
        return "" if got is want else "one is empty, the other not"
    if isinstance(want, dict):
        if not isinstance(got, dict) or got.keys() != want.keys():
            return "other keys"
        return next(filter(None, (difference(got[k], v, rtol, atol) for k, v in want.items())), "")
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return f"a sequence of {len(got)}, not of {len(want)}"
        return next(filter(None, (difference(g, w, rtol, atol) for g, w in zip(got, want))), "")
    return array_difference(np.asarray(got), np.asarray(want), rtol, atol)


def array_difference(got, want, rtol, atol):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{list(got.shape)}, not {want.dtype}{list(want.shape)}"
    if got.dtype.kind in "OSU":
        wrong = got.astype(str) != want.astype(str)
    elif got.dtype.kind in "iub":
        wrong = got != want
    else:
        wide = np.complex128 if got.dtype.kind == "c" else np.float64
        wrong = ~np.isclose(got.astype(wide), want.astype(wide), rtol=rtol, atol=atol,
                            equal_nan=True)
    return f"{got[wrong][:4]}, not {want[wrong][:4]}" if wrong.any() else ""


def undefined(name):
    """The random numbers of these cases are the runtime's to choose; what it may give is not."""
    if "bernoulli" in name:
        return bernoulli
    return dropout if "training_dropout" in name else None


def like(got, want):
    same = got.shape == want.shape and got.dtype == want.dtype
    return "" if same else f"{got.dtype}{list(got.shape)}, not {want.dtype}{list(want.shape)}"


def bernoulli(inputs, got, want):
    wrong = like(got[0], want[0])
    return wrong or ("" if np.isin(got[0].astype(np.float64), (0, 1)).all() else "not 0 or 1")


def dropout(inputs, got, want):
    """Each element is 0 or the input's, scaled; the mask says which."""
    wrong = next(filter(None, map(like, got, want)), "")
    if wrong:
        return wrong
    x = inputs[0].astype(np.float64)
    ratio = float(inputs[1]) if len(inputs) > 1 else 0.5
    kept = x / (1 - ratio) if ratio < 1 else x * 0
    y = got[0].astype(np.float64)
    scaled = np.isclose(y, kept, rtol=1e-5, atol=1e-7)
    if not (scaled | (y == 0)).all():
        return "an element is neither 0 nor the input's, scaled"
    if ratio == 0 and not scaled.all():
        return "dropped at ratio 0"
    if len(got) > 1 and not np.where(got[1], scaled, y == 0).all():
        return "the mask says otherwise"
    return ""
