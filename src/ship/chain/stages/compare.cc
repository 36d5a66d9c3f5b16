// The engine against the target's baseline, in turns: did it become slower?
#include <fmt/format.h>

#include "host/model/files.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"
#include "ship/measure/compare_engines.h"
#include "ship/measure/conditions.h"

namespace hone::ship {

using nlohmann::json;

namespace {

bool wanted(const ChainWork& w) { return !w.target.baseline.empty(); }

// As wide as the limit that the ratio is held against, so that rounds go on until it is decided.
double margin(const ChainWork& w) {
  return w.target.limits.latency_increase.value_or(100 * CompareOptions{}.margin) / 100;
}

std::string key(const ChainWork& w) {
  return w.engine_key() + hash_file(w.target.baseline) +
         fmt::format(" {} {}", margin(w), w.options.compare_seconds);
}

json ratio_json(const Judgement& j) {
  if (j.high <= 0) return {{"value", nullptr}, {"low", nullptr}, {"high", nullptr}};
  return {{"value", j.ratio}, {"low", j.low}, {"high", j.high}};
}

// One side, its session kept for the inputs it describes.
struct Side {
  MappedFile file;
  Session session;
  Inputs inputs;
  Subject subject;
};

Status open_side(const std::string& path, int threads, Side* side) {
  HONE_ASSIGN(side->file, map_file(path));
  auto session = Session::open(path, threads);
  if (!session.ok()) return in(path, session.status());
  side->session = std::move(*session);
  const auto shapes = side->session.default_shapes();
  side->inputs = noise_inputs(side->session, shapes, false);
  side->subject = {path, side->file.bytes, shapes, &side->inputs};
  return {};
}

Result<json> run(ChainWork& w) {
  Side old_one, new_one;
  HONE_RETURN_IF_ERROR(open_side(w.target.baseline, w.target.threads, &old_one));
  HONE_RETURN_IF_ERROR(open_side(w.engine_path(), w.target.threads, &new_one));
  CompareOptions o;
  o.margin = margin(w);
  o.duration_s = w.options.compare_seconds;
  o.threads = w.target.threads;
  o.progress = [&](double done, double all) { w.progress("compare", done, all); };
  json conditions = read_conditions();
  conditions["threads"] = o.threads;
  HONE_ASSIGN(CompareResult r, compare_engines(old_one.subject, new_one.subject, o));
  const Judgement& j = r.judgement;
  return json{{"text", fmt::format("{:.3f} times the baseline's time [{:.3f}, {:.3f}], {} rounds",
                                   j.ratio, j.low, j.high, j.rounds)},
              {"baseline", w.target.baseline},
              {"baseline_hash", hash_file(w.target.baseline)},
              {"ratio", ratio_json(j)},
              {"margin", o.margin},
              {"verdict", name(j.verdict)},
              {"reason", j.reason},
              {"rounds", j.rounds},
              {"seconds_measured", r.seconds},
              {"conditions", conditions}};
}

}  // namespace

const Stage compare_stage = {key, run, nullptr, wanted};

}  // namespace hone::ship
