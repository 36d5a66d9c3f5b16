// The engine, compiled for this machine by timing tactics on it.
#include <fmt/format.h>

#include "host/model/files.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string profiles_key(const ModelSpec& model) {
  std::string key;
  for (const plan::ProfileSpec& profile : model.profiles) {
    key += "profile ";
    for (const auto& [input, ranges] : profile) {
      key += input;
      for (const plan::DimRange& r : ranges) key += fmt::format(" {}:{}:{}", r.min, r.opt, r.max);
    }
  }
  return key;
}

std::string key(const ChainWork& w) {
  const std::string from = w.quantises() ? hash_file(w.quantized_path()) : "";
  return fmt::format("{} {} {} {} {}{}", from, w.machine_key(), w.target.threads,
                     w.target.precision, profiles_key(w.model), w.contract_key());
}

std::string made(const ChainWork& w) { return w.engine_path(); }

Result<json> build(ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.graph());
  engine::CompileOptions c = w.compile_options();
  HONE_ASSIGN(plan::TimingCache timings, plan::TimingCache::load(w.timings_path()));
  c.time = w.options.time;
  c.cache = &timings;
  c.tamper = w.options.tamper;
  c.progress = [&](int done, int total, const std::string&) {
    w.progress("timing tactics", static_cast<double>(done), static_cast<double>(total));
  };
  HONE_ASSIGN(engine::Compiled built, engine::compile(*g, c));
  HONE_RETURN_IF_ERROR(write_file(w.engine_path(), built.bytes));
  w.plan = std::move(built.plan);
  if (timings.changed()) HONE_RETURN_IF_ERROR(write_text(w.timings_path(), timings.to_json()));
  return json{{"text", fmt::format("{} steps, {:.2f} MB, {} thread{}", w.plan->steps.size(),
                                   static_cast<double>(built.bytes.size()) * 1e-6, w.target.threads,
                                   w.target.threads == 1 ? "" : "s")},
              {"bytes", built.bytes.size()},
              {"steps", w.plan->steps.size()},
              {"precision", w.plan->precision}};
}

}  // namespace

const Stage build_stage = {key, build, made};

}  // namespace hone::ship
