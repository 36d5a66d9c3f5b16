// Attention with all that may be given.
#include <cmath>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

struct Sizes {
  int64_t batch, heads, groups, queries, keys, size, v_size, past;
  bool flat;
};

Dims operand(const Sizes& z, int64_t heads, int64_t steps, int64_t size) {
  return z.flat ? Dims{z.batch, steps, heads * size} : Dims{z.batch, heads, steps, size};
}

// Some dimensions missing or 1; sometimes fewer keys than there are.
Tensor mask(CaseMaker& m, const Sizes& z) {
  Random& r = m.r;
  Dims d{z.batch, z.heads, z.queries, z.past + z.keys};
  if (d[3] > 2 && r.one_in(6)) --d[3];
  for (int64_t& v : d) {
    if (r.one_in(4)) v = 1;
  }
  d.erase(d.begin(), d.begin() + r.below(3));
  if (r.one_in(2)) return m.tensor(DType::boolean, d);
  Tensor t = m.tensor(DType::f32, d);
  for (int64_t i = 0; i < t.count(); ++i) {
    if (r.one_in(6)) t.set(i, -INFINITY);
  }
  return t;
}

}  // namespace

Result<Case> attention_case(CaseMaker& m) {
  Random& r = m.r;
  Sizes z{};
  z.batch = r.between(1, 3), z.groups = r.between(1, 3), z.heads = z.groups * r.between(1, 2);
  z.queries = r.size(), z.keys = r.size();
  z.size = r.pick({1, 4, 8, 13, 24, 32}), z.v_size = r.one_in(2) ? z.size : r.between(1, 20);
  z.past = r.one_in(4) ? r.between(1, 9) : 0;
  z.flat = r.one_in(2);
  m.input(m.tensor(DType::f32, operand(z, z.heads, z.queries, z.size)));
  m.input(m.tensor(DType::f32, operand(z, z.groups, z.keys, z.size)));
  m.input(m.tensor(DType::f32, operand(z, z.groups, z.keys, z.v_size)));
  const bool valid = m.node.version >= 24 && z.past == 0 && r.one_in(3);
  if (r.one_in(2)) {
    m.either(mask(m, z));
  } else if (z.past > 0 || valid) {
    m.absent();
  }
  if (z.past > 0) {
    m.input(m.tensor(DType::f32, {z.batch, z.groups, z.past, z.size}));
    m.input(m.tensor(DType::f32, {z.batch, z.groups, z.past, z.v_size}));
  } else if (valid) {
    m.absent();
    m.absent();
    Tensor t(DType::i64, {z.batch});
    for (int64_t i = 0; i < z.batch; ++i) t.set(i, static_cast<double>(r.between(0, z.keys)));
    m.input(std::move(t));
  }
  if (z.flat) m.attr("q_num_heads", z.heads), m.attr("kv_num_heads", z.groups);
  if (r.one_in(2)) m.attr("scale", static_cast<float>(r.real(0.05, 0.5)));
  if (r.one_in(4)) m.attr("softcap", static_cast<float>(r.real(0.5, 3)));
  if (r.one_in(3)) m.attr("is_causal", int64_t{1});
  if (z.past > 0 || r.one_in(4)) return m.finish({"y", "keys", r.one_in(4) ? "" : "values"});
  return m.finish();
}

}  // namespace hone::kernel_tests
