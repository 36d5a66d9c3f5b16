// The walk over output rows, for any instruction set. Included inside namespace
// hone::kernels::<isa> and an unnamed one. Ops has the loops over elements.

// One run of phase 1. T: element type (f32 where it is interpolated).
template <class T, class Ops>
class Rows {
 public:
  Rows(const RunArgs& args, const ResizeParams& p)
      : p_(p),
        h_(resize_taps(p, args.workspace, false)),
        w_(resize_taps(p, args.workspace, true)),
        x_(static_cast<const T*>(args.in[0])),
        y_(static_cast<T*>(args.out[0])),
        line_(static_cast<T*>(args.scratch)) {
    const int64_t all = p.outer * p.h.out;
    end_ = args.end * p.rows_per_unit < all ? args.end * p.rows_per_unit : all;
    begin_ = args.begin * p.rows_per_unit;
  }

  void nearest(T outside) {
    for (int64_t r = begin_; r < end_; ++r) {
      const int64_t oy = r % p_.h.out, row = h_.index[oy];
      T* y = y_ + r * width_out();
      if (row < 0) {
        Ops::fill(y, width_out(), outside);
      } else if (r > begin_ && oy > 0 && h_.index[oy - 1] == row) {
        Ops::copy(y - width_out(), y, width_out());  // the same row again
      } else if (p_.w.same) {
        Ops::copy(source(r, row), y, width_out());
      } else {
        Ops::pick(source(r, row), w_.index, p_.w.out, p_.inner, outside, y);
      }
    }
  }

  void interpolate(T outside) {
    for (int64_t r = begin_; r < end_; ++r) {
      T* y = y_ + r * width_out();
      const T* line = make_line(r, p_.w.same ? y : line_, outside);
      if (!p_.w.same) {
        Ops::combine_pixels(line, w_, p_.w.taps, p_.w.out, p_.inner, outside, y);
      } else if (line != y) {
        Ops::copy(line, y, width_out());
      }
    }
  }

 private:
  int64_t width_out() const { return p_.w.out * p_.inner; }
  int64_t width_in() const { return p_.w.in * p_.inner; }
  const T* source(int64_t r, int64_t row) const {
    return x_ + (r / p_.h.out * p_.h.in + row) * width_in();
  }

  // Row r after H was resized: in `to`, or where x has it.
  const T* make_line(int64_t r, T* to, T outside) {
    const int64_t oy = r % p_.h.out, row = h_.index[oy];
    if (row < 0) {
      Ops::fill(to, width_in(), outside);
      return to;
    }
    if (p_.h.same) return source(r, row);
    Ops::combine_rows(source(r, 0), width_in(), h_.index + oy, h_.weight + oy, p_.h.taps, p_.h.out,
                      to);
    return to;
  }

  const ResizeParams& p_;
  ResizeTaps h_, w_;
  const T* x_;
  T* y_;
  T* line_;
  int64_t begin_, end_;
};
