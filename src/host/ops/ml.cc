// ai.onnx.ml: LabelEncoder, CategoryMapper, ArrayFeatureExtractor, Binarizer.
#include <cmath>
#include <map>

#include "host/ops/infer_util.h"
#include "host/ops/ml_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- LabelEncoder -------------------------------------------------------------------------------

// Keys or values, whichever attribute holds them: <stem>_strings, _int64s, _floats, _tensor.
Result<Tensor> listed(const Node& node, const std::string& stem) {
  const graph::Attributes& a = node.attributes;
  if (const auto* s = strings_of(node, (stem + "_strings").c_str())) {
    return Tensor::strings({static_cast<int64_t>(s->size())}, *s);
  }
  if (a.has(stem + "_int64s")) {
    const std::vector<int64_t> v = a.ints(stem + "_int64s");
    return Tensor::of<int64_t>({static_cast<int64_t>(v.size())}, std::span<const int64_t>(v));
  }
  if (a.has(stem + "_floats")) {
    const std::vector<float> v = a.floats(stem + "_floats");
    return Tensor::of<float>({static_cast<int64_t>(v.size())}, std::span<const float>(v));
  }
  if (a.has(stem + "_tensor")) return a.tensor(stem + "_tensor");
  return invalid(stem + " are missing");
}

// What stands for a key that is not listed, of the values' type.
Result<Tensor> fallback_of(const Node& node, DType t) {
  const graph::Attributes& a = node.attributes;
  if (a.has("default_tensor")) {
    Tensor given = a.tensor("default_tensor");
    if (given.dtype() != t || given.count() != 1) return invalid("default_tensor");
    return given;
  }
  if (t == DType::string) return Tensor::strings({}, {a.s("default_string", "_Unused")});
  Tensor out(t, {});
  out.set(0, t == DType::i64   ? static_cast<double>(a.i("default_int64", -1))
             : t == DType::f32 ? static_cast<double>(a.f("default_float", -0.0f))
                               : 0);
  if (t == DType::i64) out = Tensor::scalar(a.i("default_int64", -1));
  return out;
}

struct Table {
  Tensor keys, values, fallback;
};
Result<Table> table_of(const Node& node, DType x) {
  Table t;
  if (node.version < 2) {  // words to their places, or back
    const auto* words = strings_of(node, "classes_strings");
    if (words == nullptr) return invalid("classes_strings is missing");
    std::vector<int64_t> places(words->size());
    for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
    const auto n = static_cast<int64_t>(places.size());
    t.keys = Tensor::strings({n}, *words);
    t.values = Tensor::of<int64_t>({n}, std::span<const int64_t>(places));
    if (x != DType::string) std::swap(t.keys, t.values);
  } else {
    HONE_ASSIGN(t.keys, listed(node, "keys"));
    HONE_ASSIGN(t.values, listed(node, "values"));
  }
  if (t.keys.count() != t.values.count()) return invalid("as many keys as values are needed");
  if (x != DType::none && t.keys.dtype() != x) return bad_dtype(node, x);
  HONE_ASSIGN(t.fallback, fallback_of(node, t.values.dtype()));
  return t;
}

Status infer_encoder(InferContext& ctx) {
  HONE_ASSIGN(const Table t, table_of(ctx.node(), ctx.in(0).dtype));
  ctx.set(0, shaped_like(ctx.in(0), t.values.dtype()));
  return {};
}

// NaN is a key like others; -0 is 0.
std::string key_at(const Tensor& t, int64_t i) {
  if (t.dtype() == DType::string) return t.as_strings()[static_cast<size_t>(i)];
  if (is_integer(t.dtype())) return std::to_string(t.int_at(i));
  const double v = t.at(i);
  return std::isnan(v) ? "nan" : fmt::format("{:a}", v == 0 ? 0.0 : v);
}

Status look_up(RefContext& ctx, const Table& t) {
  const Tensor& x = ctx.in(0);
  std::map<std::string, int64_t> places;
  for (int64_t i = 0; i < t.keys.count(); ++i) places.try_emplace(key_at(t.keys, i), i);
  HONE_RETURN_IF_ERROR(check_size(t.values.dtype(), x.dims()));
  Mover mover(t.values.dtype(), x.dims());
  for (int64_t i = 0; i < x.count(); ++i) {
    const auto found = places.find(key_at(x, i));
    found == places.end() ? mover.put(i, t.fallback, 0) : mover.put(i, t.values, found->second);
  }
  ctx.set(0, std::move(mover).take());
  return {};
}
Status encode(RefContext& ctx) {
  HONE_ASSIGN(const Table t, table_of(ctx.node(), ctx.in(0).dtype()));
  return look_up(ctx, t);
}

// --- CategoryMapper -----------------------------------------------------------------------------

// Words to numbers or back, whichever the input is not.
Result<Table> categories_of(const Node& node, DType x) {
  const auto* words = strings_of(node, "cats_strings");
  const std::vector<int64_t> numbers = node.attributes.ints("cats_int64s");
  if (words == nullptr || words->size() != numbers.size()) {
    return invalid("as many cats_strings as cats_int64s are needed");
  }
  if (x != DType::string && x != DType::i64) return bad_dtype(node, x);
  const auto n = static_cast<int64_t>(numbers.size());
  Table t;
  t.keys = Tensor::strings({n}, *words);
  t.values = Tensor::of<int64_t>({n}, std::span<const int64_t>(numbers));
  if (x == DType::i64) std::swap(t.keys, t.values);
  HONE_ASSIGN(t.fallback, fallback_of(node, t.values.dtype()));
  return t;
}

Status infer_mapper(InferContext& ctx) {
  if (ctx.in(0).dtype == DType::none) {
    ctx.set(0, ctx.in(0));
    return {};
  }
  HONE_ASSIGN(const Table t, categories_of(ctx.node(), ctx.in(0).dtype));
  ctx.set(0, shaped_like(ctx.in(0), t.values.dtype()));
  return {};
}
Status map_categories(RefContext& ctx) {
  HONE_ASSIGN(const Table t, categories_of(ctx.node(), ctx.in(0).dtype()));
  return look_up(ctx, t);
}

// --- ArrayFeatureExtractor ----------------------------------------------------------------------

Status infer_extract(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  if (!ctx.has_rank(0) || !ctx.has_rank(1)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape out = ctx.shape(0);
  if (out.size() == 1) out.insert(out.begin(), Dim(1));
  out.back() = graph::product(ctx.shape(1), 0, ctx.shape(1).size());
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  return {};
}

// Columns of the last axis; a vector counts as one row.
Status extract(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() < 1) return error(Code::shape_mismatch, "a scalar has no features");
  const std::vector<int64_t> which = ints_of(ctx.in(1));
  const int64_t size = x.dims().back(), n = static_cast<int64_t>(which.size());
  for (int64_t i : which) {
    if (i < 0 || i >= size) return invalid(fmt::format("feature {} of {}", i, size));
  }
  Dims dims = x.dims();
  if (dims.size() == 1) dims.insert(dims.begin(), 1);
  dims.back() = n;
  HONE_ASSIGN(Tensor y, gather_elements(x, dims, [&](int64_t i) {
                return i / n * size + which[static_cast<size_t>(i % n)];
              }));
  ctx.set(0, std::move(y));
  return {};
}

// --- Binarizer ----------------------------------------------------------------------------------

Status binarize(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const auto limit = static_cast<double>(ctx.node().attributes.f("threshold", 0));
  std::vector<double> y = load<double>(x);
  for (double& v : y) v = v > limit ? 1 : 0;
  ctx.set(0, store(x.dtype(), x.dims(), y));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr const char* domain = "ai.onnx.ml";
constexpr AttrSpec encoder_1[] = {{"classes_strings", AttrType::strings},
                                  {"default_int64", AttrType::i},
                                  {"default_string", AttrType::s}};
constexpr AttrSpec encoder_2[] = {
    {"default_float", AttrType::f},       {"default_int64", AttrType::i},
    {"default_string", AttrType::s},      {"keys_floats", AttrType::floats},
    {"keys_int64s", AttrType::ints},      {"keys_strings", AttrType::strings},
    {"values_floats", AttrType::floats},  {"values_int64s", AttrType::ints},
    {"values_strings", AttrType::strings}};
constexpr AttrSpec encoder_4[] = {
    {"default_float", AttrType::f},        {"default_int64", AttrType::i},
    {"default_string", AttrType::s},       {"default_tensor", AttrType::tensor},
    {"keys_floats", AttrType::floats},     {"keys_int64s", AttrType::ints},
    {"keys_strings", AttrType::strings},   {"keys_tensor", AttrType::tensor},
    {"values_floats", AttrType::floats},   {"values_int64s", AttrType::ints},
    {"values_strings", AttrType::strings}, {"values_tensor", AttrType::tensor}};
constexpr AttrSpec mapper[] = {{"cats_int64s", AttrType::ints},
                               {"cats_strings", AttrType::strings},
                               {"default_int64", AttrType::i},
                               {"default_string", AttrType::s}};
constexpr AttrSpec threshold[] = {{"threshold", AttrType::f}};
const OpDef defs[] = {
    {domain, "LabelEncoder", 1, 1, 1, 1, 1, encoder_1, infer_encoder, encode, no_flops},
    {domain, "LabelEncoder", 2, 1, 1, 1, 1, encoder_2, infer_encoder, encode, no_flops},
    {domain, "LabelEncoder", 4, 1, 1, 1, 1, encoder_4, infer_encoder, encode, no_flops},
    {domain, "CategoryMapper", 1, 1, 1, 1, 1, mapper, infer_mapper, map_categories, no_flops},
    {domain, "ArrayFeatureExtractor", 1, 2, 2, 1, 1, {}, infer_extract, extract, no_flops},
    {domain, "Binarizer", 1, 1, 1, 1, 1, threshold, infer_same, binarize, nullptr},
};

}  // namespace

std::span<const OpDef> ml_defs() { return defs; }

}  // namespace hone::ops
