// What qconv's bind functions check once for all kernels, and what its run functions read.
#pragma once

#include "device/kernels/conv/params.h"
#include "device/kernels/qconv/qconv.h"

namespace hone::kernels {

// See source.h.
struct QSource {
  bool copied;
  int64_t element;              // bytes of what is multiplied
  int64_t h, w;                 // pixels that the windows cover
  int64_t pixel, row, picture;  // bytes from one to the next
  int64_t taps_y, taps_x;       // runs of a window
  int64_t step_y, step_x;       // bytes from one run to the next
  int64_t run;                  // elements of one
  int64_t whole;                // words that a run is filled up to a multiple of
};

static inline int64_t runs_of(const QSource& s) { return s.taps_y * s.taps_x; }
// Words of 32 bits that tiles read of one run.
static inline int64_t words_of(const QSource& s) {
  return ((s.run * s.element + 3) / 4 + s.whole - 1) / s.whole * s.whole;
}

struct QConvParams {
  ConvParams conv;  // rows of x and y in elements
  DType x_type, w_type, y_type;
  int32_t x_zero, y_zero;
  int32_t wide;
  bool scales, zeros, zero;  // scales, zeros: one for each filter
  bool dynamic;              // x's scale and zero point are operands
  QSource source;            // in the tiled kernels
};
static_assert(sizeof(QConvParams) <= max_params_bytes);

static inline bool gives_floats(const QConvParams& p) { return p.y_type == DType::f32; }

// Checks x, y and the attributes against each other (not w and what belongs to it) and fills what
// they say. nullptr, or the reason for refusing.
const char* check_qconv(const Step& step, QConvParams* p);
// The same for in[1] to in[4] as they come from the model.
const char* check_qconv_raw_weights(const Step& step, QConvParams* p);

// Whether all of in[1] to in[4] that there is is constant, so that it can be packed as one.
bool has_constant_weights(const Step& step);

// Whether a row of the kernel is one run of x's elements: nothing lies between its pixels.
static inline bool row_is_one_run(const ConvParams& c) { return c.groups == 1 && c.dw == 1; }

// What makes bytes or floats of sums.
struct QFinish {
  int32_t zero;     // added after rounding, where bytes are signed: of u8 128 less ...
  int32_t flip;     // ... and these bits turned at last
  bool bias_apart;  // with the bias sums may leave 32 bits
  bool floats;
  bool dynamic;    // floats: `factor` to the scales, and no bias
  float factor;    // x's scale
  int32_t x_zero;  // dynamic: still to be taken off the sums
};
static inline QFinish finish_of(const QConvParams& p) {
  const bool u8 = p.y_type == DType::u8;
  return {p.y_zero - (u8 ? 128 : 0), u8 ? 0x80 : 0, p.wide == 1, gives_floats(p), false, 1, 0};
}
// The same as f32.
struct QClamp {
  float zero, lowest, highest;
};
static inline QClamp clamp_of(const QConvParams& p) {
  const float lowest = p.y_type == DType::i8 ? -128.0f : 0.0f;
  return {static_cast<float>(p.y_zero), lowest, lowest + 255};
}

// Positions k of a kernel with 0 <= start + k dilation < size.
struct TapRange {
  int64_t begin, end;
};
static inline TapRange taps_inside(int64_t start, int64_t dilation, int64_t size, int64_t kernel) {
  const int64_t begin = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  int64_t end = start >= size ? 0 : (size - start + dilation - 1) / dilation;
  if (end > kernel) end = kernel;
  return {begin, end < begin ? begin : end};
}

// Reads the weights of a step whose operands check_qconv_raw_weights() has taken.
struct RawWeights {
  const void* w;
  const void* bias;  // nullptr: 0
  const float* scale;
  const void* zero;  // nullptr: 0
  const QConvParams* p;

  int32_t byte(const void* from, int64_t i) const {
    return p->w_type == DType::u8 ? static_cast<const uint8_t*>(from)[i]
                                  : static_cast<const int8_t*>(from)[i];
  }
  int32_t weight(int64_t i) const { return byte(w, i); }
  int32_t zero_of(int64_t o) const { return zero ? byte(zero, p->zeros ? o : 0) : 0; }
  int32_t bias_of(int64_t o) const {
    return bias && !gives_floats(*p) ? static_cast<const int32_t*>(bias)[o] : 0;
  }
  float float_bias_of(int64_t o) const {
    return bias && gives_floats(*p) ? static_cast<const float*>(bias)[o] : 0;
  }
  float scale_of(int64_t o) const { return scale[p->scales ? o : 0]; }
};
static inline RawWeights raw_weights(const QConvParams& p, const void* const* in) {
  return {in[1], p.conv.bias ? in[2] : nullptr, static_cast<const float*>(in[3]),
          p.zero ? in[4] : nullptr, &p};
}

// What a run knows of x: its zero point in p, the scale returned.
static inline float read_dynamic(const RunArgs& args, QConvParams* p) {
  if (!p->dynamic) return 1;
  p->x_zero = *static_cast<const uint8_t*>(args.in[5]);
  return *static_cast<const float*>(args.in[6]);
}

void qconv_portable_run(const RunArgs& args);

}  // namespace hone::kernels
