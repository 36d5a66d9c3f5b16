#include "host/passes/quantised.h"

#include <algorithm>
#include <cmath>

#include "host/ops/evaluate.h"

namespace hone::passes {

bool is_byte(const Graph& g, ValueId v) {
  return g.fact(v).dtype == DType::u8 || g.fact(v).dtype == DType::i8;
}
bool is_quantize(const Node& n) { return n.is("QuantizeLinear"); }
bool is_dequantize(const Node& n) { return n.is("DequantizeLinear"); }

std::optional<Quantised> scale_of(const Graph& g, const Node* n, int64_t axis) {
  if (n == nullptr || n->attributes.i("block_size", 0) != 0) return std::nullopt;
  if (n->attributes.i("precision", 0) != 0) return std::nullopt;
  Quantised q{n, g.constant(n->input(1)), g.constant(n->input(2))};
  if (q.scale == nullptr || q.scale->dtype() != DType::f32 || q.scale->rank() > 1) {
    return std::nullopt;
  }
  if (n->input(2) != graph::none && q.zero == nullptr) return std::nullopt;
  if (q.scale->count() == 1) return q;
  const int rank = g.fact(n->input(0)).rank();
  int64_t at = n->attributes.i("axis", 1);
  if (at < 0) at += rank;
  return axis >= 0 && at == axis && q.scale->rank() == 1 ? std::optional(q) : std::nullopt;
}

std::optional<Quantised> dequantised(const Graph& g, ValueId v, int64_t axis) {
  const Node* n = v == graph::none ? nullptr : g.producer_of(v);
  if (n == nullptr || !is_dequantize(*n) || !is_byte(g, n->input(0))) return std::nullopt;
  return g.fact(v).dtype == DType::f32 ? scale_of(g, n, axis) : std::nullopt;
}

std::optional<Quantised> quantises(const Graph& g, const Node& n) {
  if (!is_quantize(n) || !is_byte(g, n.output(0)) || !is_f32(g, n.input(0))) return std::nullopt;
  return scale_of(g, &n);
}

namespace {

DType integers_of(const Graph& g, const Quantised& q) {
  return g.fact(is_quantize(*q.node) ? q.node->output(0) : q.node->input(0)).dtype;
}

}  // namespace

void add_scale(const Graph& g, Patch& p, const Quantised& q, Node& made) {
  made.inputs.push_back(q.node->input(1));
  if (q.zero != nullptr) {
    made.inputs.push_back(q.node->input(2));
    return;
  }
  Tensor zero(integers_of(g, q), q.scale->dims());
  for (int64_t i = 0; i < zero.count(); ++i) zero.set(i, 0);
  made.inputs.push_back(p.constant(std::move(zero), label(*q.node) + "_zero"));
}

ValueId quantize(Patch& p, ValueId v, const Quantised& like, const std::vector<NodeId>& from) {
  Node n = *like.node;
  n.inputs[0] = v;
  return p.add(std::move(n), from);
}

ValueId dequantize(const Graph& g, Patch& p, ValueId v, const Quantised& like,
                   const std::vector<NodeId>& from) {
  Node n;
  n.op = "DequantizeLinear";
  n.version = g.opset() >= 13 ? 13 : 10;
  n.inputs = {v};
  add_scale(g, p, like, n);
  return p.add(std::move(n), from);
}

ByteRange whole_range(const Graph& g, const Quantised& y) {
  const bool u8 = integers_of(g, y) == DType::u8;
  return {u8 ? 0 : -128, u8 ? 255 : 127};
}

std::optional<ByteRange> range_of(const Graph& g, const Quantised& y, const Node& act) {
  double ends[2] = {0, HUGE_VAL};
  if (act.is("Clip")) {
    ends[0] = -HUGE_VAL;
    const char* names[] = {"min", "max"};
    for (size_t i : {size_t{0}, size_t{1}}) {
      if (act.version < 11 && act.attributes.has(names[i])) {
        ends[i] = static_cast<double>(act.attributes.f(names[i], 0));
      } else if (act.version >= 11 && act.input(i + 1) != graph::none) {
        const auto bound = scalar(g, act.input(i + 1));
        if (!bound || std::isnan(*bound)) return std::nullopt;
        ends[i] = *bound;
      }
    }
    if (ends[0] > ends[1]) return std::nullopt;
  } else if (!act.is("Relu")) {
    return std::nullopt;
  }
  const ByteRange all = whole_range(g, y);
  auto byte = [&](double end) {
    const auto quotient = static_cast<float>(end / y.scale->at(0));
    const double v = std::nearbyint(static_cast<double>(quotient)) + y.zero_at(0);
    return static_cast<int32_t>(std::clamp<double>(v, all.lowest, all.highest));
  };
  return ByteRange{byte(ends[0]), byte(ends[1])};
}

std::optional<Clamped> clamped_result(const Graph& g, const Quantised& y) {
  const Node& last = *y.node;
  auto maker = [&](ValueId v) {
    const Node* n = g.single_use(v) ? g.producer_of(v) : nullptr;
    return n != nullptr && n->block == last.block ? g.value(v).producer : graph::none;
  };
  Clamped c{maker(last.input(0)), graph::none, whole_range(g, y)};
  if (c.node == graph::none) return std::nullopt;
  if (const auto range = range_of(g, y, g.node(c.node))) {
    c.act = c.node;
    c.node = maker(g.node(c.act).input(0));
    c.range = *range;
    if (c.node == graph::none) return std::nullopt;
  }
  return c;
}

std::optional<Tensor> constant_bias(const Graph& g, ValueId v) {
  if (const Tensor* t = g.constant(v)) return *t;
  const Node* n = g.producer_of(v);
  if (n == nullptr || !is_dequantize(*n)) return std::nullopt;
  std::vector<Tensor> in;
  for (ValueId i : n->inputs) {
    const Tensor* t = i == graph::none ? nullptr : g.constant(i);
    if (t == nullptr && i != graph::none) return std::nullopt;
    in.push_back(t != nullptr ? *t : Tensor());
  }
  auto out = ops::evaluate_node(g, *n, in);
  return out.ok() ? std::optional((*out)[0]) : std::nullopt;
}

void remove_dequantised(const Graph& g, Patch& p, std::vector<ValueId> values, NodeId reader) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (ValueId v : values) {
    if (v == graph::none || g.is_block_output(v)) continue;
    const Node* n = g.producer_of(v);
    if (n == nullptr || !is_dequantize(*n)) continue;
    if (g.users(v) == std::vector<NodeId>{reader}) p.remove(g.value(v).producer);
  }
}

}  // namespace hone::passes
