"""LiteRT (TensorFlow Lite) with XNNPACK; runs the .tflite of the same name beside the ONNX file."""
import os

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Backend:
    name, package, note = "litert", "ai-edge-litert", "its own .tflite file"

    def __init__(self, model, threads, shapes, work):
        path = os.path.splitext(model)[0] + ".tflite"
        if not os.path.exists(path):
            raise NotImplementedError(f"it takes .tflite files only, and there is no "
                                      f"{os.path.basename(path)} beside the model")
        self.interpreter = Interpreter(path, num_threads=threads)

    @staticmethod
    def ports(details):
        return [(d["name"], np.dtype(d["dtype"]), list(map(int, d["shape_signature"])))
                for d in details]

    def inputs(self):
        return self.ports(self.interpreter.get_input_details())

    def outputs(self):
        return self.ports(self.interpreter.get_output_details())

    def bind(self, inputs):
        """Inputs in order: converters rename them. Pictures may have to become channels last."""
        details = self.interpreter.get_input_details()
        if len(details) != len(inputs):
            raise NotImplementedError(f"its file has {len(details)} inputs, not {len(inputs)}")
        self.turned, given = False, []
        for d, value in zip(details, inputs.values()):
            signature = d["shape_signature"]
            if value.ndim == 4 and not self.fits(signature, value.shape):
                value, self.turned = np.ascontiguousarray(value.transpose(0, 2, 3, 1)), True
            if not self.fits(signature, value.shape) or value.dtype != d["dtype"]:
                raise NotImplementedError(f"its file takes {d['dtype'].__name__}{list(signature)}, "
                                          f"not {value.dtype}{list(value.shape)}")
            if list(d["shape"]) != list(value.shape):
                self.interpreter.resize_tensor_input(d["index"], value.shape)
            given.append((d["index"], value))
        self.interpreter.allocate_tensors()
        for index, value in given:
            self.interpreter.set_tensor(index, value)

    @staticmethod
    def fits(signature, shape):
        return len(signature) == len(shape) and all(s in (-1, d) for s, d in zip(signature, shape))

    def run(self):
        self.interpreter.invoke()

    def results(self):
        out = []
        for d in self.interpreter.get_output_details():
            value = self.interpreter.get_tensor(d["index"])
            if self.turned and value.ndim == 4:
                value = value.transpose(0, 3, 1, 2)
            out.append((d["name"], value))
        return out
