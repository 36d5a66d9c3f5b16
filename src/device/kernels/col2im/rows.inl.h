// A row of blocks that lie side by side: pixels of few channels in short runs, with no call for
// each.
inline void row_apart(const Col2imParams& p, const float* x, const float* bias, float* y) {
  const int64_t run = p.kw * p.c, step = p.kh * run;
  for (int64_t ix = 0; ix < p.w; ++ix, x += step, y += run) {
    for (int64_t i = 0; i < run; ++i) y[i] = x[i];
    if (!bias) continue;
    for (int64_t kx = 0; kx < run; kx += p.c) {
      for (int64_t c = 0; c < p.c; ++c) y[kx + c] += bias[c];
    }
  }
}

// A row of y full of the bias, pixel by pixel: what is filled is copied behind itself.
inline void fill_row(float* y, const float* bias, int64_t pixels, int64_t c) {
  for (int64_t i = 0; i < c; ++i) y[i] = bias[i];
  for (int64_t filled = 1; filled < pixels;) {
    const int64_t more = filled < pixels - filled ? filled : pixels - filled;
    for (int64_t i = 0; i < more * c; ++i) y[filled * c + i] = y[i];
    filled += more;
  }
}

// Adds one row of taps of a row of x, at x, to a row of y: the taps of an input pixel lie side by
// side in both. Pixels whose taps overlap are visited far from each other, so that no addition
// waits for the one before.
template <class Add>
void add_runs(const Col2imParams& p, const float* x, float* y, Add&& add) {
  const int64_t across = (p.kw + p.sw - 1) / p.sw, step = p.kh * p.kw * p.c;
  for (int64_t first = 0; first < across && first < p.w; ++first) {
    int64_t ox = first * p.sw - p.pl;
    for (int64_t ix = first; ix < p.w && ox < p.ow; ix += across, ox += across * p.sw) {
      const int64_t begin = ox < 0 ? -ox : 0, end = p.kw < p.ow - ox ? p.kw : p.ow - ox;
      if (begin < end)
        add(y + (ox + begin) * p.c, x + ix * step + begin * p.c, (end - begin) * p.c);
    }
  }
}

// The walk over output rows, for any instruction set. Included inside namespace
// hone::kernels::<isa> and an unnamed one. start(y, bias, n) begins a pixel (a run without
// bias), add(y, x, n) adds one
// tap's products to it, or to a run of them.
template <class Start, class Add>
void rows(const RunArgs& args, Start&& start, Add&& add) {
  auto& p = *static_cast<const Col2imParams*>(args.params);
  const float* x = static_cast<const float*>(args.in[0]);
  const float* bias = p.bias ? static_cast<const float*>(args.in[1]) : nullptr;
  float* y = static_cast<float*>(args.out[0]) + args.begin * p.ow * p.c;
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t n = u / p.oh, oy = u % p.oh;
    if (p.apart) {
      const int64_t block_row = (n * p.h + oy / p.kh) * p.w * p.kh + oy % p.kh;
      row_apart(p, x + block_row * p.kw * p.c, bias, y);
      y += p.ow * p.c;
      continue;
    }
    if (p.dw == 1) {
      if (bias) {
        fill_row(y, bias, p.ow, p.c);
      } else {
        start(y, bias, p.ow * p.c);
      }
      col2im_taps(oy, p.pt, p.sh, p.dh, p.kh, p.h, [&](int64_t iy, int64_t ky) {
        add_runs(p, x + ((n * p.h + iy) * p.w * p.kh + ky) * p.kw * p.c, y, add);
      });
      y += p.ow * p.c;
      continue;
    }
    for (int64_t ox = 0; ox < p.ow; ++ox, y += p.c) {
      start(y, bias, p.c);
      col2im_taps(oy, p.pt, p.sh, p.dh, p.kh, p.h, [&](int64_t iy, int64_t ky) {
        const int64_t row = (n * p.h + iy) * p.w;
        col2im_taps(ox, p.pl, p.sw, p.dw, p.kw, p.w, [&](int64_t ix, int64_t kx) {
          add(y, x + (((row + ix) * p.kh + ky) * p.kw + kx) * p.c, p.c);
        });
      });
    }
  }
}
