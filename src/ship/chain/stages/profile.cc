// Where the time goes: per layer its share of what this machine can do, and the tactic that came
// second.
#include "ship/profile/profile.h"

#include <fmt/format.h>

#include "ship/chain/chain_work.h"

namespace hone::ship {

using nlohmann::json;

namespace {

double seconds(const ChainWork& w) {
  return std::min(ProfileOptions{}.seconds, w.options.bench_seconds);
}

std::string key(const ChainWork& w) { return w.engine_key() + fmt::format("{}", seconds(w)); }

// "34 layers, longest conv_f32_14x32_avx512 with 21 % of the time"
std::string summary(const json& profile) {
  const json* longest = nullptr;
  for (const json& layer : profile.at("layers")) {
    if (longest == nullptr || layer.at("us") > longest->at("us")) longest = &layer;
  }
  if (longest == nullptr) return "no layer ran";
  return fmt::format("{} layers, longest {} with {:.0f} % of the time", profile.at("layers").size(),
                     longest->at("kernel").get<std::string>(),
                     100 * longest->at("share").get<double>());
}

Result<json> run(ChainWork& w) {
  HONE_ASSIGN(Session s, Session::open(w.engine_path(), w.target.threads));
  ProfileOptions o;
  o.engine = w.engine_path();
  o.engine_hash = w.engine_hash;
  o.target = w.options.machine;
  o.seconds = seconds(w);
  w.progress("profile", 0.0, 1.0);
  HONE_ASSIGN(json profile, profile_engine(s, o));
  profile["text"] = summary(profile);
  return profile;
}

}  // namespace

const Stage profile_stage = {key, run};

}  // namespace hone::ship
