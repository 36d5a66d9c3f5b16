#include "device/kernels/qconv/dw.h"

#include "device/kernels/qconv/pack.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

bool is_depthwise(const ConvParams& c) { return c.groups == c.c && c.groups == c.o; }

int64_t blob_bytes(int block, const ConvParams& c) {
  return static_cast<int64_t>(sizeof(QPackHead)) + dw_blocks(c, block) * dw_block_bytes(c, block);
}

// The block of channels [at, at + block). True where one of them has a zero point left.
bool pack_block(int block, const RawWeights& raw, int64_t at, uint8_t* dst) {
  const QConvParams& p = *raw.p;
  const ConvParams& c = p.conv;
  int32_t* head = reinterpret_cast<int32_t*>(dst);
  int8_t* w = reinterpret_cast<int8_t*>(head + 4 * block);
  bool zeros = false;
  for (int64_t j = 0; j < block; ++j) {
    // A pixel of fewer channels is there as often as it fits: see rows_of_pixels().
    const int64_t o = c.c < block ? j % c.c : at + j;
    const int64_t slot = j / 4 % 4 * (block / 4) + j / 16 * 4 + j % 4;
    const QShift shift = shift_of(raw, o, c.taps);
    int64_t sum = 0;
    int8_t* word = w + slot * 4;
    for (int64_t top = 0; top < c.kh; top += 4) {
      for (int64_t kx = 0; kx < c.kw; ++kx, word += block * 4) {
        for (int64_t k = 0; k < 4; ++k) {
          int32_t v = 0;
          if (top + k < c.kh) {
            v = raw.weight((o * c.kh + top + k) * c.kw + kx) - shift.shift;
            sum += v - shift.zero;
          }
          word[k] = static_cast<int8_t>(v);
        }
      }
    }
    pack_head(raw, o, x_zero_of(p) * sum, shift.zero, block, head + slot);
    zeros |= shift.zero != 0;
  }
  return zeros;
}

// Whether rows of pixels fill the vectors that a pixel of few channels does not: then x is copied
// with its padding, and a row of results is one run of bytes.
bool rows_of_pixels(int block, QConvParams* p, int64_t* workspace) {
  const ConvParams& c = p->conv;
  const bool fits = c.c < block && block % c.c == 0 && c.sw == 1 && c.y_row == c.c;
  if (fits && find_source(p, QElement::byte, 1, workspace) && p->source.copied) return true;
  p->source = {};
  return false;
}

}  // namespace

const char* bind_qconv_dw(int block, const Step& step, void* params, Work* work) {
  QConvParams* p = static_cast<QConvParams*>(params);
  if (const char* reason = check_qconv(step, p)) return reason;
  const ConvParams& c = p->conv;
  if (!is_depthwise(c)) return "not depthwise";
  if (p->dynamic) return "x's zero point is an operand";
  if (p->wide != 0 && p->wide != 1) return "sums may need more than 32 bits";
  for (size_t i = 2; i < 5; ++i) {
    if (operand_or_absent(step.in, i).present()) return "bias, scale or zero are not constant";
  }
  if (!is_blob(step.in[1], blob_bytes(block, c))) return "weights not packed";
  *work = {};
  int64_t workspace = 0;
  if (rows_of_pixels(block, p, &workspace)) {
    work->phases = 2, work->workspace_bytes = workspace;
    work->units[0] = c.batch * p->source.h;
  }
  work->units[work->phases - 1] = c.batch * c.oh;
  work->scratch_bytes = block;
  return nullptr;
}

int64_t qconv_dw_bytes(int block, const Step& step, int index) {
  QConvParams p;
  if (index < 1 || !has_constant_weights(step)) return 0;
  if (check_qconv_raw_weights(step, &p) || !is_depthwise(p.conv) || p.dynamic) return 0;
  return index > 1 ? -1 : blob_bytes(block, p.conv);
}

void pack_qconv_dw(int block, const Step& step, const void* const* raw, void* dst) {
  QConvParams p;
  if (check_qconv_raw_weights(step, &p)) return;
  const RawWeights weights = raw_weights(p, raw);
  QPackHead* head = static_cast<QPackHead*>(dst);
  *head = {};
  for (int64_t i = 0; i < dw_blocks(p.conv, block); ++i) {
    head->zeros |=
        pack_block(block, weights, dw_block_at(p.conv, block, i),
                   reinterpret_cast<uint8_t*>(head + 1) + i * dw_block_bytes(p.conv, block));
  }
}

}  // namespace hone::kernels
