// hone profile: where an engine's time goes, layer by layer.

#include "ship/profile/profile.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/profile_text.h"
#include "common/base/hash.h"
#include "host/exec/time_kernel.h"
#include "host/model/files.h"
#include "host/model/json_text.h"
#include "ship/profile/diff.h"
#include "ship/profile/trace.h"

namespace hone::cli {

namespace {

struct Options {
  std::string model, other, trace, json;
  double duration = 2;
  int threads = 1, top = 20;
  bool details = false;
  std::vector<std::string> shapes;
};

// Of an engine file; a model's engine, built in memory, has none.
Result<std::string> hash_of(const std::string& path) {
  HONE_ASSIGN(bool engine, is_engine_file(path));
  if (!engine) return std::string();
  HONE_ASSIGN(MappedFile file, map_file(path));
  return fmt::format("{:016x}", hash64(file.bytes));
}

// An engine ready to run, for these shapes.
struct Opened {
  ship::Session session;
  std::string hash;
  std::vector<Dims> shapes;
};

Result<Opened> open(const std::string& path, const Options& o, Session& s) {
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  HONE_ASSIGN(Target target, this_machine());
  InMemory build;
  build.time = exec::make_timer(target);
  build.progress = [&s](int done, int total, const std::string&) {
    s.printer.progress("timing tactics", done, total);
  };
  HONE_ASSIGN(ship::Session session, open_session(path, o.threads, shapes, build));
  HONE_ASSIGN(std::string hash, hash_of(path));
  auto ordered = ordered_shapes(session, shapes);
  if (!ordered.ok()) return in(path, ordered.status());
  HONE_RETURN_IF_ERROR(check_memory(session.inputs(), shapes));
  return Opened{std::move(session), std::move(hash), std::move(*ordered)};
}

Status write_trace(const std::string& path, const std::string& name, ship::Session& session) {
  constexpr int runs = 5;
  HONE_ASSIGN(std::vector<ship::Layer> layers, ship::describe_layers(session));
  HONE_ASSIGN(ship::Recording recording, ship::record(session, runs));
  return write_text(path, json_text(ship::chrome_trace(recording, layers, name)) + "\n");
}

Status run_diff(const Options& o, Session& s) {
  if (!o.trace.empty()) return invalid("--trace is of one engine: give it without --diff");
  HONE_ASSIGN(Opened a, open(o.model, o, s));
  HONE_ASSIGN(Opened b, open(o.other, o, s));
  ship::DiffOptions d{o.model, o.other, a.hash, b.hash, a.shapes, b.shapes, o.duration};
  HONE_ASSIGN(ship::EngineDiff result, ship::diff_engines(a.session, b.session, d));
  for (const std::string& w : result.warnings) s.printer.warn(w);
  HONE_ASSIGN(bool text, give_json(s, o.json, ship::to_json(result)));
  if (text) print_diff(result, o.top, s.printer);
  return {};
}

Status run_profile(const Options& o, Session& s) {
  if (!o.other.empty()) return run_diff(o, s);
  // Measuring takes a while: that the result has no place to go is better known before it.
  if (!o.trace.empty()) HONE_RETURN_IF_ERROR(check_writable(o.trace));
  HONE_ASSIGN(Opened opened, open(o.model, o, s));
  ship::ProfileOptions p;
  HONE_ASSIGN(p.target, this_machine());
  p.engine = o.model;
  p.engine_hash = opened.hash;
  p.shapes = opened.shapes;
  p.seconds = o.duration;
  auto result = ship::profile(opened.session, p);
  if (!result.ok()) return in(o.model, result.status());
  if (!o.trace.empty()) HONE_RETURN_IF_ERROR(write_trace(o.trace, o.model, opened.session));
  for (const std::string& w : result->warnings) s.printer.warn(w);
  HONE_ASSIGN(bool text, give_json(s, o.json, ship::to_json(*result)));
  if (text) print_profile(*result, o.top, o.details, s.printer);
  return {};
}

}  // namespace

void add_profile(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("profile", "Show where an engine's time goes, layer by layer");
  c->add_option("ENGINE|MODEL.onnx", o->model,
                "Engine, or ONNX file (built in memory, its tactics timed)")
      ->required();
  c->add_option("--diff", o->other,
                "Compare with this one, B, in turns: layers matched by their nodes, those that "
                "changed most first, and what is different about them")
      ->type_name("ENGINE|MODEL.onnx");
  c->add_option("--trace", o->trace,
                "Write five runs as a time line that ui.perfetto.dev and chrome://tracing open")
      ->type_name("FILE");
  c->add_option("--top", o->top, "The N longest layers (changes); 0: all")
      ->type_name("N")
      ->check(whole(0, 1000000))
      ->capture_default_str();
  c->add_flag("--details", o->details,
              "Under each layer its nodes, operators, work, and tactics not taken");
  c->add_option("--duration", o->duration,
                "About how long to measure, 0.1 to 3600, the machine's own peaks included")
      ->type_name("SECONDS")
      ->check(number(0.1, 3600))
      ->capture_default_str();
  add_threads_option(c, &o->threads);
  add_shape_option(c, &o->shapes);
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Inputs are random. docs/profile.md says how to read the columns.\n\n"
      "examples:\n"
      "  hone profile model.engine\n"
      "  hone profile model.onnx --shape x=4x3x224x224 --threads 2 --top 5 --details\n"
      "  hone profile model.engine --trace trace.json\n"
      "  hone profile old.engine --diff new.engine\n"
      "  hone profile model.engine --json - | jq '.layers[] | select(.share > 0.1) | .layer'\n\n"
      "Exit: 0 done, 2 error in use or input, 4 disk, permissions, memory or instruction set.");
  on_run(c, session, o, run_profile);
}

}  // namespace hone::cli
