// match_attention: Softmax(scale Q K' + masks) V becomes Attention, whatever the exporter does to
// scale, mask and group the scores on the way. Attention takes its operands by heads; the
// Transposes and Slices that take them out of rows are views in the plan.
//
// Numbers by which all scores of a head are multiplied go to its queries.
//
// A row all of whose keys are masked by -infinity is NaN before and zeros after: what the guard
// makes of it that newer exporters put behind the Softmax.

#include <algorithm>
#include <cmath>

#include "host/passes/attention_mask.h"

namespace hone::passes {

namespace {

using graph::Dim;
using graph::SymShape;

constexpr int64_t attention_since = 23;

const Form* with_lead(const std::vector<Form>& forms, const SymShape& target) {
  for (const Form& f : forms) {
    if (lead(f.shape) == target) return &f;
  }
  return nullptr;
}

// Batch and heads: the groups of some form if the product itself has not two dimensions before its
// matrices.
SymShape target_of(const SymShape& product, const std::vector<std::vector<Form>>& operands,
                   const Scores& scores) {
  if (product.size() == 4) return lead(product);
  for (const auto& forms : operands) {
    for (const Form& f : forms) {
      if (f.shape.size() == 4) return lead(f.shape);
    }
  }
  for (const SymShape& s : scores.shapes) {
    if (s.size() == 4) return lead(s);
  }
  if (product.size() == 3) return {product[0], Dim(1)};
  if (product.size() == 2) return {Dim(1), Dim(1)};
  return {graph::product(product, 0, product.size() - 3), *(product.end() - 3)};
}

class Match {
 public:
  Match(const Graph& g, NodeId id) : g_(g), id_(id), n_(g.node(id)), p_(g, id) {}

  std::optional<Patch> patch() {
    if (!n_.is("MatMul") || !is_f32(g_, n_.output(0)) || !g_.fact(n_.output(0)).has_rank()) {
      return std::nullopt;
    }
    if (!find() || !agree()) return std::nullopt;
    const ValueId y = attention();
    if (y == graph::none || !give(y)) return std::nullopt;
    p_.set_why(label(*softmax_) + " between two products is Attention");
    return std::move(p_);
  }

 private:
  // Y = P V, or written for columns: Y' = V' P'.
  bool find() {
    ValueId weights = n_.input(0), values = n_.input(1);
    const Node* turn = g_.producer_of(values);
    if (turn != nullptr && turn->is("Transpose") && g_.single_use(values) && swaps(*turn)) {
      columns_ = softmax_of(g_, turn->input(0)) != nullptr;
      if (columns_) weights = turn->input(0), values = n_.input(0);
    }
    softmax_ = softmax_of(g_, weights);
    if (softmax_ == nullptr || softmax_->block != n_.block) return false;
    auto scores = scores_of(g_, softmax_->input(0), n_.block);
    if (!scores) return false;
    scores_ = std::move(*scores);
    q_ = forms_of(g_, scores_.q);
    k_ = forms_of_transposed(g_, scores_.k_transposed);
    v_ = columns_ ? forms_of_transposed(g_, values) : forms_of(g_, values);
    std::erase_if(v_, [](const Form& f) { return f.scale != 1; });
    if (q_.empty() || k_.empty() || v_.empty()) return false;
    target_ = target_of(*g_.fact(n_.output(0)).shape, {q_, k_, v_}, scores_);
    origins_.assign(scores_.nodes.rbegin(), scores_.nodes.rend());
    origins_.push_back(g_.value(softmax_->output(0)).producer);
    origins_.push_back(id_);
    return true;
  }

  bool swaps(const Node& transpose) const {
    const Permutation perm = permutation_of(g_, transpose);
    return perm.size() >= 2 && perm == last_two_swapped(perm.size());
  }

  // The products' operands do not broadcast against each other.
  bool agree() const {
    auto same_lead = [&](ValueId a, ValueId b) {
      const auto &x = g_.fact(a).shape, &y = g_.fact(b).shape;
      return x && y && x->size() >= 2 && y->size() >= 2 && lead(*x) == lead(*y);
    };
    return same_lead(scores_.q, scores_.k_transposed) &&
           g_.fact(scores_.q).rank() == static_cast<int>(scores_.shapes[0].size()) &&
           same_lead(n_.input(0), n_.input(1));
  }

  // One of the forms as [target..., steps, size].
  ValueId operand(const std::vector<Form>& forms, double* scale) {
    const Form* f = with_lead(forms, target_);
    const bool fits = f != nullptr;
    if (!fits) f = &forms.front();
    *scale *= f->scale;
    ValueId v = f->value;
    if (!f->perm.empty()) {
      Node turn;
      turn.op = "Transpose";
      turn.inputs = {v};
      turn.attributes.set("perm", f->perm);
      v = p_.add(std::move(turn), origins_);
    }
    if (fits) return v;
    if (f->shape.size() == 3 && target_ == SymShape{f->shape[0], Dim(1)}) {
      return add_axes_node(g_, &p_, "Unsqueeze", v, {1}, origins_);
    }
    if (f->shape.size() == 2) return add_axes_node(g_, &p_, "Unsqueeze", v, {0, 1}, origins_);
    SymShape shape = target_;
    shape.insert(shape.end(), f->shape.end() - 2, f->shape.end());
    return add_reshape(&p_, v, shape, origins_);
  }

  ValueId attention() {
    double scale = scores_.scale, unscaled = 1;
    Node a;
    a.op = "Attention";
    a.version = attention_since;
    a.inputs = {operand(q_, &scale), operand(k_, &scale), operand(v_, &unscaled)};
    for (const MaskPart& f : scores_.factors) {
      if (a.inputs[0] == graph::none) return graph::none;
      const ValueId by = regrouped(g_, f, target_, a.inputs[0], origins_, &p_);
      if (by == graph::none) return graph::none;
      a.inputs[0] = add_node(&p_, f.divides ? "Div" : "Mul", {a.inputs[0], by}, origins_);
    }
    if (std::find(a.inputs.begin(), a.inputs.end(), graph::none) != a.inputs.end()) {
      return graph::none;
    }
    // ONNX scales both sides by the root.
    if (!(scale > 0) || !std::isfinite(static_cast<float>(scale))) return graph::none;
    auto mask = one_mask(g_, scores_.masks, target_, a.inputs[0], origins_, &p_);
    if (!mask) return graph::none;
    if (mask->value != graph::none) a.inputs.push_back(mask->value);
    if (mask->causal) a.attributes.set("is_causal", int64_t{1});
    a.attributes.set("scale", static_cast<float>(scale));
    return p_.add(std::move(a), origins_);
  }

  // y in the place of the product, or of what its Reshape makes of it.
  bool give(ValueId y) {
    const ValueId out = n_.output(0);
    const SymShape& shape = *g_.fact(out).shape;
    if (columns_) {
      Node turn;
      turn.op = "Transpose";
      turn.inputs = {y};
      turn.attributes.set("perm", last_two_swapped(target_.size() + 2));
      y = p_.add(std::move(turn), origins_);
    }
    if (lead(shape) == target_) {
      p_.replace(out, y);
      p_.remove(id_);
      return true;
    }
    const auto users = g_.users(out);
    const Node* next = users.size() == 1 ? &g_.node(users[0]) : nullptr;
    if (next != nullptr && g_.single_use(out) && next->block == n_.block && regroups(g_, *next) &&
        lead(*g_.fact(next->output(0)).shape) == target_) {
      p_.replace(next->output(0), y);
      p_.remove(users[0]);
      p_.remove(id_);
      return true;
    }
    ValueId back = graph::none;
    if (shape.size() == 3 && target_ == SymShape{shape[0], Dim(1)}) {
      back = add_axes_node(g_, &p_, "Squeeze", y, {1}, origins_);
    } else if (shape.size() == 2) {
      back = add_axes_node(g_, &p_, "Squeeze", y, {0, 1}, origins_);
    } else {
      back = add_reshape(&p_, y, shape, origins_);
    }
    if (back == graph::none) return false;
    p_.replace(out, back);
    p_.remove(id_);
    return true;
  }

  const Graph& g_;
  NodeId id_;
  const Node& n_;
  Patch p_;
  const Node* softmax_ = nullptr;
  bool columns_ = false;
  Scores scores_;
  std::vector<Form> q_, k_, v_;
  SymShape target_;
  std::vector<NodeId> origins_;
};

std::optional<Patch> propose(const Graph& g, NodeId id) { return Match(g, id).patch(); }

}  // namespace

extern const Pass match_attention;
const Pass match_attention{
    "match_attention", "recognise attention", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
