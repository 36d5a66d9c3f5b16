// merge_branches: the sum of convolutions of one value (RepVGG's branches), one of which may be a
// BatchNormalization, is one convolution: windows are laid over each other, weights and biases
// added. In double, rounded once.

#include <cmath>

#include "host/passes/affine.h"

namespace hone::passes {

namespace {

using Ints = std::vector<int64_t>;

// A branch as a convolution with constant weights.
struct Branch {
  ValueId x;
  Tensor weights;
  std::vector<double> bias;  // of each output channel
  Ints strides, begins;      // of the spatial axes; begins: padding in front
  int64_t groups;
};

bool all_are(const Ints& v, int64_t wanted) {
  for (int64_t i : v) {
    if (i != wanted) return false;
  }
  return true;
}

std::optional<Branch> convolution(const Graph& g, const Node& n) {
  const Tensor* w = n.is("Conv") ? g.constant(n.input(1)) : nullptr;
  if (w == nullptr || w->dtype() != DType::f32 || w->rank() < 3) return std::nullopt;
  const Tensor* b = g.constant(n.input(2));
  if (n.input(2) != graph::none && b == nullptr) return std::nullopt;
  if (n.attributes.s("auto_pad", "NOTSET") != "NOTSET") return std::nullopt;
  if (!all_are(n.attributes.ints("dilations"), 1)) return std::nullopt;
  const auto axes = static_cast<size_t>(w->rank() - 2);
  Ints pads = n.attributes.ints("pads"), strides = n.attributes.ints("strides");
  if (pads.empty()) pads.assign(2 * axes, 0);
  if (strides.empty()) strides.assign(axes, 1);
  pads.resize(axes);
  std::vector<double> bias;
  for (int64_t o = 0; o < w->dims()[0]; ++o) bias.push_back(b != nullptr ? b->at(o) : 0);
  return Branch{n.input(0), *w, bias, strides, pads, n.attributes.i("group", 1)};
}

// A BatchNormalization as the convolution of one pixel, with the groups of the other branch.
std::optional<Branch> normalisation(const Graph& g, const Node& n, const Branch& other) {
  const int64_t channels = other.weights.dims()[0];
  if (!n.is("BatchNormalization") || channels % other.groups != 0) return std::nullopt;
  auto affine = batch_norm_of(g, n, channels);
  const int64_t group = channels / other.groups;
  if (!affine || other.weights.dims()[1] != group) return std::nullopt;  // not as many channels in
  Dims dims(other.weights.dims().size(), 1);
  dims[0] = channels;
  dims[1] = group;
  Branch b{n.input(0), Tensor(DType::f32, dims), affine->shift, {}, {}, other.groups};
  b.strides.assign(dims.size() - 2, 1);
  b.begins.assign(dims.size() - 2, 0);
  for (int64_t i = 0; i < b.weights.count(); ++i) {
    const int64_t o = i / group;
    b.weights.set(i, i % group == o % group ? affine->scale[static_cast<size_t>(o)] : 0);
  }
  return b;
}

// Where `small`'s window lies in `large`'s: both begin at the same pixel less their padding.
std::optional<Ints> place_in(const Branch& large, const Branch& small) {
  Ints place;
  for (size_t i = 0; i < large.begins.size(); ++i) {
    const int64_t at = large.begins[i] - small.begins[i];
    if (at < 0 || at + small.weights.dims()[i + 2] > large.weights.dims()[i + 2]) {
      return std::nullopt;
    }
    place.push_back(at);
  }
  return place;
}

Tensor sum_of(const Tensor& large, const Tensor& small, const Ints& place) {
  Tensor made(DType::f32, large.dims());
  for (int64_t i = 0; i < large.count(); ++i) made.set(i, large.at(i));
  for (int64_t i = 0; i < small.count(); ++i) {
    int64_t rest = i, at = 0, step = 1;
    for (size_t d = small.dims().size(); d-- > 0;) {
      const int64_t index = rest % small.dims()[d] + (d >= 2 ? place[d - 2] : 0);
      rest /= small.dims()[d];
      at += index * step;
      step *= large.dims()[d];
    }
    made.set(at, large.at(at) + small.at(i));
  }
  return made;
}

std::optional<Patch> merged(const Graph& g, NodeId id, ValueId into, const Branch& large,
                            ValueId from, const Branch& small) {
  const bool alike = large.x == small.x && large.groups == small.groups &&
                     large.strides == small.strides &&
                     large.weights.rank() == small.weights.rank() &&
                     large.weights.dims()[0] == small.weights.dims()[0] &&
                     large.weights.dims()[1] == small.weights.dims()[1];
  auto place = alike ? place_in(large, small) : std::nullopt;
  if (!place) return std::nullopt;
  Tensor weights = sum_of(large.weights, small.weights, *place);
  Tensor bias(DType::f32, {static_cast<int64_t>(large.bias.size())});
  for (size_t i = 0; i < large.bias.size(); ++i) {
    bias.set(static_cast<int64_t>(i), large.bias[i] + small.bias[i]);
  }
  if (!all_finite(weights) || !all_finite(bias)) return std::nullopt;
  const NodeId first = g.value(into).producer, second = g.value(from).producer;
  const Node& conv = g.node(first);
  Patch p(g, id);
  Node made = conv;
  made.origin.clear();
  made.inputs.resize(3, graph::none);
  made.inputs[1] = p.constant(std::move(weights), g.value(conv.input(1)).name);
  made.inputs[2] = p.constant(std::move(bias), conv.name + "_bias");
  p.replace(g.node(id).output(0), p.add(std::move(made), {first, second, id}));
  p.set_why(label(conv) + " + " + label(g.node(second)));
  for (NodeId gone : {id, first, second}) p.remove(gone);
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Add") || n.inputs.size() != 2 || n.input(0) == n.input(1)) return std::nullopt;
  if (!same_shape(g, n.input(0), n.input(1)) || !is_f32(g, n.output(0))) return std::nullopt;
  const Node* nodes[2] = {g.producer_of(n.input(0)), g.producer_of(n.input(1))};
  for (size_t i = 0; i < 2; ++i) {
    if (nodes[i] == nullptr || nodes[i]->block != n.block || !g.single_use(n.input(i))) {
      return std::nullopt;
    }
  }
  for (size_t i = 0; i < 2; ++i) {
    auto large = convolution(g, *nodes[i]);
    if (!large) continue;
    auto small = convolution(g, *nodes[1 - i]);
    if (!small) small = normalisation(g, *nodes[1 - i], *large);
    auto p = small ? merged(g, id, n.input(i), *large, n.input(1 - i), *small) : std::nullopt;
    if (p) return p;
  }
  return std::nullopt;
}

}  // namespace

extern const Pass merge_branches;
const Pass merge_branches{"merge_branches", "add up convolutions of one value before they run",
                          Stage::standard,  false,
                          propose,          nullptr};

}  // namespace hone::passes
