#include "host/backends/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

extern char** environ;

namespace hone::backends {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int inherited = 3;

class Deadline {
 public:
  explicit Deadline(int timeout_ms) : end_(Clock::now() + std::chrono::milliseconds(timeout_ms)) {}
  // Waits for the descriptor; false where the time is over.
  bool wait(int fd, short events) const {
    while (true) {
      auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now()).count();
      pollfd p{fd, events, 0};
      int ready = poll(&p, 1, static_cast<int>(std::max<int64_t>(left, 0)));
      if (ready > 0) return true;
      if (ready == 0 || errno != EINTR) return false;
    }
  }

 private:
  Clock::time_point end_;
};

struct Actions {
  Actions() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

std::string seconds(int ms) { return fmt::format("{:g} s", ms / 1e3); }

}  // namespace

Fd::Fd(int fd) : fd_(fd) {
  if (fd < 0 || fd > inherited) return;
  fd_ = fcntl(fd, F_DUPFD_CLOEXEC, inherited + 1);
  close(fd);
}

Fd& Fd::operator=(Fd&& o) noexcept {
  if (this != &o) reset(), fd_ = std::exchange(o.fd_, -1);
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Child::Child(Child&& o) noexcept
    : pid_(std::exchange(o.pid_, 0)),
      stopped_(o.stopped_),
      in_(std::move(o.in_)),
      out_(std::move(o.out_)),
      errors_(std::move(o.errors_)),
      pending_(std::move(o.pending_)) {}

Child& Child::operator=(Child&& o) noexcept {
  if (this == &o) return *this;
  end();
  pid_ = std::exchange(o.pid_, 0);
  stopped_ = o.stopped_;
  in_ = std::move(o.in_);
  out_ = std::move(o.out_);
  errors_ = std::move(o.errors_);
  pending_ = std::move(o.pending_);
  return *this;
}

Result<Child> Child::start(const std::vector<std::string>& command, const Options& options) {
  // Sockets, not pipes: writing to a program that has ended is then an error, not a signal.
  int in[2], out[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) {
    return error(Code::io_error, "cannot make a pipe");
  }
  Fd child_in(in[0]), our_in(in[1]);
  if (pipe2(out, O_CLOEXEC) != 0) return error(Code::io_error, "cannot make a pipe");
  Fd our_out(out[0]), child_out(out[1]);
  Fd errors(memfd_create("hone-stderr", MFD_CLOEXEC));
  if (errors.get() < 0) return error(Code::io_error, "cannot make a file in memory");
  fcntl(errors.get(), F_SETFL, O_APPEND);
  Actions a;
  if (options.asks) {
    posix_spawn_file_actions_adddup2(&a.files, child_in.get(), STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&a.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&a.files, child_out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&a.files, errors.get(), STDERR_FILENO);
  if (options.inherit >= 0) {
    posix_spawn_file_actions_adddup2(&a.files, options.inherit, inherited);
  }
  // A group of its own: what it starts is stopped and ends with it.
  posix_spawnattr_setpgroup(&a.attributes, 0);
  posix_spawnattr_setflags(&a.attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  Child child;
  int failed = posix_spawnp(&child.pid_, argv[0], &a.files, &a.attributes, argv.data(), environ);
  if (failed != 0) {
    child.pid_ = 0;
    return error(failed == ENOENT ? Code::not_found : Code::io_error,
                 fmt::format("cannot start '{}': {}", command[0], std::strerror(failed)));
  }
  if (options.asks) child.in_ = std::move(our_in);
  child.out_ = std::move(our_out);
  child.errors_ = std::move(errors);
  return child;
}

void Child::end() {
  in_.reset();
  out_.reset();
  if (pid_ <= 0) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

std::string Child::last_words() const {
  char buffer[2048];
  off_t size = lseek(errors_.get(), 0, SEEK_END);
  auto from = std::max<off_t>(0, size - static_cast<off_t>(sizeof(buffer)));
  ssize_t n = pread(errors_.get(), buffer, sizeof(buffer), from);
  std::string text(buffer, static_cast<size_t>(std::max<ssize_t>(n, 0)));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  text.erase(0, text.find_last_of('\n') + 1);
  // Bytes of a stranger: what is printed is one line of text.
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() > 200 ? text.substr(0, 197) + "..." : text;
}

bool Child::reap(int* status) {
  // Its output may close a moment before it ends.
  for (int i = 0; i < 200 && pid_ > 0; ++i) {
    if (waitpid(pid_, status, WNOHANG) == pid_) {
      kill(-pid_, SIGKILL);  // what it started
      pid_ = 0;
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

Status Child::how_it_ended() {
  int status = 0;
  if (!reap(&status)) return error(Code::io_error, "closed its output");
  std::string how = WIFSIGNALED(status) ? fmt::format("was ended by signal {} ({})",
                                                      WTERMSIG(status), strsignal(WTERMSIG(status)))
                                        : fmt::format("ended with status {}", WEXITSTATUS(status));
  std::string words = last_words();
  return error(Code::io_error, words.empty() ? how : how + ": " + words);
}

Status Child::write_line(std::string_view line, int timeout_ms) {
  std::string text(line);
  text += '\n';
  Deadline deadline(timeout_ms);
  for (size_t sent = 0; sent < text.size();) {
    if (pid_ <= 0) return error(Code::io_error, "has ended");
    if (!deadline.wait(in_.get(), POLLOUT)) {
      return error(Code::io_error, fmt::format("took no request for {}", seconds(timeout_ms)));
    }
    ssize_t n =
        send(in_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return how_it_ended();
    sent += static_cast<size_t>(n);
  }
  return {};
}

Result<std::string> Child::read_line(int timeout_ms, size_t max_bytes) {
  Deadline deadline(timeout_ms);
  char buffer[16384];
  size_t searched = 0;
  while (true) {
    size_t end = pending_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    searched = pending_.size();
    if (searched > max_bytes) {
      return error(Code::io_error, fmt::format("wrote a line of more than {} bytes", max_bytes));
    }
    if (pid_ <= 0) return error(Code::io_error, "has ended");
    if (!deadline.wait(out_.get(), POLLIN)) {
      return error(Code::io_error, fmt::format("gave no answer within {}", seconds(timeout_ms)));
    }
    ssize_t n = read(out_.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return how_it_ended();
    pending_.append(buffer, static_cast<size_t>(n));
  }
}

Result<std::string> Child::read_all(int timeout_ms, size_t max_bytes) {
  Deadline deadline(timeout_ms);
  std::string text;
  char buffer[4096];
  while (text.size() < max_bytes) {
    if (!deadline.wait(out_.get(), POLLIN)) {
      return error(Code::io_error, fmt::format("gave no answer within {}", seconds(timeout_ms)));
    }
    ssize_t n = read(out_.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<size_t>(n));
  }
  int status = 0;
  if (reap(&status) && WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
  std::string words = last_words();
  return error(Code::io_error, words.empty() ? "failed" : "failed: " + words);
}

void Child::stop() {
  if (pid_ <= 0 || stopped_) return;
  if (kill(-pid_, SIGSTOP) != 0) return;
  // Signals take effect later: whoever measures next needs it standing, not about to.
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  stopped_ = true;
}

void Child::resume() {
  if (pid_ <= 0 || !stopped_) return;
  kill(-pid_, SIGCONT);
  stopped_ = false;
}

}  // namespace hone::backends
