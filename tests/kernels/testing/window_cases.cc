// Convolutions and pools.
#include <algorithm>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

struct Window {
  Dims kernel, stride, dilation, begin, end, in, out;
};

// `dims` spatial dimensions; sizes up to `most`, larger where the window asks for it.
Window random_window(Random& r, size_t dims, bool dilated, int64_t most, bool pool) {
  Window w;
  for (size_t i = 0; i < dims; ++i) {
    const int64_t k = dims == 3 ? r.between(1, 3) : r.pick({1, 1, 2, 3, 3, 3, 5, 7}),
                  d = dilated ? r.pick({1, 1, 1, 2, 3}) : 1;
    const int64_t s = r.pick({1, 1, 1, 2, 3}), reach = (k - 1) * d + 1;
    // A pool's window must see a pixel; a convolution may look at nothing but padding.
    const int64_t pad = r.one_in(3) ? 0 : pool ? k - 1 : reach;
    w.begin.push_back(r.between(0, pad));
    w.end.push_back(r.one_in(2) ? w.begin.back() : r.between(0, pad));
    const int64_t least = std::max<int64_t>(1, reach - w.begin.back() - w.end.back());
    int64_t size = r.size();
    while (size > most) size = r.size();
    w.in.push_back(std::max(least, size));
    w.kernel.push_back(k), w.stride.push_back(s), w.dilation.push_back(d);
    w.out.push_back((w.in.back() + w.begin.back() + w.end.back() - reach) / s + 1);
  }
  return w;
}

// Of three axes sometimes the first is left alone, or the others, as in factored convolutions.
void plane_or_depth(Random& r, Window* w) {
  const int64_t which = r.below(4);
  for (size_t i = 0; i < 3; ++i) {
    if (which > 1 || (i == 0) != (which == 0)) continue;
    w->kernel[i] = w->stride[i] = w->dilation[i] = 1;
    w->begin[i] = w->end[i] = 0;
    w->out[i] = w->in[i];
  }
}

std::vector<int64_t> joined(Dims a, const Dims& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Attributes that hold their defaults are left out now and then.
void set_window(CaseMaker& m, const Window& w, bool kernel_needed) {
  auto all = [](const Dims& d, int64_t v) {
    return std::all_of(d.begin(), d.end(), [v](int64_t x) { return x == v; });
  };
  if (kernel_needed || m.r.one_in(2)) m.ints("kernel_shape", w.kernel);
  if (!all(w.stride, 1) || m.r.one_in(2)) m.ints("strides", w.stride);
  if (m.has_attr("dilations") && (!all(w.dilation, 1) || m.r.one_in(2))) {
    m.ints("dilations", w.dilation);
  }
  if (!all(w.begin, 0) || !all(w.end, 0) || m.r.one_in(2)) m.ints("pads", joined(w.begin, w.end));
}

// SAME_* and VALID instead of pads. False where the sizes do not allow it.
bool set_auto_pad(CaseMaker& m, Window* w) {
  for (size_t i = 0; i < w->in.size(); ++i) {
    if (w->in[i] < (w->kernel[i] - 1) * w->dilation[i] + 1) return false;
  }
  w->begin.assign(w->in.size(), 0);
  w->end = w->begin;
  m.attr("auto_pad", m.r.pick<std::string>({"SAME_UPPER", "SAME_LOWER", "VALID"}));
  return true;
}

// What a convolution's operands are of: x and w, bias, residual.
struct ConvTypes {
  DType x = DType::f32, bias = DType::f32, residual = DType::f32;
};

Result<Case> random_conv(CaseMaker& m, const ConvTypes& types) {
  Random& r = m.r;
  const bool fused = m.node.op != "Conv";
  const size_t dims = r.one_in(5) ? 1 : r.one_in(5) ? 3 : 2;
  int64_t groups = 1, c = r.pick({1, 2, 3, 5, 8, 16, 17, 31, 64});
  int64_t o = r.pick({1, 3, 4, 7, 8, 16, 19, 32, 33, 64, 65, 96});
  switch (r.below(4)) {
    case 0:  // depthwise, sometimes with several results for each channel
      groups = c = r.pick({1, 3, 8, 11, 16, 17, 24, 33, 48, 67});
      o = c * r.pick({1, 1, 1, 1, 2, 3});
      break;
    case 1:
      groups = r.pick({2, 3, 4});
      c = groups * r.pick({1, 2, 5, 8}), o = groups * r.pick({1, 3, 8, 16, 17});
      break;
    default: break;
  }
  Window w = random_window(r, dims, true, dims == 3 ? 5 : 17, false);
  if (dims == 3) plane_or_depth(r, &w);
  if (dims < 3 &&
      r.one_in(12)) {  // as large as in a model: several units of work, several blocks of K
    w = random_window(r, dims, false, 17, false);
    for (size_t i = 0; i < dims; ++i) w.kernel[i] = w.stride[i] = 1, w.begin[i] = w.end[i] = 0;
    w.in.assign(dims, 23), w.out = w.in;
    groups = 1, c = 200, o = 72;
  }
  if (dims == 2 && r.one_in(8)) {  // what Winograd's kernels take
    groups = 1;
    for (size_t i = 0; i < 2; ++i) {
      w.kernel[i] = 3, w.stride[i] = w.dilation[i] = 1;
      w.begin[i] = r.between(0, 2), w.end[i] = r.between(0, 2);
      w.in[i] = r.between(3, 17), w.out[i] = w.in[i] + w.begin[i] + w.end[i] - 2;
    }
  }
  const int64_t n = r.pick({1, 1, 2, 3});
  const Dims x = joined({n, c}, w.in), y = joined({n, o}, w.out);
  const Dims k = joined({o, c / groups}, w.kernel);
  if (groups != 1 || r.one_in(2)) m.attr("group", groups);
  const bool automatic = !fused && r.one_in(6) && set_auto_pad(m, &w);
  set_window(m, w, false);
  if (automatic) m.node.attributes.erase("pads");
  m.laid_out(m.tensor(types.x, x));
  Tensor weights = m.tensor(types.x, k, -1, 1);
  r.one_in(6) ? m.input(std::move(weights)) : m.constant(std::move(weights));
  if (!r.one_in(3)) {
    Tensor bias = m.tensor(types.bias, {o});
    r.one_in(6) ? m.input(std::move(bias)) : m.constant(std::move(bias));
  } else if (fused) {
    m.absent();
  }
  if (fused) {
    m.activation();
    if (r.one_in(2)) {
      if (m.node.inputs.size() == 2) m.absent();
      m.laid_out(m.tensor(types.residual, y));
      if (r.one_in(2)) m.attr("residual_after_act", int64_t{1});
    }
  }
  return m.finish();
}

}  // namespace

Result<Case> conv_case(CaseMaker& m) { return random_conv(m, {}); }

Result<Case> half_conv_case(CaseMaker& m) {
  const DType x = m.half_type();
  return random_conv(m, {x, DType::f32, m.result_type(x)});
}

Result<Case> pool_case(CaseMaker& m) {
  Random& r = m.r;
  const size_t dims = r.one_in(5) ? 1 : r.one_in(5) && !m.is("QuantizedPool") ? 3 : 2;
  const bool global = m.node.op.starts_with("Global");
  Window w = random_window(r, dims, m.has_attr("dilations"), dims == 3 ? 9 : 33, true);
  if (dims == 3) plane_or_depth(r, &w);
  const int64_t c = r.pick({1, 2, 3, 8, 9, 16, 17, 24, 31, 40});
  if (!global) {
    const bool automatic = r.one_in(6) && set_auto_pad(m, &w);
    set_window(m, w, true);
    if (automatic) m.node.attributes.erase("pads");
    if (!automatic && m.has_attr("ceil_mode") && r.one_in(2)) m.attr("ceil_mode", int64_t{1});
    if (m.has_attr("count_include_pad") && r.one_in(2)) m.attr("count_include_pad", int64_t{1});
  }
  // MaxPool takes bytes from version 12 on.
  const bool bytes = m.is("MaxPool") && m.node.version >= 12 && r.one_in(6);
  DType t = !bytes ? DType::f32 : r.one_in(2) ? DType::u8 : DType::i8;
  // Means of 16 bits may be off by a rounding, more than is allowed: pool_test.cc has them.
  const bool max = m.is("MaxPool") || m.is("GlobalMaxPool");
  if (max && !bytes && r.one_in(4)) t = m.half_type();
  m.laid_out(m.tensor(t, joined({r.pick({1, 1, 2, 3}), c}, w.in), t == DType::u8 ? 0 : -2,
                      bytes ? 99 : 2));
  if (!m.is("MaxPool") || m.node.version < 8 || !r.one_in(3)) return m.finish();
  if (r.one_in(2)) m.attr("storage_order", int64_t{1});
  return r.one_in(4) ? m.finish({"", "where"}) : m.finish({"y", "where"});
}

Result<Case> lp_pool_case(CaseMaker& m) {
  m.attr("p", m.r.between(1, 3));
  return pool_case(m);
}

}  // namespace hone::kernel_tests
