#include "cli/dry_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/model_args.h"
#include "host/engine/check_model.h"
#include "host/exec/opt_level.h"

namespace hone::cli {

using nlohmann::json;

namespace {

// Packing, page faults and what comes with every timing.
constexpr double overhead_ms = 3;

}  // namespace

json dry_run_json(const plan::Plan& plan, const plan::TimingSurvey& survey,
                  const engine::CompileOptions& options) {
  const auto most = std::min(static_cast<double>(plan.packed.most),
                             options.max_weight_growth * static_cast<double>(plan.packed.least));
  json j = {{"schema", 1},
            {"dry_run", true},
            {"nodes", survey.nodes},
            {"choices", survey.choices},
            {"timings", survey.timings.size()},
            {"cached", survey.timings.size() - survey.missing.size()},
            {"missing", survey.missing},
            {"seconds", nullptr},
            {"packed_bytes",
             {{"least", plan.packed.least}, {"most", static_cast<int64_t>(std::floor(most))}}},
            {"profiles", json::array()}};
  if (options.time || survey.missing.empty()) {
    const double ms = exec::opt_level(options.opt_level).timing.budget_ms + overhead_ms;
    j["seconds"] = static_cast<double>(survey.missing.size()) * ms * 1e-3;
  }
  for (const plan::Profile& p : plan.profiles) {
    j["profiles"].push_back({{"arena_bytes", engine::arena_bytes(plan, p)},
                             {"lower_bound_bytes", p.lower_bound_bytes}});
  }
  return j;
}

void print_dry_run(const json& j, Printer& p) {
  auto bytes = [](const json& n) { return human_bytes(n.get<double>()); };
  p.out(fmt::format("nodes        {}, {} with several tactics", j["nodes"].get<int>(),
                    j["choices"].get<int>()));
  const std::string time =
      j["seconds"].is_null()
          ? "; this machine cannot take them: kernels would be chosen by rank"
          : fmt::format("; about {:.0f} s", std::ceil(j["seconds"].get<double>()));
  p.out(fmt::format("timings      {}, {} in the cache, {} to take{}", j["timings"].get<size_t>(),
                    j["cached"].get<size_t>(), j["missing"].size(),
                    j["missing"].empty() ? "" : time));
  p.out(fmt::format("weights      packed {} to {}", bytes(j["packed_bytes"]["least"]),
                    bytes(j["packed_bytes"]["most"])));
  for (size_t i = 0; i < j["profiles"].size(); ++i) {
    const json& profile = j["profiles"][i];
    p.out(fmt::format("arena        {}{} of at least {}",
                      j["profiles"].size() > 1 ? fmt::format("profile {}: ", i) : "",
                      bytes(profile["arena_bytes"]), bytes(profile["lower_bound_bytes"])));
  }
}

Status missing_timings(const plan::TimingSurvey& survey) {
  const size_t n = survey.missing.size();
  if (n == 0) return {};
  return Status(Code::not_found,
                fmt::format("the timing cache lacks {} of {} timings, the first: {}", n,
                            survey.timings.size(), survey.missing.front()));
}

}  // namespace hone::cli
