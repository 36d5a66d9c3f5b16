// Latency and memory of the engine on this machine.
#include "ship/measure/bench.h"

#include <fmt/format.h>

#include <chrono>

#include "ship/chain/chain_work.h"
#include "ship/chain/frames.h"
#include "ship/measure/conditions.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string key(const ChainWork& w) {
  return w.engine_key() + w.data.evaluation_key(false) +
         fmt::format("{} {}", w.options.bench_seconds, w.target.limits.rate.value_or(0));
}

Result<json> run(ChainWork& w) {
  auto opening = std::chrono::steady_clock::now();
  HONE_ASSIGN(Session s, Session::open(w.engine_path(), w.target.threads));
  const std::chrono::duration<double, std::milli> load = std::chrono::steady_clock::now() - opening;
  Result<int64_t> peak =
      w.options.fresh->peak_of(w.engine_path(), w.target.threads, s.default_shapes());
  BenchOptions b;
  b.duration_s = w.options.bench_seconds;
  b.load_ms = load.count();
  if (w.target.limits.rate) b.rate = RateOptions{*w.target.limits.rate};
  b.max_warmup_s = std::min(b.max_warmup_s, w.options.bench_seconds);
  b.progress = [&](int64_t, double spent, double all) { w.progress("bench", spent, all); };
  // Whole frames where the project describes a picture; else inference alone.
  auto frames = PictureWork::make(s, w.model, false);
  if (!frames.ok() && frames.code() != Code::unsupported) return frames.status();
  Inputs inputs;
  if (!frames.ok()) {
    HONE_ASSIGN(inputs, project_inputs(s, w.model, false));
    HONE_RETURN_IF_ERROR(s.run(inputs.samples[0]).status());
  }
  InferWork infer(s, inputs);
  auto measured = frames.ok() ? bench(s, *frames, b) : bench(s, infer, b);
  HONE_ASSIGN(BenchResult result, std::move(measured));
  result.conditions["inputs"] = frames.ok() ? frames->describe() : inputs.to_json();
  add_engine(s.engine().info(), w.target.threads, w.engine_path(), &result.conditions);
  json j = to_json(result);
  if (peak.ok()) {
    j["memory"]["peak_rss_bytes"] = *peak;
  } else {
    j["memory"]["peak_rss_bytes"] = "unavailable: " + peak.status().text();
  }
  j["text"] = fmt::format("mean {:.3f} ms over {} frames", result.latency_ms.mean,
                          result.latency_ms.samples);
  return j;
}

}  // namespace

const Stage bench_stage = {key, run};

}  // namespace hone::ship
