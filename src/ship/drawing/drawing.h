// A model's graph as a page: what `hone inspect --html` writes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::ship::drawing {

// More than that no one reads, and no browser moves smoothly.
constexpr int most_nodes = 20000;

// Error: unsupported, above most_nodes. Cheap: for asking before work that takes long.
Status check_drawable(const graph::Graph& graph);

// One self-contained page. `described` is what `hone inspect --json` says of the same model, `file`
// its name. The same model gives the same bytes. Errors: as
// check_drawable.
Result<std::string> page_of(const graph::Graph& graph, const nlohmann::json& described,
                            const std::string& file);

}  // namespace hone::ship::drawing
