// Sources: the version notes of onnx/docs/Changelog.md.
#include "host/import/raise_opset_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace hone::raise_detail {

namespace {

using graph::Node;
using graph::ValueId;

bool is_used(const Raise& r, size_t output) {
  const ValueId v = r.old.output(output);
  return v != graph::none && (!r.g.users(v).empty() || r.g.is_block_output(v));
}

void set_input(Node& n, size_t at, ValueId v) {
  if (n.inputs.size() <= at) n.inputs.resize(at + 1, graph::none);
  n.inputs[at] = v;
}

// A list of integers that was an attribute and is an input now.
void move_ints(Raise& r, const char* attribute, size_t input) {
  if (!r.old.attributes.has(attribute)) return;
  const std::vector<int64_t> values = r.old.attributes.ints(attribute);
  r.made.attributes.erase(attribute);
  if (values.empty()) return;
  const auto n = static_cast<int64_t>(values.size());
  set_input(r.made, input,
            r.patch.constant(Tensor::of<int64_t>({n}, values), r.old.name + "_" + attribute));
}

// A number that was an attribute and is an input of X's type now.
void move_number(Raise& r, const char* attribute, size_t input) {
  if (!r.old.attributes.has(attribute)) return;
  Tensor t(r.g.fact(r.old.input(0)).dtype, {});
  t.set(0, static_cast<double>(r.old.attributes.f(attribute, 0)));
  r.made.attributes.erase(attribute);
  set_input(r.made, input, r.patch.constant(std::move(t), r.old.name + "_" + attribute));
}

// Newer versions only take more types, or attributes and inputs whose defaults mean what it did.
Status same(Raise&) { return {}; }

Status clip(Raise& r) {
  move_number(r, "min", 1);
  move_number(r, "max", 2);
  return {};
}

Status pad(Raise& r) {
  move_ints(r, "pads", 1);
  move_number(r, "value", 2);
  return {};
}

Status slice(Raise& r) {
  for (const auto& [attribute, input] : {std::pair("starts", 1), {"ends", 2}, {"axes", 3}}) {
    move_ints(r, attribute, static_cast<size_t>(input));
  }
  return {};
}

Status axes(Raise& r) {
  move_ints(r, "axes", 1);
  return {};
}

Status split(Raise& r) {
  move_ints(r, "split", 1);
  if (r.opset >= 18 && r.made.input(1) == graph::none) {
    r.made.attributes.set("num_outputs", static_cast<int64_t>(r.old.outputs.size()));
  }
  return {};
}

Status topk(Raise& r) {
  if (!r.old.attributes.has("k")) return {};
  const int64_t k = r.old.attributes.i("k", 1);
  r.made.attributes.erase("k");
  set_input(r.made, 1, r.patch.constant(Tensor::of<int64_t>({1}, {k}), r.old.name + "_k"));
  return {};
}

Status scatter(Raise& r) {
  r.made.op = "ScatterElements";
  return {};
}

Status batch_norm(Raise& r) {
  if (r.old.attributes.i("spatial", 1) != 1) return error(Code::unsupported, "spatial is 0");
  for (size_t i = 1; i < r.old.outputs.size(); ++i) {
    if (is_used(r, i)) return error(Code::unsupported, "it is in training mode");
  }
  r.made.attributes.erase("spatial");
  r.patch.replace(r.old.output(0), r.patch.add(r.made, {r.g.value(r.old.output(0)).producer}));
  r.done = true;
  return {};
}

Status dropout(Raise& r) {
  if (is_used(r, 1)) return error(Code::unsupported, "its mask is read");
  r.made.attributes.erase("ratio");
  r.patch.replace(r.old.output(0), r.patch.add(r.made, {r.g.value(r.old.output(0)).producer}));
  r.done = true;
  return {};
}

// Before 11: x_in = x_out / scale, and the element below it.
Status resize(Raise& r) {
  // ONNX Runtime and the checker take an absent input for what an empty one used to say.
  for (size_t i = 1; i < r.made.inputs.size(); ++i) {
    const Tensor* t = r.g.constant(r.made.inputs[i]);
    if (t != nullptr && t->count() == 0) r.made.inputs[i] = graph::none;
  }
  if (r.old.op == "Resize" && r.old.version >= 11) return {};
  ValueId scales = r.old.input(1);
  if (r.old.attributes.has("scales")) {
    const std::vector<float> values = r.old.attributes.floats("scales");
    const auto n = static_cast<int64_t>(values.size());
    scales = r.patch.constant(Tensor::of<float>({n}, values), r.old.name + "_scales");
    r.made.attributes.erase("scales");
  }
  r.made.op = "Resize";
  r.made.inputs = {r.old.input(0), graph::none, scales};
  if (r.old.attributes.s("mode", "nearest") == "bilinear") {
    r.made.attributes.set("mode", std::string("linear"));
  }
  r.made.attributes.set("coordinate_transformation_mode", std::string("asymmetric"));
  r.made.attributes.set("nearest_mode", std::string("floor"));
  return {};
}

Status roi_align(Raise& r) {
  if (!r.old.attributes.has("coordinate_transformation_mode")) {
    r.made.attributes.set("coordinate_transformation_mode", std::string("output_half_pixel"));
  }
  return {};
}

Status dft(Raise& r) {
  const int64_t axis = r.old.attributes.i("axis", 1);
  r.made.attributes.erase("axis");
  set_input(r.made, 2, r.patch.constant(Tensor::scalar<int64_t>(axis), r.old.name + "_axis"));
  return {};
}

// Before 13 the input is a matrix: all axes from `axis` on are one.
Status softmax(Raise& r) {
  const ValueId x = r.old.input(0);
  const graph::Fact& fact = r.g.fact(x);
  if (!fact.has_rank()) return error(Code::unsupported, "the rank of its input is not known");
  int64_t axis = r.old.attributes.i("axis", 1);
  if (axis < 0) axis += fact.rank();
  if (axis < 0 || axis > fact.rank()) return error(Code::unsupported, "its axis is out of range");
  const auto after = fact.shape->begin() + std::min<std::ptrdiff_t>(axis + 1, fact.rank());
  const bool alone = std::all_of(after, fact.shape->end(), [](const auto& d) { return d == 1; });
  if (axis < fact.rank() && alone) {
    r.made.attributes.set("axis", axis);
    return {};
  }
  const std::vector<graph::NodeId> origin = {r.g.value(r.old.output(0)).producer};
  const auto add = [&](const char* op, std::vector<ValueId> inputs) {
    Node n;
    n.op = op;
    n.name = r.old.name + "_" + op;
    n.version = r.opset;
    n.inputs = std::move(inputs);
    return n;
  };
  Node flatten = add("Flatten", {x});
  flatten.attributes.set("axis", axis);
  r.made.inputs[0] = r.patch.add(std::move(flatten), origin);
  r.made.attributes.set("axis", int64_t{1});
  r.made.name += "_rows";
  const ValueId rows = r.patch.add(r.made, origin);
  const ValueId shape = r.patch.add(add("Shape", {x}), origin);
  Node back = add("Reshape", {rows, shape});
  back.name = r.old.name;
  r.patch.replace(r.old.output(0), r.patch.add(std::move(back), origin));
  r.done = true;
  return {};
}

constexpr Rule rules[] = {
    {"ArgMax", same},
    {"ArgMin", same},
    {"AveragePool", same},
    {"BatchNormalization", batch_norm},
    {"Cast", same},
    {"CastLike", same},
    {"Clip", clip},
    {"Constant", same},
    {"DFT", dft},
    {"DepthToSpace", same},
    {"DequantizeLinear", same},
    {"Dropout", dropout},
    {"GRU", same},
    {"GatherND", same},
    {"Gemm", same},
    {"Hardmax", softmax},
    {"LSTM", same},
    {"LayerNormalization", same},
    {"LogSoftmax", softmax},
    {"LpPool", same},
    {"MaxPool", same},
    {"Pad", pad},
    {"QuantizeLinear", same},
    {"RNN", same},
    {"ReduceL1", axes},
    {"ReduceL2", axes},
    {"ReduceLogSum", axes},
    {"ReduceLogSumExp", axes},
    {"ReduceMax", axes},
    {"ReduceMean", axes},
    {"ReduceMin", axes},
    {"ReduceProd", axes},
    {"ReduceSum", axes},
    {"ReduceSumSquare", axes},
    {"Reshape", same},
    {"Resize", resize},
    {"RoiAlign", roi_align},
    {"Scatter", scatter, 11},
    {"ScatterElements", same},
    {"ScatterND", same},
    {"Shape", same},
    {"Slice", slice},
    {"Softmax", softmax},
    {"Split", split},
    {"Squeeze", axes},
    {"TopK", topk},
    {"Unsqueeze", axes},
    {"Upsample", resize, 10},
};

}  // namespace

const Rule* find_rule(std::string_view op) {
  const auto* found =
      std::find_if(std::begin(rules), std::end(rules), [&](const Rule& r) { return op == r.op; });
  return found == std::end(rules) ? nullptr : found;
}

}  // namespace hone::raise_detail
