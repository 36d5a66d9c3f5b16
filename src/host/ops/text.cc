// Operators on strings: StringNormalizer, StringConcat, StringSplit, RegexFullMatch.
#include <re2/re2.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <set>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status check_strings(const InferContext& ctx, size_t i) {
  const DType t = ctx.in(i).dtype;
  if (t == DType::none || t == DType::string) return {};
  return invalid(fmt::format("input {} is {}, not string", i, name(t)));
}
Status need_strings(const RefContext& ctx) {
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (ctx.in(i).dtype() != DType::string) return bad_dtype(ctx.node(), ctx.in(i).dtype());
  }
  return {};
}

std::vector<std::string> strings(const Node& node, const char* name) {
  const graph::Attr* attr = node.attributes.find(name);
  const auto* list = attr == nullptr ? nullptr : std::get_if<std::vector<std::string>>(attr);
  return list == nullptr ? std::vector<std::string>{} : *list;
}

// --- StringNormalizer ---------------------------------------------------------------------------

enum class Case { keep, lower, upper };

std::string in_case(const std::string& text, Case c, const icu::Locale& locale) {
  if (c == Case::keep) return text;
  icu::UnicodeString s = icu::UnicodeString::fromUTF8(text);
  c == Case::lower ? s.toLower(locale) : s.toUpper(locale);
  std::string out;
  return s.toUTF8String(out);
}

// [words] or [1, words].
Status infer_normalizer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_strings(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, DType::string);
    return {};
  }
  const int rank = ctx.in(0).rank();
  SymShape out{ctx.unknown(0, rank - 1)};
  if (rank == 2) {
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[0], Dim(1), "the number of rows and 1"));
    out.insert(out.begin(), Dim(1));
  }
  ctx.set(0, DType::string, std::move(out));
  return {};
}

Status normalizer(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_strings(ctx));
  const Tensor& x = ctx.in(0);
  if (x.rank() < 1 || x.rank() > 2 || (x.rank() == 2 && x.dims()[0] != 1)) {
    return error(Code::shape_mismatch, "the words are not [n] or [1, n]");
  }
  const std::string action = ctx.node().attributes.s("case_change_action", "NONE");
  if (action != "NONE" && action != "LOWER" && action != "UPPER") {
    return invalid("case_change_action '" + action + "'");
  }
  const Case change = action == "LOWER"   ? Case::lower
                      : action == "UPPER" ? Case::upper
                                          : Case::keep;
  const icu::Locale locale(ctx.node().attributes.s("locale", "en_US").c_str());
  // Stop words are found in the words as they are, or in any case.
  const bool exact = ctx.node().attributes.i("is_case_sensitive", 0) != 0;
  const Case compared = exact ? Case::keep : Case::lower;
  std::set<std::string> stops;
  for (const std::string& w : strings(ctx.node(), "stopwords")) {
    stops.insert(in_case(w, compared, locale));
  }
  std::vector<std::string> kept;
  for (const std::string& w : x.as_strings()) {
    if (!stops.contains(in_case(w, compared, locale))) kept.push_back(in_case(w, change, locale));
  }
  if (kept.empty()) kept.push_back("");
  Dims dims(static_cast<size_t>(x.rank()), 1);
  dims.back() = static_cast<int64_t>(kept.size());
  ctx.set(0, Tensor::strings(std::move(dims), std::move(kept)));
  return {};
}

// --- StringConcat -------------------------------------------------------------------------------

Status infer_concat(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_strings(ctx, 0));
  HONE_RETURN_IF_ERROR(check_strings(ctx, 1));
  HONE_ASSIGN(std::optional<SymShape> shape, broadcast_inputs(ctx));
  if (!shape) {
    ctx.set_unranked(0, DType::string);
    return {};
  }
  ctx.set(0, DType::string, std::move(*shape));
  return {};
}

Status concat(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_strings(ctx));
  const Tensor &a = ctx.in(0), &b = ctx.in(1);
  HONE_ASSIGN(const Dims dims, broadcast_dims(a.dims(), b.dims()));
  HONE_RETURN_IF_ERROR(check_size(DType::string, dims));
  Walk<2> walk(dims, {broadcast_strides(a.dims(), dims), broadcast_strides(b.dims(), dims)});
  std::vector<std::string> out;
  for (int64_t i = 0, n = element_count(dims); i < n; ++i, walk.next()) {
    out.push_back(a.as_strings()[static_cast<size_t>(walk.offset(0))] +
                  b.as_strings()[static_cast<size_t>(walk.offset(1))]);
  }
  ctx.set(0, Tensor::strings(dims, std::move(out)));
  return {};
}

// --- StringSplit --------------------------------------------------------------------------------

Status infer_split(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_strings(ctx, 0));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, DType::string);
    if (ctx.has_output(1)) ctx.set_unranked(1, DType::i64);
    return {};
  }
  SymShape out = ctx.shape(0);
  out.push_back(ctx.unknown(0, static_cast<int>(out.size())));
  if (ctx.has_output(1)) ctx.set(1, DType::i64, ctx.shape(0));
  ctx.set(0, DType::string, std::move(out));
  return {};
}

// Where the white space at `at` ends, in bytes; `at` itself where there is none.
size_t behind_space(const std::string& s, size_t at) {
  while (at < s.size()) {
    size_t next = at;
    UChar32 c = 0;
    U8_NEXT(s.data(), next, s.size(), c);
    if (c < 0 || !u_isUWhiteSpace(c)) break;
    at = next;
  }
  return at;
}

// At runs of white space, none of it at the front; the last of `most` + 1 parts is the rest.
std::vector<std::string> words_of(const std::string& s, int64_t most) {
  std::vector<std::string> parts;
  size_t at = behind_space(s, 0);
  while (at < s.size()) {
    if (static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(s.substr(at));
      break;
    }
    size_t end = at;
    while (end < s.size() && behind_space(s, end) == end) U8_FWD_1(s.data(), end, s.size());
    parts.push_back(s.substr(at, end - at));
    at = behind_space(s, end);
  }
  return parts;
}

std::vector<std::string> parts_of(const std::string& s, const std::string& by, int64_t most) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (static_cast<int64_t>(parts.size()) != most) {
    const size_t end = s.find(by, at);
    if (end == std::string::npos) break;
    parts.push_back(s.substr(at, end - at));
    at = end + by.size();
  }
  parts.push_back(s.substr(at));
  return parts;
}

Status split(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_strings(ctx));
  const Tensor& x = ctx.in(0);
  const std::string by = ctx.node().attributes.s("delimiter", "");
  const int64_t given = ctx.node().attributes.i("maxsplit", -1);
  const int64_t most = given < 0 ? INT64_MAX : given;
  std::vector<std::vector<std::string>> all;
  size_t widest = 0;
  for (const std::string& s : x.as_strings()) {
    all.push_back(by.empty() ? words_of(s, most) : parts_of(s, by, most));
    widest = std::max(widest, all.back().size());
  }
  Dims dims = x.dims();
  dims.push_back(static_cast<int64_t>(widest));
  HONE_RETURN_IF_ERROR(check_size(DType::string, dims));
  std::vector<std::string> out;
  std::vector<int64_t> counts;
  for (std::vector<std::string>& parts : all) {
    counts.push_back(static_cast<int64_t>(parts.size()));
    parts.resize(widest);
    std::move(parts.begin(), parts.end(), std::back_inserter(out));
  }
  ctx.set(0, Tensor::strings(std::move(dims), std::move(out)));
  if (ctx.has_output(1)) {
    ctx.set(1, Tensor::of<int64_t>(x.dims(), std::span<const int64_t>(counts)));
  }
  return {};
}

// --- RegexFullMatch -----------------------------------------------------------------------------

Status infer_match(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_strings(ctx, 0));
  ctx.set(0, shaped_like(ctx.in(0), DType::boolean));
  return {};
}

Status match(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_strings(ctx));
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 pattern(ctx.node().attributes.s("pattern", ""), options);
  if (!pattern.ok()) return invalid("pattern: " + pattern.error());
  Tensor y(DType::boolean, ctx.in(0).dims());
  const std::vector<std::string>& x = ctx.in(0).as_strings();
  for (size_t i = 0; i < x.size(); ++i) {
    y.set(static_cast<int64_t>(i), re2::RE2::FullMatch(x[i], pattern) ? 1 : 0);
  }
  ctx.set(0, std::move(y));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr AttrSpec normalizer_attrs[] = {{"case_change_action", AttrType::s},
                                         {"is_case_sensitive", AttrType::i},
                                         {"locale", AttrType::s},
                                         {"stopwords", AttrType::strings}};
constexpr AttrSpec split_attrs[] = {{"delimiter", AttrType::s}, {"maxsplit", AttrType::i}};
constexpr AttrSpec match_attrs[] = {{"pattern", AttrType::s}};
const OpDef defs[] = {
    {"", "StringNormalizer", 10, 1, 1, 1, 1, normalizer_attrs, infer_normalizer, normalizer,
     no_flops},
    {"", "StringConcat", 20, 2, 2, 1, 1, {}, infer_concat, concat, no_flops},
    {"", "StringSplit", 20, 1, 1, 1, 2, split_attrs, infer_split, split, no_flops},
    {"", "RegexFullMatch", 20, 1, 1, 1, 1, match_attrs, infer_match, match, no_flops},
};

}  // namespace

std::span<const OpDef> text_defs() { return defs; }

}  // namespace hone::ops
