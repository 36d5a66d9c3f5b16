#include "device/kernels/slice/slice.h"

#include <cstring>

#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/slice/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr int64_t unit_bytes = 16384;

struct SliceParams {
  int64_t size;      // places along the axis
  int64_t row;       // bytes of one place's neighbours, one after the other
  int64_t rows;      // of them
  int64_t per_unit;  // rows in one unit
  bool write, from_end;
};

// `part` is `whole` without the axis.
bool fits(const Shape& whole, const Shape& part, int axis) {
  if (part.rank() != whole.rank() - 1) return false;
  for (int i = 0; i < part.rank(); ++i) {
    if (part[i] != whole[i < axis ? i : i + 1]) return false;
  }
  return true;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<SliceAttrs>(step);
  if (!at || step.in.size() != 2 || step.out.size() != 1 || !step.dims.empty()) {
    return "slice: attributes or operands";
  }
  const Operand &x = step.in[0], &place = step.in[1], &y = step.out[0];
  int64_t n = 0;
  if (!dense_count(x, &n) || !dense_count(y, &n)) return "slice: operands must be dense";
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "slice: types";
  if (!dense_count(place, &n) || n != 1 || place.dtype != DType::i64) return "slice: place";
  if ((at->write & ~1) != 0 || (at->from_end & ~1) != 0) return "slice: attributes";
  const Shape &whole = at->write != 0 ? y.shape : x.shape,
              &part = at->write != 0 ? x.shape : y.shape;
  const int axis = at->axis;
  if (axis < 0 || axis >= whole.rank() || !fits(whole, part, axis)) return "slice: shapes";
  if (!dense_count(at->write != 0 ? x : y, &n) || n == 0) {
    work->units[0] = 0;
    return nullptr;
  }
  const int64_t row = part.count(axis, part.rank()) * element_bytes(x.dtype);
  const int64_t rows = part.count(0, axis);
  const int64_t per_unit = max_of(1, unit_bytes / max_of(row, 1));
  *params_as<SliceParams>(params) = {whole[axis],      row, rows, per_unit, at->write != 0,
                                     at->from_end != 0};
  work->units[0] = ceil_div(rows, per_unit);
  return nullptr;
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const SliceParams*>(args.params);
  int64_t place = 0;
  std::memcpy(&place, args.in[1], sizeof(place));
  const bool there = place >= 0 && place < p.size;
  if (!there && p.write) return;
  if (there && p.from_end) place = p.size - 1 - place;
  const auto* x = static_cast<const char*>(args.in[0]);
  auto* y = static_cast<char*>(args.out[0]);
  const auto bytes = static_cast<size_t>(p.row);
  for (int64_t r = args.begin * p.per_unit; r < min_of(args.end * p.per_unit, p.rows); ++r) {
    const int64_t part = r * p.row;
    if (!there) {
      std::memset(y + part, 0, bytes);
      continue;
    }
    const int64_t whole = (r * p.size + place) * p.row;
    std::memcpy(y + (p.write ? whole : part), x + (p.write ? part : whole), bytes);
  }
}

}  // namespace

const Kernel slice_any_portable = {
    "slice_any_portable", "slice", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
