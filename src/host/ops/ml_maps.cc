// ai.onnx.ml's maps: ZipMap makes them of rows, DictVectorizer and CastMap rows of them.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>

#include "host/ops/infer_util.h"
#include "host/ops/ml_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status check_map(const InferContext& ctx, DType key) {
  const Fact& f = ctx.in(0);
  if (f.dtype == DType::none || (f.kind == Fact::Kind::map && f.key == key)) return {};
  return invalid(fmt::format("input 0 is {}, not a map with keys of {}", to_string(f), name(key)));
}
Status need_map(const RefContext& ctx, DType key) {
  if (ctx.in(0).is_map() && ctx.in(0).keys().dtype() == key) return {};
  return invalid(fmt::format("input 0 is not a map with keys of {}", name(key)));
}

// --- ZipMap -------------------------------------------------------------------------------------

Result<ClassLabels> zip_labels(const Node& node) {
  HONE_ASSIGN(ClassLabels labels, ClassLabels::of(node, "classlabels_int64s"));
  std::map<std::string, int> seen;
  const Tensor all = labels.all();
  for (int64_t i = 0; i < all.count(); ++i) {
    const bool words = all.dtype() == DType::string;
    const auto at = static_cast<size_t>(i);
    if (++seen[words ? all.as_strings()[at] : std::to_string(all.int_at(i))] == 1) continue;
    return invalid("classlabels: one is there twice");
  }
  return labels;
}

Status infer_zip(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  HONE_ASSIGN(const ClassLabels labels, zip_labels(ctx.node()));
  if (ctx.has_rank(0)) {
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0).back(), Dim(labels.count()), "classes"));
  }
  Fact maps = Fact::of(ctx.in(0).dtype, {});
  maps.kind = Fact::Kind::sequence;
  maps.key = labels.dtype();
  ctx.set(0, std::move(maps));
  return {};
}

Status zip(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_rows(ctx));
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const ClassLabels labels, zip_labels(ctx.node()));
  const Rows r = rows_of(x);
  if (r.size != labels.count()) return error(Code::shape_mismatch, "as many columns as labels");
  const Tensor keys = labels.all();
  std::vector<Tensor> maps;
  for (int64_t i = 0; i < r.count; ++i) {
    HONE_ASSIGN(Tensor row,
                gather_elements(x, {r.size}, [&](int64_t k) { return i * r.size + k; }));
    maps.push_back(Tensor::map(keys, std::move(row)));
  }
  ctx.set(0, Tensor::sequence(x.dtype(), std::move(maps)));
  return {};
}

// --- DictVectorizer -----------------------------------------------------------------------------

struct Vocabulary {
  DType key = DType::i64;
  std::vector<std::string> words;  // numbers as words too
};
Result<Vocabulary> vocabulary_of(const Node& node) {
  Vocabulary v;
  if (const auto* words = strings_of(node, "string_vocabulary")) {
    v.key = DType::string;
    v.words = *words;
  }
  for (int64_t n : node.attributes.ints("int64_vocabulary")) {
    if (v.key == DType::string) return invalid("two vocabularies");
    v.words.push_back(std::to_string(n));
  }
  if (v.words.empty()) return invalid("one of string_vocabulary and int64_vocabulary is needed");
  return v;
}

Status infer_vectorize(InferContext& ctx) {
  HONE_ASSIGN(const Vocabulary v, vocabulary_of(ctx.node()));
  HONE_RETURN_IF_ERROR(check_map(ctx, v.key));
  ctx.set(0, ctx.in(0).dtype, {Dim(1), Dim(static_cast<int64_t>(v.words.size()))});
  return {};
}

// A row of the values of the vocabulary's words; 0 or "" of those that the map has not. One row,
// not a vector: so ONNX Runtime has it, and whoever writes such a model.
Status vectorize(RefContext& ctx) {
  HONE_ASSIGN(const Vocabulary v, vocabulary_of(ctx.node()));
  HONE_RETURN_IF_ERROR(need_map(ctx, v.key));
  const Tensor &keys = ctx.in(0).keys(), &values = ctx.in(0).values();
  std::map<std::string, int64_t> places;
  for (int64_t i = 0; i < keys.count(); ++i) {
    const bool words = v.key == DType::string;
    const auto at = static_cast<size_t>(i);
    places[words ? keys.as_strings()[at] : std::to_string(keys.int_at(i))] = i;
  }
  const Dims dims = {1, static_cast<int64_t>(v.words.size())};
  const Tensor zero(values.dtype(), {1});
  Mover mover(values.dtype(), dims);
  int64_t to = 0;
  for (const std::string& word : v.words) {
    const auto found = places.find(word);
    found == places.end() ? mover.put(to++, zero, 0) : mover.put(to++, values, found->second);
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

// --- CastMap ------------------------------------------------------------------------------------

struct Form {
  DType to = DType::f32;
  int64_t size = -1;  // of a sparse map; -1: dense
};
Result<Form> form_of(const Node& node) {
  Form f;
  const std::string to = node.attributes.s("cast_to", "TO_FLOAT");
  const std::string form = node.attributes.s("map_form", "DENSE");
  if (to == "TO_STRING") {
    f.to = DType::string;
  } else if (to == "TO_INT64") {
    f.to = DType::i64;
  } else if (to != "TO_FLOAT") {
    return invalid("cast_to '" + to + "'");
  }
  if (form == "DENSE") return f;
  if (form != "SPARSE") return invalid("map_form '" + form + "'");
  f.size = node.attributes.i("max_map", 1);
  if (f.size < 1) return invalid("max_map");
  return f;
}

Status infer_cast(InferContext& ctx) {
  HONE_ASSIGN(const Form f, form_of(ctx.node()));
  HONE_RETURN_IF_ERROR(check_map(ctx, DType::i64));
  ctx.set(0, f.to, {Dim(1), f.size < 0 ? ctx.unknown(0, 1) : Dim(f.size)});
  return {};
}

Result<double> number_in(const std::string& text) {
  double v = 0;
  const char *begin = text.data(), *end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  const auto [at, failed] = std::from_chars(begin, end, v);
  if (failed != std::errc() || at != end) return invalid("'" + text + "' is no number");
  return v;
}

// Element `from` of the map's values as element `to` of the output; numbers as C++'s to_string
// writes them.
Status cast_element(const Tensor& values, int64_t from, int64_t to, Tensor* numbers,
                    std::vector<std::string>* words) {
  if (values.dtype() == DType::string) {
    const std::string& text = values.as_strings()[static_cast<size_t>(from)];
    if (numbers->dtype() == DType::none) {
      (*words)[static_cast<size_t>(to)] = text;
      return {};
    }
    HONE_ASSIGN(const double v, number_in(text));
    numbers->set(to, numbers->dtype() == DType::i64 ? std::trunc(v) : v);
  } else if (numbers->dtype() == DType::none) {
    (*words)[static_cast<size_t>(to)] = std::to_string(values.at(from));
  } else {
    const double v = values.at(from);
    numbers->set(to, numbers->dtype() == DType::i64 ? std::trunc(v) : v);
  }
  return {};
}

Status cast(RefContext& ctx) {
  HONE_ASSIGN(const Form f, form_of(ctx.node()));
  HONE_RETURN_IF_ERROR(need_map(ctx, DType::i64));
  const Tensor& values = ctx.in(0).values();
  if (values.dtype() != DType::f32 && values.dtype() != DType::string) {
    return bad_dtype(ctx.node(), values.dtype());
  }
  const std::vector<int64_t> keys = ints_of(ctx.in(0).keys());
  std::vector<int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
  });
  const Dims dims = {1, f.size < 0 ? static_cast<int64_t>(keys.size()) : f.size};
  HONE_RETURN_IF_ERROR(check_size(f.to, dims));
  const bool text = f.to == DType::string;
  Tensor numbers = text ? Tensor() : Tensor(f.to, dims);
  // What ONNX Runtime puts where a sparse map has nothing; the ONNX text does not say.
  std::vector<std::string> words(text ? static_cast<size_t>(dims[1]) : 0, "0.f");
  int64_t next = 0;
  for (int64_t i : order) {
    const int64_t to = f.size < 0 ? next++ : keys[static_cast<size_t>(i)];
    if (to < 0) return invalid(fmt::format("key {} of a sparse map", to));
    if (to >= dims[1]) continue;
    HONE_RETURN_IF_ERROR(cast_element(values, i, to, &numbers, &words));
  }
  ctx.set(0, text ? Tensor::strings(dims, std::move(words)) : std::move(numbers));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr const char* domain = "ai.onnx.ml";
constexpr AttrSpec labels[] = {{"classlabels_int64s", AttrType::ints},
                               {"classlabels_strings", AttrType::strings}};
constexpr AttrSpec vocabularies[] = {{"int64_vocabulary", AttrType::ints},
                                     {"string_vocabulary", AttrType::strings}};
constexpr AttrSpec form[] = {
    {"cast_to", AttrType::s}, {"map_form", AttrType::s}, {"max_map", AttrType::i}};

OpDef of_maps(const char* name, std::span<const AttrSpec> attrs, Status (*infer)(InferContext&),
              Status (*reference)(RefContext&)) {
  OpDef def{domain, name, 1, 1, 1, 1, 1, attrs, infer, reference, no_flops};
  def.sequences = true;
  return def;
}
const OpDef defs[] = {
    {domain, "ZipMap", 1, 1, 1, 1, 1, labels, infer_zip, zip, no_flops},
    of_maps("DictVectorizer", vocabularies, infer_vectorize, vectorize),
    of_maps("CastMap", form, infer_cast, cast),
};

}  // namespace

std::span<const OpDef> ml_maps_defs() { return defs; }

}  // namespace hone::ops
