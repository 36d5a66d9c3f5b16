/* hone.h: runs engines that `hone build` made. C, stable: declarations are only ever added.
 *
 *   hone_load_options load = {.struct_size = sizeof load};
 *   load.allocator = hone_default_allocator();
 *   hone_engine* engine;
 *   hone_context* context;
 *   hone_buffer in = {.struct_size = sizeof in}, out = {.struct_size = sizeof out};
 *   hone_load_file("model.hone", &load, &engine);
 *   hone_context_create(engine, NULL, &context);
 *   hone_context_bind(context);
 *   hone_context_input_buffer(context, 0, &in);     // write the input to in.data
 *   hone_run(context);
 *   hone_context_output_buffer(context, 0, &out);   // read the result from out.data
 *
 * Conventions
 *   Status.    Calls that can fail return a hone_status, HONE_OK (0) or a positive code. What
 *              happened in words: hone_context_error() after a call on a context; the buffer
 *              error_text of the options before there is one. On failure *out is NULL.
 *   Structs.   Structs begin with struct_size, which the caller sets to sizeof the struct. A field
 *              that is 0 has its default. A caller newer than the library may pass larger options;
 *              what the library does not know must be zero (HONE_INVALID_ARGUMENT). Larger structs
 *              to be filled get zeros there.
 *   Memory.    All of it comes from the caller's allocator, in load, create, bind and
 *              pool_create. Everything else, above all a run, allocates nothing, takes no lock and
 *              makes no system call but to wake and await the pool's threads. Sizes are in bytes.
 *   Sharing.   An engine may be used by any number of threads at once; its weights exist once. A
 *              context is used by one thread at a time. Contexts keep what they use alive: engines
 *              and pools may be freed in any order.
 *   Tensors.   Row-major, the last dimension contiguous, as the model declares them. Types narrower
 *              than a byte are packed from the low bits up, element after element: n elements of
 *              b bits are (n b + 7) / 8 bytes. Bits past the last element are 0 in outputs and not
 *              looked at in inputs.
 *   Strings.   UTF-8, ended by 0. Those the library returns live as long as the object asked.
 *   NULL       as an object that is only freed is ignored; elsewhere, unless a comment allows it,
 *              it is HONE_INVALID_ARGUMENT.
 *   Results    are the same bits for any number of threads and any floating-point mode of the
 * caller.
 */
#ifndef HONE_HONE_H_
#define HONE_HONE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_API __attribute__((visibility("default")))

/* Raised whenever this header grows. hone_api_version() is that of the library linked. */
#define HONE_API_VERSION 4
HONE_API int32_t hone_api_version(void);
/* "0.1.0" */
HONE_API const char* hone_version(void);

typedef int32_t hone_status;
enum {
  HONE_OK = 0,
  HONE_INVALID_ARGUMENT = 1, /* the call makes no sense, or a trap of the model was reached */
  HONE_NOT_FOUND = 2,        /* a file, a name or an index that does not exist */
  HONE_CORRUPT = 3,          /* no engine file, or a damaged one */
  HONE_UNSUPPORTED = 4,      /* more than this version can do */
  HONE_VERSION_MISMATCH = 5, /* made by a newer Hone, or for another version of a kernel */
  HONE_ISA_MISSING = 6,      /* needs an instruction set this machine lacks */
  HONE_SHAPE_MISMATCH = 7,   /* another rank, size or type than the model takes */
  HONE_OUT_OF_MEMORY = 8,    /* the allocator, or the system, said no */
  HONE_IO_ERROR = 9,         /* the system cannot read the file */
  HONE_WRONG_STATE = 10,     /* calls in the wrong order */
  HONE_DIFFERS = 11,         /* not used by this library */
  HONE_INTERNAL = 12         /* a bug in Hone */
};
/* "out of memory"; "unknown" for a code this version does not have. */
HONE_API const char* hone_status_name(hone_status status);

/* Element types, numbered as in ONNX. */
enum {
  HONE_F32 = 1,
  HONE_U8 = 2,
  HONE_I8 = 3,
  HONE_U16 = 4,
  HONE_I16 = 5,
  HONE_I32 = 6,
  HONE_I64 = 7,
  HONE_BOOL = 9,
  HONE_F16 = 10,
  HONE_F64 = 11,
  HONE_U32 = 12,
  HONE_U64 = 13,
  HONE_BF16 = 16,
  HONE_F8E4M3FN = 17,
  HONE_F8E4M3FNUZ = 18,
  HONE_F8E5M2 = 19,
  HONE_F8E5M2FNUZ = 20,
  HONE_U4 = 21,
  HONE_I4 = 22,
  HONE_F4E2M1 = 23,
  HONE_F8E8M0 = 24,
  HONE_U2 = 25,
  HONE_I2 = 26
};
/* "f32" */
HONE_API const char* hone_dtype_name(int32_t dtype);

#define HONE_MAX_RANK 8

/* ---- What the caller gives: memory, log, threads ---- */

typedef struct hone_allocator {
  size_t struct_size;
  void* user;
  /* `align` is a power of two, 64 at most; bytes > 0. NULL: no memory. */
  void* (*alloc)(void* user, size_t bytes, size_t align);
  /* With the size that was asked for. */
  void (*free)(void* user, void* memory, size_t bytes);
} hone_allocator;

/* The C library's aligned_alloc and free; a static program that never names it needs neither. */
HONE_API const hone_allocator* hone_default_allocator(void);

enum { HONE_LOG_ERROR = 0, HONE_LOG_WARNING = 1, HONE_LOG_INFO = 2 };
/* One line without line end. Never called during a run. */
typedef void (*hone_log_fn)(void* user, int32_t level, const char* text);

/* Threads for runs. A pool serves one run at a time: a run that finds it busy does its work on the
 * calling thread alone. */
typedef struct hone_pool hone_pool;
typedef struct hone_pool_options {
  size_t struct_size;
  const hone_allocator* allocator; /* required */
  int32_t threads;                 /* with the one that calls hone_run; 1 to 256 */
  int32_t spin_us; /* how long idle threads spin before they sleep; 0: 50; < 0: not */
  /* The caller's own pool, instead of threads of the library: must call task(arg, t) once for each
   * t in [0, threads), on any threads in any order, and return when all of them have returned. */
  void (*run_tasks)(void* user, int32_t threads, void (*task)(void* arg, int32_t t), void* arg);
  void* run_tasks_user;
  char* error_text; /* may be NULL */
  size_t error_text_bytes;
  /* Of the library's own threads, numbered from 1; the one that calls hone_run is number 0 and
   * stays as the caller made it. */
  const int32_t* cpus; /* thread t runs on CPU cpus[t % cpu_count] alone; NULL: on any */
  int32_t cpu_count;
  int32_t priority; /* 1 to 99: real-time (SCHED_FIFO), HONE_UNSUPPORTED where the system does not
                     * allow it; 0: as the thread that makes the pool */
} hone_pool_options;
HONE_API hone_status hone_pool_create(const hone_pool_options* options, hone_pool** out);
HONE_API void hone_pool_free(hone_pool* pool);
HONE_API int32_t hone_pool_threads(const hone_pool* pool);

/* ---- Engines ---- */

typedef struct hone_engine hone_engine;

/* Operators of the user's own: a table that hone/plugin.h describes, linked in or opened. */
typedef struct hone_plugin hone_plugin;
/* The table of a shared object, which stays loaded as long as the process lives. A path without '/'
 * is of the current folder. `error_text` may be NULL. Programs that never name this function need
 * no dynamic loader. Errors: HONE_NOT_FOUND, HONE_INVALID_ARGUMENT (no plugin of this machine),
 * HONE_VERSION_MISMATCH (made for another plugin ABI). */
HONE_API hone_status hone_plugin_open(const char* path, const hone_plugin** out, char* error_text,
                                      size_t error_text_bytes);

enum {
  HONE_LOAD_TRUSTED = 1, /* do not compute the checksum; everything else is checked all the same */
  HONE_LOAD_COPY = 2     /* hone_load_memory: copy the bytes instead of keeping a pointer to them */
};
typedef struct hone_load_options {
  size_t struct_size;
  const hone_allocator* allocator; /* required */
  hone_log_fn log;                 /* may be NULL */
  void* log_user;
  uint64_t flags;
  char* error_text; /* may be NULL */
  size_t error_text_bytes;
  /* Those that the engine was built with: it is refused where one is missing. The list is read
   * while loading, the tables as long as the engine lives. */
  const hone_plugin* const* plugins;
  int32_t plugin_count;
  int32_t reserved;
} hone_load_options;

/* Maps the file. It must not change as long as the engine lives: replace it by renaming another. */
HONE_API hone_status hone_load_file(const char* path, const hone_load_options* options,
                                    hone_engine** out);
/* Without HONE_LOAD_COPY, `bytes` begin at a multiple of 64 and outlive the engine unchanged. */
HONE_API hone_status hone_load_memory(const void* bytes, size_t size,
                                      const hone_load_options* options, hone_engine** out);
/* Contexts of it stay usable; the memory goes with the last of them. */
HONE_API void hone_engine_free(hone_engine* engine);

typedef struct hone_engine_info {
  size_t struct_size;
  const char* producer; /* "hone 0.1.0" */
  const char* model_name;
  const char* precision;  /* "f32" */
  const char* target_cpu; /* what it was built for */
  uint64_t model_hash;
  uint64_t file_bytes;
  uint64_t weights_bytes;
  int32_t format_major, format_minor;
  int32_t inputs, outputs, profiles, steps;
  int32_t threads; /* for which it was timed */
  int32_t dynamic; /* 1 where the shape of an input is to be set before it is bound */
} hone_engine_info;
HONE_API hone_status hone_engine_get_info(const hone_engine* engine, hone_engine_info* info);

typedef struct hone_tensor_info {
  size_t struct_size;
  const char* name;
  int32_t dtype;
  int32_t rank;
  int64_t dims[HONE_MAX_RANK];        /* -1: dynamic */
  int64_t opt[HONE_MAX_RANK];         /* the sizes the first profile was timed at */
  const char* symbols[HONE_MAX_RANK]; /* names of dynamic dimensions, NULL where there is none */
  int32_t state;                      /* 1: carried from one run to the next */
  int32_t shape_values;               /* 1: its elements decide sizes: see set_shape_values */
} hone_tensor_info;
HONE_API hone_status hone_engine_input(const hone_engine* engine, int32_t index,
                                       hone_tensor_info* info);
HONE_API hone_status hone_engine_output(const hone_engine* engine, int32_t index,
                                        hone_tensor_info* info);
/* The index of that name, -1 where there is none. */
HONE_API int32_t hone_engine_find_input(const hone_engine* engine, const char* name);
HONE_API int32_t hone_engine_find_output(const hone_engine* engine, const char* name);

/* The sizes that a profile allows for a dimension of an input. HONE_NOT_FOUND: any. */
HONE_API hone_status hone_engine_profile_range(const hone_engine* engine, int32_t profile,
                                               int32_t input, int32_t dim, int64_t* min,
                                               int64_t* opt, int64_t* max);
/* The text the builder stored under `key` (labels, preprocessing, ...); NULL where there is none.
 */
HONE_API const char* hone_engine_property(const hone_engine* engine, const char* key);

/* ---- Contexts: one model ready to run, with its own memory ---- */

typedef struct hone_context hone_context;

/* As a profile: whichever takes the shapes that are bound, the first that does. */
#define HONE_ANY_PROFILE (-1)
enum {
  HONE_CONTEXT_EXTERNAL_IO = 1 /* reserve no memory for inputs and outputs: the caller sets all */
};
typedef struct hone_context_options {
  size_t struct_size;
  const hone_allocator* allocator; /* NULL: the engine's */
  hone_pool* pool;                 /* NULL: the calling thread alone */
  int32_t profile;                 /* from 0, or HONE_ANY_PROFILE */
  int32_t reserved;
  uint64_t flags;
  char* error_text; /* may be NULL */
  size_t error_text_bytes;
} hone_context_options;
/* `options` may be NULL. */
HONE_API hone_status hone_context_create(hone_engine* engine, const hone_context_options* options,
                                         hone_context** out);
HONE_API void hone_context_free(hone_context* context);
/* What the last failed call on this context says; "" before one. */
HONE_API const char* hone_context_error(const hone_context* context);

/* Another profile than the one it was created with. The context must be bound (again); the arena is
 * kept where it is large enough. */
HONE_API hone_status hone_context_set_profile(hone_context* context, int32_t profile);
/* The profile of this binding; -1 before one, and where the engine takes any sizes. */
HONE_API int32_t hone_context_profile(const hone_context* context);

/* First the shapes: of every input with a dynamic dimension. The context must be bound (again). */
HONE_API hone_status hone_context_set_shape(hone_context* context, int32_t input,
                                            const int64_t* dims, int32_t rank);

/* And the elements of every input whose hone_tensor_info.shape_values is 1 (the shape that a
 * Reshape takes, say), so that memory is bound for them. Runs read the input itself: one with other
 * elements works as long as it needs no more memory, and fails with HONE_SHAPE_MISMATCH or
 * HONE_INVALID_ARGUMENT where it does. Ignored for other inputs. The context must be bound (again).
 */
HONE_API hone_status hone_context_set_shape_values(hone_context* context, int32_t input,
                                                   const int64_t* values, int32_t count);

/* Then, if the caller wants to know or to give it, the arena: everything a run writes but buffers
 * of the caller. With profile, as large as its largest shapes need; with HONE_ANY_PROFILE, as the
 * largest shapes of all of them do. */
typedef struct hone_memory_info {
  size_t struct_size;
  uint64_t weights_bytes; /* shared by the contexts of the engine; mapped, not allocated */
  uint64_t context_bytes; /* what this context allocated besides the arena */
  uint64_t arena_bytes;   /* all of the arena: */
  uint64_t values_bytes;  /*   values between steps */
  uint64_t work_bytes;    /*   what kernels work in */
  uint64_t io_bytes;      /*   inputs and outputs */
} hone_memory_info;
HONE_API hone_status hone_context_memory(hone_context* context, hone_memory_info* info);
/* 64-byte aligned, outlives its use by the context. NULL: the context asks its allocator (default).
 * The context must be bound (again). */
HONE_API hone_status hone_context_set_arena(hone_context* context, void* arena, size_t bytes);

/* Evaluates shapes, checks every operand against its memory, prepares the kernels. Forgets the
 * caller's buffers, zeroes inputs held in the arena (and so state). May be called again after
 * set_shape; the arena is kept where it is large enough. The first time, every page of the arena is
 * made present and one piece of work of each step is run (none is begun after 0.2 ms; not with
 * HONE_CONTEXT_EXTERNAL_IO, not of plugins), so that the first run takes as long as others. */
HONE_API hone_status hone_context_bind(hone_context* context);

/* Shapes of this binding: dims has room for HONE_MAX_RANK. Where the data decide the size of an
 * output (the boxes that NonMaxSuppression keeps), the largest possible one, which its buffer must
 * hold, until a run has told the real one; its elements then begin the buffer, without gaps. */
HONE_API hone_status hone_context_input_shape(hone_context* context, int32_t index, int64_t* dims,
                                              int32_t* rank);
HONE_API hone_status hone_context_output_shape(hone_context* context, int32_t index, int64_t* dims,
                                               int32_t* rank);

enum { HONE_MEMORY_HOST = 0 };
typedef struct hone_buffer {
  size_t struct_size;
  void* data; /* aligned for its element type */
  size_t bytes;
  int32_t dtype;
  int32_t rank;
  const int64_t* dims;
  const int64_t* strides; /* in elements, >= 0; NULL: row-major without gaps */
  int32_t memory_space;
  int32_t reserved;
} hone_buffer;

/* Zero-copy: runs read (write) the caller's memory, which stays valid until it is replaced; strided
 * ones are copied. The pointer is kept, dims and strides are not. NULL: back to the arena's memory.
 * After bind. An input that is state cannot be replaced: write to its input_buffer. */
HONE_API hone_status hone_context_set_input(hone_context* context, int32_t index,
                                            const hone_buffer* buffer);
HONE_API hone_status hone_context_set_output(hone_context* context, int32_t index,
                                             const hone_buffer* buffer);
/* The dense memory that the next run reads, that the last run wrote. */
HONE_API hone_status hone_context_input_buffer(hone_context* context, int32_t index,
                                               hone_buffer* buffer);
HONE_API hone_status hone_context_output_buffer(hone_context* context, int32_t index,
                                                hone_buffer* buffer);
/* Zeroes the inputs that are state, as binding does. */
HONE_API hone_status hone_context_reset_state(hone_context* context);

/* ---- Running ---- */

HONE_API hone_status hone_run(hone_context* context);

/* The fenced form. The fence is the caller's memory: `f = {.struct_size = sizeof f}`. Until it has
 * been waited for, buffers and context belong to the run. This version runs before hone_run_async
 * returns; later ones may not. */
typedef struct hone_fence {
  size_t struct_size;
  hone_status status; /* of the run, once it is done */
  uint32_t done;
  uint64_t reserved[5];
} hone_fence;
/* The status says whether the run was accepted. */
HONE_API hone_status hone_run_async(hone_context* context, hone_fence* fence);
/* Returns the status of the run. */
HONE_API hone_status hone_fence_wait(hone_fence* fence);
/* 1 where waiting would return at once. */
HONE_API int32_t hone_fence_done(const hone_fence* fence);

/* ---- Looking inside ---- */

typedef struct hone_step_info {
  size_t struct_size;
  const char* layer; /* the model's nodes it computes */
  const char* op;
  const char* kernel; /* "" for control flow */
} hone_step_info;
HONE_API hone_status hone_context_step_info(hone_context* context, int32_t step,
                                            hone_step_info* info);
/* Costs two readings of the clock for each step. */
HONE_API hone_status hone_context_enable_timing(hone_context* context, int32_t on);
/* Nanoseconds of the last run for each of the engine's `n` steps, 0 for those that were not run. */
HONE_API hone_status hone_context_step_times(hone_context* context, uint64_t* ns, int32_t n);

/* ---- Declared for later; HONE_UNSUPPORTED in this version, with a text ---- */

/* Replaces a weight by name. `error_text` may be NULL. */
HONE_API hone_status hone_engine_refit(hone_engine* engine, const char* weight,
                                       const hone_buffer* data, char* error_text,
                                       size_t error_text_bytes);
/* Plugins are given when the engine is loaded, by hone_load_options.plugins. */
HONE_API hone_status hone_engine_add_plugin(hone_engine* engine, const hone_plugin* plugin,
                                            char* error_text, size_t error_text_bytes);

#ifdef __cplusplus
}
#endif

#endif /* HONE_HONE_H_ */
