// fuse_qlinear: a convolution or a product by a constant matrix between DequantizeLinear and
// QuantizeLinear is the integer operator, as every runtime executes it: sums of integers are exact,
// so that the one rounding at the end falls alike everywhere.

#include <algorithm>
#include <cmath>

#include "host/passes/quantised.h"

namespace hone::passes {

namespace {

// The operands of a product: x, w whose scales are one or one for each result, and a bias.
struct Product {
  Quantised x, w;
  ValueId bias = graph::none;  // f32; none: 0
};

// The integers of a bias on the scale of the products: what half a step of a sum is lost is far
// below a step of the result. nullopt: one does not fit 32 bits.
std::optional<Tensor> integer_bias(const Graph& g, const Product& p, int64_t results) {
  auto bias = constant_bias(g, p.bias);
  if (!bias || bias->dtype() != DType::f32) return std::nullopt;
  if (bias->count() != results && bias->count() != 1) return std::nullopt;
  Tensor out(DType::i32, {results});
  for (int64_t i = 0; i < results; ++i) {
    const double scale = p.x.scale->at(0) * p.w.scale->at(p.w.scale->count() == 1 ? 0 : i);
    const double v = std::nearbyint(bias->at(bias->count() == 1 ? 0 : i) / scale);
    if (!(std::abs(v) <= INT32_MAX)) return std::nullopt;
    out.set(i, v);
  }
  return out;
}

// Whether the file's own integers are on that scale: then they are taken as they are.
const Tensor* given_integers(const Graph& g, const Product& p, int64_t results) {
  const Node* n = g.producer_of(p.bias);
  if (n == nullptr || !is_dequantize(*n)) return nullptr;
  const Tensor *scale = g.constant(n->input(1)), *bias = g.constant(n->input(0));
  const Tensor* zero = g.constant(n->input(2));
  if (bias == nullptr || scale == nullptr || bias->dtype() != DType::i32) return nullptr;
  if (bias->count() != results || (n->input(2) != graph::none && zero == nullptr)) return nullptr;
  if (scale->count() != 1 && scale->count() != results) return nullptr;
  for (int64_t i = 0; zero != nullptr && i < zero->count(); ++i) {
    if (zero->at(i) != 0) return nullptr;
  }
  for (int64_t i = 0; i < results; ++i) {
    const double want = p.x.scale->at(0) * p.w.scale->at(p.w.scale->count() == 1 ? 0 : i);
    const double given = scale->at(scale->count() == 1 ? 0 : i);
    if (std::abs(given - want) > 1e-5 * want) return nullptr;
  }
  return bias;
}

class Fusion {
 public:
  Fusion(const Graph& g, NodeId last, const Quantised& y, const Clamped& c)
      : g_(g), patch_(g, last), last_(last), y_(y), c_(c), middle_(g.node(c.node)) {}

  std::optional<Patch> conv() {
    const auto x = dequantised(g_, middle_.input(0)), w = dequantised(g_, middle_.input(1), 0);
    if (!x || !w || g_.constant(w->node->input(0)) == nullptr) return std::nullopt;
    const Product p{*x, *w, middle_.input(2)};
    const int64_t filters = g_.constant(w->node->input(0))->dims()[0];
    Node made = middle_;
    auto y = add_conv(p, std::move(made), x->node->input(0), w->node->input(0), filters);
    if (!y) return std::nullopt;
    return finish(*y);
  }

  // alpha, beta 1; C a row.
  std::optional<Patch> gemm() {
    const auto& a = middle_.attributes;
    const bool plain = a.i("transA", 0) == 0 && a.f("alpha", 1) == 1 &&
                       (middle_.input(2) == graph::none || a.f("beta", 1) == 1);
    if (!plain) return std::nullopt;
    return product(c_.node, middle_.input(2), a.i("transB", 0) != 0);
  }

  // A product by a matrix, and a row added to it.
  std::optional<Patch> matmul_and_add() {
    for (size_t i : {size_t{0}, size_t{1}}) {
      const ValueId v = middle_.input(i);
      const Node* n = g_.single_use(v) ? g_.producer_of(v) : nullptr;
      if (n == nullptr || !n->is("MatMul") || n->block != middle_.block) continue;
      if (auto p = product(g_.value(v).producer, middle_.input(1 - i), false)) return p;
    }
    return std::nullopt;
  }

  std::optional<Patch> matmul() {
    const auto x = dequantised(g_, middle_.input(0)), w = dequantised(g_, middle_.input(1), 1);
    if (!x || !w || g_.fact(middle_.input(0)).rank() < 2) return std::nullopt;
    const Tensor* bytes = g_.constant(w->node->input(0));
    if (bytes == nullptr || bytes->rank() != 2) return std::nullopt;
    Node made;
    made.op = "QLinearMatMul";
    made.version = 10;
    made.name = middle_.name;
    made.inputs = {x->node->input(0)};
    add_scale(g_, patch_, *x, made);
    made.inputs.push_back(w->node->input(0));
    add_scale(g_, patch_, *w, made);
    add_scale(g_, patch_, y_, made);
    return finish(patch_.add(std::move(made), {c_.node, last_}));
  }

 private:
  // Rows of A are pictures of one pixel, so that there may be a bias.
  std::optional<Patch> product(NodeId id, ValueId row, bool turned) {
    const Node& n = g_.node(id);
    const auto x = dequantised(g_, n.input(0)), w = dequantised(g_, n.input(1), turned ? 0 : 1);
    if (!x || !w || !is_row(row)) return std::nullopt;
    const Tensor* bytes = g_.constant(w->node->input(0));
    const auto& shape = g_.fact(g_.node(last_).output(0));
    const bool matrices = bytes != nullptr && bytes->rank() == 2 && g_.fact(n.input(0)).rank() >= 2;
    if (!matrices || !shape.has_rank() || shape.rank() != g_.fact(n.input(0)).rank()) {
      return std::nullopt;
    }
    const int64_t depth = bytes->dims()[turned ? 1 : 0], results = bytes->dims()[turned ? 0 : 1];
    std::vector<int64_t> back;  // one size may be unknown
    for (const graph::Dim& d : *shape.shape) back.push_back(d.const_value().value_or(-1));
    if (depth < 1 || std::count(back.begin(), back.end(), -1) > 1 ||
        std::count(back.begin(), back.end(), 0) > 0) {
      return std::nullopt;
    }
    Tensor filters(bytes->dtype(), {results, depth, 1, 1});
    for (int64_t f = 0; f < results; ++f) {
      for (int64_t k = 0; k < depth; ++k) {
        filters.set(f * depth + k, bytes->at(turned ? f * depth + k : k * results + f));
      }
    }
    const ValueId pixels = reshaped(x->node->input(0), {-1, depth, 1, 1});
    const ValueId packed =
        patch_.constant(std::move(filters), g_.value(w->node->input(0)).name + "_filters");
    Node made;
    made.name = n.name;
    auto y = add_conv({*x, *w, row}, std::move(made), pixels, packed, results);
    if (!y) return std::nullopt;
    Patch done = finish(reshaped(*y, back));
    if (id != c_.node) {
      done.remove(id);
      remove_dequantised(g_, done, n.inputs, id);
    }
    return done;
  }

  bool is_row(ValueId c) const {
    if (c == graph::none) return true;
    const auto& f = g_.fact(c);
    return f.has_rank() && (f.rank() < 2 || (f.rank() == 2 && (*f.shape)[0] == graph::Dim(1)));
  }

  ValueId reshaped(ValueId v, const std::vector<int64_t>& to) {
    Node n;
    n.op = "Reshape";
    Tensor shape(DType::i64, {static_cast<int64_t>(to.size())});
    for (size_t i = 0; i < to.size(); ++i) {
      shape.set(static_cast<int64_t>(i), static_cast<double>(to[i]));
    }
    n.inputs = {v, patch_.constant(std::move(shape), label(middle_) + "_shape")};
    return patch_.add(std::move(n), {c_.node});
  }

  std::optional<ValueId> add_conv(const Product& p, Node made, ValueId x, ValueId w,
                                  int64_t results) {
    made.domain = "";
    made.op = "QLinearConv";
    made.version = 10;
    ValueId bias = graph::none;
    if (p.bias != graph::none) {
      if (const Tensor* given = given_integers(g_, p, results)) {
        bias = given->rank() == 1 ? g_.producer_of(p.bias)->input(0) : graph::none;
      }
      if (bias == graph::none) {
        auto integers = integer_bias(g_, p, results);
        if (!integers) return std::nullopt;
        bias = patch_.constant(std::move(*integers), g_.value(p.bias).name + "_integers");
      }
    }
    made.inputs = {x};
    add_scale(g_, patch_, p.x, made);
    made.inputs.push_back(w);
    add_scale(g_, patch_, p.w, made);
    add_scale(g_, patch_, y_, made);
    if (bias != graph::none) made.inputs.push_back(bias);
    return patch_.add(std::move(made), {c_.node, last_});
  }

  // What saturating does not do of an activation is left to a function of the bytes.
  Patch finish(ValueId y) {
    const ByteRange all = whole_range(g_, y_);
    if (c_.range.lowest != all.lowest || c_.range.highest != all.highest) {
      Node act = g_.node(c_.act);
      act.inputs[0] = dequantize(g_, patch_, y, y_, {c_.act});
      y = quantize(patch_, patch_.add(std::move(act), {c_.act}), y_, {c_.act});
    }
    patch_.set_why(label(middle_) + " on integers");
    patch_.replace(g_.node(last_).output(0), y);
    patch_.remove(last_);
    if (c_.act != graph::none) patch_.remove(c_.act);
    patch_.remove(c_.node);
    remove_dequantised(g_, patch_, middle_.inputs, c_.node);
    return std::move(patch_);
  }

  const Graph& g_;
  Patch patch_;
  NodeId last_;
  const Quantised& y_;
  const Clamped& c_;
  const Node& middle_;
};

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const auto y = quantises(g, g.node(id));
  const auto clamped = y ? clamped_result(g, *y) : std::nullopt;
  if (!clamped) return std::nullopt;
  const Node& middle = g.node(clamped->node);
  Fusion fusion(g, id, *y, *clamped);
  if (middle.is("Conv")) return fusion.conv();
  if (middle.is("Gemm")) return fusion.gemm();
  if (middle.is("Add")) return fusion.matmul_and_add();
  return middle.is("MatMul") ? fusion.matmul() : std::nullopt;
}

}  // namespace

extern const Pass fuse_qlinear;
const Pass fuse_qlinear{"fuse_qlinear", "compute on integers between quantisations",
                        Stage::engine,  false,
                        propose,        nullptr,
                        false,          true};

}  // namespace hone::passes
