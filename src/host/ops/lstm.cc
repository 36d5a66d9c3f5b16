// LSTM.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/rnn.h"

namespace hone::ops {
namespace {

// --- inference
// ------------------------------------------------------------------------------------

struct Sizes {
  Dim steps, batch, hidden, directions;
};

Status check_operands(const InferContext& ctx, const Sizes& s, bool batch_first) {
  for (size_t i : {size_t{0}, size_t{1}, size_t{2}, size_t{5}, size_t{6}}) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 3, 3));
  }
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 4, 1, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 7, 2, 2));
  const Dim gates = Dim(4) * s.hidden;
  for (size_t i : {size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
    HONE_RETURN_IF_ERROR(rnn_meet(ctx, i, 0, s.directions, "directions"));
  }
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 1, 1, gates, "W's gates"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 2, 1, gates, "R's gates"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 2, 2, s.hidden, "R's hidden size"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 3, 1, Dim(8) * s.hidden, "B's size"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 4, 0, s.batch, "sequence_lens' size"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 7, 1, Dim(3) * s.hidden, "P's size"));
  for (size_t i : {size_t{5}, size_t{6}}) {
    HONE_RETURN_IF_ERROR(rnn_meet(ctx, i, batch_first ? 0 : 1, s.batch, "initial state's batch"));
    HONE_RETURN_IF_ERROR(rnn_meet(ctx, i, 2, s.hidden, "initial state's hidden size"));
  }
  if (!ctx.has_rank(0)) return {};
  return rnn_meet(ctx, 1, 2, ctx.shape(0)[2], "input sizes of X and W");
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  const Node& node = ctx.node();
  const bool batch_first = node.attributes.i("layout", 0) != 0;
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 3, 3));
  HONE_ASSIGN(const int64_t dirs, rnn_directions(node));
  Sizes s;
  s.directions = Dim(dirs);
  s.steps = ctx.has_rank(0) ? ctx.shape(0)[batch_first ? 1 : 0] : ctx.unknown(0, 0);
  s.batch = ctx.has_rank(0) ? ctx.shape(0)[batch_first ? 0 : 1] : ctx.unknown(0, 1);
  if (node.attributes.has("hidden_size")) {
    s.hidden = Dim(node.attributes.i("hidden_size", 0));
    if (s.hidden.value() < 1 || s.hidden.value() > INT32_MAX) {
      return invalid(fmt::format("hidden_size is {}", s.hidden.value()));
    }
  } else {
    s.hidden = ctx.has_rank(2) ? ctx.shape(2)[2] : ctx.unknown(0, 3);
  }
  HONE_RETURN_IF_ERROR(check_operands(ctx, s, batch_first));
  HONE_RETURN_IF_ERROR(rnn_activations(node, {"Sigmoid", "Tanh", "Tanh"}, dirs).status());
  if (batch_first) {
    ctx.set(0, t, {s.batch, s.steps, s.directions, s.hidden});
  } else {
    ctx.set(0, t, {s.steps, s.directions, s.batch, s.hidden});
  }
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (batch_first) ctx.set(i, t, {s.batch, s.directions, s.hidden});
    if (!batch_first) ctx.set(i, t, {s.directions, s.batch, s.hidden});
  }
  return {};
}

double flops(const Graph& graph, const Node& node) {
  if (node.input(0) == graph::none || node.input(1) == graph::none) return 0;
  const Fact& x = graph.fact(node.inputs[0]);
  if (!x.has_rank() || x.rank() != 3 || !(*x.shape)[2].is_const()) return 0;
  const double width = std::max<double>(1, static_cast<double>((*x.shape)[2].value()));
  return 2 * elements(x) / width *
         (input_elements(graph, node, 1) + input_elements(graph, node, 2));
}

// --- reference
// --------------------------------------------------------------------------------------

struct Cell {
  int64_t steps, batch, width, hidden, dirs;
  bool batch_first, couple;
  std::vector<double> x, w, r, b, h, c, p;
  std::vector<int64_t> lengths;
  std::vector<RnnActivation> acts;  // f, g, h per direction
  double clip;

  std::vector<double> y, state;  // y as Y; state: one row of hidden values

  size_t x_at(int64_t t, int64_t n) const {
    return static_cast<size_t>((batch_first ? n * steps + t : t * batch + n) * width);
  }
  size_t y_at(int64_t t, int64_t d, int64_t n) const {
    const int64_t row = batch_first ? (n * steps + t) * dirs + d : (t * dirs + d) * batch + n;
    return static_cast<size_t>(row * hidden);
  }
  size_t h_at(int64_t d, int64_t n) const {
    return static_cast<size_t>((batch_first ? n * dirs + d : d * batch + n) * hidden);
  }
  double act(int64_t d, int which, double v) const {
    if (clip > 0) v = std::clamp(v, -clip, clip);
    return acts[static_cast<size_t>(3 * d + which)](v);
  }

  // The 4 hidden sums of one step before peepholes and activations, in W's order: i, o, f, c.
  std::vector<double> sums(int64_t t, int64_t d, int64_t n, const double* last) const {
    std::vector<double> out(static_cast<size_t>(4 * hidden));
    const double* in = x.data() + x_at(t, n);
    for (int64_t g = 0; g < 4 * hidden; ++g) {
      const double* wr = w.data() + (d * 4 * hidden + g) * width;
      const double* rr = r.data() + (d * 4 * hidden + g) * hidden;
      double sum = b.empty() ? 0
                             : b[static_cast<size_t>(d * 8 * hidden + g)] +
                                   b[static_cast<size_t>(d * 8 * hidden + 4 * hidden + g)];
      for (int64_t k = 0; k < width; ++k) sum += wr[k] * in[k];
      for (int64_t k = 0; k < hidden; ++k) sum += rr[k] * last[k];
      out[static_cast<size_t>(g)] = sum;
    }
    return out;
  }

  void step(int64_t t, int64_t d, int64_t n) {
    double* last_h = h.data() + h_at(d, n);
    double* last_c = c.data() + h_at(d, n);
    const std::vector<double> s = sums(t, d, n, last_h);
    const double* peep = p.empty() ? nullptr : p.data() + d * 3 * hidden;
    for (int64_t k = 0; k < hidden; ++k) {
      const auto gate = [&](int64_t g) { return s[static_cast<size_t>(g * hidden + k)]; };
      const auto hole = [&](int64_t g) { return peep ? peep[g * hidden + k] : 0.0; };
      const double i = act(d, 0, gate(0) + hole(0) * last_c[k]);
      const double f = couple ? 1 - i : act(d, 0, gate(2) + hole(2) * last_c[k]);
      const double cell = f * last_c[k] + i * act(d, 1, gate(3));
      const double o = act(d, 0, gate(1) + hole(1) * cell);
      last_c[k] = cell;
      last_h[k] = o * acts[static_cast<size_t>(3 * d + 2)](cell);
      y[y_at(t, d, n) + static_cast<size_t>(k)] = last_h[k];
    }
  }

  void run(bool reverse_only) {
    y.assign(static_cast<size_t>(steps * dirs * batch * hidden), 0.0);
    for (int64_t d = 0; d < dirs; ++d) {
      const bool backwards = reverse_only || d == 1;
      for (int64_t n = 0; n < batch; ++n) {
        const int64_t length = lengths.empty() ? steps : lengths[static_cast<size_t>(n)];
        for (int64_t i = 0; i < length; ++i) step(backwards ? length - 1 - i : i, d, n);
      }
    }
  }
};

Result<Cell> cell_of(const RefContext& ctx) {
  const Node& node = ctx.node();
  const Tensor &x = ctx.in(0), &r = ctx.in(2);
  if (x.rank() != 3 || r.rank() != 3) return error(Code::shape_mismatch, "X or R is not of rank 3");
  Cell cell;
  cell.batch_first = node.attributes.i("layout", 0) != 0;
  cell.couple = node.attributes.i("input_forget", 0) != 0;
  cell.clip = static_cast<double>(node.attributes.f("clip", 0));
  cell.steps = x.dims()[cell.batch_first ? 1 : 0];
  cell.batch = x.dims()[cell.batch_first ? 0 : 1];
  cell.width = x.dims()[2];
  cell.hidden = r.dims()[2];
  HONE_ASSIGN(cell.dirs, rnn_directions(node));
  HONE_ASSIGN(cell.acts, rnn_activations(node, {"Sigmoid", "Tanh", "Tanh"}, cell.dirs));
  const int64_t h = cell.hidden, d = cell.dirs;
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {cell.steps, d, cell.batch, h}));
  const Dims state = cell.batch_first ? Dims{cell.batch, d, h} : Dims{d, cell.batch, h};
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 0, x.dims(), &cell.x));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 1, {d, 4 * h, cell.width}, &cell.w));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 2, {d, 4 * h, h}, &cell.r));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 3, {d, 8 * h}, &cell.b));
  cell.h.assign(static_cast<size_t>(d * cell.batch * h), 0.0);
  cell.c = cell.h;
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 5, state, &cell.h));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 6, state, &cell.c));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 7, {d, 3 * h}, &cell.p));
  HONE_ASSIGN(cell.lengths, rnn_lengths(ctx, cell.steps, cell.batch));
  return cell;
}

Status reference(RefContext& ctx) {
  const DType t = ctx.in(0).dtype();
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  HONE_ASSIGN(Cell cell, cell_of(ctx));
  cell.run(ctx.node().attributes.s("direction", "forward") == "reverse");
  const int64_t s = cell.steps, d = cell.dirs, n = cell.batch, h = cell.hidden;
  const Dims state = cell.batch_first ? Dims{n, d, h} : Dims{d, n, h};
  if (ctx.has_output(0)) {
    ctx.set(0, store(t, cell.batch_first ? Dims{n, s, d, h} : Dims{s, d, n, h}, cell.y));
  }
  if (ctx.has_output(1)) ctx.set(1, store(t, state, cell.h));
  if (ctx.has_output(2)) ctx.set(2, store(t, state, cell.c));
  return {};
}

constexpr AttrSpec attrs_7[] = {{"activation_alpha", AttrType::floats},
                                {"activation_beta", AttrType::floats},
                                {"activations", AttrType::strings},
                                {"clip", AttrType::f},
                                {"direction", AttrType::s},
                                {"hidden_size", AttrType::i},
                                {"input_forget", AttrType::i}};
constexpr AttrSpec attrs_14[] = {{"activation_alpha", AttrType::floats},
                                 {"activation_beta", AttrType::floats},
                                 {"activations", AttrType::strings},
                                 {"clip", AttrType::f},
                                 {"direction", AttrType::s},
                                 {"hidden_size", AttrType::i},
                                 {"input_forget", AttrType::i},
                                 {"layout", AttrType::i}};
const OpDef defs[] = {
    {"", "LSTM", 7, 3, 8, 0, 3, attrs_7, infer, reference, flops, 1e-4},
    {"", "LSTM", 14, 3, 8, 0, 3, attrs_14, infer, reference, flops, 1e-4},
};

}  // namespace

std::span<const OpDef> lstm_defs() { return defs; }

}  // namespace hone::ops
