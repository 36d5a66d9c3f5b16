// The LSTM cell and the walk over the sequence, for any instruction set. Included inside
// namespace hone::kernels::<isa> and an unnamed one; needs act_f32 of that namespace.

struct Cell {
  const LstmParams* p;
  int d;                   // direction's index
  const float* peepholes;  // [3H] of this direction, nullptr: none
};

inline void activate(Act act, float* x, int64_t n) {
  act_f32(act, lstm_act_a(act), lstm_act_b(act), x, x, n);
}

inline void clip_row(float* x, int64_t n, float clip) {
  if (clip == 0) return;
  act_f32(Act::clip, -clip, clip, x, x, n);
}

inline void add_scaled(float* x, const float* weight, const float* state, int64_t n) {
  for (int64_t j = 0; j < n; ++j) x[j] += weight[j] * state[j];
}

// gates holds the inputs of i, o, f, c (each `hidden` long) without peepholes; updates c and h.
inline void step_cell(const Cell& cell, float* gates, float* c, float* h) {
  const LstmParams& p = *cell.p;
  int64_t n = p.hidden;
  const Act* act = p.act[cell.d];
  float *gi = gates, *go = gates + n, *gf = gates + 2 * n, *gc = gates + 3 * n;
  if (cell.peepholes) add_scaled(gi, cell.peepholes, c, n);
  if (cell.peepholes) add_scaled(gf, cell.peepholes + 2 * n, c, n);
  clip_row(gi, n, p.clip);
  clip_row(gf, n, p.clip);
  clip_row(gc, n, p.clip);
  activate(act[0], gi, n);
  if (p.input_forget) {
    for (int64_t j = 0; j < n; ++j) gf[j] = 1 - gi[j];
  } else {
    activate(act[0], gf, n);
  }
  activate(act[1], gc, n);
  for (int64_t j = 0; j < n; ++j) c[j] = gf[j] * c[j] + gi[j] * gc[j];
  if (cell.peepholes) add_scaled(go, cell.peepholes + n, c, n);
  clip_row(go, n, p.clip);
  activate(act[0], go, n);
  act_f32(act[2], lstm_act_a(act[2]), lstm_act_b(act[2]), c, h, n);
  for (int64_t j = 0; j < n; ++j) h[j] = go[j] * h[j];
}

inline void copy_row(float* to, const float* from, int64_t n) {
  for (int64_t j = 0; j < n; ++j) to[j] = from ? from[j] : 0.0f;
}

// One unit of phase 1: batch rows [b0, b0 + rows) of direction index d. recur(gates, h, rows) adds
// h R' to `rows` rows of gates, `width` apart; rows of h lie `hidden` apart.
template <class Recur>
inline void run_sequence(const RunArgs& args, const LstmParams& p, int d, int64_t b0, int rows,
                         Recur&& recur) {
  auto in = [&](int i) { return static_cast<const float*>(lstm_in(args, p, i)); };
  auto out = [&](int i) { return lstm_out(args, p, i); };
  const int64_t n = p.hidden, state = (d * p.batch + b0) * n;
  float* h = static_cast<float*>(args.scratch);
  float* c = h + lstm_rows * n;
  float* next = c + lstm_rows * n;
  const auto* lens = static_cast<const int32_t*>(lstm_in(args, p, lstm_lens));
  Cell cell = {&p, d, in(lstm_peepholes) ? in(lstm_peepholes) + d * 3 * n : nullptr};
  copy_row(h, in(lstm_h0) ? in(lstm_h0) + state : nullptr, rows * n);
  copy_row(c, in(lstm_c0) ? in(lstm_c0) + state : nullptr, rows * n);
  bool backwards = p.direction == 1 || d == 1;
  for (int64_t s = 0; s < p.steps; ++s) {
    int64_t t = backwards ? p.steps - 1 - s : s;
    float* gates =
        static_cast<float*>(args.workspace) + ((d * p.steps + t) * p.batch + b0) * p.width;
    recur(gates, h, rows);
    for (int r = 0; r < rows; ++r) {
      bool live = !lens || t < lens[b0 + r];
      if (live) {
        step_cell(cell, gates + r * p.width, c + r * n, next);
        copy_row(h + r * n, next, n);
      }
      if (out(0)) {
        float* y = out(0) + ((t * p.directions + d) * p.batch + b0 + r) * n;
        copy_row(y, live ? next : nullptr, n);
      }
    }
  }
  if (out(1)) copy_row(out(1) + state, h, rows * n);
  if (out(2)) copy_row(out(2) + state, c, rows * n);
}
