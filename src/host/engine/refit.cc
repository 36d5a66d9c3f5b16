#include "host/engine/refit.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "common/wire/vectors.h"
#include "host/engine/read_steps.h"
#include "host/ops/plugin.h"

namespace hone::engine {

using wire::size_of;

namespace {

std::string text(const flatbuffers::String* s) { return s == nullptr ? "" : s->str(); }

// As option_words() wrote it; false for what is no number.
template <class T>
bool number(const std::string& word, T* out) {
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), *out);
  return error == std::errc() && stop == word.data() + word.size();
}

bool take_word(const std::string& key, const std::string& word, CompileOptions* o) {
  if (key == "precision") return o->precision = word, true;
  if (key == "max-weight-growth") return number(word, &o->max_weight_growth);
  if (key == "opt-level") return number(word, &o->opt_level);
  if (key == "workspace") return number(word, &o->max_workspace);
  if (key == "tactics") {
    const bool deny = word.starts_with("deny=");
    (deny ? o->tactics.deny : o->tactics.allow).push_back(word.substr(word.find('=') + 1));
    return deny || word.starts_with("allow=");
  }
  if (key == "prefer-kernel") return o->prefer_kernel = word, true;
  if (key == "disable-pass") return o->passes.disabled.push_back(word), true;
  if (key == "stop-after") return number(word, &o->passes.stop_after);
  return false;
}

Status take_options(const wire::EngineMeta& m, CompileOptions* o) {
  if (size_of(m.options()) == 0) {
    return Status(Code::version_mismatch,
                  "the engine does not say how it was built (format before 1.2): build it anew");
  }
  for (uint32_t i = 0; i < size_of(m.options()); ++i) {
    const wire::Property& p = *m.options()->Get(i);
    if (take_word(text(p.key()), text(p.text()), o)) continue;
    return Status(Code::version_mismatch,
                  fmt::format("the engine was built with '{}' = '{}', which this Hone does not "
                              "know: build it anew",
                              text(p.key()), text(p.text())));
  }
  return {};
}

std::vector<plan::ProfileSpec> profiles(const wire::EngineMeta& m) {
  std::vector<plan::ProfileSpec> all;
  for (uint32_t p = 0; p < size_of(m.profiles()); ++p) {
    const auto* ranges = m.profiles()->Get(p)->ranges();
    if (size_of(ranges) == 0) continue;  // any size
    plan::ProfileSpec spec;
    uint32_t at = 0;
    for (uint32_t i = 0; i < size_of(m.inputs()); ++i) {
      const wire::Io& io = *m.inputs()->Get(i);
      auto& dims = spec[text(io.name())];
      for (uint32_t d = 0; d < size_of(io.shape()); ++d, ++at) {
        const wire::Range& r = *ranges->Get(at);
        dims.push_back({r.min(), r.opt(), r.max()});
      }
    }
    all.push_back(std::move(spec));
  }
  return all;
}

std::vector<std::string> io_texts(const flatbuffers::Vector<flatbuffers::Offset<wire::Io>>* ios) {
  std::vector<std::string> out;
  for (uint32_t i = 0; i < size_of(ios); ++i) {
    const wire::Io& io = *ios->Get(i);
    std::vector<std::string> dims;
    for (uint32_t d = 0; d < size_of(io.shape()); ++d) {
      const wire::Dim& dim = *io.shape()->Get(d);
      dims.push_back(dim.size() >= 0 ? fmt::format("{}", dim.size()) : text(dim.symbol()));
    }
    out.push_back(plan::io_text(text(io.name()), static_cast<DType>(io.dtype()), dims));
  }
  return out;
}

Result<plan::EarlierStep> earlier_step(const FileStep& s) {
  using Kind = plan::Step::Kind;
  plan::EarlierStep e;
  e.kind = s.kind == wire::StepKind::branch    ? Kind::branch
           : s.kind == wire::StepKind::trap    ? Kind::trap
           : s.kind == wire::StepKind::measure ? Kind::measure
           : s.kind == wire::StepKind::loop    ? Kind::loop
                                               : Kind::kernel;
  e.op = s.op;
  e.layer = s.layer;
  e.packed = {s.inputs(), s.outputs(), s.attrs, s.dims};
  e.tactics = s.tactics;
  e.ns = s.ns;
  if (e.kind != Kind::kernel) return e;
  e.kernel = ops::find_known_kernel(s.kernel);
  if (e.kernel != nullptr && e.kernel->version == s.kernel_version) return e;
  return Status(Code::version_mismatch,
                fmt::format("step '{}' runs {} version {}, which this Hone has not: build it anew",
                            s.layer, s.kernel, s.kernel_version));
}

}  // namespace

Result<Refit> read_refit(const wire::Engine& engine) {
  const wire::EngineMeta& m = engine.meta();
  Refit out;
  CompileOptions& o = out.options;
  HONE_RETURN_IF_ERROR(take_options(m, &o));
  o.threads = m.threads();
  o.profiles = profiles(m);
  std::snprintf(o.target.cpu, sizeof(o.target.cpu), "%s", text(m.target_cpu()).c_str());
  o.target.arch = static_cast<Arch>(std::min<int>(m.target_arch(), 2));
  o.target.isa = engine.header().isa;
  out.tactics.inputs = io_texts(m.inputs());
  out.tactics.outputs = io_texts(m.outputs());
  for (uint32_t p = 0; p < std::max(size_of(m.profiles()), 1u); ++p) {
    HONE_ASSIGN(const std::vector<FileStep> steps, read_steps(m, p));
    auto& earlier = out.tactics.profiles.emplace_back();
    for (const FileStep& s : steps) {
      HONE_ASSIGN(plan::EarlierStep step, earlier_step(s));
      earlier.push_back(std::move(step));
    }
  }
  if (const wire::PackedBytes* p = m.packed(); p != nullptr) {
    auto bytes = [](uint64_t n) { return static_cast<int64_t>(n); };
    out.tactics.packed = {bytes(p->least()), bytes(p->fastest()), bytes(p->chosen()), 0};
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> option_words(const CompileOptions& o) {
  std::vector<std::pair<std::string, std::string>> words = {
      {"precision", o.precision},
      {"opt-level", fmt::format("{}", o.opt_level)},
      {"max-weight-growth", fmt::format("{}", o.max_weight_growth)}};
  if (o.max_workspace != INT64_MAX) {
    words.emplace_back("workspace", fmt::format("{}", o.max_workspace));
  }
  for (const std::string& pattern : o.tactics.allow)
    words.emplace_back("tactics", "allow=" + pattern);
  for (const std::string& pattern : o.tactics.deny)
    words.emplace_back("tactics", "deny=" + pattern);
  if (!o.prefer_kernel.empty()) words.emplace_back("prefer-kernel", o.prefer_kernel);
  for (const std::string& pass : o.passes.disabled) words.emplace_back("disable-pass", pass);
  if (o.passes.stop_after >= 0) {
    words.emplace_back("stop-after", fmt::format("{}", o.passes.stop_after));
  }
  return words;
}

}  // namespace hone::engine
