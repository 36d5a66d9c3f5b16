// One operator at random: a graph of one node (and Reorders that give its operands another layout),
// with inputs that keep the comparison honest: values of size 1, integers that do not overflow.
#pragma once

#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "host/ops/op_def.h"
#include "host/plan/lower.h"

namespace hone::kernel_tests {

class Random {
 public:
  explicit Random(uint32_t seed) : rng_(seed) {}
  int64_t below(int64_t n) { return static_cast<int64_t>(rng_() % static_cast<uint64_t>(n)); }
  int64_t between(int64_t lo, int64_t hi) { return lo + below(hi - lo + 1); }
  bool one_in(int64_t n) { return below(n) == 0; }
  double real(double lo, double hi) {
    return lo + (hi - lo) * static_cast<double>(rng_() >> 11) * 0x1p-53;
  }
  template <class T>
  T pick(std::initializer_list<T> from) {
    return from.begin()[below(static_cast<int64_t>(from.size()))];
  }
  template <class T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(below(static_cast<int64_t>(from.size())))];
  }
  // 1, primes, powers of two and what lies beside them.
  int64_t size() { return pick({1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 61}); }
  // `rank` sizes whose product is at most `most`.
  Dims dims(int64_t rank, int64_t most = 4000);

 private:
  std::mt19937_64 rng_;
};

// What to expect of a case besides the OpDef's tolerance.
struct Case {
  graph::Graph graph;
  std::vector<Tensor> inputs;
  // Largest |value| of the channel counts as at least this: a result much smaller than the
  // operands came about by cancellation, and its error is that of what cancelled.
  double floor = 1;
  // The operator moves elements: not one bit may differ.
  bool exact = false;
};

class CaseMaker {
 public:
  // The operator, at the version of one of its OpDefs.
  CaseMaker(const char* domain, const char* op, uint32_t seed);

  Random r;
  graph::Node node;
  const ops::OpDef* def = nullptr;
  double floor = 1;
  bool exact = false;

  // Fills the blocks of the node in the graph, for control flow.
  std::function<void(graph::Graph&, graph::NodeId)> blocks;

  bool is(std::string_view op) const { return node.op == op; }
  // Whether this version of the operator has the attribute.
  bool has_attr(std::string_view name) const;
  template <class T>
  void attr(const char* name, T value) {
    node.attributes.set(name, graph::Attr(std::move(value)));
  }
  void ints(const char* name, std::vector<int64_t> v) { attr(name, std::move(v)); }

  // Elements in [lo, hi] of any numeric type; one float in four a multiple of 1/2.
  Tensor tensor(DType t, const Dims& dims, double lo = -2, double hi = 2);

  // The node's next input. Constants are known when the engine is built.
  void input(Tensor t);
  void constant(Tensor t);
  void either(Tensor t) { r.one_in(2) ? input(std::move(t)) : constant(std::move(t)); }
  void absent() { node.inputs.push_back(graph::none); }
  // As input(); of rank 3 and 4 it sometimes comes channels last, from memory that dies with it.
  void laid_out(Tensor t);

  // bf16 or f16.
  DType half_type() { return r.one_in(2) ? DType::bf16 : DType::f16; }
  // `to` at random: `x` or f32.
  DType result_type(DType x);

  // `act`, act_a, act_b at random; sometimes none.
  void activation();

  // The graph, inferred. One layout in two is channels last where the rank allows it; sometimes
  // the first dimension of the only input is dynamic. `outputs`: "" for absent ones.
  Result<Case> finish(const std::vector<std::string>& outputs = {"y"});

 private:
  graph::Graph graph_;
  std::vector<Tensor> inputs_;
};

// Makes a case of the operator that a line of the lowering table is about. nullopt: no maker knows
// the operator.
std::optional<Result<Case>> random_case(const char* domain, const char* op, uint32_t seed);

// By lowering, see the table in case_maker.cc.
Result<Case> conv_case(CaseMaker& m);
Result<Case> half_conv_case(CaseMaker& m);
Result<Case> half_gemm_case(CaseMaker& m);
Result<Case> pool_case(CaseMaker& m);
Result<Case> lp_pool_case(CaseMaker& m);
Result<Case> grid_sample_case(CaseMaker& m);
Result<Case> roi_case(CaseMaker& m);
Result<Case> col2im_case(CaseMaker& m);
Result<Case> gemm_case(CaseMaker& m);
Result<Case> einsum_case(CaseMaker& m);
Result<Case> attention_case(CaseMaker& m);
Result<Case> lstm_case(CaseMaker& m);
Result<Case> unary_case(CaseMaker& m);
Result<Case> clip_case(CaseMaker& m);
Result<Case> binary_case(CaseMaker& m);
Result<Case> chain_case(CaseMaker& m);
Result<Case> variadic_case(CaseMaker& m);
Result<Case> where_case(CaseMaker& m);
Result<Case> cast_case(CaseMaker& m);
Result<Case> bit_cast_case(CaseMaker& m);
Result<Case> batch_norm_case(CaseMaker& m);
Result<Case> reduce_case(CaseMaker& m);
Result<Case> softmax_case(CaseMaker& m);
Result<Case> same_case(CaseMaker& m);
Result<Case> reshape_case(CaseMaker& m);
Result<Case> transpose_case(CaseMaker& m);
Result<Case> concat_case(CaseMaker& m);
Result<Case> split_case(CaseMaker& m);
Result<Case> slice_case(CaseMaker& m);
Result<Case> expand_case(CaseMaker& m);
Result<Case> tile_case(CaseMaker& m);
Result<Case> pad_case(CaseMaker& m);
Result<Case> gather_case(CaseMaker& m);
Result<Case> nonzero_case(CaseMaker& m);
Result<Case> compress_case(CaseMaker& m);
Result<Case> nms_case(CaseMaker& m);
Result<Case> fill_case(CaseMaker& m);
Result<Case> gather_elements_case(CaseMaker& m);
Result<Case> gather_nd_case(CaseMaker& m);
Result<Case> range_case(CaseMaker& m);
Result<Case> unique_case(CaseMaker& m);
Result<Case> scatter_case(CaseMaker& m);
Result<Case> topk_case(CaseMaker& m);
Result<Case> cumulate_case(CaseMaker& m);
Result<Case> dft_case(CaseMaker& m);
Result<Case> one_hot_case(CaseMaker& m);
Result<Case> eye_like_case(CaseMaker& m);
Result<Case> trilu_case(CaseMaker& m);
Result<Case> reverse_sequence_case(CaseMaker& m);
Result<Case> layer_norm_case(CaseMaker& m);
Result<Case> group_norm_case(CaseMaker& m);
Result<Case> mean_variance_case(CaseMaker& m);
Result<Case> lp_norm_case(CaseMaker& m);
Result<Case> quantize_case(CaseMaker& m);
Result<Case> dequantize_case(CaseMaker& m);
Result<Case> conv_transpose_case(CaseMaker& m);
Result<Case> rnn_case(CaseMaker& m);
Result<Case> qlinear_conv_case(CaseMaker& m);
Result<Case> qlinear_matmul_case(CaseMaker& m);
Result<Case> qlinear_binary_case(CaseMaker& m);
Result<Case> byte_table_case(CaseMaker& m);
Result<Case> quantized_binary_case(CaseMaker& m);
Result<Case> quantized_pool_case(CaseMaker& m);
Result<Case> resize_case(CaseMaker& m);
Result<Case> matmul_integer_case(CaseMaker& m);
Result<Case> conv_integer_case(CaseMaker& m);
Result<Case> dynamic_quantize_case(CaseMaker& m);
Result<Case> qlinear_unary_case(CaseMaker& m);
Result<Case> qlinear_concat_case(CaseMaker& m);
Result<Case> lrn_case(CaseMaker& m);
Result<Case> depth_space_case(CaseMaker& m);
Result<Case> shape_case(CaseMaker& m);
Result<Case> scan_case(CaseMaker& m);
Result<Case> loop_case(CaseMaker& m);
Result<Case> random_numbers_case(CaseMaker& m);
Result<Case> linear_attention_case(CaseMaker& m);

}  // namespace hone::kernel_tests
