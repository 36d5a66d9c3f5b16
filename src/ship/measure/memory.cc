#include "ship/measure/memory.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "host/model/files.h"

namespace hone::ship {

namespace {

std::optional<int64_t> status_field(const char* field) {
  auto text = read_text("/proc/self/status", 1 << 16);
  if (!text.ok()) return std::nullopt;
  size_t at = text->find(field);
  long kib = 0;
  if (at == std::string::npos ||
      std::sscanf(text->c_str() + at + std::strlen(field), " %ld", &kib) != 1) {
    return std::nullopt;
  }
  return static_cast<int64_t>(kib) * 1024;
}

}  // namespace

std::optional<int64_t> peak_rss_bytes() { return status_field("VmHWM:"); }

void reset_peak_rss() {
  if (FILE* f = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", f);
    std::fclose(f);
  }
}

Result<ChildMemory> peak_of_child(const std::function<Status()>& work) {
  int fd[2];
  if (pipe(fd) != 0) return Status(Code::io_error, "cannot make a pipe");
  pid_t pid = fork();
  if (pid < 0) {
    close(fd[0]);
    close(fd[1]);
    return Status(Code::out_of_memory, "cannot start a process");
  }
  if (pid == 0) {
    close(fd[0]);
    reset_peak_rss();  // the high-water mark is inherited
    ChildMemory m;
    m.before = status_field("VmRSS:").value_or(0);
    bool ok = work().ok();
    m.peak = status_field("VmHWM:").value_or(0);
    bool sent = ok && write(fd[1], &m, sizeof(m)) == static_cast<ssize_t>(sizeof(m));
    _exit(sent ? 0 : 1);
  }
  close(fd[1]);
  ChildMemory m;
  bool got = read(fd[0], &m, sizeof(m)) == static_cast<ssize_t>(sizeof(m));
  close(fd[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!got) return Status(Code::io_error, "the measuring process ended without a result");
  return m;
}

}  // namespace hone::ship
