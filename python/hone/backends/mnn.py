"""MNN's CPU backend, on the model that its own converter makes of the ONNX file."""
import os

# Not MNN.tools.mnnconvert: importing that one installs a package and calls home.
import _tools
import MNN
import MNN.expr as F
import MNN.nn as nn
import onnx

DTYPES = {"float32": F.float, "float64": F.double, "int32": F.int, "uint8": F.uint8}


class Backend:
    name, package, note = "mnn", "MNN", "converted, precision high"

    def __init__(self, model, threads, shapes, work):
        self.converted = os.path.join(work, "model.mnn")
        self.graph = onnx.load(model, load_external_data=False).graph
        if not _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", model, "--MNNModel",
                                  self.converted, "--bizCode", "hone"]) or \
                not os.path.exists(self.converted):
            raise NotImplementedError("its converter does not take the model")
        self.manager = nn.create_runtime_manager(
            ({"backend": "CPU", "numThread": threads, "precision": "high"},))

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
        self.names = [o.name for o in self.graph.output]
        self.module = nn.load_module_from_file(self.converted, list(inputs), self.names,
                                               runtime_manager=self.manager)
        self.values = []
        for name, value in inputs.items():
            if value.dtype == "int64":
                value = value.astype("int32")  # its converter makes of all 64-bit integers
            if str(value.dtype) not in DTYPES:
                raise NotImplementedError(f"input {name} of {value.dtype}")
            self.values.append(F.placeholder(list(value.shape), F.NCHW,
                                             DTYPES[str(value.dtype)]))
            self.values[-1].write(value)

    def run(self):
        self.made = self.module.forward(self.values)
        if len(self.made) != len(self.names):  # it says why on stderr only
            raise NotImplementedError("it does not run the model")
        for value in self.made:
            value.sync()

    def results(self):
        return [(n, F.convert(v, F.NCHW).read()) for n, v in zip(self.names, self.made)]
