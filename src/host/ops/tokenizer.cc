// Tokenizer of com.microsoft, which scikit-learn's exporter writes for vectorizers of text.
#include <re2/re2.h>

#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

constexpr const char *start_of_text = "\x02", *end_of_text = "\x03";

using Words = std::vector<std::string>;

size_t character_bytes(const std::string& text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(n, text.size() - at);
}
size_t characters(const std::string& text) {
  size_t n = 0;
  for (size_t at = 0; at < text.size(); at += character_bytes(text, at)) ++n;
  return n;
}

// How one text falls apart: into what a pattern matches, at separators, or into characters (one
// separator, which is empty).
struct Rule {
  std::unique_ptr<RE2> pattern;
  Words separators;
  size_t least = 1;  // characters of a word; a last one behind all separators counts always

  Words matches(const std::string& text) const {
    Words out;
    re2::StringPiece found;
    for (size_t at = 0; at < text.size();) {
      if (!pattern->Match(text, at, text.size(), RE2::UNANCHORED, &found, 1)) break;
      const auto begin = static_cast<size_t>(found.data() - text.data());
      if (found.empty()) {
        at = begin < text.size() ? begin + character_bytes(text, begin) : text.size();
        continue;
      }
      std::string word(found.data(), found.size());
      if (characters(word) >= least) out.push_back(std::move(word));
      at = begin + found.size();
    }
    return out;
  }

  // A separator named earlier wins where two overlap; of one the first place.
  Words pieces(const std::string& text) const {
    struct Cut {
      size_t begin, end;
    };
    std::vector<Cut> cuts;
    for (const std::string& separator : separators) {
      for (size_t at = text.find(separator); at != std::string::npos;) {
        const Cut cut{at, at + separator.size()};
        const bool free = std::none_of(cuts.begin(), cuts.end(), [&](const Cut& c) {
          return cut.begin < c.end && c.begin < cut.end;
        });
        if (free) cuts.push_back(cut);
        at = text.find(separator, free ? cut.end : at + 1);
      }
    }
    std::sort(cuts.begin(), cuts.end(),
              [](const Cut& a, const Cut& b) { return a.begin < b.begin; });
    Words out;
    size_t at = 0;
    for (const Cut& cut : cuts) {
      std::string word = text.substr(at, cut.begin - at);
      if (!word.empty() && characters(word) >= least) out.push_back(std::move(word));
      at = cut.end;
    }
    if (at < text.size()) out.push_back(text.substr(at));
    return out;
  }

  Words operator()(const std::string& text) const {
    if (pattern != nullptr) return matches(text);
    if (!separators.front().empty()) return pieces(text);
    Words out;
    for (size_t at = 0; at < text.size(); at += out.back().size()) {
      out.push_back(text.substr(at, character_bytes(text, at)));
    }
    return out;
  }
};

Result<Rule> rule_of(const Node& node) {
  Rule rule;
  const int64_t least = node.attributes.i("mincharnum", 1);
  if (least < 1) return invalid("mincharnum");
  rule.least = static_cast<size_t>(least);
  const graph::Attr* given = node.attributes.find("separators");
  if (given != nullptr) {
    if (const auto* words = std::get_if<Words>(given)) rule.separators = *words;
  }
  const std::string pattern = node.attributes.s("tokenexp", "");
  if (pattern.empty() == rule.separators.empty()) {
    return invalid("one of separators and tokenexp is needed");
  }
  if (!pattern.empty()) {
    RE2::Options quiet;
    quiet.set_log_errors(false);
    rule.pattern = std::make_unique<RE2>(pattern, quiet);
    if (!rule.pattern->ok()) {
      return invalid(fmt::format("tokenexp '{}': {}", pattern, rule.pattern->error()));
    }
  } else if (rule.separators.size() > 1 && std::find(rule.separators.begin(), rule.separators.end(),
                                                     "") != rule.separators.end()) {
    return invalid("an empty separator among others");
  }
  return rule;
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, DType::string);
    return {};
  }
  SymShape shape = ctx.shape(0);
  shape.push_back(ctx.unknown(0, static_cast<int>(shape.size())));
  ctx.set(0, DType::string, std::move(shape));
  return {};
}

Status tokenize(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.dtype() != DType::string) return bad_dtype(ctx.node(), x.dtype());
  HONE_ASSIGN(const Rule rule, rule_of(ctx.node()));
  const bool mark = ctx.node().attributes.i("mark", 0) != 0;
  std::vector<Words> rows;
  size_t longest = 0;
  for (const std::string& text : x.as_strings()) {
    rows.push_back(rule(text));
    longest = std::max(longest, rows.back().size());
  }
  const size_t marks = mark && longest > 0 ? 2 : 0;
  Dims dims = x.dims();
  dims.push_back(static_cast<int64_t>(longest + marks));
  HONE_RETURN_IF_ERROR(check_size(DType::string, dims));
  Words y;
  for (Words& row : rows) {
    row.resize(longest, ctx.node().attributes.s("pad_value", ""));
    if (marks > 0) y.push_back(start_of_text);
    std::move(row.begin(), row.end(), std::back_inserter(y));
    if (marks > 0) y.push_back(end_of_text);
  }
  ctx.set(0, Tensor::strings(std::move(dims), std::move(y)));
  return {};
}

constexpr AttrSpec attrs[] = {{"mark", AttrType::i},
                              {"mincharnum", AttrType::i},
                              {"pad_value", AttrType::s},
                              {"separators", AttrType::strings},
                              {"tokenexp", AttrType::s}};
const OpDef defs[] = {{microsoft, "Tokenizer", 1, 1, 1, 1, 1, attrs, infer, tokenize, no_flops}};

}  // namespace

std::span<const OpDef> tokenizer_defs() { return defs; }

}  // namespace hone::ops
