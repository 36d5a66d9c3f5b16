// Operators that move elements: not one bit may change.
#include <algorithm>
#include <numeric>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

// Widths of 1, 2, 4 and 8 bytes; f32 as often as the others together.
DType element(Random& r) {
  if (r.one_in(2)) return DType::f32;
  return r.pick({DType::u8, DType::i8, DType::boolean, DType::f16, DType::bf16, DType::i16,
                 DType::i32, DType::i64, DType::f64, DType::u64});
}

Tensor values(CaseMaker& m, const Dims& dims) {
  const DType t = element(m.r);
  const bool low = t == DType::u8 || t == DType::u64 || t == DType::boolean;
  return m.tensor(t, dims, low ? 0 : -90, 90);
}

Tensor list(const std::vector<int64_t>& v) {
  return Tensor::of<int64_t>({static_cast<int64_t>(v.size())}, std::span<const int64_t>(v));
}

Dims shape(Random& r, int64_t least, int64_t most) {
  const int64_t rank = r.between(least, most);
  if (r.one_in(8) && rank == 4) return {2, 19, 23, 37};  // several units of work
  return r.dims(rank);
}

int64_t size(const Dims& d) { return static_cast<int64_t>(d.size()); }
// The same axis, sometimes counted from the end.
int64_t some_sign(Random& r, int64_t axis, const Dims& d) {
  return r.one_in(2) ? axis : axis - size(d);
}

}  // namespace

Result<Case> same_case(CaseMaker& m) {
  m.exact = true;
  const Dims x = shape(m.r, 0, 5);
  m.laid_out(m.is("Dropout") ? m.tensor(DType::f32, x) : values(m, x));
  return m.finish();
}

Result<Case> transpose_case(CaseMaker& m) {
  m.exact = true;
  const Dims x = shape(m.r, 1, 6);
  m.laid_out(values(m, x));
  std::vector<int64_t> perm(x.size());
  std::iota(perm.begin(), perm.end(), 0);
  for (size_t i = perm.size(); i-- > 1;) {
    std::swap(perm[i], perm[static_cast<size_t>(m.r.below(static_cast<int64_t>(i) + 1))]);
  }
  if (!m.r.one_in(5)) m.ints("perm", perm);
  return m.finish();
}

Result<Case> concat_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  Dims x = shape(r, 1, 5);
  const auto axis = static_cast<size_t>(r.below(size(x)));
  m.attr("axis", some_sign(r, static_cast<int64_t>(axis), x));
  const Tensor first = values(m, x);
  m.laid_out(first);
  const double lo = first.dtype() == DType::f32 ? -90 : 0;
  for (int64_t i = r.below(4); i > 0; --i) {
    x[axis] = r.pick({1, 2, 5, 16});
    Tensor t = m.tensor(first.dtype(), x, lo, 90);
    r.one_in(4) ? m.constant(std::move(t)) : m.laid_out(std::move(t));
  }
  return m.finish();
}

Result<Case> split_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  Dims x = shape(r, 1, 5);
  const auto axis = static_cast<size_t>(r.below(size(x)));
  std::vector<int64_t> parts;
  for (int64_t i = r.between(1, 4); i > 0; --i) parts.push_back(r.pick({1, 1, 2, 3, 8}));
  const bool equal = r.one_in(3);
  if (equal) parts.assign(parts.size(), parts[0]);
  x[axis] = std::accumulate(parts.begin(), parts.end(), int64_t{0});
  m.attr("axis", some_sign(r, static_cast<int64_t>(axis), x));
  m.laid_out(values(m, x));
  if (equal && m.has_attr("num_outputs")) {
    m.attr("num_outputs", static_cast<int64_t>(parts.size()));
  } else if (!equal && m.has_attr("split")) {
    m.ints("split", parts);
  } else if (!equal) {
    m.constant(list(parts));
  }
  std::vector<std::string> outputs;
  for (size_t i = 0; i < parts.size(); ++i) outputs.push_back("y" + std::to_string(i));
  return m.finish(outputs);
}

Result<Case> slice_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const Dims x = shape(r, 1, 5);
  const bool steps_too = m.node.version >= 10;
  std::vector<int64_t> starts, ends, axes, steps;
  for (int64_t i = 0; i < size(x); ++i) {
    if (r.one_in(3)) continue;
    const int64_t n = x[static_cast<size_t>(i)];
    const int64_t step = steps_too ? r.pick({1, 1, 1, 2, 3, -1, -1, -2}) : 1;
    int64_t a = r.below(n), b = r.below(n);
    if ((step > 0) != (a <= b)) std::swap(a, b);
    int64_t end = step > 0 ? b + 1 : b - 1;
    if (step < 0 && end < 0) end = -n - 1;                       // "down to the first"
    if (step > 0 && b == n - 1 && r.one_in(2)) end = INT32_MAX;  // "to the end"
    if (r.one_in(3)) a -= n;
    axes.push_back(r.one_in(3) ? i - size(x) : i);
    starts.push_back(a), ends.push_back(end), steps.push_back(step);
  }
  m.laid_out(values(m, x));
  if (!steps_too) {
    m.ints("starts", starts), m.ints("ends", ends), m.ints("axes", axes);
    return m.finish();
  }
  const bool computed = !r.one_in(3);
  for (const auto& v : {starts, ends, axes, steps}) {
    computed ? m.input(list(v)) : m.constant(list(v));
  }
  return m.finish();
}

Result<Case> expand_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  Dims out = shape(r, 1, 5), in(out.begin() + r.below(size(out)), out.end());
  for (int64_t& d : in) {
    if (r.one_in(2)) d = 1;
  }
  for (int64_t& d : out) {
    if (r.one_in(6)) d = 1;  // a 1 asked for leaves the operand's size
  }
  m.laid_out(values(m, in));
  m.constant(list(out));
  return m.finish();
}

Result<Case> tile_case(CaseMaker& m) {
  m.exact = true;
  const Dims x = m.r.dims(m.r.between(1, 6), 600);
  std::vector<int64_t> repeats;
  for (size_t i = 0; i < x.size(); ++i) repeats.push_back(i > 3 ? 1 : m.r.pick({1, 1, 2, 3}));
  m.laid_out(values(m, x));
  m.constant(list(repeats));
  return m.finish();
}

Result<Case> pad_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const Dims x = shape(r, 1, 4);
  const std::string mode = r.pick<std::string>({"constant", "constant", "reflect", "edge", "wrap"});
  if (mode == "wrap") m.node.version = 19;
  if (mode != "constant" || r.one_in(2)) m.attr("mode", mode);
  const bool old = m.node.version < 11;
  Tensor data = old ? m.tensor(DType::f32, x) : values(m, x);
  const DType t = data.dtype();
  m.laid_out(std::move(data));
  std::vector<int64_t> axes, pads;
  for (int64_t i = 0; i < size(x); ++i) axes.push_back(i);
  const bool some = m.node.version >= 18 && r.one_in(2);
  if (some) {
    std::erase_if(axes, [&](int64_t) { return r.one_in(3); });
    if (axes.empty()) axes = {0};
  }
  std::vector<int64_t> begin, end;
  for (int64_t a : axes) {
    const int64_t n = x[static_cast<size_t>(a)];
    const int64_t most = mode == "reflect" ? n - 1 : mode == "wrap" ? n : 3;
    const bool crop = mode == "constant" && n > 2 && r.one_in(5);
    begin.push_back(crop ? -1 : r.between(0, std::min<int64_t>(most, 4)));
    end.push_back(r.between(0, std::min<int64_t>(most, 4)));
  }
  pads = begin;
  pads.insert(pads.end(), end.begin(), end.end());
  if (old) {
    m.ints("pads", pads);
    if (r.one_in(2)) m.attr("value", 1.5f);
    return m.finish();
  }
  m.constant(list(pads));
  if (r.one_in(2)) {
    m.either(m.tensor(t, {}, 1, 1));
  } else if (some) {
    m.absent();
  }
  if (some) m.constant(list(axes));
  return m.finish();
}

Result<Case> gather_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const Dims x = shape(r, 1, 4);
  const int64_t axis = r.below(size(x)), n = x[static_cast<size_t>(axis)];
  if (axis != 0 || r.one_in(2)) m.attr("axis", some_sign(r, axis, x));
  m.laid_out(values(m, x));
  const DType t = r.pick({DType::i32, DType::i64});
  Tensor which =
      m.tensor(t, r.dims(r.below(3), 40), static_cast<double>(-n), static_cast<double>(n - 1));
  m.either(std::move(which));
  return m.finish();
}

Result<Case> fill_case(CaseMaker& m) {
  m.exact = true;
  Tensor value = values(m, {1});
  if (!m.r.one_in(4)) m.attr("value", value);
  const Dims y = shape(m.r, 1, 4);
  m.constant(list(y));
  return m.finish();
}

Result<Case> shape_case(CaseMaker& m) {
  m.exact = true;
  m.input(values(m, shape(m.r, 1, 5)));
  return m.finish();
}

Result<Case> depth_space_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const int64_t block = r.pick({1, 2, 3}), n = r.pick({1, 2}), c = r.pick({1, 3, 5, 16});
  const int64_t h = r.pick({1, 2, 7}), w = r.pick({1, 5, 8});
  if (m.is("ChannelShuffle")) {
    m.attr("groups", block);
    m.laid_out(values(m, {n, c * block, h, w}));
    return m.finish();
  }
  m.attr("blocksize", block);
  if (m.is("DepthToSpace") && m.has_attr("mode") && r.one_in(2)) {
    m.attr("mode", r.pick<std::string>({"DCR", "CRD"}));
  }
  const bool depth = m.is("DepthToSpace");
  m.laid_out(
      values(m, depth ? Dims{n, c * block * block, h, w} : Dims{n, c, h * block, w * block}));
  return m.finish();
}

Result<Case> reshape_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  Dims x = shape(r, 1, 5);
  const int64_t rank = size(x);
  if (m.is("Flatten")) {
    m.attr("axis", r.between(0, rank));
  } else if (m.is("Reshape")) {
    std::vector<int64_t> to = {x[0], element_count(x) / x[0]};
    if (r.one_in(2)) to = {1, -1, x.back()};
    if (r.one_in(3)) to[0] = x[0] == 1 || to.size() == 2 ? 0 : 1;  // 0: the operand's size
    m.laid_out(values(m, x));
    m.constant(list(to));
    return m.finish();
  } else {
    std::vector<int64_t> axes;
    const bool squeeze = m.is("Squeeze");
    for (int64_t i = 0; i < rank; ++i) {
      if (squeeze && r.one_in(2)) x[static_cast<size_t>(i)] = 1, axes.push_back(i);
      if (!squeeze && i < 3 && r.one_in(2)) axes.push_back(2 * i);
    }
    // Unsqueeze counts in the result, which must have that many dimensions.
    while (!squeeze && !axes.empty() && axes.back() >= rank + size(axes)) axes.pop_back();
    if (!squeeze && axes.empty()) axes = {0};
    m.laid_out(values(m, x));
    if (m.has_attr("axes")) {
      if (!axes.empty()) m.ints("axes", axes);
    } else if (!axes.empty()) {
      m.constant(list(axes));
    }
    return m.finish();
  }
  m.laid_out(values(m, x));
  return m.finish();
}

}  // namespace hone::kernel_tests
