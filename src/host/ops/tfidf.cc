// TfIdfVectorizer: how often n-grams of a pool occur in sequences of words or numbers.
#include <algorithm>
#include <map>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

using Gram = std::vector<std::string>;

// Numbers are compared as they are written.
std::vector<std::string> as_words(const Tensor& x) {
  if (x.dtype() == DType::string) return x.as_strings();
  std::vector<std::string> words;
  for (int64_t v : ints_of(x)) words.push_back(std::to_string(v));
  return words;
}

Result<std::vector<std::string>> pool_of(const Node& node) {
  std::vector<std::string> words;
  for (int64_t v : node.attributes.ints("pool_int64s")) words.push_back(std::to_string(v));
  const graph::Attr* attr = node.attributes.find("pool_strings");
  const auto* strings = attr == nullptr ? nullptr : std::get_if<std::vector<std::string>>(attr);
  if ((strings != nullptr) == node.attributes.has("pool_int64s")) {
    return invalid("one of pool_strings and pool_int64s is needed");
  }
  return strings != nullptr ? *strings : words;
}

struct Limits {
  int64_t shortest, longest, skips, width;
};
Result<Limits> limits_of(const Node& node) {
  Limits l{node.attributes.i("min_gram_length", 0), node.attributes.i("max_gram_length", 0),
           node.attributes.i("max_skip_count", 0), 0};
  if (l.shortest < 1 || l.longest < l.shortest || l.skips < 0) {
    return invalid("min_gram_length, max_gram_length and max_skip_count do not fit");
  }
  const std::vector<int64_t> columns = node.attributes.ints("ngram_indexes");
  for (int64_t column : columns) {
    if (column < 0 || column >= int64_t{1} << 31) return invalid("ngram_indexes");
    l.width = std::max(l.width, column + 1);
  }
  if (columns.empty()) return invalid("ngram_indexes is empty");
  return l;
}

// The column of each n-gram of the pool that is long and short enough. counts[n - 1] is where those
// of n words begin.
Result<std::map<Gram, int64_t>> columns_of(const Node& node, const Limits& l) {
  HONE_ASSIGN(const std::vector<std::string> pool, pool_of(node));
  const std::vector<int64_t> counts = node.attributes.ints("ngram_counts");
  const std::vector<int64_t> columns = node.attributes.ints("ngram_indexes");
  const auto total = static_cast<int64_t>(pool.size());
  std::map<Gram, int64_t> out;
  size_t gram = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto n = static_cast<int64_t>(i) + 1;
    const int64_t end = i + 1 < counts.size() ? counts[i + 1] : total;
    if (counts[i] < 0 || counts[i] > end || end > total || (end - counts[i]) % n != 0) {
      return invalid("ngram_counts does not fit the pool");
    }
    for (int64_t at = counts[i]; at < end; at += n, ++gram) {
      if (gram >= columns.size()) return invalid("ngram_indexes has too few entries");
      if (n < l.shortest || n > l.longest) continue;
      out[Gram(pool.begin() + at, pool.begin() + at + n)] = columns[gram];
    }
  }
  return out;
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 0, 2));
  HONE_ASSIGN(const Limits l, limits_of(ctx.node()));
  HONE_RETURN_IF_ERROR(columns_of(ctx.node(), l).status());
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, DType::f32);
    return {};
  }
  SymShape out{Dim(l.width)};
  if (ctx.in(0).rank() == 2) out.insert(out.begin(), ctx.shape(0)[0]);
  ctx.set(0, DType::f32, std::move(out));
  return {};
}

// Adds the n-grams of one row. Words of a gram lie `step` apart; single words are counted once.
void count_row(const std::string* row, int64_t size, const Limits& l,
               const std::map<Gram, int64_t>& columns, double* counts) {
  for (int64_t step = 1; step <= l.skips + 1; ++step) {
    const int64_t shortest = step > 1 ? std::max<int64_t>(l.shortest, 2) : l.shortest;
    for (int64_t n = shortest; n <= l.longest && step * (n - 1) < size; ++n) {
      for (int64_t start = 0; start + step * (n - 1) < size; ++start) {
        Gram gram;
        for (int64_t k = 0; k < n; ++k) gram.push_back(row[start + k * step]);
        const auto found = columns.find(gram);
        if (found != columns.end()) counts[found->second] += 1;
      }
    }
  }
}

Status vectorize(RefContext& ctx) {
  const Node& node = ctx.node();
  const Tensor& x = ctx.in(0);
  if (x.rank() > 2) return error(Code::shape_mismatch, "more than two axes");
  HONE_ASSIGN(Limits l, limits_of(node));
  HONE_ASSIGN(const auto columns, columns_of(node, l));
  const std::string mode = node.attributes.s("mode", "");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") return invalid("mode '" + mode + "'");
  std::vector<float> weights = node.attributes.floats("weights");
  if (weights.empty() || mode == "TF") weights.assign(static_cast<size_t>(l.width), 1.0f);
  if (static_cast<int64_t>(weights.size()) < l.width) return invalid("weights: too few");
  const std::vector<std::string> words = as_words(x);
  const int64_t rows = x.rank() == 2 ? x.dims()[0] : 1;
  const int64_t size = rows == 0 ? 0 : static_cast<int64_t>(words.size()) / rows;
  l.longest = std::min(l.longest, size);  // no longer one can be found
  l.skips = std::min(l.skips, size);
  Dims dims{l.width};
  if (x.rank() == 2) dims.insert(dims.begin(), rows);
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  std::vector<double> y(static_cast<size_t>(rows * l.width), 0.0);
  for (int64_t r = 0; r < rows; ++r) {
    double* counts = y.data() + r * l.width;
    count_row(words.data() + r * size, size, l, columns, counts);
    for (int64_t i = 0; i < l.width; ++i) {
      const double times = mode == "IDF" ? (counts[i] > 0 ? 1.0 : 0.0) : counts[i];
      counts[i] = times * static_cast<double>(weights[static_cast<size_t>(i)]);
    }
  }
  ctx.set(0, store(DType::f32, dims, y));
  return {};
}

constexpr AttrSpec attrs[] = {
    {"max_gram_length", AttrType::i, true}, {"max_skip_count", AttrType::i, true},
    {"min_gram_length", AttrType::i, true}, {"mode", AttrType::s, true},
    {"ngram_counts", AttrType::ints, true}, {"ngram_indexes", AttrType::ints, true},
    {"pool_int64s", AttrType::ints},        {"pool_strings", AttrType::strings},
    {"weights", AttrType::floats}};
const OpDef defs[] = {{"", "TfIdfVectorizer", 9, 1, 1, 1, 1, attrs, infer, vectorize, no_flops}};

}  // namespace

std::span<const OpDef> tfidf_defs() { return defs; }

}  // namespace hone::ops
