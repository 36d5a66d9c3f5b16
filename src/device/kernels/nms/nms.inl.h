// nms, its comparison with what is kept in loops that the compiler makes vectors of. Included with
// HONE_ISA set to the namespace; what is here is static.
#pragma once

#include "device/kernels/nms/nms_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

float least(float a, float b) { return a < b ? a : b; }
float most(float a, float b) { return a > b ? a : b; }

NmsBox box_at(const float* b, bool center) {
  if (center) {
    return {b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2, 0, 0};
  }
  return {least(b[1], b[3]), least(b[0], b[2]), most(b[1], b[3]), most(b[0], b[2]), 0, 0};
}

float area(const NmsBox& b) { return (b.x2 - b.x1) * (b.y2 - b.y1); }

// Whether one of the kept boxes hides `a`. Comparisons are joined by &, not &&: no branches.
bool is_hidden(const NmsBox& a, const NmsKept* kept, int32_t count, float threshold) {
  const float own = area(a);
  if (!(own > 0)) return false;
  for (int32_t k = 0; k < count; k += nms_block, ++kept) {
    int hit = 0;
    for (int i = 0; i < nms_block; ++i) {
      const float width = least(a.x2, kept->x2[i]) - most(a.x1, kept->x1[i]);
      const float height = least(a.y2, kept->y2[i]) - most(a.y1, kept->y1[i]);
      const float common = width * height;
      const bool over = common / (own + kept->area[i] - common) > threshold;
      hit |= (width > 0) & (height > 0) & (kept->area[i] > 0) & over;
    }
    if (hit != 0) return true;
  }
  return false;
}

void keep(const NmsBox& b, NmsKept* kept, int32_t count) {
  NmsKept& to = kept[count / nms_block];
  const int i = count % nms_block;
  if (i == 0) to = {};  // boxes without area hide nothing
  to.x1[i] = b.x1, to.y1[i] = b.y1, to.x2[i] = b.x2, to.y2[i] = b.y2, to.area[i] = area(b);
}

bool before(const NmsBox& a, const NmsBox& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

// Restores the heap (the best on top) of `n` below `root`.
void sift(NmsBox* heap, int64_t root, int64_t n) {
  const NmsBox moved = heap[root];
  for (;;) {
    int64_t child = 2 * root + 1;
    if (child >= n) break;
    if (child + 1 < n && before(heap[child + 1], heap[child])) ++child;
    if (!before(heap[child], moved)) break;
    heap[root] = heap[child];
    root = child;
  }
  heap[root] = moved;
}

// Candidates leave a heap in order, so that no more are sorted than are looked at.
void suppress(const RunArgs& args, const NmsParams& p, int64_t unit) {
  const float* boxes = static_cast<const float*>(args.in[0]) + unit / p.classes * p.boxes * 4;
  const float* scores = static_cast<const float*>(args.in[1]) + unit * p.boxes;
  const float overlap = p.has_overlap ? *static_cast<const float*>(args.in[2]) : 0;
  const float threshold =
      p.has_threshold ? *static_cast<const float*>(args.in[3]) : -__builtin_inff();
  auto* kept = static_cast<NmsKept*>(args.scratch);
  auto* heap = reinterpret_cast<NmsBox*>(kept + nms_blocks(p.most));
  int32_t* list = static_cast<int32_t*>(args.workspace) + unit * (p.most + 1);
  int64_t n = 0;
  for (int64_t i = 0; i < p.boxes; ++i) {
    if (!(scores[i] > threshold)) continue;
    heap[n] = box_at(boxes + i * 4, p.center);
    heap[n].score = scores[i];
    heap[n].index = static_cast<int32_t>(i);
    ++n;
  }
  for (int64_t root = n / 2; root-- > 0;) sift(heap, root, n);
  int32_t count = 0;
  while (n > 0 && count < p.most) {
    const NmsBox best = heap[0];
    heap[0] = heap[--n];
    if (n > 0) sift(heap, 0, n);
    if (is_hidden(best, kept, count, overlap)) continue;
    keep(best, kept, count++);
    list[count] = best.index;
  }
  list[0] = count;
}

void gather(const RunArgs& args, const NmsParams& p) {
  auto* out = static_cast<int64_t*>(args.out[0]);
  int64_t total = 0;
  for (int64_t unit = 0; unit < p.batch * p.classes; ++unit) {
    const int32_t* list = static_cast<const int32_t*>(args.workspace) + unit * (p.most + 1);
    for (int32_t k = 0; k < list[0]; ++k) {
      *out++ = unit / p.classes;
      *out++ = unit % p.classes;
      *out++ = list[1 + k];
    }
    total += list[0];
  }
  *static_cast<int64_t*>(args.out[1]) = total;
}

}  // namespace

void nms_f32(const RunArgs& args) {
  auto& p = *static_cast<const NmsParams*>(args.params);
  if (args.phase == 0) {
    for (int64_t unit = args.begin; unit < args.end; ++unit) suppress(args, p, unit);
  } else if (args.begin < args.end) {
    gather(args, p);
  }
}

}  // namespace hone::kernels::HONE_ISA
