// On the exported form: types are told anew by import, so nothing here has to keep facts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/import/import.h"
#include "host/quant/formats.h"

namespace hone::quant {

namespace {

using model::GraphProto;
using model::NodeProto;

// Sums of many numbers and powers, which leave the range or the precision of 11 bits; operators
// whose f32 outputs come from no f32 input; those that ONNX or runtimes have in f32 only.
constexpr std::string_view single_only[] = {"Cast",
                                            "ConstantOfShape",
                                            "CumSum",
                                            "DequantizeLinear",
                                            "Exp",
                                            "EyeLike",
                                            "GRU",
                                            "InstanceNormalization",
                                            "LSTM",
                                            "LayerNormalization",
                                            "Log",
                                            "LogSoftmax",
                                            "LpNormalization",
                                            "MeanVarianceNormalization",
                                            "NonMaxSuppression",
                                            "Pow",
                                            "QuantizeLinear",
                                            "RNN",
                                            "RandomNormal",
                                            "RandomNormalLike",
                                            "RandomUniform",
                                            "RandomUniformLike",
                                            "Range",
                                            "ReduceL1",
                                            "ReduceL2",
                                            "ReduceLogSumExp",
                                            "ReduceMean",
                                            "ReduceProd",
                                            "ReduceSum",
                                            "ReduceSumSquare",
                                            "Resize",
                                            "RoiAlign",
                                            "Softmax",
                                            "Upsample"};

bool has_blocks(const NodeProto& n) {
  return std::any_of(n.attributes.begin(), n.attributes.end(), [](const model::Attribute& a) {
    return std::holds_alternative<std::shared_ptr<GraphProto>>(a.value);
  });
}

void collect_reads(const GraphProto& g, std::set<std::string>* names) {
  for (const NodeProto& n : g.nodes) {
    names->insert(n.inputs.begin(), n.inputs.end());
    for (const model::Attribute& a : n.attributes) {
      if (auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) {
        collect_reads(**sub, names);
      }
    }
  }
  for (const auto& o : g.outputs) names->insert(o.name);
}

// What half precision can hold: nothing finite beyond its range, no single number that becomes 0
// (an epsilon).
bool fits_half(const Tensor& t) {
  constexpr float largest = 65504, least = 0x1p-24f;
  for (const float x : t.as<float>()) {
    if (std::isfinite(x) && std::abs(x) > largest) return false;
    if (t.count() == 1 && x != 0 && std::abs(x) < least) return false;
  }
  return true;
}

Tensor to_half(const Tensor& t) {
  Tensor out(DType::f16, t.dims());
  for (int64_t i = 0; i < t.count(); ++i) out.set(i, t.at(i));
  return out;
}

class Halver {
 public:
  Halver(model::Model& m, const Scheme& scheme) : g_(m.graph), scheme_(scheme) {}

  std::vector<Reduced::Row> run() {
    collect_types();
    for (const NodeProto& n : g_.nodes) decide(n);
    std::vector<NodeProto> nodes = std::move(g_.nodes);
    g_.nodes.clear();
    for (NodeProto& n : nodes) rewrite(std::move(n));
    std::vector<model::Initializer> kept;
    for (model::Initializer& i : g_.initializers) {
      if (single_readers_.contains(i.name) || !is_f32(i.name)) kept.push_back(i);
      if (half_readers_.contains(i.name)) kept.push_back({half_name(i.name), to_half(i.tensor)});
    }
    g_.initializers = std::move(kept);
    g_.value_infos.clear();
    return std::move(rows_);
  }

 private:
  void collect_types() {
    const auto add = [&](const std::vector<model::ValueInfo>& infos) {
      for (const auto& v : infos) {
        if (v.type.kind == model::TypeProto::Kind::tensor) types_[v.name] = v.type.dtype;
      }
    };
    add(g_.inputs), add(g_.value_infos), add(g_.outputs);
    for (const auto& i : g_.initializers) {
      types_[i.name] = i.tensor.dtype();
      if (i.tensor.dtype() == DType::f32 && !fits_half(i.tensor)) too_large_.insert(i.name);
      constants_.insert(i.name);
    }
    for (const auto& o : g_.outputs) outputs_.insert(o.name);
    for (const NodeProto& n : g_.nodes) {
      for (const model::Attribute& a : n.attributes) {
        if (auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) {
          collect_reads(**sub, &captured_);
        }
      }
    }
  }

  bool is_f32(const std::string& name) const {
    auto it = types_.find(name);
    return it != types_.end() && it->second == DType::f32;
  }
  bool is_half(const std::string& name) const { return halves_.contains(name); }
  std::string half_name(const std::string& name) const {
    return single_readers_.contains(name) ? name + "_f16" : name;
  }

  std::string why_single(const NodeProto& n) const {
    graph::Node as_node;
    as_node.op = n.op_type, as_node.name = n.name;
    if (!is_selected(scheme_, as_node)) return "left out by --include or --exclude";
    if (scheme_.leave_float.contains(n.name)) return "left float for accuracy";
    if (has_blocks(n)) return "it holds subgraphs";
    const bool only = std::find(std::begin(single_only), std::end(single_only), n.op_type) !=
                      std::end(single_only);
    if (only || !n.domain.empty()) return "half precision is not enough or not there for it";
    for (const std::string& i : n.inputs) {
      if (n.op_type == "MatMul" && batch_moved_.contains(i)) {
        return "ONNX Runtime 1.31 crashes on such a product in half precision";
      }
      if (too_large_.contains(i)) return "its constants do not fit half precision";
    }
    for (const std::string& o : n.outputs) {
      if (batch_moved_.contains(o)) return "products fused with it crash ONNX Runtime 1.31";
      if (captured_.contains(o)) return "a subgraph reads it";
      if (!o.empty() && !types_.contains(o)) return "its type is not known";
    }
    return "";
  }

  // A Transpose that moves the first axis: fused into a product of matrices it is a stack read
  // across, which ONNX Runtime has in single precision only and does not check.
  void note_transpose(const NodeProto& n) {
    if (n.op_type != "Transpose") return;
    bool moves = true;
    for (const model::Attribute& a : n.attributes) {
      const auto* perm = std::get_if<std::vector<int64_t>>(&a.value);
      if (perm != nullptr) moves = perm->size() > 2 && perm->front() != 0;
    }
    if (moves) batch_moved_.insert(n.outputs.begin(), n.outputs.end());
  }

  void decide(const NodeProto& n) {
    note_transpose(n);
    const std::string why = why_single(n);
    const bool floats = std::any_of(n.inputs.begin(), n.inputs.end(),
                                    [&](const std::string& i) { return is_f32(i); });
    const bool half = why.empty() && floats;
    for (const std::string& i : n.inputs) {
      if (is_f32(i) && constants_.contains(i)) (half ? half_readers_ : single_readers_).insert(i);
    }
    if (has_blocks(n)) {
      for (const std::string& i : captured_) {
        if (is_f32(i) && constants_.contains(i)) single_readers_.insert(i);
      }
    }
    if (half) half_nodes_.insert(&n - g_.nodes.data());
    for (const std::string& o : n.outputs) {
      if (half && is_f32(o)) halves_.insert(o);
    }
    if (n.op_type == "Conv" || n.op_type == "ConvTranspose" || n.op_type == "Gemm" ||
        n.op_type == "MatMul") {
      rows_.push_back({n.name, n.op_type, half ? "f16" : "f32", why});
    }
  }

  void add_cast(const std::string& from, const std::string& to, DType type) {
    NodeProto cast;
    cast.op_type = "Cast";
    cast.name = to + "/Cast";
    cast.inputs = {from};
    cast.outputs = {to};
    model::Attribute a;
    a.name = "to";
    a.value = static_cast<int64_t>(type);
    cast.attributes.push_back(std::move(a));
    g_.nodes.push_back(std::move(cast));
  }

  // Where a value of half precision is kept: outputs of the model have their names in single.
  std::string stored(const std::string& name) const {
    return outputs_.contains(name) ? name + "_f16" : name;
  }
  std::string as(DType type, const std::string& name) {
    const bool want_half = type == DType::f16;
    if (constants_.contains(name)) return want_half ? half_name(name) : name;
    if (is_half(name) == want_half) return is_half(name) ? stored(name) : name;
    if (outputs_.contains(name) && is_half(name)) return name;
    const std::string to = name + (want_half ? "_f16" : "_f32");
    if (casts_.insert(to).second) add_cast(is_half(name) ? stored(name) : name, to, type);
    return to;
  }

  void rewrite(NodeProto n) {
    const bool half = half_nodes_.contains(at_++);
    const std::vector<std::string> made = n.outputs;
    for (std::string& i : n.inputs) {
      if (is_f32(i)) i = as(half ? DType::f16 : DType::f32, i);
    }
    for (std::string& o : n.outputs) {
      if (is_half(o)) o = stored(o);
    }
    g_.nodes.push_back(std::move(n));
    for (const std::string& o : made) {
      if (is_half(o) && outputs_.contains(o)) add_cast(stored(o), o, DType::f32);
    }
  }

  GraphProto& g_;
  const Scheme& scheme_;
  std::map<std::string, DType> types_;
  std::set<std::string> constants_, too_large_, outputs_, captured_, halves_, casts_, batch_moved_;
  std::set<std::string> single_readers_, half_readers_;  // of constants
  std::set<std::ptrdiff_t> half_nodes_;                  // places in the list
  std::ptrdiff_t at_ = 0;
  std::vector<Reduced::Row> rows_;
};

}  // namespace

Result<Reduced> make_half(const graph::Graph& g, const Options& options) {
  HONE_ASSIGN(model::Model m, export_model(g, {.share_equal_constants = true}));
  Reduced made;
  made.layers = Halver(m, options.scheme).run();
  HONE_ASSIGN(made.graph, import(m));
  return made;
}

}  // namespace hone::quant
