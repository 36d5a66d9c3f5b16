#include "cli/against.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/checks.h"
#include "cli/inputs.h"
#include "cli/json_option.h"
#include "cli/model_args.h"
#include "host/backends/backend.h"
#include "host/backends/work_folder.h"
#include "host/engine/compile.h"
#include "host/exec/time_kernel.h"
#include "host/import/import.h"
#include "ship/measure/against.h"
#include "ship/measure/bench.h"
#include "ship/measure/conditions.h"
#include "ship/measure/probes/monitor.h"
#include "ship/measure/random_inputs.h"
#include "ship/measure/stats.h"

namespace hone::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using ship::Contestant;
using ship::Outputs;

namespace {

constexpr double tolerance = 1e-3, quantized_tolerance = 5e-2;

// One line of the table.
struct Runtime {
  std::string name, version, note, cannot;  // cannot: why it is not compared
  std::optional<backends::Backend> backend;
  std::optional<Outputs> outputs;
  ship::Raced raced;
  ship::Difference worst;
  bool right = false;
};

// Everything of one comparison; [0] is Hone.
struct Comparison {
  std::vector<std::pair<std::string, Tensor>> inputs;
  std::vector<std::unique_ptr<Runtime>> runtimes;
  bool quantized = false;
  size_t reference = 0;
};

Status take_inputs(const AgainstOptions& o, const AgainstModel& m, const graph::Graph& g,
                   Comparison* c) {
  auto io = graph_io(g, g.block().inputs);
  std::vector<Tensor> given(io.size());
  if (!o.inputs.empty()) {
    InputOptions files;
    files.folder = o.inputs;
    HONE_ASSIGN(Given read, read_inputs(files, names_of(io)));
    HONE_ASSIGN(given, in_order(read, io));
  }
  const std::vector<std::string> known = names_of(io);
  for (const auto& [name, dims] : m.shapes) {
    if (std::find(known.begin(), known.end(), name) == known.end()) return no_such_input(name, io);
  }
  std::vector<Dims> sizes;
  for (size_t i = 0; i < io.size(); ++i) {
    auto shape = m.shapes.find(io[i].name);
    Dims dims = io[i].dims;
    for (size_t k = 0; k < dims.size(); ++k) dims[k] = dims[k] < 0 ? io[i].opt[k] : dims[k];
    if (shape != m.shapes.end()) dims = shape->second;
    sizes.push_back(std::move(dims));
  }
  const std::vector<Tensor> made = ship::RandomInputs(io, &g, 0).make(0, sizes);
  for (size_t i = 0; i < io.size(); ++i) {
    c->inputs.emplace_back(io[i].name, given[i] ? given[i] : made[i]);
  }
  return {};
}

bool is_quantized(const graph::Graph& g) {
  bool found = false;
  for (graph::NodeId n : g.block().nodes) {
    const std::string& op = g.node(n).op;
    found = found || op.find("Quantize") != std::string::npos || op.starts_with("QLinear") ||
            op.ends_with("Integer");
  }
  return found;
}

// As `hone build` makes it: kernels timed on this machine, for these sizes.
Result<ship::Session> build_here(graph::Graph graph, const AgainstModel& m, const Comparison& c,
                                 Session& s) {
  engine::CompileOptions options;
  HONE_ASSIGN(options.target, this_machine());
  options.threads = m.threads;
  options.time = exec::make_timer(options.target);
  for (const auto& [name, value] : c.inputs) options.shapes[name] = value.dims();
  options.progress = [&s](int done, int total, const std::string&) {
    s.printer.progress("timing tactics", done, total);
  };
  auto compiled = engine::compile(std::move(graph), options);
  if (!compiled.ok()) return in(m.path, compiled.status());
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(compiled->bytes));
  return ship::Session::open(bytes, m.threads);
}

Status start_hone(ship::Session& session, Comparison* c) {
  std::vector<Tensor> inputs;
  for (const auto& [name, value] : c->inputs) inputs.push_back(value);
  HONE_ASSIGN(std::vector<Tensor> made, session.run(inputs));
  auto hone = std::make_unique<Runtime>();
  hone->name = "hone";
  hone->version = hone_version();
  hone->note = "f32, engine timed on this machine";
  hone->outputs.emplace();
  for (size_t i = 0; i < made.size(); ++i) {
    hone->outputs->push_back({session.outputs()[i].name, std::move(made[i])});
  }
  c->runtimes.insert(c->runtimes.begin(), std::move(hone));
  return {};
}

Status start_backend(const backends::Command& command, const AgainstModel& m, const Comparison& c,
                     const backends::WorkFolder& work, Runtime* r) {
  auto started = backends::Backend::start(command);
  if (!started.ok()) return started.status();
  r->backend.emplace(std::move(started).value());
  backends::Backend& b = *r->backend;
  r->version = b.version();
  backends::LoadRequest load;
  std::error_code error;
  load.model = fs::absolute(m.path, error).string();
  load.threads = m.threads;
  for (const auto& [name, value] : c.inputs) load.shapes[name] = value.dims();
  HONE_ASSIGN(load.work, work.sub(command.name));
  HONE_RETURN_IF_ERROR(b.load(load));
  HONE_RETURN_IF_ERROR(b.bind(c.inputs));
  r->note = b.note();
  r->outputs.emplace();
  for (size_t i = 0; i < b.outputs().size(); ++i) {
    r->outputs->push_back({b.outputs()[i].name, b.output(i)});
  }
  b.stop();
  return {};
}

Contestant contestant(Runtime& r) {
  Contestant c;
  c.name = r.name;
  backends::Backend* b = &*r.backend;
  c.turn = [b](bool begins) { begins ? b->resume() : b->stop(); };
  c.run = [b](int runs, int warm, double expected_ms) -> Result<std::vector<double>> {
    HONE_ASSIGN(auto ns, b->run(runs, warm, static_cast<int64_t>(expected_ms * 1e6)));
    std::vector<double> ms;
    for (int64_t t : ns) ms.push_back(static_cast<double>(t) * 1e-6);
    return ms;
  };
  return c;
}

Contestant contestant(ship::Session& session) {
  Contestant c;
  c.name = "hone";
  c.run = [&session](int runs, int warm, double) -> Result<std::vector<double>> {
    using Clock = std::chrono::steady_clock;
    for (int i = 0; i < warm; ++i) HONE_RETURN_IF_ERROR(session.run());
    std::vector<double> ms;
    ms.reserve(static_cast<size_t>(runs));
    for (int i = 0; i < runs; ++i) {
      auto begin = Clock::now();
      HONE_RETURN_IF_ERROR(session.run());
      ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    return ms;
  };
  return c;
}

void judge_all(Comparison* c) {
  std::vector<std::optional<Outputs>> outputs;
  size_t trusted = c->runtimes.size();
  for (size_t i = 0; i < c->runtimes.size(); ++i) {
    outputs.push_back(c->runtimes[i]->outputs);
    if (c->runtimes[i]->name == "onnxruntime") trusted = i;
  }
  auto verdict = ship::judge(outputs, c->quantized ? quantized_tolerance : tolerance, trusted);
  c->reference = verdict.reference;
  for (size_t i = 0; i < outputs.size(); ++i) {
    c->runtimes[i]->right = verdict.right[i];
    c->runtimes[i]->worst = verdict.worst[i];
  }
}

void race_all(const AgainstOptions& o, ship::Session& session, Session& s, ship::Monitor* monitor,
              Comparison* c) {
  std::vector<Contestant> contestants = {contestant(session)};
  std::vector<size_t> who = {0};
  for (size_t i = 1; i < c->runtimes.size(); ++i) {
    if (!c->runtimes[i]->outputs) continue;
    contestants.push_back(contestant(*c->runtimes[i]));
    who.push_back(i);
  }
  ship::RaceOptions options;
  options.rounds = o.rounds;
  options.block_ms = o.block_ms;
  options.runs = o.runs;
  options.progress = [&s, monitor](int done, int all) {
    monitor->tick();
    s.printer.progress("rounds", done, all);
  };
  auto raced = ship::race(contestants, options);
  for (size_t k = 0; k < who.size(); ++k) {
    Runtime& r = *c->runtimes[who[k]];
    r.raced = std::move(raced[k]);
    if (!r.raced.failed.empty()) r.cannot = r.raced.failed;
  }
}

double p50(const Runtime& r) { return ship::median_interval(r.raced.samples_ms).value; }

// Its ratio to Hone's time; none where either's answer is wrong or missing.
std::optional<ship::Estimate> ratio(const Comparison& c, const Runtime& r) {
  const Runtime& hone = *c.runtimes[0];
  if (!r.cannot.empty() || !hone.cannot.empty() || !r.right || !hone.right) return std::nullopt;
  return ship::ratio_of(r.raced, hone.raced);
}

std::string wrong_text(const Comparison& c, const Runtime& r) {
  return fmt::format("{} (compared with {})", r.worst.text, c.runtimes[c.reference]->name);
}

// null of fewer samples than may claim it.
json tail(std::vector<double> samples) {
  if (static_cast<int64_t>(samples.size()) < ship::samples_needed(0.999)) return nullptr;
  std::sort(samples.begin(), samples.end());
  return ship::quantile(samples, 0.999);
}

json to_json(const Runtime& r, const Comparison& c) {
  json j = {{"name", r.name}, {"version", r.version}, {"note", r.note}};
  if (!r.cannot.empty()) {
    j["cannot"] = r.cannot;
    return j;
  }
  j["p50_ms"] = p50(r);
  j["p99.9_ms"] = tail(r.raced.samples_ms);
  j["samples"] = r.raced.samples_ms.size();
  j["rounds_ms"] = r.raced.medians_ms;
  auto spread = ship::spread_of(r.raced);
  j["spread"] = spread ? json(*spread) : json(nullptr);
  j["right"] = r.right;
  j["worst"] = std::isinf(r.worst.worst) ? json("not comparable") : json(r.worst.worst);
  if (!r.right) j["wrong"] = wrong_text(c, r);
  auto q = ratio(c, r);
  j["ratio"] = q ? json{{"value", q->value}, {"low", q->low}, {"high", q->high}} : json(nullptr);
  return j;
}

json to_json(const AgainstOptions& o, const AgainstModel& m, const Comparison& c,
             const json& conditions) {
  json inputs = json::object(), runtimes = json::array();
  for (const auto& [name, value] : c.inputs) {
    inputs[name] = std::string(hone::name(value.dtype())) + to_string(value.dims());
  }
  for (const auto& r : c.runtimes) runtimes.push_back(to_json(*r, c));
  return {{"schema", 1},
          {"model", m.path},
          {"inputs", inputs},
          {"threads", m.threads},
          {"rounds", o.rounds},
          {"block_ms", o.runs > 0 ? json() : json(o.block_ms)},
          {"runs", o.runs > 0 ? json(o.runs) : json()},
          {"tolerance", c.quantized ? quantized_tolerance : tolerance},
          {"reference", c.runtimes[c.reference]->name},
          {"runtimes", runtimes},
          {"conditions", conditions}};
}

void print(const AgainstOptions& o, const AgainstModel& m, const Comparison& c,
           const json& conditions, Printer& p) {
  std::vector<std::vector<std::string>> rows = {{"runtime", "version", "p50 ms", "time / Hone's",
                                                 o.rounds >= 6 ? "95 %" : "range", "spread"}};
  for (const auto& r : c.runtimes) {
    if (!r->cannot.empty()) {
      rows.push_back({r->name, r->version, "-", "not compared", "-", "-"});
      continue;
    }
    auto q = ratio(c, *r);
    auto spread = ship::spread_of(r->raced);
    rows.push_back({r->name, r->version, fmt::format("{:.3f}", p50(*r)),
                    !r->right ? "WRONG"
                    : q       ? fmt::format("{:.2f}", q->value)
                              : "-",
                    q ? fmt::format("{:.2f} - {:.2f}", q->low, q->high) : "-",
                    spread ? fmt::format("{:.0f} %", 100 * *spread) : "-"});
  }
  p.table(rows);
  const std::string each =
      o.runs > 0 ? fmt::format("{} runs", o.runs) : fmt::format("about {:g} ms", o.block_ms);
  p.out(fmt::format("{} rounds of {} each, in turns; {} thread{}; {}", o.rounds, each, m.threads,
                    m.threads == 1 ? "" : "s", ship::conditions_line(conditions)));
  for (const auto& r : c.runtimes) {
    if (!r->cannot.empty()) {
      p.out(fmt::format("{}: not compared: {}", r->name, r->cannot));
    } else if (!r->right) {
      p.out(fmt::format("{}: WRONG: {}", r->name, wrong_text(c, *r)));
    } else if (!r->note.empty()) {
      p.out(fmt::format("{}: {}", r->name, r->note));
    }
  }
}

}  // namespace

void add_against_options(CLI::App* command, AgainstOptions* o) {
  CLI::Option* against =
      command
          ->add_option(
              "--against", o->backends,
              "Compare with these runtimes (onnxruntime, openvino, ncnn, mnn, litert, or the "
              "path of an adapter) in one session: docs/backends.md")
          ->type_name("RUNTIME[,...]")
          ->delimiter(',')
          ->allow_extra_args(false);
  command->add_option("--rounds", o->rounds, "With --against: rounds of all in turns, 1 to 1000")
      ->type_name("N")
      ->check(whole(1, 1000))
      ->capture_default_str()
      ->needs(against);
  CLI::Option* block =
      command
          ->add_option("--block", o->block_ms,
                       "With --against: milliseconds of one runtime in a round, 1 to 60000")
          ->type_name("MS")
          ->check(number(1, 60'000))
          ->capture_default_str()
          ->needs(against);
  command
      ->add_option("--runs", o->runs,
                   "With --against: runs of each in a round instead of a time, 1 to 5000: as many "
                   "samples of all")
      ->type_name("N")
      ->check(whole(1, 5000))
      ->needs(against)
      ->excludes(block);
  command
      ->add_option("--inputs", o->inputs,
                   "With --against: folder with input_0.npy (or .pb) ...; else inputs are made up")
      ->type_name("DIR")
      ->needs(against);
  // What measures one runtime alone would be ignored here.
  for (const char* alone :
       {"--rate", "--closed", "--drop", "--duration", "--max-warmup", "--same-input", "--samples",
        "--steps", "--sustain", "--model", "--target"}) {
    if (CLI::Option* other = command->get_option_no_throw(alone)) against->excludes(other);
  }
}

Status run_against(const AgainstOptions& o, const AgainstModel& m, Session& s) {
  std::vector<backends::Command> commands;
  for (const std::string& backend : o.backends) {
    HONE_ASSIGN(backends::Command command, backends::find_backend(backend));
    commands.push_back(std::move(command));
  }
  HONE_ASSIGN(bool engine, is_engine_file(m.path));
  if (engine) {
    return invalid(
        fmt::format("{}: --against needs the ONNX file: no other runtime reads Hone's "
                    "engines",
                    m.path));
  }
  HONE_ASSIGN(model::Model read, model::read_model(m.path));
  auto graph = import(read);
  if (!graph.ok()) return in(m.path, graph.status());
  HONE_RETURN_IF_ERROR(in(m.path, check_memory(graph_io(*graph, graph->block().inputs), m.shapes)));
  Comparison c;
  HONE_RETURN_IF_ERROR(take_inputs(o, m, *graph, &c));
  c.quantized = is_quantized(*graph);
  json conditions = ship::read_conditions();
  conditions["threads"] = m.threads;
  conditions["precision"] = "f32";
  HONE_ASSIGN(const backends::WorkFolder work, backends::WorkFolder::create());
  HONE_ASSIGN(ship::Session session, build_here(std::move(graph).value(), m, c, s));
  HONE_RETURN_IF_ERROR(in(m.path, start_hone(session, &c)));
  for (const backends::Command& command : commands) {
    auto r = std::make_unique<Runtime>();
    r->name = command.name;
    s.printer.progress("starting " + command.name, static_cast<double>(c.runtimes.size()),
                       static_cast<double>(commands.size() + 1));
    if (Status status = start_backend(command, m, c, work, r.get()); !status.ok()) {
      r->cannot = status.text();
      r->outputs.reset();
      r->backend.reset();
    }
    c.runtimes.push_back(std::move(r));
  }
  judge_all(&c);
  ship::Monitor monitor;
  monitor.start();
  race_all(o, session, s, &monitor, &c);
  ship::Evidence seen = monitor.stop();
  seen.add_to(&conditions);
  conditions["load_after"] = conditions["after"]["load"];
  for (const std::string& w : seen.warnings) s.printer.warn(w);
  bool compared = std::any_of(c.runtimes.begin() + 1, c.runtimes.end(),
                              [](const auto& r) { return r->cannot.empty(); });
  s.exit = !compared ? inconclusive : c.runtimes[0]->right ? yes : no;
  HONE_ASSIGN(bool text, give_json(s, m.json, to_json(o, m, c, conditions)));
  if (text) {
    s.printer.end_progress();
    print(o, m, c, conditions, s.printer);
  }
  return {};
}

}  // namespace hone::cli
