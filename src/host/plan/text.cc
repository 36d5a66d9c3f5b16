// The plan as text: stable, complete, one line per thing.

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <sstream>

#include "common/base/hash.h"
#include "host/graph/quote.h"
#include "host/graph/title.h"
#include "host/plan/plan.h"
#include "host/plan/target_file.h"

namespace hone::plan {

namespace {

using graph::quoted;

constexpr const char* places[] = {"arena", "weights", "input", "output", "unplaced"};

std::string list(const std::vector<Dim>& dims) {
  std::string s;
  for (const Dim& d : dims) s += (s.empty() ? "" : ",") + to_string(d);
  return "[" + s + "]";
}

// A float so that different bits print differently: NaNs by their bits.
std::string real(int32_t word) {
  const auto value = std::bit_cast<float>(word);
  return std::isnan(value) ? fmt::format("nan:{:08x}", word) : fmt::format("{}", value);
}

// "groups=1 act=relu(2)": the words under their names in the family's attribute list.
std::string attributes(const Step& step) {
  if (step.plugin != nullptr) {  // encoded
    return fmt::format(" attributes={:016x}", hash64(std::as_bytes(std::span(step.attrs))));
  }
  std::string names;
  for (const kernels::Family& f : kernels::all_families()) {
    if (step.family == f.name) names = f.attrs;
  }
  std::istringstream in(names);
  std::string name, text;
  for (int32_t word : step.attrs) {
    if (!(in >> name)) name = "?";
    text += name[0] == '*' ? fmt::format(" {}={}", name.substr(1), real(word))
                           : fmt::format(" {}={}", name, word);
  }
  return text;
}

std::string operands(const std::vector<PlanValue>& values) {
  std::string s;
  for (PlanValue v : values) {
    s += (s.empty() ? "" : ", ") + (v == absent ? std::string("-") : fmt::format("v{}", v));
  }
  return s;
}

// "v3 = gemm gemm_f32_6x16_avx2 v1 (v0, v1) act=1 dims=[n]"
std::string work(const Step& s) {
  switch (s.kind) {
    case Step::Kind::branch:
      return fmt::format("branch on {}: {} steps, else {}", operands(s.in), s.then_steps,
                         s.else_steps);
    case Step::Kind::loop:
      return fmt::format("{} = loop while ({}) at most {} times: {} steps", operands(s.out),
                         operands(s.in), to_string(s.dims[0]), s.then_steps);
    case Step::Kind::measure: {
      std::string symbols;
      for (const std::string& name : s.measured) {
        symbols += (symbols.empty() ? "" : ", ") + quoted(name);
      }
      return fmt::format("measure {} in {}", symbols, operands(s.in));
    }
    case Step::Kind::trap: return "trap " + quoted(s.text);
    default: break;
  }
  std::string kernel =
      s.kernel == nullptr ? "-" : fmt::format("{} v{}", s.kernel->name, s.kernel->version);
  std::string dims = s.dims.empty() ? "" : " dims=" + list(s.dims);
  return fmt::format("{} = {} {} ({}){}{}", operands(s.out), s.family, kernel, operands(s.in),
                     attributes(s), dims);
}

void print_head(std::ostringstream& out, const Plan& plan) {
  const Target& t = plan.target;
  out << fmt::format("plan {} model {:016x} precision {} threads {}\n", quoted(plan.model_name),
                     plan.model_hash, plan.precision, plan.threads);
  out << fmt::format("target {} {} {} isa {} cores {} l1d {} l2 {} l3 {} memory {}\n",
                     quoted(t.cpu), name(t.arch), quoted(t.os), isa_names(t.isa), t.cores,
                     t.l1d_bytes, t.l2_bytes, t.l3_bytes, t.memory_bytes);
  for (const auto& [symbol, where] : plan.symbols) {
    out << fmt::format("symbol {} = input {} axis {}\n", quoted(symbol), where.first, where.second);
  }
  for (const auto& [symbol, size] : plan.data) {
    out << fmt::format("data {} = v{}[{}]", quoted(symbol), size.value, size.element);
    if (size.bound) out << " <= " << to_string(*size.bound);
    out << "\n";
  }
  for (const auto& [symbol, size] : plan.example()) {
    out << fmt::format("timed at {} = {}\n", quoted(symbol), size);
  }
  auto print_io = [&](const char* what, const Io& io) {
    out << fmt::format("{} {} {}{} v{}\n", what, quoted(io.name), name(io.dtype), list(io.shape),
                       io.value);
  };
  for (const Io& io : plan.inputs) print_io("input", io);
  for (const Io& io : plan.outputs) print_io("output", io);
}

void print_memory(std::ostringstream& out, const Plan& plan) {
  for (size_t i = 0; i < plan.constants.size(); ++i) {
    const Tensor& t = plan.constants[i].data;
    Bytes bytes(static_cast<const std::byte*>(t.data()), static_cast<size_t>(t.bytes()));
    out << fmt::format("constant {} {}{} {:016x} {}\n", i, name(t.dtype()), to_string(t.dims()),
                       hash64(bytes), quoted(plan.constants[i].name));
  }
  for (size_t i = 0; i < plan.storages.size(); ++i) {
    const Storage& s = plan.storages[i];
    out << fmt::format("storage s{} {} {} {}[{}] steps {}..{}{}\n", i,
                       places[static_cast<int>(s.place)], s.index, name(s.dtype),
                       to_string(s.elements), s.first_step, s.last_step,
                       s.block == Dim(0) ? "" : " at block " + to_string(s.block));
  }
  for (size_t i = 0; i < plan.values.size(); ++i) {
    const Value& v = plan.values[i];
    out << fmt::format("value v{} {}{} in s{}", i, name(v.dtype), list(v.shape), v.storage);
    if (!v.strides.empty()) out << " strides " << list(v.strides);
    if (!(v.offset == Dim(0))) out << " offset " << to_string(v.offset);
    out << " " << quoted(v.name) << "\n";
  }
}

void print_tactics(std::ostringstream& out, const std::vector<TacticNote>& tactics) {
  for (const TacticNote& t : tactics) {
    out << (t.reason.empty() ? fmt::format("  tactic {} {} ns\n", t.kernel, t.ns)
                             : fmt::format("  refused {}: {}\n", t.kernel, t.reason));
  }
}

void print_step(std::ostringstream& out, size_t number, const Step& s) {
  out << fmt::format("step {} {} {} {} {} ns\n", number, work(s), quoted(s.layer), quoted(s.op),
                     s.ns);
  print_tactics(out, s.tactics);
}

// `first`: its sizes and tactics stand with the plan and its steps.
void print_profile(std::ostringstream& out, const Profile& p, bool first) {
  out << "profile";
  for (const DimRange& r : p.ranges) out << fmt::format(" {}:{}:{}", r.min, r.opt, r.max);
  out << fmt::format(" arena {} lower bound {} slots at", p.arena_bytes, p.lower_bound_bytes);
  for (int64_t o : p.slot_offsets) out << " " << o;
  out << "\n";
  for (const auto& [symbol, size] : p.example) {
    if (!first) out << fmt::format(" timed at {} = {}\n", quoted(symbol), size);
  }
  for (const auto& [step, c] : p.choices) {
    out << fmt::format(" step {}: {} v{} ({}) {} ns\n", step, c.kernel->name, c.kernel->version,
                       operands(c.in), c.ns);
    print_tactics(out, c.tactics);
  }
}

}  // namespace

std::string problem_text(const Problem& p) {
  return p.node.empty() ? p.reason : graph::node_title(p.node, p.op) + ": " + p.reason;
}

std::string to_text(const Plan& plan) {
  std::ostringstream out;
  print_head(out, plan);
  print_memory(out, plan);
  for (const Check& c : plan.checks) {
    out << fmt::format("check {} {}\n", to_string(c.condition), quoted(c.text));
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) print_step(out, i, plan.steps[i]);
  const PackedBytes& packed = plan.packed;
  out << fmt::format("packed {} least {} fastest {} most {}\n", packed.chosen, packed.least,
                     packed.fastest, packed.most);
  out << fmt::format("slots {}\n", plan.slots);
  for (const Profile& p : plan.profiles) print_profile(out, p, &p == &plan.profiles.front());
  return out.str();
}

}  // namespace hone::plan
