"""An engine through libhone_rt.so's C ABI (include/hone/hone.h), as little of it as tests need."""
import ctypes as c, os
import numpy as np

DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_}


class LoadOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("allocator", c.c_void_p), ("log", c.c_void_p),
                ("log_user", c.c_void_p), ("flags", c.c_uint64), ("error_text", c.c_char_p),
                ("error_text_bytes", c.c_size_t)]


class Buffer(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("data", c.c_void_p), ("bytes", c.c_size_t),
                ("dtype", c.c_int32), ("rank", c.c_int32), ("dims", c.POINTER(c.c_int64)),
                ("strides", c.POINTER(c.c_int64)), ("memory_space", c.c_int32),
                ("reserved", c.c_int32)]


class Allocator(c.Structure):
    """Hands out aligned memory and counts how often."""
    ALLOC = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_size_t, c.c_size_t)
    FREE = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_size_t)
    _fields_ = [("struct_size", c.c_size_t), ("user", c.c_void_p), ("alloc", ALLOC), ("free", FREE)]

    def __init__(self):
        libc = c.CDLL(None)
        libc.aligned_alloc.restype, libc.free.argtypes = c.c_void_p, [c.c_void_p]
        self.made = 0

        def alloc(_, size, align):
            self.made += 1
            return libc.aligned_alloc(c.c_size_t(align), c.c_size_t((size + align - 1) // align * align))

        super().__init__(c.sizeof(Allocator), None, self.ALLOC(alloc),
                         self.FREE(lambda _, memory, size: libc.free(memory)))


class ContextOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("allocator", c.c_void_p), ("pool", c.c_void_p),
                ("profile", c.c_int32), ("reserved", c.c_int32), ("flags", c.c_uint64),
                ("error_text", c.c_char_p), ("error_text_bytes", c.c_size_t)]


class MemoryInfo(c.Structure):
    _fields_ = [("struct_size", c.c_size_t)] + [
        (f"{what}_bytes", c.c_uint64)
        for what in ("weights", "context", "arena", "values", "work", "io")]


ANY_PROFILE = -1


class Refused(Exception):
    pass


class Engine:
    """One context of an engine file; bind(), then run() as often as wanted with those shapes."""

    def __init__(self, path, profile=0):
        build = os.environ.get("HONE_BUILD_DIR", "build/release")
        self.lib = c.CDLL(f"{build}/libhone_rt.so")
        self.lib.hone_context_error.restype = c.c_char_p
        text = c.create_string_buffer(512)
        self.memory = Allocator()
        options = LoadOptions(c.sizeof(LoadOptions), c.addressof(self.memory), None, None, 0,
                              c.cast(text, c.c_char_p), 512)
        engine, self.context = c.c_void_p(), c.c_void_p()
        if self.lib.hone_load_file(os.fsencode(path), c.byref(options), c.byref(engine)):
            raise Refused(text.value.decode())
        wanted = ContextOptions(struct_size=c.sizeof(ContextOptions), profile=profile)
        self.check(self.lib.hone_context_create(engine, c.byref(wanted), c.byref(self.context)))
        self.lib.hone_engine_free(engine)  # the context keeps it

    def __del__(self):
        if getattr(self, "context", None):
            self.lib.hone_context_free(self.context)

    def check(self, status):
        if status:
            raise Refused(self.lib.hone_context_error(self.context).decode())

    def bind(self, shapes):
        for i, shape in enumerate(shapes):
            dims = (c.c_int64 * 8)(*shape)
            self.check(self.lib.hone_context_set_shape(self.context, i, dims, len(shape)))
        self.check(self.lib.hone_context_bind(self.context))

    def profile(self):
        return self.lib.hone_context_profile(self.context)

    def arena_bytes(self):
        info = MemoryInfo(struct_size=c.sizeof(MemoryInfo))
        self.check(self.lib.hone_context_memory(self.context, c.byref(info)))
        return info.arena_bytes

    def view(self, of, index):
        b = Buffer(struct_size=c.sizeof(Buffer))
        self.check(getattr(self.lib, f"hone_context_{of}_buffer")(self.context, index, c.byref(b)))
        raw = (c.c_char * b.bytes).from_address(b.data)
        return np.frombuffer(raw, DTYPES[b.dtype]).reshape([b.dims[k] for k in range(b.rank)])

    def run(self, inputs, outputs):
        for i, value in enumerate(inputs):
            np.copyto(self.view("input", i), value)
        self.check(self.lib.hone_run(self.context))
        return [self.view("output", i).copy() for i in range(outputs)]
