// GroupQueryAttention of com.microsoft: what exporters of language models write for attention with
// a cache. Several heads of queries share one of keys and values.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

// Inputs.
enum In : size_t {
  query,
  key,
  value,
  past_key,
  past_value,
  lengths,
  longest,
  cosines,
  sines,
  positions,
  bias,
  sinks,
  key_scale,
  value_scale,
  query_norm,
  key_norm
};

struct Sizes {
  int64_t heads = 0, kv_heads = 0;
  bool packed = false;  // query holds keys and values too
};
Result<Sizes> sizes_of(const Node& node, bool packed) {
  Sizes s;
  s.heads = node.attributes.i("num_heads", 0);
  s.kv_heads = node.attributes.i("kv_num_heads", 0);
  s.packed = packed;
  if (s.heads < 1 || s.kv_heads < 1 || s.heads > INT32_MAX || s.heads % s.kv_heads != 0) {
    return invalid(fmt::format("num_heads {} and kv_num_heads {}", s.heads, s.kv_heads));
  }
  return s;
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, query));
  HONE_RETURN_IF_ERROR(check_rank(ctx, query, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, past_key, 4, 4));
  HONE_ASSIGN(const Sizes s, sizes_of(ctx.node(), !ctx.has_input(key)));
  const DType t = ctx.in(query).dtype;
  for (size_t i = 0; i < 4; ++i) ctx.set_unranked(i, t);
  if (!ctx.has_rank(query)) return {};
  const SymShape& q = ctx.shape(query);
  const Dim size = floor_div(q[2], Dim(s.packed ? s.heads + 2 * s.kv_heads : s.heads));
  ctx.set(0, t, {q[0], q[1], s.packed ? size * Dim(s.heads) : q[2]});
  for (size_t i = 1; i < 3; ++i) {
    ctx.set(i, t, {q[0], Dim(s.kv_heads), ctx.unknown(i, 2), size});
  }
  return {};
}

// What one node computes on.
struct Task {
  Sizes heads;
  int64_t batch = 0, steps = 0, size = 0;  // of a head
  int64_t past = 0, room = 0;              // positions of the given cache, of the new one
  int64_t cache_pairs = 0, cache_rows = 0;
  std::vector<double> q, k, v;  // [batch, steps, heads, size]
  std::vector<double> cos, sin, keys, values, bias, sinks;
  Dims bias_dims;
  std::vector<int64_t> lengths, positions;
  bool prompt = false;

  // Positions that lie before the new steps.
  int64_t before(int64_t b) const {
    return prompt ? 0 : lengths[static_cast<size_t>(b)] + 1 - steps;
  }
  int64_t position(int64_t b, int64_t s) const {
    if (!positions.empty()) {
      const bool first = static_cast<int64_t>(positions.size()) != batch * steps;
      return first ? positions.front() + s : positions[static_cast<size_t>(b * steps + s)];
    }
    return before(b) + s;
  }
};

Status unsupported_forms(const RefContext& ctx) {
  const graph::Attributes& a = ctx.node().attributes;
  if (ctx.has_input(key_scale) || ctx.has_input(value_scale) ||
      a.s("k_quant_type", "NONE") != "NONE" || a.s("v_quant_type", "NONE") != "NONE") {
    return unsupported("a quantised cache");
  }
  if (a.i("sliding_window_cache", 0) != 0) return unsupported("a cache of one window");
  if (a.i("qk_output", 0) != 0 || ctx.has_output(3)) return unsupported("the product as an output");
  return {};
}

// Columns of rows [batch * steps, all].
std::vector<double> columns(const std::vector<double>& from, int64_t all, int64_t begin,
                            int64_t count) {
  std::vector<double> to;
  for (size_t row = 0; row < from.size(); row += static_cast<size_t>(all)) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(row) + begin;
    to.insert(to.end(), first, first + count);
  }
  return to;
}

Status read_operands(const RefContext& ctx, Task* t) {
  const Dims& d = ctx.in(query).dims();
  t->batch = d[0];
  t->steps = d[1];
  const int64_t parts = t->heads.heads + (t->heads.packed ? 2 * t->heads.kv_heads : 0);
  t->size = d[2] / parts;
  if (t->size < 1 || d[2] != parts * t->size) return error(Code::shape_mismatch, "the heads' size");
  const int64_t kv = t->heads.kv_heads * t->size;
  const std::vector<double> q = load<double>(ctx.in(query));
  if (t->heads.packed) {
    const int64_t own = t->heads.heads * t->size;
    t->q = columns(q, d[2], 0, own);
    t->k = columns(q, d[2], own, kv);
    t->v = columns(q, d[2], own + kv, kv);
    return {};
  }
  t->q = q;
  for (size_t i : {+key, +value}) {
    if (!ctx.has_input(i) || ctx.in(i).dims() != Dims{t->batch, t->steps, kv}) {
      return error(Code::shape_mismatch, "keys or values that are not as many as the queries");
    }
  }
  t->k = load<double>(ctx.in(key));
  t->v = load<double>(ctx.in(value));
  return {};
}

Status read_cache(const RefContext& ctx, Task* t) {
  t->lengths = ints_of(ctx.in(lengths));
  HONE_ASSIGN(const int64_t total, scalar_int(ctx, longest));
  if (static_cast<int64_t>(t->lengths.size()) != t->batch) {
    return error(Code::shape_mismatch, "seqlens_k");
  }
  t->prompt = t->steps == total;
  for (int64_t n : t->lengths) {
    const bool fits = n >= 0 && n < total && (t->prompt || n + 1 >= t->steps);
    if (!fits) return invalid(fmt::format("seqlens_k of {} in {}", n, total));
  }
  if (ctx.has_input(past_key) != ctx.has_input(past_value)) return invalid("half a cache");
  if (ctx.has_input(past_key)) {
    t->past = ctx.in(past_key).rank() == 4 ? ctx.in(past_key).dims()[2] : -1;
    const Dims want = {t->batch, t->heads.kv_heads, t->past, t->size};
    if (ctx.in(past_key).dims() != want || ctx.in(past_value).dims() != want) {
      return error(Code::shape_mismatch, "the cache");
    }
  }
  t->room = std::max(t->past, total);
  const Dims dims = {t->batch, t->heads.kv_heads, t->room, t->size};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  t->keys.assign(static_cast<size_t>(element_count(dims)), 0.0);
  t->values = t->keys;
  for (int64_t b = 0; b < t->batch; ++b) {
    if (t->before(b) > t->past) return invalid("the cache is shorter than seqlens_k says");
  }
  return {};
}

Status read_rest(const RefContext& ctx, Task* t) {
  if (ctx.node().attributes.i("do_rotary", 0) != 0) {
    for (size_t i : {+cosines, +sines}) {
      if (!ctx.has_input(i) || ctx.in(i).rank() != 2) return invalid("caches of rotations");
    }
    if (ctx.in(cosines).dims() != ctx.in(sines).dims()) return invalid("caches of rotations");
    t->cache_rows = ctx.in(cosines).dims()[0];
    t->cache_pairs = ctx.in(cosines).dims()[1];
    if (2 * t->cache_pairs > t->size) return error(Code::shape_mismatch, "caches of rotations");
    t->cos = load<double>(ctx.in(cosines));
    t->sin = load<double>(ctx.in(sines));
  }
  if (ctx.has_input(positions)) t->positions = ints_of(ctx.in(positions));
  if (ctx.has_input(bias)) {
    t->bias = load<double>(ctx.in(bias));
    t->bias_dims = ctx.in(bias).dims();
    const bool fits = t->bias_dims.size() == 4 && t->bias_dims[2] == t->steps &&
                      (t->bias_dims[0] == 1 || t->bias_dims[0] == t->batch) &&
                      (t->bias_dims[1] == 1 || t->bias_dims[1] == t->heads.heads);
    if (!fits) return error(Code::shape_mismatch, "attention_bias");
  }
  if (ctx.has_input(sinks)) {
    t->sinks = load<double>(ctx.in(sinks));
    if (static_cast<int64_t>(t->sinks.size()) != t->heads.heads) return invalid("head_sink");
  }
  return {};
}

// Each head's vector over its root mean square, times the weights.
Status normalise(const RefContext& ctx, size_t weights, int64_t size, std::vector<double>* x) {
  if (!ctx.has_input(weights)) return {};
  const std::vector<double> w = load<double>(ctx.in(weights));
  if (static_cast<int64_t>(w.size()) != size) return error(Code::shape_mismatch, "the norm");
  const auto epsilon = static_cast<double>(ctx.node().attributes.f("qk_norm_epsilon", 1e-6f));
  for (size_t at = 0; at < x->size(); at += w.size()) {
    double sum = 0;
    for (size_t i = 0; i < w.size(); ++i) sum += (*x)[at + i] * (*x)[at + i];
    const double by = 1 / std::sqrt(sum / static_cast<double>(w.size()) + epsilon);
    for (size_t i = 0; i < w.size(); ++i) (*x)[at + i] *= by * w[i];
  }
  return {};
}

Status rotate(const Task& t, int64_t heads, bool interleaved, std::vector<double>* x) {
  if (t.cos.empty()) return {};
  const int64_t half = t.cache_pairs;
  for (int64_t row = 0; row < t.batch * t.steps; ++row) {
    const int64_t b = row / t.steps, s = row % t.steps;
    int64_t at = t.position(b, s);
    // A step of padding behind a short prompt: what becomes of it nobody reads.
    if (t.positions.empty() && at > t.lengths[static_cast<size_t>(b)]) at = 0;
    if (at < 0 || at >= t.cache_rows) return invalid(fmt::format("position {}", at));
    for (int64_t h = 0; h < heads; ++h) {
      double* v = x->data() + (row * heads + h) * t.size;
      for (int64_t i = 0; i < half; ++i) {
        double &re = v[interleaved ? 2 * i : i], &im = v[interleaved ? 2 * i + 1 : i + half];
        const double c = t.cos[static_cast<size_t>(at * half + i)];
        const double z = t.sin[static_cast<size_t>(at * half + i)];
        const double turned = re * c - im * z;
        im = re * z + im * c;
        re = turned;
      }
    }
  }
  return {};
}

// The new cache [batch, kv_heads, room, size]: what was there, and the new steps behind it.
std::vector<double> extend(const Task& t, const std::vector<double>& given,
                           const std::vector<double>& fresh) {
  std::vector<double> out(t.keys.size(), 0.0);
  for (int64_t b = 0; b < t.batch; ++b) {
    for (int64_t h = 0; h < t.heads.kv_heads; ++h) {
      double* to = out.data() + (b * t.heads.kv_heads + h) * t.room * t.size;
      if (!given.empty()) {
        const double* from = given.data() + (b * t.heads.kv_heads + h) * t.past * t.size;
        std::copy(from, from + t.before(b) * t.size, to);
      }
      for (int64_t s = 0; s < t.steps; ++s) {
        const double* from = fresh.data() + ((b * t.steps + s) * t.heads.kv_heads + h) * t.size;
        std::copy(from, from + t.size, to + (t.before(b) + s) * t.size);
      }
    }
  }
  return out;
}

struct Rules {
  double scale = 1, softcap = 0;
  int64_t window = -1;
  bool causal = true, smooth = false;
};

// Weights of the keys [first, end) for one query; softmax with a sink's share where there is one.
std::vector<double> weigh(const Task& t, const Rules& r, int64_t b, int64_t h, int64_t s,
                          int64_t first, int64_t end) {
  const int64_t shared = h / (t.heads.heads / t.heads.kv_heads);
  const double* q = t.q.data() + ((b * t.steps + s) * t.heads.heads + h) * t.size;
  const double* k = t.keys.data() + (b * t.heads.kv_heads + shared) * t.room * t.size;
  std::vector<double> w;
  const double sink = t.sinks.empty() ? 0 : t.sinks[static_cast<size_t>(h)];
  const bool has_sink = r.smooth || !t.sinks.empty();
  double most = has_sink ? sink : -std::numeric_limits<double>::infinity();
  for (int64_t at = first; at < end; ++at) {
    double sum = 0;
    for (int64_t i = 0; i < t.size; ++i) sum += q[i] * k[at * t.size + i];
    sum *= r.scale;
    if (r.softcap > 0) sum = r.softcap * std::tanh(sum / r.softcap);
    if (!t.bias.empty()) {
      const int64_t rows =
          (t.bias_dims[0] == 1 ? 0 : b) * t.bias_dims[1] + (t.bias_dims[1] == 1 ? 0 : h);
      const int64_t place = (rows * t.steps + s) * t.bias_dims[3] + at;
      if (at < t.bias_dims[3]) sum += t.bias[static_cast<size_t>(place)];
    }
    most = std::max(most, sum);
    w.push_back(sum);
  }
  double total = has_sink ? std::exp(sink - most) : 0;
  for (double& v : w) total += v = std::exp(v - most);
  for (double& v : w) v /= total;
  return w;
}

std::vector<double> attend(const Task& t, const Rules& r) {
  std::vector<double> y(t.q.size(), 0.0);
  for (int64_t b = 0; b < t.batch; ++b) {
    for (int64_t h = 0; h < t.heads.heads; ++h) {
      const int64_t shared = h / (t.heads.heads / t.heads.kv_heads);
      const double* v = t.values.data() + (b * t.heads.kv_heads + shared) * t.room * t.size;
      for (int64_t s = 0; s < t.steps; ++s) {
        const int64_t known = t.lengths[static_cast<size_t>(b)] + 1;
        const int64_t end = r.causal ? std::min(known, t.before(b) + s + 1) : known;
        const int64_t first = r.window > 0 ? std::max<int64_t>(0, end - r.window) : 0;
        const std::vector<double> w = weigh(t, r, b, h, s, first, end);
        double* to = y.data() + ((b * t.steps + s) * t.heads.heads + h) * t.size;
        for (int64_t at = first; at < end; ++at) {
          for (int64_t i = 0; i < t.size; ++i) {
            to[i] += w[static_cast<size_t>(at - first)] * v[at * t.size + i];
          }
        }
      }
    }
  }
  return y;
}

Status run(RefContext& ctx) {
  const Node& node = ctx.node();
  const graph::Attributes& a = node.attributes;
  HONE_RETURN_IF_ERROR(need_float(node, ctx.in(query)));
  HONE_RETURN_IF_ERROR(unsupported_forms(ctx));
  if (ctx.in(query).rank() != 3) return error(Code::shape_mismatch, "the query's rank");
  for (size_t i : {+lengths, +longest}) {
    if (!ctx.has_input(i)) return invalid("seqlens_k or total_sequence_length is missing");
  }
  Task t;
  HONE_ASSIGN(t.heads, sizes_of(node, !ctx.has_input(key)));
  HONE_RETURN_IF_ERROR(read_operands(ctx, &t));
  HONE_RETURN_IF_ERROR(read_cache(ctx, &t));
  HONE_RETURN_IF_ERROR(read_rest(ctx, &t));
  HONE_RETURN_IF_ERROR(normalise(ctx, query_norm, t.size, &t.q));
  HONE_RETURN_IF_ERROR(normalise(ctx, key_norm, t.size, &t.k));
  const bool interleaved = a.i("rotary_interleaved", 0) != 0;
  HONE_RETURN_IF_ERROR(rotate(t, t.heads.heads, interleaved, &t.q));
  HONE_RETURN_IF_ERROR(rotate(t, t.heads.kv_heads, interleaved, &t.k));
  const bool cached = ctx.has_input(past_key);
  t.keys = extend(t, cached ? load<double>(ctx.in(past_key)) : std::vector<double>(), t.k);
  t.values = extend(t, cached ? load<double>(ctx.in(past_value)) : std::vector<double>(), t.v);
  Rules r;
  const float scale = a.f("scale", 0);
  r.scale = scale != 0 ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(t.size));
  r.softcap = static_cast<double>(a.f("softcap", 0));
  r.window = a.i("local_window_size", -1);
  r.causal = a.i("causal", 1) != 0;
  r.smooth = a.i("smooth_softmax", 0) > 0;
  const DType type = ctx.in(query).dtype();
  ctx.set(0, store(type, {t.batch, t.steps, t.heads.heads * t.size}, attend(t, r)));
  const Dims dims = {t.batch, t.heads.kv_heads, t.room, t.size};
  if (ctx.has_output(1)) ctx.set(1, store(type, dims, t.keys));
  if (ctx.has_output(2)) ctx.set(2, store(type, dims, t.values));
  return {};
}

constexpr AttrSpec attrs[] = {{"causal", AttrType::i},
                              {"do_rotary", AttrType::i},
                              {"k_quant_type", AttrType::s},
                              {"kv_cache_bit_width", AttrType::i},
                              {"kv_num_heads", AttrType::i, true},
                              {"local_window_size", AttrType::i},
                              {"num_heads", AttrType::i, true},
                              {"qk_norm_epsilon", AttrType::f},
                              {"qk_output", AttrType::i},
                              {"rotary_interleaved", AttrType::i},
                              {"scale", AttrType::f},
                              {"sliding_window_cache", AttrType::i},
                              {"smooth_softmax", AttrType::i},
                              {"softcap", AttrType::f},
                              {"v_quant_type", AttrType::s}};
const OpDef defs[] = {
    {microsoft, "GroupQueryAttention", 1, 1, 16, 1, 4, attrs, infer, run, nullptr, 1e-4}};

}  // namespace

std::span<const OpDef> contrib_gqa_defs() { return defs; }

}  // namespace hone::ops
