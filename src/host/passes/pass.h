// Passes propose, the driver disposes. A pass looks at one node and may return a Patch that begins
// there; the driver applies it, infers, verifies, logs, and asks again until nothing changes.
//
// A pass is one file passes/<pass>.cc that defines `const Pass <pass>` and one line in
// pipeline.inc, whose order is the order of execution.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/graph/patch.h"

namespace hone::passes {

enum class Stage : uint8_t {
  standard,  // standard ONNX in, standard ONNX out: what `hone optimize` runs
  engine,    // may make ai.hone nodes and layouts: what `hone build` runs after those
};

struct Pass {
  const char* name;     // verb phrase: fold_constants
  const char* summary;  // one line, for --help and docs
  Stage stage;
  bool training_safe;  // keeps gradients meaningful (no weight folding)
  // A change that begins at `node`, or nullopt. Must hold for every input the model accepts: a pass
  // that can't prove its precondition leaves the graph alone. Exactly one of the two is set.
  std::optional<graph::Patch> (*propose)(const graph::Graph& graph, graph::NodeId node);
  // For passes that must see the whole graph at once: one patch for all of it.
  std::optional<graph::Patch> (*propose_all)(const graph::Graph& graph);
  // Without it engines lack operators: builds that leave out what only makes them fast keep it.
  bool needed = false;
  // Makes integer kernels of what stands between Q/DQ: left out where f32 is asked for.
  bool integers = false;
};

std::vector<const Pass*> pipeline();

// Where a pass is left out: at one node, by the number that it has when the pass comes to it (runs
// of the same graph with the same options number alike).
struct Skip {
  std::string pass;
  graph::NodeId node = graph::none;
};

struct Options {
  bool engine = false;                // run Stage::engine too
  bool verify = false;                // reference before and after each patch, random input
  std::vector<std::string> disabled;  // names of passes
  int stop_after = -1;                // apply at most so many patches (bisection)
  std::vector<Skip> skip;
  std::function<void(const std::string&)> log;  // one line per applied patch
  // Told what comes next, so that whoever watches from outside knows where a pass failed: the pass
  // at a node; without a node (none) where it works on the whole graph. `checking`: --verify runs
  // the reference.
  std::function<void(const Pass& pass, const graph::Graph& graph, graph::NodeId node,
                     bool checking)>
      watch;
};

struct PassStats {
  std::string name;
  int patches = 0;
  double ms = 0;
};
struct Report {
  std::vector<PassStats> passes;
  int patches = 0;
};

// Runs the pipeline to a fixpoint. Errors: a patch that fails its checks (internal, names the pass
// and the node), an unknown name in `disabled` (invalid_argument, with the nearest).
Result<Report> run_passes(graph::Graph& graph, const Options& options);
// The same with other passes than the pipeline's: tests of one pass, or of the driver.
Result<Report> run_passes(graph::Graph& graph, const Options& options,
                          const std::vector<const Pass*>& passes);

}  // namespace hone::passes
