"""ncnn, on the model that pnnx makes of the ONNX file; f32 storage and arithmetic."""
import importlib.util
import os
import re
import subprocess

import ncnn
import numpy as np
import onnx

# What pnnx calls the types it takes.
DTYPES = {np.dtype(numpy): name for numpy, name in (
    ("float32", "f32"), ("float16", "f16"), ("float64", "f64"), ("int64", "i64"), ("int32", "i32"),
    ("int16", "i16"), ("int8", "i8"), ("uint8", "u8"), ("bool", "b8"))}


class Backend:
    name, package, note = "ncnn", "ncnn", "by pnnx, f32"

    def __init__(self, model, threads, shapes, work):
        self.model, self.threads, self.work = model, threads, work
        self.graph = onnx.load(model, load_external_data=False).graph
        spec = importlib.util.find_spec("pnnx")  # imported it would want PyTorch
        self.pnnx = os.path.join(spec.submodule_search_locations[0], "pnnx") if spec else ""
        if not os.path.exists(self.pnnx):
            raise NotImplementedError("no pnnx to convert the model with")

    def ports(self, values):
        for v in values:
            t = v.type.tensor_type
            yield v.name, onnx.helper.tensor_dtype_to_np_dtype(t.elem_type), [
                d.dim_value if d.HasField("dim_value") else -1 for d in t.shape.dim]

    def inputs(self):
        weights = {w.name for w in self.graph.initializer}
        return list(self.ports(v for v in self.graph.input if v.name not in weights))

    def outputs(self):
        return list(self.ports(self.graph.output))

    def bind(self, inputs):
        link = os.path.join(self.work, "model.onnx")  # pnnx writes beside what it reads
        if not os.path.exists(link):
            os.symlink(self.model, link)
        order = [inputs[name] for name, _, _ in self.inputs()]
        shapes = ",".join("[" + ",".join(map(str, v.shape)) + "]" + DTYPES[v.dtype] for v in order)
        done = subprocess.run([self.pnnx, link, f"inputshape={shapes}", "fp16=0"], cwd=self.work,
                              capture_output=True, timeout=120, check=False)
        made = os.path.join(self.work, "model_ncnn.py")
        if done.returncode != 0 or not os.path.exists(made):
            raise NotImplementedError("pnnx does not take the model")
        with open(made, encoding="utf-8") as f:  # says which tensors keep their batch
            text = f.read()
        self.net = ncnn.Net()
        o = self.net.opt
        o.num_threads, o.use_vulkan_compute = self.threads, False
        o.use_fp16_packed = o.use_fp16_storage = o.use_fp16_arithmetic = False
        o.use_bf16_storage = o.use_bf16_packed = False
        with open(link[:-4] + "ncnn.param", encoding="utf-8") as f:
            lacks = sorted({line.split()[0] for line in f if "." in line.split()[0]})
        if lacks:  # pnnx leaves what it could not express under PyTorch's name
            raise NotImplementedError("ncnn has no layer for " + ", ".join(lacks))
        if self.net.load_param(link[:-4] + "ncnn.param") or self.net.load_model(link[:-4] + "ncnn.bin"):
            raise NotImplementedError("ncnn does not load what pnnx made")
        self.given = []
        for k, value in enumerate(order):
            if value.dtype not in (np.float32, np.int32):
                value = value.astype(np.int32 if value.dtype.kind in "iub" else np.float32)
            batched = re.search(rf'"in{k}".*batch_index=0', text)
            mat = ncnn.Mat(value, batch_index=0) if batched else ncnn.Mat(value)
            self.given.append((f"in{k}", mat.clone()))
        self.batched = [bool(re.search(rf"out{k}\.numpy\(batch_index=0\)", text))
                        for k in range(len(self.graph.output))]

    def run(self):
        extractor = self.net.create_extractor()
        for name, mat in self.given:
            extractor.input(name, mat)
        self.made = [extractor.extract(f"out{k}") for k in range(len(self.batched))]
        if any(code != 0 for code, _ in self.made):
            raise NotImplementedError("ncnn does not run the model")

    def results(self):
        out = []
        for (name, dtype, _), (_, mat), batched in zip(self.outputs(), self.made, self.batched):
            value = mat.numpy(batch_index=0) if batched else mat.numpy()
            out.append((name, np.asarray(value).astype(dtype, copy=False)))
        return out
