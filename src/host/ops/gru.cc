// GRU and RNN.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/rnn.h"

namespace hone::ops {
namespace {

bool is_gru(const Node& node) { return node.op == "GRU"; }
int64_t gates_of(const Node& node) { return is_gru(node) ? 3 : 1; }
std::vector<std::string> usual_activations(const Node& node) {
  if (is_gru(node)) return {"Sigmoid", "Tanh"};
  return {"Tanh"};
}

// --- inference ----------------------------------------------------------------------------------

struct Sizes {
  Dim steps, batch, hidden, directions;
};

Status check_operands(const InferContext& ctx, const Sizes& s, bool batch_first) {
  for (size_t i : {size_t{1}, size_t{2}, size_t{5}}) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 3, 3));
  }
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 4, 1, 1));
  const Dim gates = Dim(gates_of(ctx.node())) * s.hidden;
  for (size_t i : {size_t{1}, size_t{2}, size_t{3}}) {
    HONE_RETURN_IF_ERROR(rnn_meet(ctx, i, 0, s.directions, "directions"));
  }
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 1, 1, gates, "W's gates"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 2, 1, gates, "R's gates"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 2, 2, s.hidden, "R's hidden size"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 3, 1, Dim(2) * gates, "B's size"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 4, 0, s.batch, "sequence_lens' size"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 5, batch_first ? 0 : 1, s.batch, "initial state's batch"));
  HONE_RETURN_IF_ERROR(rnn_meet(ctx, 5, 2, s.hidden, "initial state's hidden size"));
  if (!ctx.has_rank(0)) return {};
  return rnn_meet(ctx, 1, 2, ctx.shape(0)[2], "input sizes of X and W");
}

Result<Dim> hidden_size(const InferContext& ctx) {
  if (!ctx.node().attributes.has("hidden_size")) {
    return ctx.has_rank(2) ? ctx.shape(2)[2] : ctx.unknown(0, 3);
  }
  const int64_t size = ctx.node().attributes.i("hidden_size", 0);
  if (size < 1 || size > INT32_MAX) return invalid(fmt::format("hidden_size is {}", size));
  return Dim(size);
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  const bool batch_first = ctx.node().attributes.i("layout", 0) != 0;
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 3, 3));
  HONE_ASSIGN(const int64_t dirs, rnn_directions(ctx.node()));
  Sizes s;
  s.directions = Dim(dirs);
  s.steps = ctx.has_rank(0) ? ctx.shape(0)[batch_first ? 1 : 0] : ctx.unknown(0, 0);
  s.batch = ctx.has_rank(0) ? ctx.shape(0)[batch_first ? 0 : 1] : ctx.unknown(0, 1);
  HONE_ASSIGN(s.hidden, hidden_size(ctx));
  HONE_RETURN_IF_ERROR(check_operands(ctx, s, batch_first));
  HONE_RETURN_IF_ERROR(rnn_activations(ctx.node(), usual_activations(ctx.node()), dirs).status());
  if (batch_first) {
    ctx.set(0, t, {s.batch, s.steps, s.directions, s.hidden});
    ctx.set(1, t, {s.batch, s.directions, s.hidden});
  } else {
    ctx.set(0, t, {s.steps, s.directions, s.batch, s.hidden});
    ctx.set(1, t, {s.directions, s.batch, s.hidden});
  }
  return {};
}

double flops(const Graph& graph, const Node& node) {
  if (node.input(0) == graph::none) return 0;
  const Fact& x = graph.fact(node.inputs[0]);
  if (!x.has_rank() || x.rank() != 3 || !(*x.shape)[2].is_const()) return 0;
  const double width = std::max<double>(1, static_cast<double>((*x.shape)[2].value()));
  return 2 * elements(x) / width *
         (input_elements(graph, node, 1) + input_elements(graph, node, 2));
}

// --- reference ----------------------------------------------------------------------------------

struct Cell {
  int64_t gates, steps, batch, width, hidden, dirs;
  bool batch_first, reset_last;
  std::vector<double> x, w, r, b, h;
  std::vector<int64_t> lengths;
  std::vector<RnnActivation> acts;  // f and, for GRU, g, per direction
  double clip;
  std::vector<double> y;

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
  double act(int64_t d, int64_t which, double v) const {
    if (clip > 0) v = std::clamp(v, -clip, clip);
    return acts[static_cast<size_t>(d * (gates == 3 ? 2 : 1) + which)](v);
  }

  // W x + Wb of one gate and hidden unit.
  double from_input(int64_t t, int64_t d, int64_t n, int64_t gate, int64_t k) const {
    const int64_t row = (d * gates + gate) * hidden + k;
    const double* in = x.data() + x_at(t, n);
    double sum = b.empty() ? 0 : b[static_cast<size_t>((2 * d * gates + gate) * hidden + k)];
    for (int64_t i = 0; i < width; ++i) sum += w[static_cast<size_t>(row * width + i)] * in[i];
    return sum;
  }
  // R state + Rb.
  double from_state(const std::vector<double>& state, int64_t d, int64_t gate, int64_t k) const {
    const int64_t row = (d * gates + gate) * hidden + k;
    double sum = b.empty() ? 0 : b[static_cast<size_t>(((2 * d + 1) * gates + gate) * hidden + k)];
    for (int64_t i = 0; i < hidden; ++i) {
      sum += r[static_cast<size_t>(row * hidden + i)] * state[static_cast<size_t>(i)];
    }
    return sum;
  }

  std::vector<double> gate(int64_t t, int64_t d, int64_t n, int64_t which,
                           const std::vector<double>& state) const {
    std::vector<double> out;
    for (int64_t k = 0; k < hidden; ++k) {
      out.push_back(act(d, 0, from_input(t, d, n, which, k) + from_state(state, d, which, k)));
    }
    return out;
  }

  std::vector<double> gru_step(int64_t t, int64_t d, int64_t n,
                               const std::vector<double>& last) const {
    const std::vector<double> update = gate(t, d, n, 0, last), reset = gate(t, d, n, 1, last);
    std::vector<double> gated = last, next;
    for (size_t k = 0; k < last.size(); ++k) gated[k] *= reset[k];
    for (int64_t k = 0; k < hidden; ++k) {
      const auto at = static_cast<size_t>(k);
      const double recurrent =
          reset_last ? reset[at] * from_state(last, d, 2, k) : from_state(gated, d, 2, k);
      const double fresh = act(d, 1, from_input(t, d, n, 2, k) + recurrent);
      next.push_back((1 - update[at]) * fresh + update[at] * last[at]);
    }
    return next;
  }

  void step(int64_t t, int64_t d, int64_t n) {
    double* state = h.data() + h_at(d, n);
    const std::vector<double> last(state, state + hidden);
    const std::vector<double> next = gates == 3 ? gru_step(t, d, n, last) : gate(t, d, n, 0, last);
    std::copy(next.begin(), next.end(), state);
    std::copy(next.begin(), next.end(), y.begin() + static_cast<std::ptrdiff_t>(y_at(t, d, n)));
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
  cell.gates = gates_of(node);
  cell.batch_first = node.attributes.i("layout", 0) != 0;
  cell.reset_last = node.attributes.i("linear_before_reset", 0) != 0;
  cell.clip = static_cast<double>(node.attributes.f("clip", 0));
  cell.steps = x.dims()[cell.batch_first ? 1 : 0];
  cell.batch = x.dims()[cell.batch_first ? 0 : 1];
  cell.width = x.dims()[2];
  cell.hidden = r.dims()[2];
  HONE_ASSIGN(cell.dirs, rnn_directions(node));
  HONE_ASSIGN(cell.acts, rnn_activations(node, usual_activations(node), cell.dirs));
  const int64_t h = cell.hidden, d = cell.dirs, g = cell.gates * h;
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {cell.steps, d, cell.batch, h}));
  const Dims state = cell.batch_first ? Dims{cell.batch, d, h} : Dims{d, cell.batch, h};
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 0, x.dims(), &cell.x));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 1, {d, g, cell.width}, &cell.w));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 2, {d, g, h}, &cell.r));
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 3, {d, 2 * g}, &cell.b));
  cell.h.assign(static_cast<size_t>(d * cell.batch * h), 0.0);
  HONE_RETURN_IF_ERROR(rnn_fill(ctx, 5, state, &cell.h));
  HONE_ASSIGN(cell.lengths, rnn_lengths(ctx, cell.steps, cell.batch));
  return cell;
}

Status reference(RefContext& ctx) {
  const DType t = ctx.in(0).dtype();
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  HONE_ASSIGN(Cell cell, cell_of(ctx));
  cell.run(ctx.node().attributes.s("direction", "forward") == "reverse");
  const int64_t s = cell.steps, d = cell.dirs, n = cell.batch, h = cell.hidden;
  if (ctx.has_output(0)) {
    ctx.set(0, store(t, cell.batch_first ? Dims{n, s, d, h} : Dims{s, d, n, h}, cell.y));
  }
  if (ctx.has_output(1)) {
    ctx.set(1, store(t, cell.batch_first ? Dims{n, d, h} : Dims{d, n, h}, cell.h));
  }
  return {};
}

constexpr AttrSpec rnn_7[] = {{"activation_alpha", AttrType::floats},
                              {"activation_beta", AttrType::floats},
                              {"activations", AttrType::strings},
                              {"clip", AttrType::f},
                              {"direction", AttrType::s},
                              {"hidden_size", AttrType::i}};
constexpr AttrSpec rnn_14[] = {{"activation_alpha", AttrType::floats},
                               {"activation_beta", AttrType::floats},
                               {"activations", AttrType::strings},
                               {"clip", AttrType::f},
                               {"direction", AttrType::s},
                               {"hidden_size", AttrType::i},
                               {"layout", AttrType::i}};
constexpr AttrSpec gru_7[] = {{"activation_alpha", AttrType::floats},
                              {"activation_beta", AttrType::floats},
                              {"activations", AttrType::strings},
                              {"clip", AttrType::f},
                              {"direction", AttrType::s},
                              {"hidden_size", AttrType::i},
                              {"linear_before_reset", AttrType::i}};
constexpr AttrSpec gru_14[] = {{"activation_alpha", AttrType::floats},
                               {"activation_beta", AttrType::floats},
                               {"activations", AttrType::strings},
                               {"clip", AttrType::f},
                               {"direction", AttrType::s},
                               {"hidden_size", AttrType::i},
                               {"layout", AttrType::i},
                               {"linear_before_reset", AttrType::i}};
const OpDef defs[] = {
    {"", "GRU", 7, 3, 6, 0, 2, gru_7, infer, reference, flops, 1e-4},
    {"", "GRU", 14, 3, 6, 0, 2, gru_14, infer, reference, flops, 1e-4},
    {"", "RNN", 7, 3, 6, 0, 2, rnn_7, infer, reference, flops, 1e-4},
    {"", "RNN", 14, 3, 6, 0, 2, rnn_14, infer, reference, flops, 1e-4},
};

}  // namespace

std::span<const OpDef> gru_defs() { return defs; }

}  // namespace hone::ops
