// Somebody else's runtime in a child process, by the protocol of docs/backends.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/backends/child.h"
#include "host/backends/find.h"
#include "host/backends/shared_memory.h"
#include "host/model/tensor.h"

namespace hone::backends {

// An input or output; dims -1 where the model leaves the size open.
struct Port {
  std::string name;
  DType dtype = DType::none;
  Dims dims;
};

struct Description {
  std::vector<Port> inputs, outputs;
};

struct LoadRequest {
  std::string model;  // path
  int threads = 1;
  std::string precision = "f32";
  std::map<std::string, Dims> shapes;  // of the inputs, those that bind() will give
  std::string work;                    // a folder for what it converts the model to
};

struct Timeouts {
  int hello_ms = 60'000;  // imports libraries of hundreds of megabytes
  int load_ms = 300'000;  // converters and compilers
  int run_ms = 60'000;    // beside what the runs themselves are expected to take
};

// Errors of all calls: unsupported where the runtime says that it cannot do that and why;
// io_error, with the backend's name in front, where it fails, dies, is silent, or answers other
// than the protocol says. After an io_error nothing more can be asked of it.
class Backend {
 public:
  // Starts it and says hello.
  static Result<Backend> start(const Command& command, const Timeouts& timeouts = {});

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  const std::string& note() const { return note_; }  // how it runs the model; "" before load()

  Status load(const LoadRequest& request);
  Result<Description> describe();
  // Hands over the inputs and runs once; outputs() and output() are of that run.
  Status bind(const std::vector<std::pair<std::string, Tensor>>& inputs);
  const std::vector<Port>& outputs() const { return outputs_; }
  // `warm` runs, then `count` timed by the child's own monotonic clock: their times in ns.
  Result<std::vector<int64_t>> run(int count, int warm, int64_t expected_ns = 0);
  Tensor output(size_t index) const;  // a copy, of the last run

  // A backend that is not asked anything stands still, with all its threads.
  void stop() { child_.stop(); }
  void resume() { child_.resume(); }
  const Child& child() const { return child_; }

 private:
  struct Reply;
  Backend(Child child, SharedMemory memory, std::string name, const Timeouts& timeouts);
  Result<Reply> ask(const std::string& request, const char* what, int timeout_ms);
  Status failed(const char* what, const std::string& why);
  Status take_outputs(const Reply& reply, size_t begin);

  Child child_;
  SharedMemory memory_;
  Timeouts timeouts_;
  std::string name_, version_, note_;
  std::vector<Port> outputs_;
  std::vector<size_t> offsets_;  // of the outputs in memory_
};

}  // namespace hone::backends
