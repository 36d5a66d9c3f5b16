// Attributes, values and types.
#include <fmt/format.h>

#include "host/model/onnx_fields.h"
#include "host/model/onnx_reader.h"
#include "host/model/tensor_proto.h"

namespace hone::model {

// An attribute as found: which of its fields counts, its type says, wherever that stands.
struct AttributeParts {
  std::string name, ref;
  int32_t type = 0;
  uint32_t present = 0;  // bit n: an attribute_type n has a value
  float f = 0;
  int64_t i = 0;
  std::string s;
  Bytes t, g, tp, sparse;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::vector<Bytes> tensors, graphs;

  bool has(int32_t t) const { return (present >> t & 1) != 0; }
};

namespace {

namespace f = field::attribute;
namespace kind = field::attribute_type;

// The attribute_type a field belongs to; undefined for the others.
int32_t type_of_field(uint32_t number) {
  switch (number) {
    case f::f: return kind::f;
    case f::i: return kind::i;
    case f::s: return kind::s;
    case f::t: return kind::t;
    case f::g: return kind::g;
    case f::floats: return kind::floats;
    case f::ints: return kind::ints;
    case f::strings: return kind::strings;
    case f::tensors: return kind::tensors;
    case f::graphs: return kind::graphs;
    case f::tp: return kind::tp;
    case f::type_protos: return kind::type_protos;
    case f::sparse_tensor: return kind::sparse_tensor;
    case f::sparse_tensors: return kind::sparse_tensors;
    default: return kind::undefined;
  }
}

// Files of IR version 1 and some exporters leave the type out: then the one value there is says it.
int32_t checked_type(const AttributeParts& a) {
  if (a.type != kind::undefined) return a.type;
  if (a.present == 0 && !a.ref.empty()) return kind::undefined;
  if (a.present == 0) fail(Code::corrupt, "neither a type nor a value");
  if ((a.present & (a.present - 1)) != 0) fail(Code::corrupt, "several values and no type");
  return __builtin_ctz(a.present);
}

}  // namespace

Attribute OnnxReader::attribute(PbMessage m) {
  AttributeParts a;
  return within([&] { return "attribute " + quote(a.name); },
                [&] {
                  while (m.next()) {
                    const int32_t type = type_of_field(m.tag());
                    if (type != kind::undefined) a.present |= 1u << type;
                    switch (m.tag()) {
                      case f::name: a.name = name(m, "name"); break;
                      case f::ref: a.ref = name(m, "ref_attr_name"); break;
                      case f::type: a.type = static_cast<int32_t>(m.integer("type")); break;
                      case f::f: a.f = m.f32("f"); break;
                      case f::i: a.i = m.integer("i"); break;
                      case f::s: a.s = m.string("s"); break;
                      case f::t: a.t = m.bytes("t"); break;
                      case f::g: a.g = m.bytes("g"); break;
                      case f::tp: a.tp = m.bytes("tp"); break;
                      case f::sparse_tensor: a.sparse = m.bytes("sparse_tensor"); break;
                      case f::floats:
                        m.each_fixed<float>("floats", [&](float v) {
                          charge(sizeof(v));
                          a.floats.push_back(v);
                        });
                        break;
                      case f::ints:
                        m.each_varint("ints", [&](uint64_t v) {
                          charge(sizeof(v));
                          a.ints.push_back(static_cast<int64_t>(v));
                        });
                        break;
                      case f::strings:
                        charge(sizeof(std::string));
                        a.strings.push_back(m.string("strings"));
                        break;
                      case f::tensors:
                        charge(sizeof(Tensor));
                        a.tensors.push_back(m.bytes("tensors"));
                        break;
                      case f::graphs:
                        charge(sizeof(GraphProto));
                        a.graphs.push_back(m.bytes("graphs"));
                        break;
                      default: m.skip();
                    }
                  }
                  if (a.name.empty()) fail(Code::corrupt, "no name");
                  a.type = checked_type(a);
                  Attribute out{a.name, {}, a.ref, 0};
                  if (a.ref.empty()) {
                    out.value = attribute_value(a);
                  } else {
                    out.ref_type = a.type;
                  }
                  return out;
                });
}

AttributeValue OnnxReader::attribute_value(const AttributeParts& a) {
  const auto require = [&](const char* what) {
    if (!a.has(a.type)) fail(Code::corrupt, fmt::format("its {} is missing", what));
  };
  const auto subgraph = [&](Bytes bytes) {
    charge(sizeof(GraphProto));
    return std::make_shared<GraphProto>(graph(PbMessage(bytes)));
  };
  switch (a.type) {
    case kind::f: return a.f;
    case kind::i: return a.i;
    case kind::s: return a.s;
    case kind::floats: return a.floats;
    case kind::ints: return a.ints;
    case kind::strings: return a.strings;
    case kind::t: require("tensor"); return tensor(a.t);
    case kind::g: require("graph"); return subgraph(a.g);
    case kind::tp: require("type"); return type(PbMessage(a.tp));
    case kind::tensors: {
      std::vector<Tensor> tensors;
      for (Bytes b : a.tensors) tensors.push_back(tensor(b));
      return tensors;
    }
    case kind::graphs: {
      std::vector<std::shared_ptr<GraphProto>> graphs;
      for (Bytes b : a.graphs) graphs.push_back(subgraph(b));
      return graphs;
    }
    case kind::sparse_tensor: require("sparse tensor"); return sparse_tensor(a.sparse);
    case kind::sparse_tensors: fail(Code::unsupported, "a list of sparse tensors");
    case kind::type_protos: fail(Code::unsupported, "a list of types");
    default: fail(Code::unsupported, fmt::format("attribute type {} is not known", a.type));
  }
}

ValueInfo OnnxReader::value_info(PbMessage m) {
  ValueInfo v;
  within([&] { return quote(v.name); },
         [&] {
           while (m.next()) {
             switch (m.tag()) {
               case field::value_info::name: v.name = name(m, "name"); break;
               case field::value_info::type: v.type = type(m.message("type")); break;
               case field::value_info::doc: v.doc = m.prose("doc_string"); break;
               default: m.skip();
             }
           }
         });
  return v;
}

TypeProto OnnxReader::type(PbMessage m) {
  namespace ft = field::type;
  using Kind = TypeProto::Kind;
  const Level level(&depth_);
  TypeProto t;
  while (m.next()) {
    switch (m.tag()) {
      case ft::tensor: t = tensor_type(m.message("tensor_type"), Kind::tensor); break;
      case ft::sparse_tensor:
        t = tensor_type(m.message("sparse_tensor_type"), Kind::sparse_tensor);
        break;
      case ft::sequence: t = container_type(m.message("sequence_type"), Kind::sequence); break;
      case ft::optional: t = container_type(m.message("optional_type"), Kind::optional); break;
      case ft::map: t = container_type(m.message("map_type"), Kind::map); break;
      case ft::opaque: fail(Code::unsupported, "an opaque type");
      default: m.skip();
    }
  }
  return t;
}

namespace {

DimProto dimension(PbMessage m) {
  DimProto d;
  while (m.next()) {
    switch (m.tag()) {
      // Exporters write -1 where they know nothing.
      case field::dimension::value:
        d = {std::max<int64_t>(m.integer("dim_value"), -1), std::string()};
        break;
      case field::dimension::param: d = {-1, m.name("dim_param")}; break;
      default: m.skip();
    }
  }
  return d;
}

}  // namespace

TypeProto OnnxReader::tensor_type(PbMessage m, TypeProto::Kind kind) {
  namespace ft = field::tensor_type;
  TypeProto t;
  t.kind = kind;
  while (m.next()) {
    if (m.tag() == ft::element) {
      t.dtype = checked_dtype(m.integer("elem_type"));
    } else if (m.tag() == ft::shape) {
      t.has_shape = true;
      for (PbMessage s = m.message("shape"); s.next();) {
        if (s.tag() != field::shape::dim) {
          s.skip();
          continue;
        }
        if (static_cast<int64_t>(t.shape.size()) >= limits::rank) {
          fail(Code::unsupported, fmt::format("more than {} dimensions", limits::rank));
        }
        charge(sizeof(DimProto));
        t.shape.push_back(dimension(s.message("dim")));
      }
    } else {
      m.skip();
    }
  }
  return t;
}

TypeProto OnnxReader::container_type(PbMessage m, TypeProto::Kind kind) {
  TypeProto t;
  t.kind = kind;
  const bool is_map = kind == TypeProto::Kind::map;
  const uint32_t element = is_map ? +field::map_type::value : +field::tensor_type::element;
  while (m.next()) {
    if (m.tag() == element) {
      charge(sizeof(TypeProto));
      t.element = std::make_shared<TypeProto>(type(m.message("element type")));
    } else if (is_map && m.tag() == field::map_type::key) {
      t.dtype = checked_dtype(m.integer("key_type"));
    } else {
      m.skip();
    }
  }
  return t;
}

}  // namespace hone::model
