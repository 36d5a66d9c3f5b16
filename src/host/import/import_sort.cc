// Order of execution. ONNX demands it of the file, some exporters forget.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "host/import/import_internal.h"
#include "host/model/names.h"

namespace hone::import_detail {
namespace {

// Nodes of one cycle, found by walking against the arrows among nodes that could not be placed.
std::string describe_cycle(const std::vector<model::NodeProto>& nodes, const std::string& prefix,
                           const std::vector<std::vector<size_t>>& reads_from,
                           const std::vector<bool>& placed) {
  constexpr size_t max_shown = 8;
  size_t at = 0;
  while (placed[at]) ++at;
  std::vector<size_t> path;
  std::vector<bool> on_path(nodes.size(), false);
  while (!on_path[at]) {
    on_path[at] = true;
    path.push_back(at);
    at = *std::find_if(reads_from[at].begin(), reads_from[at].end(),
                       [&](size_t j) { return !placed[j]; });
  }
  std::vector<std::string> names;
  for (auto it = std::find(path.begin(), path.end(), at); it != path.end(); ++it) {
    names.push_back("'" + label_of(nodes[*it], *it, prefix) + "'");
  }
  std::reverse(names.begin(), names.end());
  const bool more = names.size() > max_shown;
  const size_t left_out = more ? names.size() - max_shown : 0;
  if (more) names.resize(max_shown);
  return fmt::format("{} read each other in a circle: {}{}",
                     names.size() == 1 ? "one node's outputs" : "nodes", fmt::join(names, " -> "),
                     more ? fmt::format(" and {} more", left_out) : "");
}

}  // namespace

Result<std::vector<size_t>> sort_nodes(const std::vector<model::NodeProto>& nodes,
                                       const std::string& prefix) {
  std::unordered_map<std::string, size_t> producer;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const auto& name : nodes[i].outputs) {
      if (name.empty()) continue;
      const auto [it, is_new] = producer.emplace(name, i);
      if (is_new) continue;
      return corrupt(fmt::format("value '{}' is defined twice, by nodes '{}' and '{}'", name,
                                 label_of(nodes[it->second], it->second, prefix),
                                 label_of(nodes[i], i, prefix)));
    }
  }
  bool sorted = true;
  std::vector<std::vector<size_t>> reads_from(nodes.size()), feeds(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::set<std::string> names;
    model::names_read(nodes[i], &names);
    for (const auto& name : names) {
      auto it = producer.find(name);
      if (it == producer.end()) continue;
      sorted = sorted && it->second < i;
      reads_from[i].push_back(it->second);
      feeds[it->second].push_back(i);
    }
  }
  std::vector<size_t> order;
  if (sorted) {
    for (size_t i = 0; i < nodes.size(); ++i) order.push_back(i);
    return order;
  }
  std::vector<size_t> missing(nodes.size());
  std::vector<bool> placed(nodes.size(), false);
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < nodes.size(); ++i) {
    missing[i] = reads_from[i].size();
    if (missing[i] == 0) ready.push(i);
  }
  while (!ready.empty()) {
    const size_t i = ready.top();
    ready.pop();
    placed[i] = true;
    order.push_back(i);
    for (size_t j : feeds[i]) {
      if (--missing[j] == 0) ready.push(j);
    }
  }
  if (order.size() == nodes.size()) return order;
  return corrupt(describe_cycle(nodes, prefix, reads_from, placed));
}

}  // namespace hone::import_detail
