#include "host/quant/scheme.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>

#include "common/base/nearest.h"

namespace hone::quant {

bool selects(std::string_view text, const graph::Node& node) {
  if (text == node.op || text == node.name) return true;
  // '/' is an ordinary character of names.
  return fnmatch(std::string(text).c_str(), node.name.c_str(), 0) == 0;
}

bool is_selected(const Scheme& scheme, const graph::Node& node) {
  const auto any = [&](const std::vector<std::string>& list) {
    return std::any_of(list.begin(), list.end(), [&](const auto& s) { return selects(s, node); });
  };
  return (scheme.include.empty() || any(scheme.include)) && !any(scheme.exclude);
}

Status check_selection(const Scheme& scheme, const graph::Graph& graph) {
  const std::vector<graph::NodeId> nodes = graph.all_nodes();
  std::vector<std::string> names;
  for (const graph::NodeId n : nodes) {
    names.push_back(graph.node(n).name);
    names.push_back(graph.node(n).op);
  }
  for (const auto* list : {&scheme.include, &scheme.exclude}) {
    for (const std::string& text : *list) {
      const bool found = std::any_of(nodes.begin(), nodes.end(),
                                     [&](graph::NodeId n) { return selects(text, graph.node(n)); });
      if (found) continue;
      const std::string near = nearest(text, names);
      return invalid(fmt::format(
          "--{} '{}' is no operator, name or pattern of a name of the optimised model{}",
          list == &scheme.include ? "include" : "exclude", text,
          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
  }
  return {};
}

Result<Granularity> parse_granularity(std::string_view text, int* group) {
  *group = 0;
  if (text == "channel") return Granularity::channel;
  if (text == "tensor") return Granularity::tensor;
  constexpr std::string_view prefix = "group:";
  if (text.starts_with(prefix)) {
    const char* end = text.data() + text.size();
    const auto [at, wrong] = std::from_chars(text.data() + prefix.size(), end, *group);
    if (wrong == std::errc() && at == end && *group >= 16 && *group <= 4096 &&
        (*group & (*group - 1)) == 0) {
      return Granularity::group;
    }
    return invalid(fmt::format("'{}': a group is a power of two from 16 to 4096", text));
  }
  return invalid(fmt::format("'{}' is not one of channel, tensor, group:N", text));
}

Result<DType> parse_activations(std::string_view text) {
  if (text == "u8") return DType::u8;
  if (text == "s8") return DType::i8;
  if (text == "u16") return DType::u16;
  if (text == "s16") return DType::i16;
  return invalid(fmt::format("'{}' is not one of u8, s8, u16, s16", text));
}

GridSpec grid(const Scheme& scheme, DType type) { return {type, scheme.symmetric}; }

}  // namespace hone::quant
