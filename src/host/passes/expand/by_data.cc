#include "host/passes/expand/by_data.h"

#include <algorithm>
#include <numbers>

namespace hone::passes {

namespace {

constexpr int64_t as_i64 = 7;  // ONNX's number of the type

ValueId cast(Expansion& e, ValueId v, int64_t type) { return e.add("Cast", {v}, {{"to", type}}); }
ValueId cast(Expansion& e, ValueId v, DType type) { return cast(e, v, static_cast<int64_t>(type)); }

// 0, 1, ... as numbers of `type`; `size` is a scalar.
ValueId counted(Expansion& e, ValueId size, DType type) {
  const ValueId zero = e.constant(Tensor::scalar<int64_t>(0));
  const ValueId one = e.constant(Tensor::scalar<int64_t>(1));
  return cast(e, e.add("Range", {zero, size, one}), type);
}

ValueId element(Expansion& e, ValueId list, int64_t at) {
  return e.add("Gather", {list, e.constant(Tensor::scalar<int64_t>(at))});
}

}  // namespace

// Cut, then padded, by what is computed; the odd one at the end.
Status crop_pad_by_data(Expansion& e) {
  std::vector<int64_t> axes = e.attributes().ints("axes"), sizes;
  if (!e.attributes().has("axes")) {
    for (int d = 0; d < e.rank(0); ++d) axes.push_back(d);
  }
  for (int64_t axis : axes) {
    sizes.push_back(e.shape(0)[static_cast<size_t>(axis < 0 ? axis + e.rank(0) : axis)].value());
  }
  const ValueId size = e.ints(sizes), wanted = cast(e, e.in(1), as_i64), which = e.ints(axes);
  const ValueId zero = e.ints({0}), two = e.ints({2});
  auto surplus = [&](ValueId a, ValueId b) { return e.add("Max", {e.add("Sub", {a, b}), zero}); };
  const ValueId cut = e.add("Div", {surplus(size, wanted), two});
  const ValueId end = e.add("Add", {cut, e.add("Min", {size, wanted})});
  const ValueId missing = surplus(wanted, size), before = e.add("Div", {missing, two});
  const ValueId pads =
      e.add("Concat", {before, e.add("Sub", {missing, before})}, {{"axis", int64_t{0}}});
  const ValueId middle = e.add("Slice", {e.in(0), cut, end, which});
  e.give(0, e.add("Pad", {middle, pads, graph::none, which}));
  return {};
}

// Coordinate j of a place is the sum of its row of theta times the place's coordinates.
Status affine_grid_by_data(Expansion& e) {
  if (!e.ranked(1) || !e.shape(1)[0].is_const()) return unsupported("a size of unknown rank");
  const int64_t rank = e.shape(1)[0].value() - 2;
  if (rank < 2 || rank > 3) return unsupported("a grid that is not of 2 or 3 axes");
  const bool align = e.attributes().i("align_corners", 0) != 0;
  const ValueId size = cast(e, e.in(1), as_i64), one = e.number(1), two = e.number(2);
  auto shaped = [&](ValueId v, int64_t axis) {  // along `axis` of [N, spatial...]
    std::vector<int64_t> others;
    for (int64_t d = 0; d <= rank; ++d) {
      if (d != axis) others.push_back(d);
    }
    return e.add("Unsqueeze", {v, e.ints(others)});
  };
  std::vector<ValueId> places;  // x first
  for (int64_t axis = rank; axis >= 1; --axis) {
    const ValueId own = element(e, size, axis + 1);
    const ValueId at = e.add("Mul", {two, counted(e, own, e.type())});
    const ValueId whole = cast(e, own, e.type());
    ValueId place = graph::none;
    if (align) {
      place = e.add("Div", {at, e.add("Max", {e.add("Sub", {whole, one}), one})});
    } else {
      place = e.add("Div", {e.add("Add", {at, one}), whole});
    }
    places.push_back(shaped(e.add("Sub", {place, one}), axis));
  }
  std::vector<ValueId> coordinates;
  for (int64_t j = 0; j < rank; ++j) {
    const ValueId row =
        e.add("Gather", {e.in(0), e.constant(Tensor::scalar(j))}, {{"axis", int64_t{1}}});
    auto factor = [&](int64_t k) {
      return shaped(e.add("Gather", {row, e.constant(Tensor::scalar(k))}, {{"axis", int64_t{1}}}),
                    0);
    };
    ValueId sum = factor(rank);
    for (int64_t k = 0; k < rank; ++k) {
      sum = e.add("Add", {sum, e.add("Mul", {factor(k), places[static_cast<size_t>(k)]})});
    }
    coordinates.push_back(e.add("Unsqueeze", {sum, e.ints({-1})}));
  }
  e.give(0, e.add("Concat", coordinates, {{"axis", int64_t{-1}}}));
  return {};
}

// a - b cos(2 pi n / N) + c cos(4 pi n / N)
static Status expand_window(Expansion& e, double a, double b, double c) {
  const int64_t type = e.attributes().i("output_datatype", 1);
  if (type != 1 && type != 11) return unsupported("a window that is neither f32 nor f64");
  if (!e.ranked(0)) return unsupported("a size of unknown rank");
  const auto t = static_cast<DType>(type);
  const bool periodic = e.attributes().i("periodic", 1) != 0;
  const ValueId size = e.reshape(cast(e, e.in(0), as_i64), {});
  ValueId period = cast(e, size, t);
  if (!periodic) period = e.add("Sub", {period, e.number(1, t)});
  period = e.add("Max", {period, e.number(1, t)});
  const ValueId turn = e.add("Mul", {counted(e, size, t), e.number(2 * std::numbers::pi, t)});
  const ValueId angle = e.add("Div", {turn, period});
  auto wave = [&](ValueId v, double by) {
    return e.add("Mul", {e.add("Cos", {v}), e.number(by, t)});
  };
  ValueId y = e.add("Sub", {e.number(a, t), wave(angle, b)});
  if (c != 0) y = e.add("Add", {y, wave(e.add("Mul", {angle, e.number(2, t)}), c)});
  e.give(0, y);
  return {};
}
Status expand_hann(Expansion& e) { return expand_window(e, 0.5, 0.5, 0); }
Status expand_hamming(Expansion& e) { return expand_window(e, 25.0 / 46, 21.0 / 46, 0); }
Status expand_blackman(Expansion& e) { return expand_window(e, 0.42, 0.5, 0.08); }

// x, scale, bias, mean, variance where one of them is computed, or the batch's own are taken.
Status expand_batch_normalization(Expansion& e) {
  const bool trains = e.attributes().i("training_mode", 0) != 0;
  bool fixed = !trains;
  for (size_t i = 1; i < 5; ++i) fixed = fixed && e.graph().constant(e.in(i)) != nullptr;
  if (fixed) return unsupported("it has a kernel");
  if (!e.ranked(0) || e.rank(0) < 2) return unsupported("the rank of X is not known");
  if (e.node().version < 14 && (e.wants(1) || e.wants(2))) {
    return unsupported("statistics of a batch before opset 14");
  }
  const DType t = e.fact(3).dtype;  // of the statistics; at least as wide as X
  std::vector<int64_t> others, behind;
  for (int64_t d = 0; d < e.rank(0); ++d) {
    if (d != 1) others.push_back(d);
    if (d > 1) behind.push_back(d - 1);
  }
  auto by_channel = [&](ValueId v, DType own) {
    if (own != t) v = cast(e, v, t);
    return behind.empty() ? v : e.add("Unsqueeze", {v, e.ints(behind)});
  };
  const ValueId x = e.type() == t ? e.in(0) : cast(e, e.in(0), t);
  ValueId mean = by_channel(e.in(3), t), variance = by_channel(e.in(4), e.fact(4).dtype);
  if (trains) {
    const ValueId axes = e.ints(others);
    const ValueId own_mean = e.add("ReduceMean", {x, axes});
    const ValueId off = e.add("Sub", {x, own_mean});
    const ValueId own_variance = e.add("ReduceMean", {e.add("Mul", {off, off}), axes});
    const double keep = static_cast<double>(e.attributes().f("momentum", 0.9f));
    auto running = [&](size_t input, ValueId own) {
      const ValueId flat = e.reshape(own, {-1});
      const ValueId before = e.fact(input).dtype == t ? e.in(input) : cast(e, e.in(input), t);
      ValueId y = e.add("Add", {e.add("Mul", {before, e.number(keep, t)}),
                                e.add("Mul", {flat, e.number(1 - keep, t)})});
      return e.fact(input).dtype == t ? y : cast(e, y, e.fact(input).dtype);
    };
    if (e.wants(1)) e.give(1, running(3, own_mean));
    if (e.wants(2)) e.give(2, running(4, own_variance));
    mean = e.add("Squeeze", {own_mean, e.ints({0})});
    variance = e.add("Squeeze", {own_variance, e.ints({0})});
  }
  const ValueId epsilon = e.number(static_cast<double>(e.attributes().f("epsilon", 1e-5f)), t);
  const ValueId width = e.add("Sqrt", {e.add("Add", {variance, epsilon})});
  ValueId y = e.add("Div", {e.add("Sub", {x, mean}), width});
  y = e.add("Mul", {y, by_channel(e.in(1), e.fact(1).dtype)});
  y = e.add("Add", {y, by_channel(e.in(2), e.fact(2).dtype)});
  e.give(0, e.type() == t ? y : cast(e, y, e.type()));
  return {};
}

namespace {

bool is_fixed(const Expansion& e, std::initializer_list<size_t> inputs) {
  return std::all_of(inputs.begin(), inputs.end(),
                     [&](size_t i) { return e.graph().constant(e.in(i)) != nullptr; });
}

bool is_one(const Expansion& e, size_t i) {
  return e.ranked(i) && graph::product(e.shape(i), 0, e.shape(i).size()) == Dim(1);
}

// x, scale, zero, w, scale, zero, y's scale, zero: the sums by the multiplier, as one f32, rounded.
void requantise(Expansion& e, ValueId sums, ValueId w_scale) {
  const DType t = DType::f32;
  auto scalar = [&](size_t i) { return cast(e, e.reshape(e.in(i), {}), t); };
  const ValueId by = e.add("Div", {e.add("Mul", {scalar(1), cast(e, w_scale, t)}), scalar(6)});
  const ValueId y = e.add("Mul", {cast(e, sums, t), by});
  e.give(0, e.add("QuantizeLinear", {y, e.number(1, t), e.reshape(e.in(7), {})}));
}

}  // namespace

Status expand_qlinear_matmul(Expansion& e) {
  const bool fixed = is_fixed(e, {1, 2, 4, 5, 6, 7});
  if (fixed) return unsupported("it has a kernel");
  for (size_t i : {1, 2, 4, 5, 6, 7}) {
    if (!is_one(e, i)) return unsupported("computed scales or zero points that are vectors");
  }
  const ValueId sums =
      e.add("MatMulInteger", {e.in(0), e.in(3), e.reshape(e.in(2), {}), e.reshape(e.in(5), {})});
  requantise(e, sums, e.reshape(e.in(4), {}));
  return {};
}

Status expand_qlinear_conv(Expansion& e) {
  if (is_fixed(e, {1, 2, 3, 4, 5, 6, 7}) && (!e.has(8) || e.graph().constant(e.in(8)) != nullptr)) {
    return unsupported("it has a kernel");
  }
  for (size_t i : {1, 2, 6, 7}) {
    if (!is_one(e, i)) return unsupported("a computed scale or zero point that is a vector");
  }
  if (!e.ranked(0)) return unsupported("the rank of x is not known");
  Node conv;
  conv.op = "ConvInteger";
  conv.version = 10;
  conv.inputs = {e.in(0), e.in(3), e.reshape(e.in(2), {}), e.reshape(e.in(5), {-1})};
  conv.attributes = e.attributes();
  ValueId sums = e.add(std::move(conv));
  std::vector<int64_t> by_channel(static_cast<size_t>(e.rank(0) - 1), 1);
  by_channel[0] = -1;
  if (e.has(8)) sums = e.add("Add", {sums, e.reshape(e.in(8), by_channel)});
  requantise(e, sums, e.reshape(e.in(4), by_channel));
  return {};
}

// Computed weights of several groups: each group by itself.
Status expand_conv_transpose(Expansion& e) {
  const int64_t groups = e.attributes().i("group", 1);
  if (groups == 1 || e.graph().constant(e.in(1)) != nullptr) {
    return unsupported("it has a kernel");
  }
  if (!e.ranked(0) || !e.ranked(1)) return unsupported("operands of unknown rank");
  const auto rows = e.shape(1)[0].const_value(), columns = e.shape(1)[1].const_value();
  if (!rows || !columns || groups < 1 || groups > 1024 || *rows % groups != 0) {
    return unsupported("a number of channels that is not fixed");
  }
  const int64_t in = *rows / groups;
  std::vector<ValueId> parts;
  for (int64_t g = 0; g < groups; ++g) {
    Node one;
    one.op = "ConvTranspose";
    one.version = e.node().version;
    one.inputs = {e.slice(e.in(0), 1, g * in, (g + 1) * in),
                  e.slice(e.in(1), 0, g * in, (g + 1) * in)};
    if (e.has(2)) one.inputs.push_back(e.slice(e.in(2), 0, g * *columns, (g + 1) * *columns));
    one.attributes = e.attributes();
    one.attributes.set("group", int64_t{1});
    parts.push_back(e.add(std::move(one)));
  }
  e.give(0, e.add("Concat", parts, {{"axis", int64_t{1}}}));
  return {};
}

}  // namespace hone::passes
