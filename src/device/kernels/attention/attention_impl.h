// What attention.cc shares with the files that run.
#pragma once

#include "device/kernels/attention/attention.h"

namespace hone::kernels {

// Keys whose scores are in cache at a time: the running maximum and sum are corrected between.
constexpr int64_t attention_keys = 256;
// Far above every real head.
constexpr int64_t attention_max_size = 1 << 16;

struct AttentionParams {
  int64_t batch, heads, shared;  // heads of q that share one of k and v
  int64_t queries, keys, size, v_size;
  // Of batch, head and row.
  int64_t q[3], k[3], v[3], y[3], mask[4];
  int64_t masked_keys, offset;
  int64_t row_blocks;  // of one head; a unit of phase 1 is one of them
  // Phase 0 gathers the rows of k and v in the workspace, [B][G][T][size in whole lines] each; a
  // unit is `attention_keys` rows of one of them. 0: they are read where they lie.
  int64_t groups, key_blocks;
  float scale, cap;
  bool causal, has_mask, mask_is_bool, has_valid;
};

// Floats of a thread's scratch, in the order they lie there; each a multiple of a cache line.
struct AttentionScratch {
  int64_t q, scores, bias, row, sums, per_query, total;
};
static constexpr int64_t attention_line(int64_t floats) { return (floats + 15) / 16 * 16; }
static constexpr AttentionScratch attention_scratch(int64_t rows, int64_t size, int64_t v_size) {
  AttentionScratch s{};
  s.q = 0;                                               // [size][rows]
  s.scores = s.q + attention_line(size * rows);          // [keys][rows]
  s.bias = s.scores + attention_keys * rows;             // [keys][rows] or [keys]
  s.row = s.bias + attention_keys * rows;                // [8][keys]
  s.sums = s.row + 8 * attention_keys;                   // [rows][v_size in whole lines]
  s.per_query = s.sums + rows * attention_line(v_size);  // maximum, sum, factor
  s.total = s.per_query + 3 * attention_line(rows);
  return s;
}

// What of q, k, v, mask and y belongs to one unit.
struct AttentionUnit {
  const float *q, *k, *v;
  int64_t k_row, v_row;
  const void* mask;  // of its first row
  float* y;
  int64_t first, rows;  // queries
  int64_t keys;         // that any of its rows sees
  int64_t diagonal;     // the first row sees keys up to and with this one; causal
};

static inline AttentionUnit attention_unit(const AttentionParams& p, const RunArgs& args,
                                           int64_t rows, int64_t unit) {
  AttentionUnit u{};
  u.first = unit % p.row_blocks * rows;
  u.rows = p.queries - u.first < rows ? p.queries - u.first : rows;
  const int64_t h = unit / p.row_blocks % p.heads, b = unit / p.row_blocks / p.heads;
  const int64_t g = h / p.shared;
  u.q = static_cast<const float*>(args.in[0]) + b * p.q[0] + h * p.q[1] + u.first * p.q[2];
  u.k = static_cast<const float*>(args.in[1]) + b * p.k[0] + g * p.k[1];
  u.v = static_cast<const float*>(args.in[2]) + b * p.v[0] + g * p.v[1];
  u.k_row = p.k[2], u.v_row = p.v[2];
  if (p.key_blocks > 0) {
    const float* gathered = static_cast<const float*>(args.workspace);
    const int64_t before = (b * p.groups + g) * p.keys, all = p.batch * p.groups * p.keys;
    u.k_row = attention_line(p.size), u.v_row = attention_line(p.v_size);
    u.k = gathered + before * u.k_row;
    u.v = gathered + all * u.k_row + before * u.v_row;
  }
  u.y = static_cast<float*>(args.out[0]) + b * p.y[0] + h * p.y[1] + u.first * p.y[2];
  u.keys = p.keys;
  if (p.has_mask) {
    const int64_t at = b * p.mask[0] + h * p.mask[1] + u.first * p.mask[2];
    u.mask = static_cast<const char*>(args.in[3]) + at * (p.mask_is_bool ? 1 : 4);
    u.keys = p.masked_keys;
  }
  int64_t offset = p.offset;
  if (p.has_valid) {
    int64_t valid = static_cast<const int64_t*>(args.in[4])[b];
    valid = valid < 0 ? 0 : valid > p.keys ? p.keys : valid;
    if (valid < u.keys) u.keys = valid;
    offset = valid - p.queries;
  }
  u.diagonal = u.first + offset;
  if (p.causal && u.keys > u.diagonal + u.rows) u.keys = u.diagonal + u.rows;
  return u;
}

namespace portable {
constexpr int64_t attention_rows = 16;
void attention_f32(const RunArgs& args);
}  // namespace portable
namespace avx2 {
constexpr int64_t attention_rows = 16;
void attention_f32(const RunArgs& args);
}  // namespace avx2
namespace avx512 {
constexpr int64_t attention_rows = 32;
void attention_f32(const RunArgs& args);
}  // namespace avx512
namespace neon {
constexpr int64_t attention_rows = 16;
void attention_f32(const RunArgs& args);
}  // namespace neon

}  // namespace hone::kernels
