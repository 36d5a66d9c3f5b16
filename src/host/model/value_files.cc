#include "host/model/value_files.h"

#include <fmt/format.h>

#include "host/model/files.h"
#include "host/model/onnx_fields.h"
#include "host/model/pb_message.h"
#include "host/model/pb_writer.h"
#include "host/model/tensor_files.h"
#include "host/model/tensor_proto.h"

namespace hone::model {
namespace {

using Kind = TypeProto::Kind;
namespace seq = field::sequence;
namespace opt = field::optional;
namespace kinds = field::value_kind;

bool is_kind(const TypeProto& type, Kind kind) { return type.kind == kind; }

// What a sequence or an optional holds.
const TypeProto& element_of(const TypeProto& type) {
  static const TypeProto unknown;
  return type.element ? *type.element : unknown;
}

DType dtype_inside(const TypeProto& type) {
  const TypeProto* t = &type;
  while (t->element && t->kind != Kind::map) t = t->element.get();
  return t->kind == Kind::tensor ? t->dtype : DType::none;
}

class ValueReader {
 public:
  explicit ValueReader(std::shared_ptr<const void> owner) : owner_(std::move(owner)) {}

  Tensor value(Bytes bytes, const TypeProto& type) const {
    switch (type.kind) {
      case Kind::sequence: return sequence(PbMessage(bytes), type);
      case Kind::optional: return optional(PbMessage(bytes), type);
      case Kind::tensor: return tensor(bytes, type.dtype);
      default: fail(Code::unsupported, "a value of type " + kind_name(type));
    }
  }

 private:
  Tensor tensor(Bytes bytes, DType declared) const {
    NamedTensor t;
    parse_tensor(bytes, owner_, nullptr, &t);
    if (declared != DType::none && t.tensor.dtype() != declared) {
      fail(Code::corrupt, fmt::format("a tensor of {} where the model declares {}",
                                      hone::name(t.tensor.dtype()), hone::name(declared)));
    }
    return std::move(t.tensor);
  }

  Tensor element(Bytes bytes, DType declared, size_t index) const {
    return within([&] { return fmt::format("element {}", index); },
                  [&] { return tensor(bytes, declared); });
  }

  Tensor sequence(PbMessage m, const TypeProto& type) const {
    if (!is_kind(element_of(type), Kind::tensor)) {
      fail(Code::unsupported, "a sequence of other things than tensors");
    }
    const DType declared = element_of(type).dtype;
    std::vector<Tensor> items;
    while (m.next()) {
      switch (m.tag()) {
        case seq::elem_type: expect(m.integer("elem_type"), kinds::tensor, "a sequence"); break;
        case seq::tensors:
          if (static_cast<int64_t>(items.size()) >= limits::items) {
            fail(Code::unsupported, fmt::format("a sequence of more than {}", limits::items));
          }
          items.push_back(element(m.bytes("tensor_values"), declared, items.size()));
          break;
        case seq::sparse:
        case seq::sequences:
        case seq::maps:
        case seq::optionals: fail(Code::unsupported, "a sequence of other things than tensors");
        default: m.skip();
      }
    }
    return Tensor::sequence(declared, std::move(items));
  }

  Tensor optional(PbMessage m, const TypeProto& type) const {
    const TypeProto& element = element_of(type);
    const bool list = is_kind(element, Kind::sequence);
    if (!list && !is_kind(element, Kind::tensor)) {
      fail(Code::unsupported, "an optional of other things than tensors and sequences");
    }
    Tensor held;
    while (m.next()) {
      switch (m.tag()) {
        case opt::elem_type:
          expect(m.integer("elem_type"), list ? kinds::sequence : kinds::tensor, "an optional");
          break;
        case opt::tensor:
        case opt::sequence:
          if ((m.tag() == opt::sequence) != list || held) {
            fail(Code::corrupt, "an optional of another kind than the model declares");
          }
          held = value(m.bytes("value"), element);
          break;
        case opt::sparse:
        case opt::map:
        case opt::optional:
          fail(Code::unsupported, "an optional of other things than tensors and sequences");
        default: m.skip();
      }
    }
    return held ? held : Tensor::empty_optional(dtype_inside(type));
  }

  static void expect(int64_t kind, int64_t declared, const char* what) {
    if (kind == declared || kind == kinds::undefined) return;
    fail(Code::corrupt, fmt::format("{} whose elem_type is {}, not {}", what, kind, declared));
  }

  std::shared_ptr<const void> owner_;
};

void put_sequence(PbWriter& w, const std::string& name, const Tensor& value) {
  w.text(seq::name, name);
  w.integer(seq::elem_type, kinds::tensor);
  for (const Tensor& item : value.items()) {
    w.message(seq::tensors, [&] { put_tensor(w, "", item); });
  }
}

void put_optional(PbWriter& w, const std::string& name, const Tensor& value, bool list) {
  w.text(opt::name, name);
  if (value.is_empty_optional()) return w.integer(opt::elem_type, kinds::undefined);
  w.integer(opt::elem_type, list ? kinds::sequence : kinds::tensor);
  if (list) return w.message(opt::sequence, [&] { put_sequence(w, "", value); });
  w.message(opt::tensor, [&] { put_tensor(w, "", value); });
}

}  // namespace

Result<Tensor> parse_value_proto(Bytes bytes, std::shared_ptr<const void> owner,
                                 const TypeProto& type) {
  if (type.kind == Kind::tensor || type.kind == Kind::none) {
    return parse_tensor_proto(bytes, std::move(owner));
  }
  // An optional or a sequence of nothing is an empty message.
  return guarded([&]() -> Result<Tensor> {
    try {
      return ValueReader(std::move(owner)).value(bytes, type);
    } catch (const ParseError& e) {
      if (!e.overrun) throw;
      return error(e.code, "truncated: " + e.text);
    }
  });
}

Result<Tensor> read_value_pb(const std::string& path, const TypeProto& type) {
  HONE_ASSIGN(const MappedFile file, map_file(path));
  auto value = parse_value_proto(file.bytes, file.owner, type);
  if (!value.ok()) return in(path, value.status());
  return value;
}

std::vector<std::byte> format_value_pb(const Tensor& value, const std::string& name,
                                       const TypeProto& type) {
  const bool list = value.is_sequence();
  const bool optional = type.kind == Kind::optional || value.is_empty_optional();
  if (!list && !optional) return format_pb(value, name);
  PbWriter writer;
  const auto body = [&] {
    optional ? put_optional(writer, name, value, list) : put_sequence(writer, name, value);
  };
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<size_t>(writer.measure(body)));
  Output out(&bytes);
  writer.write(&out, body);
  return bytes;
}

std::string kind_name(const TypeProto& type) {
  switch (type.kind) {
    case Kind::sequence: return "sequence";
    case Kind::map: return "map";
    case Kind::sparse_tensor: return "sparse tensor";
    case Kind::optional:
      return is_kind(element_of(type), Kind::sequence) ? "optional sequence" : "optional";
    default: return "tensor";
  }
}

}  // namespace hone::model
