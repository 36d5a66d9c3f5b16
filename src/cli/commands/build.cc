// hone build: an engine for this machine, or for the one of a file.

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/exec/time_kernel.h"
#include "host/model/files.h"
#include "host/plan/target_file.h"

namespace hone::cli {

namespace {

struct Options {
  std::string model, out, cache, target, precision = "f32", prefer;
  int threads = 1;
  std::vector<std::string> profiles, disabled;
  bool explain = false, verify = false, untimed = false, miss_is_error = false;
  int stop_after = -1;
};

// Timings taken here hold for the target.
bool is_here(const Target& target, const Target& machine) {
  return std::string_view(target.cpu) == machine.cpu && target.arch == machine.arch &&
         (target.isa & ~machine.isa) == 0;
}

// Choices between several kernels that no timing decided.
size_t untimed_choices(const plan::Plan& plan, size_t* all) {
  size_t untimed = 0;
  *all = 0;
  for (const plan::Step& step : plan.steps) {
    auto candidates = std::count_if(step.tactics.begin(), step.tactics.end(),
                                    [](const plan::TacticNote& t) { return t.reason.empty(); });
    if (candidates < 2) continue;
    ++*all;
    if (step.ns == 0) ++untimed;
  }
  return untimed;
}

Status run_build(const Options& o, Session& s) {
  engine::CompileOptions c;
  HONE_ASSIGN(Target machine, this_machine());
  c.target = machine;
  if (!o.target.empty()) {
    HONE_ASSIGN(c.target, plan::load_target(o.target));
  }
  const bool can_time = is_here(c.target, machine) && !o.untimed;
  HONE_ASSIGN(c.profile, parse_profiles(o.profiles));
  HONE_ASSIGN(model::Model model, model::read_model(o.model));
  plan::TimingCache cache;
  if (!o.cache.empty()) {
    HONE_ASSIGN(cache, plan::TimingCache::load(o.cache));
  }
  c.threads = o.threads;
  c.precision = o.precision;
  c.prefer_kernel = o.prefer;
  c.cache = &cache;
  c.error_on_cache_miss = o.miss_is_error;
  if (can_time) c.time = exec::make_timer(c.target);
  c.passes.disabled = o.disabled;
  c.passes.verify = o.verify;
  c.passes.stop_after = o.stop_after;
  if (o.explain) c.passes.log = [&](const std::string& line) { s.printer.note("pass " + line); };
  c.progress = [&](int done, int total, const std::string&) {
    s.printer.progress("timing tactics", done, total);
  };
  auto built = engine::compile(model, c);
  if (!built.ok()) return in(o.model, built.status());
  HONE_RETURN_IF_ERROR(write_file(o.out, built->bytes));
  if (!o.cache.empty() && cache.changed()) {
    HONE_RETURN_IF_ERROR(write_text(o.cache, cache.to_json()));
  }
  s.printer.end_progress();
  if (o.explain) s.printer.out_raw(plan::to_text(built->plan));
  s.printer.note(fmt::format("{}: {} in {} steps, {} {}, {} thread{}, for {}", o.out,
                             human_bytes(static_cast<double>(built->bytes.size())),
                             built->plan.steps.size(), built->plan.precision, "engine", o.threads,
                             o.threads == 1 ? "" : "s", c.target.cpu));
  if (size_t all = 0, untimed = untimed_choices(built->plan, &all); untimed > 0 && !o.untimed) {
    s.printer.warn(
        fmt::format("{} is another machine and the timing cache lacks {} of {} choices: "
                    "those kernels were taken by rank",
                    c.target.cpu, untimed, all));
  }
  return {};
}

}  // namespace

void add_build(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("build", "Compile a model to an engine for this machine");
  c->add_option("model", o->model, "ONNX file")->required();
  c->add_option("-o,--output", o->out, "Engine file to write")->required();
  c->add_option("--precision", o->precision, "f32 (the only one in this version)");
  c->add_option("--threads", o->threads, "Threads to time tactics for")->check(CLI::Range(1, 256));
  c->add_option(
      "--profile", o->profiles,
      "Sizes an input may have: NAME=min:opt:max, e.g. x=1x3x224x224:1x3x224x224:4x3x224x224");
  c->add_option("--timing-cache", o->cache, "Read timings from this file and add new ones to it");
  c->add_flag("--error-on-cache-miss", o->miss_is_error,
              "Fail instead of timing what is not cached");
  c->add_flag("--no-timing", o->untimed,
              "Time nothing: kernels by the cache's timings, else by rank");
  c->add_option("--target", o->target,
                "Build for the machine of this file (hone doctor --save-target), with the timings "
                "of it that the cache holds");
  c->add_option("--prefer-kernel", o->prefer,
                "Use kernels whose name contains this where possible");
  c->add_option("--disable-pass", o->disabled, "Leave a pass out (may be repeated)");
  c->add_option("--stop-after", o->stop_after, "Apply at most so many patches");
  c->add_flag("--verify", o->verify, "Run the reference before and after each patch");
  c->add_flag("--explain", o->explain, "Print the plan: chosen, timed and refused tactics");
  c->footer(
      "Example: hone build model.onnx -o model.engine --threads 2 --timing-cache timing.json");
  on_run(c, session, o, run_build);
}

}  // namespace hone::cli
