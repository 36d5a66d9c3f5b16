#include <fmt/format.h>

#include <array>

#include "host/quant/layer_rewriter.h"
#include "host/quant/params.h"
#include "host/quant/rules.h"
#include "host/quant/weight_nodes.h"
#include "host/quant/weights.h"

namespace hone::quant {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

class Dynamic : private LayerRewriter {
 public:
  Dynamic(const Graph& g, const Options& o) : LayerRewriter(g, o) {}

  Result<Reduced> run() {
    for (const NodeId id : g_.all_nodes()) {
      const Node& n = g_.node(id);
      if (role_of(g_, n) != Role::dense) continue;
      const std::string why = why_float(n);
      if (why.empty()) rewrite(id);
      add_row(n, why.empty() ? "int8" : "f32", why);
    }
    return finish("products on integers");
  }

 private:
  std::string why_float(const Node& n) const {
    const Tensor& w = *g_.constant(n.input(1));
    if (std::string why = why_left(n, w); !why.empty()) return why;
    if (n.is("ConvTranspose")) return "there is no such operator on integers";
    if (n.is("Gemm") && n.attributes.i("transA", 0) != 0) return "its first operand is transposed";
    if (n.is("MatMul") && w.rank() != 2) return "its weights are a stack of matrices";
    if (n.is("Conv") && w.rank() != 4) return "runtimes have it on integers for pictures only";
    return "";
  }

  ValueId add(const char* op, const std::string& called, std::vector<ValueId> inputs, NodeId id) {
    Node n;
    n.op = op;
    n.name = called;
    n.inputs = std::move(inputs);
    return patch_.add(std::move(n), {id});
  }

  // The operand as bytes, its scale and its zero point; once for all readers in a block.
  const std::array<ValueId, 3>& rounded(ValueId v, NodeId reader) {
    auto [it, fresh] = rounded_.try_emplace({v, g_.node(reader).block});
    if (fresh) {
      Node n;
      n.op = "DynamicQuantizeLinear";
      n.name = generated(g_.value(v).name, "_quantized");
      n.inputs = {now(v)};
      const std::vector<ValueId> out = patch_.add_multi(std::move(n), 3, {reader});
      it->second = {out[0], out[1], out[2]};
    }
    return it->second;
  }

  // Bytes around 128 for filters (runtimes have no other ConvInteger), around 0 for matrices.
  static Tensor around_128(const Tensor& q) {
    Tensor out(DType::u8, q.dims());
    for (int64_t i = 0; i < q.count(); ++i) out.set(i, q.at(i) + 128);
    return out;
  }

  ValueId product(NodeId id, const Tensor& w, const std::array<ValueId, 3>& x, Dims* scale_dims,
                  std::vector<float>* scales) {
    const Node& n = g_.node(id);
    const std::string stem = generated(g_.value(n.input(1)).name, "_quantized");
    const int axis = channel_axis(n, w);
    *scales = weight_scales(largest_by_channel(w, axis), 127);
    Tensor q = to_integers(w, axis, *scales, DType::i8);
    const auto channels = static_cast<int64_t>(scales->size());
    Node made;
    if (n.is("Conv")) {
      made.attributes = n.attributes;
      made.op = "ConvInteger";
      const ValueId zero =
          patch_.constant(Tensor::scalar<uint8_t>(128), g_.value(n.input(1)).name + "_zero_point");
      made.inputs = {x[0], patch_.constant(around_128(q), stem), x[2], zero};
      *scale_dims = {1, channels, 1, 1};
    } else {
      made.op = "MatMulInteger";
      if (axis == 0) q = transposed(q);
      made.inputs = {x[0], patch_.constant(std::move(q), stem), x[2]};
      *scale_dims = {channels};
    }
    made.name = n.name + "_integers";
    return patch_.add(std::move(made), {id});
  }

  void rewrite(NodeId id) {
    const Node& n = g_.node(id);
    patch_.insert_before(id);
    const std::array<ValueId, 3> x = rounded(n.input(0), id);
    Dims dims;
    std::vector<float> scales;
    const ValueId integers = product(id, weights_of(g_, n), x, &dims, &scales);
    Node cast;
    cast.op = "Cast";
    cast.name = n.name + "_floats";
    cast.inputs = {integers};
    cast.attributes.set("to", static_cast<int64_t>(DType::f32));
    const ValueId floats = patch_.add(std::move(cast), {id});
    const ValueId own =
        patch_.constant(Tensor::of<float>(dims, scales), g_.value(n.input(1)).name + "_scale");
    const ValueId scale = add("Mul", n.name + "_scale", {x[1], own}, id);
    const bool biased = !n.is("MatMul") && n.input(2) != graph::none;
    ValueId y = add("Mul", biased ? n.name + "_scaled" : n.name, {floats, scale}, id);
    if (biased) y = add("Add", n.name, {y, bias(id)}, id);
    replace(n.output(0), y);
    patch_.remove(id);
  }

  // In the shape that it is added in: of a convolution one for each channel; of Gemm times beta.
  ValueId bias(NodeId id) {
    const Node& n = g_.node(id);
    const Tensor* b = g_.constant(n.input(2));
    const std::string called = g_.value(n.input(2)).name;
    if (n.is("Conv")) {
      const auto channels = g_.constant(n.input(1))->dims()[0];
      const Dims dims = {1, channels, 1, 1};
      if (b != nullptr) return patch_.constant(b->reshaped(dims), called);
      const ValueId shape = patch_.constant(Tensor::of<int64_t>({4}, dims), called + "_shape");
      return add("Reshape", n.name + "_bias", {now(n.input(2)), shape}, id);
    }
    const float beta = n.attributes.f("beta", 1);
    if (beta == 1) return now(n.input(2));
    return add("Mul", n.name + "_bias",
               {now(n.input(2)), patch_.constant(Tensor::scalar(beta), n.name + "_beta")}, id);
  }

  std::map<std::pair<ValueId, graph::BlockId>, std::array<ValueId, 3>> rounded_;
};

}  // namespace

Result<Reduced> make_dynamic(const Graph& g, const Options& options) {
  return Dynamic(g, options).run();
}

}  // namespace hone::quant
