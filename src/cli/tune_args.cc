#include "cli/tune_args.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/model_args.h"
#include "host/exec/time_kernel.h"
#include "ship/tune/auto_quantize.h"

namespace hone::cli {

namespace {

using nlohmann::json;

constexpr size_t most_rows = 16;  // the report has them all

std::optional<double> microseconds(const std::string& text) {
  char* end = nullptr;
  const double n = std::strtod(text.c_str(), &end);
  const std::string_view unit = end;
  const double scale = unit == "us" ? 1 : unit == "ms" ? 1e3 : unit == "s" ? 1e6 : 0;
  if (end == text.c_str() || !(n * scale > 0) || !std::isfinite(n)) return std::nullopt;
  return n * scale;
}

CLI::Validator latency() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        return microseconds(text) ? ""
                                  : fmt::format("'{}' is not a time like 800us, 5ms or 0.1s", text);
      },
      "");
}

// The end of a name says most.
std::string short_name(const std::string& name) {
  constexpr size_t most = 40;
  return name.size() <= most ? name : "..." + name.substr(name.size() - most + 3);
}

}  // namespace

void add_tune_options(CLI::App* c, TuneArgs* args) {
  c->add_flag("--tune", args->tune,
              "choose the precision of each layer by its time on this machine and its error: the "
              "fastest model within --max-drop, never slower than float");
  c->add_option("--max-latency", args->max_latency,
                "choose them so that a run takes no longer than this: the most accurate model "
                "within it")
      ->type_name("TIME")
      ->check(latency());
}

Status set_tune(const TuneArgs& args, int threads, quant::Options* q) {
  if (!args.wanted()) return {};
  if (!quant::needs_samples(q->format)) {
    return invalid(
        fmt::format("--tune chooses between int8 and f32: --format qdq or qoperator, "
                    "not {}",
                    quant::name(q->format)));
  }
  ship::AutoOptions o;
  HONE_ASSIGN(o.engines.target, this_machine());
  o.engines.time = exec::make_timer(o.engines.target);
  o.engines.threads = std::max(threads, 1);
  if (!args.max_latency.empty()) o.max_us = *microseconds(args.max_latency);
  o.progress = q->progress;
  q->mix = ship::auto_quantize(std::move(o));
  return {};
}

void print_tune(const json& tune, Printer& p) {
  std::vector<json> layers(tune.at("layers").begin(), tune.at("layers").end());
  const auto us = [](const json& l) {
    return std::max(l.at("us").at("f32").get<double>(), l.at("us").at("int8").get<double>());
  };
  std::stable_sort(layers.begin(), layers.end(),
                   [&](const json& a, const json& b) { return us(a) > us(b); });
  std::vector<std::vector<std::string>> rows = {{"layer", "us f32", "us int8", "error", "chosen"}};
  for (size_t i = 0; i < std::min(layers.size(), most_rows); ++i) {
    const json& l = layers[i];
    rows.push_back({short_name(l.at("nodes").at(0).get<std::string>()),
                    fmt::format("{:.1f}", l.at("us").at("f32").get<double>()),
                    fmt::format("{:.1f}", l.at("us").at("int8").get<double>()),
                    l.contains("error")
                        ? fmt::format("{:.2f} %", 100 * l.at("error").at("int8").get<double>())
                        : "-",
                    l.at("chosen").get<std::string>()});
  }
  p.table(rows);
  if (layers.size() > most_rows) {
    p.note(fmt::format("{} more layers in --json", layers.size() - most_rows));
  }
  const json& t = tune.at("us");
  p.note(
      fmt::format("a run in f32 {:.1f} us, all int8 {:.1f} us; chosen: {:.1f} us predicted, "
                  "{:.1f} us measured, {:.0f} % of what may be lost ({} thread{}, {})",
                  t.at("f32").get<double>(), t.at("int8").get<double>(),
                  t.at("predicted").get<double>(), t.at("measured").get<double>(),
                  100 * tune.at("limit_used").get<double>(), tune.at("threads").get<int>(),
                  tune.at("threads") == 1 ? "" : "s", tune.at("cpu").get<std::string>()));
  if (!tune.at("helps").get<bool>()) {
    p.note("the model stays float: " + tune.at("summary").get<std::string>());
  }
}

}  // namespace hone::cli
