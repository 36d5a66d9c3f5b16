#include "ship/measure/probes/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace hone::ship {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t max_output = 1 << 16;

class Actions {
 public:
  explicit Actions(int out) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, 1);
    posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
  }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Reads to the end; false where it takes too long or too much comes.
bool drain(int fd, Clock::time_point end, std::string* text) {
  char buffer[4096];
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd p{fd, POLLIN, 0};
    int ready = left > 0 ? poll(&p, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
    if (text->size() + static_cast<size_t>(n) > max_output) return false;
    text->append(buffer, static_cast<size_t>(n));
  }
}

// A program may close its output and stay.
bool ended(pid_t pid, Clock::time_point end, int* status) {
  while (true) {
    pid_t which = waitpid(pid, status, WNOHANG);
    if (which == pid) return true;
    if (which < 0 && errno != EINTR) return false;
    if (Clock::now() > end) return false;
    usleep(200);
  }
}

}  // namespace

Result<std::string> run_command(const std::vector<std::string>& words, double limit_s) {
  if (words.empty()) return invalid("no program named");
  std::vector<char*> argv;
  for (const std::string& w : words) argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  int fd[2];
  if (pipe2(fd, O_CLOEXEC) != 0) return error(Code::io_error, "cannot make a pipe");
  pid_t pid = 0;
  int failed = posix_spawnp(&pid, argv[0], Actions(fd[1]).get(), nullptr, argv.data(), environ);
  close(fd[1]);
  if (failed != 0) {
    close(fd[0]);
    return error(Code::not_found, words[0] + ": cannot be started");
  }
  std::string text;
  auto limit = std::chrono::milliseconds(static_cast<int64_t>(limit_s * 1e3));
  Clock::time_point end = Clock::now() + limit;
  bool done = drain(fd[0], end, &text);
  close(fd[0]);
  int status = 0;
  done = done && ended(pid, end, &status);
  if (!done) {
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (!done) return error(Code::io_error, words[0] + ": took too long or wrote too much");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return error(Code::io_error, words[0] + ": failed");
  }
  return text;
}

}  // namespace hone::ship
