// Packs what qconv's tiles multiply by; see tile.h for the layout.
#include "device/kernels/qconv/pack.h"

#include <cstring>

#include "device/kernels/qconv/tiled.h"

namespace hone::kernels {

QShift shift_of(const RawWeights& raw, int64_t filter, int64_t depth) {
  const int32_t zero = raw.zero_of(filter);
  bool fits = true;
  for (int64_t i = 0; i < depth && fits; ++i) {
    const int32_t v = raw.weight(filter * depth + i) - zero;
    fits = v >= -128 && v <= 127;
  }
  if (fits) return {zero, 0};
  const int32_t shift = raw.p->w_type == DType::u8 ? 128 : 0;
  return {shift, zero - shift};
}

void pack_head(const RawWeights& raw, int64_t filter, int64_t x_sum, int32_t zero, int64_t next,
               int32_t* column) {
  const bool real = filter >= 0;
  const int32_t bias = real ? raw.bias_of(filter) : 0;
  // Sums wrap: with everything added they are within 32 bits.
  const int64_t first = (raw.p->wide == 1 ? 0 : bias) - x_sum;
  column[0] = static_cast<int32_t>(static_cast<uint64_t>(first));
  const float scale = real ? raw.scale_of(filter) : 0;
  memcpy(column + next, &scale, sizeof scale);
  column[2 * next] = bias;
  if (real && gives_floats(*raw.p)) {
    const float more = raw.float_bias_of(filter);
    memcpy(column + 2 * next, &more, sizeof more);
  }
  column[3 * next] = zero;
}

namespace {

// The panel of filters [first, first + columns); those from `count` on are 0. True where one of
// them has a zero point left.
bool pack_panel(const QTiling& t, const RawWeights& raw, int64_t first, int64_t count,
                int64_t columns, uint8_t* dst) {
  const QConvParams& p = *raw.p;
  const QSource& s = p.source;
  const int64_t taps = runs_of(s), words = words_of(s), depth = taps * s.run;
  const int64_t together = t.weights_together();
  const bool bytes = t.element == QElement::byte;
  int32_t* head = reinterpret_cast<int32_t*>(dst);
  int8_t* w = reinterpret_cast<int8_t*>(head + 4 * columns);
  bool zeros = false;
  for (int64_t j = 0; j < columns; ++j) {
    const bool real = j < count;
    const int64_t o = first + j;
    const QShift shift = real ? shift_of(raw, o, depth) : QShift{0, 0};
    int64_t sum = 0;     // of the weights less their zero points: at most 2^48 of 2^8
    int64_t stored = 0;  // of the bytes
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t begin = tap * words * t.weights_of_word();
      for (int64_t i = 0; i < words * t.weights_of_word(); ++i) {
        int8_t* at = w + begin * columns + (i / together * columns + j) * together + i % together;
        int32_t v = 0;  // what is read too much meets 0
        if (real && i < s.run) {
          v = raw.weight(o * depth + tap * s.run + i) - shift.shift;
          sum += v - shift.zero;
          stored += v;
        }
        *at = static_cast<int8_t>(v);
      }
    }
    const int64_t x_sum = bytes ? x_zero_as_read(t, p) * sum - t.taken_off_x * stored : 0;
    pack_head(raw, real ? o : -1, x_sum, shift.zero, columns, head + j);
    // What a zero point that only a run knows is still to meet.
    if (p.dynamic) head[2 * columns + j] = bytes ? static_cast<int32_t>(sum) : 0;
    zeros |= shift.zero != 0;
  }
  return zeros;
}

}  // namespace

void pack_qconv_tiled(const QTiling& t, const Step& step, const void* const* raw, void* dst) {
  QConvParams p;
  int64_t workspace = 0;
  if (check_qconv_raw_weights(step, &p) || !set_source(t, &p, &workspace)) return;
  const ConvParams& c = p.conv;
  const RawWeights weights = raw_weights(p, raw);
  QPackHead* head = static_cast<QPackHead*>(dst);
  *head = {};
  for (int64_t g = 0; g < c.groups; ++g) {
    uint8_t* group = reinterpret_cast<uint8_t*>(head + 1) + g * qgroup_bytes(t, p);
    for (int64_t o = 0; o < c.og; o += t.panel.columns) {
      const int64_t columns = panel_width(t.panel, c.og, o);
      head->zeros |=
          pack_panel(t, weights, g * c.og + o, c.og - o, columns, group + o * qcolumn_bytes(t, p));
    }
  }
}

}  // namespace hone::kernels
