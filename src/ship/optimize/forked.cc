#include "ship/optimize/forked.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <new>
#include <utility>

#include "host/backends/child.h"

namespace hone::ship {

namespace {

using backends::Fd;
using Clock = std::chrono::steady_clock;

// What the child ends with; other statuses are someone else's exit().
constexpr int finished_status = 0, no_memory_status = 97;
constexpr size_t most_errors = 1 << 20;  // bytes read of what the child wrote to stderr

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||
                           __has_feature(memory_sanitizer);
#else
constexpr bool sanitized = false;
#endif

template <size_t n>
void copy(char (&to)[n], std::string_view from) {
  const size_t size = std::min(from.size(), n - 1);
  std::memcpy(to, from.data(), size);
  to[size] = 0;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string read_from_start(int fd) {
  std::string text;
  char part[1 << 14];
  while (text.size() < most_errors) {
    const ssize_t n = pread(fd, part, sizeof(part), static_cast<off_t>(text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(part, static_cast<size_t>(n));
  }
  return text;
}

// The line that says most: of what abort() and assert() leave, the last one that is not empty.
std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  text.erase(0, text.find_last_of('\n') + 1);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() > 200 ? text.substr(0, 197) + "..." : text;
}

// Bytes of the process's private memory, what RLIMIT_DATA is held against.
int64_t data_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmData:") continue;
    int64_t kib = 0;
    return status >> kib ? kib * 1024 : 0;
  }
  return 0;
}

[[noreturn]] void be_child(pid_t parent, int result, int errors,
                           const std::function<std::string(Whereabouts&)>& work, Whereabouts& at) {
  // It does not outlive who waits for it, and where the machine runs out of memory it goes first.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  dup2(errors, STDERR_FILENO);
  std::ofstream("/proc/self/oom_score_adj") << 1000;
  int status = 1;
  try {
    if (write_all(result, work(at))) status = finished_status;
  } catch (const std::bad_alloc&) {
    status = no_memory_status;
  } catch (const std::exception& e) {
    write_all(STDERR_FILENO, e.what());
  }
  _exit(status);
}

// Reads what the child says until its end of the pipe closes. False: it made no tick for too long.
bool listen(int fd, const Whereabouts& at, double silence_s, std::string* text) {
  int64_t seen = at.ticks.load();
  auto since = Clock::now();
  char part[1 << 14];
  while (true) {
    pollfd p{fd, POLLIN, 0};
    const int ready = poll(&p, 1, silence_s > 0 ? 50 : -1);
    if (ready > 0) {
      const ssize_t n = read(fd, part, sizeof(part));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return true;
      text->append(part, static_cast<size_t>(n));
    }
    const int64_t now = at.ticks.load();
    if (now != seen || at.stage == Stage::checking) seen = now, since = Clock::now();
    const std::chrono::duration<double> silent = Clock::now() - since;
    if (silence_s > 0 && silent.count() > silence_s) return false;
  }
}

Ending ending_of(int status, std::string result, int errors) {
  Ending e;
  if (WIFEXITED(status) && WEXITSTATUS(status) == finished_status) {
    e.text = std::move(result);
    return e;
  }
  const std::string words = last_line(read_from_start(errors));
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;  // by the kernel
  if (killed || (WIFEXITED(status) && WEXITSTATUS(status) == no_memory_status) ||
      words.find("bad_alloc") != std::string::npos) {
    e.how = Ending::How::no_memory;
    return e;
  }
  e.how = Ending::How::ended;
  e.text = WIFSIGNALED(status)
               ? fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))
               : fmt::format("status {}", WEXITSTATUS(status));
  if (!words.empty()) e.text += ", '" + words + "'";
  return e;
}

}  // namespace

void Whereabouts::set(Stage s) { set(s, "", -1, "", "", ""); }

void Whereabouts::set(Stage s, std::string_view pass_name) { set(s, pass_name, -1, "", "", ""); }

void Whereabouts::set(Stage s, std::string_view pass_name, int32_t id, std::string_view operation,
                      std::string_view node_name, std::string_view node_result) {
  node = id;
  copy(pass, pass_name);
  copy(op, operation);
  copy(name, node_name);
  copy(result, node_result);
  go_on(s);
}

void Whereabouts::go_on(Stage s) {
  stage = s;
  ticks.fetch_add(1);
}

Result<Forked> Forked::make() {
  void* p =
      mmap(nullptr, sizeof(Whereabouts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return error(Code::out_of_memory, "no memory to share with a child");
  Forked f;
  f.at_ = new (p) Whereabouts{};
  return f;
}

Forked::Forked(Forked&& o) noexcept : at_(std::exchange(o.at_, nullptr)) {}

Forked::~Forked() {
  if (at_ != nullptr) munmap(at_, sizeof(Whereabouts));
}

Result<Ending> Forked::run(const std::function<std::string(Whereabouts&)>& work, double silence_s) {
  at_->set(Stage::reading);
  at_->memory_limit = 0;
  const Fd errors(memfd_create("hone-stderr", MFD_CLOEXEC));
  // The answer goes through a pipe: a file, in memory too, is bound by `ulimit -f`.
  int ends[2];
  if (errors.get() < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    return error(Code::io_error, "cannot make a pipe");
  }
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return error(Code::out_of_memory, "cannot start a process");
  if (pid == 0) be_child(parent, theirs.get(), errors.get(), work, *at_);
  theirs.reset();
  std::string result;
  const bool in_time = listen(ours.get(), *at_, silence_s, &result);
  if (!in_time) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  Ending e = ending_of(status, std::move(result), errors.get());
  if (!in_time && e.how != Ending::How::finished) e.how = Ending::How::too_slow;
  e.at = at_;
  e.pid = pid;
  return e;
}

void limit_memory(int64_t bytes, Whereabouts* at) {
  if (sanitized || bytes <= 0) return;
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return;
  // Soft only, so that it can be raised once more is known of the model.
  const auto wanted = static_cast<rlim_t>(data_bytes() + bytes);
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_DATA, &limit) == 0) at->memory_limit = bytes;
}

}  // namespace hone::ship
