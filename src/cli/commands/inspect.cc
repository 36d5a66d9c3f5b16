// hone inspect: what a model or an engine is.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/describe_engine.h"
#include "cli/describe_model.h"
#include "cli/describe_targets.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "ship/drawing/drawing.h"

namespace hone::cli {

using nlohmann::json;

namespace {

struct Options {
  std::string file, json, html;
  std::vector<std::string> targets;
};

// The page is written before anything is printed: whoever reads of it can open it.
Status write_page(const Options& o, const graph::Graph& g, const json& described) {
  const std::string name = std::filesystem::path(o.file).filename().string();
  auto page = ship::drawing::page_of(g, described, name);
  if (!page.ok()) return in(o.file, page.status());
  return write_text(o.html, *page);
}

Status run_inspect(const Options& o, Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.file));
  json j;
  if (engine) {
    if (!o.html.empty()) {
      return Status(Code::invalid_argument,
                    o.file + ": an engine; --html draws the graph of an ONNX model");
    }
    if (!o.targets.empty()) {
      return Status(Code::invalid_argument,
                    o.file + ": an engine is of one target; --target asks what ONNX models run on");
    }
    HONE_ASSIGN(j, describe_engine(o.file));
  } else {
    if (!o.html.empty()) HONE_RETURN_IF_ERROR(check_writable(o.html));
    HONE_ASSIGN(model::Model m, model::read_model(o.file));
    auto g = import(m, {.keep_guests = true});
    if (!g.ok()) return in(o.file, g.status());
    if (!o.html.empty()) {
      const Status drawable = ship::drawing::check_drawable(*g);
      if (!drawable.ok()) return in(o.file, drawable);
    }
    j = describe_model(m, *g);
    HONE_ASSIGN(j["targets"], describe_targets(m, o.targets));
    if (!o.html.empty()) HONE_RETURN_IF_ERROR(write_page(o, *g, j));
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  if (engine) {
    print_engine(o.file, j, s.printer);
  } else {
    print_model(o.file, j, s.printer);
    print_targets(j["targets"], s.printer);
    if (!o.html.empty()) s.printer.out("page         " + o.html);
  }
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("inspect", "Say what a model or an engine is");
  c->add_option("MODEL.onnx|ENGINE", o->file, "ONNX file or engine")->required();
  c->add_option("--html", o->html,
                "Draw the graph on a page of its own: one file that loads nothing from elsewhere")
      ->type_name("FILE");
  c->add_option("--target", o->targets,
                "Ask this machine instead of all instruction sets, its memory included; repeat it "
                "for more")
      ->type_name("FILE.toml")
      ->allow_extra_args(false);
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Prints inputs, outputs, operators, weights, work, activations at their peak, types; what "
      "has "
      "no\n"
      "kernel and why; what exporters left behind, and the fix (docs/inspect.md).\n\n"
      "examples:\n"
      "  hone inspect model.onnx\n"
      "  hone inspect model.onnx --html model.html\n"
      "  hone inspect model.onnx --target board.toml\n"
      "  hone inspect model.engine --json -\n\n"
      "Exit: 0 done, 2 error in use or input, 4 permissions.");
  on_run(c, session, o, run_inspect);
}

}  // namespace hone::cli
