#include <fmt/format.h>

#include <unordered_map>

#include "common/base/checked.h"
#include "host/model/onnx.h"
#include "host/model/onnx_fields.h"
#include "host/model/pb_message.h"
#include "host/model/pb_writer.h"

namespace hone::model {
namespace {

// Where the data of initializers go that leave the model's file.
struct ExternalPlan {
  std::unordered_map<const Initializer*, ExternalPlace> places;
  std::vector<const Initializer*> order;  // by offset
};

// Fields are written in the order of their numbers, as the official library does.
class OnnxWriter {
 public:
  OnnxWriter(const Model& model, const ExternalPlan& plan) : model_(model), plan_(plan) {}

  int64_t measure() {
    return w_.measure([this] { put_model(); });
  }
  void write(Output* out) {
    w_.write(out, [this] { put_model(); });
  }

 private:
  void put_model();
  void put_graph(const GraphProto& g);
  void put_node(const NodeProto& n);
  void put_function(const FunctionProto& fn);
  void put_attribute(const Attribute& a);
  void put_value_info(const ValueInfo& v);
  void put_type(const TypeProto& t);
  void put_tensor_type(const TypeProto& t);
  void put_nodes(uint32_t tag, const std::vector<NodeProto>& nodes) {
    for (const NodeProto& n : nodes) w_.message(tag, [&] { put_node(n); });
  }
  void put_strings(uint32_t tag, const std::vector<std::string>& strings) {
    for (const std::string& s : strings) w_.string(tag, s);
  }
  void put_opsets(uint32_t tag, const std::map<std::string, int64_t>& opsets);
  void put_metadata(uint32_t tag, const Metadata& metadata);

  const Model& model_;
  const ExternalPlan& plan_;
  PbWriter w_;
};

void OnnxWriter::put_model() {
  namespace f = field::model;
  const Model& m = model_;
  w_.integer(f::ir_version, m.ir_version);
  w_.text(f::producer, m.producer);
  w_.text(f::producer_version, m.producer_version);
  w_.text(f::domain, m.domain);
  if (m.model_version != 0) w_.integer(f::version, m.model_version);
  w_.text(f::doc, m.doc);
  w_.message(f::graph, [&] { put_graph(m.graph); });
  put_opsets(f::opset_import, m.opsets);
  put_metadata(f::metadata, m.metadata);
  for (const FunctionProto& fn : m.functions) w_.message(f::functions, [&] { put_function(fn); });
}

void OnnxWriter::put_opsets(uint32_t tag, const std::map<std::string, int64_t>& opsets) {
  for (const auto& [domain, version] : opsets) {
    w_.message(tag, [&, &domain = domain, version = version] {
      w_.text(field::opset::domain, domain);
      w_.integer(field::opset::version, version);
    });
  }
}

void OnnxWriter::put_metadata(uint32_t tag, const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    w_.message(tag, [&, &key = key, &value = value] {
      w_.string(field::entry::key, key);
      w_.string(field::entry::value, value);
    });
  }
}

void OnnxWriter::put_graph(const GraphProto& g) {
  namespace f = field::graph;
  put_nodes(f::node, g.nodes);
  w_.text(f::name, g.name);
  for (const Initializer& i : g.initializers) {
    const auto place = plan_.places.find(&i);
    const ExternalPlace* external = place == plan_.places.end() ? nullptr : &place->second;
    w_.message(f::initializer, [&] { put_tensor(w_, i.name, i.tensor, external); });
  }
  w_.text(f::doc, g.doc);
  for (const ValueInfo& v : g.inputs) w_.message(f::input, [&] { put_value_info(v); });
  for (const ValueInfo& v : g.outputs) w_.message(f::output, [&] { put_value_info(v); });
  for (const ValueInfo& v : g.value_infos) w_.message(f::value_info, [&] { put_value_info(v); });
  put_metadata(f::metadata, g.metadata);
}

void OnnxWriter::put_node(const NodeProto& n) {
  namespace f = field::node;
  put_strings(f::input, n.inputs);
  put_strings(f::output, n.outputs);
  w_.text(f::name, n.name);
  w_.string(f::op_type, n.op_type);
  for (const Attribute& a : n.attributes) w_.message(f::attribute, [&] { put_attribute(a); });
  w_.text(f::doc, n.doc);
  w_.text(f::domain, n.domain);
  w_.text(f::overload, n.overload);
  put_metadata(f::metadata, n.metadata);
}

void OnnxWriter::put_function(const FunctionProto& fn) {
  namespace f = field::function;
  w_.string(f::name, fn.name);
  put_strings(f::input, fn.inputs);
  put_strings(f::output, fn.outputs);
  put_strings(f::attribute, fn.attribute_names);
  put_nodes(f::node, fn.nodes);
  put_opsets(f::opset_import, fn.opsets);
  w_.text(f::domain, fn.domain);
  for (const Attribute& a : fn.attribute_defaults) {
    w_.message(f::attribute_proto, [&] { put_attribute(a); });
  }
  w_.text(f::overload, fn.overload);
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

void OnnxWriter::put_attribute(const Attribute& a) {
  namespace f = field::attribute;
  namespace kind = field::attribute_type;
  w_.string(f::name, a.name);
  // Each writes its value and gives its AttributeType.
  const int32_t type =
      std::visit(Overloaded{[&](std::monostate) { return a.ref_type; },
                            [&](float v) { return w_.f32(f::f, v), +kind::f; },
                            [&](int64_t v) { return w_.integer(f::i, v), +kind::i; },
                            [&](const std::string& v) { return w_.string(f::s, v), +kind::s; },
                            [&](const Tensor& v) {
                              w_.message(f::t, [&] { put_tensor(w_, "", v); });
                              return +kind::t;
                            },
                            [&](const std::shared_ptr<GraphProto>& v) {
                              w_.message(f::g, [&] { put_graph(*v); });
                              return +kind::g;
                            },
                            [&](const std::vector<float>& values) {
                              for (float v : values) w_.f32(f::floats, v);
                              return +kind::floats;
                            },
                            [&](const std::vector<int64_t>& values) {
                              for (int64_t v : values) w_.integer(f::ints, v);
                              return +kind::ints;
                            },
                            [&](const std::vector<std::string>& v) {
                              return put_strings(f::strings, v), +kind::strings;
                            },
                            [&](const std::vector<Tensor>& values) {
                              for (const Tensor& v : values)
                                w_.message(f::tensors, [&] { put_tensor(w_, "", v); });
                              return +kind::tensors;
                            },
                            [&](const std::vector<std::shared_ptr<GraphProto>>& values) {
                              for (const auto& v : values)
                                w_.message(f::graphs, [&] { put_graph(*v); });
                              return +kind::graphs;
                            },
                            [&](const TypeProto& v) {
                              w_.message(f::tp, [&] { put_type(v); });
                              return +kind::tp;
                            }},
                 a.value);
  if (type != kind::undefined) w_.integer(f::type, type);
  w_.text(f::ref, a.ref);
}

void OnnxWriter::put_value_info(const ValueInfo& v) {
  namespace f = field::value_info;
  w_.string(f::name, v.name);
  if (v.type.kind != TypeProto::Kind::none) w_.message(f::type, [&] { put_type(v.type); });
  w_.text(f::doc, v.doc);
}

void OnnxWriter::put_tensor_type(const TypeProto& t) {
  namespace f = field::tensor_type;
  w_.integer(f::element, static_cast<int64_t>(t.dtype));
  if (!t.has_shape) return;
  w_.message(f::shape, [&] {
    for (const DimProto& d : t.shape) {
      w_.message(field::shape::dim, [&] {
        if (d.size >= 0) {
          w_.integer(field::dimension::value, d.size);
        } else {
          w_.text(field::dimension::param, d.symbol);
        }
      });
    }
  });
}

void OnnxWriter::put_type(const TypeProto& t) {
  namespace f = field::type;
  using Kind = TypeProto::Kind;
  const auto put_element = [&](uint32_t tag) {
    if (t.element != nullptr) w_.message(tag, [&] { put_type(*t.element); });
  };
  switch (t.kind) {
    case Kind::none: return;
    case Kind::tensor: return w_.message(f::tensor, [&] { put_tensor_type(t); });
    case Kind::sparse_tensor: return w_.message(f::sparse_tensor, [&] { put_tensor_type(t); });
    case Kind::sequence:
      return w_.message(f::sequence, [&] { put_element(field::tensor_type::element); });
    case Kind::optional:
      return w_.message(f::optional, [&] { put_element(field::tensor_type::element); });
    case Kind::map:
      return w_.message(f::map, [&] {
        w_.integer(field::map_type::key, static_cast<int64_t>(t.dtype));
        put_element(field::map_type::value);
      });
  }
}

// Initializers of a graph and of the graphs in its attributes, in the order they are written.
template <class F>
void each_initializer(const GraphProto& g, const F& f) {
  for (const NodeProto& n : g.nodes) {
    for (const Attribute& a : n.attributes) {
      if (const auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) {
        each_initializer(**sub, f);
      }
      if (const auto* all = std::get_if<std::vector<std::shared_ptr<GraphProto>>>(&a.value)) {
        for (const auto& one : *all) each_initializer(*one, f);
      }
    }
  }
  for (const Initializer& i : g.initializers) f(i);
}

// The specification recommends whole pages, so that readers can map them.
constexpr int64_t external_alignment = 4096;

ExternalPlan plan_external(const GraphProto& graph, const std::string& location, int64_t at_least) {
  ExternalPlan plan;
  int64_t end = 0;
  each_initializer(graph, [&](const Initializer& i) {
    if (i.tensor.bytes() < at_least) return;
    const int64_t offset = round_up(end, external_alignment);
    end = offset + i.tensor.bytes();
    plan.places.emplace(&i, ExternalPlace{location, offset});
    plan.order.push_back(&i);
  });
  return plan;
}

Status write_external(const ExternalPlan& plan, AtomicFile* file) {
  static constexpr std::byte zeros[external_alignment] = {};
  int64_t at = 0;
  for (const Initializer* i : plan.order) {
    const int64_t gap = plan.places.at(i).offset - at;
    HONE_RETURN_IF_ERROR(file->append({zeros, static_cast<size_t>(gap)}));
    HONE_RETURN_IF_ERROR(file->append(i->tensor.raw_bytes()));
    at += gap + i->tensor.bytes();
  }
  return {};
}

Status write_file_of(OnnxWriter* writer, AtomicFile* file) {
  Output out(file);
  writer->write(&out);
  return out.finish();
}

Status write_in_two(const Model& model, const std::string& path, int64_t at_least) {
  const std::string data_path = path + ".data";
  const std::string location = data_path.substr(data_path.rfind('/') + 1);
  const ExternalPlan plan = plan_external(model.graph, location, at_least);
  OnnxWriter writer(model, plan);
  const int64_t size = writer.measure();
  if (size > INT32_MAX) {
    return unsupported(
        fmt::format("{}: {} bytes remain without external data; a protocol buffer "
                    "holds 2 GiB at most",
                    path, size));
  }
  HONE_ASSIGN(AtomicFile data, AtomicFile::create(data_path));
  HONE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HONE_RETURN_IF_ERROR(write_external(plan, &data));
  HONE_RETURN_IF_ERROR(write_file_of(&writer, &file));
  // All bytes of both are on the disk before the first name changes.
  HONE_RETURN_IF_ERROR(data.sync());
  HONE_RETURN_IF_ERROR(file.sync());
  HONE_RETURN_IF_ERROR(data.commit());
  return file.commit();
}

}  // namespace

std::vector<std::byte> serialize(const Model& model) {
  const ExternalPlan inside;
  OnnxWriter writer(model, inside);
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<size_t>(writer.measure()));
  Output out(&bytes);
  writer.write(&out);
  return bytes;
}

Status write_model(const Model& model, const std::string& path, const WriteOptions& options) {
  return guarded([&]() -> Status {
    const ExternalPlan inside;
    OnnxWriter writer(model, inside);
    if (writer.measure() > options.external_over) {
      return write_in_two(model, path, options.external_min);
    }
    HONE_ASSIGN(AtomicFile file, AtomicFile::create(path));
    HONE_RETURN_IF_ERROR(write_file_of(&writer, &file));
    return file.commit();
  });
}

}  // namespace hone::model
