#include "host/import/import.h"

#include <fmt/format.h>

#include <cmath>

#include "host/graph/quote.h"
#include "host/import/import_builder.h"

namespace hone {

namespace detail = import_detail;

static Result<graph::Graph> build(const model::Model& model, const detail::Functions& functions,
                                  detail::Zeros zeros, const ImportOptions& options) {
  detail::Builder builder(model, functions, zeros, options);
  HONE_RETURN_IF_ERROR(builder.build());
  HONE_RETURN_IF_ERROR(builder.infer());
  return builder.take();
}

// Zeros that inputs declare are taken for sizes first; then the outputs tell.
static Result<graph::Graph> build(const model::Model& model, const detail::Functions& functions,
                                  const ImportOptions& options) {
  using detail::Zeros;
  if (!detail::declares_zeros(model.graph)) return build(model, functions, Zeros::unknown, options);
  auto g = build(model, functions, Zeros::sizes, options);
  const Zeros zeros = g.ok() ? detail::meaning_of_zeros(model.graph, *g) : Zeros::unknown;
  return zeros == Zeros::sizes ? std::move(g) : build(model, functions, zeros, options);
}

static Result<graph::Graph> import_model(const model::Model& model, const ImportOptions& options) {
  HONE_RETURN_IF_ERROR(detail::check_opsets(model.opsets));
  const detail::Functions functions(model);
  HONE_RETURN_IF_ERROR(detail::check_operators(model, functions, options));
  HONE_ASSIGN(graph::Graph g, build(model, functions, options));
  HONE_RETURN_IF_ERROR(verify_structure(g));
  // Facts that make no sense are the model's fault: a value without a type, say.
  if (const Status s = verify(g); !s.ok()) return corrupt(s.text());
  return g;
}

Result<graph::Graph> import(const model::Model& model, const ImportOptions& options) {
  auto g = import_model(model, options);
  if (!g.ok()) return error(g.code(), graph::one_line(g.status().text()));
  return g;
}

namespace {

struct Bad {
  int64_t nans = 0, infinities = 0;
};

template <class Read>
Bad count_bad(int64_t n, Read read) {
  Bad bad;
  for (int64_t i = 0; i < n; ++i) {
    const auto v = read(i);
    if (std::isfinite(v)) continue;
    ++(std::isnan(v) ? bad.nans : bad.infinities);
  }
  return bad;
}

}  // namespace

std::vector<std::string> bad_weights(const graph::Graph& graph) {
  std::vector<std::string> lines;
  for (BadWeights& bad : find_bad_weights(graph)) lines.push_back(std::move(bad.text));
  return lines;
}

std::vector<BadWeights> find_bad_weights(const graph::Graph& graph) {
  std::vector<BadWeights> found;
  for (graph::ValueId v : graph.used_constants()) {
    const Tensor& t = graph.value(v).constant;
    if (!is_float(t.dtype())) continue;
    Bad bad;
    if (t.dtype() == DType::f32) {
      const auto values = t.as<float>();
      bad = count_bad(t.count(), [&](int64_t i) { return values[static_cast<size_t>(i)]; });
    } else {
      bad = count_bad(t.count(), [&](int64_t i) { return t.at(i); });
    }
    // Bounds and masks are made of infinities; among finite weights one is a fault.
    if (bad.infinities == t.count()) bad.infinities = 0;
    const auto add = [&](int64_t n, const char* what) {
      if (n == 0) return;
      found.push_back(
          {v, fmt::format("initializer '{}': {} of {} values {} {}", graph.value(v).name, n,
                          t.count(), n == 1 ? "is" : "are", what)});
    };
    add(bad.nans, "NaN");
    add(bad.infinities, "infinite");
  }
  return found;
}

}  // namespace hone
