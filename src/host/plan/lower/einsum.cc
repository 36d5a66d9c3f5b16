// Einsum: operands are contracted from left to right, each pair by one product of matrices.

#include "host/ops/einsum.h"

#include <algorithm>
#include <map>

#include "device/kernels/gemm/gemm.h"
#include "device/kernels/reduce/reduce.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using Labels = std::vector<int>;

bool has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

Labels joined(std::initializer_list<Labels> parts) {
  Labels all;
  for (const Labels& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

struct Term {
  PlanValue value;
  Labels labels;
};

class Contraction {
 public:
  Contraction(Lowering& l, const Node& n, std::map<int, Dim> sizes)
      : l_(l), n_(n), sizes_(std::move(sizes)) {}

  SymShape shape(const Labels& labels) const {
    SymShape s;
    for (int label : labels) s.push_back(sizes_.at(label));
    return s;
  }

  // Dense, with its axes in the order of `labels`: all of the term's, each once. The diagonal of a
  // label that stands twice; what broadcasts is repeated.
  PlanValue arranged(const Term& t, const Labels& labels) {
    if (t.labels == labels && l_.is_dense(t.value) && l_.at(t.value).shape == shape(labels)) {
      return t.value;
    }
    PlanValue y = l_.temporary(l_.at(t.value).name, type(), shape(labels));
    l_.copy(n_, strided(t, labels), y);
    return y;
  }

  // The term read in another order of its axes.
  PlanValue strided(const Term& t, const Labels& labels) {
    const auto own = l_.strides_of(t.value);
    const SymShape in = l_.at(t.value).shape;
    std::vector<Dim> strides(labels.size(), Dim(0));
    for (size_t i = 0; i < in.size(); ++i) {
      auto at = static_cast<size_t>(std::find(labels.begin(), labels.end(), t.labels[i]) -
                                    labels.begin());
      const Dim one = Dim::apply(Dim::Op::equal, {in[i], Dim(1)});
      const bool whole = in[i] == sizes_.at(t.labels[i]);
      strides[at] =
          strides[at] + (whole ? own[i] : Dim::apply(Dim::Op::select, {one, Dim(0), own[i]}));
    }
    return l_.view(t.value, shape(labels), std::move(strides), 0);
  }

  // Sums over what neither `other` nor `later` has, and takes diagonals.
  Term only(Term t, const Labels& other, const Labels& later) {
    Labels kept, summed;
    for (int label : t.labels) {
      Labels& to = has(other, label) || has(later, label) ? kept : summed;
      if (!has(to, label)) to.push_back(label);
    }
    if (summed.empty() && kept.size() == t.labels.size()) return t;
    PlanValue x = arranged(t, joined({kept, summed}));
    if (summed.empty()) return {x, kept};
    PlanValue sum = l_.temporary(l_.at(x).name, type(), shape(kept));
    kernels::ReduceAttrs a{};
    for (size_t i = 0; i < summed.size(); ++i) a.axes |= 1u << (kept.size() + i);
    l_.step(n_, "reduce", {x}, {sum}, a);
    return {sum, kept};
  }

  // The sum over what both have and `later` has not.
  Term product(Term a, Term b, const Labels& later) {
    a = only(a, b.labels, later), b = only(b, a.labels, later);
    Labels batch, rows, inner, columns;
    for (int label : a.labels) {
      if (!has(b.labels, label)) rows.push_back(label);
      if (has(b.labels, label) && has(later, label)) batch.push_back(label);
    }
    for (int label : b.labels) {
      if (!has(a.labels, label)) columns.push_back(label);
      if (has(a.labels, label) && !has(later, label)) inner.push_back(label);
    }
    kernels::GemmAttrs attrs{};
    attrs.alpha = 1;
    // As it lies where that is a transposed matrix.
    attrs.trans_a = !rows.empty() && a.labels == joined({batch, inner, rows});
    attrs.trans_b = !inner.empty() && b.labels == joined({batch, columns, inner});
    PlanValue left = matrices(a, batch, rows, inner, attrs.trans_a != 0);
    PlanValue right = matrices(b, batch, inner, columns, attrs.trans_b != 0);
    const Labels labels = joined({batch, rows, columns});
    PlanValue y = l_.temporary("product", type(), shape(labels));
    l_.step(n_, "gemm", {left, right}, {l_.reshape_view(y, flat({batch, rows, columns}))}, attrs);
    return {y, labels};
  }

 private:
  DType type() const { return l_.graph().fact(n_.input(0)).dtype; }

  // [batch, rows, columns]; without a batch two-dimensional, so that constants are packed.
  SymShape flat(const std::vector<Labels>& groups) const {
    SymShape s;
    for (size_t i = groups[0].empty() ? 1 : 0; i < groups.size(); ++i) {
      const SymShape part = shape(groups[i]);
      s.push_back(graph::product(part, 0, part.size()));
    }
    return s;
  }

  PlanValue matrices(const Term& t, const Labels& batch, Labels rows, Labels columns,
                     bool transposed) {
    if (transposed) std::swap(rows, columns);
    PlanValue dense = arranged(t, joined({batch, rows, columns}));
    return l_.reshape_view(dense, flat({batch, rows, columns}));
  }

  Lowering& l_;
  const Node& n_;
  std::map<int, Dim> sizes_;
};

// A label has one size, or 1 where it broadcasts.
std::map<int, Dim> label_sizes(const Graph& g, const Node& n, const ops::Equation& e) {
  std::map<int, Dim> sizes;
  auto note = [&](const Labels& labels, const SymShape& dims) {
    for (size_t d = 0; d < dims.size(); ++d) {
      Dim& known = sizes.emplace(labels[d], dims[d]).first->second;
      if (known == Dim(1)) known = dims[d];
    }
  };
  note(e.output, *g.fact(n.output(0)).shape);
  for (size_t i = 0; i < e.inputs.size(); ++i) note(e.inputs[i], *g.fact(n.input(i)).shape);
  return sizes;
}

}  // namespace

Status lower_einsum(Lowering& l, const Node& n) {
  const Graph& g = l.graph();
  std::vector<size_t> ranks;
  for (ValueId v : n.inputs) ranks.push_back(g.fact(v).shape->size());
  HONE_ASSIGN(const ops::Equation e, ops::equation_of(n, ranks));
  Contraction c(l, n, label_sizes(g, n, e));
  auto term = [&](size_t i) -> Result<Term> {
    HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
    return Term{v, e.inputs[i]};
  };
  HONE_ASSIGN(Term t, term(0));
  for (size_t i = 1; i < e.inputs.size(); ++i) {
    Labels later = e.output;
    for (size_t k = i + 1; k < e.inputs.size(); ++k) later = joined({later, e.inputs[k]});
    HONE_ASSIGN(Term next, term(i));
    t = c.product(t, next, later);
  }
  t = c.only(t, {}, e.output);
  if (e.inputs.size() > 1 && t.labels == e.output) {
    l.define_view_as(n.output(0), t.value, Layout::row_major);
    return {};
  }
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.copy(n, c.strided(t, e.output), y);
  return {};
}

}  // namespace hone::plan
