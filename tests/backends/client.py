"""The client's side of the protocol of docs/backends.md, for tests of adapters."""
import json
import mmap
import os
import select
import subprocess
import sys

import numpy as np

DTYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i8": np.int8, "i16": np.int16,
          "i32": np.int32, "i64": np.int64, "u8": np.uint8, "bool": np.bool_}
NAMES = {np.dtype(v): k for k, v in DTYPES.items()}
SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
ADAPTERS = os.path.join(SOURCE, "python", "hone", "backends")


class Client:
    def __init__(self, adapter):
        command = [adapter]
        if adapter.endswith(".py"):
            command = [sys.executable, os.path.join(ADAPTERS, "_child.py"), adapter]
        self.fd = os.memfd_create("hone-test")
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, pass_fds=(self.fd,), bufsize=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        os.close(self.fd)

    def send(self, line):
        self.child.stdin.write(line.encode() + b"\n")

    def reply(self, seconds=120):
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.child.stdout], [], [], seconds)
            assert ready, "no answer"
            more = os.read(self.child.stdout.fileno(), 1 << 16)
            assert more, "the child is gone"
            line += more
        assert line.count(b"\n") == 1, f"more than one line: {line[:200]}"
        return json.loads(line)

    def ask(self, do, **fields):
        self.send(json.dumps({"do": do, **fields}))
        return self.reply()

    def load(self, model, shapes, work, **more):
        return self.ask("load", **{"model": str(model), "threads": 1, "precision": "f32",
                                   "shapes": {n: list(s) for n, s in shapes.items()},
                                   "work": str(work), **more})

    def bind(self, values):
        ports, blob = [], b""
        for name, array in values.items():
            blob += b"\0" * (-len(blob) % 64)
            ports.append({"name": name, "dtype": NAMES[array.dtype], "shape": list(array.shape),
                          "offset": len(blob)})
            blob += array.tobytes()
        os.ftruncate(self.fd, max(len(blob), os.fstat(self.fd).st_size))
        os.pwrite(self.fd, blob, 0)
        reply = self.ask("bind", fd=self.fd, inputs=ports, outputs_at=len(blob))
        self.ports = reply.get("outputs")
        return reply

    def outputs(self):
        size = os.fstat(self.fd).st_size
        with mmap.mmap(self.fd, size, prot=mmap.PROT_READ) as shared:
            return {p["name"]: np.frombuffer(shared[p["offset"]:p["offset"] + p["bytes"]],
                                             DTYPES[p["dtype"]]).reshape(p["shape"])
                    for p in self.ports}
