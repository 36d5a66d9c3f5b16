#include "host/edit/sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/import/import.h"

namespace hone::edit {

namespace {

std::set<std::string> initializers(const model::Model& m) {
  std::set<std::string> names;
  for (const auto& i : m.graph.initializers) names.insert(i.name);
  return names;
}

Result<model::ValueInfo*> find_input(model::Model* m, const std::string& name) {
  const std::set<std::string> constants = initializers(*m);
  std::vector<std::string> have;
  for (auto& v : m->graph.inputs) {
    if (constants.contains(v.name)) continue;
    if (v.name == name) return &v;
    have.push_back(v.name);
  }
  std::string list;
  for (const std::string& n : have) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", n);
  return error(Code::not_found, fmt::format("no input '{}'; the inputs are: {}", name,
                                            list.empty() ? "none" : list));
}

bool is_tensor(const model::ValueInfo& v) { return v.type.kind == model::TypeProto::Kind::tensor; }

}  // namespace

Status set_shape(model::Model* model, const std::string& input,
                 const std::vector<model::DimProto>& shape) {
  HONE_ASSIGN(model::ValueInfo * v, find_input(model, input));
  if (!is_tensor(*v)) return unsupported(fmt::format("input '{}' is no tensor", input));
  if (v->type.has_shape && v->type.shape.size() != shape.size()) {
    return Status(Code::shape_mismatch, fmt::format("input '{}' has rank {}, {} sizes given", input,
                                                    v->type.shape.size(), shape.size()));
  }
  v->type.has_shape = true;
  v->type.shape = shape;
  return {};
}

Status set_batch(model::Model* model, const model::DimProto& batch) {
  const std::set<std::string> constants = initializers(*model);
  for (auto& v : model->graph.inputs) {
    if (constants.contains(v.name) || !is_tensor(v)) continue;
    if (!v.type.has_shape) {
      return unsupported(fmt::format("input '{}' states no shape; give --shape for it", v.name));
    }
    if (!v.type.shape.empty()) v.type.shape[0] = batch;
  }
  return {};
}

Status set_value(model::Model* model, const std::string& input, const Tensor& value) {
  HONE_ASSIGN(const model::ValueInfo* v, find_input(model, input));
  bool fits = is_tensor(*v) && v->type.dtype == value.dtype();
  if (fits && v->type.has_shape) {
    fits = v->type.shape.size() == value.dims().size();
    for (size_t i = 0; fits && i < value.dims().size(); ++i) {
      const int64_t size = v->type.shape[i].size;
      fits = size < 0 || size == value.dims()[i];
    }
  }
  if (!fits) {
    return Status(Code::shape_mismatch, fmt::format("input '{}' does not take {}{}", input,
                                                    name(value.dtype()), to_string(value.dims())));
  }
  std::erase_if(model->graph.inputs, [&](const auto& i) { return i.name == input; });
  model->graph.initializers.push_back({input, value});
  return {};
}

Status settle(model::Model* model) {
  model->graph.value_infos.clear();
  for (auto& o : model->graph.outputs) {
    if (is_tensor(o)) o.type.has_shape = false, o.type.shape.clear();
  }
  HONE_ASSIGN(const graph::Graph g, import(*model, {.keep_guests = true}));
  for (size_t i = 0; i < model->graph.outputs.size(); ++i) {
    model->graph.outputs[i].type = type_of(g.fact(g.block().outputs[i]));
  }
  return {};
}

}  // namespace hone::edit
