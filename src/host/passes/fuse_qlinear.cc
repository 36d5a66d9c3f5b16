// fuse_qlinear: a convolution or sum between DequantizeLinear and QuantizeLinear is the integer
// operator, as every runtime executes it: sums of integers are exact, so that the one rounding at
// the end falls alike everywhere.

#include <cmath>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// x = (q - zero) scale with a constant scale, and the node that says so.
struct Quantised {
  const Node* node = nullptr;
  const Tensor* scale = nullptr;
  const Tensor* zero = nullptr;  // nullptr: 0
};

bool is_byte(const Graph& g, ValueId v) {
  return g.fact(v).dtype == DType::u8 || g.fact(v).dtype == DType::i8;
}

// The scale and zero point of QuantizeLinear or DequantizeLinear `n`; one for all unless by axis 0.
std::optional<Quantised> scale_of(const Graph& g, const Node* n, bool by_filter) {
  if (n == nullptr || n->attributes.i("block_size", 0) != 0) return std::nullopt;
  Quantised q{n, g.constant(n->input(1)), g.constant(n->input(2))};
  if (q.scale == nullptr || q.scale->dtype() != DType::f32) return std::nullopt;
  if (n->input(2) != graph::none && q.zero == nullptr) return std::nullopt;
  const bool filters = by_filter && q.scale->rank() == 1 && n->attributes.i("axis", 1) == 0;
  if (q.scale->count() != 1 && !filters) return std::nullopt;
  if (q.scale->rank() > 1) return std::nullopt;
  return q;
}

std::optional<Quantised> dequantised(const Graph& g, ValueId v, bool by_filter = false) {
  const Node* n = v == graph::none ? nullptr : g.producer_of(v);
  if (n == nullptr || !n->is("DequantizeLinear") || !is_byte(g, n->input(0))) return std::nullopt;
  return g.fact(v).dtype == DType::f32 ? scale_of(g, n, by_filter) : std::nullopt;
}

// Scale and zero point as inputs of the integer operator, which must have both.
void add_scale(Patch& p, const Quantised& q, DType integers, Node& made) {
  made.inputs.push_back(q.node->input(1));
  if (q.zero != nullptr) {
    made.inputs.push_back(q.node->input(2));
    return;
  }
  Tensor zero(integers, q.scale->dims());
  for (int64_t i = 0; i < zero.count(); ++i) zero.set(i, 0);
  made.inputs.push_back(p.constant(std::move(zero), label(*q.node) + "_zero"));
}

// The integers of a bias whose scale is that of the products; nullopt: there is no such bias.
std::optional<ValueId> integer_bias(const Graph& g, const Node& conv, const Quantised& x,
                                    const Quantised& w) {
  const Node* n = g.producer_of(conv.input(2));
  if (n == nullptr || !n->is("DequantizeLinear")) return std::nullopt;
  const Tensor *scale = g.constant(n->input(1)), *bias = g.constant(n->input(0));
  if (bias == nullptr || scale == nullptr || bias->dtype() != DType::i32) return std::nullopt;
  if (scale->count() != 1 && scale->count() != w.scale->count()) return std::nullopt;
  const Tensor* zero = g.constant(n->input(2));
  if (n->input(2) != graph::none && zero == nullptr) return std::nullopt;
  for (int64_t i = 0; zero != nullptr && i < zero->count(); ++i) {
    if (zero->at(i) != 0) return std::nullopt;
  }
  for (int64_t i = 0; i < w.scale->count(); ++i) {
    const double want = x.scale->at(0) * w.scale->at(i);
    const double given = scale->at(scale->count() == 1 ? 0 : i);
    if (std::abs(given - want) > 1e-5 * want) return std::nullopt;
  }
  return n->input(0);
}

// Whether quantising does what a Relu or Clip before it does: its ends are the type's ends.
bool saturates_alike(const Graph& g, const Quantised& y, const Node& n) {
  double ends[2] = {0, HUGE_VAL};
  if (n.is("Clip")) {
    ends[0] = -HUGE_VAL;
    const char* names[] = {"min", "max"};
    for (size_t i : {size_t{0}, size_t{1}}) {
      if (n.version < 11 && n.attributes.has(names[i])) {
        ends[i] = static_cast<double>(n.attributes.f(names[i], 0));
      } else if (n.version >= 11 && n.input(i + 1) != graph::none) {
        const auto bound = scalar(g, n.input(i + 1));
        if (!bound) return false;
        ends[i] = *bound;
      }
    }
  } else if (!n.is("Relu")) {
    return false;
  }
  const bool u8 = g.fact(y.node->output(0)).dtype == DType::u8;
  const double zero = y.zero != nullptr ? y.zero->at(0) : 0, scale = y.scale->at(0);
  return std::nearbyint(ends[0] / scale) + zero <= (u8 ? 0 : -128) &&
         std::nearbyint(ends[1] / scale) + zero >= (u8 ? 255 : 127);
}

// Replaces `last` (the QuantizeLinear) and `middle`, and what dequantised for them alone.
void finish(const Graph& g, Patch& p, NodeId last, NodeId middle, Node made,
            std::initializer_list<ValueId> between) {
  const NodeId before = g.value(g.node(last).input(0)).producer;  // middle, or a Clip behind it
  p.set_why(label(g.node(middle)) + " on integers");
  p.replace(g.node(last).output(0), p.add(std::move(made), {middle, last}));
  p.remove(last);
  if (before != middle) p.remove(before);
  p.remove(middle);
  for (ValueId v : between) {
    if (v != graph::none && g.single_use(v) && g.producer_of(v) != nullptr) {
      p.remove(g.value(v).producer);
    }
  }
}

std::optional<Patch> as_conv(const Graph& g, NodeId id, const Quantised& y, NodeId conv_id) {
  const Node& conv = g.node(conv_id);
  const auto x = dequantised(g, conv.input(0)), w = dequantised(g, conv.input(1), true);
  if (!x || !w || g.constant(w->node->input(0)) == nullptr) return std::nullopt;
  ValueId bias = graph::none;
  if (conv.input(2) != graph::none) {
    const auto integers = integer_bias(g, conv, *x, *w);
    if (!integers) return std::nullopt;
    bias = *integers;
  }
  Patch p(g, id);
  Node made = conv;
  made.op = "QLinearConv";
  made.version = 10;
  made.inputs = {x->node->input(0)};
  add_scale(p, *x, g.fact(x->node->input(0)).dtype, made);
  made.inputs.push_back(w->node->input(0));
  add_scale(p, *w, g.fact(w->node->input(0)).dtype, made);
  add_scale(p, y, g.fact(y.node->output(0)).dtype, made);
  if (bias != graph::none) made.inputs.push_back(bias);
  finish(g, p, id, conv_id, std::move(made), {conv.input(0), conv.input(1), conv.input(2)});
  return p;
}

std::optional<Patch> as_sum(const Graph& g, NodeId id, const Quantised& y, NodeId sum_id) {
  const Node& sum = g.node(sum_id);
  const auto a = dequantised(g, sum.input(0)), b = dequantised(g, sum.input(1));
  if (!a || !b || sum.input(0) == sum.input(1)) return std::nullopt;
  // QLinearAdd rounds with the zero point added: a tie falls alike where that is even.
  if (y.zero != nullptr && y.zero->int_at(0) % 2 != 0) return std::nullopt;
  const DType t = g.fact(a->node->input(0)).dtype;
  if (g.fact(b->node->input(0)).dtype != t || g.fact(y.node->output(0)).dtype != t) {
    return std::nullopt;
  }
  Patch p(g, id);
  Node made = sum;
  made.domain = "com.microsoft";
  made.op = "QLinearAdd";
  made.version = 1;
  made.inputs.clear();
  for (const Quantised* q : {&*a, &*b}) {
    made.inputs.push_back(q->node->input(0));
    add_scale(p, *q, t, made);
  }
  add_scale(p, y, t, made);
  finish(g, p, id, sum_id, std::move(made), {sum.input(0), sum.input(1)});
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("QuantizeLinear") || !is_byte(g, n.output(0)) || !g.single_use(n.input(0))) {
    return std::nullopt;
  }
  const auto y = scale_of(g, &n, false);
  ValueId result = n.input(0);
  const Node* middle = g.producer_of(result);
  if (y && middle != nullptr && middle->block == n.block && saturates_alike(g, *y, *middle)) {
    result = middle->input(0);
    middle = g.single_use(result) ? g.producer_of(result) : nullptr;
  }
  if (!y || middle == nullptr || middle->block != n.block) return std::nullopt;
  const NodeId middle_id = g.value(result).producer;
  if (middle->is("Conv")) return as_conv(g, id, *y, middle_id);
  return middle->is("Add") ? as_sum(g, id, *y, middle_id) : std::nullopt;
}

}  // namespace

extern const Pass fuse_qlinear;
const Pass fuse_qlinear{"fuse_qlinear", "compute on integers between quantisations",
                        Stage::engine,  false,
                        propose,        nullptr,
                        false,          true};

}  // namespace hone::passes
