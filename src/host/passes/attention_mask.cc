#include "host/passes/attention_mask.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hone::passes {

namespace {

using graph::Dim;
using graph::NodeId;
using graph::SymShape;

bool is_one(const Dim& d) { return d == Dim(1); }

Tensor list(const std::vector<int64_t>& values) {
  return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
}

}  // namespace

ValueId add_node(Patch* p, const char* op, std::vector<ValueId> inputs,
                 const std::vector<NodeId>& origins) {
  Node n;
  n.op = op;
  n.inputs = std::move(inputs);
  return p->add(std::move(n), origins);
}

ValueId add_axes_node(const Graph& g, Patch* p, const char* op, ValueId x,
                      std::vector<int64_t> axes, const std::vector<NodeId>& origins) {
  Node n;
  n.op = op;
  n.inputs = {x};
  if (g.opset() < 13) {
    n.attributes.set("axes", std::move(axes));
  } else {
    n.inputs.push_back(p->constant(list(axes), "axes"));
  }
  return p->add(std::move(n), origins);
}

ValueId add_reshape(Patch* p, ValueId x, const SymShape& shape,
                    const std::vector<NodeId>& origins) {
  std::vector<int64_t> to;
  int symbolic = 0;
  for (const Dim& d : shape) {
    const auto c = d.const_value();
    if (!c) ++symbolic;
    if (c && *c <= 0) return graph::none;
    to.push_back(c.value_or(-1));
  }
  if (symbolic > 1) return graph::none;
  return add_node(p, "Reshape", {x, p->constant(list(to), "shape")}, origins);
}

namespace {

class MaskMaker {
 public:
  MaskMaker(const Graph& g, const SymShape& target, ValueId q, const std::vector<NodeId>& origins,
            Patch* p)
      : g_(g), target_(target), q_(q), origins_(origins), p_(p) {}

  ValueId as_it_is(const MaskPart& m) { return regrouped(m, m.value); }

  std::optional<Mask> make(const std::vector<MaskPart>& parts) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Mask mask;
    std::vector<MaskPart> left;
    for (const MaskPart& m : parts) {
      if (is_causal(m)) {
        mask.causal = true;
      } else {
        left.push_back(m);
      }
    }
    if (left.size() == 1 && left[0].chosen && left[0].fill == -infinity) {
      mask.value = regrouped(left[0], left[0].keep ? left[0].value : node("Not", {left[0].value}));
      return mask.value == graph::none ? std::nullopt : std::optional(mask);
    }
    for (const MaskPart& m : left) {
      const ValueId v = regrouped(m, m.chosen ? numbers(m) : m.value);
      if (v == graph::none) return std::nullopt;
      mask.value = mask.value == graph::none ? v : node("Add", {mask.value, v});
    }
    return mask;
  }

 private:
  ValueId node(const char* op, std::vector<ValueId> inputs) {
    return add_node(p_, op, std::move(inputs), origins_);
  }

  // 0 where the score is kept, else what it becomes.
  ValueId numbers(const MaskPart& m) {
    const ValueId zero = p_->constant(Tensor::scalar(0.0f), "kept");
    const ValueId fill = p_->constant(Tensor::scalar(static_cast<float>(m.fill)), "masked");
    return node("Where", {m.value, m.keep ? zero : fill, m.keep ? fill : zero});
  }

  // Query i sees the keys up to i, for every head: its matrix is square and constant, or made by
  // Trilu.
  bool is_causal(const MaskPart& m) const {
    const auto& shape = g_.fact(m.value).shape;
    const Dim &rows = *(m.scores.end() - 2), &keys = m.scores.back();
    if (shape->size() < 2 || rows != keys || is_one(rows)) return false;
    if (shape->back() != keys || *(shape->end() - 2) != rows) return false;
    if (!std::all_of(shape->begin(), shape->end() - 2, is_one)) return false;
    const Tensor* t = g_.constant(m.value);
    if (t == nullptr) return is_upper_triangle(m);
    const int64_t n = t->dims().back();
    for (int64_t i = 0; i < n * n; ++i) {
      const double v = t->at(i);
      const bool seen = m.chosen ? (v != 0) == m.keep : v == 0;
      const bool lost = m.chosen ? !seen : v <= lost_for_good;
      if (i % n <= i / n ? !seen : !lost) return false;
    }
    return true;
  }

  // Trilu of a matrix full of a number so low: zeros up to the diagonal.
  bool is_upper_triangle(const MaskPart& m) const {
    const Node* n = g_.producer_of(m.value);
    if (m.chosen || n == nullptr || !n->is("Trilu") || n->attributes.i("upper", 1) == 0) {
      return false;
    }
    if (n->input(1) == graph::none || scalar(g_, n->input(1)) != 1.0) return false;
    const Node* full = g_.producer_of(n->input(0));
    if (full == nullptr) return false;
    std::optional<double> value;
    if (full->is("Expand")) value = scalar(g_, full->input(0));
    if (full->is("ConstantOfShape") && full->attributes.has("value")) {
      value = full->attributes.tensor("value").at(0);
    }
    return value && *value <= lost_for_good;
  }

  // The mask's value with its dimensions before the last two grouped as the target's. none: cannot.
  ValueId regrouped(const MaskPart& m, ValueId v) {
    const SymShape& own = *g_.fact(m.value).shape;
    if (own.size() <= 2) return v;
    const SymShape mine = lead(own);
    SymShape stage = lead(m.scores);
    if (stage == target_) return v;
    if (std::all_of(mine.begin(), mine.end(), is_one)) {
      std::vector<int64_t> axes;
      for (size_t i = 0; i < mine.size(); ++i) axes.push_back(static_cast<int64_t>(i));
      return add_axes_node(g_, p_, "Squeeze", v, std::move(axes), origins_);
    }
    if (stage.size() == 1 && target_ == SymShape{stage[0], Dim(1)}) {
      return add_axes_node(g_, p_, "Unsqueeze", v, {1}, origins_);
    }
    SymShape padded(stage.size() - mine.size(), Dim(1));
    padded.insert(padded.end(), mine.begin(), mine.end());
    return merged(v, padded, stage, {own.end() - 2, own.end()});
  }

  // Each dimension of the target is some of the stage's in a row; those of the mask become one.
  ValueId merged(ValueId v, const SymShape& mine, const SymShape& stage, const SymShape& scores) {
    SymShape to, whole = mine;
    size_t at = 0;
    bool expands = false;
    for (const Dim& d : target_) {
      Dim all(1), own(1);
      const size_t begin = at;
      for (; at < stage.size() && (at == begin || all != d); ++at) {
        all = all * stage[at];
        own = own * mine[at];
      }
      if (all != d) return graph::none;
      if (own != Dim(1) && own != all) {
        expands = true;
        for (size_t i = begin; i < at; ++i) whole[i] = stage[i];
        own = all;
      }
      to.push_back(own);
    }
    if (at != stage.size()) return graph::none;
    if (expands) v = expanded(v, whole, scores);
    if (v == graph::none) return v;
    to.insert(to.end(), scores.begin(), scores.end());
    return add_reshape(p_, v, to, origins_);
  }

  // v expanded to [whole..., scores...], of which the first dimension may be one of the target's
  // first, divided by numbers.
  ValueId expanded(ValueId v, SymShape whole, const SymShape& scores) {
    whole.insert(whole.end(), scores.begin(), scores.end());
    std::vector<int64_t> rest;
    for (const Dim& d : whole) rest.push_back(d.const_value().value_or(0));
    if (std::find(rest.begin() + 1, rest.end(), 0) != rest.end()) return graph::none;
    if (rest[0] > 0) return node("Expand", {v, p_->constant(list(rest), "shape")});
    const auto times = exact_div(target_[0], whole[0]);
    if (!times || !times->is_const() || times->value() < 1) return graph::none;
    Node gather;
    gather.op = "Gather";
    gather.inputs = {node("Shape", {q_}), p_->constant(list({0}), "first")};
    const ValueId first = p_->add(std::move(gather), origins_);
    const ValueId batch = node("Div", {first, p_->constant(list({times->value()}), "times")});
    rest.erase(rest.begin());
    Node shape;
    shape.op = "Concat";
    shape.inputs = {batch, p_->constant(list(rest), "rest")};
    shape.attributes.set("axis", int64_t{0});
    return node("Expand", {v, p_->add(std::move(shape), origins_)});
  }

  static constexpr double lost_for_good = -1e9;

  const Graph& g_;
  const SymShape& target_;
  ValueId q_;
  const std::vector<NodeId>& origins_;
  Patch* p_;
};

}  // namespace

ValueId regrouped(const Graph& g, const MaskPart& part, const SymShape& target, ValueId q,
                  const std::vector<NodeId>& origins, Patch* p) {
  return MaskMaker(g, target, q, origins, p).as_it_is(part);
}

std::optional<Mask> one_mask(const Graph& g, const std::vector<MaskPart>& parts,
                             const SymShape& target, ValueId q, const std::vector<NodeId>& origins,
                             Patch* p) {
  return MaskMaker(g, target, q, origins, p).make(parts);
}

}  // namespace hone::passes
