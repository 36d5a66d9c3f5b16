#include "device/kernels/copy/copy.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/copy/copy_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/copy/kernels.inc"
#undef HONE_KERNEL

namespace {

// The dimensions of more than one element, y's largest stride first; the order of the shape where
// they are equal. Returns how many.
int sorted_dims(const Operand& y, int (&order)[max_rank]) {
  int n = 0;
  for (int d = 0; d < y.shape.rank(); ++d) {
    if (y.shape[d] == 1) continue;
    int at = n++;
    for (; at > 0 && y.strides[order[at - 1]] < y.strides[d]; --at) order[at] = order[at - 1];
    order[at] = d;
  }
  return n;
}

// Every stride steps over all that the smaller ones reach: no element is written twice.
bool overlaps(const Operand& y, const int (&order)[max_rank], int n) {
  int64_t reach = 0;
  for (int k = n - 1; k >= 0; --k) {
    int64_t stride = y.strides[order[k]];
    if (stride <= reach) return true;
    reach += (y.shape[order[k]] - 1) * stride;
  }
  return false;
}

void set_loops(const Operand& x, const Operand& y, uint32_t flip, const int (&order)[max_rank],
               int n, int64_t total, CopyParams* p) {
  p->loops.rank = 0;
  for (int k = 0; k < n; ++k) {
    int d = order[k];
    int64_t stride[2] = {x.strides[d], y.strides[d]};
    if (flip >> d & 1) {
      p->x_base += (x.shape[d] - 1) * stride[0];
      stride[0] = -stride[0];
    }
    push_loop(&p->loops, x.shape[d], stride);
  }
  finish_loops(&p->loops, total);
}

// Where one dimension is contiguous in y and another in x: moves the latter next to the former and
// cuts both into blocks that stay in the first-level cache.
void set_tiles(CopyParams* p) {
  Loops<2>& l = p->loops;
  int last = l.rank - 1;
  if (l.total == 0 || last < 1 || l.stride[1][last] != 1) return;
  if (l.stride[0][last] == 1 || l.stride[0][last] == 0) return;
  int found = -1;
  for (int d = 0; d < last; ++d) {
    if (l.stride[0][d] == 1) found = d;
  }
  if (found < 0) return;
  Loops<2> old = l;
  for (int d = found; d < last - 1; ++d) {
    l.size[d] = old.size[d + 1];
    for (int k = 0; k < 2; ++k) l.stride[k][d] = old.stride[k][d + 1];
  }
  l.size[last - 1] = old.size[found];
  for (int k = 0; k < 2; ++k) l.stride[k][last - 1] = old.stride[k][found];
  int64_t rows = l.size[last - 1], cols = l.size[last];
  int64_t i = min_of(rows, 64), j = min_of(cols, 64);
  i = min_of(rows, max_of(i, chunk / j / 16 * 16));
  j = min_of(cols, max_of(j, chunk / i / 16 * 16));
  p->tiled = true;
  p->tile_i = static_cast<int32_t>(i);
  p->tile_j = static_cast<int32_t>(j);
  p->tiles_i = ceil_div(rows, i);
  p->tiles_j = ceil_div(cols, j);
  p->tiles = l.total / (rows * cols) * p->tiles_i * p->tiles_j;
  p->group = max_of(1, chunk / (i * j));
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<CopyAttrs>(step);
  if (!at || !step.dims.empty()) return "copy: attributes";
  if (step.in.size() != 1 || step.out.size() != 1) return "copy: operands";
  const Operand &x = step.in[0], &y = step.out[0];
  if (!x.present() || x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "copy: types";
  if (!(x.shape == y.shape)) return "copy: shapes differ";
  int64_t n = 0, reach = 0;
  if (!x.shape.count_checked(&n) || n > max_elements) return "copy: too large";
  if (!extent(x, &reach) || reach > max_elements) return "copy: view of x";
  if (!extent(y, &reach) || reach > max_elements) return "copy: view of y";
  if (x.shape.rank() < 32 && (at->flip >> x.shape.rank()) != 0) return "copy: flipped axes";
  int order[max_rank] = {}, dims = n > 0 ? sorted_dims(y, order) : 0;
  if (overlaps(y, order, dims)) return "copy: y overlaps itself";
  auto* p = params_as<CopyParams>(params);
  *p = {};
  p->bytes = element_bytes(x.dtype);
  set_loops(x, y, at->flip, order, dims, n, p);
  set_tiles(p);
  work->units[0] = p->tiled ? ceil_div(p->tiles, p->group) : ceil_div(n, chunk);
  return nullptr;
}

const char* bind_b32(const Step& step, void* params, Work* work) {
  if (const char* why = bind(step, params, work)) return why;
  return bits(step.in[0].dtype) == 32 ? nullptr : "only elements of 32 bits";
}

const char* bind_b64(const Step& step, void* params, Work* work) {
  if (const char* why = bind(step, params, work)) return why;
  return bits(step.in[0].dtype) == 64 ? nullptr : "only elements of 64 bits";
}

const char* bind_b8(const Step& step, void* params, Work* work) {
  if (const char* why = bind(step, params, work)) return why;
  return bits(step.in[0].dtype) == 8 ? nullptr : "only elements of 8 bits";
}

}  // namespace

#if defined(__x86_64__)
const Kernel copy_b32_avx512 = {"copy_b32_avx512", "copy",           Isa::avx512, 1,
                                bind_b32,          avx512::copy_b32, nullptr,     nullptr};
const Kernel copy_b64_avx512 = {"copy_b64_avx512", "copy",           Isa::avx512, 1,
                                bind_b64,          avx512::copy_b64, nullptr,     nullptr};
const Kernel copy_b64_avx2 = {"copy_b64_avx2", "copy",         Isa::avx2, 1,
                              bind_b64,        avx2::copy_b64, nullptr,   nullptr};
const Kernel copy_b8_avx512 = {"copy_b8_avx512", "copy",          Isa::avx512, 1,
                               bind_b8,          avx512::copy_b8, nullptr,     nullptr};
const Kernel copy_b8_avx2 = {"copy_b8_avx2", "copy",        Isa::avx2, 1,
                             bind_b8,        avx2::copy_b8, nullptr,   nullptr};
const Kernel copy_b32_avx2 = {"copy_b32_avx2", "copy",         Isa::avx2, 2,
                              bind_b32,        avx2::copy_b32, nullptr,   nullptr};
#endif
const Kernel copy_b64_neon = {
    "copy_b64_neon", "copy", Isa::neon, 1, bind_b64, HONE_ON_ARM(neon::copy_b64), nullptr, nullptr};
const Kernel copy_b8_neon = {
    "copy_b8_neon", "copy", Isa::neon, 1, bind_b8, HONE_ON_ARM(neon::copy_b8), nullptr, nullptr};
const Kernel copy_b32_neon = {
    "copy_b32_neon", "copy", Isa::neon, 1, bind_b32, HONE_ON_ARM(neon::copy_b32), nullptr, nullptr};

const Kernel copy_any_portable = {"copy_any_portable", "copy",  Isa::portable, 2, bind,
                                  portable::copy_any,  nullptr, nullptr};

}  // namespace hone::kernels
