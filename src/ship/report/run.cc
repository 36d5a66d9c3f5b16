#include "ship/report/run.h"

#include <fmt/format.h>

#include "ship/report/fields.h"
#include "ship/report/format.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

struct TextField {
  const char* name;
  std::string Run::*member;
};
constexpr TextField text_fields[] = {
    {"created", &Run::created},
    {"model", &Run::model},
    {"target", &Run::target},
    {"verdict", &Run::verdict},
    {"reason", &Run::reason},
    {"hone", &Run::hone},
    {"engine_hash", &Run::engine_hash},
    {"model_hash", &Run::model_hash},
    {"cpu", &Run::cpu},
    {"arch", &Run::arch},
    {"isa", &Run::isa},
    {"kernel", &Run::kernel},
    {"governor", &Run::governor},
    {"precision", &Run::precision},
    {"mode", &Run::mode},
};

struct NumberField {
  const char* name;
  std::optional<double> Run::*member;
};
constexpr NumberField number_fields[] = {
    {"cores", &Run::cores},
    {"threads", &Run::threads},
    {"samples", &Run::samples},
    {"p50_ms", &Run::p50_ms},
    {"p90_ms", &Run::p90_ms},
    {"p95_ms", &Run::p95_ms},
    {"p99_ms", &Run::p99_ms},
    {"p50_low_ms", &Run::p50_low_ms},
    {"p50_high_ms", &Run::p50_high_ms},
    {"peak_bytes", &Run::peak_bytes},
    {"engine_bytes", &Run::engine_bytes},
    {"energy_mj", &Run::energy_mj},
    {"accuracy", &Run::accuracy},
    {"baseline", &Run::baseline},
    {"pictures", &Run::pictures},
};

constexpr size_t most_classes = 2000;

void add_classes(Run* r, const json& list, const char* value) {
  for (const json* c : items(list, most_classes)) {
    const std::string name = text(at(*c, {"name"}), 200);
    if (auto percent = number(*c, {value}); percent && !name.empty()) {
      r->classes.emplace_back(name, *percent);
    }
  }
}

// What was asked: 30 frames a second are another question than 60, and so is the whole frame.
std::string mode_of(const json& bench) {
  std::string mode = text(bench, {"mode"});
  if (mode.empty()) mode = text(bench, {"conditions", "mode"});
  if (auto rate = number(bench, {"rate", "per_second"})) mode += fmt::format(" {:.6g}/s", *rate);
  if (at(bench, {"stages_ms"}).is_object()) mode += ", capture to result";
  return mode;
}

}  // namespace

std::string Run::machine() const {
  return fmt::format("{}|{}|{}|{}|{}|{}", cpu, arch, isa, cores.value_or(0), threads.value_or(0),
                     mode);
}

std::pair<std::string, std::string> split_verdict(const std::string& line) {
  for (const char* word : {"NO SHIP", "INCONCLUSIVE", "SHIP"}) {
    const std::string w(word);
    if (line == w) return {w, ""};
    if (line.starts_with(w + ": ")) return {w, line.substr(w.size() + 2)};
  }
  return {"", line};
}

Run run_of(const json& report) {
  Run r;
  r.created = text(at(report, {"created"}), 40);
  r.model = text(at(report, {"model"}), 200);
  r.target = text(at(report, {"target"}), 200);
  std::tie(r.verdict, r.reason) = split_verdict(text(at(report, {"verdict"}), 1000));
  r.hone = text(at(report, {"hone"}), 40);
  r.engine_hash = text(at(report, {"engine_hash"}), 80);
  r.model_hash = text(at(report, {"identity", "model_hash"}), 80);
  const json& bench = at(report, {"stages", "bench"});
  const json& c = at(bench, {"conditions"});
  r.cpu = text(at(c, {"cpu"}), 200);
  r.arch = text(at(c, {"arch"}), 40);
  r.isa = text(at(c, {"isa"}), 400);
  r.kernel = text(at(c, {"kernel"}), 200);
  r.governor = text(at(c, {"governor"}), 200);
  r.precision = text(at(c, {"precision"}), 40);
  if (r.precision.empty()) r.precision = text(at(report, {"identity", "target", "precision"}), 40);
  r.mode = mode_of(bench);
  r.cores = number(c, {"cores"});
  r.threads = number(c, {"threads"});
  if (!r.threads) r.threads = number(report, {"identity", "target", "threads"});
  r.samples = number(bench, {"samples"});
  r.p50_ms = number(bench, {"latency_ms", "p50"});
  r.p90_ms = number(bench, {"latency_ms", "p90"});
  r.p95_ms = number(bench, {"latency_ms", "p95"});
  r.p99_ms = number(bench, {"latency_ms", "p99"});
  const auto interval = items(at(bench, {"intervals_ms", "p50"}), 3);
  if (interval.size() == 2) {
    r.p50_low_ms = number(*interval[0]);
    r.p50_high_ms = number(*interval[1]);
  }
  r.peak_bytes = number(bench, {"memory", "peak_rss_bytes"});
  r.engine_bytes = number(report, {"stages", "build", "bytes"});
  if (auto j = number(bench, {"energy", "joules_per_inference"})) r.energy_mj = *j * 1e3;
  const json& accuracy = at(report, {"stages", "accuracy"});
  r.accuracy = number(accuracy, {"percent"});
  r.baseline = number(accuracy, {"baseline_percent"});
  r.pictures = number(accuracy, {"samples"});
  add_classes(&r, at(accuracy, {"classes"}), "percent");
  return r;
}

json to_json(const Run& r) {
  json j = json::object();
  for (const TextField& f : text_fields) {
    if (!(r.*f.member).empty()) j[f.name] = r.*f.member;
  }
  for (const NumberField& f : number_fields) {
    if (r.*f.member) j[f.name] = *(r.*f.member);
  }
  for (const auto& [name, percent] : r.classes) {
    j["classes"].push_back({{"name", name}, {"percent", percent}});
  }
  return j;
}

Run run_from_json(const json& j) {
  Run r;
  for (const TextField& f : text_fields) r.*f.member = text(at(j, {f.name}), 1000);
  for (const NumberField& f : number_fields) r.*f.member = number(j, {f.name});
  add_classes(&r, at(j, {"classes"}), "percent");
  return r;
}

std::vector<std::string> changes(const Run& a, const Run& b) {
  std::vector<std::string> out;
  auto differs = [&](const char* what, const std::string& x, const std::string& y) {
    if (x.empty() || y.empty() || x == y) return;
    out.push_back(fmt::format("{}: {} → {}", what, x, y));
  };
  auto number_differs = [&](const char* what, const auto& x, const auto& y) {
    if (x && y && *x != *y) out.push_back(fmt::format("{}: {} → {}", what, count(*x), count(*y)));
  };
  // Enough of a hash to tell two apart; both stand in full in the reports.
  auto brief = [](const std::string& hash) { return hash.substr(0, 8); };
  auto hash_differs = [&](const char* what, const std::string& x, const std::string& y) {
    if (x.empty() || y.empty() || x == y) return;
    const bool told_apart = brief(x) != brief(y);
    out.push_back(
        fmt::format("{}: {} → {}", what, told_apart ? brief(x) : x, told_apart ? brief(y) : y));
  };
  hash_differs("model", a.model_hash, b.model_hash);
  hash_differs("engine", a.engine_hash, b.engine_hash);
  differs("Hone", a.hone, b.hone);
  differs("CPU", a.cpu, b.cpu);
  differs("instruction sets", a.isa, b.isa);
  number_differs("cores", a.cores, b.cores);
  number_differs("threads", a.threads, b.threads);
  differs("precision", a.precision, b.precision);
  differs("mode", a.mode, b.mode);
  differs("governor", a.governor, b.governor);
  differs("kernel", a.kernel, b.kernel);
  number_differs("evaluation samples", a.pictures, b.pictures);
  return out;
}

}  // namespace hone::ship::report
