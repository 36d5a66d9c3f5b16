// Portable gemm of any other type than f32: by way of blocks of doubles or 64-bit integers, which
// hold every product of narrower elements. Sums of integers keep their low bits.
#include "device/kernels/gemm/params.h"
#include "device/kernels/lanes.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// W: what elements are loaded as; S: what they are added up in.
template <class W, class S>
class AnyProduct {
 public:
  AnyProduct(const RunArgs& args, const GemmAnyParams& p) : args_(args), t_(p.type), p_(p.gemm) {}

  void row(int64_t row) const {
    const int64_t matrix = row / p_.m, m = row % p_.m;
    const int64_t a_rows = matrix_of(p_, p_.a_step, matrix) * (p_.trans_a ? p_.k : p_.m);
    const int64_t b_rows = matrix_of(p_, p_.b_step, matrix) * (p_.trans_b ? p_.n : p_.k);
    const int64_t a = a_rows * p_.a_row + m * (p_.trans_a ? 1 : p_.a_row);
    for (int64_t j = 0; j < p_.n; j += lane_block) {
      S sum[lane_block] = {};
      const int64_t n = min_of(lane_block, p_.n - j);
      for (int64_t k = 0; k < p_.k; k += lane_block) {
        const int64_t some = min_of(lane_block, p_.k - k);
        W x[lane_block];
        load_column(a + k * (p_.trans_a ? p_.a_row : 1), some, x);
        const int64_t b = b_rows * p_.b_row + (p_.trans_b ? j * p_.b_row + k : k * p_.b_row + j);
        add_block(x, some, b, n, sum);
      }
      finish(row, j, n, sum);
    }
  }

 private:
  void load_column(int64_t at, int64_t n, W* to) const {
    if (!p_.trans_a) return load_lanes(t_, args_.in[0], at, n, to);
    for (int64_t i = 0; i < n; ++i) load_lanes(t_, args_.in[0], at + i * p_.a_row, 1, to + i);
  }

  void add_block(const W* x, int64_t k, int64_t b, int64_t n, S* sum) const {
    W y[lane_block];
    for (int64_t i = 0; i < (p_.trans_b ? n : k); ++i) {
      load_lanes(t_, args_.in[1], b + i * p_.b_row, p_.trans_b ? k : n, y);
      if (p_.trans_b) {
        for (int64_t l = 0; l < k; ++l) sum[i] += static_cast<S>(x[l]) * static_cast<S>(y[l]);
      } else {
        for (int64_t l = 0; l < n; ++l) sum[l] += static_cast<S>(x[i]) * static_cast<S>(y[l]);
      }
    }
  }

  void add_lanes(const void* from, int64_t at, int64_t n, W* to) const {
    W more[lane_block];
    load_lanes(t_, from, at, n, more);
    for (int64_t l = 0; l < n; ++l)
      to[l] = static_cast<W>(static_cast<S>(to[l]) + static_cast<S>(more[l]));
  }

  void finish(int64_t row, int64_t j, int64_t n, const S* sum) const {
    W y[lane_block];
    for (int64_t l = 0; l < n; ++l) y[l] = static_cast<W>(sum[l] * static_cast<S>(p_.alpha));
    if (p_.bias) add_lanes(args_.in[2], j, n, y);
    if (p_.r_row != 0) add_lanes(args_.in[3], row * p_.r_row + j, n, y);
    store_lanes(t_, y, n, args_.out[0], row * p_.y_row + j);
  }

  const RunArgs& args_;
  DType t_;
  const GemmParams& p_;
};

}  // namespace

const char* bind_gemm_any(const Step& step, void* params, Work* work) {
  auto* p = params_as<GemmAnyParams>(params);
  auto* attrs = attrs_as<GemmAttrs>(step);
  if (!attrs || step.in.size() < 2 || step.in.size() > 4 || step.out.size() != 1) {
    return "not the operands of a gemm";
  }
  const DType t = step.in[0].dtype;
  if (t == DType::f32) return "f32 has kernels of its own";
  if (!has_lanes(t) || t == DType::boolean || bits(t) < 8) return "type of a";
  if (attrs->act != Act::none) return "no activation of this type";
  if (!is_float(t) && attrs->alpha != 1) return "alpha of integers";
  // The checks are those of f32.
  Operand in[4], out[1] = {step.out[0]};
  if (out[0].dtype != t) return "types differ";
  out[0].dtype = DType::f32;
  for (size_t i = 0; i < step.in.size(); ++i) {
    in[i] = step.in[i];
    if (in[i].present() && in[i].dtype != t) return "types differ";
    if (in[i].present()) in[i].dtype = DType::f32;
  }
  Step same = step;
  same.in = {in, step.in.size()};
  same.out = out;
  if (const char* why = check_gemm_raw_b(same, &p->gemm)) return why;
  p->type = t;
  *work = {};
  work->units[0] = p->gemm.n == 0 ? 0 : p->gemm.batch * p->gemm.m;
  return nullptr;
}

void gemm_any_portable_run(const RunArgs& args) {
  auto& p = *static_cast<const GemmAnyParams*>(args.params);
  for (int64_t row = args.begin; row < args.end; ++row) {
    if (is_float(p.type)) {
      AnyProduct<double, double>(args, p).row(row);
    } else {
      AnyProduct<int64_t, uint64_t>(args, p).row(row);
    }
  }
}

}  // namespace hone::kernels
