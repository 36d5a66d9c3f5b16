// An ONNX file made simpler, by a child process: what a pass does wrong costs that one change.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "host/passes/pass.h"

namespace hone::ship {

struct OptimizeOptions {
  std::string in, out;
  int opset = 0;                      // raise an older model to it; 0: as it is
  bool shapes = false;                // write the shape of every value, not of the outputs alone
  bool verify = false;                // as passes::Options
  std::vector<std::string> disabled;  // as passes::Options
  int stop_after = -1;                // as passes::Options
  int64_t memory_limit = 0;           // bytes the child may allocate; 0: default_memory_limit()
  double time_limit_s = 600;          // of one pass at one node, of reading, of writing; 0: none
};

// Four times the model with its external data, for what is folded and for the file to write, and
// 1 GiB.
int64_t default_memory_limit(int64_t model_bytes);

// Of a file.
struct FileNumbers {
  std::map<std::string, int> operators;  // nodes by operator, those in subgraphs too
  int nodes = 0;
  double parameters = 0;  // elements of learned constants that a node reads
  double macs = 0;        // as inspect::Numbers
  int64_t bytes = 0;      // with external data
};

struct LeftOut {
  std::string pass, node, why;  // node empty: the pass everywhere
};

struct Optimized {
  FileNumbers before, after;
  int patches = 0;
  std::map<std::string, int> patches_by_pass;
  std::vector<LeftOut> left_out;
};

// Reads, runs the passes of Stage::standard, writes. A pass that crashes, has no memory, does not
// end, breaks the graph or (with `verify`) changes the answers is left out at that node, after
// three such nodes everywhere, and the work begins anew; what was left out is told. Errors, with
// `out` as it was: those of read_model(), import(), raise_opset(), run_passes(), export_model(),
// write_model(); out_of_memory, unsupported (too slow) and internal (crash) for the same outside of
// a pass.
Result<Optimized> optimize_file(const OptimizeOptions& options);
// With other passes than the pipeline's, for tests.
Result<Optimized> optimize_file(const OptimizeOptions& options,
                                const std::vector<const passes::Pass*>& passes);

}  // namespace hone::ship
