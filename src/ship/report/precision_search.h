// What the search over precisions found: times of layers on this machine.
#pragma once

#include <nlohmann/json.hpp>

#include "ship/report/view.h"

namespace hone::ship::report {

// Of stages.quantize's "tune"; empty where there was no search.
Html precision_search(const Place& place, const nlohmann::json& quantize);

}  // namespace hone::ship::report
