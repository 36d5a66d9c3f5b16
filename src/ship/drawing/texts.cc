#include "ship/drawing/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "host/model/value_files.h"
#include "ship/report/html.h"

namespace hone::ship::drawing {

using graph::Dim;
using graph::Node;

namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Where character `n` begins, of text that is UTF-8.
size_t character(std::string_view text, size_t n) {
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (starts_character(text[i]) && n-- == 0) break;
  }
  return i;
}

template <class T>
std::string list(const std::vector<T>& all, size_t most, std::string (*print)(const T&)) {
  std::string out;
  for (size_t i = 0; i < all.size() && i < most; ++i) out += (i > 0 ? ", " : "") + print(all[i]);
  return out + (all.size() > most ? ", …" : "");
}

std::string tensor_text(const Tensor& t) {
  if (!t) return "none";
  return fmt::format("{}{} {}", name(t.dtype()), to_string(t.dims()), first_values(t, 16));
}

}  // namespace

std::string shortened(std::string_view text, size_t most) {
  // What is far beyond is not looked at: names may have 65,000 bytes.
  std::string all = report::visible(text);
  const size_t n = static_cast<size_t>(std::count_if(all.begin(), all.end(), starts_character));
  if (n <= most) return all;
  const size_t tail = most / 2, head = most - tail - 1;
  return all.substr(0, character(all, head)) + "…" + all.substr(character(all, n - tail));
}

std::string shape_text(const Dims& dims) {
  std::string out;
  for (const int64_t d : dims) out += (out.empty() ? "" : "×") + std::to_string(d);
  return out.empty() ? "scalar" : out;
}

std::string shape_text(const graph::Fact& fact) {
  if (!fact.has_rank()) return "";
  std::string out;
  for (const Dim& d : *fact.shape) out += (out.empty() ? "" : "×") + shortened(to_string(d), 18);
  return out.empty() ? "scalar" : out;
}

std::string first_values(const Tensor& t, size_t most) {
  if (!t || !t.is_plain()) return "";
  std::string out;
  const int64_t n = std::min(t.count(), static_cast<int64_t>(most));
  for (int64_t i = 0; i < n; ++i) {
    if (i > 0) out += ", ";
    if (t.dtype() == DType::string) {
      out += "\"" + shortened(t.as_strings()[static_cast<size_t>(i)], 24) + "\"";
    } else if (is_integer(t.dtype())) {
      out += std::to_string(t.int_at(i));
    } else {
      out += fmt::format("{:.4g}", t.at(i));
    }
  }
  return out + (t.count() > n ? ", …" : "");
}

std::string attribute_text(const graph::Attr& attribute) {
  struct Print {
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(float v) const { return fmt::format("{:.6g}", v); }
    std::string operator()(const std::string& v) const { return shortened(v, 400); }
    std::string operator()(const Tensor& v) const { return tensor_text(v); }
    std::string operator()(const std::vector<int64_t>& v) const {
      return list<int64_t>(v, 64, [](const int64_t& i) { return std::to_string(i); });
    }
    std::string operator()(const std::vector<float>& v) const {
      return list<float>(v, 64, [](const float& f) { return fmt::format("{:.6g}", f); });
    }
    std::string operator()(const std::vector<std::string>& v) const {
      return list<std::string>(v, 32, [](const std::string& s) { return shortened(s, 60); });
    }
    std::string operator()(const std::vector<Tensor>& v) const {
      return list<Tensor>(v, 4, [](const Tensor& t) { return tensor_text(t); });
    }
    std::string operator()(const model::TypeProto& v) const {
      return model::kind_name(v) + " of " + name(v.dtype);
    }
  };
  return std::visit(Print(), attribute);
}

std::string operand_name(const Node& node, size_t input) {
  using Names = std::vector<const char*>;
  static const std::map<std::string, Names, std::less<>> known = {
      {"Conv", {"X", "W", "B"}},
      {"ConvTranspose", {"X", "W", "B"}},
      {"FusedConv", {"X", "W", "B", "Z"}},
      {"Gemm", {"A", "B", "C"}},
      {"MatMul", {"A", "B"}},
      {"Add", {"A", "B"}},
      {"Sub", {"A", "B"}},
      {"Mul", {"A", "B"}},
      {"Div", {"A", "B"}},
      {"Pow", {"X", "Y"}},
      {"Where", {"condition", "X", "Y"}},
      {"BatchNormalization", {"X", "scale", "B", "mean", "var"}},
      {"LayerNormalization", {"X", "scale", "B"}},
      {"InstanceNormalization", {"X", "scale", "B"}},
      {"GroupNormalization", {"X", "scale", "B"}},
      {"PRelu", {"X", "slope"}},
      {"Clip", {"X", "min", "max"}},
      {"Reshape", {"data", "shape"}},
      {"Expand", {"data", "shape"}},
      {"Tile", {"data", "repeats"}},
      {"Gather", {"data", "indices"}},
      {"Slice", {"data", "starts", "ends", "axes", "steps"}},
      {"Split", {"data", "split"}},
      {"Squeeze", {"data", "axes"}},
      {"Unsqueeze", {"data", "axes"}},
      {"ReduceMean", {"data", "axes"}},
      {"ReduceSum", {"data", "axes"}},
      {"Pad", {"data", "pads", "value", "axes"}},
      {"Resize", {"X", "roi", "scales", "sizes"}},
      {"TopK", {"X", "K"}},
      {"QuantizeLinear", {"x", "scale", "zero"}},
      {"DequantizeLinear", {"x", "scale", "zero"}},
      {"QLinearConv",
       {"x", "x scale", "x zero", "w", "w scale", "w zero", "y scale", "y zero", "B"}},
      {"LSTM", {"X", "W", "R", "B", "lengths", "h", "c", "P"}},
      {"GRU", {"X", "W", "R", "B", "lengths", "h"}},
      {"RNN", {"X", "W", "R", "B", "lengths", "h"}},
      {"Loop", {"trips", "condition"}},
      {"If", {"condition"}},
  };
  const auto names = known.find(node.op);
  if (names == known.end() || input >= names->second.size()) {
    return node.inputs.size() == 1 ? "constant" : "input " + std::to_string(input);
  }
  return names->second[input];
}

const char* family(const Node& node) {
  using Ops = std::set<std::string, std::less<>>;
  const std::string& op = node.op;
  const auto has = [&](const char* part) { return op.find(part) != std::string::npos; };
  static const Ops control = {"If", "Loop", "Scan", "SequenceMap"};
  static const Ops activation = {
      "Relu",      "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid",     "Tanh",     "Clip",
      "Elu",       "Selu",      "Celu",  "Gelu",    "FastGelu",        "Softplus", "Softsign",
      "HardSwish", "Mish",      "Swish", "Erf",     "ThresholdedRelu", "Softmax",  "LogSoftmax",
      "BiasGelu",  "QuickGelu"};
  static const Ops product = {"MatMul", "Gemm", "Einsum",      "LSTM",
                              "GRU",    "RNN",  "FusedMatMul", "FusedGemm"};
  static const Ops shape = {
      "Reshape",      "Transpose",    "Flatten",         "Concat",  "Split",     "Slice",
      "Gather",       "GatherND",     "GatherElements",  "Squeeze", "Unsqueeze", "Expand",
      "Tile",         "Pad",          "Shape",           "Size",    "Resize",    "Upsample",
      "DepthToSpace", "SpaceToDepth", "Identity",        "Cast",    "CastLike",  "ConstantOfShape",
      "Range",        "ScatterND",    "ScatterElements", "Dropout"};
  if (control.contains(op)) return "control";
  if (activation.contains(op)) return "activation";
  if (has("uantizeLinear")) return "quant";
  if (product.contains(op) || has("Conv") || has("MatMul") || has("Attention")) return "product";
  if (has("Pool") || op.starts_with("Reduce") || op.starts_with("Arg")) return "pool";
  if (has("Norm") || op == "LRN") return "norm";
  return shape.contains(op) ? "shape" : "other";
}

double text_width(std::string_view text) {
  double width = 0;
  for (const char c : text) {
    if (!starts_character(c)) continue;
    if ((c & 0x80) != 0) {
      width += 0.95;
    } else if (std::string_view("iljtfr.,:;'|!()[] ").find(c) != std::string_view::npos) {
      width += 0.38;
    } else if (std::string_view("mwMW@%").find(c) != std::string_view::npos) {
      width += 0.95;
    } else {
      width += c >= 'A' && c <= 'Z' ? 0.7 : 0.6;
    }
  }
  return width;
}

}  // namespace hone::ship::drawing
