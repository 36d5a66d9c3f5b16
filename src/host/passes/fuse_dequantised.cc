// fuse_dequantised: a convolution or a product by a constant matrix of dequantised values whose
// result stays f32 sums integers, which are scaled on the way out. The same of ConvInteger and
// MatMulInteger, whose sums the file itself scales.

#include "host/passes/quantised.h"

namespace hone::passes {

namespace {

// Constant bytes of a filter in each row, or a matrix.
const Tensor* constant_bytes(const Graph& g, ValueId v, int least_rank) {
  const Tensor* t = is_byte(g, v) ? g.constant(v) : nullptr;
  return t != nullptr && t->rank() >= least_rank && t->count() > 0 ? t : nullptr;
}

// What qconv's lowerings take: pictures of one or two axes, or rows.
bool has_axes(const Graph& g, ValueId x, bool conv) {
  const auto& f = g.fact(x);
  if (!f.has_rank() || f.rank() < (conv ? 3 : 2)) return false;
  for (const graph::Dim& d : *f.shape) {
    if (d == graph::Dim(0)) return false;
  }
  return !conv || f.rank() <= 4;
}

// The only user of n's only result in its block, where it is an `op`.
const Node* only_reader(const Graph& g, const Node& n, const char* op, NodeId* id) {
  if (!g.single_use(n.output(0)) || g.is_block_output(n.output(0))) return nullptr;
  *id = g.users(n.output(0))[0];
  const Node& user = g.node(*id);
  return user.is(op) && user.block == n.block ? &user : nullptr;
}
ValueId other_input(const Node& n, ValueId v) { return n.input(n.input(0) == v ? 1 : 0); }

Node made_of(const Node& n, const char* op) {
  Node made;
  made.domain = graph::hone_domain;
  made.op = op;
  made.version = 1;
  made.name = n.name;
  return made;
}

std::optional<Patch> conv(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const auto x = dequantised(g, n.input(0)), w = dequantised(g, n.input(1), 0);
  if (!x || !w || !has_axes(g, n.input(0), true)) return std::nullopt;
  const Tensor* filters = constant_bytes(g, w->node->input(0), 3);
  const auto bias = n.input(2) == graph::none ? Tensor() : constant_bias(g, n.input(2));
  if (filters == nullptr || !bias || (*bias && bias->dtype() != DType::f32)) return std::nullopt;
  Patch p(g, id);
  Node made = made_of(n, "QLinearConvToFloat");
  made.attributes = n.attributes;
  made.inputs = {x->node->input(0)};
  add_scale(g, p, *x, made);
  made.inputs.push_back(w->node->input(0));
  add_scale(g, p, *w, made);
  if (*bias) made.inputs.push_back(p.constant(*bias, g.value(n.input(2)).name));
  p.replace(n.output(0), p.add(std::move(made), {id}));
  p.set_why(label(n) + " on integers");
  p.remove(id);
  remove_dequantised(g, p, n.inputs, id);
  return p;
}

// C as a row of as many as there are results; nullopt: it is none.
std::optional<Tensor> row_of(const Graph& g, ValueId c, int64_t results) {
  const auto row = constant_bias(g, c);
  if (!row || row->dtype() != DType::f32 || row->count() != results) return std::nullopt;
  if (row->rank() == 0 || row->dims().back() != results) return std::nullopt;
  return row->reshaped({results});
}

Tensor transposed(const Tensor& b) {
  const int64_t rows = b.dims()[0], columns = b.dims()[1];
  Tensor t(b.dtype(), {columns, rows});
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, b.at(i % rows * columns + i / rows));
  return t;
}

// A product, and a row added to it: Gemm's C or behind a MatMul.
std::optional<Patch> product(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const auto& attributes = n.attributes;
  const bool turned = n.is("Gemm") && attributes.i("transB", 0) != 0;
  if (n.is("Gemm") && (attributes.i("transA", 0) != 0 || attributes.f("alpha", 1) != 1)) {
    return std::nullopt;
  }
  const auto x = dequantised(g, n.input(0)), w = dequantised(g, n.input(1), turned ? 0 : 1);
  if (!x || !w || !has_axes(g, n.input(0), false)) return std::nullopt;
  const Tensor* bytes = constant_bytes(g, w->node->input(0), 2);
  if (bytes == nullptr || bytes->rank() != 2) return std::nullopt;
  const int64_t results = bytes->dims()[turned ? 0 : 1];
  std::optional<Tensor> row;
  NodeId last = id;
  ValueId c = n.input(2);
  if (c != graph::none) {
    row = attributes.f("beta", 1) == 1 ? row_of(g, c, results) : std::nullopt;
    if (!row) return std::nullopt;
  } else if (const Node* add = only_reader(g, n, "Add", &last)) {
    c = other_input(*add, n.output(0));
    const auto& f = g.fact(c);
    if (f.has_rank() && f.rank() <= g.fact(n.output(0)).rank()) row = row_of(g, c, results);
  }
  if (!row) last = id;
  Patch p(g, id);
  Node made = made_of(n, "QLinearMatMulToFloat");
  made.inputs = {x->node->input(0)};
  add_scale(g, p, *x, made);
  const ValueId b = w->node->input(0);
  made.inputs.push_back(turned ? p.constant(transposed(*bytes), g.value(b).name + "_turned") : b);
  add_scale(g, p, *w, made);
  if (row) made.inputs.push_back(p.constant(*row, g.value(c).name));
  p.replace(g.node(last).output(0), p.add(std::move(made), {id, last}));
  p.set_why(label(n) + " on integers");
  if (last != id) p.remove(last);
  p.remove(id);
  remove_dequantised(g, p, n.inputs, id);
  return p;
}

// Cast(sums) (x's scale w's), as DynamicQuantizeLinear's readers write it.
struct Scaled {
  NodeId cast, last;
  ValueId x_scale, w_scale;
};

bool has_one_element(const Graph& g, ValueId v) {
  const auto& f = g.fact(v);
  return f.dtype == DType::f32 && f.has_rank() &&
         graph::product(*f.shape, 0, f.shape->size()) == graph::Dim(1);
}

std::optional<Scaled> scaled(const Graph& g, const Node& n) {
  Scaled s{};
  const Node* cast = only_reader(g, n, "Cast", &s.cast);
  if (cast == nullptr || !is_f32(g, cast->output(0))) return std::nullopt;
  const Node* mul = only_reader(g, *cast, "Mul", &s.last);
  const Node* scales = mul ? g.producer_of(other_input(*mul, cast->output(0))) : nullptr;
  if (scales == nullptr || !scales->is("Mul")) return std::nullopt;
  for (size_t i : {size_t{0}, size_t{1}}) {
    s.x_scale = scales->input(i), s.w_scale = scales->input(1 - i);
    const Tensor* w = g.constant(s.w_scale);
    const Node* maker = g.producer_of(s.x_scale);
    const bool known = maker == nullptr || maker == g.producer_of(n.input(0));  // before n
    if (w == nullptr || w->dtype() != DType::f32 || !known) continue;
    if (has_one_element(g, s.x_scale)) return s;
  }
  return std::nullopt;
}

// The scales of the results as a vector: they lie along the channels.
std::optional<Tensor> scales_of(const Graph& g, ValueId v, const Node& n, int64_t results) {
  const Tensor& t = *g.constant(v);
  if (t.count() == 1) return t.reshaped({1});
  const int rank = g.fact(n.output(0)).rank();
  const int64_t axis = t.rank() - (n.is("ConvInteger") ? rank - 1 : 1);
  const bool along = t.count() == results && t.rank() <= rank && axis >= 0 &&
                     t.dims()[static_cast<size_t>(axis)] == results;
  return along ? std::optional(t.reshaped({results})) : std::nullopt;
}

// With the scale of x a value: DynamicQuantizeLinear's.
std::optional<Patch> scaled_integers(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const bool conv = n.is("ConvInteger");
  const Tensor* w = constant_bytes(g, n.input(1), conv ? 3 : 2);
  if (w == nullptr || !has_axes(g, n.input(0), conv) || (!conv && w->rank() != 2)) {
    return std::nullopt;
  }
  // Depthwise kernels fold the zero point, so they cannot take one that only a run knows.
  if (conv && n.attributes.i("group", 1) > 1 && w->dims()[1] == 1) return std::nullopt;
  if (g.fact(n.input(0)).dtype != DType::u8 || n.input(2) == graph::none) return std::nullopt;
  const auto& zero = g.fact(n.input(2));
  const Tensor* w_zero = g.constant(n.input(3));
  const int64_t results = w->dims()[conv ? 0 : 1];
  if (!zero.has_rank() || !(graph::product(*zero.shape, 0, zero.shape->size()) == graph::Dim(1)) ||
      (n.input(3) != graph::none && w_zero == nullptr) || !g.fact(n.output(0)).has_rank()) {
    return std::nullopt;
  }
  if (w_zero != nullptr && w_zero->count() != 1 && w_zero->count() != results) return std::nullopt;
  const auto s = scaled(g, n);
  const auto scales = s ? scales_of(g, s->w_scale, n, results) : std::nullopt;
  if (!scales) return std::nullopt;
  Patch p(g, id);
  Node made = made_of(n, conv ? "QLinearConvToFloat" : "QLinearMatMulToFloat");
  made.attributes = n.attributes;
  Tensor none(w->dtype(), {1});
  none.set(0, 0);
  made.inputs = {n.input(0),
                 s->x_scale,
                 n.input(2),
                 n.input(1),
                 p.constant(*scales, g.value(s->w_scale).name),
                 w_zero != nullptr ? n.input(3) : p.constant(std::move(none), label(n) + "_zero")};
  p.replace(g.node(s->last).output(0), p.add(std::move(made), {id, s->cast, s->last}));
  p.set_why(label(n) + " scaled on its way out");
  for (NodeId gone : {s->last, s->cast, id}) p.remove(gone);
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.is("Conv")) return conv(g, id);
  if (n.is("Gemm") || n.is("MatMul")) return product(g, id);
  if (n.is("ConvInteger") || n.is("MatMulInteger")) return scaled_integers(g, id);
  return std::nullopt;
}

}  // namespace

extern const Pass fuse_dequantised;
const Pass fuse_dequantised{"fuse_dequantised",
                            "compute on integers what stays f32 behind them",
                            Stage::engine,
                            false,
                            propose,
                            nullptr,
                            false,
                            true};

}  // namespace hone::passes
