#include "ship/chain/chain.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <filesystem>

#include "common/base/version.h"
#include "host/model/files.h"
#include "host/model/json_text.h"
#include "host/ops/plugin.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/check_files.h"
#include "ship/chain/commands.h"
#include "ship/chain/identity.h"
#include "ship/chain/report_json.h"
#include "ship/chain/stage_cache.h"

namespace hone::ship {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::pair<const char*, const Stage*> stages[] = {
#define HONE_STAGE(name) {#name, &name##_stage},
#include "ship/chain/stages.inc"
#undef HONE_STAGE
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// "2026-11-21T19:59:53Z"
std::string utc_now() {
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

// Nothing where there are none.
std::string plugins_key() {
  std::string key;
  for (const std::string& file : ops::plugin_files()) key += " " + hash_file(file);
  return key;
}

class Chain {
 public:
  Chain(const ModelSpec& model, const TargetSpec& target, const ChainOptions& options)
      : w_(model, target, options), o_(options), cache_(options.out_folder + "/state.json") {}

  Result<ChainResult> run() {
    HONE_RETURN_IF_ERROR(check_files(w_.model, w_.target));
    HONE_RETURN_IF_ERROR(make_folder(o_.out_folder));
    for (const auto& [name, stage] : stages) HONE_RETURN_IF_ERROR(run_stage(name, *stage));
    collect();
    HONE_RETURN_IF_ERROR(gate());
    return std::move(r_);
  }

 private:
  Status run_stage(const std::string& name, const Stage& stage) {
    if (stage.wanted != nullptr && !stage.wanted(w_)) return {};
    Clock::time_point start = Clock::now();
    std::string id = w_.model.name + "/" + w_.target.name + "/" + name;
    std::string key = hash_text(
        fmt::format("{} {}{} {}", version, hash_file(w_.model.onnx), plugins_key(), stage.key(w_)));
    StageRow row{name, 0, false, ""};
    json result;
    std::error_code error;
    bool file_there = stage.made == nullptr || fs::exists(stage.made(w_), error);
    auto known = o_.tamper || !file_there ? std::nullopt : cache_.find(id, key);
    if (known) {
      result = *known;
      row.cached = true;
    } else {
      Result<json> fresh = stage.run(w_);
      if (!fresh.ok()) return in(name, fresh.status());
      result = std::move(*fresh);
      result["seconds"] = seconds_since(start);
      if (!o_.tamper) HONE_RETURN_IF_ERROR(cache_.put(id, key, result));
    }
    if (&stage == &build_stage) w_.engine_hash = hash_file(w_.engine_path());
    row.text = result.value("text", "");
    row.seconds = seconds_since(start);
    w_.found[name] = std::move(result);
    done(row);
    return {};
  }

  void done(const StageRow& row) {
    r_.stages.push_back(row);
    if (o_.stage_done) o_.stage_done(row);
  }

  json identity() const { return identity_json(w_.model, w_.target, o_.machine, w_.engine_hash); }

  void collect() {
    r_.report = gate_report(json(w_.found), identity());
    r_.engine_path = w_.engine_path();
    r_.engine_bytes = w_.found["build"]["bytes"].get<double>();
    r_.precision = w_.found["build"]["precision"].get<std::string>();
    std::error_code error;
    r_.model_bytes = static_cast<double>(fs::file_size(w_.model.onnx, error));
    if (const auto q = w_.found.find("quantize"); q != w_.found.end()) {
      for (const json& slip : q->second.value("slips", json::array())) {
        r_.slips.push_back(slip.at("text").get<std::string>());
      }
    }
    const json& a = w_.found["accuracy"];
    if (!a.contains("samples")) return;
    r_.samples = a["samples"].get<int64_t>();
    r_.metric = a["metric"].get<std::string>();
    r_.metric_unit = a["unit"].get<std::string>();
    r_.accuracy = a["value"].get<double>();
    r_.baseline_accuracy = a["baseline_value"].get<double>();
    r_.worst_class = a.value("worst", "");
    r_.worst_class_percent = a.value("worst_percent", 0.0);
  }

  Status gate() {
    r_.gate = decide(r_.report, w_.target.limits);
    json report = {{"schema", 1},
                   {"hone", version},
                   {"created", utc_now()},
                   {"model", w_.model.name},
                   {"target", w_.target.name},
                   {"engine_hash", w_.engine_hash},
                   {"identity", identity()},
                   {"verdict", verdict_line(r_.gate)},
                   {"commands", replay_commands(w_)}};
    for (const auto& [name, result] : w_.found) report["stages"][name] = result;
    mark_critical(&report["stages"]["accuracy"], w_.target.limits);
    report["gate"] = gate_json(r_.gate);
    r_.report_path =
        fmt::format("{}/{}.{}.report.json", o_.out_folder, w_.model.name, w_.target.name);
    done({"gate", 0, false, fmt::format("{} checks", r_.gate.checks.size())});
    HONE_RETURN_IF_ERROR(write_text(r_.report_path, json_text(report, 1) + "\n"));
    r_.report_json = std::move(report);
    return {};
  }

  ChainWork w_;
  const ChainOptions& o_;
  StageCache cache_;
  ChainResult r_;
};

}  // namespace

Result<ChainResult> run_chain(const ModelSpec& model, const TargetSpec& target,
                              const ChainOptions& options) {
  // Results of earlier runs come from a file: a field that is gone or of another type throws.
  try {
    if (options.fresh != nullptr) return Chain(model, target, options).run();
    HONE_ASSIGN(FreshProcess fresh, FreshProcess::start());
    ChainOptions own = options;
    own.fresh = &fresh;
    return Chain(model, target, own).run();
  } catch (const json::exception&) {
    return corrupt(options.out_folder + "/state.json: damaged; delete it and run again");
  }
}

}  // namespace hone::ship
