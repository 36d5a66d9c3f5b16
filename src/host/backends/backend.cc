#include "host/backends/backend.h"
#include "host/model/json_text.h"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>

namespace hone::backends {

using nlohmann::json;

namespace {

constexpr int protocol = 1;
constexpr int child_fd = 3;  // where Child puts what it inherits
constexpr size_t alignment = 64;
constexpr size_t max_line = 1 << 20;
constexpr size_t max_ports = 4096, max_rank = 32;
constexpr int64_t max_bytes = int64_t{1} << 40;

size_t aligned(size_t n) { return (n + alignment - 1) / alignment * alignment; }

// Text of a stranger, to be printed: one line of bounded length.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() > 400 ? text.substr(0, 397) + "..." : text;
}

DType dtype_named(const std::string& word) {
  for (int i = 1; i < dtype_count; ++i) {
    if (word == name(static_cast<DType>(i))) return static_cast<DType>(i);
  }
  return DType::none;
}

// Throws json::exception for another form, which ask() catches.
Port read_port(const json& j) {
  Port p;
  p.name = one_line(j.at("name").get<std::string>());
  p.dtype = dtype_named(j.at("dtype").get<std::string>());
  p.dims = j.at("shape").get<Dims>();
  return p;
}

std::vector<Port> read_ports(const json& j) {
  std::vector<Port> ports;
  for (const json& port : j) ports.push_back(read_port(port));
  return ports;
}

// Bytes of a port whose dims are all known; -1 where that is no sensible number.
int64_t port_bytes(const Port& p) {
  if (bits(p.dtype) == 0 || p.dims.size() > max_rank) return -1;
  int64_t count = 1;
  for (int64_t d : p.dims) {
    if (d < 0 || (d > 0 && count > max_bytes / d)) return -1;
    count *= d;
  }
  return byte_size(p.dtype, count);
}

}  // namespace

struct Backend::Reply {
  json j;
};

Backend::Backend(Child child, SharedMemory memory, std::string name, const Timeouts& timeouts)
    : child_(std::move(child)),
      memory_(std::move(memory)),
      timeouts_(timeouts),
      name_(std::move(name)) {}

Status Backend::failed(const char* what, const std::string& why) {
  return error(Code::io_error, fmt::format("{}: {}: {}", name_, what, why));
}

// One request, one reply. `what` is what it was doing, for the error.
Result<Backend::Reply> Backend::ask(const std::string& request, const char* what, int timeout_ms) {
  if (Status s = child_.write_line(request, timeout_ms); !s.ok()) return failed(what, s.text());
  auto line = child_.read_line(timeout_ms, max_line);
  if (!line.ok()) return failed(what, line.status().text());
  Reply reply{json::parse(*line, nullptr, false)};
  const json& j = reply.j;
  if (!j.is_object()) return failed(what, "its answer is no JSON object: " + one_line(*line));
  if (j.contains("cannot") && j["cannot"].is_string()) {
    return unsupported(one_line(j["cannot"].get<std::string>()));
  }
  if (j.contains("error") && j["error"].is_string()) {
    return failed(what, one_line(j["error"].get<std::string>()));
  }
  if (!j.contains("ok") || j["ok"] != true) {
    return failed(what, "its answer has none of ok, cannot, error: " + one_line(*line));
  }
  return reply;
}

Result<Backend> Backend::start(const Command& command, const Timeouts& timeouts) {
  HONE_ASSIGN(SharedMemory memory, SharedMemory::create(0));
  auto child = Child::start(command.words, {.asks = true, .inherit = memory.fd()});
  if (!child.ok()) return in(command.name, child.status());
  Backend b(std::move(child).value(), std::move(memory), command.name, timeouts);
  json request = {{"do", "hello"}, {"protocol", protocol}};
  HONE_ASSIGN(Reply reply, b.ask(json_text(request), "hello", timeouts.hello_ms));
  if (reply.j.value("protocol", json()) != protocol) {
    return b.failed("hello", fmt::format("does not speak protocol {}", protocol));
  }
  const json version = reply.j.value("version", json());
  if (!version.is_string()) return b.failed("hello", "states no version");
  b.version_ = one_line(version.get<std::string>()).substr(0, 40);
  return b;
}

Status Backend::load(const LoadRequest& r) {
  json shapes = json::object();
  for (const auto& [input, dims] : r.shapes) shapes[input] = dims;
  json request = {{"do", "load"},         {"model", r.model},
                  {"threads", r.threads}, {"precision", r.precision},
                  {"shapes", shapes},     {"work", r.work}};
  HONE_ASSIGN(Reply reply, ask(json_text(request), "load", timeouts_.load_ms));
  const json note = reply.j.value("note", json());
  note_ = note.is_string() ? one_line(note.get<std::string>()) : "";
  return {};
}

Result<Description> Backend::describe() {
  HONE_ASSIGN(Reply reply, ask(R"({"do":"describe"})", "describe", timeouts_.run_ms));
  try {
    return Description{read_ports(reply.j.at("inputs")), read_ports(reply.j.at("outputs"))};
  } catch (const json::exception&) {
    return failed("describe", "its answer lacks name, dtype or shape of a tensor");
  }
}

Status Backend::bind(const std::vector<std::pair<std::string, Tensor>>& inputs) {
  json ports = json::array();
  size_t end = 0;
  std::vector<size_t> offsets;
  for (const auto& [input, value] : inputs) {
    offsets.push_back(end);
    ports.push_back({{"name", input},
                     {"dtype", hone::name(value.dtype())},
                     {"shape", value.dims()},
                     {"offset", end}});
    end = aligned(end + static_cast<size_t>(value.bytes()));
  }
  HONE_RETURN_IF_ERROR(memory_.grow(end));
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto bytes = inputs[i].second.raw_bytes();
    if (!bytes.empty()) std::memcpy(&memory_.bytes()[offsets[i]], bytes.data(), bytes.size());
  }
  json request = {{"do", "bind"}, {"fd", child_fd}, {"inputs", ports}, {"outputs_at", end}};
  outputs_.clear();
  HONE_ASSIGN(Reply reply, ask(json_text(request), "bind", timeouts_.load_ms));
  HONE_RETURN_IF_ERROR(memory_.remap());
  return take_outputs(reply, end);
}

Status Backend::take_outputs(const Reply& reply, size_t begin) {
  offsets_.clear();
  std::vector<Port> ports;
  try {
    for (const json& j : reply.j.at("outputs")) {
      if (ports.size() == max_ports) return failed("bind", "too many outputs");
      ports.push_back(read_port(j));
      const auto at = j.at("offset").get<int64_t>(), said = j.at("bytes").get<int64_t>();
      const int64_t bytes = port_bytes(ports.back());
      const auto size = static_cast<int64_t>(memory_.bytes().size());
      if (bytes < 0 || said != bytes) {
        return failed("bind", fmt::format("output '{}' of {}{} cannot have {} bytes",
                                          ports.back().name, j.at("dtype").get<std::string>(),
                                          to_string(ports.back().dims), said));
      }
      if (at < static_cast<int64_t>(begin) || at > size || bytes > size - at) {
        return failed("bind", fmt::format("output '{}' does not lie in the shared memory",
                                          ports.back().name));
      }
      offsets_.push_back(static_cast<size_t>(at));
    }
  } catch (const json::exception&) {
    return failed("bind", "its answer lacks name, dtype, shape, offset or bytes of an output");
  }
  outputs_ = std::move(ports);
  return {};
}

Result<std::vector<int64_t>> Backend::run(int count, int warm, int64_t expected_ns) {
  json request = {{"do", "run"}, {"count", count}, {"warm", warm}};
  // Ten times what was expected, so that a machine that became busy is not taken for a hang.
  auto extra = static_cast<int>(std::min<int64_t>(expected_ns / 100'000, 3'600'000));
  HONE_ASSIGN(Reply reply, ask(json_text(request), "run", timeouts_.run_ms + extra));
  std::vector<int64_t> ns;
  try {
    ns = reply.j.at("ns").get<std::vector<int64_t>>();
  } catch (const json::exception&) {
    return failed("run", "its answer lacks the times");
  }
  if (ns.size() != static_cast<size_t>(count)) {
    return failed("run", fmt::format("{} times for {} runs", ns.size(), count));
  }
  for (int64_t t : ns) {
    if (t < 0) return failed("run", "a run took less than no time");
  }
  return ns;
}

Tensor Backend::output(size_t index) const {
  const Port& p = outputs_[index];
  Tensor t(p.dtype, p.dims);
  if (t.bytes() > 0) {
    std::memcpy(t.mutable_data(), &memory_.bytes()[offsets_[index]],
                static_cast<size_t>(t.bytes()));
  }
  return t;
}

}  // namespace hone::backends
