#include "host/edit/weights.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace hone::edit {

namespace {

bool is_weight(const Tensor& t) {
  const bool learned = is_float(t.dtype()) || (is_integer(t.dtype()) && bits(t.dtype()) <= 8);
  return learned && t.count() >= least_weights;
}

struct Moments {
  double mean = 0, deviation = 0, least = 0, most = 0;
};

Moments moments(const Tensor& t) {
  Moments m;
  const auto n = static_cast<double>(t.count());
  m.least = m.most = t.at(0);
  double squares = 0;
  for (int64_t i = 0; i < t.count(); ++i) {
    const double v = t.at(i);
    m.mean += v / n;
    squares += v * v / n;
    m.least = std::min(m.least, v), m.most = std::max(m.most, v);
  }
  m.deviation = std::sqrt(std::max(0.0, squares - m.mean * m.mean));
  return m;
}

}  // namespace

int strip_weights(model::Model* model) {
  model::GraphProto& g = model->graph;
  std::vector<model::NodeProto> makers;
  for (auto& i : g.initializers) {
    if (!is_weight(i.tensor)) continue;
    Tensor value(i.tensor.dtype(), {1});
    const double mean = moments(i.tensor).mean;
    value.set(0, is_float(value.dtype()) ? mean : std::nearbyint(mean));
    model::NodeProto n;
    n.op_type = "ConstantOfShape";
    n.name = i.name + "_stripped";
    n.inputs = {i.name + "_shape"};
    n.outputs = {i.name};
    n.attributes = {{"value", value, "", 0}};
    makers.push_back(std::move(n));
    const Dims dims = i.tensor.dims();
    std::erase_if(g.inputs, [&](const auto& v) { return v.name == i.name; });
    i = {i.name + "_shape", Tensor::of<int64_t>({std::ssize(dims)}, dims)};
  }
  const auto n = static_cast<int>(makers.size());
  g.nodes.insert(g.nodes.begin(), std::make_move_iterator(makers.begin()),
                 std::make_move_iterator(makers.end()));
  return n;
}

int randomise_weights(model::Model* model, uint64_t seed) {
  std::mt19937_64 random(seed);
  int n = 0;
  for (auto& i : model->graph.initializers) {
    if (!is_weight(i.tensor)) continue;
    const Moments m = moments(i.tensor);
    Tensor t(i.tensor.dtype(), i.tensor.dims());
    // Box and Muller, as distributions of the standard library differ between libraries.
    const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    for (int64_t k = 0; k < t.count(); ++k) {
      const double a = uniform(), b = uniform();
      const double normal = std::sqrt(-2 * std::log(1 - a)) * std::cos(2 * M_PI * b);
      t.set(k, is_float(t.dtype()) ? m.mean + m.deviation * normal
                                   : std::floor(m.least + a * (m.most - m.least + 1)));
    }
    i.tensor = std::move(t);
    ++n;
  }
  return n;
}

}  // namespace hone::edit
