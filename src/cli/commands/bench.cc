// hone bench: latency of an engine or a model on this machine.

#include "ship/measure/bench.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/model/files.h"
#include "ship/measure/conditions.h"

namespace hone::cli {

namespace {

struct Options {
  std::string model, json;
  double duration = 3;
  int threads = 1;
  bool closed = true, steps = false;
  std::vector<std::string> shapes;
};

void print_steps(const ship::BenchResult& r, Printer& p) {
  double sum = 0;
  for (const auto& [layer, us] : r.steps_us) sum += us;
  std::vector<std::vector<std::string>> rows = {{"layer (kernel)", "us", "share"}};
  for (const auto& [layer, us] : r.steps_us) {
    rows.push_back({layer, fmt::format("{:.1f}", us), fmt::format("{:.1f} %", 100 * us / sum)});
  }
  p.table(rows);
}

void print_human(const Options& o, const ship::BenchResult& r, Printer& p) {
  std::vector<std::vector<std::string>> rows = {{"latency", "ms"}};
  for (const ship::Percentile& q : r.latency_ms.percentiles) {
    std::string value =
        q.value ? fmt::format("{:.3f}", *q.value)
                : fmt::format("not claimable: {} of {} samples", r.latency_ms.samples, q.needed);
    rows.push_back({ship::percentile_name(q.p), value});
  }
  rows.push_back({"mean", fmt::format("{:.3f}", r.latency_ms.mean)});
  rows.push_back({"max", fmt::format("{:.3f}", r.latency_ms.max)});
  p.table(rows);
  p.out(fmt::format("{} samples, closed loop, {} thread{}; {}", r.latency_ms.samples, o.threads,
                    o.threads == 1 ? "" : "s", ship::conditions_line(r.conditions)));
  if (o.steps) print_steps(r, p);
}

Status run_bench(const Options& o, Session& s) {
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  HONE_ASSIGN(ship::Session session, open_session(o.model, o.threads, shapes));
  ship::BenchOptions b;
  b.duration_s = o.duration;
  HONE_ASSIGN(b.shapes, ordered_shapes(session, shapes));
  b.progress = [&](int64_t, double spent, double all) { s.printer.progress("bench", spent, all); };
  auto result = ship::bench(session, b);
  if (!result.ok()) return in(o.model, result.status());
  result->conditions["threads"] = o.threads;
  result->conditions["precision"] = session.engine().info().precision;
  for (const std::string& w : result->warnings) s.printer.warn(w);
  if (o.json.empty()) {
    print_human(o, *result, s.printer);
    return {};
  }
  std::string text = ship::to_json(*result).dump(1) + "\n";
  if (o.json != "-") return write_text(o.json, text);
  s.printer.end_progress();
  s.printer.out_raw(text);
  return {};
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("bench", "Measure latency and memory of an engine or a model");
  c->add_option("model", o->model, "Engine, or ONNX file (built in memory without timing)")
      ->required();
  c->add_flag("--closed", o->closed, "Back to back (the default)");
  c->add_option("--duration", o->duration, "Seconds (and at least 11 samples)")
      ->check(CLI::Range(0.0, 86400.0));
  c->add_option("--threads", o->threads, "Threads")->check(CLI::Range(1, 256));
  c->add_option("--shape", o->shapes, "NAME=1x3x224x224 for dynamic inputs");
  c->add_flag("--steps", o->steps, "Print the time of each step too");
  c->add_option("--json", o->json, "Write JSON to this file; - is stdout");
  c->footer("Example: hone bench model.engine --duration 5 --json -");
  on_run(c, session, o, run_bench);
}

}  // namespace hone::cli
