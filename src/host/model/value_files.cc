#include "host/model/value_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

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
namespace map = field::map_value;
namespace kinds = field::value_kind;

bool is_kind(const TypeProto& type, Kind kind) { return type.kind == kind; }

// What a sequence or an optional holds.
const TypeProto& element_of(const TypeProto& type) {
  static const TypeProto unknown;
  return type.element ? *type.element : unknown;
}

DType dtype_inside(const TypeProto& type) {
  const TypeProto* t = &type;
  while (t->element) t = t->element.get();
  return t->kind == Kind::tensor ? t->dtype : DType::none;
}

// Element i of a vector, of rank 0.
Tensor scalar_at(const Tensor& values, int64_t i) {
  if (values.dtype() == DType::string) {
    return Tensor::strings({}, {values.as_strings()[static_cast<size_t>(i)]});
  }
  const int64_t size = byte_size(values.dtype(), 1);
  Tensor out(values.dtype(), {});
  std::memcpy(out.mutable_data(), values.raw_bytes().data() + i * size, static_cast<size_t>(size));
  return out;
}

class ValueReader {
 public:
  explicit ValueReader(std::shared_ptr<const void> owner) : owner_(std::move(owner)) {}

  Tensor value(Bytes bytes, const TypeProto& type) const {
    switch (type.kind) {
      case Kind::sequence: return sequence(PbMessage(bytes), type);
      case Kind::optional: return optional(PbMessage(bytes), type);
      case Kind::map: return dictionary(PbMessage(bytes), type);
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

  Tensor element(Bytes bytes, const TypeProto& declared, size_t index) const {
    return within([&] { return fmt::format("element {}", index); },
                  [&] { return value(bytes, declared); });
  }

  Tensor sequence(PbMessage m, const TypeProto& type) const {
    const TypeProto& declared = element_of(type);
    const bool maps = is_kind(declared, Kind::map);
    if (!maps && !is_kind(declared, Kind::tensor)) {
      fail(Code::unsupported, "a sequence of other things than tensors and maps");
    }
    std::vector<Tensor> items;
    while (m.next()) {
      switch (m.tag()) {
        case seq::elem_type:
          expect(m.integer("elem_type"), maps ? kinds::map : kinds::tensor, "a sequence");
          break;
        case seq::tensors:
        case seq::maps:
          if ((m.tag() == seq::maps) != maps) {
            fail(Code::corrupt, "a sequence of other things than the model declares");
          }
          if (static_cast<int64_t>(items.size()) >= limits::items) {
            fail(Code::unsupported, fmt::format("a sequence of more than {}", limits::items));
          }
          items.push_back(
              element(m.bytes(maps ? "map_values" : "tensor_values"), declared, items.size()));
          break;
        case seq::sparse:
        case seq::sequences:
        case seq::optionals:
          fail(Code::unsupported, "a sequence of other things than tensors and maps");
        default: m.skip();
      }
    }
    return Tensor::sequence(dtype_inside(declared), std::move(items));
  }

  Tensor dictionary(PbMessage m, const TypeProto& type) const {
    const bool words = type.dtype == DType::string;
    if ((!words && type.dtype != DType::i64) || !is_kind(element_of(type), Kind::tensor)) {
      fail(Code::unsupported, "a map with keys other than i64 and string, or to other things");
    }
    std::vector<int64_t> numbers;
    std::vector<std::string> texts;
    std::vector<Tensor> values;
    while (m.next()) {
      switch (m.tag()) {
        case map::key_type: {
          const DType stored = checked_dtype(m.integer("key_type"));
          if (stored == type.dtype) break;
          fail(Code::corrupt, fmt::format("keys of {} where the model declares {}",
                                          hone::name(stored), hone::name(type.dtype)));
        }
        case map::keys:
          m.each_varint("keys", [&](uint64_t v) { numbers.push_back(static_cast<int64_t>(v)); });
          break;
        case map::string_keys: texts.push_back(m.string("string_keys")); break;
        case map::values: {
          TypeProto list;
          list.kind = Kind::sequence;
          list.element = type.element;
          values = value(m.bytes("values"), list).items();
          break;
        }
        default: m.skip();
      }
      if (static_cast<int64_t>(std::max(numbers.size(), texts.size())) > limits::items) {
        fail(Code::unsupported, fmt::format("a map of more than {}", limits::items));
      }
    }
    if ((words ? numbers.size() : texts.size()) > 0) {
      fail(Code::corrupt, "keys of another type than the model declares");
    }
    const size_t count = words ? texts.size() : numbers.size();
    const std::set<int64_t> different(numbers.begin(), numbers.end());
    const std::set<std::string> differing(texts.begin(), texts.end());
    if (different.size() + differing.size() != count) fail(Code::corrupt, "a key comes twice");
    const auto n = static_cast<int64_t>(count);
    return Tensor::map(words ? Tensor::strings({n}, std::move(texts))
                             : Tensor::of<int64_t>({n}, std::span<const int64_t>(numbers)),
                       joined(values, count, element_of(type).dtype));
  }

  // Scalars as one tensor.
  static Tensor joined(const std::vector<Tensor>& scalars, size_t count, DType dtype) {
    if (scalars.size() != count) {
      fail(Code::corrupt, fmt::format("a map of {} keys and {} values", count, scalars.size()));
    }
    std::vector<std::string> texts;
    Tensor out(dtype == DType::string ? DType::none : dtype, {static_cast<int64_t>(count)});
    const size_t size = dtype == DType::string ? 0 : static_cast<size_t>(byte_size(dtype, 1));
    if (bits(dtype) % 8 != 0) fail(Code::unsupported, "a map to numbers of less than a byte");
    for (size_t i = 0; i < count; ++i) {
      if (scalars[i].count() != 1) fail(Code::unsupported, "a map to other things than scalars");
      if (dtype == DType::string) {
        texts.push_back(scalars[i].as_strings().front());
      } else {
        std::memcpy(static_cast<std::byte*>(out.mutable_data()) + i * size,
                    scalars[i].raw_bytes().data(), size);
      }
    }
    return dtype == DType::string ? Tensor::strings({static_cast<int64_t>(count)}, std::move(texts))
                                  : out;
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

void put_map(PbWriter& w, const std::string& name, const Tensor& value) {
  const Tensor &keys = value.keys(), &values = value.values();
  w.text(map::name, name);
  w.integer(map::key_type, static_cast<int64_t>(keys.dtype()));
  for (int64_t i = 0; i < keys.count(); ++i) {
    if (keys.dtype() == DType::string) {
      w.string(map::string_keys, keys.as_strings()[static_cast<size_t>(i)]);
    } else {
      w.integer(map::keys, keys.int_at(i));
    }
  }
  w.message(map::values, [&] {
    w.integer(seq::elem_type, kinds::tensor);
    for (int64_t i = 0; i < values.count(); ++i) {
      w.message(seq::tensors, [&] { put_tensor(w, "", scalar_at(values, i)); });
    }
  });
}

void put_sequence(PbWriter& w, const std::string& name, const Tensor& value, bool maps) {
  w.text(seq::name, name);
  w.integer(seq::elem_type, maps ? kinds::map : kinds::tensor);
  for (const Tensor& item : value.items()) {
    item.is_map() ? w.message(seq::maps, [&] { put_map(w, "", item); })
                  : w.message(seq::tensors, [&] { put_tensor(w, "", item); });
  }
}

void put_optional(PbWriter& w, const std::string& name, const Tensor& value, bool list) {
  w.text(opt::name, name);
  if (value.is_empty_optional()) return w.integer(opt::elem_type, kinds::undefined);
  w.integer(opt::elem_type, list ? kinds::sequence : kinds::tensor);
  if (list) return w.message(opt::sequence, [&] { put_sequence(w, "", value, false); });
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
  if (!list && !optional && !value.is_map()) return format_pb(value, name);
  const bool maps = list && (value.items().empty() ? is_kind(element_of(type), Kind::map)
                                                   : value.items().front().is_map());
  PbWriter writer;
  const auto body = [&] {
    if (optional) return put_optional(writer, name, value, list);
    value.is_map() ? put_map(writer, name, value) : put_sequence(writer, name, value, maps);
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
