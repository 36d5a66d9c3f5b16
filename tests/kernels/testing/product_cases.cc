// Matrix products, recurrences, reductions, softmax.
#include <cmath>
#include <map>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

void operand(CaseMaker& m, const Dims& dims, int64_t constant_in, DType type = DType::f32) {
  Tensor t = is_integer(type) ? m.tensor(type, dims, 0, 9) : m.tensor(type, dims, -1, 1);
  m.r.one_in(constant_in) ? m.constant(std::move(t)) : m.input(std::move(t));
}

Dims stacked(const Dims& batch, int64_t rows, int64_t columns, bool transposed) {
  Dims d = batch;
  d.insert(d.end(), {transposed ? columns : rows, transposed ? rows : columns});
  return d;
}

// Batch dimensions of one operand: leading ones gone, some of size 1.
Dims part_of(Random& r, const Dims& batch) {
  Dims d(batch.begin() + r.below(static_cast<int64_t>(batch.size()) + 1), batch.end());
  for (int64_t& v : d) {
    if (r.one_in(4)) v = 1;
  }
  return d;
}

}  // namespace

Result<Case> gemm_case(CaseMaker& m) {
  Random& r = m.r;
  int64_t rows = r.size(), columns = r.pick({1, 3, 7, 16, 17, 32, 33, 64, 65, 100}), k = r.size();
  if (r.one_in(10)) rows = 67, columns = 131, k = 300;
  if (m.is("Gemm")) {
    const bool ta = r.one_in(2), tb = r.one_in(2);
    if (ta || r.one_in(2)) m.attr("transA", static_cast<int64_t>(ta));
    if (tb || r.one_in(2)) m.attr("transB", static_cast<int64_t>(tb));
    if (r.one_in(2)) m.attr("alpha", 0.7f);
    if (r.one_in(2)) m.attr("beta", -1.3f);
    m.input(m.tensor(DType::f32, stacked({}, rows, k, ta)));
    operand(m, stacked({}, k, columns, tb), r.one_in(2) ? 1 : 2);
    if (m.node.version < 11 || !r.one_in(3)) {
      const Dims c =
          r.pick<Dims>({{columns}, {columns}, {1, columns}, {rows, 1}, {1}, {}, {rows, columns}});
      operand(m, c, 2);
    }
    return m.finish();
  }
  const Dims all = r.dims(r.below(3), 12);
  const bool fused = m.is("FusedGemm");
  const bool vector_a = !fused && r.one_in(8), vector_b = !fused && r.one_in(8);
  const bool ta = fused && r.one_in(3), tb = fused && r.one_in(3);
  const Dims a_batch = r.one_in(2) ? all : part_of(r, all);
  const Dims b_batch = r.one_in(2) ? Dims() : part_of(r, all);
  const Dims a = vector_a ? Dims{k} : stacked(a_batch, rows, k, ta);
  const Dims b = vector_b ? Dims{k} : stacked(b_batch, k, columns, tb);
  // Of other types there is one kernel, and no activation.
  const DType other = r.pick({DType::f64, DType::i32, DType::i64, DType::u32, DType::u64});
  const DType type = !fused && r.one_in(5) ? other : DType::f32;
  m.input(is_integer(type) ? m.tensor(type, a, 0, 9) : m.tensor(type, a));
  operand(m, b, r.one_in(2) ? 1 : 2, type);
  if (!fused) return m.finish();
  if (ta) m.attr("trans_a", int64_t{1});
  if (tb) m.attr("trans_b", int64_t{1});
  if (r.one_in(2)) m.attr("alpha", 0.7f);
  m.activation();
  if (r.one_in(2)) {
    operand(m, {columns}, 2);
  } else if (r.one_in(2)) {
    m.absent();
  }
  if (m.node.inputs.size() == 3 && a_batch == all) {
    m.input(m.tensor(DType::f32, stacked(all, rows, columns, false)));
  }
  return m.finish();
}

Result<Case> half_gemm_case(CaseMaker& m) {
  Random& r = m.r;
  int64_t columns = r.pick({1, 3, 7, 16, 17, 32, 33, 64, 65, 100}), k = r.size();
  Dims rows = r.dims(1 + r.below(3), 70);
  if (r.one_in(10)) rows = {67}, columns = 131, k = 300;
  const DType x = m.half_type(), y = m.result_type(x);
  Dims a = rows, out = rows;
  a.push_back(k), out.push_back(columns);
  m.laid_out(m.tensor(x, a));
  Tensor b = m.tensor(x, {columns, k}, -1, 1);
  r.one_in(6) ? m.input(std::move(b)) : m.constant(std::move(b));
  m.activation();
  if (r.one_in(2)) {
    operand(m, {columns}, 2);
  } else if (r.one_in(2)) {
    m.absent();
  }
  if (m.node.inputs.size() == 3) m.laid_out(m.tensor(y, out));
  return m.finish();
}

// Every letter has one size; dots are one or two dimensions, of size 1 in one operand in four.
Result<Case> einsum_case(CaseMaker& m) {
  Random& r = m.r;
  const auto equation = r.pick<std::string>({"ij,jk->ik",
                                             "bij,bjk->bik",
                                             "bqhd,bkhd->bhqk",
                                             "aecd,abcd->acbe",
                                             "acbe,aecd->abcd",
                                             "abcd,cde->abe",
                                             "abc,cde->abde",
                                             "...ij,...jk->...ik",
                                             "...i,ij",
                                             "ij->ji",
                                             "ij->",
                                             "ii->i",
                                             "iji->j",
                                             "i,j->ij",
                                             "ij,ij->",
                                             "bi,bi->b",
                                             "bij,kj->bk",
                                             "ii,ij->j",
                                             "ab,bc,cd->ad",
                                             "ab,ab,bc->ca",
                                             "ji,jk->ik",
                                             "ab,ca->bc",
                                             "ij,jk"});
  m.attr("equation", equation);
  std::map<char, int64_t> sizes;
  for (char c : equation) sizes.emplace(c, r.pick({1, 2, 3, 4, 5, 8, 11}));
  const Dims dots = r.dims(r.between(1, 2), 6);
  Dims dims;
  for (size_t i = 0; i <= equation.size(); ++i) {
    const char c = i < equation.size() ? equation[i] : ',';
    if (c == ',' || c == '-') {
      operand(m, dims, 3);
      dims.clear();
      if (c == '-') break;
    } else if (c == '.') {
      for (int64_t d : dots) dims.push_back(r.one_in(4) ? 1 : d);
      i += 2;
    } else {
      dims.push_back(sizes.at(c));
    }
  }
  return m.finish();
}

Result<Case> lstm_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t steps = r.pick({1, 2, 5, 11}), batch = r.pick({1, 1, 2, 3, 5});
  const int64_t width = r.pick({1, 3, 8, 17}), h = r.pick({1, 2, 5, 8, 16, 17, 24, 33});
  const std::string direction =
      r.pick<std::string>({"forward", "forward", "reverse", "bidirectional"});
  const int64_t d = direction == "bidirectional" ? 2 : 1;
  if (direction != "forward" || r.one_in(2)) m.attr("direction", direction);
  m.attr("hidden_size", h);
  const bool other = r.one_in(4);
  // Without a bound, ReLU gates grow beyond f32 within a few steps.
  if (other || r.one_in(4)) m.attr("clip", 0.6f);
  if (r.one_in(4)) m.attr("input_forget", int64_t{1});
  if (other) {
    std::vector<std::string> acts;
    for (int64_t i = 0; i < 3 * d; ++i) {
      acts.push_back(r.pick<std::string>({"Sigmoid", "Tanh", "Relu"}));
    }
    m.attr("activations", acts);
  }
  auto weights = [&](const Dims& dims, bool constant) {
    Tensor t = m.tensor(DType::f32, dims, -0.5, 0.5);
    constant ? m.constant(std::move(t)) : m.input(std::move(t));
  };
  const bool constant = !r.one_in(6);
  m.input(m.tensor(DType::f32, {steps, batch, width}));
  weights({d, 4 * h, width}, constant);
  weights({d, 4 * h, h}, constant);
  r.one_in(4) ? m.absent() : weights({d, 8 * h}, constant);
  if (r.one_in(4)) {
    m.input(m.tensor(DType::i32, {batch}, 0, static_cast<double>(steps)));
  } else {
    m.absent();
  }
  for (int i = 0; i < 2; ++i) {
    r.one_in(2) ? m.absent() : m.input(m.tensor(DType::f32, {d, batch, h}, -1, 1));
  }
  r.one_in(3) ? weights({d, 3 * h}, true) : m.absent();
  return m.finish(r.pick<std::vector<std::string>>(
      {{"y"}, {"y", "y_h", "y_c"}, {"", "y_h"}, {"y", "", "y_c"}, {"", "y_h", "y_c"}}));
}

Result<Case> reduce_case(CaseMaker& m) {
  Random& r = m.r;
  const bool arg = m.node.op.starts_with("Arg");
  const bool product = m.is("ReduceProd"), logarithm = m.is("ReduceLogSum");
  DType t = r.one_in(2) ? DType::f32 : r.pick({DType::f64, DType::i32, DType::i64});
  if (arg || m.is("ReduceMax") || m.is("ReduceMin")) {
    t = r.pick({t, t, DType::i8, DType::u8});
  } else if (!is_float(t) &&
             (m.is("ReduceMean") || m.is("ReduceL2") || logarithm || m.is("ReduceLogSumExp"))) {
    t = DType::f32;  // of integers they are rounded nobody says how
  }
  const int64_t rank = r.between(1, 5);
  Dims x = r.dims(rank);
  if (r.one_in(8)) x = {3, 41, 7, 33};
  double lo = is_float(t) ? -2 : -9, hi = is_float(t) ? 2 : 9;
  if (t == DType::u8) lo = 0;
  if (logarithm) lo = 0.2;
  if (product) {
    lo = is_float(t) ? 0.9 : 1, hi = is_float(t) ? 1.1 : 1;
  }
  Tensor values = m.tensor(t, x, lo, hi);
  for (int64_t i = 0; arg && i < values.count(); ++i) values.set(i, std::round(values.at(i)));
  m.laid_out(std::move(values));
  if (r.one_in(2)) m.attr("keepdims", r.below(2));
  if (arg) {
    const int64_t axis = r.below(static_cast<int64_t>(x.size()));
    m.attr("axis", r.one_in(2) ? axis : axis - static_cast<int64_t>(x.size()));
    if (m.has_attr("select_last_index") && r.one_in(2)) m.attr("select_last_index", int64_t{1});
    return m.finish();
  }
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < static_cast<int64_t>(x.size()); ++i) {
    if (r.one_in(2)) axes.push_back(r.one_in(3) ? i - static_cast<int64_t>(x.size()) : i);
  }
  if (m.has_attr("axes")) {
    if (!axes.empty()) m.ints("axes", axes);
    return m.finish();
  }
  if (m.has_attr("noop_with_empty_axes") && r.one_in(3)) {
    m.attr("noop_with_empty_axes", int64_t{1});
  }
  if (!axes.empty()) {
    m.constant(
        Tensor::of<int64_t>({static_cast<int64_t>(axes.size())}, std::span<const int64_t>(axes)));
  }
  return m.finish();
}

Result<Case> softmax_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 4);
  Dims x = r.dims(rank);
  if (r.one_in(6)) x.back() = r.pick({1000, 1021});
  while (element_count(x) > 40000) x = r.dims(rank);
  m.laid_out(m.tensor(r.one_in(5) ? DType::f64 : DType::f32, x, -6, 6));
  // Before version 13 the default is axis 1.
  if (rank == 1 || r.one_in(2)) m.attr("axis", r.between(-rank, rank - 1));
  // Every term is positive: nothing cancels, however small the largest probability is.
  if (m.is("Softmax")) m.floor = 0;
  return m.finish();
}

}  // namespace hone::kernel_tests
