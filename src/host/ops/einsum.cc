// Einsum, Det.
#include "host/ops/einsum.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "common/base/checked.h"
#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- Einsum -------------------------------------------------------------------------------------

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Result<std::vector<int>> labels_of(const std::string& term, int ellipsis) {
  std::vector<int> labels;
  bool seen = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (is_letter(term[i])) {
      labels.push_back(term[i]);
    } else if (term.compare(i, 3, "...") == 0 && !seen) {
      for (int d = ellipsis; d > 0; --d) labels.push_back(d);
      seen = true;
      i += 2;
    } else {
      return invalid(fmt::format("the term '{}' of the equation", term));
    }
  }
  return labels;
}

size_t letters_in(const std::string& term) {
  return static_cast<size_t>(std::count_if(term.begin(), term.end(), is_letter));
}

// The result without "->": the ellipsis, then letters that occur once, in order.
std::vector<int> implicit_output(const std::vector<std::vector<int>>& inputs) {
  std::map<int, int> counts;
  int ellipsis = 0;
  for (const auto& labels : inputs) {
    for (int l : labels) {
      ++counts[l];
      if (l < 'A') ellipsis = std::max(ellipsis, l);
    }
  }
  std::vector<int> output;
  for (int d = ellipsis; d > 0; --d) output.push_back(d);
  for (const auto& [label, count] : counts) {
    if (label >= 'A' && count == 1) output.push_back(label);
  }
  return output;
}

}  // namespace

Result<Equation> equation_of(const Node& node, const std::vector<size_t>& ranks) {
  std::string text = node.attributes.s("equation", "");
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow);
  std::vector<std::string> terms(1);
  for (char c : left) {
    if (c == ',') {
      terms.emplace_back();
    } else {
      terms.back() += c;
    }
  }
  if (terms.size() != ranks.size()) {
    return invalid(
        fmt::format("an equation of {} terms for {} inputs", terms.size(), ranks.size()));
  }
  Equation e;
  int widest = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    const size_t letters = letters_in(terms[i]);
    const bool dots = terms[i].find("...") != std::string::npos;
    if (letters > ranks[i] || (!dots && letters != ranks[i])) {
      return error(Code::shape_mismatch,
                   fmt::format("the term '{}' for rank {}", terms[i], ranks[i]));
    }
    const int ellipsis = dots ? static_cast<int>(ranks[i] - letters) : 0;
    widest = std::max(widest, ellipsis);
    HONE_ASSIGN(auto labels, labels_of(terms[i], ellipsis));
    e.inputs.push_back(std::move(labels));
  }
  if (arrow == std::string::npos) {
    e.output = implicit_output(e.inputs);
    return e;
  }
  HONE_ASSIGN(e.output, labels_of(text.substr(arrow + 2), widest));
  for (size_t i = 0; i < e.output.size(); ++i) {
    const int l = e.output[i];
    const bool known = std::any_of(e.inputs.begin(), e.inputs.end(), [l](const auto& labels) {
      return std::find(labels.begin(), labels.end(), l) != labels.end();
    });
    if (!known || std::count(e.output.begin(), e.output.end(), l) != 1) {
      return invalid(
          "the equation's result has a letter that is not in its terms, or has it twice");
    }
  }
  return e;
}

namespace {

Status infer_einsum(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  const DType t = ctx.in(0).dtype;
  std::vector<size_t> ranks;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (!ctx.has_rank(i)) {
      ctx.set_unranked(0, t);
      return {};
    }
    ranks.push_back(ctx.shape(i).size());
  }
  HONE_ASSIGN(const Equation e, equation_of(ctx.node(), ranks));
  std::map<int, Dim> sizes;
  for (size_t i = 0; i < e.inputs.size(); ++i) {
    for (size_t d = 0; d < e.inputs[i].size(); ++d) {
      const auto [at, fresh] = sizes.emplace(e.inputs[i][d], ctx.shape(i)[d]);
      if (fresh) continue;
      HONE_ASSIGN(at->second,
                  broadcast_dim(at->second, ctx.shape(i)[d], better(at->second, ctx.shape(i)[d])));
    }
  }
  SymShape out;
  for (int l : e.output) out.push_back(sizes.at(l));
  ctx.set(0, t, std::move(out));
  return {};
}

// The index space: the result's labels, then those that are summed over.
struct Space {
  std::vector<int> labels;
  Dims dims;
  size_t summed_from = 0;
};

Result<Space> space_of(const RefContext& ctx, const Equation& e) {
  std::map<int, int64_t> sizes;
  for (size_t i = 0; i < e.inputs.size(); ++i) {
    for (size_t d = 0; d < e.inputs[i].size(); ++d) {
      const int64_t size = ctx.in(i).dims()[d];
      int64_t& known = sizes.emplace(e.inputs[i][d], size).first->second;
      if (known == 1) known = size;
      if (size != 1 && size != known) {
        return error(Code::shape_mismatch,
                     fmt::format("sizes {} and {} of one letter", known, size));
      }
    }
  }
  Space s;
  s.labels = e.output;
  s.summed_from = s.labels.size();
  for (const auto& [label, size] : sizes) {
    const bool kept = std::find(e.output.begin(), e.output.end(), label) != e.output.end();
    if (!kept) s.labels.push_back(label);
  }
  int64_t count = 1;
  for (int l : s.labels) {
    s.dims.push_back(sizes.at(l));
    if (mul_overflows(count, std::max<int64_t>(1, s.dims.back()), &count)) {
      return error(Code::out_of_memory, "the index space is too large");
    }
  }
  return s;
}

// Strides of an operand over the space; those of a repeated letter add up to the diagonal's.
Dims strides_over(const Space& s, const std::vector<int>& labels, const Dims& dims) {
  const Dims dense = row_major_strides(dims);
  Dims strides(s.labels.size(), 0);
  for (size_t d = 0; d < labels.size(); ++d) {
    const auto at = std::find(s.labels.begin(), s.labels.end(), labels[d]) - s.labels.begin();
    if (dims[d] != 1) strides[static_cast<size_t>(at)] += dense[d];
  }
  return strides;
}

template <class W>
Status einsum_in(RefContext& ctx, const Equation& e, const Space& s) {
  std::vector<std::vector<W>> values;
  std::vector<Walk<1>> walks;
  for (size_t i = 0; i < e.inputs.size(); ++i) {
    values.push_back(load<W>(ctx.in(i)));
    walks.emplace_back(s.dims, std::array<Dims, 1>{strides_over(s, e.inputs[i], ctx.in(i).dims())});
  }
  const Dims out(s.dims.begin(), s.dims.begin() + static_cast<std::ptrdiff_t>(s.summed_from));
  HONE_RETURN_IF_ERROR(check_size(DType::f64, out));
  std::vector<W> y(static_cast<size_t>(element_count(out)), W(0));
  const int64_t summed = element_count(std::span<const int64_t>(s.dims).subspan(s.summed_from));
  for (W& sum : y) {
    for (int64_t k = 0; k < summed; ++k) {
      W product = 1;
      for (size_t i = 0; i < walks.size(); ++i) {
        product = wrap_mul(product, values[i][static_cast<size_t>(walks[i].offset())]);
        walks[i].next();
      }
      sum = wrap_add(sum, product);
    }
  }
  ctx.set(0, store(ctx.in(0).dtype(), out, y));
  return {};
}

Status einsum(RefContext& ctx) {
  std::vector<size_t> ranks;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (!ctx.has_input(i) || ctx.in(i).dtype() != ctx.in(0).dtype()) {
      return invalid("an input is missing or has another type");
    }
    ranks.push_back(ctx.in(i).dims().size());
  }
  HONE_ASSIGN(const Equation e, equation_of(ctx.node(), ranks));
  HONE_ASSIGN(const Space s, space_of(ctx, e));
  return in_domain(ctx.node(), ctx.in(0).dtype(), [&]<class W>() -> Status {
    // Unsigned arithmetic wraps; signed gives the same bits.
    if constexpr (std::is_same_v<W, double>) return einsum_in<double>(ctx, e, s);
    return einsum_in<uint64_t>(ctx, e, s);
  });
}

// One multiply-add per combination of all letters.
double einsum_flops(const Graph& graph, const Node& node) {
  std::vector<size_t> ranks;
  for (ValueId v : node.inputs) {
    if (v == graph::none || !graph.fact(v).has_rank()) return output_elements(graph, node);
    ranks.push_back(graph.fact(v).shape->size());
  }
  const auto e = equation_of(node, ranks);
  if (!e.ok()) return 0;
  std::map<int, double> sizes;
  for (size_t i = 0; i < ranks.size(); ++i) {
    for (size_t d = 0; d < ranks[i]; ++d) {
      const Dim& size = (*graph.fact(node.inputs[i]).shape)[d];
      double& known = sizes[e->inputs[i][d]];
      known = std::max(known, size.is_const() ? static_cast<double>(size.value()) : 1);
    }
  }
  double count = 2;
  for (const auto& [label, size] : sizes) count *= size;
  return count;
}

// --- Det ----------------------------------------------------------------------------------------

Status infer_det(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape out = ctx.shape(0);
  HONE_RETURN_IF_ERROR(check_equal(out[out.size() - 1], out[out.size() - 2], "rows and columns"));
  out.resize(out.size() - 2);
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  return {};
}

// By elimination with the largest pivot of each column.
double determinant(double* a, int64_t n) {
  double det = 1;
  for (int64_t c = 0; c < n; ++c) {
    int64_t best = c;
    for (int64_t r = c + 1; r < n; ++r) {
      if (std::fabs(a[r * n + c]) > std::fabs(a[best * n + c])) best = r;
    }
    if (a[best * n + c] == 0) return 0;
    if (best != c) {
      std::swap_ranges(a + c * n, a + (c + 1) * n, a + best * n);
      det = -det;
    }
    det *= a[c * n + c];
    for (int64_t r = c + 1; r < n; ++r) {
      const double factor = a[r * n + c] / a[c * n + c];
      for (int64_t k = c; k < n; ++k) a[r * n + k] -= factor * a[c * n + k];
    }
  }
  return det;
}

Status det(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  if (x.rank() < 2 || x.dims().back() != x.dims()[x.dims().size() - 2]) {
    return error(Code::shape_mismatch, "the matrices are not square");
  }
  const int64_t n = x.dims().back();
  const Dims out(x.dims().begin(), x.dims().end() - 2);
  std::vector<double> values = load<double>(x), dets;
  for (int64_t i = 0; i < element_count(out); ++i) {
    dets.push_back(determinant(values.data() + i * n * n, n));
  }
  ctx.set(0, store(x.dtype(), out, dets));
  return {};
}

double det_flops(const Graph& graph, const Node& node) { return 4 * input_elements(graph, node); }

constexpr AttrSpec equation[] = {{"equation", AttrType::s, true}};
const OpDef defs[] = {
    {"", "Einsum", 12, 1, -1, 1, 1, equation, infer_einsum, einsum, einsum_flops, 1e-4},
    {"", "Det", 11, 1, 1, 1, 1, {}, infer_det, det, det_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> einsum_defs() { return defs; }

}  // namespace hone::ops
