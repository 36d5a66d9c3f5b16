#include "device/kernels/attention/attention.h"

#include "device/kernels/arm.h"
#include "device/kernels/attention/attention_impl.h"
#include "device/kernels/rows.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/attention/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr int64_t far = int64_t{1} << 40;  // beyond every key

// Sane, and its last dimension contiguous: its other strides into `strides`.
bool take_rows(const Operand& o, int64_t* strides) {
  if (o.dtype != DType::f32 || o.shape.rank() != 4 || !has_sane_sizes(o)) return false;
  if (o.shape[3] > attention_max_size || (o.shape[3] > 1 && o.strides[3] != 1)) return false;
  for (int i = 0; i < 3; ++i) strides[i] = o.strides[i];
  return true;
}

const char* check_mask(const Operand& mask, AttentionParams* p) {
  if (!mask.present()) return nullptr;
  p->has_mask = true;
  p->mask_is_bool = mask.dtype == DType::boolean;
  if (!p->mask_is_bool && mask.dtype != DType::f32) return "attention: the mask is not f32 or bool";
  if (mask.shape.rank() != 4 || !has_sane_sizes(mask)) return "attention: mask";
  if (mask.shape[0] != p->batch || mask.shape[1] != p->heads || mask.shape[2] != p->queries ||
      mask.shape[3] > p->keys) {
    return "attention: the mask does not fit the scores";
  }
  for (int i = 0; i < 4; ++i) p->mask[i] = mask.strides[i];
  p->masked_keys = mask.shape[3];
  return nullptr;
}

const char* check_valid(const Operand& valid, AttentionParams* p) {
  if (!valid.present()) return nullptr;
  p->has_valid = true;
  if (valid.dtype != DType::i64 || !(valid.shape == Shape{p->batch}) || !has_sane_sizes(valid) ||
      !is_dense(valid)) {
    return "attention: numbers of keys";
  }
  return nullptr;
}

const char* check(const Step& step, AttentionParams* p) {
  auto* at = attrs_as<AttentionAttrs>(step);
  if (!at || step.in.size() < 3 || step.in.size() > 5 || step.out.size() != 1 ||
      step.dims.size() != 1) {
    return "attention: attributes or operands";
  }
  *p = {};
  const Operand &q = step.in[0], &k = step.in[1], &v = step.in[2], &y = step.out[0];
  if (!take_rows(q, p->q) || !take_rows(k, p->k) || !take_rows(v, p->v) || !take_rows(y, p->y)) {
    return "attention: q, k, v or y is not f32 rows of heads";
  }
  p->batch = q.shape[0], p->heads = q.shape[1], p->queries = q.shape[2], p->size = q.shape[3];
  p->keys = k.shape[2], p->v_size = v.shape[3];
  const int64_t groups = k.shape[1];
  if (k.shape[0] != p->batch || v.shape[0] != p->batch || v.shape[1] != groups ||
      v.shape[2] != p->keys || k.shape[3] != p->size) {
    return "attention: q, k and v do not fit";
  }
  if (!(y.shape == Shape{p->batch, p->heads, p->queries, p->v_size})) return "attention: y";
  if (groups < 1 || p->heads % groups != 0) return "attention: heads of q and k do not fit";
  p->groups = groups, p->shared = p->heads / groups;
  p->scale = at->scale, p->cap = at->cap, p->causal = at->causal != 0;
  p->offset = step.dims[0] < -far ? -far : step.dims[0] > far ? far : step.dims[0];
  if (const char* reason = check_mask(operand_or_absent(step.in, 3), p)) return reason;
  return check_valid(operand_or_absent(step.in, 4), p);
}

// Rows far from each other fall on few sets of the first-level cache. Where they are read often
// enough they are gathered first.
constexpr int64_t far_rows = 512, often = 64;  // floats, queries

bool set_gathering(AttentionParams* p, Work* work) {
  if (p->queries < often || (p->k[2] < far_rows && p->v[2] < far_rows)) return true;
  const int64_t row = attention_line(p->size) + attention_line(p->v_size);
  int64_t floats = 0;
  p->key_blocks = ceil_div(p->keys, attention_keys);
  if (mul_overflows(p->batch, p->groups, &work->units[0]) ||
      mul_overflows(work->units[0], p->keys, &floats) || mul_overflows(floats, row, &floats) ||
      floats > max_elements) {
    return false;
  }
  work->units[0] *= p->key_blocks;
  work->workspace_bytes = floats * 4;
  return true;
}

template <int64_t rows, bool gathers = true>
const char* bind(const Step& step, void* params, Work* work) {
  static_assert(sizeof(AttentionParams) <= max_params_bytes);
  auto* p = static_cast<AttentionParams*>(params);
  if (const char* reason = check(step, p)) return reason;
  *work = {};
  work->phases = 2;
  work->units[0] = 0;
  p->row_blocks = ceil_div(p->queries, rows);
  int64_t heads = 0;
  if (mul_overflows(p->batch, p->heads, &heads) ||
      mul_overflows(heads, p->v_size > 0 ? p->row_blocks : 0, &work->units[1]) ||
      work->units[1] > max_elements) {
    return "attention: too large";
  }
  if (gathers && work->units[1] > 0 && !set_gathering(p, work)) return "attention: too large";
  work->scratch_bytes = attention_scratch(rows, p->size, p->v_size).total * 4;
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel attention_f32_avx512 = {
    "attention_f32_avx512",       "attention",           Isa::avx512, 1,
    bind<avx512::attention_rows>, avx512::attention_f32, nullptr,     nullptr};
const Kernel attention_f32_avx2 = {
    "attention_f32_avx2",       "attention",         Isa::avx2, 1,
    bind<avx2::attention_rows>, avx2::attention_f32, nullptr,   nullptr};
#endif
const Kernel attention_f32_neon = {"attention_f32_neon",
                                   "attention",
                                   Isa::neon,
                                   1,
                                   bind<neon::attention_rows>,
                                   HONE_ON_ARM(neon::attention_f32),
                                   nullptr,
                                   nullptr};

const Kernel attention_f32_portable = {
    "attention_f32_portable", "attention", Isa::portable, 1, bind<portable::attention_rows, false>,
    portable::attention_f32,  nullptr,     nullptr};

}  // namespace hone::kernels
