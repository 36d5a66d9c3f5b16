#include "ship/optimize/optimize_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/graph/title.h"
#include "host/import/import.h"
#include "host/import/raise_opset.h"
#include "host/inspect/numbers.h"
#include "host/model/files.h"
#include "host/model/json_text.h"
#include "ship/optimize/forked.h"

namespace hone::ship {

using nlohmann::json;
using passes::Pass;

namespace {

constexpr int nodes_before_everywhere = 3;
constexpr size_t most_failures = 30;  // each begins the work anew

// --- in the child ---------------------------------------------------------------------------

void count(const model::GraphProto& g, FileNumbers* out) {
  for (const model::NodeProto& n : g.nodes) {
    ++out->operators[n.domain.empty() ? n.op_type : n.domain + "." + n.op_type];
    ++out->nodes;
    for (const model::Attribute& a : n.attributes) {
      if (auto* sub = std::get_if<std::shared_ptr<model::GraphProto>>(&a.value)) count(**sub, out);
    }
  }
}

json numbers(const model::Model& m, const graph::Graph& g, int64_t bytes) {
  FileNumbers n;
  count(m.graph, &n);
  // Passes leave constants behind that nothing reads; no file holds them.
  for (graph::ValueId v : g.used_constants()) {
    const Tensor& t = g.value(v).constant;
    if (inspect::is_learned(t)) n.parameters += static_cast<double>(t.count());
  }
  return {{"operators", n.operators},
          {"nodes", n.nodes},
          {"parameters", n.parameters},
          {"macs", inspect::numbers_of(g).macs},
          {"bytes", bytes}};
}

int64_t size_of(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) ? s.st_size : 0;
}

class Work {
 public:
  Work(const OptimizeOptions& o, const std::vector<const Pass*>& passes,
       const std::vector<passes::Skip>& skip)
      : o_(o), passes_(passes), skip_(skip) {}

  Result<json> run(Whereabouts& at) const {
    limit(size_of(o_.in), &at);
    HONE_ASSIGN(const model::Model before, model::read_model(o_.in));
    limit(before.file_bytes, &at);
    auto graph = import(before, {.keep_guests = true});
    if (!graph.ok()) return in(o_.in, graph.status());
    if (o_.opset != 0) HONE_RETURN_IF_ERROR(in(o_.in, raise_opset(*graph, o_.opset)));
    HONE_RETURN_IF_ERROR(check_writable(o_.out));
    json j = {{"before", numbers(before, *graph, before.file_bytes)}};
    if (o_.verify) at.set(Stage::checking);
    auto report = passes::run_passes(*graph, pass_options(&at), passes_);
    if (!report.ok()) return in(o_.in, report.status());
    at.set(Stage::writing);
    auto after = export_model(*graph, {.share_equal_constants = true, .value_infos = o_.shapes});
    if (!after.ok()) return in(o_.in, after.status());
    j["after"] = numbers(*after, *graph, 0);
    HONE_RETURN_IF_ERROR(model::write_model(*after, o_.out));
    j["after"]["bytes"] = written_bytes(*after);
    j["patches"] = report->patches;
    j["patches_by_pass"] = json::object();
    for (const passes::PassStats& p : report->passes) {
      if (p.patches > 0) j["patches_by_pass"][p.name] = p.patches;
    }
    return j;
  }

 private:
  void limit(int64_t model_bytes, Whereabouts* at) const {
    limit_memory(o_.memory_limit > 0 ? o_.memory_limit : default_memory_limit(model_bytes), at);
  }

  passes::Options pass_options(Whereabouts* at) const {
    passes::Options p;
    p.verify = o_.verify;
    p.disabled = o_.disabled;
    p.stop_after = o_.stop_after;
    for (const passes::Skip& s : skip_) {
      if (s.node == graph::none) {
        p.disabled.push_back(s.pass);
      } else {
        p.skip.push_back(s);
      }
    }
    p.watch = [at](const Pass& pass, const graph::Graph& g, graph::NodeId id, bool checking) {
      const Stage stage = checking ? Stage::checking : Stage::passes;
      if (id == graph::none) {
        at->set(stage, pass.name);
      } else if (!g.node(id).alive) {  // by the patch that is checked
        at->go_on(stage);
      } else {
        const graph::Node& n = g.node(id);
        const bool named = n.outputs.empty() || n.output(0) == graph::none;
        at->set(stage, pass.name, id, n.op, n.name, named ? "" : g.value(n.output(0)).name);
      }
    };
    return p;
  }

  // Weights that do not fit into the file lie beside it; an older file of that name counts for
  // nothing.
  int64_t written_bytes(const model::Model& m) const {
    int64_t weights = 0;
    for (const model::Initializer& i : m.graph.initializers) weights += i.tensor.bytes();
    const int64_t bytes = size_of(o_.out);
    return weights > bytes ? bytes + size_of(o_.out + ".data") : bytes;
  }

  const OptimizeOptions& o_;
  const std::vector<const Pass*>& passes_;
  const std::vector<passes::Skip>& skip_;
};

// --- in the parent --------------------------------------------------------------------------

FileNumbers read_numbers(const json& j) {
  return {j.at("operators").get<std::map<std::string, int>>(), j.at("nodes").get<int>(),
          j.at("parameters").get<double>(), j.at("macs").get<double>(),
          j.at("bytes").get<int64_t>()};
}

std::string kibi_or_mebi(int64_t bytes) {
  const bool small = bytes < 10 << 20;
  return small ? fmt::format("{} KiB", (bytes + 1023) >> 10) : fmt::format("{} MiB", bytes >> 20);
}

// What to do about it stands behind the reason.
std::string no_memory(const Whereabouts& at) {
  if (at.memory_limit == 0) return "out of memory";
  return fmt::format("out of memory (limit {}; --memory-limit sets another)",
                     kibi_or_mebi(at.memory_limit));
}

std::string reason(const Ending& e, const OptimizeOptions& o) {
  switch (e.how) {
    case Ending::How::no_memory: return no_memory(*e.at);
    case Ending::How::too_slow:
      return fmt::format("not done after {:g} s (--time-limit sets another)", o.time_limit_s);
    default: return fmt::format("crashed: {}", e.text);
  }
}

Code code_of(Ending::How how) {
  if (how == Ending::How::no_memory) return Code::out_of_memory;
  return how == Ending::How::too_slow ? Code::unsupported : Code::internal;
}

bool in_a_pass(const Whereabouts& at) {
  return at.stage == Stage::passes || at.stage == Stage::checking;
}

// As graph::title().
std::string title_of(const Whereabouts& at) {
  if (*at.name != 0) return graph::node_title(at.name, at.op);
  return fmt::format("node of '{}' ({})", at.result, at.op);
}

class Optimizer {
 public:
  Optimizer(const OptimizeOptions& o, const std::vector<const Pass*>& passes)
      : o_(o), passes_(passes) {}

  Result<Optimized> run() {
    HONE_ASSIGN(Forked forked, Forked::make());
    while (true) {
      HONE_ASSIGN(const Ending e,
                  forked.run([&](Whereabouts& at) { return child(at); }, o_.time_limit_s));
      Status s = look_at(e);
      if (s.ok() && done_) return std::move(result_);
      if (!s.ok()) return s;
    }
  }

 private:
  std::string child(Whereabouts& at) const {
    auto j = Work(o_, passes_, skip_).run(at);
    return json_text(
        j.ok() ? *j
               : json{{"code", static_cast<int>(j.status().code())}, {"text", j.status().text()}});
  }

  Status look_at(const Ending& e) {
    if (e.how != Ending::How::finished) {
      remove_leftovers(o_.out, e.pid);
      return failed(*e.at, code_of(e.how), reason(e, o_), e.how == Ending::How::ended);
    }
    const json j = json::parse(e.text, nullptr, false);
    if (!j.is_object()) return internal(o_.in + ": the child's answer cannot be read");
    if (j.contains("code")) {
      const Code code = static_cast<Code>(j["code"].get<int>());
      const std::string text = j["text"].get<std::string>();
      if (code == Code::out_of_memory) return failed(*e.at, code, no_memory(*e.at), false);
      // What a pass did wrong, found by the driver's own checks.
      const bool by_pass = in_a_pass(*e.at) && (code == Code::internal || code == Code::differs);
      return by_pass ? leave_out(*e.at, code, text) : error(code, text);
    }
    result_.before = read_numbers(j.at("before"));
    result_.after = read_numbers(j.at("after"));
    result_.patches = j.at("patches").get<int>();
    result_.patches_by_pass = j.at("patches_by_pass").get<std::map<std::string, int>>();
    done_ = true;
    return {};
  }

  Status failed(const Whereabouts& at, Code code, const std::string& why, bool bug) {
    // To check takes as much for every patch: without the memory for it there is no --verify.
    const bool check = at.stage == Stage::checking && code == Code::out_of_memory;
    if (in_a_pass(at) && !check) return leave_out(at, code, why);
    constexpr const char* doing[] = {"reading it", "simplifying it", "checking it", "writing it"};
    return error(code, fmt::format("{}: {}: {}{}; {} is as it was", o_.in,
                                   doing[static_cast<size_t>(at.stage)], why,
                                   bug ? "; a bug in hone" : "", o_.out));
  }

  Status leave_out(const Whereabouts& at, Code code, std::string why) {
    const auto same = std::count_if(skip_.begin(), skip_.end(),
                                    [&](const passes::Skip& s) { return s.pass == at.pass; });
    const bool everywhere = at.node == graph::none || same + 1 >= nodes_before_everywhere;
    const std::string node = everywhere ? "" : title_of(at);
    skip_.push_back({at.pass, everywhere ? graph::none : at.node});
    // The same text stands in front of it again.
    const std::string file = o_.in + ": ";
    if (why.starts_with(file)) why.erase(0, file.size());
    result_.left_out.push_back({at.pass, node, why});
    if (result_.left_out.size() < most_failures) return {};
    return error(code, fmt::format("{}: pass {}: {}; {} failures, no further tries; leave passes "
                                   "out with --disable-pass; {} is as it was",
                                   o_.in, at.pass, why, most_failures, o_.out));
  }

  const OptimizeOptions& o_;
  const std::vector<const Pass*>& passes_;
  std::vector<passes::Skip> skip_;
  Optimized result_;
  bool done_ = false;
};

}  // namespace

int64_t default_memory_limit(int64_t model_bytes) {
  constexpr int64_t base = int64_t{1} << 30, most = int64_t{1} << 50;
  return base + 4 * std::clamp<int64_t>(model_bytes, 0, most);
}

Result<Optimized> optimize_file(const OptimizeOptions& options,
                                const std::vector<const Pass*>& passes) {
  return Optimizer(options, passes).run();
}

Result<Optimized> optimize_file(const OptimizeOptions& options) {
  return optimize_file(options, passes::pipeline());
}

}  // namespace hone::ship
