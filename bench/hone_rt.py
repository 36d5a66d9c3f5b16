"""libhone_rt.so by ctypes: as much of include/hone/hone.h as a benchmark needs, without copies."""
import ctypes as c

import numpy as np

MAX_RANK = 8
DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_,
          11: np.float64}


class _Load(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("allocator", c.c_void_p), ("log", c.c_void_p),
                ("log_user", c.c_void_p), ("flags", c.c_uint64), ("error_text", c.c_char_p),
                ("error_text_bytes", c.c_size_t)]


class _Info(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("dtype", c.c_int32),
                ("rank", c.c_int32), ("dims", c.c_int64 * MAX_RANK), ("opt", c.c_int64 * MAX_RANK),
                ("symbols", c.c_char_p * MAX_RANK), ("state", c.c_int32), ("reserved", c.c_int32)]


class _Buffer(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("data", c.c_void_p), ("bytes", c.c_size_t),
                ("dtype", c.c_int32), ("rank", c.c_int32), ("dims", c.POINTER(c.c_int64)),
                ("strides", c.c_void_p), ("memory_space", c.c_int32), ("reserved", c.c_int32)]


def _sized(kind):
    return kind(struct_size=c.sizeof(kind))


class Engine:
    """An engine file with one context, run on the calling thread alone."""

    def __init__(self, library, path, feed):
        lib = self._lib = c.CDLL(library)
        lib.hone_default_allocator.restype = c.c_void_p
        lib.hone_context_error.restype = c.c_char_p
        text = c.create_string_buffer(256)
        options = _sized(_Load)
        options.allocator = lib.hone_default_allocator()
        options.error_text = c.cast(text, c.c_char_p)
        options.error_text_bytes = len(text)
        self._engine, self._context = c.c_void_p(), c.c_void_p()
        if lib.hone_load_file(path.encode(), c.byref(options), c.byref(self._engine)) != 0:
            raise RuntimeError(text.value.decode())
        self._check(lib.hone_context_create(self._engine, None, c.byref(self._context)))
        names = {}
        for name, value in feed.items():
            index = lib.hone_engine_find_input(self._engine, name.encode())
            if index < 0:
                raise RuntimeError(f"the engine has no input {name}")
            names[name] = index
            info = _sized(_Info)
            self._check(lib.hone_engine_input(self._engine, index, c.byref(info)))
            if -1 in info.dims[:info.rank]:
                dims = (c.c_int64 * value.ndim)(*value.shape)
                self._check(lib.hone_context_set_shape(self._context, index, dims, value.ndim))
        self._check(lib.hone_context_bind(self._context))
        for name, value in feed.items():
            self._view(lib.hone_context_input_buffer, names[name])[...] = value
        self.run = lambda run=lib.hone_run, context=self._context: run(context)
        self.check_run = lambda: self._check(self.run())

    def _check(self, status):
        if status != 0:
            raise RuntimeError((self._lib.hone_context_error(self._context) or b"?").decode())

    def _view(self, call, index):
        b = _sized(_Buffer)
        self._check(call(self._context, index, c.byref(b)))
        shape = tuple(b.dims[i] for i in range(b.rank))
        raw = (c.c_char * b.bytes).from_address(b.data) if b.bytes else b""
        return np.frombuffer(raw, dtype=DTYPES[b.dtype]).reshape(shape)

    def input(self, name):
        """The engine's own memory of this input, to be written into."""
        index = self._lib.hone_engine_find_input(self._engine, name.encode())
        return self._view(self._lib.hone_context_input_buffer, index)

    def outputs(self, count):
        return [self._view(self._lib.hone_context_output_buffer, i).copy() for i in range(count)]

    def close(self):
        self._lib.hone_context_free(self._context)
        self._lib.hone_engine_free(self._engine)
