// What the page's script shows of a node that is chosen, as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "host/graph/graph.h"

namespace hone::ship::drawing {

// {"nodes": [{"name", "op", "domain", "version", "block", "attributes": [[key, text]], "in", "out",
// "flops", "blocks"}], null for removed ones; "values": [[name, type, producer, block, first
// values, bytes]]; "blocks": [{"name", "owner"}]}: all by their ids, -1 for none. All text can be
// shown.
nlohmann::json details_of(const graph::Graph& graph, const std::vector<double>& flops);

// As the content of a <script> of JSON: nothing in it ends the element.
std::string script_text(const nlohmann::json& j);

}  // namespace hone::ship::drawing
