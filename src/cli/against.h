// hone bench --against: Hone beside other people's runtimes, in one session.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/printer.h"
#include "host/model/tensor.h"

namespace hone::cli {

struct AgainstOptions {
  std::vector<std::string> backends;  // empty: not asked for
  int rounds = 15;
  double block_ms = 100;
  int runs = 0;        // in a round; 0: as many as fill a block
  std::string inputs;  // folder of input files; "": made up
};
// --against, --rounds, --block, --runs, --inputs; to be added after the options of a bench of Hone
// alone.
void add_against_options(CLI::App* command, AgainstOptions* options);

// What `hone bench` was given beside them.
struct AgainstModel {
  std::string path, json;
  int threads = 1;
  std::map<std::string, Dims> shapes;
};
// Prints one table or gives the JSON. Exit: 0 compared, 1 Hone's own outputs are the wrong ones, 3
// no other runtime could be compared.
Status run_against(const AgainstOptions& options, const AgainstModel& model, Session& session);

}  // namespace hone::cli
