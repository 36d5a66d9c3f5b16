// hone compare: is B slower than A?

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/precisions.h"
#include "common/base/hash.h"
#include "host/model/files.h"
#include "ship/measure/compare_engines.h"
#include "ship/measure/compare_reports.h"
#include "ship/measure/conditions.h"
#include "ship/measure/probes/monitor.h"
#include "ship/parity/compare.h"
#include "ship/parity/tolerance.h"

namespace hone::cli {

namespace {

using nlohmann::json;
using ship::LatencyVerdict;

struct Options {
  std::string a, b, json, percentile = "p50";
  double margin = 2, duration = 30;
  std::optional<double> tolerance;
  std::optional<int64_t> rounds;
  int64_t reopen = 1;
  int threads = 1;
  std::vector<std::string> shapes;
};

double share_of(const std::string& percentile) { return std::stod(percentile.substr(1)) / 100; }

// What `hone bench --json` writes begins with a brace; an ONNX file (protobuf) does not.
Result<bool> is_report(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  for (std::byte b : file.bytes) {
    auto c = static_cast<char>(b);
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c == '{';
  }
  return false;
}

Result<json> read_report(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path));
  json file = json::parse(text, nullptr, false);
  if (file.is_discarded()) return corrupt(path + ": is damaged: not JSON to its end");
  auto bench = ship::bench_part(file);
  if (!bench.ok()) return in(path, bench.status());
  return bench;
}

// An engine file's bytes, or those of a model built in memory, and what it takes and gives.
struct Loaded {
  std::string path;
  MappedFile file;
  std::vector<std::byte> built;
  std::span<const std::byte> bytes;
  std::vector<Dims> shapes;
  ship::Session session;
};

Status load(const std::string& path, const Options& o, Loaded* out) {
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  out->path = path;
  HONE_ASSIGN(bool engine, is_engine_file(path));
  if (engine) {
    HONE_ASSIGN(out->file, map_file(path));
    out->bytes = out->file.bytes;
  } else {
    HONE_ASSIGN(out->built, build_in_memory(path, o.threads, shapes));
    out->bytes = out->built;
  }
  auto session = ship::Session::open(out->bytes, o.threads, *hone_default_allocator());
  if (!session.ok()) return engine_error(path, session.status());
  out->session = std::move(*session);
  HONE_ASSIGN(out->shapes, ordered_shapes(out->session, shapes));
  return check_memory(out->session.inputs(), shapes);
}

bool same_inputs(const Loaded& a, const Loaded& b) {
  const auto &x = a.session.inputs(), &y = b.session.inputs();
  if (a.shapes != b.shapes) return false;
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto& i, const auto& j) {
    return i.name == j.name && i.dtype == j.dtype;
  });
}

Result<std::vector<Tensor>> outputs_of(Loaded& l, const std::vector<Tensor>& inputs) {
  auto outputs = l.session.run(inputs);
  if (!outputs.ok()) return in(l.path, outputs.status());
  return outputs;
}

struct Agreement {
  std::optional<bool> agree;  // nullopt: cannot be said
  std::string text;
};

// The outputs of both on the same noise. A wrong answer never counts as fast.
Result<Agreement> compare_outputs(Loaded& a, Loaded& b, const ship::Inputs& inputs,
                                  double tolerance) {
  if (!same_inputs(a, b)) {
    return Agreement{std::nullopt, "not compared: A and B take other inputs"};
  }
  HONE_ASSIGN(auto want, outputs_of(a, inputs.samples[0]));
  HONE_ASSIGN(auto got, outputs_of(b, inputs.samples[0]));
  if (want.size() != got.size()) {
    return Agreement{false, fmt::format("A has {} outputs, B {}", want.size(), got.size())};
  }
  for (size_t i = 0; i < want.size(); ++i) {
    ship::Comparison c = ship::compare(got[i], want[i], tolerance);
    if (!c.agree) return Agreement{false, a.session.outputs()[i].name + ": " + c.text};
  }
  return Agreement{true, fmt::format("agree within {:g}", tolerance)};
}

json latency_json(const ship::Summary& s) {
  json j = {{"mean", s.mean}, {"min", s.min}, {"max", s.max}, {"stddev", s.stddev}};
  for (const ship::Percentile& p : s.percentiles) {
    j[ship::percentile_name(p.p)] = p.value ? json(*p.value) : json();
  }
  return j;
}

json side_json(const Loaded& l, const ship::Summary& s) {
  return {{"file", l.path},
          {"engine_hash", fmt::format("{:016x}", hash64(l.bytes))},
          {"precision", l.session.engine().info().precision},
          {"samples", s.samples},
          {"latency_ms", latency_json(s)}};
}

json judgement_json(const Options& o, const ship::Judgement& j) {
  json ratio = {{"value", nullptr}, {"low", nullptr}, {"high", nullptr}};
  if (j.high > 0) ratio = {{"value", j.ratio}, {"low", j.low}, {"high", j.high}};
  return {{"schema", 1},
          {"percentile", o.percentile},
          {"ratio", ratio},
          {"margin", o.margin / 100},
          {"verdict", name(j.verdict)},
          {"reason", j.reason},
          {"rounds", j.rounds},
          {"more_rounds", j.more_rounds ? json(*j.more_rounds) : json()}};
}

json series_json(const std::vector<ship::Round>& rounds) {
  json placement = json::array(), a = json::array(), b = json::array();
  for (const ship::Round& r : rounds) {
    placement.push_back(r.placement);
    a.push_back(r.a_ms);
    b.push_back(r.b_ms);
  }
  return {{"placement", placement}, {"a_ms", a}, {"b_ms", b}};
}

// "regressed: B takes 1.052 times A's p50 (1.047 to 1.058), margin 2 %"
std::string verdict_text(const Options& o, const ship::Judgement& j) {
  std::string text = name(j.verdict);
  if (j.high > 0) {
    text += fmt::format(": B takes {:.3f} times A's {} ({:.3f} to {:.3f}), margin {:g} %", j.ratio,
                        o.percentile, j.low, j.high, o.margin);
  }
  if (!j.reason.empty()) text += (j.high > 0 ? "; " : ": ") + j.reason;
  return text;
}

void print_verdict(const Options& o, const ship::Judgement& j, Printer& p) {
  std::string text = verdict_text(o, j);
  if (j.verdict == LatencyVerdict::regressed) text = p.red(text);
  if (j.verdict == LatencyVerdict::inconclusive) text = p.yellow(text);
  p.out(text);
}

std::string cell(const std::optional<double>& ms) { return ms ? fmt::format("{:.4f}", *ms) : "-"; }

void print_sides(const ship::CompareResult& r, Printer& p) {
  std::vector<std::vector<std::string>> rows = {{"latency in ms", "A", "B"}};
  for (size_t i = 0; i < r.a_ms.percentiles.size(); ++i) {
    const ship::Percentile &a = r.a_ms.percentiles[i], &b = r.b_ms.percentiles[i];
    if (!a.value && !b.value) continue;
    rows.push_back({ship::percentile_name(a.p), cell(a.value), cell(b.value)});
  }
  rows.push_back({"mean", cell(r.a_ms.mean), cell(r.b_ms.mean)});
  rows.push_back({"runs", fmt::format("{}", r.a_ms.samples), fmt::format("{}", r.b_ms.samples)});
  p.table(rows);
}

// Twice the time it took per round, for what rounds would likely decide.
std::string how_to_decide(const ship::CompareResult& r) {
  if (!r.judgement.more_rounds)
    return "no number of rounds would likely decide: it is at the margin";
  const auto more = static_cast<double>(*r.judgement.more_rounds);
  const double seconds = r.seconds * (1 + more / static_cast<double>(r.judgement.rounds));
  return fmt::format("{} more rounds would likely decide: --duration {:.0f}",
                     *r.judgement.more_rounds, std::ceil(seconds));
}

void set_exit(const ship::Judgement& j, Session& s) {
  s.exit = j.verdict == LatencyVerdict::regressed      ? no
           : j.verdict == LatencyVerdict::inconclusive ? inconclusive
                                                       : yes;
}

void doubt_outputs(const Agreement& outputs, ship::Judgement* j, Printer& p) {
  if (!outputs.agree) p.warn("outputs " + outputs.text);
  if (outputs.agree.value_or(true)) return;
  p.warn("outputs differ: " + outputs.text + "; --tol says how much they may");
  if (j->verdict == LatencyVerdict::regressed) return;
  j->verdict = LatencyVerdict::inconclusive;
  j->reason = "outputs differ, and a wrong answer never counts as fast";
  j->more_rounds.reset();
}

ship::CompareOptions engine_options(const Options& o, Session& s, ship::Monitor* monitor) {
  ship::CompareOptions c;
  c.percentile = share_of(o.percentile);
  c.margin = o.margin / 100;
  c.duration_s = o.rounds ? 1e9 : o.duration;
  c.rounds = o.rounds;
  c.reopen = o.reopen;
  c.threads = o.threads;
  c.progress = [&s, monitor](double t, double all) {
    monitor->tick();
    s.printer.progress("compare", t, all);
  };
  return c;
}

// What is given, else what the less precise of both leaves.
double tolerance_of(const Options& o, const Loaded& a, const Loaded& b) {
  if (o.tolerance) return *o.tolerance;
  double most = 0;
  for (const Loaded* l : {&a, &b}) {
    const std::string precision = l->session.engine().info().precision;
    const json found = precisions_of(l->path);
    int64_t products = 0;
    if (found.contains("multiply_adds") && found["multiply_adds"].contains(precision)) {
      products = found["multiply_adds"][precision]["layers"].get<int64_t>();
    }
    most = std::max(most, ship::usual_tolerance(precision, products));
  }
  return most;
}

Status compare_engines(const Options& o, Session& s) {
  Loaded a, b;
  HONE_RETURN_IF_ERROR(load(o.a, o, &a));
  HONE_RETURN_IF_ERROR(load(o.b, o, &b));
  ship::Inputs for_a = noise_inputs(a.session, a.shapes, false), for_b;
  const bool shared = same_inputs(a, b);
  if (!shared) for_b = noise_inputs(b.session, b.shapes, false);
  HONE_ASSIGN(Agreement outputs, compare_outputs(a, b, for_a, tolerance_of(o, a, b)));
  json conditions = ship::read_conditions();
  conditions["threads"] = o.threads;
  ship::Monitor monitor;
  monitor.start();
  auto compared = ship::compare_engines({a.path, a.bytes, a.shapes, &for_a},
                                        {b.path, b.bytes, b.shapes, shared ? &for_a : &for_b},
                                        engine_options(o, s, &monitor));
  if (!compared.ok()) return compared.status();
  ship::CompareResult& r = *compared;
  ship::Evidence seen = monitor.stop();
  seen.add_to(&conditions);
  conditions["load_after"] = conditions["after"]["load"];
  for (const std::string& w : seen.warnings) s.printer.warn(w);
  doubt_outputs(outputs, &r.judgement, s.printer);
  set_exit(r.judgement, s);
  json j = judgement_json(o, r.judgement);
  j["interleaved"] = true;
  j["seconds"] = r.seconds;
  j["a"] = side_json(a, r.a_ms);
  j["b"] = side_json(b, r.b_ms);
  j["outputs"] = {{"agree", outputs.agree ? json(*outputs.agree) : json()}, {"text", outputs.text}};
  j["series"] = series_json(r.rounds);
  j["conditions"] = conditions;
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  print_sides(r, s.printer);
  print_verdict(o, r.judgement, s.printer);
  s.printer.out(fmt::format("{} rounds in turns in {:.1f} s, {} thread{}; {}", r.rounds.size(),
                            r.seconds, o.threads, o.threads == 1 ? "" : "s",
                            ship::conditions_line(conditions)));
  if (r.judgement.verdict == LatencyVerdict::inconclusive && outputs.agree.value_or(true)) {
    s.printer.note(how_to_decide(r));
  }
  return {};
}

Status compare_reports(const Options& o, Session& s) {
  HONE_ASSIGN(json a, read_report(o.a));
  HONE_ASSIGN(json b, read_report(o.b));
  ship::Judgement judgement = ship::judge_reports(a, b, o.percentile, o.margin / 100);
  set_exit(judgement, s);
  json j = judgement_json(o, judgement);
  j["interleaved"] = false;
  for (auto& [key, side, file] : {std::tuple("a", &a, &o.a), std::tuple("b", &b, &o.b)}) {
    j[key] = {{"file", *file},
              {"samples", side->value("samples", json())},
              {"latency_ms", (*side)["latency_ms"]}};
    j["conditions"][key] = side->value("conditions", json());
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  s.printer.note(
      "two results taken apart, not in turns: what the machine did in between is in the ratio");
  if (text) print_verdict(o, judgement, s.printer);
  return {};
}

Status run_compare(const Options& o, Session& s) {
  HONE_ASSIGN(bool a, is_report(o.a));
  HONE_ASSIGN(bool b, is_report(o.b));
  if (a != b) {
    return invalid(
        fmt::format("{} is a result of hone bench, {} is not: give two results, or two "
                    "engines or models",
                    a ? o.a : o.b, a ? o.b : o.a));
  }
  return a ? compare_reports(o, s) : compare_engines(o, s);
}

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("compare", "Say whether B is slower than A, run in turns");
  c->add_option("A", o->a,
                "Engine, or ONNX file (built in memory without timing), or a result "
                "of 'hone bench --json FILE'")
      ->required();
  c->add_option("B", o->b, "The same for what is held against A")->required();
  c->add_option("--margin", o->margin, "Difference that does not matter, 0.1 to 100")
      ->type_name("PERCENT")
      ->check(number(0.1, 100))
      ->capture_default_str();
  c->add_option("--percentile", o->percentile, "p50, p90, p95 or p99 of the latency")
      ->type_name("P")
      ->check(one_of({"p50", "p90", "p95", "p99"}))
      ->capture_default_str();
  c->add_option("--duration", o->duration,
                "Longest time to run, 0 to 86400; it ends when the verdict is clear")
      ->type_name("SECONDS")
      ->check(number(0, 86400))
      ->capture_default_str();
  c->add_option("--rounds", o->rounds, "Run exactly so many rounds instead, 1 to 100000")
      ->type_name("N")
      ->check(whole(1, 100000));
  c->add_option("--reopen", o->reopen,
                "Rounds until both are opened anew at other addresses, 1 to 100000: where memory "
                "lies makes equal engines differ by a percent")
      ->type_name("N")
      ->check(whole(1, 100000))
      ->capture_default_str();
  add_threads_option(c, &o->threads);
  add_shape_option(c, &o->shapes);
  c->add_option("--tol", o->tolerance,
                "Largest difference of outputs, as a share of the largest value in the channel")
      ->type_name("X")
      ->check(number(0, 1e9))
      ->default_str("0.001");
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Verdicts: 'same' where the ratio's interval lies within the margin, 'regressed' or "
      "'better'\n"
      "where it lies outside, else 'inconclusive'. Each bound holds with 99 %. Results of hone "
      "bench\n"
      "are compared by their intervals, under equal conditions only.\n\n"
      "examples:\n"
      "  hone compare old.engine new.engine\n"
      "  hone compare old.onnx new.onnx --margin 5 --percentile p95 --duration 120\n"
      "  hone compare monday.json tuesday.json --json - | jq .verdict\n\n"
      "Exit: 0 same or better, 1 regressed, 2 error in use or input, 3 inconclusive, 4 disk,\n"
      "permissions, memory or instruction set.");
  on_run(c, session, o, run_compare);
}

}  // namespace hone::cli
