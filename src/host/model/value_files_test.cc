#include "host/model/value_files.h"

#include <gtest/gtest.h>

#include "host/model/pb_test_util.h"

namespace hone::model {
namespace {

using namespace testing;
using Kind = TypeProto::Kind;

TypeProto tensor_type(DType t) {
  TypeProto type;
  type.kind = Kind::tensor;
  type.dtype = t;
  return type;
}
TypeProto holding(Kind kind, TypeProto element) {
  TypeProto type;
  type.kind = kind;
  type.element = std::make_shared<const TypeProto>(std::move(element));
  return type;
}
const TypeProto list = holding(Kind::sequence, tensor_type(DType::f32));
const TypeProto maybe = holding(Kind::optional, tensor_type(DType::f32));
const TypeProto maybe_list = holding(Kind::optional, list);

Result<Tensor> parse(const std::string& bytes, const TypeProto& type) {
  const auto kept = std::make_shared<std::string>(bytes);
  return parse_value_proto(bytes_of(*kept), kept, type);
}
std::string refusal(const std::string& bytes, const TypeProto& type) {
  return parse(bytes, type).status().text();
}

// One f32 of rank 0.
std::string number(float v) { return num(2, 1) + len(9, fixed(v)); }

Tensor again(const Tensor& value, const TypeProto& type) {
  const auto bytes =
      std::make_shared<const std::vector<std::byte>>(format_value_pb(value, "x", type));
  auto read = parse_value_proto(*bytes, bytes, type);
  EXPECT_TRUE(read.ok()) << read.status().text();
  return read.ok() ? *read : Tensor();
}

TEST(ValueFiles, Sequences) {
  const Tensor s = *parse(len(1, "name") + num(2, 1) + len(3, number(1)) + len(3, number(2)), list);
  ASSERT_TRUE(s.is_sequence());
  ASSERT_EQ(s.items().size(), 2u);
  EXPECT_EQ(s.items()[1].at(0), 2);
  const Tensor none = *parse("", list);
  ASSERT_TRUE(none.is_sequence());
  EXPECT_TRUE(none.items().empty());
  EXPECT_EQ(none.dtype(), DType::f32);
}

TEST(ValueFiles, Optionals) {
  EXPECT_EQ(parse(num(2, 1) + len(3, number(3)), maybe)->at(0), 3);
  EXPECT_TRUE(parse("", maybe)->is_empty_optional());
  EXPECT_TRUE(parse(num(2, 0), maybe_list)->is_empty_optional());
  const Tensor held = *parse(num(2, 3) + len(5, len(3, number(4))), maybe_list);
  ASSERT_TRUE(held.is_sequence());
  EXPECT_EQ(held.items()[0].at(0), 4);
}

TEST(ValueFiles, SayWhatIsWrong) {
  EXPECT_EQ(refusal(num(2, 3), list), "a sequence whose elem_type is 3, not 1");
  EXPECT_EQ(refusal(len(5, ""), list), "a sequence of other things than tensors and maps");
  EXPECT_EQ(refusal(len(6, ""), list), "a sequence of other things than the model declares");
  EXPECT_EQ(refusal(len(3, number(1)) + len(3, num(2, 7) + len(9, fixed(int64_t{1}))), list),
            "element 1: a tensor of i64 where the model declares f32");
  EXPECT_EQ(refusal(len(3, num(2, 1)), list), "element 0: f32[] needs 4 bytes of data, 0 found");
  EXPECT_EQ(refusal(len(5, len(3, number(1))), maybe),
            "an optional of another kind than the model declares");
  EXPECT_EQ(refusal(len(3, number(1)) + len(3, number(1)), maybe),
            "an optional of another kind than the model declares");
  EXPECT_EQ(refusal("\x1a\x7f", list), "truncated: tensor_values claims 127 bytes, 0 remain");
  EXPECT_EQ(refusal("", holding(Kind::sequence, list)),
            "a sequence of other things than tensors and maps");
}

TypeProto map_type(DType key, DType value) {
  TypeProto type = holding(Kind::map, tensor_type(value));
  type.dtype = key;
  return type;
}
const TypeProto numbered = map_type(DType::i64, DType::f32);

TEST(ValueFiles, Maps) {
  const std::string two = num(2, 1) + len(3, number(1.5)) + len(3, number(-2));
  // Keys one by one, as protobuf 2 writes them, and packed.
  for (const std::string& keys : {num(3, 7) + num(3, 9), len(3, "\x07\x09")}) {
    const Tensor m = *parse(len(1, "name") + num(2, 7) + keys + len(5, two), numbered);
    ASSERT_TRUE(m.is_map());
    EXPECT_EQ(to_ints(m.keys()), (std::vector<int64_t>{7, 9}));
    EXPECT_EQ(m.values().at(1), -2);
    EXPECT_EQ(m.dtype(), DType::f32);
  }
  EXPECT_EQ(parse("", numbered)->keys().count(), 0);
  for (const DType key : {DType::i64, DType::string}) {
    for (const DType value : {DType::f32, DType::i64, DType::f64, DType::string}) {
      const Tensor keys =
          key == DType::i64 ? Tensor::of<int64_t>({2}, {-5, 1}) : Tensor::strings({2}, {"", "é"});
      const Tensor values =
          value == DType::string ? Tensor::strings({2}, {"a", ""}) : Tensor(value, {2});
      const TypeProto type = map_type(key, value);
      const Tensor map = Tensor::map(keys, values), back = again(map, type);
      ASSERT_TRUE(back.is_map());
      EXPECT_TRUE(identical(back.keys(), keys) && identical(back.values(), values));
      const Tensor items =
          again(Tensor::sequence(value, {map, map}), holding(Kind::sequence, type));
      ASSERT_EQ(items.items().size(), 2u);
      EXPECT_TRUE(identical(items.items()[1].keys(), keys));
      const Tensor none = again(Tensor::sequence(value, {}), holding(Kind::sequence, type));
      EXPECT_TRUE(none.is_sequence() && none.items().empty() && none.dtype() == value);
    }
  }
}

TEST(ValueFiles, SayWhatIsWrongWithMaps) {
  const auto said = [](const std::string& bytes) { return refusal(bytes, numbered); };
  EXPECT_EQ(said(num(2, 8)), "keys of string where the model declares i64");
  EXPECT_EQ(said(len(4, "a")), "keys of another type than the model declares");
  EXPECT_EQ(said(num(3, 7)), "a map of 1 keys and 0 values");
  EXPECT_EQ(said(num(3, 7) + num(3, 7)), "a key comes twice");
  const std::string vector = num(1, 2) + num(2, 1) + len(9, fixed(1.0f) + fixed(2.0f));
  EXPECT_EQ(said(num(3, 7) + len(5, len(3, vector))), "a map to other things than scalars");
  EXPECT_EQ(refusal("", holding(Kind::map, list)),
            "a map with keys other than i64 and string, or to other things");
}

// Every element type goes out and comes back, in every kind of value.
TEST(ValueFiles, RoundTrips) {
  for (int t = 1; t < dtype_count; ++t) {
    const auto type = static_cast<DType>(t);
    const TypeProto element = tensor_type(type);
    const TypeProto items = holding(Kind::sequence, element);
    const Tensor x = type == DType::string ? Tensor::strings({2}, {"a", ""}) : Tensor(type, {3, 2});
    const Tensor s = Tensor::sequence(type, {x, x});
    EXPECT_TRUE(identical(again(x, element), x));
    EXPECT_TRUE(identical(again(x, holding(Kind::optional, element)), x));
    for (const TypeProto& of : {items, holding(Kind::optional, items)}) {
      const Tensor back = again(s, of);
      ASSERT_TRUE(back.is_sequence());
      ASSERT_EQ(back.items().size(), 2u);
      EXPECT_TRUE(identical(back.items()[1], x));
    }
    const Tensor nothing = again(Tensor::empty_optional(type), holding(Kind::optional, items));
    EXPECT_TRUE(nothing.is_empty_optional());
    EXPECT_EQ(nothing.dtype(), type);
  }
}

}  // namespace
}  // namespace hone::model
