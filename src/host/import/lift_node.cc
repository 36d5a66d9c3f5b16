// Sources: the version notes of onnx/docs/Changelog.md for opsets 1 to 7.
#include "host/import/lift_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace hone::import_detail {

namespace {

using graph::none;
using graph::ValueId;

template <class T>
const T* find(const OldNode& o, const char* key) {
  auto it = o.attributes.find(key);
  return it == o.attributes.end() ? nullptr : std::get_if<T>(&it->second);
}

int64_t integer(const OldNode& o, const char* key, int64_t otherwise) {
  const auto* v = find<int64_t>(o, key);
  return v == nullptr ? otherwise : *v;
}

ValueId input(const OldNode& o, size_t i) { return o.made.input(i); }

ValueId constant_ints(const OldNode& o, const char* what, const std::vector<int64_t>& values) {
  return o.g.add_constant(o.g.fresh_name(o.made.name + "_" + what),
                          Tensor::of<int64_t>({std::ssize(values)}, values));
}

// The input with dimensions of 1 at these axes of the result.
Status unsqueeze(OldNode& o, size_t at, const std::vector<int64_t>& axes) {
  if (axes.empty()) return {};
  graph::Node n;
  n.op = "Unsqueeze";
  n.name = fmt::format("{}_unsqueeze_{}", o.made.name, at);
  n.version = ops::min_opset;
  n.block = o.made.block;
  n.inputs = {input(o, at)};
  n.attributes.set("axes", axes);
  const graph::NodeId id = o.g.add_node(n, {o.g.fresh_name(n.name)});
  o.made.inputs[at] = o.g.node(id).outputs[0];
  return ops::infer_node(o.g, id);
}

std::vector<int64_t> range(int64_t from, int64_t to) {
  std::vector<int64_t> out(static_cast<size_t>(std::max<int64_t>(0, to - from)));
  std::iota(out.begin(), out.end(), from);
  return out;
}

Result<int64_t> rank_of(const OldNode& o, size_t at) {
  const graph::Fact* fact = input(o, at) == none ? nullptr : &o.g.fact(input(o, at));
  if (fact != nullptr && fact->has_rank()) return static_cast<int64_t>(fact->rank());
  return error(Code::unsupported, fmt::format("the rank of input {} is not known", at));
}

// `axis` is the place in A's shape where B's begins; without it the shapes end together.
Status broadcast(OldNode& o) {
  const auto* axis = find<int64_t>(o, "axis");
  if (axis != nullptr && integer(o, "broadcast", 0) != 0) {
    HONE_ASSIGN(const int64_t a, rank_of(o, 0));
    HONE_ASSIGN(const int64_t b, rank_of(o, 1));
    const int64_t first = *axis < 0 ? *axis + a : *axis;
    if (first < 0 || first + b > a) {
      return corrupt(fmt::format("axis {} with inputs of ranks {} and {}", *axis, a, b));
    }
    HONE_RETURN_IF_ERROR(unsqueeze(o, 1, range(b, a - first)));
  }
  o.attributes.erase("axis");
  o.attributes.erase("broadcast");
  return {};
}

Status gemm(OldNode& o) {
  o.attributes.erase("broadcast");
  return {};
}

// A slope per channel had one dimension, whatever the rank of X.
Status prelu(OldNode& o) {
  HONE_ASSIGN(const int64_t slope, rank_of(o, 1));
  if (slope != 1 || o.g.fact(input(o, 1)).shape->front() == 1) return {};
  HONE_ASSIGN(const int64_t x, rank_of(o, 0));
  return unsqueeze(o, 1, range(1, x - 1));
}

// `is_test` is 0 unless it is given: statistics of the batch, elements dropped at random.
Status inference_only(OldNode& o) {
  if (integer(o, "is_test", 0) != 0) return {};
  return unsupported("it is in training mode (is_test is 0); export the model for inference");
}

Status cast(OldNode& o) {
  static constexpr const char* names[] = {
      "UNDEFINED", "FLOAT", "UINT8",   "INT8",   "UINT16", "INT16",  "INT32",     "INT64",
      "STRING",    "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128"};
  const auto* to = find<std::string>(o, "to");
  if (to == nullptr) return {};
  std::string upper = *to;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const auto* found = std::find(std::begin(names), std::end(names), upper);
  if (found == std::end(names)) return corrupt(fmt::format("cast to '{}'", *to));
  o.attributes["to"] = static_cast<int64_t>(found - std::begin(names));
  return {};
}

Status concat(OldNode& o) {
  if (o.made.version < 4) o.attributes.try_emplace("axis", int64_t{1});
  return {};
}

Status norm_order(OldNode& o) {
  const auto* p = find<float>(o, "p");
  if (p == nullptr) return {};
  if (std::nearbyint(*p) != *p || std::abs(*p) > 1e6F) {
    return unsupported(fmt::format("a norm of order {}", *p));
  }
  o.attributes["p"] = static_cast<int64_t>(*p);
  return {};
}

Status pad(OldNode& o) {
  if (auto old = o.attributes.extract("paddings")) {
    old.key() = "pads";
    o.attributes.insert(std::move(old));
  }
  return {};
}

Status reshape(OldNode& o) {
  if (o.made.version >= 5) return {};
  const auto* shape = find<std::vector<int64_t>>(o, "shape");
  if (shape == nullptr) return corrupt("attribute 'shape' is missing");
  o.made.inputs.resize(1);
  o.made.inputs.push_back(constant_ints(o, "shape", *shape));
  o.attributes.erase("shape");
  return {};
}

Status selu(OldNode& o) {
  if (o.made.version >= 6) return {};
  o.attributes.try_emplace("alpha", 1.6732F);
  o.attributes.try_emplace("gamma", 1.0507F);
  return {};
}

Result<std::vector<int64_t>> constant_input(const OldNode& o, size_t at) {
  const Tensor* t = o.g.constant(input(o, at));
  if (t == nullptr) {
    return error(Code::unsupported, fmt::format("input {} is not a constant", at));
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < t->count(); ++i) values.push_back(static_cast<int64_t>(t->at(i)));
  return values;
}

// Sizes could be an input too.
Status split(OldNode& o) {
  if (input(o, 1) == none) return {};
  HONE_ASSIGN(o.attributes["split"], constant_input(o, 1));
  o.made.inputs.resize(1);
  return {};
}

// One axis was repeated at a time.
Status tile(OldNode& o) {
  if (o.made.version >= 6) return {};
  HONE_ASSIGN(const std::vector<int64_t> tiles, constant_input(o, 1));
  HONE_ASSIGN(const std::vector<int64_t> axis, constant_input(o, 2));
  HONE_ASSIGN(const int64_t rank, rank_of(o, 0));
  if (tiles.size() != 1 || axis.size() != 1 || axis[0] < 0 || axis[0] >= rank) {
    return corrupt("tiles and axis must be one number each, axis within the rank");
  }
  std::vector<int64_t> repeats(static_cast<size_t>(rank), 1);
  repeats[static_cast<size_t>(axis[0])] = tiles[0];
  o.made.inputs.resize(1);
  o.made.inputs.push_back(constant_ints(o, "repeats", repeats));
  return {};
}

Status upsample(OldNode& o) {
  const auto* height = find<float>(o, "height_scale");
  const auto* width = find<float>(o, "width_scale");
  if (height == nullptr || width == nullptr) return {};
  o.attributes["scales"] = std::vector<float>{1, 1, *height, *width};
  o.attributes.erase("height_scale");
  o.attributes.erase("width_scale");
  return {};
}

Status recurrent(OldNode& o) {
  o.attributes.erase("output_sequence");
  return {};
}

struct Rule {
  const char* op;
  Status (*lift)(OldNode&);
};

constexpr Rule rules[] = {
    {"Add", broadcast},
    {"And", broadcast},
    {"BatchNormalization", inference_only},
    {"Cast", cast},
    {"Concat", concat},
    {"Div", broadcast},
    {"Dropout", inference_only},
    {"Equal", broadcast},
    {"GRU", recurrent},
    {"Gemm", gemm},
    {"GlobalLpPool", norm_order},
    {"Greater", broadcast},
    {"LSTM", recurrent},
    {"Less", broadcast},
    {"LpPool", norm_order},
    {"Mul", broadcast},
    {"Or", broadcast},
    {"PRelu", prelu},
    {"Pad", pad},
    {"Pow", broadcast},
    {"RNN", recurrent},
    {"Reshape", reshape},
    {"Selu", selu},
    {"Split", split},
    {"Sub", broadcast},
    {"Tile", tile},
    {"Upsample", upsample},
    {"Xor", broadcast},
};

}  // namespace

Status lift_node(OldNode old) {
  const auto* rule = std::find_if(std::begin(rules), std::end(rules),
                                  [&](const Rule& r) { return old.made.op == r.op; });
  if (rule != std::end(rules)) HONE_RETURN_IF_ERROR(rule->lift(old));
  old.made.version = ops::min_opset;
  return {};
}

}  // namespace hone::import_detail
