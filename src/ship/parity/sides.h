// The kinds of side there are; side.cc chooses.
#pragma once

#include "ship/parity/side.h"

namespace hone::ship {

Result<std::unique_ptr<Side>> open_reference(const std::string& file, const graph::Graph& graph,
                                             const SideTools& tools);
Result<std::unique_ptr<Side>> open_kernels(const std::string& file, const graph::Graph& graph,
                                           const SideTools& tools);
Result<std::unique_ptr<Side>> open_engine(const std::string& file, const SideTools& tools);
std::unique_ptr<Side> engine_side(Session session);
Result<std::unique_ptr<Side>> open_golden(const std::string& folder);
Result<std::unique_ptr<Side>> open_runtime(const SideSpec& spec, const graph::Graph* graph,
                                           const SideTools& tools);

// The samples of a folder: itself, or its test_data_set_0, test_data_set_1, ...
std::vector<std::string> sample_folders(const std::string& folder);

}  // namespace hone::ship
