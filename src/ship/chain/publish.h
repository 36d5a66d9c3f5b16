// What a person opens after `hone ship`: report.html, with the runs before it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace hone::ship {

struct Published {
  std::string path;                   // of report.html
  std::vector<std::string> warnings;  // the history is a convenience: what it could not do
};

// Adds the reports to the folder's history and writes folder/report.html about all of them.
Result<Published> publish(const std::string& folder, const std::vector<nlohmann::json>& reports);

}  // namespace hone::ship
