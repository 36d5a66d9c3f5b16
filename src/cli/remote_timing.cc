#include "cli/remote_timing.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "host/engine/tune_requests.h"

namespace hone::cli {

namespace {

// A file that is gone when this is.
struct Temporary {
  explicit Temporary(std::string p) : path(std::move(p)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  std::string path;
};

// The shell's status, its input and output being these files; -1 where there is no shell.
int run_shell(const std::string& command, const std::string& input, const std::string& output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string words[] = {"sh", "-c", command};
  char* const args[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawn(&child, "/bin/sh", &files, nullptr, args, environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  if (failed != 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

void add_remote_timing_options(CLI::App* command, RemoteTiming* options) {
  CLI::Option* requests =
      command
          ->add_option("--timing-requests", options->requests,
                       "Write what is to be timed to this file, and no engine: hone-tune < FILE > "
                       "TIMINGS on the device answers, a build with --timing-cache TIMINGS follows")
          ->type_name("FILE");
  command
      ->add_option("--timer", options->command,
                   "Have it timed by this command at once, as in 'ssh pi hone-tune': it reads "
                   "requests and writes timings")
      ->type_name("COMMAND")
      ->excludes(requests);
}

Result<size_t> write_requests(const std::string& path, const model::Model& model,
                              engine::CompileOptions c) {
  HONE_ASSIGN(engine::TuneRequests requests,
              engine::TuneRequests::create(path, c.target, c.threads, c.opt_level));
  plan::TimingCache known = *c.cache;
  c.cache = &known;
  c.time = requests.recorder();
  c.error_on_cache_miss = false;
  c.progress = {};
  const auto planned = engine::compile(model, c);  // for what it asks; the rest is thrown away
  if (!planned.ok()) return planned.status();
  HONE_RETURN_IF_ERROR(requests.finish());
  return requests.size();
}

Status time_by(const std::string& command, const std::string& out, const model::Model& model,
               const engine::CompileOptions& c) {
  const Temporary requests(out + ".timing-requests"), timings(out + ".timings");
  HONE_ASSIGN(const size_t count, write_requests(requests.path, model, c));
  if (count == 0) return {};
  const int status = run_shell(command, requests.path, timings.path);
  if (status != 0) {
    return Status(Code::io_error,
                  fmt::format("--timer '{}' ended with status {}", command, status));
  }
  auto timed = plan::TimingCache::load(timings.path);
  if (!timed.ok()) {
    return Status(Code::corrupt, fmt::format("--timer '{}' answered with something else than "
                                             "timings",
                                             command));
  }
  c.cache->add_all(*timed);
  return {};
}

}  // namespace hone::cli
