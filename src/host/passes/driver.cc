// Passes propose; here it is decided, applied, checked, logged.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "common/base/nearest.h"
#include "host/graph/title.h"
#include "host/ops/op_def.h"
#include "host/passes/check_patch.h"
#include "host/passes/pass.h"

namespace hone::passes {

using graph::Graph;
using graph::NodeId;
using graph::Patch;

#define HONE_PASS(name) extern const Pass name;
#include "host/passes/pipeline.inc"
#undef HONE_PASS

std::vector<const Pass*> pipeline() {
  return {
#define HONE_PASS(name) &name,
#include "host/passes/pipeline.inc"
#undef HONE_PASS
  };
}

namespace {

// A pass that keeps finding work is wrong; right ones stay far below.
constexpr int max_rounds = 64;  // of the whole pipeline
constexpr int patches_per_node = 20, spare_patches = 1000;
// What all patches together may add to the weights, beside as much as the weights themselves: a
// small file of formulas (a thousand shapes to fill, four megabytes each) must not become
// gigabytes. Patches below `small_growth` are free.
constexpr int64_t spare_growth_bytes = int64_t{96} << 20;
constexpr int64_t small_growth = 4096;

class Driver {
 public:
  Driver(Graph& graph, const Options& options) : graph_(graph), options_(options) {}

  Result<Report> run(const std::vector<const Pass*>& passes) {
    for (const Pass* p : passes) report_.passes.push_back({p->name, 0, 0});
    if (options_.verify) HONE_RETURN_IF_ERROR(checker_.start(graph_));
    max_patches_ = graph_.live_nodes() * patches_per_node + spare_patches;
    growth_left_ = spare_growth_bytes;
    for (graph::ValueId v : graph_.used_constants()) {
      growth_left_ += graph_.value(v).constant.bytes();
    }
    std::vector<std::string> busy;
    for (int round = 0; round < max_rounds; ++round) {
      busy.clear();
      for (size_t i = 0; i < passes.size(); ++i) {
        int before = report_.patches;
        if (enabled(*passes[i])) HONE_RETURN_IF_ERROR(run_pass(*passes[i], report_.passes[i]));
        if (report_.patches > before) busy.emplace_back(passes[i]->name);
      }
      if (busy.empty()) return std::move(report_);
    }
    return internal(fmt::format("passes undo each other's work: {}", fmt::join(busy, ", ")));
  }

 private:
  bool enabled(const Pass& p) const {
    if (p.stage == Stage::engine && !options_.engine) return false;
    const auto& off = options_.disabled;
    return std::find(off.begin(), off.end(), p.name) == off.end();
  }
  bool stopped() const {
    return options_.stop_after >= 0 && report_.patches >= options_.stop_after;
  }

  bool skips(const Pass& p, NodeId n) const {
    return std::any_of(options_.skip.begin(), options_.skip.end(),
                       [&](const Skip& s) { return s.node == n && s.pass == p.name; });
  }
  void watch(const Pass& p, NodeId n, bool checking = false) const {
    if (options_.watch) options_.watch(p, graph_, n, checking);
  }

  Status run_pass(const Pass& p, PassStats& stats) {
    auto start = std::chrono::steady_clock::now();
    int before = stats.patches;
    watch(p, graph::none);
    if (p.propose_all != nullptr && !stopped()) {
      if (auto patch = p.propose_all(graph_))
        HONE_RETURN_IF_ERROR(apply(p, *patch, graph::none, stats));
    }
    if (p.propose != nullptr) HONE_RETURN_IF_ERROR(sweep(p, stats));
    stats.ms +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (stats.patches == before) return {};
    if (options_.verify) {
      watch(p, graph::none, true);
      HONE_RETURN_IF_ERROR(
          in(fmt::format("pass {}, its {} patches together", p.name, stats.patches - before),
             checker_.settle(graph_)));
    }
    watch(p, graph::none);
    // What became constant may settle shapes further down.
    HONE_RETURN_IF_ERROR(in(fmt::format("after pass {}", p.name), ops::infer_graph(graph_)));
    return in(fmt::format("after pass {}", p.name), graph::verify(graph_));
  }

  // Offers every node until a whole sweep changes nothing.
  Status sweep(const Pass& p, PassStats& stats) {
    while (true) {
      int before = stats.patches;
      for (NodeId n : graph_.all_nodes()) {
        if (stopped()) return {};
        if (!graph_.node(n).alive) continue;  // a patch before this one took it
        if (refused_.contains({&p, n})) continue;
        if (!options_.skip.empty() && skips(p, n)) continue;
        watch(p, n);
        if (auto patch = p.propose(graph_, n)) {
          if (!affordable(*patch)) {
            refused_.insert({&p, n});
            continue;
          }
          HONE_RETURN_IF_ERROR(in(title(graph_, graph_.node(n)), apply(p, *patch, n, stats)));
        }
      }
      if (stats.patches == before) return {};
    }
  }

  bool affordable(const Patch& patch) {
    const int64_t growth = patch.growth_bytes();
    if (growth <= small_growth) return true;
    if (growth > growth_left_) return false;
    growth_left_ -= growth;
    return true;
  }

  // `at`: where the patch begins; none where it is one for the whole graph.
  Status apply(const Pass& p, const Patch& patch, NodeId at, PassStats& stats) {
    if (patch.empty()) return {};
    Status s = patch.apply(graph_, [](Graph& g, NodeId n) { return ops::infer_node(g, n); });
    if (!s.ok()) return internal(fmt::format("pass {} made a bad patch: {}", p.name, s.text()));
    ++stats.patches;
    ++report_.patches;
    if (stats.patches > max_patches_) {
      return internal(fmt::format("pass {} never finishes; last: {}", p.name, patch.why()));
    }
    if (options_.log) options_.log(fmt::format("{}: {}", p.name, patch.why()));
    if (!options_.verify) return {};
    HONE_RETURN_IF_ERROR(in(fmt::format("pass {}", p.name), graph::verify(graph_)));
    watch(p, at, true);
    return in(fmt::format("pass {}, patch {} ({})", p.name, report_.patches, patch.why()),
              checker_.check(graph_, patch));
  }

  Graph& graph_;
  const Options& options_;
  Report report_;
  int max_patches_ = 0;  // of one pass
  int64_t growth_left_ = 0;
  std::set<std::pair<const Pass*, NodeId>> refused_;  // unaffordable: not computed once more
  CheckPatch checker_;
};

}  // namespace

Result<Report> run_passes(Graph& graph, const Options& options) {
  return run_passes(graph, options, pipeline());
}

Result<Report> run_passes(Graph& graph, const Options& options,
                          const std::vector<const Pass*>& passes) {
  std::vector<std::string> names;
  for (const Pass* p : passes) names.emplace_back(p->name);
  for (const std::string& off : options.disabled) {
    if (std::find(names.begin(), names.end(), off) != names.end()) continue;
    std::string near = nearest(off, names);
    return invalid(fmt::format("no pass '{}'; {}", off,
                               near.empty() ? fmt::format("there are {}", fmt::join(names, ", "))
                                            : "did you mean '" + near + "'?"));
  }
  return Driver(graph, options).run(passes);
}

}  // namespace hone::passes
