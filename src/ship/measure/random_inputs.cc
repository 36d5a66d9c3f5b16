#include "ship/measure/random_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>

namespace hone::ship {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t word() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(word() >> 11) * 0x1p-53; }
  double normal() {  // Box and Muller
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  uint64_t state_;
};

// What of the element's index is its row, its column and the rest.
struct Plane {
  int64_t height = 1, width = 1, inner = 1;  // inner: elements of one place (channels last)
};

bool is_colour(int64_t channels) { return channels == 1 || channels == 3 || channels == 4; }

Plane plane_of(const Dims& dims) {
  const size_t rank = dims.size();
  if (rank == 4 && is_colour(dims[1])) return {dims[2], dims[3], 1};
  if (rank == 4 && is_colour(dims[3])) return {dims[1], dims[2], dims[3]};
  if (rank >= 1 && dims.back() >= 256) return {1, dims.back(), 1};  // sound
  return {};
}

struct Wave {
  double height, width, phase, size;
};

void fill_floats(Tensor* t, const Plane& plane, Random random) {
  const double level = 0.5 * random.normal();
  std::array<Wave, 4> waves{};
  for (Wave& w : waves) {
    w.height = (random.uniform() - 0.5) * 8 * std::numbers::pi;
    w.width = (random.uniform() - 0.5) * 8 * std::numbers::pi;
    w.phase = random.uniform() * 2 * std::numbers::pi;
    w.size = random.normal();
  }
  const bool smooth = plane.height * plane.width > 1;
  const double noise = smooth ? 0.3 : 1;
  for (int64_t i = 0, n = t->count(); i < n; ++i) {
    double v = level + noise * random.normal();
    if (smooth) {
      const int64_t place = i / plane.inner;
      const double x = static_cast<double>(place % plane.width) / static_cast<double>(plane.width);
      const double y = static_cast<double>(place / plane.width % plane.height) /
                       static_cast<double>(plane.height);
      const auto channel = static_cast<double>(
          plane.inner > 1 ? i % plane.inner : place / (plane.width * plane.height));
      for (const Wave& w : waves) {
        v += 0.5 * w.size * std::sin(w.height * y + w.width * x + w.phase * (1 + channel));
      }
    }
    t->set(i, v);
  }
}

bool is_mask(const std::string& name) { return name.find("mask") != std::string::npos; }

void fill_mask(Tensor* t, Random random) {
  const int64_t width = t->dims().empty() ? 1 : t->dims().back();
  if (width == 0) return;
  // At least half of it: a mask of nothing makes averages of nothing.
  const auto kept =
      width - static_cast<int64_t>(random.uniform() * 0.5 * static_cast<double>(width));
  for (int64_t i = 0, n = t->count(); i < n; ++i) t->set(i, i % width < kept ? 1 : 0);
}

bool passes_values_on(const graph::Node& n) {
  static const std::set<std::string, std::less<>> ops = {
      "Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Slice"};
  return n.domain.empty() && ops.contains(n.op);
}

int64_t rows_read_by(const graph::Graph& g, graph::ValueId v, int depth) {
  int64_t rows = 0;
  const auto take = [&](int64_t found) {
    if (found > 0) rows = rows == 0 ? found : std::min(rows, found);
  };
  for (graph::NodeId id : g.users(v)) {
    const graph::Node& n = g.node(id);
    const Tensor* table = n.is("Gather") && n.input(1) == v ? g.constant(n.input(0)) : nullptr;
    if (table != nullptr && table->rank() > 0) {
      const int64_t axis = n.attributes.i("axis", 0);
      const auto rank = static_cast<int64_t>(table->rank());
      if (axis >= -rank && axis < rank) {
        take(table->dims()[static_cast<size_t>(axis < 0 ? axis + rank : axis)]);
      }
    }
    if (depth > 0 && n.input(0) == v && passes_values_on(n) && n.output(0) != graph::none) {
      take(rows_read_by(g, n.output(0), depth - 1));
    }
  }
  return rows;
}

}  // namespace

std::map<std::string, int64_t> table_sizes(const graph::Graph& graph) {
  constexpr int far_enough = 6;
  std::map<std::string, int64_t> sizes;
  for (graph::ValueId v : graph.block().inputs) {
    if (!is_integer(graph.fact(v).dtype)) continue;
    if (const int64_t n = rows_read_by(graph, v, far_enough); n > 0) sizes[graph.value(v).name] = n;
  }
  return sizes;
}

Tensor structured_input(const IoInfo& io, const Dims& dims, uint64_t seed, int64_t rows) {
  Tensor t(io.dtype, dims);
  Random random(seed);
  if (is_mask(io.name)) {
    fill_mask(&t, random);
  } else if (is_float(io.dtype)) {
    fill_floats(&t, plane_of(dims), random);
  } else if (io.dtype == DType::u8 && dims.size() == 4) {  // a picture as a camera gives it
    Tensor floats(DType::f32, dims);
    fill_floats(&floats, plane_of(dims), random);
    for (int64_t i = 0, n = t.count(); i < n; ++i) {
      t.set(i, std::clamp(std::nearbyint(128 + 60 * floats.at(i)), 0.0, 255.0));
    }
  } else {
    const auto below = static_cast<uint64_t>(std::max<int64_t>(rows, 2));
    for (int64_t i = 0, n = t.count(); i < n; ++i) {
      t.set(i, static_cast<double>(random.word() % below));
    }
  }
  return t;
}

RandomInputs::RandomInputs(std::vector<IoInfo> io, const graph::Graph* graph, uint64_t seed)
    : io_(std::move(io)), seed_(seed) {
  if (graph != nullptr) rows_ = table_sizes(*graph);
}

Tensor RandomInputs::one(size_t i, uint64_t k, const Dims& dims) const {
  const auto rows = rows_.find(io_[i].name);
  return structured_input(io_[i], dims, (seed_ + k) * 64 + i + 1,
                          rows == rows_.end() ? 0 : rows->second);
}

std::vector<Tensor> RandomInputs::make(uint64_t k, const std::vector<Dims>& sizes) const {
  std::vector<Tensor> all;
  for (size_t i = 0; i < io_.size(); ++i) all.push_back(one(i, k, sizes[i]));
  return all;
}

std::vector<Tensor> RandomInputs::other(const std::vector<Tensor>& like, uint64_t k) const {
  std::vector<Tensor> all;
  for (size_t i = 0; i < io_.size(); ++i) {
    all.push_back(io_[i].shape_values ? like[i] : one(i, k, like[i].dims()));
  }
  return all;
}

}  // namespace hone::ship
