// hone bench: latency of an engine or a model on this machine.

#include "ship/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/against.h"
#include "cli/command.h"
#include "ship/measure/conditions.h"

namespace hone::cli {

namespace {

struct Options {
  std::string model, json;
  double duration = 3;
  int threads = 1;
  std::optional<double> max_warmup, rate;
  bool closed = false, drop = false, same_input = false, steps = false;
  std::vector<std::string> shapes;
  AgainstOptions against;
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
  std::string profile;
  if (r.conditions.contains("profile")) {
    profile = fmt::format(", profile {}", r.conditions["profile"].get<int>());
  }
  if (r.rate) {
    p.out(
        fmt::format("{} of {} frames missed the deadline of {:.3f} ms, at most {} in a row; {} "
                    "skipped",
                    r.rate->misses, r.rate->scheduled, r.rate->period_ns * 1e-6,
                    r.rate->longest_streak, r.rate->skipped));
  }
  std::string mode = r.rate ? fmt::format("{:g} frames/s", r.rate_per_second) : "closed loop";
  p.out(fmt::format("{} samples, {}, {} thread{}{}; {}", r.latency_ms.samples, mode, o.threads,
                    o.threads == 1 ? "" : "s", profile, ship::conditions_line(r.conditions)));
  if (o.steps) print_steps(r, p);
}

Status check(const Options& o) {
  if (o.closed && o.rate) {
    return invalid("--closed runs back to back, --rate at a camera's pace: give one of them");
  }
  if (o.drop && !o.rate) return invalid("--drop is for --rate: back to back no frame is late");
  return {};
}

Status run_bench(const Options& o, Session& s) {
  HONE_RETURN_IF_ERROR(check(o));
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  if (!o.against.backends.empty()) {
    return run_against(o.against, {o.model, o.json, o.threads, shapes}, s);
  }
  HONE_ASSIGN(ship::Session session, open_session(o.model, o.threads, shapes));
  ship::BenchOptions b;
  b.duration_s = o.duration;
  b.max_warmup_s = o.max_warmup.value_or(std::clamp(2 * o.duration, 0.2, 30.0));
  if (o.rate) b.rate = ship::RateOptions{*o.rate, o.drop};
  b.inputs.same = o.same_input;
  HONE_ASSIGN(b.shapes, ordered_shapes(session, shapes));
  HONE_RETURN_IF_ERROR(check_memory(session.inputs(), shapes));
  b.progress = [&](int64_t, double spent, double all) { s.printer.progress("bench", spent, all); };
  auto result = ship::bench(session, b);
  if (!result.ok()) return in(o.model, result.status());
  HONE_ASSIGN(bool engine, is_engine_file(o.model));
  ship::add_engine(session.engine().info(), o.threads, engine ? o.model : "", &result->conditions);
  if (session.profiles() > 1) result->conditions["profile"] = session.context().profile();
  for (const std::string& w : result->warnings) s.printer.warn(w);
  HONE_ASSIGN(bool text, give_json(s, o.json, ship::to_json(*result)));
  if (text) print_human(o, *result, s.printer);
  return {};
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("bench", "Measure latency and memory of an engine or a model");
  c->add_option("ENGINE|MODEL.onnx", o->model,
                "Engine, or ONNX file (built in memory without timing)")
      ->required();
  c->add_flag("--closed", o->closed, "Run back to back, the next when the last ends (default)");
  c->add_option("--rate", o->rate,
                "Frames per second as from a camera, 0.001 to 1000000: latency counts from the "
                "instant a frame is due, the deadline is one period later")
      ->type_name("N")
      ->check(number(0.001, 1e6));
  c->add_flag("--drop", o->drop,
              "With --rate: take the newest frame and skip those before it; without, every frame "
              "is served, however late");
  c->add_option("--duration", o->duration, "How long to measure, 0 to 86400; at least 11 samples")
      ->type_name("SECONDS")
      ->check(number(0, 86400))
      ->capture_default_str();
  c->add_option("--max-warmup", o->max_warmup,
                "Longest warm-up, 0 to 86400; it ends when runs are steady. Else twice the "
                "duration, at most 30")
      ->type_name("SECONDS")
      ->check(number(0, 86400));
  c->add_flag("--same-input", o->same_input,
              "Run one input again and again, as its caches like it; else 64 in turn");
  c->add_option("--threads", o->threads, "Threads to run on, 1 to 256")
      ->type_name("N")
      ->check(whole(1, 256))
      ->capture_default_str();
  c->add_option("--shape", o->shapes,
                "Size of a dynamic input, as in x=1x3x224x224; else what the engine's first "
                "profile was timed at (without profile 1 for the first dimension, 64 for others)")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  c->add_flag("--steps", o->steps, "Print the time of each step too");
  add_against_options(c, &o->against);
  add_json_option(c, &o->json);
  c->footer(
      "A percentile is printed only where the samples suffice to claim it. Inputs are random.\n\n"
      "examples:\n"
      "  hone bench model.engine --rate 30 --duration 30\n"
      "  hone bench model.engine --duration 5\n"
      "  hone bench model.onnx --shape x=4x3x224x224 --threads 2 --steps\n"
      "  hone bench model.engine --json - | jq .latency_ms.p95\n"
      "  hone bench model.onnx --against onnxruntime,openvino\n\n"
      "Exit: 0 done, also when unsteady (a warning says so), 2 error in use or input, 4 disk,\n"
      "permissions, memory or instruction set. With --against also 1 where Hone's outputs are the\n"
      "wrong ones, 3 where no other runtime could be compared.");
  on_run(c, session, o, run_bench);
}

}  // namespace hone::cli
