// The plan as text: stable, complete, one line per thing.

#include <fmt/format.h>

#include <bit>
#include <sstream>

#include "common/base/hash.h"
#include "host/plan/plan.h"

namespace hone::plan {

namespace {

constexpr const char* places[] = {"arena", "weights", "input", "output", "unplaced"};

std::string list(const std::vector<Dim>& dims) {
  std::string s;
  for (const Dim& d : dims) s += (s.empty() ? "" : ",") + to_string(d);
  return "[" + s + "]";
}

// "groups=1 act=relu(2)": the words under their names in the family's attribute list.
std::string attributes(const Step& step) {
  std::string names;
  for (const kernels::Family& f : kernels::all_families()) {
    if (step.family == f.name) names = f.attrs;
  }
  std::istringstream in(names);
  std::string name, text;
  for (int32_t word : step.attrs) {
    if (!(in >> name)) name = "?";
    bool real = name[0] == '*';
    text += real ? fmt::format(" {}={}", name.substr(1), std::bit_cast<float>(word))
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

void print_step(std::ostringstream& out, size_t number, const Step& s) {
  if (s.kind == Step::Kind::branch) {
    out << fmt::format("step {} branch on {}: {} steps, else {} \"{}\"\n", number, operands(s.in),
                       s.then_steps, s.else_steps, s.layer);
    return;
  }
  if (s.kind == Step::Kind::trap) {
    out << fmt::format("step {} trap \"{}\"\n", number, s.text);
    return;
  }
  out << fmt::format("step {} {} = {}({}){}", number, operands(s.out),
                     s.kernel != nullptr ? s.kernel->name : s.family, operands(s.in),
                     attributes(s));
  if (!s.dims.empty()) out << " dims=" << list(s.dims);
  out << fmt::format(" \"{}\"\n", s.layer);
  for (const TacticNote& t : s.tactics) {
    out << (t.reason.empty() ? fmt::format("  tactic {} {} ns\n", t.kernel, t.ns)
                             : fmt::format("  refused {}: {}\n", t.kernel, t.reason));
  }
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::ostringstream out;
  out << fmt::format("plan \"{}\" model {:016x} precision {} threads {} target \"{}\" isa {:x}\n",
                     plan.model_name, plan.model_hash, plan.precision, plan.threads,
                     plan.target.cpu, plan.target.isa);
  for (const auto& [symbol, where] : plan.symbols) {
    out << fmt::format("symbol {} = input {} axis {}, timed at {}\n", symbol, where.first,
                       where.second, plan.example.at(symbol));
  }
  for (const Io& io : plan.inputs) {
    out << fmt::format("input \"{}\" {}{} v{}\n", io.name, name(io.dtype), list(io.shape),
                       io.value);
  }
  for (const Io& io : plan.outputs) {
    out << fmt::format("output \"{}\" {}{} v{}\n", io.name, name(io.dtype), list(io.shape),
                       io.value);
  }
  for (size_t i = 0; i < plan.constants.size(); ++i) {
    const Tensor& t = plan.constants[i].data;
    Bytes bytes(static_cast<const std::byte*>(t.data()), static_cast<size_t>(t.bytes()));
    out << fmt::format("constant {} {}{} {:016x} \"{}\"\n", i, name(t.dtype()), to_string(t.dims()),
                       hash64(bytes), plan.constants[i].name);
  }
  for (size_t i = 0; i < plan.values.size(); ++i) {
    const Value& v = plan.values[i];
    const Storage& s = plan.storages[static_cast<size_t>(v.storage)];
    out << fmt::format("value v{} {}{} in {} {}", i, name(v.dtype), list(v.shape),
                       places[static_cast<int>(s.place)], s.index);
    if (!v.strides.empty()) out << " strides " << list(v.strides);
    if (!(v.offset == Dim(0))) out << " offset " << to_string(v.offset);
    out << fmt::format(" \"{}\"\n", v.name);
  }
  for (const Check& c : plan.checks) {
    out << fmt::format("check {} \"{}\"\n", to_string(c.condition), c.text);
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) print_step(out, i, plan.steps[i]);
  for (const Profile& p : plan.profiles) {
    out << "profile";
    for (const DimRange& r : p.ranges) out << fmt::format(" {}:{}:{}", r.min, r.opt, r.max);
    out << fmt::format(" arena {} lower bound {} slots {}", p.arena_bytes, p.lower_bound_bytes,
                       plan.slots);
    for (int64_t o : p.slot_offsets) out << " " << o;
    out << "\n";
  }
  return out.str();
}

}  // namespace hone::plan
