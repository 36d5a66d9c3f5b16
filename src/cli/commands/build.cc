// hone build: an engine for this machine, or for the one of a file.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/dry_run.h"
#include "cli/precisions.h"
#include "cli/remote_timing.h"
#include "device/kernels/kernel.h"
#include "host/engine/refit.h"
#include "host/exec/opt_level.h"
#include "host/model/files.h"
#include "host/ops/plugin.h"
#include "host/plan/profile_text.h"
#include "host/plan/target_file.h"

namespace hone::cli {

namespace {

struct Options {
  std::string model, out, cache, target, precision = "best", prefer, refit, json;
  int threads = 1, opt_level = exec::default_opt_level;
  std::vector<std::string> profiles, disabled, tactics;
  bool explain = false, verify = false, untimed = false, miss_is_error = false, dry_run = false;
  int stop_after = -1;
  double max_growth = 3;
  int64_t workspace = INT64_MAX;
  RemoteTiming remote;
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
  auto look = [&](const std::vector<plan::TacticNote>& tactics, double ns) {
    auto candidates = std::count_if(tactics.begin(), tactics.end(),
                                    [](const plan::TacticNote& t) { return t.reason.empty(); });
    if (candidates < 2) return;
    ++*all;
    if (ns == 0) ++untimed;
  };
  for (const plan::Step& step : plan.steps) look(step.tactics, step.ns);
  for (const plan::Profile& p : plan.profiles) {
    for (const auto& [step, choice] : p.choices) look(choice.tactics, choice.ns);
  }
  return untimed;
}

// How the kernels were chosen, for the line at the end.
std::string choice_word(const Options& o, const plan::Plan& plan) {
  if (!o.refit.empty()) return "kernels of " + o.refit;
  size_t all = 0;
  const size_t untimed = untimed_choices(plan, &all);
  return all > 0 && untimed == all ? "kernels by rank, nothing timed," : "timed";
}

std::function<void(const std::string&)> pass_log(Session& s) {
  return [&s](const std::string& line) { s.printer.note("pass " + line); };
}

Status check_kernel_word(const std::string& word) {
  for (const kernels::Kernel* k : ops::known_kernels()) {
    if (std::string_view(k->name).find(word) != std::string_view::npos) return {};
  }
  return invalid(
      fmt::format("--prefer-kernel {}: no kernel's name contains it; see hone kernels", word));
}

Result<engine::CompileOptions> compile_options(const Options& o, Session& s) {
  engine::CompileOptions c;
  HONE_ASSIGN(Target machine, this_machine());
  c.target = machine;
  if (!o.target.empty()) {
    HONE_ASSIGN(c.target, plan::load_target(o.target));
  }
  HONE_ASSIGN(c.profiles, plan::parse_profiles(o.profiles, "--profile"));
  HONE_RETURN_IF_ERROR(check_kernel_word(o.prefer));
  c.threads = o.threads;
  c.precision = o.precision;
  c.max_weight_growth = o.max_growth;
  HONE_ASSIGN(c.tactics, plan::parse_tactic_rules(o.tactics));
  c.prefer_kernel = o.prefer;
  c.max_workspace = o.workspace;
  c.opt_level = o.opt_level;
  c.error_on_cache_miss = o.miss_is_error;
  if (!o.untimed && is_here(c.target, machine)) {
    c.time = exec::make_timer(c.target, exec::opt_level(o.opt_level).timing);
  }
  c.passes.disabled = o.disabled;
  c.passes.verify = o.verify;
  c.passes.stop_after = o.stop_after;
  if (o.explain) c.passes.log = pass_log(s);
  c.progress = [&s](int done, int total, const std::string&) {
    s.printer.progress("timing tactics", done, total);
  };
  return c;
}

// The earlier engine's plan, for the weights of the model.
Result<engine::Refit> read_refit_file(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  auto verified = wire::verify({file.bytes});
  if (!verified.ok()) {
    return engine_error(path, Status(verified.code(), verified.status().text().c_str()));
  }
  auto refit = engine::read_refit(*verified);
  if (!refit.ok()) return in(path, refit.status());
  return refit;
}

Status run_dry(const Options& o, const model::Model& model, engine::CompileOptions c, Session& s) {
  plan::TimingSurvey survey;
  c.survey = &survey;
  auto built = engine::compile(model, c);
  if (!built.ok()) return in(o.model, built.status());
  HONE_ASSIGN(bool text, give_json(s, o.json, dry_run_json(built->plan, survey, c)));
  if (text) {
    s.printer.end_progress();
    if (o.explain) s.printer.out_raw(plan::to_text(built->plan));
    print_dry_run(dry_run_json(built->plan, survey, c), s.printer);
    for (const std::string& m : survey.missing) {
      if (o.miss_is_error) s.printer.out("missing      " + m);
    }
  }
  return o.miss_is_error ? in(o.model, missing_timings(survey)) : Status();
}

// Steps by kernel; of no kernel: branch, trap, measure.
nlohmann::json steps_by_kernel(const plan::Plan& plan) {
  constexpr const char* others[] = {"", "branch", "trap", "measure"};
  std::map<std::string, int> counts;
  for (const plan::Step& step : plan.steps) {
    const bool kernel = step.kind == plan::Step::Kind::kernel && step.kernel != nullptr;
    ++counts[kernel ? step.kernel->name : others[static_cast<size_t>(step.kind)]];
  }
  return counts;
}

nlohmann::json to_json(const Options& o, const engine::Compiled& built, const Target& target) {
  nlohmann::json j = {{"schema", 1},
                      {"engine", o.out},
                      {"bytes", built.bytes.size()},
                      {"steps", built.plan.steps.size()},
                      {"steps_by_kernel", steps_by_kernel(built.plan)},
                      {"precision", built.plan.precision},
                      {"precisions", precisions_of(built.plan)},
                      {"threads", built.plan.threads},
                      {"packed_bytes",
                       {{"least", built.plan.packed.least},
                        {"fastest", built.plan.packed.fastest},
                        {"chosen", built.plan.packed.chosen}}},
                      {"target", target.cpu}};
  if (o.explain) j["plan"] = plan::to_text(built.plan);
  return j;
}

Status run_build(const Options& o, Session& s) {
  engine::Refit refit;
  engine::CompileOptions c;
  if (o.refit.empty()) {
    HONE_ASSIGN(c, compile_options(o, s));
  } else {
    HONE_ASSIGN(refit, read_refit_file(o.refit));
    c = refit.options;
    c.earlier = &refit.tactics;
    c.passes.verify = o.verify;
    if (o.explain) c.passes.log = pass_log(s);
  }
  HONE_ASSIGN(model::Model model, model::read_model(o.model));
  plan::TimingCache cache;
  if (!o.cache.empty()) {
    HONE_ASSIGN(cache, plan::TimingCache::load(o.cache));
  }
  c.cache = &cache;
  if (o.dry_run) return run_dry(o, model, c, s);
  if (!o.remote.requests.empty()) {
    auto count = write_requests(o.remote.requests, model, c);
    if (!count.ok()) return in(o.model, count.status());
    s.printer.note(fmt::format("{}: {} timings to be made by hone-tune on {}", o.remote.requests,
                               *count, c.target.cpu));
    return {};
  }
  // Timing takes a while: that the result has no place to go is better known before it.
  HONE_RETURN_IF_ERROR(check_writable(o.out));
  if (!o.remote.command.empty()) {
    HONE_RETURN_IF_ERROR(in(o.model, time_by(o.remote.command, o.out, model, c)));
    c.time = {};
  }
  auto built = engine::compile(model, c);
  if (!built.ok()) return in(o.model, built.status());
  // The cache first: its timings hold whatever becomes of the engine, and an engine is the last
  // thing a build that fails leaves behind.
  if (!o.cache.empty() && cache.changed()) {
    HONE_RETURN_IF_ERROR(write_text(o.cache, cache.to_json()));
  }
  HONE_RETURN_IF_ERROR(write_file(o.out, built->bytes));
  const bool by_rank_unasked = !o.untimed && o.opt_level > 0 && o.refit.empty();
  if (size_t all = 0, untimed = untimed_choices(built->plan, &all);
      untimed > 0 && by_rank_unasked) {
    s.printer.warn(
        fmt::format("{} is another machine and the timing cache lacks {} of {} choices: "
                    "those kernels were taken by rank",
                    c.target.cpu, untimed, all));
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, to_json(o, *built, c.target)));
  if (!text) return {};
  s.printer.end_progress();
  if (o.explain) s.printer.out_raw(plan::to_text(built->plan));
  s.printer.note(
      fmt::format("{}: {} engine, {}, {} step{}, {} for {} thread{} of {}", o.out,
                  built->plan.precision, human_bytes(static_cast<double>(built->bytes.size())),
                  built->plan.steps.size(), built->plan.steps.size() == 1 ? "" : "s",
                  choice_word(o, built->plan), c.threads, c.threads == 1 ? "" : "s", c.target.cpu));
  if (const std::string line = precisions_line(precisions_of(built->plan)); !line.empty()) {
    s.printer.note(line);
  }
  return {};
}

void add_tactic_options(CLI::App* c, Options* o) {
  c->add_option("--opt-level", o->opt_level,
                "0: kernels by rank, nothing timed; 1 to 5: more tactics, timed for longer "
                "(docs/build.md)")
      ->type_name("N")
      ->check(whole(0, exec::max_opt_level))
      ->capture_default_str();
  c->add_option("--tactics", o->tactics,
                "deny=PATTERN: no kernel whose name matches, as in deny=*winograd*; "
                "allow=PATTERN: of a family only those that match; repeat it for more (names: hone "
                "kernels)")
      ->type_name("RULE")
      ->allow_extra_args(false);
  c->add_option("--workspace", o->workspace,
                "Most memory that a kernel may work in, as in 64MiB; of all threads together")
      ->type_name("SIZE")
      ->transform(size_in_bytes());
}

// Nothing that decides a plan goes with --refit: the engine says it all.
void add_refit(CLI::App* c, Options* o) {
  CLI::Option* refit =
      c->add_option("--refit", o->refit,
                    "New weights for the plan of this engine: its kernels and options, nothing "
                    "timed; what else differs is an error")
          ->type_name("ENGINE");
  for (const char* name :
       {"--precision", "--threads", "--profile", "--timing-cache", "--target", "--opt-level",
        "--tactics", "--workspace", "--error-on-cache-miss", "--no-timing", "--dry-run",
        "--max-weight-growth", "--prefer-kernel", "--disable-pass", "--stop-after"}) {
    refit->excludes(c->get_option(name));
  }
}

void add_experts_options(CLI::App* c, Options* o) {
  c->add_flag("--error-on-cache-miss", o->miss_is_error,
              "Fail instead of timing what --timing-cache does not hold");
  c->add_flag("--no-timing", o->untimed,
              "Time nothing: choose kernels by the cache's timings, else by rank");
  c->add_option("--max-weight-growth", o->max_growth,
                "Most that weights packed for their kernels may take, in times the least (1 to "
                "100): some kernels are faster for keeping theirs larger")
      ->type_name("X")
      ->check(number(1, 100))
      ->capture_default_str();
  c->add_option("--prefer-kernel", o->prefer,
                "Use kernels whose name contains WORD where possible (names: hone kernels)")
      ->type_name("WORD");
  add_pass_options(c, &o->disabled, &o->stop_after, &o->verify);
}

}  // namespace

void add_build(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("build", "Compile a model to an engine for this machine");
  c->add_option("MODEL.onnx", o->model, "ONNX file")->required();
  CLI::Option* output =
      c->add_option("-o,--output", o->out, "Engine file to write; appears whole or not at all")
          ->type_name("ENGINE")
          ->required();
  c->add_option(
       "--precision", o->precision,
       "int8: integers where the model has quantised values, which it must (hone "
       "quantize); f32: everywhere, quantised values rounded as the model says; bf16, f16: as "
       "f32, products of 16-bit floats summed in f32 (docs/precision.md); best: "
       "integers where the model has them, f32 elsewhere")
      ->type_name("TYPE")
      ->capture_default_str();
  c->add_option("--threads", o->threads, "Threads to time kernels with, 1 to 256")
      ->type_name("N")
      ->check(whole(1, 256))
      ->capture_default_str();
  c->add_option("--profile", o->profiles,
                "Sizes that inputs may have, as in x=1x3x224x224:1x3x224x224:4x3x224x224; timed "
                "at opt, memory for max; one shape alone fixes it. Naming an input again begins "
                "another profile: a run takes the first that its shapes fit. Without it any size "
                "runs, and memory is sized when it does")
      ->type_name("NAME=min:opt:max[,...]")
      ->allow_extra_args(false);
  c->add_option("--timing-cache", o->cache,
                "Take timings from this file where it has them, and add new ones: builds become "
                "fast and byte-identical")
      ->type_name("FILE");
  c->add_option("--target", o->target,
                "Build for the machine of this file (hone doctor --save-target there), with the "
                "timings of it that --timing-cache holds")
      ->type_name("FILE.toml");
  c->add_flag_callback(
      "--dry-run", [o, output] { o->dry_run = true, output->required(false); },
      "Time nothing and write nothing: say what would be timed, what the cache holds of it, and "
      "the memory it comes to");
  c->add_flag("--explain", o->explain,
              "Print the plan: for every step the kernel chosen, timed and refused, and why");
  add_json_option(c, &o->json);
  add_tactic_options(c, o.get());
  add_experts_options(c, o.get());
  add_refit(c, o.get());
  add_remote_timing_options(c, &o->remote);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "examples:\n"
      "  hone build model.onnx -o model.engine\n"
      "  hone build model.onnx -o model.engine --threads 2 --timing-cache timings.json --explain\n"
      "  hone build text.onnx -o text.engine --profile ids=1x1:1x64:1x512,mask=1x1:1x64:1x512\n"
      "  hone build net.onnx -o net.engine --profile x=1x9 --profile x=2x9:4x9:8x9\n"
      "  hone build model.onnx --dry-run --timing-cache timings.json\n"
      "  hone build retrained.onnx -o new.engine --refit model.engine\n\n"
      "Exit: 0 done, 2 error in use or model, 4 disk, permissions or instruction set.");
  on_run(c, session, o, run_build);
}

}  // namespace hone::cli
