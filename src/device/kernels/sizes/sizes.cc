#include "device/kernels/sizes/sizes.h"

#include <cmath>
#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/numbers.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/sizes/kernels.inc"
#undef HONE_KERNEL

namespace {

// No real size is larger.
constexpr int64_t largest = int64_t{1} << 31;
constexpr int64_t largest_float = 0x7f7fffff;  // as bits

struct SizesParams {
  SizesAttrs attrs;
  int32_t given;  // elements of each operand
  int32_t extents;
  int64_t extent[max_rank];
  DType type[4];  // none: absent
  int64_t count;  // of the result, less the first
};

bool is_index(DType t) { return t == DType::i32 || t == DType::i64; }

bool takes(Sizes op, DType t) {
  if (op == Sizes::range) return is_number(t);
  return op == Sizes::scales || op == Sizes::floats ? t == DType::f32 : is_index(t);
}

int64_t results_of(const SizesParams& p) {
  switch (p.attrs.op) {
    case Sizes::slice: return 4 * p.extents;
    case Sizes::range: return 1;
    case Sizes::scales: return 2 * p.extents;
    case Sizes::aspect: return p.extents + 2;
    default: return p.given;
  }
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<SizesAttrs>(step);
  if (at == nullptr || static_cast<uint32_t>(at->op) >= sizes_end || step.out.size() != 1) {
    return "sizes: attributes or operands";
  }
  const Sizes op = at->op;
  const bool slice = op == Sizes::slice;
  const size_t least = op == Sizes::range ? 3 : slice ? 2 : 1, most = slice ? 4 : least;
  if (step.in.size() < least || step.in.size() > most) return "sizes: operands";
  auto* p = params_as<SizesParams>(params);
  *p = {};
  p->attrs = *at;
  for (size_t i = 0; i < step.in.size(); ++i) {
    const Operand& x = step.in[i];
    if (!x.present() && i >= 2 && slice) continue;
    int64_t n = 0;
    if (!dense_count(x, &n) || n > 2 * max_rank || !takes(op, x.dtype)) return "sizes: an operand";
    if (i > 0 && n != p->given) return "sizes: operands of different sizes";
    if (i > 0 && op == Sizes::range && x.dtype != p->type[0]) return "sizes: types";
    p->given = static_cast<int32_t>(n);
    p->type[i] = x.dtype;
  }
  if (step.dims.size() > max_rank) return "sizes: more than 8 axes";
  p->extents = static_cast<int32_t>(step.dims.size());
  for (size_t d = 0; d < step.dims.size(); ++d) {
    p->extent[d] = step.dims[d];
    if (p->extent[d] < 0 || p->extent[d] > max_elements) return "sizes: an axis";
  }
  const bool by_axis = op == Sizes::scales || op == Sizes::aspect;
  if (by_axis && p->given != p->extents) return "sizes: not one for each axis";
  if (op == Sizes::range && p->given != 1) return "sizes: not one number";
  p->count = results_of(*p);
  int64_t n = 0;
  const Operand& y = step.out[0];
  if (!dense_count(y, &n) || y.dtype != DType::i64 || n != p->count + 1) return "sizes: the result";
  work->units[0] = 1;
  return nullptr;
}

struct Run {
  const SizesParams& p;
  const RunArgs& args;
  int64_t* out;

  bool has(int i) const { return p.type[i] != DType::none; }
  int64_t integer(int i, int k) const {
    int64_t wide = 0;
    int32_t narrow = 0;
    const auto* from = static_cast<const char*>(args.in[i]);
    if (p.type[i] == DType::i64) {
      std::memcpy(&wide, from + 8 * k, sizeof(wide));
      return wide;
    }
    std::memcpy(&narrow, from + 4 * k, sizeof(narrow));
    return narrow;
  }
  float number(int k) const { return static_cast<const float*>(args.in[0])[k]; }
  static int64_t bits_of(float f) {
    uint32_t bits = 0;
    std::memcpy(&bits, &f, sizeof(bits));
    return bits;
  }

  // The elements of one axis; ONNX's rules for what lies outside.
  void slice_axis(int64_t size, int64_t start, int64_t end, int64_t step, int64_t* to) const {
    const bool forward = step > 0;
    const int64_t low = forward ? 0 : -1, high = forward ? size : size - 1;
    const auto place = [&](int64_t at, int64_t least) {
      if (at < 0) at += size;
      return min_of(max_of(at, least), max_of(high, least));
    };
    int64_t first = place(start, 0), last = place(end, low);
    const auto width = forward ? static_cast<uint64_t>(step) : uint64_t{0} - uint64_t(step);
    const int64_t span = size == 0 ? 0 : forward ? last - first : first - last;
    const int64_t n =
        span <= 0 ? 0 : static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / width + 1);
    if (n == 0) first = 0;
    to[0] = n;
    to[1] = size - first;
    to[2] = size + 1 - (n < 2 ? 1 : static_cast<int64_t>(width));
    to[3] = forward || n < 2 ? 1 : 0;
  }

  bool slice() const {
    const int rank = p.extents;
    for (int d = 0; d < rank; ++d) slice_axis(p.extent[d], 0, p.extent[d], 1, out + 4 * d);
    uint32_t seen = 0;
    for (int k = 0; k < p.given; ++k) {
      int64_t axis = has(2) ? integer(2, k) : k;
      const int64_t step = has(3) ? integer(3, k) : 1;
      if (axis < -rank || axis >= rank || step == 0) return false;
      if (axis < 0) axis += rank;
      if ((seen >> axis & 1) != 0) return false;
      seen |= 1u << axis;
      slice_axis(p.extent[axis], integer(0, k), integer(1, k), step, out + 4 * axis);
    }
    return true;
  }

  template <class T>
  bool range() const {
    T v[3];
    for (int i = 0; i < 3; ++i) std::memcpy(&v[i], args.in[i], sizeof(T));
    if constexpr (static_cast<T>(0.5) != T{0}) {
      const double n = std::ceil((static_cast<double>(v[1]) - static_cast<double>(v[0])) /
                                 static_cast<double>(v[2]));
      if (!(n < static_cast<double>(max_elements))) return false;
      out[0] = n > 0 ? static_cast<int64_t>(n) : 0;
      return v[2] != 0;
    } else {
      if (v[2] == 0) return false;
      const bool up = v[2] > 0;
      const auto a = static_cast<uint64_t>(v[0]), b = static_cast<uint64_t>(v[1]),
                 width = up ? static_cast<uint64_t>(v[2]) : uint64_t{0} - uint64_t(v[2]);
      const bool some = up ? v[0] < v[1] : v[1] < v[0];
      const uint64_t n = some ? ((up ? b - a : a - b) - 1) / width + 1 : 0;
      out[0] = static_cast<int64_t>(n);
      return n <= static_cast<uint64_t>(max_elements);
    }
  }

  bool scales() const {
    for (int k = 0; k < p.extents; ++k) {
      const float scale = number(k), size = std::floor(static_cast<float>(p.extent[k]) * scale);
      if (!(scale > 0 && size <= static_cast<float>(largest))) return false;
      if (size < 1 && p.extent[k] > 0) return false;
      out[k] = static_cast<int64_t>(size);
      out[p.extents + k] = largest_float - bits_of(scale);
    }
    return true;
  }

  bool aspect() const {
    int best = 0;
    double scale = 0;
    for (int k = 0; k < p.extents; ++k) {
      const int64_t wanted = integer(0, k);
      if (wanted < 0 || wanted > largest || p.extent[k] < 1) return false;
      const double own = static_cast<double>(wanted) / static_cast<double>(p.extent[k]);
      if (k > 0 && (p.attrs.mode == 1 ? own >= scale : own <= scale)) continue;
      scale = own;
      best = k;
    }
    if (p.extents == 0) return false;
    for (int k = 0; k < p.extents; ++k) {
      const double size = std::floor(scale * static_cast<double>(p.extent[k]) + 0.5);
      if (!(size <= static_cast<double>(largest))) return false;
      out[k] = static_cast<int64_t>(size);
    }
    out[p.extents] = integer(0, best);
    out[p.extents + 1] = p.extent[best];
    return true;
  }

  bool floats() const {
    for (int k = 0; k < p.given; ++k) {
      if (number(k) != number(k)) return false;
      out[k] = bits_of(number(k));
    }
    return true;
  }

  bool any() const {
    bool ok = false;
    switch (p.attrs.op) {
      case Sizes::slice: return slice();
      case Sizes::range:
        with_number(p.type[0], [&](auto t) { ok = range<decltype(t)>(); });
        return ok;
      case Sizes::scales: return scales();
      case Sizes::aspect: return aspect();
      default: return floats();
    }
  }
};

void run(const RunArgs& args) {
  auto& p = *static_cast<const SizesParams*>(args.params);
  auto* y = static_cast<int64_t*>(args.out[0]);
  for (int64_t i = 0; i <= p.count; ++i) y[i] = 0;
  y[0] = Run{p, args, y + 1}.any() ? 1 : 0;
  for (int64_t i = 1; y[0] == 0 && i <= p.count; ++i) y[i] = 0;
}

}  // namespace

const Kernel sizes_any_portable = {
    "sizes_any_portable", "sizes", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
