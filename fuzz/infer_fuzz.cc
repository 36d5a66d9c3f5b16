// Shape inference: any operator with any operands and attributes, up to four nodes that read one
// another. Refused with one line, or every fact that inference states holds for what the reference
// computes, at sizes that the bytes choose as well.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "byte_stream.h"
#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/ops/op_def.h"

namespace {

using namespace hone;
using graph::Dim;
using graph::Fact;
using graph::ValueId;

// Prints the graph that broke the rule: bytes say nothing to a reader.
void require(bool condition, const graph::Graph& g, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n%s", what.c_str(), to_text(g).c_str());
  std::abort();
}

// Every comparison that an attribute or a shape can go wrong at, and small numbers that are valid.
constexpr int64_t small_numbers[] = {0, 1, 2, 3, -1, -2, 4, 5, 8, 16, -3, 64};
constexpr int64_t large_numbers[] = {INT64_MAX,  INT64_MIN,           INT64_MIN + 1, INT32_MAX,
                                     INT32_MIN,  int64_t{1} << 60,    1 << 20,       -(1 << 20),
                                     4294967296, -(int64_t{1} << 60), 65536,         1000003};
constexpr float floats[] = {0, 1, 0.5f, -1, 2, 1e-5f, -0.f, 3.4e38f, INFINITY, NAN, 1e9f, 100};
constexpr const char* words[] = {"",
                                 "NOTSET",
                                 "SAME_UPPER",
                                 "SAME_LOWER",
                                 "VALID",
                                 "constant",
                                 "reflect",
                                 "edge",
                                 "wrap",
                                 "nearest",
                                 "linear",
                                 "cubic",
                                 "bilinear",
                                 "half_pixel",
                                 "asymmetric",
                                 "align_corners",
                                 "none",
                                 "add",
                                 "mul",
                                 "min",
                                 "max",
                                 "LEFT",
                                 "RIGHT",
                                 "forward",
                                 "reverse",
                                 "bidirectional",
                                 "Tanh",
                                 "Sigmoid",
                                 "i,j->ij",
                                 "ij,jk->ik",
                                 "...i,...i->...",
                                 "ii->i",
                                 "mean",
                                 "sum",
                                 "DCR",
                                 "CRD",
                                 "floor",
                                 "round_prefer_ceil",
                                 "crop",
                                 "tf_crop_and_resize",
                                 "stretch",
                                 "not_larger",
                                 "ij->k->",
                                 "avg",
                                 "tanh",
                                 "fmod",
                                 "delta",
                                 "gated"};

// The model that the bytes describe, and sizes for its symbols.
class Maker {
 public:
  Maker(const uint8_t* data, size_t size) : bytes_(data, size) {}

  // Whether inference took it to the end.
  bool make() {
    g_.opsets = {{"", 28}, {"ai.onnx.ml", 5}, {"com.microsoft", 1}, {graph::hone_domain, 1}};
    for (const char* symbol : {"n", "m", "h"}) {
      sizes_[symbol] = static_cast<int64_t>(bytes_.below(6));
    }
    sizes_["h"] = std::max<int64_t>(sizes_["h"], 1);
    for (size_t i = 1 + bytes_.below(4); i > 0; --i) operand();
    for (size_t i = 1 + bytes_.below(4); i > 0; --i) {
      if (!node()) return false;
    }
    g_.set_block_outputs(0, {visible_.back()});
    g_.output_names = {"out"};
    const Status status = verify(g_);
    require(status.ok(), g_, status.text());
    return true;
  }

  // Runs the reference, where that is cheap, and compares.
  void check() {
    if (wild_ || !small()) return;
    std::vector<Tensor> inputs;
    for (const ValueId v : g_.block().inputs) inputs.push_back(data(g_.fact(v)));
    const auto tap = [&](ValueId v, Tensor& t) {
      require(holds(g_.fact(v), t), g_,
              g_.value(v).name + " is " + name(t.dtype()) + to_string(t.dims()) + ", inferred " +
                  to_string(g_.fact(v)));
    };
    // Data may be out of range; what was computed before has been checked.
    const auto out = ops::evaluate_values(g_, inputs, tap);
    require(out.ok() || out.code() != Code::internal, g_, "an error that is Hone's own");
  }

 private:
  int64_t number() {
    if (bytes_.below(8) != 7) return bytes_.one_of(small_numbers);
    wild_ = true;
    return bytes_.one_of(large_numbers);
  }
  std::vector<int64_t> numbers() {
    std::vector<int64_t> all(bytes_.below(9));
    for (int64_t& n : all) n = number();
    return all;
  }
  DType dtype() {
    // Half of all operands have one of the types that most operators take.
    constexpr DType common[] = {DType::f32, DType::i64, DType::boolean, DType::u8};
    if (bytes_.flag()) return bytes_.one_of(common);
    return static_cast<DType>(1 + bytes_.below(dtype_count - 1));
  }
  Dim dim() {
    constexpr const char* symbols[] = {"n", "m", "h"};
    switch (bytes_.below(8)) {
      case 0:
      case 1: return Dim::symbol(bytes_.one_of(symbols));
      // Beside another size this is taken for more than 1, as sizes of 0 are the exception.
      case 2: return Dim::symbol("h") * 2 + 1;
      default: return static_cast<int64_t>(bytes_.below(8));
    }
  }
  Tensor tensor(DType type) {
    Dims dims(bytes_.below(5));
    for (int64_t& d : dims) d = static_cast<int64_t>(bytes_.below(5));
    return filled(type, std::move(dims));
  }
  Tensor filled(DType type, Dims dims) {
    if (type == DType::string) {
      std::vector<std::string> items(static_cast<size_t>(element_count(dims)));
      for (std::string& s : items) s = bytes_.one_of(words);
      return Tensor::strings(std::move(dims), std::move(items));
    }
    Tensor t(type, std::move(dims));
    if (type == DType::c64 || type == DType::c128) return t;
    for (int64_t i = 0; i < t.count(); ++i) {
      t.set(i, static_cast<double>(bytes_.one_of(small_numbers)));
    }
    return t;
  }

  void operand() {
    const std::string name = "x" + std::to_string(visible_.size());
    switch (bytes_.below(8)) {
      case 0: {  // an input without a rank
        Fact fact;
        fact.dtype = dtype();
        wild_ = true;
        return add(g_.add_input(name, std::move(fact)));
      }
      case 1: {
        Fact fact = Fact::of(dtype(), {dim()});
        fact.kind = bytes_.flag() ? Fact::Kind::sequence : Fact::Kind::optional;
        wild_ = true;
        return add(g_.add_input(name, std::move(fact)));
      }
      case 2: return add(g_.add_constant(name, tensor(dtype())));
      case 3:
      case 4: {  // a shape, axes, a number
        const auto all = numbers();
        const Dims dims =
            all.size() == 1 && bytes_.flag() ? Dims{} : Dims{static_cast<int64_t>(all.size())};
        return add(g_.add_constant(name, Tensor::of<int64_t>(dims, std::span(all))));
      }
      default: {
        graph::SymShape shape;
        for (size_t i = bytes_.below(6); i > 0; --i) shape.push_back(dim());
        return add(g_.add_input(name, Fact::of(dtype(), std::move(shape))));
      }
    }
  }
  void add(ValueId v) { visible_.push_back(v); }
  ValueId pick() { return visible_[bytes_.below(visible_.size())]; }

  graph::Attr attribute(ops::AttrType type) {
    using ops::AttrType;
    switch (type) {
      case AttrType::i: return number();
      case AttrType::f: return bytes_.one_of(floats);
      case AttrType::s: return std::string(bytes_.one_of(words));
      case AttrType::tensor: return tensor(dtype());
      case AttrType::ints: return numbers();
      case AttrType::floats: {
        std::vector<float> all(bytes_.below(6));
        for (float& f : all) f = bytes_.one_of(floats);
        return all;
      }
      case AttrType::strings: {
        std::vector<std::string> all(bytes_.below(5));
        for (std::string& s : all) s = bytes_.one_of(words);
        return all;
      }
      case AttrType::tensors: return std::vector<Tensor>(bytes_.below(3), tensor(dtype()));
      case AttrType::type: {
        model::TypeProto t;
        t.kind = model::TypeProto::Kind::tensor;
        t.dtype = dtype();
        return t;
      }
      case AttrType::graph: break;  // blocks: see node()
    }
    return int64_t{0};
  }

  // A body or branch: its inputs are unknown, its outputs anything that is visible there.
  void block(graph::NodeId owner, const char* name) {
    const graph::BlockId b = g_.add_block(owner, name);
    std::vector<ValueId> seen = visible_;
    for (size_t i = bytes_.below(4); i > 0; --i) {
      seen.push_back(g_.add_input(g_.fresh_name("b"), Fact{}, b));
    }
    std::vector<ValueId> outputs(bytes_.below(4));
    for (ValueId& v : outputs) v = seen[bytes_.below(seen.size())];
    g_.set_block_outputs(b, std::move(outputs));
    wild_ = true;  // a loop may run for ever
  }

  bool node() {
    static const std::vector<const ops::OpDef*> all = ops::all_ops();
    const ops::OpDef& def = *all[bytes_.below(all.size())];
    graph::Node n;
    n.domain = def.domain;
    n.op = def.name;
    n.version = def.since;
    n.name = "node";
    const auto some = [&](int least, int most) {
      const int limit = most < 0 ? least + 4 : most;
      return static_cast<size_t>(least) + bytes_.below(static_cast<size_t>(limit - least) + 1);
    };
    for (size_t i = some(def.min_inputs, def.max_inputs); i > 0; --i) {
      const bool absent = bytes_.below(16) == 15;
      n.inputs.push_back(absent ? graph::none : pick());
    }
    for (const ops::AttrSpec& spec : def.attrs) {
      if (spec.type == ops::AttrType::graph || !(spec.required || bytes_.flag())) continue;
      n.attributes.set(spec.name, attribute(spec.type));
    }
    std::vector<std::string> outputs;
    for (size_t i = some(def.min_outputs, def.max_outputs); i > 0; --i) {
      const bool present = outputs.empty() || bytes_.below(8) != 7;
      outputs.push_back(present ? "y" + std::to_string(results_++) : "");
    }
    if (outputs.empty()) return false;
    const graph::NodeId id = g_.add_node(std::move(n), outputs);
    for (const ops::AttrSpec& spec : def.attrs) {
      if (spec.type == ops::AttrType::graph) block(id, spec.name);
    }
    const Status status = ops::infer_node(g_, id);
    if (!status.ok()) {
      const bool one_line = !status.text().empty() && status.text().find('\n') == std::string::npos;
      require(one_line && status.code() != Code::internal, g_, status.text());
      return false;
    }
    for (const ValueId v : g_.node(id).outputs) {
      if (v != graph::none) add(v);
    }
    return true;
  }

  std::optional<Dims> dims_of(const Fact& fact) const {
    if (!fact.has_rank()) return std::nullopt;
    Dims dims;
    for (const Dim& d : *fact.shape) {
      const auto n = d.evaluate(sizes_);
      if (!n) return std::nullopt;
      dims.push_back(*n);
    }
    return dims;
  }
  // Whether the sizes of all values are known and few.
  bool small() const {
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      const Fact& fact = g_.fact(v);
      const auto dims = dims_of(fact);
      if (!dims || fact.kind != Fact::Kind::tensor || !is_valid(fact.dtype)) return false;
      int64_t count = 1;
      for (const int64_t d : *dims) {
        // Negative: sizes that fit no data, which the reference finds.
        if (d > 4096 || (count *= std::max<int64_t>(d, 1)) > 4096) return false;
      }
    }
    return true;
  }
  Tensor data(const Fact& fact) { return filled(fact.dtype, *dims_of(fact)); }

  bool holds(const Fact& fact, const Tensor& t) const {
    if (fact.dtype != t.dtype() || fact.rank() != t.rank()) return false;
    if (*dims_of(fact) != t.dims()) return false;
    if (!fact.content) return true;
    if (static_cast<int64_t>(fact.content->size()) != t.count()) return false;
    for (size_t i = 0; i < fact.content->size(); ++i) {
      const auto n = (*fact.content)[i].evaluate(sizes_);
      if (n && *n != t.int_at(static_cast<int64_t>(i))) return false;
    }
    return true;
  }

  hone::fuzz::ByteStream bytes_;
  graph::Graph g_;
  std::vector<ValueId> visible_;
  std::map<std::string, int64_t> sizes_;
  int results_ = 0;
  bool wild_ = false;  // too large or too unknown to run
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Maker maker(data, size);
  if (maker.make()) maker.check();
  return 0;
}
