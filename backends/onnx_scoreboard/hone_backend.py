"""Hone as an ONNX backend (onnx.backend.base): the program as a child process, values as .pb files.

HONE names the program (else `hone` on PATH). HONE_BACKEND_RUNTIME is "engine" (the model is built
to an engine before any input is seen) or "reference" (the operators' definitions); else "engine",
and the reference where a model cannot be an engine: sequences, strings, unbounded loops.
"""
import os
import pathlib
import subprocess
import tempfile

import onnx
from onnx import numpy_helper
from onnx.backend.base import Backend, BackendRep
from onnx.backend.test.runner import BackendIsNotSupposedToImplementIt

SECONDS = 120  # of one run of the program
RUNTIMES = {"engine": ("engine",), "reference": ("reference",), "": ("engine", "reference")}


def program(*args):
    """Runs it; a refusal raises what the test runner counts as a skip, a crash as an error."""
    command = [os.environ.get("HONE", "hone"), *map(str, args)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if not 0 <= run.returncode <= 4:
        raise RuntimeError(f"hone {args[0]} ended with {run.returncode}: {run.stderr[-500:]}")
    if run.returncode:
        raise BackendIsNotSupposedToImplementIt(run.stderr.strip() or "refused without a reason")


def to_proto(value, info):
    if hasattr(value, "SerializeToString"):
        return value
    make = {"sequence_type": numpy_helper.from_list, "optional_type": numpy_helper.from_optional}
    return make.get(info.type.WhichOneof("value"), numpy_helper.from_array)(value, info.name)


def from_file(path, info):
    data = path.read_bytes()
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    if kind == "optional_type":
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


class HoneRep(BackendRep):
    """A prepared model: a folder with the ONNX file and, where it could be built, its engine."""

    def __init__(self, model):
        self.model = model
        self.folder = tempfile.TemporaryDirectory(prefix="hone-backend-")
        self.path = pathlib.Path(self.folder.name) / "model.onnx"
        self.path.write_bytes(model.SerializeToString())
        runtimes = RUNTIMES[os.environ.get("HONE_BACKEND_RUNTIME", "")]
        self.program, self.extra = self.path, ["--reference"]
        if "engine" in runtimes:
            engine = self.path.with_name("engine")
            try:
                program("build", self.path, "-o", engine)
                self.program, self.extra = engine, []
            except BackendIsNotSupposedToImplementIt:
                if "reference" not in runtimes:
                    raise

    def run(self, inputs, **kwargs):
        graph = self.model.graph
        known = {i.name for i in graph.initializer}
        infos = [i for i in graph.input if i.name not in known]
        with tempfile.TemporaryDirectory(dir=self.folder.name) as folder:
            given, made = pathlib.Path(folder, "in"), pathlib.Path(folder, "out")
            given.mkdir()
            for k, (value, info) in enumerate(zip(inputs, infos)):
                (given / f"input_{k}.pb").write_bytes(to_proto(value, info).SerializeToString())
            files = ["--inputs", given] if infos else []
            program("run", self.program, *files, "--save", made, "--format", "pb", *self.extra)
            return [from_file(made / f"output_{k}.pb", info)
                    for k, info in enumerate(graph.output)]


class HoneBackend(Backend):
    @classmethod
    def is_compatible(cls, model, device="CPU", **kwargs):
        return cls.supports_device(device)

    @classmethod
    def prepare(cls, model, device="CPU", **kwargs):
        return HoneRep(model)

    @classmethod
    def run_model(cls, model, inputs, device="CPU", **kwargs):
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def supports_device(cls, device):
        return device == "CPU"


is_compatible = HoneBackend.is_compatible
prepare = HoneBackend.prepare
run_model = HoneBackend.run_model
supports_device = HoneBackend.supports_device
