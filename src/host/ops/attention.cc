// Attention and RotaryEmbedding.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// --- inference ----------------------------------------------------------------------------------

struct SymHeads {
  Dim batch, heads, steps, size;
};

// [batch, heads, steps, size], or [batch, steps, heads * size] with the attribute's heads.
Result<std::optional<SymHeads>> heads_of(const InferContext& ctx, size_t i, const char* attribute) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, i, 3, 4));
  if (!ctx.has_rank(i)) return std::optional<SymHeads>();
  const SymShape& s = ctx.shape(i);
  if (s.size() == 4) return std::optional(SymHeads{s[0], s[1], s[2], s[3]});
  const int64_t heads = ctx.node().attributes.i(attribute, 0);
  if (heads < 1 || heads > INT32_MAX) return invalid(fmt::format("{} is {}", attribute, heads));
  const std::optional<Dim> size = exact_div(s[2], Dim(heads));
  if (!size && s[2].is_const()) {
    return error(Code::shape_mismatch,
                 fmt::format("{} columns do not divide into {} heads", s[2].value(), heads));
  }
  return std::optional(
      SymHeads{s[0], Dim(heads), s[1], size ? *size : floor_div(s[2], Dim(heads))});
}

void set_unranked_all(InferContext& ctx) {
  const DType t = ctx.in(0).dtype, v = ctx.in(2).dtype;
  ctx.set_unranked(0, t);
  ctx.set_unranked(1, ctx.in(1).dtype);
  ctx.set_unranked(2, v);
  ctx.set_unranked(3, t);
}

Status check_counts(const SymHeads& q, const SymHeads& k, const SymHeads& v) {
  HONE_RETURN_IF_ERROR(check_equal(q.batch, k.batch, "batches of Q and K"));
  HONE_RETURN_IF_ERROR(check_equal(k.batch, v.batch, "batches of K and V"));
  HONE_RETURN_IF_ERROR(check_equal(k.heads, v.heads, "heads of K and V"));
  HONE_RETURN_IF_ERROR(check_equal(k.steps, v.steps, "lengths of K and V"));
  HONE_RETURN_IF_ERROR(check_equal(q.size, k.size, "head sizes of Q and K"));
  if (q.heads.is_const() && k.heads.is_const() && k.heads.value() > 0 &&
      q.heads.value() % k.heads.value() != 0) {
    return error(Code::shape_mismatch, "the heads of Q are no multiple of those of K");
  }
  return {};
}

Status infer_attention(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_ASSIGN(const auto q, heads_of(ctx, 0, "q_num_heads"));
  HONE_ASSIGN(const auto k, heads_of(ctx, 1, "kv_num_heads"));
  HONE_ASSIGN(const auto v, heads_of(ctx, 2, "kv_num_heads"));
  if (!q || !k || !v) {
    set_unranked_all(ctx);
    return {};
  }
  HONE_RETURN_IF_ERROR(check_counts(*q, *k, *v));
  Dim total = k->steps;
  if (ctx.has_input(4)) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, 4, 4, 4));
    total = ctx.has_rank(4) ? total + ctx.shape(4)[2] : ctx.unknown(1, 2);
  }
  const DType t = ctx.in(0).dtype;
  if (ctx.in(0).rank() == 4) {
    ctx.set(0, t, {q->batch, q->heads, q->steps, v->size});
  } else {
    ctx.set(0, t, {q->batch, q->steps, q->heads * v->size});
  }
  ctx.set(1, ctx.in(1).dtype, {k->batch, k->heads, total, k->size});
  ctx.set(2, ctx.in(2).dtype, {v->batch, v->heads, total, v->size});
  ctx.set(3, t, {q->batch, q->heads, q->steps, total});
  return {};
}

// Q K^T and the product with V: as many multiply-adds each.
double attention_flops(const Graph& graph, const Node& node) {
  const ValueId k = node.input(1);
  if (k == graph::none || !graph.fact(k).has_rank() || graph.fact(k).rank() < 3) return 0;
  const SymShape& s = *graph.fact(k).shape;
  const Dim& steps = s[s.size() - 2];
  return 4 * input_elements(graph, node) *
         (steps.is_const() ? static_cast<double>(steps.value()) : 1);
}

// --- reference ----------------------------------------------------------------------------------

struct Heads {
  int64_t batch = 0, heads = 0, steps = 0, size = 0;
  std::vector<double> values;  // [batch, heads, steps, size]
  const double* row(int64_t n, int64_t h, int64_t s) const {
    return values.data() + ((n * heads + h) * steps + s) * size;
  }
  Dims dims() const { return {batch, heads, steps, size}; }
};

Result<Heads> heads_of(const RefContext& ctx, size_t i, const char* attribute) {
  const Tensor& t = ctx.in(i);
  Heads h;
  if (t.rank() == 4) {
    h = {t.dims()[0], t.dims()[1], t.dims()[2], t.dims()[3], load<double>(t)};
    return h;
  }
  const int64_t heads = ctx.node().attributes.i(attribute, 0);
  if (t.rank() != 3 || heads < 1 || t.dims()[2] % heads != 0) {
    return error(Code::shape_mismatch,
                 fmt::format("input {} is {}, with {} heads", i, to_string(t.dims()), heads));
  }
  h = {t.dims()[0], heads, t.dims()[1], t.dims()[2] / heads, {}};
  const std::vector<double> from = load<double>(t);
  for (int64_t n = 0; n < h.batch; ++n) {
    for (int64_t k = 0; k < heads; ++k) {
      for (int64_t s = 0; s < h.steps; ++s) {
        const double* row = from.data() + ((n * h.steps + s) * heads + k) * h.size;
        h.values.insert(h.values.end(), row, row + h.size);
      }
    }
  }
  return h;
}

// The cache in front of what is new.
Result<Heads> after_past(const RefContext& ctx, size_t i, const Heads& fresh) {
  if (!ctx.has_input(i)) return fresh;
  HONE_ASSIGN(const Heads past, heads_of(ctx, i, ""));
  if (past.batch != fresh.batch || past.heads != fresh.heads || past.size != fresh.size) {
    return error(Code::shape_mismatch, "the cache does not fit");
  }
  Heads all = fresh;
  all.steps += past.steps;
  all.values.clear();
  for (int64_t n = 0; n < fresh.batch; ++n) {
    for (int64_t h = 0; h < fresh.heads; ++h) {
      for (const Heads* part : {&past, &fresh}) {
        all.values.insert(all.values.end(), part->row(n, h, 0),
                          part->row(n, h, 0) + part->steps * part->size);
      }
    }
  }
  return all;
}

// What is added to the scores: 0 or -inf, or a mask of floats.
class Bias {
 public:
  static Result<Bias> of(const RefContext& ctx, const Heads& q, int64_t past, int64_t total) {
    Bias b;
    const Node& node = ctx.node();
    b.causal_ = node.attributes.i("is_causal", 0) != 0;
    b.left_ = node.attributes.i("left_window_size", -1);
    b.right_ = node.attributes.i("right_window_size", -1);
    b.offset_.assign(static_cast<size_t>(q.batch), past);
    if (ctx.has_input(6)) {
      b.valid_ = ints_of(ctx.in(6));
      if (static_cast<int64_t>(b.valid_.size()) != q.batch) {
        return error(Code::shape_mismatch, "nonpad_kv_seqlen does not have the batch's size");
      }
      for (size_t n = 0; n < b.valid_.size(); ++n) b.offset_[n] = b.valid_[n] - q.steps;
    }
    if (!ctx.has_input(3)) return b;
    const Tensor& mask = ctx.in(3);
    Dims space{q.batch, q.heads, q.steps, total};
    if (mask.rank() > 0 && mask.dims().back() != 1) space.back() = mask.dims().back();
    HONE_ASSIGN(const Dims both, broadcast_dims(mask.dims(), space));
    if (both != space || space.back() > total) {
      return error(Code::shape_mismatch, fmt::format("the mask is {}", to_string(mask.dims())));
    }
    b.mask_ = load<double>(mask);
    if (mask.dtype() == DType::boolean) {
      for (double& v : b.mask_) v = v != 0 ? 0 : -infinity;
    }
    b.strides_ = broadcast_strides(mask.dims(), space);
    b.masked_ = space.back();
    return b;
  }

  double operator()(int64_t n, int64_t h, int64_t i, int64_t j) const {
    const auto batch = static_cast<size_t>(n);
    const int64_t ahead = j - i - offset_[batch];
    if (!valid_.empty() && j >= valid_[batch]) return -infinity;
    if ((causal_ && ahead > 0) || (left_ >= 0 && -ahead > left_) ||
        (right_ >= 0 && ahead > right_)) {
      return -infinity;
    }
    if (strides_.empty()) return 0;
    if (j >= masked_) return -infinity;
    return mask_[static_cast<size_t>(n * strides_[0] + h * strides_[1] + i * strides_[2] +
                                     j * strides_[3])];
  }

 private:
  bool causal_ = false;
  int64_t left_ = -1, right_ = -1, masked_ = 0;
  std::vector<int64_t> valid_, offset_;
  std::vector<double> mask_;
  Dims strides_;
};

// f16 and bf16 are rounded after every step, as the operators that it stands for would.
struct Rounding {
  DType type;
  double operator()(double v) const { return bits(type) < 32 ? round_to(type, v) : v; }
};

// A row without any key to attend to becomes zeros.
void softmax(std::vector<double>& row, bool all_masked, Rounding rounded) {
  const double top = row.empty() ? 0 : *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& v : row) {
    v = all_masked ? 0 : rounded(std::exp(rounded(v - top)));
    sum = rounded.type == DType::bf16 ? rounded(sum + v) : sum + v;
  }
  if (sum == 0) return;
  for (double& v : row) v = rounded(v / rounded(sum));
}

enum Stage { raw = 0, capped = 1, biased = 2, probabilities = 3 };

double scale_of(const Node& node, int64_t size) {
  if (node.attributes.has("scale")) return static_cast<double>(node.attributes.f("scale", 1));
  return 1 / std::sqrt(static_cast<double>(std::max<int64_t>(1, size)));
}

struct Weights {
  const Heads &q, &k;
  const Bias& bias;
  double root_scale, cap;
  int64_t shown;  // the stage that output 3 shows
  Rounding rounded, in_softmax;

  // How much query i of head h attends to each key of head kv.
  std::vector<double> of(int64_t n, int64_t h, int64_t i, int64_t kv,
                         std::vector<double>* seen) const {
    std::vector<double> row(static_cast<size_t>(k.steps), 0.0);
    const auto show = [&](int64_t stage) {
      if (shown == stage) seen->insert(seen->end(), row.begin(), row.end());
    };
    for (int64_t j = 0; j < k.steps; ++j) {
      double& s = row[static_cast<size_t>(j)];
      const double *a = q.row(n, h, i), *b = k.row(n, kv, j);
      for (int64_t d = 0; d < q.size; ++d) {
        s += rounded(a[d] * root_scale) * rounded(b[d] * root_scale);
      }
      s = rounded(s);
    }
    show(raw);
    if (cap > 0) {
      for (double& s : row) s = rounded(cap * rounded(std::tanh(rounded(s / cap))));
    }
    show(capped);
    bool all_masked = true;
    for (int64_t j = 0; j < k.steps; ++j) {
      const double add = bias(n, h, i, j);
      all_masked = all_masked && add == -infinity;
      row[static_cast<size_t>(j)] = rounded(row[static_cast<size_t>(j)] + add);
    }
    show(biased);
    softmax(row, all_masked, in_softmax);
    for (double& s : row) s = rounded(s);
    show(probabilities);
    return row;
  }
};

Status attention(RefContext& ctx) {
  const Node& node = ctx.node();
  const DType t = ctx.in(0).dtype();
  HONE_RETURN_IF_ERROR(need_float(node, ctx.in(0)));
  HONE_ASSIGN(const Heads q, heads_of(ctx, 0, "q_num_heads"));
  HONE_ASSIGN(const Heads fresh_k, heads_of(ctx, 1, "kv_num_heads"));
  HONE_ASSIGN(const Heads fresh_v, heads_of(ctx, 2, "kv_num_heads"));
  HONE_ASSIGN(const Heads k, after_past(ctx, 4, fresh_k));
  HONE_ASSIGN(const Heads v, after_past(ctx, 5, fresh_v));
  if (q.batch != k.batch || k.batch != v.batch || k.heads != v.heads || k.steps != v.steps ||
      q.size != k.size || k.heads == 0 || q.heads % k.heads != 0) {
    return error(Code::shape_mismatch, "Q, K and V do not fit");
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {q.batch, q.heads, q.steps, k.steps}));
  HONE_ASSIGN(const Bias bias, Bias::of(ctx, q, k.steps - fresh_k.steps, k.steps));
  const int64_t shown = node.attributes.i("qk_matmul_output_mode", 0);
  auto precision = static_cast<DType>(node.attributes.i("softmax_precision", 0));
  if (!is_float(precision)) precision = t;
  const Weights weights{q,
                        k,
                        bias,
                        Rounding{t}(std::sqrt(scale_of(node, q.size))),
                        static_cast<double>(node.attributes.f("softcap", 0)),
                        shown,
                        {t},
                        {precision}};
  std::vector<double> y(static_cast<size_t>(q.batch * q.heads * q.steps * v.size)), seen;
  const bool flat = ctx.in(0).rank() == 3;
  for (int64_t n = 0; n < q.batch; ++n) {
    for (int64_t h = 0; h < q.heads; ++h) {
      const int64_t kv = h / (q.heads / k.heads);
      for (int64_t i = 0; i < q.steps; ++i) {
        const std::vector<double> row = weights.of(n, h, i, kv, &seen);
        double* out =
            y.data() +
            (flat ? (n * q.steps + i) * q.heads + h : (n * q.heads + h) * q.steps + i) * v.size;
        for (int64_t j = 0; j < v.steps; ++j) {
          const double* from = v.row(n, kv, j);
          const double p = row[static_cast<size_t>(j)];
          for (int64_t d = 0; d < v.size; ++d) out[d] += p * from[d];
        }
      }
    }
  }
  const Dims dims =
      flat ? Dims{q.batch, q.steps, q.heads * v.size} : Dims{q.batch, q.heads, q.steps, v.size};
  ctx.set(0, store(t, dims, y));
  if (ctx.has_output(1)) ctx.set(1, store(ctx.in(1).dtype(), k.dims(), k.values));
  if (ctx.has_output(2)) ctx.set(2, store(ctx.in(2).dtype(), v.dims(), v.values));
  if (!ctx.has_output(3)) return {};
  if (shown < raw || shown > probabilities) return invalid("qk_matmul_output_mode is not 0 to 3");
  ctx.set(3, store(t, {q.batch, q.heads, q.steps, k.steps}, seen));
  return {};
}

// --- RotaryEmbedding ----------------------------------------------------------------------------

Status infer_rotary(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(heads_of(ctx, 0, "num_heads").status());
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 2, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 2, 2));
  return infer_same_float(ctx);
}

// Row of the caches for one step: by position, or [batch, step] itself.
Result<std::vector<int64_t>> cache_rows(const RefContext& ctx, int64_t batch, int64_t steps) {
  const Tensor& cache = ctx.in(1);
  std::vector<int64_t> rows;
  if (!ctx.has_input(3)) {
    if (cache.rank() != 3 || cache.dims()[0] != batch || cache.dims()[1] != steps) {
      return error(Code::shape_mismatch, "the caches do not fit X");
    }
    for (int64_t i = 0; i < batch * steps; ++i) rows.push_back(i);
    return rows;
  }
  rows = ints_of(ctx.in(3));
  if (cache.rank() != 2 || static_cast<int64_t>(rows.size()) != batch * steps) {
    return error(Code::shape_mismatch, "position_ids or the caches do not fit X");
  }
  for (int64_t r : rows) {
    if (r < 0 || r >= cache.dims()[0]) return invalid(fmt::format("position {}", r));
  }
  return rows;
}

Status rotary(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &cos = ctx.in(1), &sin = ctx.in(2);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  const bool by_head = x.rank() == 4;
  const int64_t heads = by_head ? x.dims()[1] : ctx.node().attributes.i("num_heads", 0);
  if ((!by_head && x.rank() != 3) || heads < 1 || (!by_head && x.dims()[2] % heads != 0)) {
    return error(Code::shape_mismatch, "X does not fit its heads");
  }
  const int64_t batch = x.dims()[0], steps = x.dims()[by_head ? 2 : 1];
  const int64_t size = by_head ? x.dims()[3] : x.dims()[2] / heads;
  int64_t turned = ctx.node().attributes.i("rotary_embedding_dim", 0);
  if (turned == 0) turned = size;
  const int64_t half = turned / 2;
  if (turned < 0 || turned > size || turned % 2 != 0 || cos.dims() != sin.dims() ||
      cos.rank() == 0 || cos.dims().back() != half) {
    return error(Code::shape_mismatch, "the caches do not have half the rotated size");
  }
  HONE_ASSIGN(const std::vector<int64_t> rows, cache_rows(ctx, batch, steps));
  const bool interleaved = ctx.node().attributes.i("interleaved", 0) != 0;
  const std::vector<double> c = load<double>(cos), s = load<double>(sin);
  std::vector<double> values = load<double>(x);
  for (int64_t i = 0; i < batch * heads * steps; ++i) {
    // i counts [batch, heads, steps] or [batch, steps, heads].
    const int64_t n = i / (heads * steps);
    const int64_t step = by_head ? i % steps : i / heads % steps;
    const int64_t from = rows[static_cast<size_t>(n * steps + step)] * half;
    for (int64_t k = 0; k < half; ++k) {
      double& a = values[static_cast<size_t>(i * size + (interleaved ? 2 * k : k))];
      double& b = values[static_cast<size_t>(i * size + (interleaved ? 2 * k + 1 : k + half))];
      const double real = c[static_cast<size_t>(from + k)], imag = s[static_cast<size_t>(from + k)];
      const double turned_a = real * a - imag * b;
      b = imag * a + real * b;
      a = turned_a;
    }
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

double six(const Graph& graph, const Node& node) { return 6 * output_elements(graph, node); }

constexpr AttrSpec attention_23[] = {{"is_causal", AttrType::i},
                                     {"kv_num_heads", AttrType::i},
                                     {"q_num_heads", AttrType::i},
                                     {"qk_matmul_output_mode", AttrType::i},
                                     {"scale", AttrType::f},
                                     {"softcap", AttrType::f},
                                     {"softmax_precision", AttrType::i}};
constexpr AttrSpec attention_25[] = {{"is_causal", AttrType::i},
                                     {"kv_num_heads", AttrType::i},
                                     {"left_window_size", AttrType::i},
                                     {"q_num_heads", AttrType::i},
                                     {"qk_matmul_output_mode", AttrType::i},
                                     {"right_window_size", AttrType::i},
                                     {"scale", AttrType::f},
                                     {"softcap", AttrType::f},
                                     {"softmax_precision", AttrType::i}};
constexpr AttrSpec rotary_attrs[] = {{"interleaved", AttrType::i},
                                     {"num_heads", AttrType::i},
                                     {"rotary_embedding_dim", AttrType::i}};
const OpDef defs[] = {
    {"", "Attention", 23, 3, 6, 1, 4, attention_23, infer_attention, attention, attention_flops,
     1e-4},
    {"", "Attention", 24, 3, 7, 1, 4, attention_23, infer_attention, attention, attention_flops,
     1e-4},
    {"", "Attention", 25, 3, 7, 1, 4, attention_25, infer_attention, attention, attention_flops,
     1e-4},
    {"", "RotaryEmbedding", 23, 3, 4, 1, 1, rotary_attrs, infer_rotary, rotary, six},
};

}  // namespace

std::span<const OpDef> attention_defs() { return defs; }

}  // namespace hone::ops
