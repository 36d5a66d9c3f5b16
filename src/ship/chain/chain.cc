#include "ship/chain/chain.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "common/base/version.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/ops/evaluate.h"
#include "host/passes/pass.h"
#include "ship/chain/check_files.h"
#include "ship/chain/evaluation.h"
#include "ship/chain/golden.h"
#include "ship/chain/report_json.h"
#include "ship/chain/stage_cache.h"
#include "ship/measure/bench.h"
#include "ship/measure/memory.h"
#include "ship/parity/layers.h"
#include "ship/project/picture.h"

namespace hone::ship {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Golden pairs were computed in f32 by other code: its roundings, not ours, are the difference.
constexpr double golden_tolerance = 1e-3;

class Chain {
 public:
  Chain(const ModelSpec& model, const TargetSpec& target, const ChainOptions& options)
      : model_(model), target_(target), o_(options), cache_(options.out_folder + "/state.json") {}

  Result<ChainResult> run() {
    HONE_RETURN_IF_ERROR(check_files(model_));
    HONE_RETURN_IF_ERROR(make_folder(o_.out_folder));
    HONE_RETURN_IF_ERROR(stage("inspect", names_key(), [&] { return inspect(); }));
    HONE_RETURN_IF_ERROR(stage("golden", golden_key(), [&] { return golden(); }));
    HONE_RETURN_IF_ERROR(stage("optimize", "", [&] { return optimize(); }));
    HONE_RETURN_IF_ERROR(stage("build", build_key(), [&] { return build(); }));
    engine_hash_ = hash_file(engine_path());
    const std::string ran = engine_hash_ + machine_key();
    HONE_RETURN_IF_ERROR(stage("parity", ran + parity_key(), [&] { return parity(); }));
    HONE_RETURN_IF_ERROR(stage("accuracy", ran + data_key(), [&] { return accuracy(); }));
    HONE_RETURN_IF_ERROR(
        stage("bench", ran + fmt::format("{}", o_.bench_seconds), [&] { return bench_engine(); }));
    HONE_RETURN_IF_ERROR(gate());
    return std::move(r_);
  }

 private:
  template <class Fn>
  Status stage(const std::string& name, const std::string& extra, Fn fn) {
    auto start = std::chrono::steady_clock::now();
    std::string id = model_.name + "/" + target_.name + "/" + name;
    std::string key = hash_text(fmt::format("{} {} {}", version, hash_file(model_.onnx), extra));
    StageRow row{name, 0, false, ""};
    json result;
    std::string made = name == "build" ? engine_path() : name == "optimize" ? optimized_path() : "";
    std::error_code error;
    bool files_there = made.empty() || fs::exists(made, error);
    auto known = o_.tamper || !files_there ? std::nullopt : cache_.find(id, key);
    if (known) {
      result = *known;
      row.cached = true;
    } else {
      Result<json> fresh = fn();
      if (!fresh.ok()) return in(name, fresh.status());
      result = std::move(*fresh);
      if (!o_.tamper) HONE_RETURN_IF_ERROR(cache_.put(id, key, result));
    }
    row.text = result.value("text", "");
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    found_[name] = std::move(result);
    r_.stages.push_back(row);
    if (o_.stage_done) o_.stage_done(row);
    return {};
  }

  std::string engine_path() const {
    return fmt::format("{}/{}.{}.engine", o_.out_folder, model_.name, target_.name);
  }
  std::string optimized_path() const {
    return fmt::format("{}/{}.optimized.onnx", o_.out_folder, model_.name);
  }
  // What inspect holds against the model: the names the project uses for its inputs and outputs.
  std::string names_key() const {
    std::string key;
    for (const InputSpec& i : model_.inputs) key += "input " + i.name + "\n";
    for (const OutputSpec& o : model_.outputs) key += "output " + o.name + "\n";
    return key;
  }
  std::string golden_key() const { return model_.golden.empty() ? "" : hash_folder(model_.golden); }
  std::string build_key() const {
    std::string contract;
    for (const auto& [key, text] : contract_properties(model_)) contract += key + text;
    return fmt::format("{} {} {} {}{}", machine_key(), target_.threads, target_.precision,
                       profiles_key(), contract);
  }
  std::string profiles_key() const {
    std::string key;
    for (const plan::ProfileSpec& profile : model_.profiles) {
      key += "profile ";
      for (const auto& [input, ranges] : profile) {
        key += input;
        for (const plan::DimRange& r : ranges) key += fmt::format(" {}:{}:{}", r.min, r.opt, r.max);
      }
    }
    return key;
  }
  std::string machine_key() const {
    return fmt::format("{} {:x} ", o_.machine.cpu, o_.machine.isa);
  }
  std::string pictures_key() const {
    return hash_file(model_.evaluation->images) + fmt::format(" {}", model_.evaluation->limit);
  }
  std::string data_key() const {
    return model_.evaluation ? pictures_key() + hash_file(model_.evaluation->labels) : "";
  }
  std::string parity_key() const {
    return fmt::format("{} {} {}", o_.parity_inputs, o_.parity_tolerance,
                       model_.evaluation ? pictures_key() : golden_key());
  }

  Result<const graph::Graph*> graph() {
    if (!graph_) {
      HONE_ASSIGN(model::Model m, model::read_model(model_.onnx));
      auto g = import(m);
      if (!g.ok()) return in(model_.onnx, g.status());
      graph_ = std::move(*g);
    }
    return &*graph_;
  }

  Status names_exist(const graph::Graph& g) const {
    std::vector<std::string> inputs;
    for (graph::ValueId v : g.block().inputs) inputs.push_back(g.value(v).name);
    auto check = [](const char* what, const std::string& name,
                    const std::vector<std::string>& known) -> Status {
      if (std::find(known.begin(), known.end(), name) != known.end()) return {};
      return invalid(fmt::format("hone.toml describes {} '{}'; the model has: {}", what, name,
                                 fmt::join(known, ", ")));
    };
    for (const InputSpec& i : model_.inputs) {
      HONE_RETURN_IF_ERROR(check("an input", i.name, inputs));
    }
    for (const OutputSpec& o : model_.outputs) {
      HONE_RETURN_IF_ERROR(check("an output", o.name, g.output_names));
    }
    return {};
  }

  Result<json> inspect() {
    HONE_ASSIGN(const graph::Graph* g, graph());
    if (auto bad = bad_weights(*g); !bad.empty()) {
      return invalid(fmt::format("weights are not finite: {}", fmt::join(bad, "; ")));
    }
    HONE_RETURN_IF_ERROR(names_exist(*g));
    double params = 0;
    for (graph::ValueId v = 0; v < g->value_count(); ++v) {
      const Tensor& t = g->value(v).constant;
      if (t && is_float(t.dtype())) params += static_cast<double>(t.count());
    }
    return json{{"text", fmt::format("{} nodes, {:.0f} parameters, opset {}", g->live_nodes(),
                                     params, g->opset())},
                {"nodes", g->live_nodes()},
                {"parameters", params}};
  }

  // The training framework's own outputs against the reference: does Hone read the model right?
  Result<json> golden() {
    if (model_.golden.empty()) return json{{"text", "none given"}};
    HONE_ASSIGN(const graph::Graph* g, graph());
    HONE_ASSIGN(std::vector<GoldenPair> pairs,
                golden_pairs(model_.golden, g->block().inputs.size(), g->block().outputs.size()));
    double worst = 0;
    for (size_t i = 0; i < pairs.size(); ++i) {
      progress("golden pairs", i, pairs.size());
      HONE_ASSIGN(std::vector<Tensor> got, ops::evaluate(*g, pairs[i].in));
      for (size_t k = 0; k < got.size(); ++k) {
        Comparison c = compare(got[k], pairs[i].out[k], golden_tolerance);
        worst = std::max(worst, c.worst);
        if (c.agree) continue;
        return Status(Code::differs,
                      fmt::format("pair {} output '{}': {}", i, g->output_names[k], c.text));
      }
    }
    return json{{"text", fmt::format("{} pairs agree with the reference, worst {:.1e}",
                                     pairs.size(), worst)}};
  }

  Result<json> optimize() {
    HONE_ASSIGN(const graph::Graph* g, graph());
    graph::Graph copy = *g;
    int before = copy.live_nodes();
    HONE_ASSIGN(passes::Report report, passes::run_passes(copy, {}));
    HONE_ASSIGN(model::Model m, export_model(copy));
    HONE_RETURN_IF_ERROR(model::write_model(m, optimized_path()));
    return json{{"text", fmt::format("{} nodes to {}, {} patches", before, copy.live_nodes(),
                                     report.patches)}};
  }

  engine::CompileOptions compile_options() const {
    engine::CompileOptions c;
    c.profiles = model_.profiles;
    c.target = o_.machine;
    c.threads = target_.threads;
    c.precision = target_.precision;
    c.properties = contract_properties(model_);
    return c;
  }

  Result<json> build() {
    HONE_ASSIGN(const graph::Graph* g, graph());
    engine::CompileOptions c = compile_options();
    const std::string cache_path = timings_path();
    HONE_ASSIGN(plan::TimingCache timings, plan::TimingCache::load(cache_path));
    c.time = o_.time;
    c.cache = &timings;
    c.tamper = o_.tamper;
    c.progress = [&](int done, int total, const std::string&) {
      progress("timing tactics", static_cast<double>(done), static_cast<double>(total));
    };
    HONE_ASSIGN(engine::Compiled built, engine::compile(*g, c));
    HONE_RETURN_IF_ERROR(write_file(engine_path(), built.bytes));
    plan_ = std::move(built.plan);
    if (timings.changed()) HONE_RETURN_IF_ERROR(write_text(cache_path, timings.to_json()));
    return json{{"text", fmt::format("{} steps, {:.2f} MB, {} thread{}", plan_->steps.size(),
                                     static_cast<double>(built.bytes.size()) * 1e-6,
                                     target_.threads, target_.threads == 1 ? "" : "s")},
                {"bytes", built.bytes.size()}};
  }

  std::string timings_path() const { return o_.out_folder + "/timing-cache.json"; }

  const preprocess::ImageContract* contract() const {
    return model_.inputs.empty() ? nullptr : &model_.inputs[0].image;
  }

  // Inputs that are real: golden ones and the first of the evaluation data; noise where there are
  // neither.
  Result<std::vector<std::vector<Tensor>>> real_inputs(Session& s, std::string* what) {
    std::vector<std::vector<Tensor>> all;
    if (model_.evaluation && contract() != nullptr && s.inputs().size() == 1) {
      HONE_ASSIGN(const LabelledData* d, data());
      int64_t n = std::min<int64_t>(o_.parity_inputs, d->count());
      for (int64_t i = 0; i < n; ++i) {
        HONE_ASSIGN(Tensor x, sample(*d, i * (d->count() / n), *contract()));
        all.push_back({x});
      }
      *what = "evaluation pictures";
      return all;
    }
    if (!model_.golden.empty()) {
      HONE_ASSIGN(std::vector<GoldenPair> pairs, golden_pairs(model_.golden, s.inputs().size(), 0));
      for (GoldenPair& p : pairs) all.push_back(std::move(p.in));
      *what = "golden inputs";
      return all;
    }
    // Each profile's own sizes in turn.
    const auto profiles = static_cast<uint64_t>(s.profiles());
    for (uint64_t seed = 1; seed <= std::max<uint64_t>(4, profiles); ++seed) {
      auto shapes = s.default_shapes(static_cast<int32_t>((seed - 1) % profiles));
      std::vector<Tensor> x;
      for (size_t i = 0; i < shapes.size(); ++i)
        x.push_back(random_input(s.inputs()[i], shapes[i], seed * 16 + i));
      all.push_back(std::move(x));
    }
    *what = "random inputs";
    return all;
  }

  Result<json> parity() {
    HONE_ASSIGN(const graph::Graph* g, graph());
    HONE_ASSIGN(Session s, Session::open(engine_path(), target_.threads));
    std::string what;
    HONE_ASSIGN(auto inputs, real_inputs(s, &what));
    double worst = 0;
    std::string differs;
    for (size_t i = 0; i < inputs.size() && differs.empty(); ++i) {
      progress("parity", i, inputs.size());
      HONE_ASSIGN(std::vector<Tensor> want, ops::evaluate(*g, inputs[i]));
      HONE_ASSIGN(std::vector<Tensor> got, s.run(inputs[i]));
      for (size_t k = 0; k < got.size() && differs.empty(); ++k) {
        Comparison c =
            compare_value(*g, g->block().outputs[k], got[k], want[k], o_.parity_tolerance);
        worst = std::max(worst, c.worst);
        if (c.agree) continue;
        differs = fmt::format("engine differs from the reference on {} {}: output '{}': {}; {}",
                              what, i, g->output_names[k], c.text, where(inputs[i]));
      }
    }
    bool ok = differs.empty();
    std::string text =
        ok ? fmt::format("{} {} agree with the reference, worst {:.1e}", inputs.size(), what, worst)
           : differs;
    return json{{"text", text}, {"ok", ok}, {"worst", worst}};
  }

  // The layer where the plan of the engine parts from the reference on this input.
  std::string where(const std::vector<Tensor>& input) {
    Result<const graph::Graph*> g = graph();
    if (!plan_) {  // the engine is of an earlier run
      engine::CompileOptions c = compile_options();
      auto timings = plan::TimingCache::load(timings_path());
      if (timings.ok()) c.cache = &*timings;
      auto built = engine::compile(**g, c);
      if (built.ok()) plan_ = std::move(built->plan);
    }
    if (!plan_) return "its layers cannot be compared";
    auto layers = compare_layers(**g, *plan_, input, o_.parity_tolerance);
    if (!layers.ok()) return "its layers cannot be compared: " + layers.status().text();
    if (layers->first) return "first at " + layers->first->text();
    return fmt::format("no layer of its plan does, of {} values: a damaged engine?",
                       layers->compared);
  }

  Result<const LabelledData*> data() {
    if (!data_) {
      HONE_ASSIGN(data_, load_data(*model_.evaluation));
    }
    return &*data_;
  }

  // Baseline: the graph as it came, without passes, on portable kernels; parity ties it to the
  // reference. Paired per sample with the engine.
  Result<json> accuracy() {
    bool possible = model_.evaluation && contract() != nullptr && !model_.outputs.empty() &&
                    !model_.outputs[0].labels.empty();
    if (!possible) return json{{"text", "no labelled evaluation data"}};
    HONE_ASSIGN(const LabelledData* d, data());
    HONE_ASSIGN(const graph::Graph* g, graph());
    engine::CompileOptions plain = compile_options();
    plain.target.isa = mask(Isa::portable);
    for (const passes::Pass* p : passes::pipeline()) {
      if (!p->needed) plain.passes.disabled.emplace_back(p->name);
    }
    HONE_ASSIGN(engine::Compiled base, engine::compile(*g, plain));
    auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(base.bytes));
    HONE_ASSIGN(Session baseline, Session::open(bytes, target_.threads));
    HONE_ASSIGN(Session engine, Session::open(engine_path(), target_.threads));
    const auto& labels = model_.outputs[0].labels;
    auto classes = static_cast<int64_t>(labels.size());
    auto show = [&](const char* what) {
      return [this, what](double done, double all) { progress(what, done, all); };
    };
    size_t out = 0;  // inspect saw that the name exists
    while (engine.outputs()[out].name != model_.outputs[0].name) ++out;
    HONE_ASSIGN(tasks::Accuracy b, evaluate(baseline, out, *d, *contract(), classes,
                                            show("accuracy of the baseline")));
    HONE_ASSIGN(tasks::Accuracy e,
                evaluate(engine, out, *d, *contract(), classes, show("accuracy of the engine")));
    return accuracy_summary(*d, b, e, labels);
  }

  Result<json> bench_engine() {
    // Peak memory of a process that does nothing but load and run the engine.
    auto child = peak_of_child([&]() -> Status {
      HONE_ASSIGN(Session s, Session::open(engine_path(), target_.threads));
      HONE_RETURN_IF_ERROR(s.bind(s.default_shapes()));
      for (int i = 0; i < 3; ++i) HONE_RETURN_IF_ERROR(s.run());
      return {};
    });
    HONE_ASSIGN(Session s, Session::open(engine_path(), target_.threads));
    BenchOptions b;
    b.duration_s = o_.bench_seconds;
    b.max_warmup_s = std::min(b.max_warmup_s, o_.bench_seconds);
    b.progress = [&](int64_t, double spent, double all) { progress("bench", spent, all); };
    HONE_ASSIGN(BenchResult result, bench(s, b));
    json j = ship::to_json(result);
    if (child.ok()) {
      j["memory"]["peak_rss_bytes"] = child->peak;
    } else {
      j["memory"]["peak_rss_bytes"] = "unavailable: " + child.status().text();
    }
    j["text"] = fmt::format("mean {:.3f} ms over {} runs", result.latency_ms.mean,
                            result.latency_ms.samples);
    return j;
  }

  void collect() {
    r_.report = gate_report(json(found_));
    r_.engine_path = engine_path();
    r_.engine_bytes = found_["build"]["bytes"].get<double>();
    std::error_code error;
    r_.model_bytes = static_cast<double>(fs::file_size(model_.onnx, error));
    const json& a = found_["accuracy"];
    if (!a.contains("samples")) return;
    r_.samples = a["samples"].get<int64_t>();
    r_.accuracy = a["percent"].get<double>();
    r_.baseline_accuracy = a["baseline_percent"].get<double>();
    r_.worst_class = a["worst"].get<std::string>();
    r_.worst_class_percent = a["worst_percent"].get<double>();
  }

  Status gate() {
    collect();
    r_.gate = decide(r_.report, target_.limits);
    json report = {{"schema", 1},
                   {"hone", version},
                   {"model", model_.name},
                   {"target", target_.name},
                   {"engine_hash", engine_hash_},
                   {"verdict", verdict_line(r_.gate)}};
    for (const auto& [name, result] : found_) report["stages"][name] = result;
    for (const Check& c : r_.gate.checks) {
      constexpr const char* words[] = {"pass", "fail", "undecided"};
      report["gate"].push_back(
          {{"what", c.what}, {"result", words[static_cast<int>(c.verdict)]}, {"text", c.text}});
    }
    r_.report_path = fmt::format("{}/{}.{}.report.json", o_.out_folder, model_.name, target_.name);
    StageRow row{"gate", 0, false, fmt::format("{} checks", r_.gate.checks.size())};
    r_.stages.push_back(row);
    if (o_.stage_done) o_.stage_done(row);
    return write_text(r_.report_path, report.dump(1) + "\n");
  }

  void progress(const std::string& what, double done, double all) const {
    if (o_.progress) o_.progress(what, done, all);
  }
  void progress(const std::string& what, size_t done, size_t all) const {
    progress(what, static_cast<double>(done), static_cast<double>(all));
  }

  const ModelSpec& model_;
  const TargetSpec& target_;
  const ChainOptions& o_;
  StageCache cache_;
  ChainResult r_;
  std::map<std::string, json> found_;
  std::optional<graph::Graph> graph_;
  std::optional<plan::Plan> plan_;
  std::optional<LabelledData> data_;
  std::string engine_hash_;
};

}  // namespace

Result<ChainResult> run_chain(const ModelSpec& model, const TargetSpec& target,
                              const ChainOptions& options) {
  // Results of earlier runs come from a file: a field that is gone or of another type throws.
  try {
    return Chain(model, target, options).run();
  } catch (const json::exception&) {
    return corrupt(options.out_folder + "/state.json: damaged; delete it and run again");
  }
}

}  // namespace hone::ship
