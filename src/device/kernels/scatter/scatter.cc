#include "device/kernels/scatter/scatter.h"

#include <cstring>
#include <type_traits>

#include "device/kernels/check.h"
#include "device/kernels/index.h"
#include "device/kernels/numbers.h"
#include "device/kernels/words.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/scatter/kernels.inc"
#undef HONE_KERNEL

namespace {

struct ScatterParams {
  int64_t total, updates;
  int64_t inner;           // by tuples: elements of one slice
  int64_t size[max_rank];  // along the axis: of indices; by tuples: of x's indexed dimensions
  int64_t stride[max_rank];
  int64_t axis_size;
  int32_t axis, rank, depth, bytes;
  Scatter reduction;
  DType type;
  bool wide;
};

const char* bind_axis(const Step& step, ScatterParams* p) {
  const Shape &x = step.in[0].shape, &index = step.in[1].shape;
  if (p->axis >= x.rank() || index.rank() != x.rank() || !(step.in[2].shape == index)) {
    return "scatter: shapes";
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (i != p->axis && index[i] > x[i]) return "scatter: more indices than elements";
    p->size[i] = index[i];
  }
  dense_strides(x, p->stride);
  p->rank = x.rank();
  p->axis_size = x[p->axis];
  return nullptr;
}

const char* bind_tuples(const Step& step, ScatterParams* p) {
  const Shape &x = step.in[0].shape, &index = step.in[1].shape, &updates = step.in[2].shape;
  const int lead = index.rank() - 1;
  if (lead < 0 || index.back() < 0 || index.back() > x.rank()) return "scatter: depth";
  p->depth = static_cast<int>(index.back());
  if (updates.rank() != lead + x.rank() - p->depth) return "scatter: shapes";
  for (int i = 0; i < updates.rank(); ++i) {
    if (updates[i] != (i < lead ? index[i] : x[i - lead + p->depth])) return "scatter: shapes";
  }
  p->inner = x.count(p->depth, x.rank());
  dense_strides(x, p->stride);
  for (int i = 0; i < p->depth; ++i) p->size[i] = x[i];
  return nullptr;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<ScatterAttrs>(step);
  if (!at || step.in.size() != 3 || step.out.size() != 1) return "scatter: operands";
  const Operand &x = step.in[0], &index = step.in[1], &updates = step.in[2], &y = step.out[0];
  int64_t n = 0, ny = 0, ni = 0, nu = 0;
  if (!dense_count(x, &n) || !dense_count(index, &ni) || !dense_count(updates, &nu) ||
      !dense_count(y, &ny)) {
    return "scatter: operands must be dense";
  }
  const auto reduction = static_cast<int>(at->reduction);
  if (at->axis < -1 || reduction < 0 || reduction >= scatter_end) return "scatter: attributes";
  if (x.dtype != y.dtype || updates.dtype != x.dtype || element_bytes(x.dtype) == 0) {
    return "scatter: types";
  }
  if (at->reduction != Scatter::write && !is_number(x.dtype)) return "scatter: type to reduce";
  if (!is_index_type(index.dtype)) return "scatter: type of the indices";
  if (x.shape.rank() < 1 || !(x.shape == y.shape)) return "scatter: shapes";
  auto* p = params_as<ScatterParams>(params);
  *p = {};
  p->axis = at->axis;
  if (const char* refused = at->axis < 0 ? bind_tuples(step, p) : bind_axis(step, p)) {
    return refused;
  }
  if (nu > 0 && n == 0) return "scatter: nothing to scatter into";
  p->total = n, p->updates = nu;
  p->bytes = element_bytes(x.dtype);
  p->reduction = at->reduction, p->type = x.dtype;
  p->wide = index.dtype == DType::i64;
  // First the copy, then the updates: in order, for two may go to the same place.
  work->phases = 2;
  work->units[0] = ceil_div(n, chunk);
  work->units[1] = nu > 0 ? 1 : 0;
  return nullptr;
}

// Calls put(to, from, n) for the runs of `n` updates in order.
template <class Put>
void each_run(const RunArgs& args, const ScatterParams& p, Put&& put) {
  if (p.axis < 0) {
    for (int64_t tuple = 0; tuple < p.updates / p.inner; ++tuple) {
      int64_t to = 0;
      for (int k = 0; k < p.depth; ++k) {
        to +=
            clamp_index(index_at(args.in[1], p.wide, tuple * p.depth + k), p.size[k]) * p.stride[k];
      }
      put(to, tuple * p.inner, p.inner);
    }
    return;
  }
  int64_t at[max_rank] = {}, base = 0;  // base: where the other dimensions lead
  for (int64_t i = 0; i < p.updates; ++i) {
    const int64_t index = clamp_index(index_at(args.in[1], p.wide, i), p.axis_size);
    put(base + index * p.stride[p.axis], i, 1);
    for (int d = p.rank - 1; d >= 0; --d) {
      const int64_t stride = d == p.axis ? 0 : p.stride[d];
      base += stride;
      if (++at[d] < p.size[d]) break;
      base -= at[d] * stride;
      at[d] = 0;
    }
  }
}

// Sums and products of integers wrap: computed unsigned.
template <class T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

template <class T>
void reduce(const RunArgs& args, const ScatterParams& p) {
  T* y = static_cast<T*>(args.out[0]);
  const T* updates = static_cast<const T*>(args.in[2]);
  auto with = [&](auto&& f) {
    each_run(args, p, [&](int64_t to, int64_t from, int64_t n) {
      for (int64_t i = 0; i < n; ++i) y[to + i] = static_cast<T>(f(y[to + i], updates[from + i]));
    });
  };
  using W = Wrapping<T>;
  switch (p.reduction) {
    case Scatter::write: return;
    case Scatter::add: return with([](T a, T b) { return static_cast<W>(a) + static_cast<W>(b); });
    case Scatter::mul: return with([](T a, T b) { return static_cast<W>(a) * static_cast<W>(b); });
    case Scatter::max: return with([](T a, T b) { return a != a || a > b ? a : b; });
    case Scatter::min: return with([](T a, T b) { return a != a || a < b ? a : b; });
  }
}

template <class Word>
void write(const RunArgs& args, const ScatterParams& p) {
  Word* y = static_cast<Word*>(args.out[0]);
  const Word* updates = static_cast<const Word*>(args.in[2]);
  each_run(args, p, [&](int64_t to, int64_t from, int64_t n) {
    if (n == 1) {
      y[to] = updates[from];
    } else {
      std::memcpy(y + to, updates + from, static_cast<size_t>(n) * sizeof(Word));
    }
  });
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const ScatterParams*>(args.params);
  if (args.phase == 0) {
    const auto [begin, end] = elements_of_units(args, p.total);
    if (begin >= end) return;
    std::memcpy(static_cast<uint8_t*>(args.out[0]) + begin * p.bytes,
                static_cast<const uint8_t*>(args.in[0]) + begin * p.bytes,
                static_cast<size_t>((end - begin) * p.bytes));
  } else if (args.begin < args.end) {
    if (p.reduction == Scatter::write) {
      with_word(p.bytes, [&](auto word) { write<decltype(word)>(args, p); });
    } else {
      with_number(p.type, [&](auto number) { reduce<decltype(number)>(args, p); });
    }
  }
}

}  // namespace

const Kernel scatter_any_portable = {
    "scatter_any_portable", "scatter", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
