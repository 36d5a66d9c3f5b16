// DynamicQuantizeLSTM of com.microsoft: ONNX's LSTM whose weights are stored in 8 bits.
//
// ONNX Runtime rounds X, and the hidden state at every step, to 8 bits too; how, its text leaves
// open. Here as in OpenVINO they stay what they are, which is what the rounding approximates.
#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

constexpr size_t operands = 8;  // X, W, R, B, sequence_lens, initial_h, initial_c, P: as LSTM's
enum Scale : size_t { w_scale = 8, w_zero, r_scale, r_zero };

// W and R have the gates last here: [directions, size, 4 hidden].
Status infer(InferContext& ctx) {
  std::vector<Fact> facts;
  for (size_t i = 0; i < std::min(ctx.inputs(), operands); ++i) {
    Fact f = with_type(ctx.in(i), ctx.in(i).dtype);
    if (i == 1 || i == 2) {
      HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
      HONE_RETURN_IF_ERROR(check_rank(ctx, i, 3, 3));
      f.dtype = ctx.in(0).dtype;
      if (f.has_rank()) std::swap((*f.shape)[1], (*f.shape)[2]);
    }
    facts.push_back(std::move(f));
  }
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(infer_inner(ctx, {"LSTM", 14, ctx.node().attributes}, facts, t));
  for (size_t i : {1, 2}) ctx.set_unranked(i, t);
  if (ctx.has_rank(0) && ctx.has_rank(2)) {
    const bool both = ctx.node().attributes.s("direction", "forward") == "bidirectional";
    for (size_t i : {1, 2}) {
      ctx.set(i, t, {Dim(both ? 2 : 1), ctx.shape(0)[1], ctx.shape(2)[1]});
    }
  }
  return {};
}

// [directions, size, 4 hidden] of 8 bits as [directions, 4 hidden, size] of f64. Scales: one for a
// direction, or one for each of its columns.
Result<Tensor> weights(const RefContext& ctx, size_t i, size_t scale, size_t zero) {
  const Tensor& q = ctx.in(i);
  if (q.rank() != 3) return error(Code::shape_mismatch, "the weights' rank");
  const int64_t directions = q.dims()[0], size = q.dims()[1], columns = q.dims()[2];
  const std::vector<double> scales = load<double>(ctx.in(scale));
  const std::vector<int64_t> zeros = ints_of(ctx.in(zero));
  const auto fits = [&](size_t n) {
    return static_cast<int64_t>(n) == directions || static_cast<int64_t>(n) == directions * columns;
  };
  if (!fits(scales.size()) || !fits(zeros.size())) {
    return error(Code::shape_mismatch, "scales or zero points of the weights");
  }
  const auto at = [&](size_t n, int64_t d, int64_t c) {
    return static_cast<size_t>(static_cast<int64_t>(n) == directions ? d : d * columns + c);
  };
  const std::vector<int64_t> from = ints_of(q);
  std::vector<double> to;
  to.reserve(from.size());
  for (int64_t d = 0; d < directions; ++d) {
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t r = 0; r < size; ++r) {
        const int64_t v = from[static_cast<size_t>((d * size + r) * columns + c)];
        to.push_back(static_cast<double>(v - zeros[at(zeros.size(), d, c)]) *
                     scales[at(scales.size(), d, c)]);
      }
    }
  }
  return store(DType::f64, {directions, columns, size}, to);
}

Status run(RefContext& ctx) {
  for (size_t i : {+w_scale, +w_zero, +r_scale, +r_zero}) {
    if (!ctx.has_input(i)) return invalid("scales or zero points of the weights are missing");
  }
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < operands; ++i) inputs.push_back(optional_input(ctx, i));
  HONE_ASSIGN(inputs[1], weights(ctx, 1, w_scale, w_zero));
  HONE_ASSIGN(inputs[2], weights(ctx, 2, r_scale, r_zero));
  HONE_ASSIGN(std::vector<Tensor> y,
              run_inner_all(ctx, {"LSTM", 14, ctx.node().attributes}, inputs, 3));
  for (size_t i = 0; i < 3; ++i) {
    if (ctx.has_output(i)) {
      ctx.set(i, store(ctx.in(0).dtype(), y[i].dims(), load<double>(y[i])));
    }
  }
  return {};
}

constexpr AttrSpec attrs[] = {{"activation_alpha", AttrType::floats},
                              {"activation_beta", AttrType::floats},
                              {"activations", AttrType::strings},
                              {"clip", AttrType::f},
                              {"direction", AttrType::s},
                              {"hidden_size", AttrType::i},
                              {"input_forget", AttrType::i}};
const OpDef defs[] = {
    {microsoft, "DynamicQuantizeLSTM", 1, 3, 12, 1, 3, attrs, infer, run, nullptr, 1e-4}};

}  // namespace

std::span<const OpDef> contrib_lstm_defs() { return defs; }

}  // namespace hone::ops
