// The training framework's own outputs against the reference: does Hone read the model right?
#include "ship/chain/golden.h"

#include <fmt/format.h>

#include "host/ops/evaluate.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"
#include "ship/parity/compare.h"

namespace hone::ship {

using nlohmann::json;

namespace {

// Golden pairs were computed in f32 by other code: its roundings, not ours, are the difference.
constexpr double golden_tolerance = 1e-3;

std::string key(const ChainWork& w) {
  return w.model.golden.empty() ? "" : hash_folder(w.model.golden);
}

Result<json> golden(ChainWork& w) {
  if (w.model.golden.empty()) return json{{"text", "none given"}};
  HONE_ASSIGN(const graph::Graph* g, w.source());
  HONE_ASSIGN(std::vector<GoldenPair> pairs,
              golden_pairs(w.model.golden, g->block().inputs.size(), g->block().outputs.size()));
  double worst = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    w.progress("golden pairs", i, pairs.size());
    HONE_ASSIGN(std::vector<Tensor> got, ops::evaluate(*g, pairs[i].in));
    for (size_t k = 0; k < got.size(); ++k) {
      Comparison c = compare(got[k], pairs[i].out[k], golden_tolerance);
      worst = std::max(worst, c.worst);
      if (c.agree) continue;
      return Status(Code::differs,
                    fmt::format("pair {} output '{}': {}", i, g->output_names[k], c.text));
    }
  }
  return json{
      {"text", fmt::format("{} pairs agree with the reference, worst {:.1e}", pairs.size(), worst)},
      {"pairs", pairs.size()},
      {"worst", worst}};
}

}  // namespace

const Stage golden_stage = {key, golden};

}  // namespace hone::ship
