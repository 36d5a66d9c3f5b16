#include "ship/parity/reduce.h"

#include <set>
#include <unordered_map>

#include "host/edit/extract.h"
#include "host/import/import.h"
#include "host/model/names.h"
#include "host/ops/evaluate.h"

namespace hone::ship {

namespace {

using Part = std::set<size_t>;  // nodes by their place in the file

class Reducer {
 public:
  Reducer(const model::Model& model, const graph::Graph& graph, std::string value,
          const Differs& differs)
      : model_(model), graph_(graph), value_(std::move(value)), differs_(differs) {
    const auto& nodes = model.graph.nodes;
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const std::string& name : nodes[i].outputs) {
        if (!name.empty()) producer_.emplace(name, i);
      }
    }
    for (const auto& i : model.graph.initializers) initializers_.insert(i.name);
  }

  Status take_values(const std::vector<Tensor>& inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      values_[graph_.value(graph_.block().inputs[i]).name] = inputs[i];
    }
    const auto keep = [&](graph::ValueId v, Tensor& t) {
      if (graph_.value(v).block == 0) values_[graph_.value(v).name] = t;
    };
    return ops::evaluate(graph_, inputs, keep).status();
  }

  Result<std::optional<Reduced>> run() {
    const auto first = producer_.find(value_);
    if (first == producer_.end()) return std::optional<Reduced>();
    Part part = {first->second};
    HONE_ASSIGN(std::optional<Reduced> found, attempt(part));
    for (int levels = 1; !found; levels *= 2) {
      const size_t before = part.size();
      for (int k = 0; k < levels; ++k) grow(&part);
      if (part.size() == before) return found;
      HONE_ASSIGN(found, attempt(part));
    }
    HONE_RETURN_IF_ERROR(shrink(part, first->second, &found));
    return found;
  }

 private:
  static constexpr int most_attempts = 200;
  static constexpr int64_t small = 64;  // elements of a shape, axes, ...

  // Who makes what the part reads.
  void grow(Part* part) const {
    Part more;
    for (const size_t i : *part) {
      for (const std::string& name : read_by(i)) {
        const auto at = producer_.find(name);
        if (at != producer_.end()) more.insert(at->second);
      }
    }
    part->merge(more);
  }

  std::set<std::string> read_by(size_t node) const {
    std::set<std::string> names;
    model::names_read(model_.graph.nodes[node], &names);
    return names;
  }

  // From the farthest on: what the rest needs of a node that goes becomes an input.
  Status shrink(Part part, size_t last, std::optional<Reduced>* found) {
    int attempts = 0;
    for (const size_t i : Part(part)) {
      if (i == last || ++attempts > most_attempts) continue;
      Part less = part;
      less.erase(i);
      HONE_ASSIGN(std::optional<Reduced> smaller, attempt(less));
      if (!smaller) continue;
      part = std::move(less);
      *found = std::move(smaller);
    }
    return {};
  }

  // What the part is as a model, if the sides differ on it.
  Result<std::optional<Reduced>> attempt(const Part& part) {
    edit::Cut cut;
    cut.outputs = {value_};
    std::set<std::string> made, outside;
    for (const size_t i : part) {
      const auto& outputs = model_.graph.nodes[i].outputs;
      made.insert(outputs.begin(), outputs.end());
    }
    for (const size_t i : part) {
      for (const std::string& name : read_by(i)) {
        if (!made.contains(name) && !initializers_.contains(name)) outside.insert(name);
      }
    }
    Reduced r;
    for (const std::string& name : outside) {
      const auto v = values_.find(name);
      if (v == values_.end()) {
        // A Constant node's, which the reference has as a constant.
        const graph::ValueId id = graph_.find_value(name);
        const Tensor* t = id == graph::none ? nullptr : graph_.constant(id);
        if (t == nullptr) return std::optional<Reduced>();
        cut.constants[name] = *t;
        continue;
      }
      const bool known = !is_float(v->second.dtype()) && v->second.count() <= small;
      if (known) {
        cut.constants[name] = v->second;
      } else {
        cut.inputs.push_back(name);
        r.inputs.push_back(v->second);
      }
    }
    auto extracted = edit::extract(model_, graph_, cut);
    if (!extracted.ok()) return extracted.status();
    r.model = std::move(*extracted);
    for (size_t i = 0; i < r.inputs.size(); ++i) {
      model::TypeProto& type = r.model.graph.inputs[i].type;
      type.kind = model::TypeProto::Kind::tensor;
      type.dtype = r.inputs[i].dtype();
      type.has_shape = true;
      type.shape.clear();
      for (const int64_t d : r.inputs[i].dims()) type.shape.push_back({d, ""});
    }
    auto graph = import(r.model);
    if (!graph.ok()) return std::optional<Reduced>();
    auto differ = differs_(r.model, *graph, r.inputs);
    // A part that one of the sides does not run is no smaller case of the same.
    if (!differ.ok() || !*differ) return std::optional<Reduced>();
    return std::optional<Reduced>(std::move(r));
  }

  const model::Model& model_;
  const graph::Graph& graph_;
  std::string value_;
  const Differs& differs_;
  std::unordered_map<std::string, size_t> producer_;
  std::set<std::string> initializers_;
  std::unordered_map<std::string, Tensor> values_;
};

}  // namespace

Result<std::optional<Reduced>> reduce(const model::Model& model, const graph::Graph& graph,
                                      const std::vector<Tensor>& inputs, const std::string& value,
                                      const Differs& differs) {
  Reducer reducer(model, graph, value, differs);
  HONE_RETURN_IF_ERROR(reducer.take_values(inputs));
  return reducer.run();
}

}  // namespace hone::ship
