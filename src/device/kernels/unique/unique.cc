#include "device/kernels/unique/unique.h"

#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/numbers.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/unique/kernels.inc"
#undef HONE_KERNEL

namespace {

struct UniqueParams {
  int64_t rows, width;
  DType dtype;
  bool sorted;
};

bool is_list(const Operand& o, int64_t n) {
  int64_t count = 0;
  return dense_count(o, &count) && o.dtype == DType::i64 && count == n;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<UniqueAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 5) return "unique: attributes or operands";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, ny = 0;
  if (!dense_count(x, &n) || !dense_count(y, &ny)) return "unique: operands must be dense";
  if (x.shape.rank() != 2 || ny != n || y.dtype != x.dtype) return "unique: shapes or types";
  if (!is_number(x.dtype) && x.dtype != DType::boolean) return "unique: type of x";
  const int64_t rows = x.shape[0];
  if (rows > max_elements) return "unique: too large";
  for (size_t i = 1; i < 4; ++i) {
    if (!is_list(step.out[i], rows)) return "unique: a list of another size";
  }
  if (!is_list(step.out[4], 1)) return "unique: count";
  *params_as<UniqueParams>(params) = {rows, x.shape[1], x.dtype, at->sorted != 0};
  work->units[0] = 1;
  work->workspace_bytes = 16 * rows;
  return nullptr;
}

template <class T>
int order(T a, T b) {
  if (a < b || b < a) return a < b ? -1 : 1;
  const bool a_is_number = a == a, b_is_number = b == b;
  return a_is_number == b_is_number ? 0 : a_is_number ? -1 : 1;
}

struct Rows {
  const UniqueParams& p;
  const char* x;

  int compare_elements(int64_t i, int64_t j) const {
    int found = 0;
    with_number(p.dtype == DType::boolean ? DType::u8 : p.dtype, [&](auto type) {
      using T = decltype(type);
      const auto* v = reinterpret_cast<const T*>(x);
      found = order(v[i], v[j]);
    });
    return found;
  }
  int compare(int64_t a, int64_t b) const {
    for (int64_t k = 0; k < p.width; ++k) {
      const int found = compare_elements(a * p.width + k, b * p.width + k);
      if (found != 0) return found;
    }
    return 0;
  }
  // Equal rows in the order they stand in.
  bool before(int64_t a, int64_t b) const {
    const int found = compare(a, b);
    return found != 0 ? found < 0 : a < b;
  }

  void sift(int64_t* heap, int64_t root, int64_t n) const {
    for (int64_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
      if (child + 1 < n && before(heap[child], heap[child + 1])) ++child;
      if (!before(heap[root], heap[child])) return;
      const int64_t top = heap[root];
      heap[root] = heap[child];
      heap[child] = top;
      root = child;
    }
  }
  void sort(int64_t* rows) const {
    for (int64_t i = 0; i < p.rows; ++i) rows[i] = i;
    for (int64_t i = p.rows / 2; i-- > 0;) sift(rows, i, p.rows);
    for (int64_t n = p.rows; n-- > 1;) {
      const int64_t top = rows[0];
      rows[0] = rows[n];
      rows[n] = top;
      sift(rows, 0, n);
    }
  }
};

void run(const RunArgs& args) {
  auto& p = *static_cast<const UniqueParams*>(args.params);
  const Rows rows{p, static_cast<const char*>(args.in[0])};
  auto* y = static_cast<char*>(args.out[0]);
  auto *first = static_cast<int64_t*>(args.out[1]), *inverse = static_cast<int64_t*>(args.out[2]),
       *counts = static_cast<int64_t*>(args.out[3]);
  auto *sorted = static_cast<int64_t*>(args.workspace), *place = sorted + p.rows;
  rows.sort(sorted);
  // `place` of a row that stands first: where it goes; of another: the row it is.
  int64_t count = 0;
  for (int64_t i = 0, lead = 0; i < p.rows; ++i) {
    const bool fresh = i == 0 || rows.compare(lead, sorted[i]) != 0;
    if (fresh) lead = sorted[i];
    inverse[sorted[i]] = lead;
    if (fresh) place[lead] = count++;
  }
  if (!p.sorted) {
    int64_t next = 0;
    for (int64_t i = 0; i < p.rows; ++i) {
      if (inverse[i] == i) place[i] = next++;
    }
  }
  const auto bytes = static_cast<size_t>(p.width * element_bytes(p.dtype));
  for (int64_t i = 0; i < p.rows; ++i) {
    const int64_t lead = inverse[i], to = place[lead];
    if (lead == i) {
      first[to] = i;
      counts[to] = 0;
      std::memcpy(y + static_cast<size_t>(to) * bytes, rows.x + static_cast<size_t>(i) * bytes,
                  bytes);
    }
    ++counts[to];
    inverse[i] = to;
  }
  *static_cast<int64_t*>(args.out[4]) = count;
}

}  // namespace

const Kernel unique_any_portable = {
    "unique_any_portable", "unique", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
