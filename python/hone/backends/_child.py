"""The child's side of the protocol of docs/backends.md: requests on stdin, replies on stdout.

    python _child.py ADAPTER.py

Each is one line with one JSON object. ADAPTER.py is a file with a class Backend; what this file
does for it: importing, shared memory, timing, errors as one line, keeping a library's own prints
away from the replies.
"""
import gc
import importlib.metadata
import importlib.util
import json
import mmap
import os
import sys
import time

PROTOCOL = 1
ALIGNMENT = 64
DTYPES = {"f32": "float32", "f64": "float64", "f16": "float16", "bool": "bool",
          **{f"{kind[0]}{bits}": f"{kind}{bits}" for kind in ("int", "uint")
             for bits in (8, 16, 32, 64)}}
NAMES = {numpy_name: name for name, numpy_name in DTYPES.items()}


def one_line(e):
    """What an exception says, without its traceback."""
    text = " ".join(str(e).split()) or type(e).__name__
    return text if len(text) <= 300 else text[:297] + "..."


def tensor_type(dtype):
    """"f32" of numpy's, or of the name that ONNX Runtime, OpenVINO and numpy give it."""
    text = str(dtype).removeprefix("tensor(").removesuffix(")")
    text = {"float": "float32", "double": "float64", "boolean": "bool"}.get(text, text)
    return NAMES.get(text, text)


class Memory:
    """The file that both sides map. The client made it; only this side lets it grow."""

    def __init__(self, fd):
        self.fd = fd
        self.map()

    def map(self):
        self.size = os.fstat(self.fd).st_size
        self.bytes = mmap.mmap(self.fd, self.size) if self.size else b""

    def grow(self, size):
        if size > self.size:
            os.ftruncate(self.fd, size)
            self.map()

    def view(self, dtype, shape, offset):
        import numpy as np
        if dtype not in DTYPES:
            raise NotImplementedError(f"numpy has no {dtype}")
        count = int(np.prod(shape, dtype=np.int64))
        end = offset + count * np.dtype(DTYPES[dtype]).itemsize
        if offset < 0 or count < 0 or end > self.size:
            raise ValueError(f"bytes {offset} to {end} do not lie in the {self.size} shared ones")
        if count == 0:
            return np.zeros(shape, DTYPES[dtype])
        return np.frombuffer(self.bytes, DTYPES[dtype], count, offset).reshape(shape)


class Child:
    def __init__(self, adapter):
        self.adapter = adapter
        self.kind = self.backend = self.given = self.shared = None

    def hello(self, protocol):
        if protocol != PROTOCOL:
            raise ValueError(f"protocol {protocol} asked for, this adapter speaks {PROTOCOL}")
        spec = importlib.util.spec_from_file_location("hone_adapter", self.adapter)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except ImportError as e:
            raise NotImplementedError(f"{one_line(e)} in {sys.executable}") from e
        self.kind = module.Backend
        version = getattr(self.kind, "version", None)
        return {"protocol": PROTOCOL, "name": self.kind.name,
                "version": version or importlib.metadata.version(self.kind.package)}

    def load(self, model, threads, precision, shapes, work):
        self.needs(self.kind, "hello")
        self.backend = self.shared = None  # the old one's memory goes first
        if precision != "f32":
            raise NotImplementedError(f"precision {precision} is not one of this adapter: f32")
        self.backend = self.kind(model, threads, shapes, work)
        return {"note": getattr(self.backend, "note", "")}

    def describe(self):
        self.needs(self.backend, "load")
        ports = [[{"name": n, "dtype": tensor_type(t), "shape": list(s)} for n, t, s in side]
                 for side in (self.backend.inputs(), self.backend.outputs())]
        return {"inputs": ports[0], "outputs": ports[1]}

    def bind(self, fd, inputs, outputs_at):
        self.needs(self.backend, "load")
        self.shared = None
        memory = Memory(fd)
        # Kept: not every library holds on to the array whose memory it reads.
        self.given = {i["name"]: memory.view(i["dtype"], i["shape"], i["offset"]) for i in inputs}
        self.backend.bind(self.given)
        self.backend.run()
        ports, offset = [], outputs_at
        for name, value in self.backend.results():
            offset = -(-offset // ALIGNMENT) * ALIGNMENT
            ports.append({"name": name, "dtype": tensor_type(value.dtype),
                          "shape": list(value.shape), "offset": offset, "bytes": value.nbytes})
            offset += value.nbytes
        memory.grow(offset)
        self.shared = [memory.view(p["dtype"], p["shape"], p["offset"]) for p in ports]
        self.share()
        return {"outputs": ports}

    def share(self):
        """The results of the last run into the memory that the client reads."""
        for (name, value), shared in zip(self.backend.results(), self.shared, strict=True):
            if value.shape != shared.shape:
                raise ValueError(f"output {name} became {value.shape}, it was {shared.shape}")
            shared[...] = value

    def run(self, count, warm=0):
        self.needs(self.shared, "bind")
        run, clock = self.backend.run, time.monotonic_ns
        gc.collect()
        gc.disable()
        for _ in range(warm):
            run()
        ns = [0] * count
        for i in range(count):
            begin = clock()
            run()
            ns[i] = clock() - begin
        gc.enable()
        self.share()
        return {"ns": ns}

    def needs(self, thing, request):
        if thing is None:
            raise ValueError(f"{request} comes first")

    def answer(self, line):
        """The reply to one request."""
        try:
            request = json.loads(line)
            do = request.pop("do")
            if do not in ("hello", "load", "describe", "bind", "run", "quit"):
                raise ValueError(f"no request '{do}'")
            if do == "quit":
                return {"ok": True, "quit": True}
            return {"ok": True, **getattr(self, do)(**request)}
        except NotImplementedError as e:
            return {"cannot": one_line(e)}
        except Exception as e:  # of any library: the client shows the line and goes on
            return {"error": one_line(e)}


def main():
    # What a library prints, and what a program it starts reads, is not the client's.
    requests, replies = os.fdopen(os.dup(0), encoding="utf-8"), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    # An adapter called onnxruntime.py must not be what `import onnxruntime` finds.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path = [p for p in sys.path if p and os.path.abspath(p) != here]
    child = Child(sys.argv[1])
    for line in requests:
        reply = child.answer(line)
        data = (json.dumps(reply) + "\n").encode()
        while data:
            data = data[os.write(replies, data):]
        if reply.get("quit"):
            break
    os._exit(0)  # not every library ends its threads without a crash


if __name__ == "__main__":
    main()
