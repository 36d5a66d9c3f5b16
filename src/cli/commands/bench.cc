// hone bench: latency of an engine or a model on this machine.

#include "ship/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "cli/against.h"
#include "cli/bench_subject.h"
#include "cli/bench_text.h"
#include "cli/command.h"
#include "host/model/files.h"
#include "host/model/tensor_files.h"
#include "ship/measure/conditions.h"

namespace hone::cli {

namespace {

struct Options {
  SubjectArgs subject;
  std::string json, samples, sustain;
  double duration = 3;
  std::optional<double> max_warmup, rate;
  bool closed = false, drop = false, steps = false;
  std::vector<std::string> shapes;
  AgainstOptions against;
};

// Seconds of "90s", "30m", "2h"; at most a week.
std::optional<double> seconds_of(const std::string& text) {
  double value = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(stop, text.data() + text.size());
  const double factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  const double seconds = value * factor;
  if (error != std::errc() || !(seconds > 0) || seconds > 7 * 86400) return std::nullopt;
  return seconds;
}

CLI::Validator duration() {
  return CLI::Validator(
      [](std::string& text) {
        if (seconds_of(text)) return std::string();
        return fmt::format("'{}' is not a duration like 90s, 30m or 2h, at most a week", text);
      },
      "");
}

Status check(const Options& o) {
  if (o.closed && o.rate) {
    return invalid("--closed runs back to back, --rate at a camera's pace: give one of them");
  }
  if (o.drop && !o.rate) return invalid("--drop is for --rate: back to back no frame is late");
  return {};
}

// Nanoseconds, in order of time: one a line, or an .npy of int64.
Status write_samples(const std::string& path, const ship::Record& d) {
  const std::vector<int64_t>& ns = d.latency();
  if (std::filesystem::path(path).extension() == ".npy") {
    const Tensor t = Tensor::of<int64_t>({d.kept()}, std::span<const int64_t>(ns));
    HONE_ASSIGN(std::vector<std::byte> bytes, model::format_npy(t));
    return write_file(path, bytes);
  }
  std::string text;
  for (int64_t v : ns) text += fmt::format("{}\n", v);
  return write_text(path, text);
}

ship::BenchOptions bench_options(const Options& o, const BenchSubject& subject, Printer& p) {
  ship::BenchOptions b;
  b.duration_s = o.sustain.empty() ? o.duration : *seconds_of(o.sustain);
  b.max_warmup_s = o.max_warmup.value_or(std::clamp(2 * b.duration_s, 0.2, 30.0));
  if (o.rate) b.rate = ship::RateOptions{*o.rate, o.drop};
  b.inputs = subject.inputs;
  b.inputs.same = o.subject.same_input;
  b.shapes = subject.shapes;
  b.load_ms = subject.load_ms;
  b.live = [&p](const ship::LiveFigures& f) { p.progress(live_line(f), f.spent_s, f.total_s); };
  return b;
}

Result<ship::BenchResult> measure(const Options& o, BenchSubject& subject, Printer& p) {
  const ship::BenchOptions b = bench_options(o, subject, p);
  auto r = subject.frames() != nullptr ? ship::bench(subject.session(), *subject.frames(), b)
                                       : ship::bench(subject.session(), b);
  p.end_progress();
  if (!r.ok()) return in(o.subject.path, r.status());
  if (subject.pictures() != nullptr) r->conditions["inputs"] = subject.pictures()->describe();
  r->memory["peak_rss_bytes"] = subject.peak_rss();
  ship::Session& session = subject.session();
  ship::add_engine(session.engine().info(), subject.threads, subject.engine_path, &r->conditions);
  if (session.profiles() > 1) r->conditions["profile"] = session.context().profile();
  return r;
}

Status run_bench(const Options& o, Session& s) {
  HONE_RETURN_IF_ERROR(check(o));
  SubjectArgs args = o.subject;
  HONE_ASSIGN(args.shapes, parse_shapes(o.shapes));
  if (!o.against.backends.empty()) {
    return run_against(o.against, {args.path, o.json, args.threads.value_or(1), args.shapes}, s);
  }
  // Asked before what takes long.
  for (const std::string& path : {o.samples, o.json}) {
    if (!path.empty() && path != "-") HONE_RETURN_IF_ERROR(check_writable(path));
  }
  HONE_ASSIGN(auto subject, BenchSubject::open(args, s.printer));
  HONE_ASSIGN(ship::BenchResult r, measure(o, *subject, s.printer));
  for (const std::string& w : r.warnings) s.printer.warn(w);
  if (!o.samples.empty()) HONE_RETURN_IF_ERROR(write_samples(o.samples, r.record));
  nlohmann::json j = ship::to_json(r);
  j.update(subject->described);
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (text) print_bench(r, *subject, {o.steps, !o.sustain.empty()}, s.printer);
  return {};
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("bench", "Measure latency and memory of an engine or a model");
  c->add_option("ENGINE|MODEL.onnx|hone.toml", o->subject.path,
                "Engine, ONNX file (built in memory without timing), or project: its engine of "
                "hone-out on its pictures, with preprocessing and postprocessing timed apart")
      ->required();
  c->add_option("--model", o->subject.model, "Which model, where hone.toml describes several")
      ->type_name("NAME");
  c->add_option("--target", o->subject.target, "Which target, where hone.toml describes several")
      ->type_name("NAME");
  c->add_flag("--closed", o->closed, "Run back to back, the next when the last ends (default)");
  c->add_option("--rate", o->rate,
                "Frames per second as from a camera, 0.001 to 1000000: latency counts from the "
                "instant a frame is due, the deadline is one period later")
      ->type_name("N")
      ->check(number(0.001, 1e6));
  c->add_flag("--drop", o->drop,
              "With --rate: take the newest frame and skip those before it; without, every frame "
              "is served, however late");
  CLI::Option* seconds = c->add_option("--duration", o->duration,
                                       "How long to measure, 0 to 86400; at least 11 samples")
                             ->type_name("SECONDS")
                             ->check(number(0, 86400))
                             ->capture_default_str();
  c->add_option("--sustain", o->sustain,
                "Measure for so long (90s, 30m, 2h) and print figures of minute 1, 5, 30 and the "
                "last: what is hot is slower")
      ->type_name("TIME")
      ->check(duration())
      ->excludes(seconds);
  c->add_option("--max-warmup", o->max_warmup,
                "Longest warm-up, 0 to 86400; it ends when runs are steady. Else twice the "
                "duration, at most 30")
      ->type_name("SECONDS")
      ->check(number(0, 86400));
  c->add_flag("--same-input", o->subject.same_input,
              "Run one input again and again, as its caches like it; else 64 in turn");
  c->add_option("--threads", o->subject.threads,
                "Threads to run on, 1 to 256; else those of the target in hone.toml, else 1")
      ->type_name("N")
      ->check(whole(1, 256));
  add_shape_option(c, &o->shapes);
  c->add_flag("--steps", o->steps, "Print the time of each step too");
  c->add_option("--samples", o->samples,
                "Write every sample to FILE, in nanoseconds and order of time: one a line, or an "
                "array as .npy")
      ->type_name("FILE");
  add_against_options(c, &o->against);
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "A percentile is printed only where the samples suffice to claim it, with its 95 % interval\n"
      "and the bound that holds with 99 % confidence (MLPerf LoadGen's). Outliers are kept and\n"
      "flagged. Inputs are noise unless a hone.toml has better.\n\n"
      "examples:\n"
      "  hone bench model.engine --rate 30 --duration 30\n"
      "  hone bench hone.toml --rate 30 --sustain 30m\n"
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
