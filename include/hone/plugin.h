/* plugin.h: operators of your own, for `hone` and for the device. C, stable: declarations are only
 * ever added. docs/plugins.md tells the story, examples/plugin/ builds one.
 *
 * A plugin is a table of operators. A shared object gives it by exporting one function,
 *
 *   const hone_plugin* hone_plugin_table(void);
 *
 * a program without shared objects has it linked in. The host asks an operator for its inference
 * and its reference, and times its kernels against each other as it does its own; the engine file
 * names the operator and the kernel, and the device is given the same table when it loads the file
 * (hone_load_options.plugins).
 *
 * Conventions
 *   Structs.   Those of a table begin with struct_size, which the plugin sets to sizeof the struct.
 *              Those Hone fills are as large as this header says, or larger.
 *   Memory.    Nobody frees what the other made. Pointers given to a callback are valid until it
 *              returns. Tables, and all they point to, live as long as the process.
 *   Errors.    hone_status; callbacks that have `error_text` may write there what happened, in one
 *              line. `bind` returns a static text instead, as it runs on the device.
 *   Threads.   Callbacks may run on several threads at once: keep nothing in variables.
 *   Tensors    are row-major without gaps. Types are numbered as in hone.h.
 *   Never      throw, or jump out of a callback.
 */
#ifndef HONE_PLUGIN_H_
#define HONE_PLUGIN_H_

#include <string.h>

#include "hone/hone.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when older tables cannot be used any more. */
#define HONE_PLUGIN_ABI 1

/* ---- Attributes of a node ---- */

enum {
  HONE_ATTRIBUTE_INT = 1,
  HONE_ATTRIBUTE_FLOAT = 2,
  HONE_ATTRIBUTE_STRING = 3,
  HONE_ATTRIBUTE_INTS = 4,
  HONE_ATTRIBUTE_FLOATS = 5,
  HONE_ATTRIBUTE_TENSOR = 6
};

typedef struct hone_plugin_attribute {
  const char* name;
  int32_t type;
  int32_t dtype;       /* of data: HONE_I64, HONE_F32, HONE_U8 (a string), the tensor's */
  int64_t i;           /* HONE_ATTRIBUTE_INT */
  float f;             /* HONE_ATTRIBUTE_FLOAT */
  int32_t rank;        /* HONE_ATTRIBUTE_TENSOR */
  const int64_t* dims; /* HONE_ATTRIBUTE_TENSOR */
  int64_t count;       /* elements of data */
  const void* data;    /* lists, tensors, strings (which also end with a 0) */
} hone_plugin_attribute;

/* Those that the model gives; what it leaves out is not there. All of one node together, with
 * their names, take at most HONE_PLUGIN_ATTRIBUTE_BYTES: what is larger is an input. */
typedef struct hone_plugin_attributes {
  const hone_plugin_attribute* list;
  int32_t count;
} hone_plugin_attributes;

#define HONE_PLUGIN_MAX_ATTRIBUTES 32
#define HONE_PLUGIN_ATTRIBUTE_BYTES 4096

/* ---- Inference: from the types and shapes of the inputs to those of the outputs ---- */

/* A dimension that need not be known yet: a number of expressions that Hone keeps. */
typedef int32_t hone_plugin_dim;

enum {
  HONE_DIM_ADD = 1,
  HONE_DIM_SUB = 2,
  HONE_DIM_MUL = 3,
  HONE_DIM_FLOOR_DIV = 4,
  HONE_DIM_CEIL_DIV = 5,
  HONE_DIM_MOD = 6, /* sign of the divisor */
  HONE_DIM_MIN = 7,
  HONE_DIM_MAX = 8
};

/* What Hone does for an inference; see the functions hone_plugin_dim_* below. */
typedef struct hone_plugin_dims {
  size_t struct_size;
  void* host;
  hone_plugin_dim (*constant)(void* host, int64_t value);
  hone_plugin_dim (*combine)(void* host, int32_t op, hone_plugin_dim a, hone_plugin_dim b);
  int32_t (*known)(void* host, hone_plugin_dim d, int64_t* value);
  int32_t (*equal)(void* host, hone_plugin_dim a, hone_plugin_dim b);
} hone_plugin_dims;

typedef struct hone_plugin_fact {
  int32_t dtype; /* 0: an operand that the node leaves out; -1: not known */
  int32_t rank;  /* -1: not known, then give the outputs none either */
  hone_plugin_dim dims[HONE_MAX_RANK];
  const void* data; /* of an input that is constant, else NULL */
} hone_plugin_fact;

typedef struct hone_plugin_inference {
  size_t struct_size;
  hone_plugin_attributes attributes;
  const hone_plugin_fact* inputs;
  hone_plugin_fact* outputs; /* dtype -1: to be filled; 0: the node leaves it out */
  int32_t input_count;
  int32_t output_count;
  const hone_plugin_dims* dims;
  char* error_text;
  size_t error_text_bytes;
} hone_plugin_inference;

/* ---- Evaluation and kernels: every size is known ---- */

typedef struct hone_plugin_tensor {
  int32_t dtype; /* 0: an operand that the node leaves out; -1: not known */
  int32_t rank;
  int64_t dims[HONE_MAX_RANK];
  int32_t constant; /* kernels: 1 where it is known when the engine is built */
  int32_t reserved;
  void* data; /* reference only, else NULL; of inputs not to be written */
} hone_plugin_tensor;

typedef struct hone_plugin_step {
  size_t struct_size;
  hone_plugin_attributes attributes;
  const hone_plugin_tensor* inputs;
  const hone_plugin_tensor* outputs;
  int32_t input_count;
  int32_t output_count;
  char* error_text; /* reference only, else NULL */
  size_t error_text_bytes;
} hone_plugin_step;

#define HONE_PLUGIN_MAX_PHASES 4
#define HONE_PLUGIN_PARAMS_BYTES 512
#define HONE_PLUGIN_MAX_OPERANDS 16

/* A phase is `units` pieces of work that do not depend on each other: threads share them in ranges,
 * and any way to cut them must give the same bits. Phases run one after the other. */
typedef struct hone_plugin_work {
  size_t struct_size;
  int32_t phases; /* 1 */
  int32_t reserved;
  int64_t units[HONE_PLUGIN_MAX_PHASES]; /* {1}: all of it on one thread */
  int64_t scratch_bytes;                 /* of each thread, 64-byte aligned */
  int64_t workspace_bytes;               /* of all threads and phases together, 64-byte aligned */
} hone_plugin_work;

typedef struct hone_plugin_run {
  const void* params;    /* what bind wrote */
  const void* const* in; /* NULL where the node leaves an operand out */
  void* const* out;
  void* scratch;
  void* workspace;
  int32_t phase;
  int32_t reserved;
  int64_t begin, end; /* units of this phase */
} hone_plugin_run;

/* One way to compute an operator. */
typedef struct hone_plugin_kernel {
  size_t struct_size;
  const char* name; /* "avx2", "plain": unique within the operator, stable */
  /* The level of instructions it needs, by its name in `hone kernels`: "portable", "avx2",
   * "avx512", "neon", ... */
  const char* isa;
  /* Raised when what it packs changes: engines made for another version are refused. */
  int32_t version;
  int32_t reserved;
  /* Looks at a step with all its sizes, writes at most HONE_PLUGIN_PARAMS_BYTES to params (16-byte
   * aligned; what run needs of the attributes and sizes) and fills `work`. NULL, or why this kernel
   * does not take the step, in a few words of static text. The sizes may come from a damaged file:
   * refuse what does not fit together, so that run may trust the rest. */
  const char* (*bind)(const hone_plugin_step* step, void* params, hone_plugin_work* work);
  /* Units [begin, end) of a phase. No allocation, no lock, no system call. */
  void (*run)(const hone_plugin_run* run);
  /* Packing of constant inputs, when the engine is built; both NULL where nothing is packed. Bytes
   * of input `index` as this kernel wants it, 0: as it is. Bind and run then find HONE_U8 [bytes]
   * in its place. pack writes every byte; raw[i] is the data of constant input i, else NULL. */
  int64_t (*packed_bytes)(const hone_plugin_step* step, int32_t index);
  void (*pack)(const hone_plugin_step* step, const void* const* raw, int32_t index, void* to);
} hone_plugin_kernel;

/* ---- The table ---- */

typedef struct hone_plugin_attribute_spec {
  const char* name;
  int32_t type;
  int32_t required; /* 1: a node without it is refused */
} hone_plugin_attribute_spec;

typedef struct hone_plugin_op {
  size_t struct_size;
  const char* domain; /* "com.example"; "" and "ai.hone" are taken */
  const char* name;
  int32_t since_version;          /* the first version of the domain with this meaning, from 1 */
  int32_t min_inputs, max_inputs; /* HONE_PLUGIN_MAX_OPERANDS at most; max -1: as many as that */
  int32_t min_outputs, max_outputs;
  int32_t attribute_count;
  const hone_plugin_attribute_spec* attributes;
  /* What kernels may differ from the reference by, relative to the largest value; 0: 1e-5. */
  double tolerance;
  /* Both may be NULL in a table for the device alone. */
  hone_status (*infer)(const hone_plugin_inference* inference);
  hone_status (*reference)(const hone_plugin_step* step);
  /* The first that takes a step is the one that runs where nothing was timed. */
  const hone_plugin_kernel* const* kernels;
  int32_t kernel_count;
  int32_t reserved;
} hone_plugin_op;

struct hone_plugin {
  size_t struct_size;
  int32_t abi; /* HONE_PLUGIN_ABI */
  int32_t op_count;
  const hone_plugin_op* const* ops;
};

/* What a shared object exports: HONE_PLUGIN_EXPORT(the_table) in one of its files. */
#define HONE_PLUGIN_SYMBOL "hone_plugin_table"
#ifdef __cplusplus
#define HONE_PLUGIN_EXPORT(table)                                 \
  extern "C" HONE_API const hone_plugin* hone_plugin_table(void); \
  extern "C" HONE_API const hone_plugin* hone_plugin_table(void) { return &(table); }
#else
#define HONE_PLUGIN_EXPORT(table)                      \
  HONE_API const hone_plugin* hone_plugin_table(void); \
  HONE_API const hone_plugin* hone_plugin_table(void) { return &(table); }
#endif

/* ---- For plugins to read with ---- */

/* NULL where the node does not give it. */
static inline const hone_plugin_attribute* hone_plugin_find(hone_plugin_attributes attributes,
                                                            const char* name) {
  int32_t i;
  for (i = 0; i < attributes.count; ++i) {
    if (strcmp(attributes.list[i].name, name) == 0) return &attributes.list[i];
  }
  return NULL;
}

static inline int64_t hone_plugin_int(hone_plugin_attributes attributes, const char* name,
                                      int64_t fallback) {
  const hone_plugin_attribute* a = hone_plugin_find(attributes, name);
  return a != NULL && a->type == HONE_ATTRIBUTE_INT ? a->i : fallback;
}

static inline float hone_plugin_float(hone_plugin_attributes attributes, const char* name,
                                      float fallback) {
  const hone_plugin_attribute* a = hone_plugin_find(attributes, name);
  return a != NULL && a->type == HONE_ATTRIBUTE_FLOAT ? a->f : fallback;
}

static inline const char* hone_plugin_string(hone_plugin_attributes attributes, const char* name,
                                             const char* fallback) {
  const hone_plugin_attribute* a = hone_plugin_find(attributes, name);
  return a != NULL && a->type == HONE_ATTRIBUTE_STRING ? (const char*)a->data : fallback;
}

static inline hone_plugin_dim hone_plugin_dim_constant(const hone_plugin_inference* c,
                                                       int64_t value) {
  return c->dims->constant(c->dims->host, value);
}
/* a op b: HONE_DIM_ADD, ... */
static inline hone_plugin_dim hone_plugin_dim_combine(const hone_plugin_inference* c, int32_t op,
                                                      hone_plugin_dim a, hone_plugin_dim b) {
  return c->dims->combine(c->dims->host, op, a, b);
}
/* 1 and the number, where it does not depend on the inputs of a run. */
static inline int32_t hone_plugin_dim_known(const hone_plugin_inference* c, hone_plugin_dim d,
                                            int64_t* value) {
  return c->dims->known(c->dims->host, d, value);
}
/* 0: they differ. 1: they are equal, or may be. */
static inline int32_t hone_plugin_dim_may_equal(const hone_plugin_inference* c, hone_plugin_dim a,
                                                hone_plugin_dim b) {
  return c->dims->equal(c->dims->host, a, b);
}

/* Writes `text` where errors go; returns HONE_SHAPE_MISMATCH. */
static inline hone_status hone_plugin_refuse(char* error_text, size_t bytes, const char* text) {
  if (error_text != NULL && bytes > 0) {
    const size_t n = strlen(text) < bytes ? strlen(text) : bytes - 1;
    memcpy(error_text, text, n);
    error_text[n] = 0;
  }
  return HONE_SHAPE_MISMATCH;
}

#ifdef __cplusplus
}
#endif

#endif /* HONE_PLUGIN_H_ */
