// Peak memory of a process that only loads and runs an engine.
#pragma once

#include <memory>

#include "common/base/status.h"
#include "host/model/tensor.h"

namespace hone::ship {

// A child started while the program still holds nothing, which waits until it is told what to load:
// forked later it would begin with all that its parent had gathered by then.
class FreshProcess {
 public:
  // Errors: io_error, out_of_memory.
  static Result<FreshProcess> start();
  FreshProcess(FreshProcess&&) noexcept;
  FreshProcess& operator=(FreshProcess&&) = delete;
  ~FreshProcess();

  // Loads the engine, binds it for these shapes and runs it three times; its peak resident bytes.
  // Once per process. Errors: io_error where the child came to no result.
  Result<int64_t> peak_of(const std::string& engine_path, int threads,
                          const std::vector<Dims>& shapes);

 private:
  FreshProcess() = default;
  int socket_ = -1;
  int pid_ = -1;
};

}  // namespace hone::ship
