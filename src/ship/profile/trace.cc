#include "ship/profile/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "device/platform/clock.h"
#include "device/runtime/context.h"

namespace hone::ship {

using nlohmann::json;

namespace {

constexpr int pid = 1;

json metadata(const char* what, int tid, json args) {
  return {{"ph", "M"}, {"name", what}, {"pid", pid}, {"tid", tid}, {"args", std::move(args)}};
}

class Events {
 public:
  explicit Events(uint64_t zero_ns) : zero_ns_(zero_ns) {}

  void track(int tid, const std::string& name) {
    events_.push_back(metadata("thread_name", tid, {{"name", name}}));
    events_.push_back(metadata("thread_sort_index", tid, {{"sort_index", tid}}));
  }
  void add(int tid, const std::string& name, const char* category, uint64_t begin, uint64_t end,
           json args) {
    events_.push_back({{"ph", "X"},
                       {"name", name},
                       {"cat", category},
                       {"pid", pid},
                       {"tid", tid},
                       {"ts", us(begin - zero_ns_)},
                       {"dur", us(end - begin)},
                       {"args", std::move(args)}});
  }
  void add(json event) { events_.push_back(std::move(event)); }
  json take() { return std::move(events_); }

 private:
  static double us(uint64_t ns) { return static_cast<double>(ns) / 1000; }

  uint64_t zero_ns_;
  json events_ = json::array();
};

json known(const std::optional<double>& v) { return v ? json(*v) : json(); }

json step_args(const Layer& l) {
  return {{"step", l.step},
          {"op", l.op},
          {"kernel", l.kernel},
          {"flops", known(l.work.flops)},
          {"bytes", known(l.work.bytes())}};
}

}  // namespace

Result<Recording> record(Session& session, int runs) {
  hone_context& c = *session.context().get();
  const int threads = c.threads();
  runtime::Trace trace;
  trace.threads = threads;
  trace.capacity = c.engine->step_count * kernels::max_phases * static_cast<uint32_t>(runs);
  std::vector<runtime::Span> spans(static_cast<size_t>(trace.capacity) *
                                   static_cast<size_t>(threads + 1));
  trace.spans = spans.data();
  Recording r;
  if (hone_context_enable_timing(&c, 1) != HONE_OK) return internal(hone_context_error(&c));
  c.trace = &trace;
  Status ran;
  for (int i = 0; i < runs && ran.ok(); ++i) {
    const uint64_t begin = platform::monotonic_ns();
    ran = session.run();
    r.runs.push_back({begin, platform::monotonic_ns()});
  }
  c.trace = nullptr;
  hone_context_enable_timing(&c, 0);
  HONE_RETURN_IF_ERROR(ran);
  for (int t = 0; t <= threads; ++t) {
    const auto used = std::min(trace.used[t], trace.capacity);
    const auto begin = spans.begin() + static_cast<int64_t>(trace.capacity) * t;
    std::vector<runtime::Span> track(begin, begin + used);
    r.dropped += trace.used[t] - used;
    if (t < threads) {
      r.threads.push_back(std::move(track));
    } else {
      r.steps = std::move(track);
    }
  }
  return r;
}

json chrome_trace(const Recording& r, const std::vector<Layer>& layers, const std::string& name) {
  std::map<uint32_t, const Layer*> by_step;
  for (const Layer& l : layers) by_step[static_cast<uint32_t>(l.step)] = &l;
  const auto layer_name = [&](uint32_t step) {
    auto it = by_step.find(step);
    if (it == by_step.end()) return fmt::format("step {}", step);
    return it->second->layer.empty() ? it->second->op : it->second->layer;
  };
  Events events(r.runs.empty() ? 0 : r.runs.front().begin_ns);
  events.add(metadata("process_name", 0, {{"name", "hone " + name}}));
  events.track(0, "run");
  size_t step = 0;
  for (size_t i = 0; i < r.runs.size(); ++i) {
    const Recording::Run& run = r.runs[i];
    events.add(0, fmt::format("run {}", i), "run", run.begin_ns, run.end_ns, json::object());
    for (; step < r.steps.size() && r.steps[step].end_ns <= run.end_ns; ++step) {
      const runtime::Span& s = r.steps[step];
      auto it = by_step.find(s.step);
      events.add(0, layer_name(s.step), "step", s.begin_ns, s.end_ns,
                 it == by_step.end() ? json::object() : step_args(*it->second));
    }
  }
  for (size_t t = 0; r.threads.size() > 1 && t < r.threads.size(); ++t) {
    const int tid = static_cast<int>(t) + 1;
    events.track(tid, fmt::format("thread {}", t));
    for (const runtime::Span& s : r.threads[t]) {
      events.add(tid, layer_name(s.step), "part", s.begin_ns, s.end_ns,
                 {{"step", s.step}, {"phase", s.phase}});
    }
  }
  return {{"displayTimeUnit", "ns"},
          {"otherData", {{"producer", "hone profile"}, {"dropped", r.dropped}}},
          {"traceEvents", events.take()}};
}

}  // namespace hone::ship
