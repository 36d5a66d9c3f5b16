/* com.example::HardSwishGate: y = x clip(slope w x + 1/2, 0, 1), with a weight w for each channel.
 *
 *   x      f32, any rank from 1
 *   w      f32 [channels]
 *   slope  float, 1/6 where the node does not give it (with w = 1 that is HardSwish)
 *   axis   int, 1: which dimension of x is the channels'; from the end where negative
 */
#include <hone/plugin.h>
#include <stdalign.h>

static float clip01(float v) { return v < 0 ? 0 : v > 1 ? 1 : v; }

/* ---- What the host asks ---- */

static hone_status infer(const hone_plugin_inference* c) {
  const hone_plugin_fact *x = &c->inputs[0], *w = &c->inputs[1];
  if ((x->dtype > 0 && x->dtype != HONE_F32) || (w->dtype > 0 && w->dtype != HONE_F32)) {
    return hone_plugin_refuse(c->error_text, c->error_text_bytes, "x and w must be f32");
  }
  c->outputs[0] = *x;
  c->outputs[0].dtype = HONE_F32;
  c->outputs[0].data = NULL;
  if (x->rank < 0) return HONE_OK;
  int64_t axis = hone_plugin_int(c->attributes, "axis", 1);
  if (axis < 0) axis += x->rank;
  if (axis < 0 || axis >= x->rank) {
    return hone_plugin_refuse(c->error_text, c->error_text_bytes, "axis is not one of x");
  }
  if (w->rank < 0) return HONE_OK;
  if (w->rank != 1 || !hone_plugin_dim_may_equal(c, w->dims[0], x->dims[axis])) {
    return hone_plugin_refuse(c->error_text, c->error_text_bytes,
                              "w must be one number for each channel of x");
  }
  return HONE_OK;
}

/* x as [outer][channels][inner]. */
typedef struct sizes {
  int64_t outer, channels, inner;
} sizes;

static int split(const hone_plugin_step* s, sizes* out) {
  const hone_plugin_tensor* x = &s->inputs[0];
  int64_t axis = hone_plugin_int(s->attributes, "axis", 1);
  if (axis < 0) axis += x->rank;
  if (axis < 0 || axis >= x->rank) return 0;
  out->outer = out->inner = 1;
  out->channels = x->dims[axis];
  for (int32_t i = 0; i < x->rank; ++i) {
    if (i < axis) out->outer *= x->dims[i];
    if (i > axis) out->inner *= x->dims[i];
  }
  return 1;
}

/* Straight from the definition, in double: what kernels are judged by. */
static hone_status reference(const hone_plugin_step* s) {
  sizes n;
  if (!split(s, &n)) return HONE_SHAPE_MISMATCH;
  const double slope = hone_plugin_float(s->attributes, "slope", 1.0f / 6);
  const float *x = s->inputs[0].data, *w = s->inputs[1].data;
  float* y = s->outputs[0].data;
  for (int64_t i = 0; i < n.outer * n.channels * n.inner; ++i) {
    const double weight = w[i / n.inner % n.channels];
    const double gate = slope * weight * x[i] + 0.5;
    y[i] = (float)(x[i] * (gate < 0 ? 0 : gate > 1 ? 1 : gate));
  }
  return HONE_OK;
}

/* ---- Kernels ---- */

typedef struct params {
  sizes n;
  float slope;
} params;

/* What every kernel of this operator wants; the file may be damaged, so nothing is taken for
 * granted. */
static const char* check(const hone_plugin_step* s, params* p) {
  if (s->input_count != 2 || s->output_count != 1) return "two inputs and one output";
  const hone_plugin_tensor *x = &s->inputs[0], *y = &s->outputs[0];
  if (x->dtype != HONE_F32 || y->dtype != HONE_F32) return "takes f32 only";
  if (y->rank != x->rank || memcmp(x->dims, y->dims, sizeof x->dims) != 0) {
    return "y is not of x's shape";
  }
  if (!split(s, &p->n)) return "axis is not one of x";
  p->slope = hone_plugin_float(s->attributes, "slope", 1.0f / 6);
  return NULL;
}

/* A unit is one row of `inner` numbers, all of one channel. */
static const char* bind_plain(const hone_plugin_step* s, void* to, hone_plugin_work* work) {
  params* p = to;
  const char* why = check(s, p);
  if (why) return why;
  const hone_plugin_tensor* w = &s->inputs[1];
  if (w->dtype != HONE_F32 || w->rank != 1 || w->dims[0] != p->n.channels) {
    return "w is not one number for each channel";
  }
  work->units[0] = p->n.outer * p->n.channels;
  return NULL;
}

static void run_plain(const hone_plugin_run* r) {
  const params* p = r->params;
  const float *x = r->in[0], *w = r->in[1];
  float* y = r->out[0];
  for (int64_t row = r->begin; row < r->end; ++row) {
    const float weight = p->slope * w[row % p->n.channels];
    for (int64_t i = row * p->n.inner; i < (row + 1) * p->n.inner; ++i) {
      y[i] = x[i] * clip01(weight * x[i] + 0.5f);
    }
  }
}

static const hone_plugin_kernel plain = {
    .struct_size = sizeof plain,
    .name = "plain",
    .isa = "portable",
    .version = 1,
    .bind = bind_plain,
    .run = run_plain,
};

#if defined(__x86_64__)
#include <immintrin.h>

/* Eight numbers at a time, along `inner` or, where the channels come last, along them. The weights
 * are packed: times the slope, zeros up to a multiple of eight. */
#define AVX2 __attribute__((target("avx2,fma")))

static int64_t packed_size(const sizes* n) { return (n->channels + 7) / 8 * 8 * 4; }

static int64_t packed_bytes(const hone_plugin_step* s, int32_t index) {
  sizes n;
  return index == 1 && split(s, &n) ? packed_size(&n) : 0;
}

static void pack(const hone_plugin_step* s, const void* const* raw, int32_t index, void* to) {
  const float slope = hone_plugin_float(s->attributes, "slope", 1.0f / 6);
  const float* w = raw[index];
  float* out = to;
  sizes n;
  if (!split(s, &n)) return;
  for (int64_t i = 0; i < packed_size(&n) / 4; ++i) out[i] = i < n.channels ? slope * w[i] : 0;
}

static const char* bind_avx2(const hone_plugin_step* s, void* to, hone_plugin_work* work) {
  params* p = to;
  const char* why = check(s, p);
  if (why) return why;
  const hone_plugin_tensor* w = &s->inputs[1];
  if (!w->constant) return "w is known only when it runs";
  if (w->dtype != HONE_U8 || w->rank != 1 || w->dims[0] != packed_size(&p->n)) {
    return "w is not packed for this kernel";
  }
  work->units[0] = p->n.inner == 1 ? p->n.outer : p->n.outer * p->n.channels;
  return NULL;
}

AVX2 static __m256 gate(__m256 x, __m256 w) {
  const __m256 g = _mm256_fmadd_ps(w, x, _mm256_set1_ps(0.5f));
  return _mm256_mul_ps(
      x, _mm256_min_ps(_mm256_max_ps(g, _mm256_setzero_ps()), _mm256_set1_ps(1)));
}

/* `n` numbers; w: one weight for each where `step` is 8, the same one where it is 0. */
AVX2 static void gate_row(const float* x, const float* w, int step, float* y, int64_t n) {
  const __m256 all = _mm256_set1_ps(w[0]);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 weights = step ? _mm256_loadu_ps(w + i) : all;
    _mm256_storeu_ps(y + i, gate(_mm256_loadu_ps(x + i), weights));
  }
  if (i == n) return;
  alignas(32) float last[8] = {0};
  memcpy(last, x + i, (size_t)(n - i) * sizeof *x);
  _mm256_store_ps(last, gate(_mm256_load_ps(last), step ? _mm256_loadu_ps(w + i) : all));
  memcpy(y + i, last, (size_t)(n - i) * sizeof *y);
}

AVX2 static void run_avx2(const hone_plugin_run* r) {
  const params* p = r->params;
  const float *x = r->in[0], *w = r->in[1];
  float* y = r->out[0];
  for (int64_t row = r->begin; row < r->end; ++row) {
    const int64_t size = p->n.inner == 1 ? p->n.channels : p->n.inner;
    const float* weights = p->n.inner == 1 ? w : w + row % p->n.channels;
    gate_row(x + row * size, weights, p->n.inner == 1 ? 8 : 0, y + row * size, size);
  }
}

static const hone_plugin_kernel avx2 = {
    .struct_size = sizeof avx2,
    .name = "avx2",
    .isa = "avx2",
    .version = 1,
    .bind = bind_avx2,
    .run = run_avx2,
    .packed_bytes = packed_bytes,
    .pack = pack,
};
#endif

/* ---- The table ---- */

static const hone_plugin_kernel* const kernels[] = {
#if defined(__x86_64__)
    &avx2,
#endif
    &plain,
};

static const hone_plugin_attribute_spec attributes[] = {
    {"slope", HONE_ATTRIBUTE_FLOAT, 0},
    {"axis", HONE_ATTRIBUTE_INT, 0},
};

static const hone_plugin_op hard_swish_gate = {
    .struct_size = sizeof hard_swish_gate,
    .domain = "com.example",
    .name = "HardSwishGate",
    .since_version = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attribute_count = sizeof attributes / sizeof *attributes,
    .attributes = attributes,
    .infer = infer,
    .reference = reference,
    .kernels = kernels,
    .kernel_count = sizeof kernels / sizeof *kernels,
};

static const hone_plugin_op* const ops[] = {&hard_swish_gate};

static const hone_plugin table = {
    .struct_size = sizeof table, .abi = HONE_PLUGIN_ABI, .op_count = 1, .ops = ops};

HONE_PLUGIN_EXPORT(table)
