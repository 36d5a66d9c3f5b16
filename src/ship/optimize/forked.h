// Work in a forked child with a cap on its memory: whatever becomes of it, the caller goes on and
// knows where it stood.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace hone::ship {

enum class Stage : int32_t { reading, passes, checking, writing };

// Where the child stands, in memory that both processes see. The child writes; the parent looks at
// `ticks` while it runs and at the rest once it has ended.
struct Whereabouts {
  std::atomic<int64_t> ticks;  // rises whenever something begins
  Stage stage;
  int32_t node;  // number of the node, -1: none
  // Of the node its operator, name and first result; each ends in 0, cut where too long.
  char pass[64], op[64], name[256], result[256];
  int64_t memory_limit;  // bytes, what limit_memory() set; 0: none

  void set(Stage s);
  void set(Stage s, std::string_view pass_name);
  void set(Stage s, std::string_view pass_name, int32_t id, std::string_view operation,
           std::string_view node_name, std::string_view node_result);
  // Another stage at the same place.
  void go_on(Stage s);
};

struct Ending {
  enum class How : uint8_t { finished, ended, no_memory, too_slow };
  How how = How::finished;
  std::string text;  // finished: what the work returned; ended: "signal 11 (Segmentation fault)"
  Whereabouts const* at = nullptr;  // as long as the Forked lives
  pid_t pid = 0;
};

class Forked {
 public:
  // Errors: out_of_memory.
  static Result<Forked> make();
  Forked(Forked&& o) noexcept;
  Forked& operator=(Forked&&) = delete;
  ~Forked();

  // Runs `work` in a child and waits. The child's text on stderr is kept from the terminal; where
  // it does not finish its last line stands in Ending::text. `silence_s`: the longest time without
  // a tick in any stage but `checking`, 0: no limit. Errors: out_of_memory, io_error where no child
  // could be started.
  Result<Ending> run(const std::function<std::string(Whereabouts&)>& work, double silence_s);

 private:
  Forked() = default;
  Whereabouts* at_ = nullptr;
};

// In the child: it may allocate so many bytes more than it holds now; mapped files are not counted.
// Nothing happens where a sanitizer reserves what it may never use.
void limit_memory(int64_t bytes, Whereabouts* at);

}  // namespace hone::ship
