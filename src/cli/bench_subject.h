// What `hone bench` was given, opened: an engine, a model, or one of a hone.toml's models.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/printer.h"
#include "ship/chain/frames.h"
#include "ship/measure/fresh_process.h"

namespace hone::cli {

struct SubjectArgs {
  std::string path;
  std::string model, target;   // names in hone.toml; "": the only one
  std::optional<int> threads;  // else the target's, 1 without one
  std::map<std::string, Dims> shapes;
  bool same_input = false;
};

// Lives where it was made: frames refer to the session.
class BenchSubject {
 public:
  static Result<std::unique_ptr<BenchSubject>> open(const SubjectArgs& args, Printer& printer);
  ~BenchSubject();
  BenchSubject(const BenchSubject&) = delete;
  BenchSubject& operator=(const BenchSubject&) = delete;

  ship::Session& session() { return *session_; }
  ship::Workload* frames() { return frames_ ? &*frames_ : nullptr; }  // nullptr: inference alone
  const ship::PictureWork* pictures() const { return frames_ ? &*frames_ : nullptr; }
  ship::Inputs inputs;       // without samples: noise
  std::vector<Dims> shapes;  // what the inputs are bound for
  int threads = 1;
  double load_ms = 0;
  std::string engine_path;  // also of an engine that lies in memory only
  nlohmann::json described = nlohmann::json::object();  // model, target, engine for the JSON

  // Peak resident bytes of a process that only loads and runs the engine, or why there is none.
  nlohmann::json peak_rss();

 private:
  BenchSubject() = default;
  Status open_project(const SubjectArgs& args, Printer& printer);
  Status open_file(const SubjectArgs& args);
  Status keep_in_memory(const std::vector<std::byte>& engine);
  Status load();
  Status frame_inputs(const ship::ModelSpec& model, bool same, Printer& printer);

  std::optional<ship::FreshProcess> fresh_;
  std::string why_not_fresh_;
  int memory_ = -1;  // a file in memory that holds an engine built here
  std::optional<ship::Session> session_;
  std::optional<ship::PictureWork> frames_;
};

}  // namespace hone::cli
