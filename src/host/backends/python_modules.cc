#include "host/backends/python_modules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>

extern char** environ;

namespace hone::backends {

namespace {

// find_spec() looks, it does not import. The folder the program stands in is no package path, and
// a folder that merely has the name (no origin, no version) is no runtime.
constexpr const char* script = R"(
import sys, importlib.util, importlib.metadata
sys.path = [p for p in sys.path if p]
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        print(name, version)
    except Exception:
        pass
)";

constexpr size_t max_output = 1 << 16;

class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (out_ >= 0) close(out_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  Status start(const std::vector<std::string>& command) {
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0) return error(Code::io_error, "cannot make a pipe");
    out_ = fd[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    int failed = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    if (failed == 0) return {};
    pid_ = 0;
    return error(Code::not_found, fmt::format("no interpreter '{}'", command[0]));
  }

  // Everything it prints until it ends.
  Result<std::string> output(int timeout_ms) {
    using Clock = std::chrono::steady_clock;
    auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
    std::string text;
    char buffer[4096];
    while (text.size() < max_output) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      pollfd p{out_, POLLIN, 0};
      int ready = left > 0 ? poll(&p, 1, static_cast<int>(left)) : 0;
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return error(Code::io_error, "the interpreter does not answer");
      ssize_t n = read(out_, buffer, sizeof(buffer));
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
    return error(Code::io_error, "the interpreter failed");
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

}  // namespace

Result<std::vector<PythonModule>> importable_modules(const std::string& python,
                                                     const std::vector<std::string>& names,
                                                     int timeout_ms) {
  std::vector<std::string> command = {python, "-c", script};
  command.insert(command.end(), names.begin(), names.end());
  Child child;
  HONE_RETURN_IF_ERROR(child.start(command));
  HONE_ASSIGN(std::string text, child.output(timeout_ms));
  std::vector<PythonModule> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;
    found.push_back({line.substr(0, blank), line.substr(blank + 1)});
  }
  return found;
}

}  // namespace hone::backends
