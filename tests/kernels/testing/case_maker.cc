#include "case_maker.h"

#include <cmath>

#include "device/kernels/activation.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/make_plan.h"

namespace hone::kernel_tests {

using graph::Dim;
using graph::Fact;
using graph::Layout;
using graph::ValueId;

Dims Random::dims(int64_t rank, int64_t most) {
  Dims d(static_cast<size_t>(rank), 1);
  for (int64_t i = 0; i < rank; ++i) {
    // Any dimension may be the large one, not the first alone.
    int64_t& at = d[static_cast<size_t>((i + rank / 2) % rank)];
    const int64_t room = most / element_count(d);
    do {
      at = size();
    } while (at > std::max<int64_t>(room, 1));
  }
  return d;
}

CaseMaker::CaseMaker(const char* domain, const char* op, uint32_t seed) : r(seed) {
  std::vector<const ops::OpDef*> versions;
  for (const ops::OpDef* d : ops::all_ops()) {
    if (std::string_view(d->domain) == domain && std::string_view(d->name) == op) {
      versions.push_back(d);
    }
  }
  // Opset 8 scans batches of sequences: no engine does.
  if (op == std::string_view("Scan")) std::erase_if(versions, [](auto* d) { return d->since < 9; });
  graph_.name = "case";
  graph_.opsets = {{"", 17}, {graph::hone_domain, 1}, {"com.microsoft", 1}};
  node.domain = domain;
  node.op = op;
  node.name = "n";
  if (versions.empty()) return;
  def = r.pick(versions);
  node.version = std::max(def->since, *domain == 0 ? ops::min_opset : 1);
}

bool CaseMaker::has_attr(std::string_view name) const {
  for (const ops::AttrSpec& a : def->attrs) {
    if (name == a.name) return true;
  }
  return false;
}

Tensor CaseMaker::tensor(DType t, const Dims& dims, double lo, double hi) {
  Tensor x(t, dims);
  for (int64_t i = 0, n = x.count(); i < n; ++i) {
    double v = 0;
    if (t == DType::boolean) {
      v = static_cast<double>(r.below(2));
    } else if (is_float(t)) {
      v = r.real(lo, hi);
      if (r.one_in(4)) v = std::clamp(std::round(2 * v) / 2, lo, hi);
    } else {
      v = static_cast<double>(r.between(static_cast<int64_t>(lo), static_cast<int64_t>(hi)));
    }
    x.set(i, v);
  }
  return x;
}

void CaseMaker::input(Tensor t) {
  Fact f = Fact::of(t.dtype(), graph::SymShape(t.dims().begin(), t.dims().end()));
  node.inputs.push_back(graph_.add_input("x" + std::to_string(inputs_.size()), std::move(f)));
  inputs_.push_back(std::move(t));
}

void CaseMaker::constant(Tensor t) {
  node.inputs.push_back(graph_.add_constant(graph_.fresh_name("c"), std::move(t)));
}

void CaseMaker::laid_out(Tensor t) {
  const int rank = t.rank();
  input(std::move(t));
  if (rank < 3 || rank > 5 || r.one_in(2)) return;
  graph::Node reorder;
  reorder.domain = graph::hone_domain;
  reorder.op = "Reorder";
  reorder.version = 1;
  reorder.name = "lay out";
  reorder.inputs = {node.inputs.back()};
  const graph::NodeId id = graph_.add_node(std::move(reorder), {graph_.fresh_name("laid")});
  node.inputs.back() = graph_.node(id).outputs[0];
  graph_.set_layout(node.inputs.back(), Layout::channels_last);
}

DType CaseMaker::result_type(DType x) {
  const DType to = r.one_in(3) ? DType::f32 : x;
  if (to != x || r.one_in(2)) attr("to", static_cast<int64_t>(to));
  return to;
}

void CaseMaker::activation() {
  const auto act = static_cast<kernels::Act>(r.below(kernels::act_count));
  if (act == kernels::Act::none && r.one_in(2)) return;
  attr("activation", std::string(name(act)));
  // What each takes of a and b; the others ignore them.
  float a = 0.3f, b = 0.5f;
  if (act == kernels::Act::clip) a = r.one_in(2) ? 0.0f : -0.75f, b = r.one_in(2) ? 6.0f : 0.9f;
  if (act == kernels::Act::silu) a = r.one_in(2) ? 1.0f : 1.702f;
  attr("act_a", a);
  attr("act_b", b);
}

Result<Case> CaseMaker::finish(const std::vector<std::string>& outputs) {
  Case c;
  c.floor = floor;
  c.exact = exact;
  c.inputs = inputs_;
  const graph::NodeId id = graph_.add_node(node, outputs);
  if (blocks) blocks(graph_, id);
  std::vector<ValueId> results;
  for (ValueId v : graph_.node(id).outputs) {
    if (v == graph::none) continue;
    results.push_back(v);
    graph_.output_names.push_back(graph_.value(v).name);
  }
  graph_.set_block_outputs(0, results);
  const bool dynamic = inputs_.size() == 1 && inputs_[0].rank() > 0 && r.one_in(3);
  const bool channels_last = r.one_in(2);
  auto infer = [&](graph::Graph* g) -> Status {
    HONE_RETURN_IF_ERROR(ops::infer_graph(*g));
    for (ValueId v : results) {
      const Fact& f = g->fact(v);
      if (channels_last && f.has_rank() && (f.rank() == 3 || f.rank() == 4)) {
        g->set_layout(v, Layout::channels_last);
      }
    }
    return graph::verify(*g);
  };
  if (dynamic) {
    c.graph = graph_;
    const ValueId x = graph_.block().inputs[0];
    Fact f = graph_.fact(x);
    f.shape->front() = Dim::symbol("s");
    c.graph.set_fact(x, std::move(f));
    plan::PlanOptions any;
    // Not every operator can have this dimension dynamic (Slice of unknown sign, ...).
    if (infer(&c.graph).ok() && plan::make_plan(c.graph, any).ok()) return c;
  }
  c.graph = std::move(graph_);
  HONE_RETURN_IF_ERROR(infer(&c.graph));
  return c;
}

std::optional<Result<Case>> random_case(const char* domain, const char* op, uint32_t seed) {
  struct Maker {
    plan::LowerFn lower;
    Result<Case> (*make)(CaseMaker&);
  };
  constexpr Maker makers[] = {{plan::lower_conv, conv_case},
                              {plan::lower_half_conv, half_conv_case},
                              {plan::lower_half_gemm, half_gemm_case},
                              {plan::lower_gemm, gemm_case},
                              {plan::lower_einsum, einsum_case},
                              {plan::lower_attention, attention_case},
                              {plan::lower_pool, pool_case},
                              {plan::lower_lp_pool, lp_pool_case},
                              {plan::lower_grid_sample, grid_sample_case},
                              {plan::lower_roi, roi_case},
                              {plan::lower_col2im, col2im_case},
                              {plan::lower_lstm, lstm_case},
                              {plan::lower_unary, unary_case},
                              {plan::lower_clip, clip_case},
                              {plan::lower_binary, binary_case},
                              {plan::lower_chain, chain_case},
                              {plan::lower_variadic, variadic_case},
                              {plan::lower_where, where_case},
                              {plan::lower_cast, cast_case},
                              {plan::lower_bit_cast, bit_cast_case},
                              {plan::lower_batch_norm, batch_norm_case},
                              {plan::lower_reduce, reduce_case},
                              {plan::lower_softmax, softmax_case},
                              {plan::lower_same, same_case},
                              {plan::lower_reorder, same_case},
                              {plan::lower_reshape, reshape_case},
                              {plan::lower_transpose, transpose_case},
                              {plan::lower_concat, concat_case},
                              {plan::lower_split, split_case},
                              {plan::lower_slice, slice_case},
                              {plan::lower_expand, expand_case},
                              {plan::lower_tile, tile_case},
                              {plan::lower_pad, pad_case},
                              {plan::lower_gather, gather_case},
                              {plan::lower_gather_elements, gather_elements_case},
                              {plan::lower_gather_nd, gather_nd_case},
                              {plan::lower_range, range_case},
                              {plan::lower_matmul_integer, matmul_integer_case},
                              {plan::lower_conv_integer, conv_integer_case},
                              {plan::lower_dynamic_quantize, dynamic_quantize_case},
                              {plan::lower_qlinear_unary, qlinear_unary_case},
                              {plan::lower_qlinear_concat, qlinear_concat_case},
                              {plan::lower_lrn, lrn_case},
                              {plan::lower_scatter, scatter_case},
                              {plan::lower_topk, topk_case},
                              {plan::lower_cumulate, cumulate_case},
                              {plan::lower_scan, scan_case},
                              {plan::lower_loop, loop_case},
                              {plan::lower_random, random_numbers_case},
                              {plan::lower_linear_attention, linear_attention_case},
                              {plan::lower_dft, dft_case},
                              {plan::lower_one_hot, one_hot_case},
                              {plan::lower_eye_like, eye_like_case},
                              {plan::lower_trilu, trilu_case},
                              {plan::lower_reverse_sequence, reverse_sequence_case},
                              {plan::lower_layer_norm, layer_norm_case},
                              {plan::lower_group_norm, group_norm_case},
                              {plan::lower_mean_variance, mean_variance_case},
                              {plan::lower_lp_norm, lp_norm_case},
                              {plan::lower_quantize, quantize_case},
                              {plan::lower_dequantize, dequantize_case},
                              {plan::lower_conv_transpose, conv_transpose_case},
                              {plan::lower_rnn, rnn_case},
                              {plan::lower_qlinear_conv, qlinear_conv_case},
                              {plan::lower_qlinear_matmul, qlinear_matmul_case},
                              {plan::lower_qlinear_binary, qlinear_binary_case},
                              {plan::lower_byte_table, byte_table_case},
                              {plan::lower_quantized_binary, quantized_binary_case},
                              {plan::lower_quantized_pool, quantized_pool_case},
                              {plan::lower_resize, resize_case},
                              {plan::lower_nonzero, nonzero_case},
                              {plan::lower_compress, compress_case},
                              {plan::lower_unique, unique_case},
                              {plan::lower_nms, nms_case},
                              {plan::lower_constant_of_shape, fill_case},
                              {plan::lower_depth_to_space, depth_space_case},
                              {plan::lower_space_to_depth, depth_space_case},
                              {plan::lower_channel_shuffle, depth_space_case}};
  CaseMaker m(domain, op, seed);
  if (m.is("Shape")) return shape_case(m);  // a shape as data needs no lowering of its own
  const plan::LowerFn lower = plan::find_lowering(m.node);
  for (const Maker& k : makers) {
    if (k.lower == lower) return k.make(m);
  }
  return std::nullopt;
}

}  // namespace hone::kernel_tests
