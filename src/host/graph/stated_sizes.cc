#include "host/graph/stated_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hone::graph {

namespace {

constexpr std::string_view prefix = "hone.sizes.";

// nothing where the text is not what state_sizes() writes: it may come from a file.
std::vector<int64_t> parsed(const std::string& text) {
  std::vector<int64_t> sizes;
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    const bool more = next < end;
    if (error != std::errc() || size < -1 || (more && *next != ',')) return {};
    sizes.push_back(size);
    at = more ? next + 1 : next;
  }
  return sizes;
}

std::vector<int64_t> sizes_of(const Graph& graph, const std::string& name) {
  const auto at = graph.metadata.find(std::string(prefix) + name);
  return at == graph.metadata.end() ? std::vector<int64_t>() : parsed(at->second);
}

}  // namespace

std::vector<int64_t> stated_sizes(const Graph& graph, ValueId v) {
  if (!states_sizes(graph) || !graph.fact(v).has_rank()) return {};
  const auto fits = [&](const std::vector<int64_t>& sizes) {
    return sizes.size() == graph.fact(v).shape->size();
  };
  const auto& outputs = graph.block().outputs;
  for (size_t i = 0; i < outputs.size() && i < graph.output_names.size(); ++i) {
    if (outputs[i] != v) continue;
    if (auto sizes = sizes_of(graph, graph.output_names[i]); fits(sizes)) return sizes;
  }
  auto sizes = sizes_of(graph, graph.value(v).name);
  return fits(sizes) ? sizes : std::vector<int64_t>();
}

void state_sizes(Graph* graph, const std::string& name, const std::vector<int64_t>& sizes) {
  graph->metadata[std::string(prefix) + name] = fmt::format("{}", fmt::join(sizes, ","));
}

bool states_sizes(const Graph& graph) {
  const auto at = graph.metadata.lower_bound(std::string(prefix));
  return at != graph.metadata.end() && at->first.starts_with(prefix);
}

bool is_told_by_data(const Dim& size) {
  const std::set<std::string> symbols = size.symbols();
  return std::any_of(symbols.begin(), symbols.end(),
                     [](const std::string& s) { return s.starts_with('?'); });
}

}  // namespace hone::graph
