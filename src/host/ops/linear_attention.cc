// LinearAttention, CausalConvWithState: layers with a state instead of a cache.
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- LinearAttention ----------------------------------------------------------------------------

struct Rule {
  bool gated, delta;
};
Result<Rule> rule_of(const Node& node) {
  const std::string text = node.attributes.s("update_rule", "gated_delta");
  if (text == "linear") return Rule{false, false};
  if (text == "gated") return Rule{true, false};
  if (text == "delta") return Rule{false, true};
  if (text == "gated_delta") return Rule{true, true};
  return invalid(fmt::format("update_rule is '{}'", text));
}

Result<std::pair<int64_t, int64_t>> head_counts(const Node& node) {
  const int64_t q = node.attributes.i("q_num_heads", 0), kv = node.attributes.i("kv_num_heads", 0);
  if (q >= 1 && kv >= 1 && q <= INT32_MAX && q % kv == 0) return std::pair(q, kv);
  return invalid(fmt::format("q_num_heads is {}, kv_num_heads {}", q, kv));
}

Status infer_linear(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(rule_of(ctx.node()).status());
  HONE_ASSIGN(const auto heads, head_counts(ctx.node()));
  for (size_t i = 0; i < 3; ++i) HONE_RETURN_IF_ERROR(check_rank(ctx, i, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 4, 4));
  const DType t = ctx.in(0).dtype;
  const DType state = ctx.in(3).dtype != DType::none ? ctx.in(3).dtype : t;
  if (!ctx.has_rank(0) || !ctx.has_rank(2)) {
    ctx.set_unranked(0, t);
    ctx.set_unranked(1, state);
    return {};
  }
  const SymShape &q = ctx.shape(0), &v = ctx.shape(2);
  const Dim k_size = floor_div(q[2], Dim(heads.first));
  const Dim v_size = floor_div(v[2], Dim(heads.second));
  ctx.set(0, t, {q[0], q[1], v_size * Dim(heads.first)});
  ctx.set(1, state, {q[0], Dim(heads.second), k_size, v_size});
  return {};
}

struct Linear {
  Rule rule;
  int64_t batch, steps, q_heads, heads, k_size, v_size;
  std::vector<double> q, k, v, state, decay, beta;
  double scale;

  double of(const std::vector<double>& from, int64_t n, int64_t t, int64_t h, int64_t d,
            int64_t heads_of, int64_t size) const {
    return from[static_cast<size_t>(((n * steps + t) * heads_of + h) * size + d)];
  }
  double gate(int64_t n, int64_t t, int64_t h, int64_t d) const {
    const int64_t size = static_cast<int64_t>(decay.size()) / (batch * steps * heads);
    return std::exp(of(decay, n, t, h, size == 1 ? 0 : d, heads, size));
  }
  double rate(int64_t n, int64_t t, int64_t h) const {
    const int64_t given = static_cast<int64_t>(beta.size()) / (batch * steps);
    return of(beta, n, t, given == 1 ? 0 : h, 0, given, 1);
  }

  void update(int64_t n, int64_t t, int64_t h) {
    double* s = state.data() + (n * heads + h) * k_size * v_size;
    for (int64_t d = 0; d < k_size && rule.gated; ++d) {
      for (int64_t m = 0; m < v_size; ++m) s[d * v_size + m] *= gate(n, t, h, d);
    }
    for (int64_t m = 0; m < v_size; ++m) {
      double value = of(v, n, t, h, m, heads, v_size);
      if (rule.delta) {
        for (int64_t d = 0; d < k_size; ++d) {
          value -= s[d * v_size + m] * of(k, n, t, h, d, heads, k_size);
        }
        value *= rate(n, t, h);
      }
      for (int64_t d = 0; d < k_size; ++d) {
        s[d * v_size + m] += of(k, n, t, h, d, heads, k_size) * value;
      }
    }
  }

  double read(int64_t n, int64_t t, int64_t h, int64_t m) const {
    const double* s = state.data() + (n * heads + h / (q_heads / heads)) * k_size * v_size;
    double sum = 0;
    for (int64_t d = 0; d < k_size; ++d) {
      sum += of(q, n, t, h, d, q_heads, k_size) * s[d * v_size + m];
    }
    return scale * sum;
  }
};

Result<Linear> linear_of(const RefContext& ctx) {
  const Tensor &q = ctx.in(0), &k = ctx.in(1), &v = ctx.in(2);
  Linear l;
  HONE_ASSIGN(l.rule, rule_of(ctx.node()));
  HONE_ASSIGN(const auto heads, head_counts(ctx.node()));
  std::tie(l.q_heads, l.heads) = heads;
  if (q.rank() != 3 || k.rank() != 3 || v.rank() != 3) {
    return error(Code::shape_mismatch, "query, key or value is not of rank 3");
  }
  l.batch = q.dims()[0];
  l.steps = q.dims()[1];
  l.k_size = q.dims()[2] / l.q_heads;
  l.v_size = v.dims()[2] / l.heads;
  const bool fits = q.dims()[2] == l.k_size * l.q_heads && l.k_size > 0 &&
                    k.dims() == Dims{l.batch, l.steps, l.heads * l.k_size} &&
                    v.dims() == Dims{l.batch, l.steps, l.heads * l.v_size};
  if (!fits) return error(Code::shape_mismatch, "query, key and value do not fit");
  const Dims state{l.batch, l.heads, l.k_size, l.v_size};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, state));
  l.state.assign(static_cast<size_t>(element_count(state)), 0.0);
  if (ctx.has_input(3)) {
    if (ctx.in(3).dims() != state) return error(Code::shape_mismatch, "past_state does not fit");
    l.state = load<double>(ctx.in(3));
  }
  if (l.rule.gated != ctx.has_input(4) || l.rule.delta != ctx.has_input(5)) {
    return invalid("decay or beta is missing, or given to a rule without");
  }
  const int64_t rows = l.batch * l.steps;
  if (l.rule.gated) l.decay = load<double>(ctx.in(4));
  if (l.rule.delta) l.beta = load<double>(ctx.in(5));
  const auto is = [rows](const std::vector<double>& v, int64_t columns) {
    return static_cast<int64_t>(v.size()) == rows * columns;
  };
  if ((l.rule.gated && !is(l.decay, l.heads) && !is(l.decay, l.heads * l.k_size)) ||
      (l.rule.delta && !is(l.beta, l.heads) && !is(l.beta, 1))) {
    return error(Code::shape_mismatch, "decay or beta does not fit");
  }
  l.scale = static_cast<double>(ctx.node().attributes.f("scale", 0));
  if (l.scale == 0) l.scale = 1 / std::sqrt(static_cast<double>(l.k_size));
  l.q = load<double>(q);
  l.k = load<double>(k);
  l.v = load<double>(v);
  return l;
}

Status linear(RefContext& ctx) {
  HONE_ASSIGN(Linear l, linear_of(ctx));
  std::vector<double> y(static_cast<size_t>(l.batch * l.steps * l.q_heads * l.v_size));
  for (int64_t n = 0; n < l.batch; ++n) {
    for (int64_t t = 0; t < l.steps; ++t) {
      for (int64_t h = 0; h < l.heads; ++h) l.update(n, t, h);
      for (int64_t i = 0; i < l.q_heads * l.v_size; ++i) {
        y[static_cast<size_t>((n * l.steps + t) * l.q_heads * l.v_size + i)] =
            l.read(n, t, i / l.v_size, i % l.v_size);
      }
    }
  }
  const DType t = ctx.in(0).dtype();
  ctx.set(0, store(t, {l.batch, l.steps, l.q_heads * l.v_size}, y));
  ctx.set(1, store(ctx.has_input(3) ? ctx.in(3).dtype() : t, {l.batch, l.heads, l.k_size, l.v_size},
                   l.state));
  return {};
}

double linear_flops(const Graph& graph, const Node& node) {
  const ValueId v = node.input(2);
  const int64_t heads = node.attributes.i("kv_num_heads", 1);
  if (v == graph::none || !graph.fact(v).has_rank() || graph.fact(v).rank() != 3 || heads < 1) {
    return 0;
  }
  const Dim& columns = (*graph.fact(v).shape)[2];
  return 6 * input_elements(graph, node, 1) *
         (columns.is_const() ? static_cast<double>(columns.value() / heads) : 1);
}

// --- CausalConvWithState ------------------------------------------------------------------------

Result<bool> is_silu(const Node& node) {
  const std::string text = node.attributes.s("activation", "none");
  if (text == "silu" || text == "swish") return true;
  if (text == "none") return false;
  return invalid(fmt::format("activation is '{}'", text));
}

Status infer_conv(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(is_silu(ctx.node()).status());
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 3, 3));
  HONE_RETURN_IF_ERROR(infer_same_float(ctx));
  if (ctx.has_rank(0) && ctx.has_rank(1)) {
    const Dim past = ctx.shape(1)[2] - Dim(1);
    if (past.is_const() && past.value() < 0) return error(Code::shape_mismatch, "an empty kernel");
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[1], ctx.shape(1)[0], "channels and filters"));
    ctx.set(1, ctx.in(0).dtype, {ctx.shape(0)[0], ctx.shape(0)[1], past});
  } else {
    ctx.set_unranked(1, ctx.in(0).dtype);
  }
  return {};
}

Status conv(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &w = ctx.in(1);
  HONE_ASSIGN(const bool silu, is_silu(ctx.node()));
  if (x.rank() != 3 || w.rank() != 3 || w.dims()[0] != x.dims()[1] || w.dims()[1] != 1 ||
      w.dims()[2] < 1) {
    return error(Code::shape_mismatch, "the weight does not fit the input");
  }
  const int64_t planes = x.dims()[0] * x.dims()[1], length = x.dims()[2], taps = w.dims()[2];
  const Dims past_dims{x.dims()[0], x.dims()[1], taps - 1};
  std::vector<double> past(static_cast<size_t>(planes * (taps - 1)), 0.0), bias, y, kept;
  if (ctx.has_input(3)) {
    if (ctx.in(3).dims() != past_dims) return error(Code::shape_mismatch, "the state");
    past = load<double>(ctx.in(3));
  }
  if (ctx.has_input(2)) {
    bias = load<double>(ctx.in(2));
    if (static_cast<int64_t>(bias.size()) != x.dims()[1]) {
      return error(Code::shape_mismatch, "the bias does not have the channels' size");
    }
  }
  const std::vector<double> xs = load<double>(x), ws = load<double>(w);
  for (int64_t p = 0; p < planes; ++p) {
    const int64_t c = p % x.dims()[1];
    std::vector<double> line(past.begin() + p * (taps - 1), past.begin() + (p + 1) * (taps - 1));
    line.insert(line.end(), xs.begin() + p * length, xs.begin() + (p + 1) * length);
    for (int64_t i = 0; i < length; ++i) {
      double sum = bias.empty() ? 0 : bias[static_cast<size_t>(c)];
      for (int64_t k = 0; k < taps; ++k) {
        sum += line[static_cast<size_t>(i + k)] * ws[static_cast<size_t>(c * taps + k)];
      }
      y.push_back(silu ? sum / (1 + std::exp(-sum)) : sum);
    }
    kept.insert(kept.end(), line.end() - (taps - 1), line.end());
  }
  ctx.set(0, store(x.dtype(), x.dims(), y));
  ctx.set(1, store(x.dtype(), past_dims, kept));
  return {};
}

double conv_flops(const Graph& graph, const Node& node) {
  const ValueId w = node.input(1);
  if (w == graph::none || !graph.fact(w).has_rank() || graph.fact(w).rank() != 3) return 0;
  const Dim& taps = (*graph.fact(w).shape)[2];
  return 2 * output_elements(graph, node) *
         (taps.is_const() ? static_cast<double>(taps.value()) : 1);
}

constexpr AttrSpec linear_attrs[] = {{"chunk_size", AttrType::i},
                                     {"kv_num_heads", AttrType::i, true},
                                     {"q_num_heads", AttrType::i, true},
                                     {"scale", AttrType::f},
                                     {"update_rule", AttrType::s}};
constexpr AttrSpec conv_attrs[] = {{"activation", AttrType::s}};
const OpDef defs[] = {
    {"", "LinearAttention", 27, 3, 6, 2, 2, linear_attrs, infer_linear, linear, linear_flops, 1e-4},
    {"", "CausalConvWithState", 27, 2, 4, 2, 2, conv_attrs, infer_conv, conv, conv_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> linear_attention_defs() { return defs; }

}  // namespace hone::ops
