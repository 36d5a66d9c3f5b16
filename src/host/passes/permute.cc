#include "host/passes/permute.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

namespace hone::passes {

Permutation inverse(const Permutation& perm) {
  Permutation out(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) {
    out[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  }
  return out;
}

Permutation after(const Permutation& first, const Permutation& second) {
  Permutation out;
  for (int64_t i : second) out.push_back(first[static_cast<size_t>(i)]);
  return out;
}

bool is_identity(const Permutation& perm) { return std::is_sorted(perm.begin(), perm.end()); }

Permutation permutation_of(const Graph& g, const Node& transpose) {
  Permutation perm = transpose.attributes.ints("perm");
  if (!perm.empty() || !g.fact(transpose.input(0)).has_rank()) return perm;
  for (int64_t i = g.fact(transpose.input(0)).rank(); i-- > 0;) perm.push_back(i);
  return perm;
}

Tensor transposed(const Tensor& t, const Permutation& perm) {
  const size_t rank = perm.size(), size = static_cast<size_t>(bits(t.dtype())) / 8;
  Dims dims(rank - static_cast<size_t>(t.rank()), 1), out_dims, strides(rank, 1);
  dims.insert(dims.end(), t.dims().begin(), t.dims().end());
  for (size_t i = rank - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  for (int64_t i : perm) out_dims.push_back(dims[static_cast<size_t>(i)]);
  Tensor out(t.dtype(), out_dims);
  const auto* from = static_cast<const std::byte*>(t.data());
  auto* to = static_cast<std::byte*>(out.mutable_data());
  Dims index(rank, 0);
  for (int64_t k = 0; k < out.count(); ++k) {
    int64_t at = 0;
    for (size_t i = 0; i < rank; ++i) at += index[i] * strides[static_cast<size_t>(perm[i])];
    std::memcpy(to + static_cast<size_t>(k) * size, from + static_cast<size_t>(at) * size, size);
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < out_dims[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

namespace {

class Permuter {
 public:
  Permuter(const Graph& g, const Node& n, const Permutation& perm)
      : g_(g), n_(n), perm_(perm), rank_(static_cast<int64_t>(perm.size())) {
    made_.node = n;
    made_.node.origin.clear();
  }

  bool elementwise() {
    if (n_.is("Dropout") && n_.output(1) != graph::none) return false;  // its mask
    for (size_t i = 0; i < n_.inputs.size(); ++i) {
      if (!operand(i)) return false;
    }
    return true;
  }

  bool along_axis(int64_t fallback) {
    if ((n_.op.ends_with("oftmax") || n_.is("Hardmax")) && n_.version < 13) return false;
    if (n_.op.starts_with("Arg") && n_.attributes.i("keepdims", 1) == 0) return false;
    auto axis = moved(n_.attributes.i("axis", fallback));
    if (!axis) return false;
    made_.node.attributes.set("axis", *axis);
    size_t data = n_.is("Concat") ? n_.inputs.size() : 1;
    for (size_t i = 0; i < n_.inputs.size(); ++i) {
      if (i >= data) keep(i);
      if (i < data && !operand(i)) return false;
    }
    return true;
  }

  // Scales are one for all, or one for each position along `axis`.
  bool quantize() {
    const graph::Fact& scale = g_.fact(n_.input(1));
    if (n_.attributes.i("block_size", 0) != 0 || !scale.has_rank() || scale.rank() > 1)
      return false;
    if (scale.rank() == 1) {
      auto axis = moved(n_.attributes.i("axis", 1));
      if (!axis) return false;
      made_.node.attributes.set("axis", *axis);
    }
    for (size_t i = 1; i < n_.inputs.size(); ++i) keep(i);
    return operand(0);
  }

  bool reduce() {
    auto axes = list("axes", 1);
    if (!axes || axes->empty()) return false;
    std::vector<int64_t> to;
    for (int64_t a : *axes) {
      auto axis = moved(a);
      if (!axis) return false;
      to.push_back(*axis);
    }
    if (n_.attributes.i("keepdims", 1) == 0) {
      Permutation kept;
      for (int64_t p : perm_) {
        if (std::find(to.begin(), to.end(), p) == to.end()) kept.push_back(p);
      }
      if (!is_identity(kept)) return false;  // in order, that is: the result is the same
      made_.keeps_output = true;
    }
    std::sort(to.begin(), to.end());
    set_list("axes", 1, std::move(to));
    return operand(0);
  }

  bool pad() {
    for (size_t i : {size_t{1}, size_t{2}}) keep(i);
    if (n_.version >= 11 && n_.input(3) != graph::none) return axes_of_lists(3) && operand(0);
    auto pads = list("pads", 1);
    if (!pads || static_cast<int64_t>(pads->size()) != 2 * rank_) return false;
    std::vector<int64_t> to(pads->size());
    for (size_t i = 0; i < pads->size(); ++i) {
      auto side = static_cast<int64_t>(i) / rank_, axis = static_cast<int64_t>(i) % rank_;
      to[static_cast<size_t>(side * rank_ + perm_[static_cast<size_t>(axis)])] = (*pads)[i];
    }
    set_list("pads", n_.version < 11 ? graph::none : 1, std::move(to));
    return operand(0);
  }

  bool slice() {
    for (size_t i : {size_t{1}, size_t{2}, size_t{4}}) keep(i);
    if (n_.version >= 10 && n_.input(3) != graph::none) return axes_of_lists(3) && operand(0);
    auto axes = n_.attributes.ints("axes");
    if (axes.empty()) {
      auto starts = list("starts", 1);
      if (!starts) return false;
      axes.resize(starts->size());
      std::iota(axes.begin(), axes.end(), 0);
    }
    for (int64_t& a : axes) {
      auto axis = moved(a);
      if (!axis) return false;
      a = *axis;
    }
    set_list("axes", n_.version < 10 ? graph::none : 3, std::move(axes));
    return operand(0);
  }

  std::optional<Permuted> take() {
    for (ValueId v : n_.outputs) {
      if (v == graph::none) continue;
      if (g_.value(v).layout != graph::Layout::row_major || !g_.fact(v).has_rank()) return {};
      if (!made_.keeps_output && g_.fact(v).rank() != rank_) return std::nullopt;
    }
    return std::move(made_);
  }

 private:
  using Kind = Operand::Kind;

  // Operand i broadcasts against values of the permutation's rank, or is one.
  bool operand(size_t i) {
    ValueId v = n_.input(i);
    if (v == graph::none) return true;
    const graph::Fact& f = g_.fact(v);
    if (f.kind != graph::Fact::Kind::tensor || !f.has_rank() || f.rank() > rank_) return false;
    const Tensor* t = g_.constant(v);
    if (f.rank() == 0 || (t != nullptr && t->count() == 1 && !n_.is("Concat"))) {
      keep(i);
      return true;
    }
    if (t != nullptr) {
      bool whole = t->dtype() != DType::string && bits(t->dtype()) % 8 == 0;
      made_.operands.push_back({i, Kind::constant});
      return whole && (f.rank() == rank_ || !n_.is("Concat"));
    }
    made_.operands.push_back({i, Kind::permuted});
    return f.rank() == rank_ && g_.value(v).layout == graph::Layout::row_major;
  }

  void keep(size_t i) {
    if (n_.input(i) != graph::none) made_.operands.push_back({i, Kind::kept});
  }

  std::optional<int64_t> moved(int64_t axis) const {
    if (axis < 0) axis += rank_;
    if (axis < 0 || axis >= rank_) return std::nullopt;
    return perm_[static_cast<size_t>(axis)];
  }

  // A list that is an attribute in old versions and a constant input in new ones.
  std::optional<std::vector<int64_t>> list(const char* name, size_t input) const {
    if (n_.attributes.has(name)) return n_.attributes.ints(name);
    const Tensor* t = g_.constant(n_.input(input));
    if (t == nullptr) return std::nullopt;
    return to_ints(*t);
  }

  void set_list(const char* name, int32_t input, std::vector<int64_t> values) {
    if (input == graph::none || n_.attributes.has(name)) {
      made_.node.attributes.set(name, std::move(values));
      return;
    }
    auto i = static_cast<size_t>(input);
    std::erase_if(made_.operands, [i](const Operand& o) { return o.index == i; });
    auto n = static_cast<int64_t>(values.size());
    made_.lists.emplace_back(i, Tensor::of<int64_t>({n}, values));
  }

  // Lists whose entries belong to the axes that input i names.
  bool axes_of_lists(size_t i) {
    const Tensor* t = g_.constant(n_.input(i));
    if (t == nullptr) return false;
    std::vector<int64_t> axes = to_ints(*t);
    for (int64_t& a : axes) {
      auto axis = moved(a);
      if (!axis) return false;
      a = *axis;
    }
    set_list("", static_cast<int32_t>(i), std::move(axes));
    return true;
  }

  const Graph& g_;
  const Node& n_;
  const Permutation& perm_;
  int64_t rank_;
  Permuted made_;
};

enum class Rule { elementwise, last_axis, first_axis, quantize, reduce, pad, slice };

std::optional<Rule> rule_of(const Node& n) {
  static const std::map<std::string, Rule> rules = [] {
    std::map<std::string, Rule> m;
    for (const char* op : {"Abs",
                           "Acos",
                           "Acosh",
                           "Add",
                           "And",
                           "Asin",
                           "Asinh",
                           "Atan",
                           "Atanh",
                           "BitShift",
                           "Cast",
                           "Ceil",
                           "Celu",
                           "Clip",
                           "Cos",
                           "Cosh",
                           "Div",
                           "Dropout",
                           "Elu",
                           "Equal",
                           "Erf",
                           "Exp",
                           "Floor",
                           "Gelu",
                           "Greater",
                           "HardSigmoid",
                           "HardSwish",
                           "Identity",
                           "IsInf",
                           "IsNaN",
                           "LeakyRelu",
                           "Less",
                           "Log",
                           "Max",
                           "Mean",
                           "Min",
                           "Mish",
                           "Mod",
                           "Mul",
                           "Neg",
                           "Not",
                           "Or",
                           "PRelu",
                           "Pow",
                           "Reciprocal",
                           "Relu",
                           "Round",
                           "Selu",
                           "Shrink",
                           "Sigmoid",
                           "Sign",
                           "Sin",
                           "Sinh",
                           "Softplus",
                           "Softsign",
                           "Sqrt",
                           "Sub",
                           "Sum",
                           "Swish",
                           "Tan",
                           "Tanh",
                           "Where",
                           "Xor",
                           "LessOrEqual",
                           "GreaterOrEqual",
                           "ThresholdedRelu"}) {
      m[op] = Rule::elementwise;
    }
    for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) m[op] = Rule::last_axis;
    for (const char* op : {"Concat", "Split", "ArgMax", "ArgMin"}) m[op] = Rule::first_axis;
    for (const char* op :
         {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
          "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}) {
      m[op] = Rule::reduce;
    }
    m["QuantizeLinear"] = m["DequantizeLinear"] = Rule::quantize;
    m["Pad"] = Rule::pad;
    m["Slice"] = Rule::slice;
    return m;
  }();
  auto it = n.domain.empty() ? rules.find(n.op) : rules.end();
  return it == rules.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace

std::optional<Permuted> permute(const Graph& g, const Node& n, const Permutation& perm) {
  auto rule = rule_of(n);
  if (!rule || n.inputs.empty()) return std::nullopt;
  Permuter p(g, n, perm);
  bool ok = false;
  switch (*rule) {
    case Rule::elementwise: ok = p.elementwise(); break;
    case Rule::last_axis: ok = p.along_axis(-1); break;
    case Rule::first_axis: ok = p.along_axis(0); break;
    case Rule::quantize: ok = p.quantize(); break;
    case Rule::reduce: ok = p.reduce(); break;
    case Rule::pad: ok = p.pad(); break;
    case Rule::slice: ok = p.slice(); break;
  }
  return ok ? p.take() : std::nullopt;
}

}  // namespace hone::passes
