// One line of history: what a report says, short enough to keep a thousand of them.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hone::ship::report {

struct Run {
  std::string created, model, target, verdict, reason, hone;
  std::string engine_hash, model_hash;
  std::string cpu, arch, isa, kernel, governor, precision, mode;
  std::optional<double> cores, threads, samples;
  std::optional<double> p50_ms, p90_ms, p95_ms, p99_ms;
  std::optional<double> p50_low_ms, p50_high_ms;
  std::optional<double> peak_bytes, engine_bytes, energy_mj;
  std::optional<double> accuracy, baseline, pictures;   // percent, percent, count
  std::vector<std::pair<std::string, double>> classes;  // name, percent

  // Latencies of two runs are comparable where these agree: machine, threads, way of measuring.
  std::string machine() const;
};

Run run_of(const nlohmann::json& report);

nlohmann::json to_json(const Run& r);
Run run_from_json(const nlohmann::json& j);

// "SHIP", "NO SHIP", "INCONCLUSIVE", or "" for what is none of them; the rest is the reason.
std::pair<std::string, std::string> split_verdict(const std::string& line);

// What is another engine, model, machine, ... in `b` than in `a`, in words; empty: nothing.
std::vector<std::string> changes(const Run& a, const Run& b);

}  // namespace hone::ship::report
