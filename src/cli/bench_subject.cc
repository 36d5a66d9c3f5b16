#include "cli/bench_subject.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "cli/model_args.h"
#include "common/base/nearest.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "ship/project/picture.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

// The one called `name`, or the only one where no name is given.
template <class Spec>
Result<const Spec*> pick(const std::vector<Spec>& all, const std::string& name, const char* what,
                         const std::string& path) {
  std::vector<std::string> names;
  for (const Spec& s : all) names.push_back(s.name);
  if (name.empty() && all.size() == 1) return &all[0];
  if (name.empty()) {
    return invalid(fmt::format("{}: describes the {}s {}: give --{} NAME", path, what,
                               fmt::join(names, ", "), what));
  }
  for (const Spec& s : all) {
    if (s.name == name) return &s;
  }
  const std::string near = nearest(name, names);
  return Status(Code::not_found,
                fmt::format("{}: no {} '{}'; there {} {}{}", path, what, name,
                            names.size() == 1 ? "is" : "are", fmt::join(names, ", "),
                            near.empty() ? "" : "; did you mean '" + near + "'?"));
}

// As hone ship builds it, but for the timing.
Result<std::vector<std::byte>> build(const ship::ModelSpec& model, const ship::TargetSpec& target,
                                     int threads) {
  engine::CompileOptions o;
  HONE_ASSIGN(o.target, this_machine());
  o.threads = threads;
  o.profiles = model.profiles;
  o.precision = target.precision;
  o.properties = ship::contract_properties(model);
  HONE_ASSIGN(model::Model onnx, model::read_model(model.onnx));
  auto graph = import(onnx);
  if (!graph.ok()) return in(model.onnx, graph.status());
  auto built = engine::compile(std::move(*graph), o);
  if (!built.ok()) return in(model.onnx, built.status());
  return std::move(built->bytes);
}

bool newer(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::last_write_time(a, error) > fs::last_write_time(b, error) && !error;
}

}  // namespace

Result<std::unique_ptr<BenchSubject>> BenchSubject::open(const SubjectArgs& args,
                                                         Printer& printer) {
  std::unique_ptr<BenchSubject> s(new BenchSubject());
  const bool project = fs::path(args.path).extension() == ".toml";
  if (!project && !(args.model.empty() && args.target.empty())) {
    return invalid("--model and --target choose from a hone.toml; none is given");
  }
  if (project && !args.shapes.empty()) {
    return invalid("--shape is for an engine or a model; inputs of hone.toml have their sizes");
  }
  // A file that both processes see; before the process starts, which inherits it.
  s->memory_ = memfd_create("hone engine", MFD_CLOEXEC);
  auto fresh = ship::FreshProcess::start();
  if (fresh.ok()) {
    s->fresh_.emplace(std::move(*fresh));
  } else {
    s->why_not_fresh_ = fresh.status().text();
  }
  s->threads = args.threads.value_or(1);
  HONE_RETURN_IF_ERROR(project ? s->open_project(args, printer) : s->open_file(args));
  return s;
}

BenchSubject::~BenchSubject() {
  if (memory_ >= 0) close(memory_);
}

Status BenchSubject::open_file(const SubjectArgs& args) {
  HONE_ASSIGN(bool engine, is_engine_file(args.path));
  engine_path = args.path;
  if (!engine) {
    HONE_ASSIGN(std::vector<std::byte> bytes, build_in_memory(args.path, threads, args.shapes));
    HONE_RETURN_IF_ERROR(keep_in_memory(bytes));
  }
  if (Status s = load(); !s.ok()) return engine ? engine_error(args.path, s) : in(args.path, s);
  described = {{"engine", engine ? args.path : args.path + " (built in memory, not timed)"}};
  HONE_ASSIGN(shapes, ordered_shapes(*session_, args.shapes));
  return check_memory(session_->inputs(), args.shapes);
}

Status BenchSubject::open_project(const SubjectArgs& args, Printer& printer) {
  HONE_ASSIGN(ship::Project project, ship::load_project(args.path));
  HONE_RETURN_IF_ERROR(ship::load_plugins(project));
  HONE_ASSIGN(const ship::ModelSpec* model, pick(project.models, args.model, "model", args.path));
  ship::TargetSpec target;
  if (!project.targets.empty() || !args.target.empty()) {
    HONE_ASSIGN(const ship::TargetSpec* chosen,
                pick(project.targets, args.target, "target", args.path));
    target = *chosen;
  }
  threads = args.threads.value_or(target.threads);
  engine_path = (fs::path(project.folder) / "hone-out" /
                 fmt::format("{}.{}.engine", model->name, target.name))
                    .string();
  described = {{"model", model->name}, {"target", target.name}, {"engine", engine_path}};
  std::error_code error;
  if (fs::exists(engine_path, error)) {
    if (newer(model->onnx, engine_path)) {
      printer.warn(fmt::format("{} is newer than {}; run hone ship {}", model->onnx, engine_path,
                               args.path));
    }
  } else {
    printer.note(fmt::format("{} is not there (hone ship makes it): built in memory without timing",
                             engine_path));
    described["engine"] = model->onnx + " (built in memory, not timed)";
    HONE_ASSIGN(std::vector<std::byte> bytes, build(*model, target, threads));
    HONE_RETURN_IF_ERROR(keep_in_memory(bytes));
  }
  if (Status s = load(); !s.ok()) return engine_error(engine_path, s);
  return frame_inputs(*model, args.same_input, printer);
}

Status BenchSubject::frame_inputs(const ship::ModelSpec& model, bool same, Printer& printer) {
  auto work = ship::PictureWork::make(*session_, model, same);
  if (work.ok()) {
    frames_.emplace(std::move(*work));
    shapes = {frames_->shape()};
    return {};
  }
  if (work.code() != Code::unsupported) return in("model '" + model.name + "'", work.status());
  printer.note(fmt::format("model '{}': inference alone: {}", model.name, work.status().text()));
  HONE_ASSIGN(inputs, ship::project_inputs(*session_, model, same));
  for (const Tensor& t : inputs.samples[0]) shapes.push_back(t.dims());
  return {};
}

Status BenchSubject::keep_in_memory(const std::vector<std::byte>& engine) {
  const Status bad(Code::io_error, "cannot keep the engine in a file in memory");
  if (memory_ < 0) return bad;
  for (size_t done = 0; done < engine.size();) {
    const ssize_t n = write(memory_, engine.data() + done, engine.size() - done);
    if (n <= 0) return bad;
    done += static_cast<size_t>(n);
  }
  engine_path = fmt::format("/proc/self/fd/{}", memory_);
  return {};
}

Status BenchSubject::load() {
  const auto start = std::chrono::steady_clock::now();
  HONE_ASSIGN(session_, ship::Session::open(engine_path, threads));
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  load_ms = spent.count();
  return {};
}

nlohmann::json BenchSubject::peak_rss() {
  if (!fresh_) return "unavailable: " + why_not_fresh_;
  auto peak = fresh_->peak_of(engine_path, threads, shapes);
  if (!peak.ok()) return "unavailable: " + peak.status().text();
  return *peak;
}

}  // namespace hone::cli
