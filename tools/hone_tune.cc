// hone-tune: times the tactics that `hone build --timing-requests` asks for, on the device that
// runs it. Needs libhone_rt alone.
//
//   hone-tune [--plugin FILE.so]... < requests > timings.json
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common/wire/tune_requests.h"
#include "device/kernels/timed.h"
#include "device/runtime/context.h"
#include "engine_generated.h"
#include "hone/hone.hpp"

namespace {

using hone::wire::TuneHeader;
using hone::wire::TuneRecord;

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Memory = std::unique_ptr<void, Free>;

int fail(const char* what) {
  std::fprintf(stderr, "hone-tune: %s\n", what);
  return 2;
}

bool read(void* to, size_t bytes) { return std::fread(to, 1, bytes, stdin) == bytes; }

// Operands between steps hold what a model's would: small numbers.
void fill_operands(const hone_context& c) {
  const hone::runtime::BoundStep& b = c.steps[0];
  hone::runtime::StepOperands o;
  if (!c.load_operands(0, &o).ok()) return;
  for (uint32_t i = 0; i < o.in_count; ++i) {
    const int32_t v = b.operands[i];
    int64_t elements = 0;
    if (v < 0 || b.in[i] == nullptr || !hone::kernels::extent(o.in[i], &elements)) continue;
    const auto place = c.meta().values()->Get(static_cast<uint32_t>(v))->place();
    if (place != hone::wire::Place::arena) continue;
    hone::kernels::fill_example(const_cast<void*>(b.in[i]), o.in[i].dtype, elements);
  }
}

// Nanoseconds of the engine's one step.
double time_context(hone_context* c, const TuneHeader& header, double fastest_ns,
                    const std::vector<std::byte>& evicted) {
  fill_operands(*c);
  const hone::runtime::BoundStep& b = c->steps[0];
  hone::kernels::TimedStep step = {};
  step.run = b.kernel->run;
  step.args.params = b.params;
  step.args.in = b.in;
  step.args.out = b.out;
  step.args.scratch = c->scratch;
  step.args.workspace = c->workspace;
  step.phases = b.phases;
  std::copy_n(b.units, hone::kernels::max_phases, step.units);
  hone::kernels::TimingOptions options;
  options.budget_ms = header.budget_us * 1e-3;
  options.min_runs = header.min_runs;
  options.max_runs = header.max_runs;
  std::vector<double> samples(hone::kernels::timing_samples(step, header.threads, options));
  return hone::kernels::time_step(step, header.threads, options, fastest_ns, evicted, samples);
}

// What all requests have in common.
struct Job {
  TuneHeader header;
  std::vector<const hone_plugin*> plugins;
  std::vector<std::byte> evicted;
  uint32_t step = 0;
  double fastest_ns = 0;  // of that step
};

// False, with a line on stderr, where this device cannot run it.
bool time_engine(const Job& job, const std::string& key, const void* bytes, size_t size,
                 double* ns) {
  hone::Text why;
  hone::Engine engine;
  hone::Context context;
  hone::Plugins given;
  given.list = job.plugins.data();
  given.count = static_cast<int32_t>(job.plugins.size());
  hone_status s = engine.load_memory(bytes, size, &why, 0, hone_default_allocator(), given);
  if (s == HONE_OK) s = context.create(engine, nullptr, 0, 0, &why);
  if (s == HONE_OK) s = context.bind();
  hone_context* c = context.get();
  if (s == HONE_OK && c->engine->step_count == 1 && c->steps[0].kernel != nullptr) {
    *ns = time_context(c, job.header, job.fastest_ns, job.evicted);
    return true;
  }
  const char* text = c != nullptr && *context.error() != 0 ? context.error() : why.c_str();
  std::fprintf(stderr, "hone-tune: not timed: %s: %s\n", key.c_str(), text);
  return false;
}

// As a JSON string.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char ch : text) {
    if (ch == '"' || ch == '\\') out += '\\';
    if (static_cast<unsigned char>(ch) >= ' ') out += ch;
  }
  return out + "\"";
}

// One request after the other, each answered at once: a device keeps one in memory.
int time_all(Job* job) {
  std::printf("{\n \"schema\": 1,\n \"ns\": {");
  uint64_t done = 0;
  for (;;) {
    TuneRecord r;
    if (!read(&r, sizeof(r))) return fail("the requests end in the middle");
    if (r.key_bytes == 0) break;
    if (r.key_bytes > hone::wire::max_tune_key || r.engine_bytes > hone::wire::max_tune_engine) {
      return fail("damaged requests");
    }
    std::string key(r.key_bytes, ' ');
    const auto size = static_cast<size_t>(r.engine_bytes);
    const Memory engine(std::aligned_alloc(64, size / 64 * 64 + 64));
    if (engine == nullptr) return fail("out of memory");
    if (!read(key.data(), key.size()) || !read(engine.get(), size)) {
      return fail("the requests end in the middle");
    }
    if (r.step != job->step) job->step = r.step, job->fastest_ns = 0;
    double ns = 0;
    if (!time_engine(*job, key, engine.get(), size, &ns)) continue;
    if (job->fastest_ns == 0 || ns < job->fastest_ns) job->fastest_ns = ns;
    std::printf("%s\n  %s: %.0f", done++ == 0 ? "" : ",", quoted(key).c_str(), std::max(ns, 1.0));
    std::fflush(stdout);
  }
  std::printf("\n }\n}\n");
  std::fprintf(stderr, "hone-tune: %llu timed\n", static_cast<unsigned long long>(done));
  return std::fflush(stdout) == 0 ? 0 : fail("cannot write");
}

}  // namespace

int main(int argc, char** argv) {
  Job job;
  for (int i = 1; i < argc; i += 2) {
    if (std::strcmp(argv[i], "--plugin") != 0 || i + 1 == argc) {
      return fail("usage: hone-tune [--plugin FILE.so]... < requests > timings.json");
    }
    const hone_plugin* p = nullptr;
    hone::Text why;
    if (hone_plugin_open(argv[i + 1], &p, why.data(), hone::Text::size()) != HONE_OK) {
      return fail(why.c_str());
    }
    job.plugins.push_back(p);
  }
  TuneHeader& h = job.header;
  if (!read(&h, sizeof(h)) || std::memcmp(h.magic, hone::wire::tune_magic, sizeof(h.magic)) != 0) {
    return fail("no requests on its input: hone build --timing-requests FILE writes them");
  }
  if (h.version != hone::wire::tune_version) {
    return fail("requests of another version: use hone and hone-tune of one release");
  }
  if (h.threads < 1 || h.threads > hone::platform::max_threads || h.evicted_bytes < 0 ||
      h.evicted_bytes > (1 << 30) || h.budget_us < 0 || h.min_runs < 1 || h.max_runs < h.min_runs ||
      h.max_runs > 100000) {
    return fail("damaged requests");
  }
  job.evicted.resize(static_cast<size_t>(h.evicted_bytes), std::byte{1});
  return time_all(&job);
}
