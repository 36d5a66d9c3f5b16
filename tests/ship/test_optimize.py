"""hone optimize on real models: ONNX Runtime loads the result and agrees, and there are no more
nodes than onnxsim 0.8.1 leaves (its counts stand below: it is no dependency of the tests)."""
import os, subprocess
import numpy as np, onnx, onnxruntime as ort, pytest

HONE = os.environ.get("HONE", "build/release/hone")
SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
SHARED = os.environ.get("HONE_SHARED", os.path.join(SOURCE, "../shared"))
MODELS = f"{SHARED}/realdata/models"
needs_shared = pytest.mark.skipif(not os.path.isdir(SHARED), reason="skipped: no ../shared")

ONNXSIM_NODES = {
    "audio/dtln_model_1.onnx": 36,
    "audio/dtln_model_2.onnx": 68,
    "audio/silero_vad.onnx": 2,
    "cifar/resnet20_cifar10_dynamo_op18.onnx": 54,
    "cifar/resnet20_cifar10_ts_op13.onnx": 59,
    "cls/cnn_mnist_pytorch.onnx": 12,
    "cls/mnist-8.onnx": 8,
    "cls/mnist-wonnx-opt.onnx": 8,
    "cls/shufflenet-v2-12-int8.onnx": 189,
    "det/FastestDet.onnx": 210,
    "det/yolox_nano_cvzoo.onnx": 365,
    "face/version-RFB-320.onnx": 128,
    "face/version-RFB-320_simplified.onnx": 110,
    "face/version-RFB-320_without_postprocessing.onnx": 110,
    "face/version-slim-320.onnx": 113,
    "face/yunet_n_320_320.onnx": 115,
    "img/super_resolution.onnx": 10,
    "mediapipe/mp_face_detection_short_range.onnx": 95,
    "mediapipe/mp_selfie_segmentation_landscape.onnx": 171,
    "ocr/text_detection_ch_ppocrv3_2023may.onnx": 216,
    "text/bert_sst2/bert_sst2_dynamo_op18.onnx": 128,
    "text/bert_sst2/bert_sst2_ts_op14.onnx": 198,
    "tflite_onnx/ic_resnet8_fp32.onnx": 25,
    "tflite_onnx/ic_resnet8_int8.dq.onnx": 30,
    "tflite_onnx/ic_resnet8_int8.onnx": 75,
    "tflite_onnx/kws_dscnn_fp32.onnx": 29,
    "tflite_onnx/kws_dscnn_int8.dq.onnx": 30,
    "tflite_onnx/kws_dscnn_int8.onnx": 68,
    "tflite_onnx/mobilenet_v1_0.25_128_quant.dq.onnx": 63,
    "tflite_onnx/mobilenet_v1_0.25_128_quant.onnx": 175,
    "tflite_onnx/mobilenet_v2_1.0_224_quant.dq.onnx": 106,
    "tflite_onnx/mobilenet_v2_1.0_224_quant.onnx": 338,
    "tflite_onnx/vww_96_fp32.onnx": 60,
    "tflite_onnx/vww_96_int8.dq.onnx": 66,
    "tflite_onnx/vww_96_int8.onnx": 176,
}
INTEGERS = {"sr": 16000}  # whose value matters; others are 0 or 1
SHAPES = {"silero": {"input": (1, 576), "state": (2, 1, 128)}}


def feeds(session, name):
    rng = np.random.default_rng(5)
    given = next((s for k, s in SHAPES.items() if k in name), {})
    feed = {}
    for i in session.get_inputs():
        shape = given.get(i.name, [d if isinstance(d, int) else 1 if k == 0 else 64
                                   for k, d in enumerate(i.shape)])
        if i.type == "tensor(float)":
            feed[i.name] = rng.standard_normal(shape).astype(np.float32)
        else:
            dtype = {"tensor(int64)": np.int64, "tensor(int8)": np.int8,
                     "tensor(uint8)": np.uint8}[i.type]
            feed[i.name] = np.full(shape, INTEGERS.get(i.name, 1), dtype)
    return feed


def run(path, feed=None, name=""):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    # Its own rewriting rounds differently for different graphs; what is asked is ours alone.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = feed or feeds(session, name)
    return feed, session.run(None, feed)


def weights(graph):
    """Bytes of all constants, those of branches too."""
    attributes = [a for n in graph.node for a in n.attribute]
    tensors = [*graph.initializer, *(a.t for a in attributes if a.HasField("t"))]
    inner = sum(weights(a.g) for a in attributes if a.HasField("g"))
    return inner + sum(len(t.SerializeToString()) for t in tensors)


@needs_shared
@pytest.mark.parametrize("name", ONNXSIM_NODES)
def test_same_answers_from_no_more_nodes_than_onnxsim(name, tmp_path):
    before, after = f"{MODELS}/{name}", tmp_path / "after.onnx"
    r = subprocess.run([HONE, "optimize", before, "-o", after], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    model = onnx.load(after)
    onnx.checker.check_model(model)
    assert len(model.graph.node) <= ONNXSIM_NODES[name]
    assert weights(model.graph) <= 1.01 * weights(onnx.load(before).graph) + 1024
    feed, want = run(before, name=name)
    _, got = run(after, feed)
    for g, w in zip(got, want, strict=True):
        assert g.shape == w.shape and g.dtype == w.dtype
        # Folded weights are rounded once more: a few units of f32 through tens of layers. One step
        # of an int8 output where that tips a rounding.
        scale = max(1.0, np.abs(w).max()) if w.dtype.kind == "f" else None
        worst = np.abs(g.astype(np.float64) - w).max() if w.size else 0
        assert worst <= (1e-4 * scale if scale else 1), worst
