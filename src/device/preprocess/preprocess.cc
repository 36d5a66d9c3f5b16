#include "device/preprocess/preprocess.h"

#include "device/preprocess/cv2_area.h"
#include "device/preprocess/cv2_linear.h"
#include "device/preprocess/nearest.h"
#include "device/preprocess/pillow.h"
#include "device/preprocess/tensor_rows.h"

namespace hone::preprocess {

namespace {

// The rows as they are.
struct Unchanged {
  void prepare() {}
  const uint8_t* row(Rows& rows, int32_t y) { return rows.row(y); }
};

// fn(resizer) with the one that the contract names, its tables laid into `workspace`.
template <class Fn>
void with_resizer(Resize rule, const Sizes& s, Workspace& workspace, Fn fn) {
  // Both libraries copy what keeps its size.
  if (rule == Resize::none || s.same()) return fn(Unchanged());
  switch (rule) {
    case Resize::cv2_nearest: return fn(Nearest(s, false, workspace));
    case Resize::pillow_nearest: return fn(Nearest(s, true, workspace));
    case Resize::cv2_linear:
      if (is_half(s)) return fn(Cv2Area(s, workspace));
      return fn(Cv2Linear(s, false, workspace));
    case Resize::cv2_area:
      if (is_average(s)) return fn(Cv2Area(s, workspace));
      return fn(Cv2Linear(s, true, workspace));
    default: break;
  }
  const bool old = rule == Resize::pillow12_bilinear_aa || rule == Resize::pillow12_bicubic_aa;
  const bool cubic = rule == Resize::pillow_bicubic_aa || rule == Resize::pillow12_bicubic_aa;
  const auto order = old ? PillowOrder::across_first : PillowOrder::by_size;
  fn(Pillow(s, cubic, order, workspace));
}

Sizes sizes_of(const Picture& p, const Placement& at) {
  return {p.width, p.height, at.width, at.height, p.channels};
}

device::Status check(const Picture& p) {
  if (p.pixels == nullptr || (p.channels != 1 && p.channels != 3)) {
    return device::error(Code::invalid_argument, "a picture has 1 or 3 channels");
  }
  if (p.uv != nullptr && (p.channels != 3 || p.width % 2 != 0 || p.height % 2 != 0)) {
    return device::error(Code::invalid_argument, "NV12 has even sides and becomes 3 channels");
  }
  return {};
}

// Columns [x, x + width) of a row of the tensor come from the resized picture.
template <class Resizer>
void write_rows(const ImageContract& k, const Placement& at, Resizer& resizer, Rows& rows,
                const TensorRows& out, int32_t channels) {
  const int32_t left = at.x > 0 ? at.x : 0, skipped = at.x < 0 ? -at.x : 0;
  const int32_t rest = at.width - skipped, room = k.width - left;
  const int32_t width = rest < room ? rest : room;
  for (int32_t y = 0; y < k.height; ++y) {
    if (y < at.y || y >= at.y + at.height) {
      out.fill(y, 0, k.width);
      continue;
    }
    const uint8_t* pixels = resizer.row(rows, y - at.y) + int64_t{skipped} * channels;
    if (left > 0) out.fill(y, 0, left);
    out.write(y, left, pixels, width);
    if (left + width < k.width) out.fill(y, left + width, k.width - left - width);
  }
}

}  // namespace

int64_t scratch_bytes(const ImageContract& k, const Picture& p) {
  auto at = placement(k, p.width, p.height);
  if (!at.ok()) return 0;
  Workspace counted;
  Rows rows(p, counted);
  with_resizer(k.resize, sizes_of(p, *at), counted, [](auto&&) {});
  return counted.bytes();
}

device::Status image_to_tensor(const ImageContract& k, const Picture& p, void* out,
                               Scratch scratch) {
  auto at = placement(k, p.width, p.height);
  if (!at.ok()) return at.status();
  if (auto s = check(p); !s.ok()) return s;
  Workspace workspace(scratch.data, scratch.bytes);
  Rows rows(p, workspace);
  bool enough = true;
  with_resizer(k.resize, sizes_of(p, *at), workspace, [&](auto&& resizer) {
    enough = scratch.bytes >= scratch_bytes(k, p);
    if (!enough) return;
    resizer.prepare();
    write_rows(k, *at, resizer, rows, TensorRows(k, p.channels, out), p.channels);
  });
  if (!enough) return device::error(Code::out_of_memory, "the scratch is too small");
  return {};
}

}  // namespace hone::preprocess
