#include <fmt/format.h>

#include "host/graph/title.h"
#include "host/import/raise_opset.h"
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

class Reducer : private LayerRewriter {
 public:
  Reducer(const Graph& g, const Options& o) : LayerRewriter(g, o) {}

  Result<Reduced> run() {
    for (const NodeId id : g_.all_nodes()) {
      const Node& n = g_.node(id);
      const bool dense = role_of(g_, n) == Role::dense, table = reads_table(g_, n);
      if (!dense && !table) continue;
      const std::string why = why_left(n, *g_.constant(n.input(dense ? 1 : 0)));
      if (!why.empty()) {
        add_row(n, "f32", why);
      } else if (dense) {
        reduce(id);
      } else {
        reduce_table(id);
      }
    }
    HONE_ASSIGN(Reduced made, finish("smaller weights"));
    HONE_RETURN_IF_ERROR(raise_opset(made.graph, opset_));
    return made;
  }

 private:
  int64_t version(int64_t needed) {
    opset_ = std::max(opset_, needed);
    return std::max(g_.opset(), needed);
  }

  ValueId cast(const Tensor& w, const std::string& called, NodeId reader) {
    Tensor small(DType::bf16, w.dims());
    for (int64_t i = 0; i < w.count(); ++i) small.set(i, w.at(i));
    Node n;
    n.op = "Cast";
    n.name = called + "_f32";
    n.version = version(13);
    n.inputs = {patch_.constant(std::move(small), called + "_bf16")};
    n.attributes.set("to", static_cast<int64_t>(DType::f32));
    return patch_.add(std::move(n), {reader});
  }

  void reduce(NodeId id) {
    const Node& n = g_.node(id);
    const std::string& called = g_.value(n.input(1)).name;
    patch_.insert_before(id);
    if (options_.format == Format::bf16) {
      patch_.set_input(id, 1, cast(*g_.constant(n.input(1)), called, id));
      return add_row(n, "bf16");
    }
    const Tensor w = weights_of(g_, n);
    if (n.is("Gemm")) patch_.set_attribute(id, "alpha", std::nullopt);
    const bool four = options_.format == Format::int4_weights;
    const bool blocks = four || options_.scheme.weights == Granularity::group;
    if (blocks && w.rank() == 2 && !n.is("Conv") && !n.is("ConvTranspose")) {
      const int64_t group = options_.scheme.group > 0 ? options_.scheme.group : 32;
      if (four && options_.scheme.nbits && reduce_product(id, w, group)) return;
      patch_.set_input(id, 1,
                       add_blocks(patch_, id, called, w, summed_axis(n), group,
                                  four ? DType::i4 : DType::i8, version(21)));
      return add_row(n, four ? "int4" : "int8");
    }
    const bool one = options_.scheme.weights == Granularity::tensor;
    const int axis = one ? graph::none : channel_axis(n, w);
    const std::vector<float> scales = weight_scales(largest_by_channel(w, axis), 127);
    patch_.set_input(id, 1, add_weights(patch_, id, called, w, scales, axis, version(13)));
    add_row(n, "int8");
  }

  // The whole product, where it is one of rows: the form has no transposed A, and no factor of C.
  bool reduce_product(NodeId id, const Tensor& w, int64_t group) {
    const Node& n = g_.node(id);
    const bool biased = n.is("Gemm") && n.input(2) != graph::none;
    if (n.is("Gemm") && n.attributes.i("transA", 0) != 0) return false;
    if (biased && n.attributes.f("beta", 1) != 1) return false;
    ValueId y = add_nbits_product(patch_, id, g_.value(n.input(1)).name, now(n.input(0)), w,
                                  summed_axis(n), group);
    if (biased) {
      Node add;
      add.op = "Add";
      add.name = n.name + "_bias";
      add.inputs = {y, now(n.input(2))};
      y = patch_.add(std::move(add), {id});
    }
    replace(n.output(0), y);
    patch_.remove(id);
    add_row(n, "int4");
    return true;
  }

  // Rows are gathered as integers: only those that are read are made floats.
  void reduce_table(NodeId id) {
    const Node& n = g_.node(id);
    const Tensor& table = *g_.constant(n.input(0));
    const std::string& called = g_.value(n.input(0)).name;
    patch_.insert_before(id);
    if (options_.format == Format::bf16) {
      patch_.set_input(id, 0, cast(table, called, id));
      return add_row(n, "bf16");
    }
    replace(n.output(0), add_table(patch_, g_, id, table, version(13)));
    add_row(n, "int8");
  }

  int64_t opset_ = 13;
};

}  // namespace

Result<Reduced> reduce_weights(const Graph& g, const Options& options) {
  return Reducer(g, options).run();
}

}  // namespace hone::quant
