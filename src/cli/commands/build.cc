// hone build: an engine for this machine.

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/exec/time_kernel.h"
#include "host/model/files.h"

namespace hone::cli {

namespace {

struct Options {
  std::string model, out, cache, precision = "f32", prefer;
  int threads = 1;
  std::vector<std::string> profiles, disabled;
  bool explain = false, verify = false, untimed = false, miss_is_error = false;
  int stop_after = -1;
};

Status run_build(const Options& o, Session& s) {
  engine::CompileOptions c;
  HONE_ASSIGN(c.target, this_machine());
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
  if (!o.untimed) c.time = exec::make_timer(c.target);
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
  c->add_flag("--no-timing", o->untimed, "Choose kernels by rank instead of timing them");
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
