#include "ship/measure/fresh_process.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "ship/measure/memory.h"
#include "ship/measure/session.h"

namespace hone::ship {

namespace {

std::string read_all(int fd) {
  std::string text;
  char part[4096];
  for (ssize_t n = 0; (n = read(fd, part, sizeof(part))) > 0;) {
    text.append(part, static_cast<size_t>(n));
  }
  return text;
}

void write_all(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

Status load_and_run(const nlohmann::json& order) {
  HONE_ASSIGN(Session s,
              Session::open(order.at("engine").get<std::string>(), order.at("threads").get<int>()));
  HONE_RETURN_IF_ERROR(s.bind(order.at("shapes").get<std::vector<Dims>>()));
  for (int i = 0; i < 3; ++i) HONE_RETURN_IF_ERROR(s.run());
  return {};
}

// In the child: waits for the order, carries it out, answers with a number or with words.
std::string obey(const std::string& text) {
  const nlohmann::json order = nlohmann::json::parse(text, nullptr, false);
  if (!order.is_object()) return "";  // the parent ended without an order
  reset_peak_rss();
  const Status done = load_and_run(order);
  if (!done.ok()) return done.text();
  const auto peak = peak_rss_bytes();
  return peak ? fmt::format("{}", *peak) : "/proc does not tell";
}

}  // namespace

Result<FreshProcess> FreshProcess::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Status(Code::io_error, "cannot make a socket");
  }
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    std::signal(SIGINT, SIG_IGN);  // the parent ends it by closing its end
    write_all(ends[1], obey(read_all(ends[1])));
    _exit(0);
  }
  close(ends[1]);
  FreshProcess p;
  p.socket_ = ends[0], p.pid_ = pid;
  if (pid < 0) return Status(Code::out_of_memory, "cannot start a process");
  return p;
}

FreshProcess::FreshProcess(FreshProcess&& o) noexcept
    : socket_(std::exchange(o.socket_, -1)), pid_(std::exchange(o.pid_, -1)) {}

FreshProcess::~FreshProcess() {
  if (socket_ >= 0) {
    shutdown(socket_, SHUT_RDWR);  // ends it whoever else holds a copy of this end
    close(socket_);
  }
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

Result<int64_t> FreshProcess::peak_of(const std::string& engine_path, int threads,
                                      const std::vector<Dims>& shapes) {
  const nlohmann::json order = {{"engine", engine_path}, {"threads", threads}, {"shapes", shapes}};
  write_all(socket_, order.dump());
  shutdown(socket_, SHUT_WR);
  const std::string answer = read_all(socket_);
  if (answer.empty() || answer.find_first_not_of("0123456789") != std::string::npos) {
    return Status(Code::io_error, "the measuring process ended " +
                                      (answer.empty() ? "without a result" : "with: " + answer));
  }
  return std::stoll(answer);
}

}  // namespace hone::ship
