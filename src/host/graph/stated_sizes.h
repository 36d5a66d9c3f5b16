// Sizes that a model's file states of computed values and that inference cannot tell, because data
// decide them: bounds of what an engine has to hold. They are metadata of the graph, by the names
// of values and outputs, so that passes and files keep them.
#pragma once

#include <string>
#include <vector>

#include "host/graph/graph.h"

namespace hone::graph {

// By axis, -1: none; empty: nothing is stated.
std::vector<int64_t> stated_sizes(const Graph& graph, ValueId v);
void state_sizes(Graph* graph, const std::string& name, const std::vector<int64_t>& sizes);
// Whether anything is stated of any value.
bool states_sizes(const Graph& graph);
// The size depends on symbols that only data tell.
bool is_told_by_data(const Dim& size);

}  // namespace hone::graph
