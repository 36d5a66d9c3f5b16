// The cells and the walk over the sequence, for any instruction set. Included inside namespace
// hone::kernels::<isa> and an unnamed one; needs act_f32 of that namespace and
// accumulate(a, k_count, r, stride, n, sum): sum[0 .. n) += the k_count rows of r, `stride` apart,
// each times its element of a.

class Sequence {
 public:
  Sequence(const RunArgs& args, const RnnParams& p, int64_t unit)
      : args_(args),
        p_(p),
        d_(unit / p.batch),
        b_(unit % p.batch),
        n_(p.hidden),
        width_(p.gates * p.hidden) {
    h_ = static_cast<float*>(args.scratch);
    gates_ = h_ + n_, extra_ = gates_ + width_;
    r_ = rnn_in(args, p, rnn_r) + d_ * n_ * width_;
    bias_ = rnn_in(args, p, rnn_bias);
    if (bias_) bias_ += d_ * width_;
  }

  void run() {
    const int64_t state = (d_ * p_.batch + b_) * n_;
    const float* h0 = rnn_in(args_, p_, rnn_h0);
    for (int64_t j = 0; j < n_; ++j) h_[j] = h0 ? h0[state + j] : 0.0f;
    const void* lens = p_.in_count > rnn_lens ? args_.in[rnn_lens] : nullptr;
    int64_t length = lens ? static_cast<const int32_t*>(lens)[b_] : p_.steps;
    length = length < 0 ? 0 : length > p_.steps ? p_.steps : length;
    const bool backwards = p_.direction == 1 || d_ == 1;
    float* y = rnn_out(args_, p_, 0);
    for (int64_t i = 0; i < p_.steps; ++i) {
      const bool live = i < length;
      const int64_t t = live && backwards ? length - 1 - i : i;
      if (live)
        step(rnn_in(args_, p_, rnn_x) + ((t * p_.batch + b_) * p_.directions + d_) * width_);
      if (!y) continue;
      float* row = y + ((t * p_.directions + d_) * p_.batch + b_) * n_;
      for (int64_t j = 0; j < n_; ++j) row[j] = live ? h_[j] : 0.0f;
    }
    if (float* last = rnn_out(args_, p_, 1)) {
      for (int64_t j = 0; j < n_; ++j) last[state + j] = h_[j];
    }
  }

 private:
  // to = from (0 where there is none) plus what the recurrence of n gates from `first` on gives.
  void recur(const float* a, const float* from, int64_t first, int64_t n, float* to) {
    for (int64_t j = 0; j < n; ++j) {
      to[j] = (from ? from[first + j] : 0.0f) + (bias_ ? bias_[first + j] : 0.0f);
    }
    accumulate(a, n_, r_ + first, width_, n, to);
  }

  void activate(int which, float* x, int64_t n) {
    if (p_.clip != 0) act_f32(Act::clip, -p_.clip, p_.clip, x, x, n);
    act_f32(p_.act[d_][which], 0, 0, x, x, n);
  }

  void step(const float* x) {
    if (p_.gates == 1) {
      recur(h_, x, 0, n_, gates_);
      activate(0, gates_, n_);
      for (int64_t j = 0; j < n_; ++j) h_[j] = gates_[j];
      return;
    }
    recur(h_, x, 0, 2 * n_, gates_);
    activate(0, gates_, 2 * n_);
    const float *update = gates_, *reset = gates_ + n_;
    float* fresh = gates_ + 2 * n_;
    if (p_.reset_last) {
      recur(h_, nullptr, 2 * n_, n_, fresh);
      for (int64_t j = 0; j < n_; ++j) fresh[j] = x[2 * n_ + j] + reset[j] * fresh[j];
    } else {
      for (int64_t j = 0; j < n_; ++j) extra_[j] = reset[j] * h_[j];
      recur(extra_, x, 2 * n_, n_, fresh);
    }
    activate(1, fresh, n_);
    for (int64_t j = 0; j < n_; ++j) h_[j] = (1 - update[j]) * fresh[j] + update[j] * h_[j];
  }

  const RunArgs& args_;
  const RnnParams& p_;
  const int64_t d_, b_, n_, width_;
  float *h_, *gates_, *extra_;
  const float *r_, *bias_;
};
