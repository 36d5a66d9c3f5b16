#include "device/kernels/nms/nms_impl.h"

namespace hone::kernels::portable {
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

bool overlaps(const NmsBox& a, const NmsBox& b, float threshold) {
  const float width = least(a.x2, b.x2) - most(a.x1, b.x1);
  const float height = least(a.y2, b.y2) - most(a.y1, b.y1);
  if (!(width > 0) || !(height > 0) || !(area(a) > 0) || !(area(b) > 0)) return false;
  const float common = width * height;
  return common / (area(a) + area(b) - common) > threshold;
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
  auto* heap = static_cast<NmsBox*>(args.scratch);
  NmsBox* kept = heap + p.boxes;
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
    bool hidden = false;
    for (int32_t k = 0; k < count && !hidden; ++k) hidden = overlaps(best, kept[k], overlap);
    if (hidden) continue;
    kept[count++] = best;
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

}  // namespace hone::kernels::portable
