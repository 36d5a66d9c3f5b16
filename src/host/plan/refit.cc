#include "host/plan/refit.h"

#include <fmt/format.h>

#include <sstream>

#include "host/graph/title.h"

namespace hone::plan {

using kernels::Kernel;
using kernels::Operand;

namespace {

Status differs(const std::string& where, const std::string& here, const std::string& earlier) {
  return invalid(fmt::format("{}: {}, in the engine to refit {}", where, here, earlier));
}

std::vector<std::string> texts_of(const std::vector<Io>& ios) {
  std::vector<std::string> out;
  for (const Io& io : ios) {
    std::vector<std::string> dims;
    for (const Dim& d : io.shape) dims.push_back(to_string(d));
    out.push_back(io_text(io.name, io.dtype, dims));
  }
  return out;
}

Status same_ios(const char* what, const std::vector<Io>& ios,
                const std::vector<std::string>& earlier) {
  const std::vector<std::string> here = texts_of(ios);
  for (size_t i = 0; i < std::max(here.size(), earlier.size()); ++i) {
    const std::string a = i < here.size() ? "'" + here[i] + "'" : "none";
    const std::string b = i < earlier.size() ? "'" + earlier[i] + "'" : "none";
    if (a != b) return differs(fmt::format("{} {}", what, i), a, b);
  }
  return {};
}

// "f32[1,8] f32[8,4] -> f32[1,4]"; packing leaves absent operands at the end away.
std::string shapes_text(const ConcreteStep& s) {
  std::string text;
  auto add = [&](const std::vector<Operand>& operands) {
    std::string gap;
    for (const Operand& o : operands) {
      if (!o.present()) {
        gap += "- ";
        continue;
      }
      text += fmt::format("{}{}[{}] ", gap, name(o.dtype),
                          fmt::join(o.shape.begin(), o.shape.end(), ","));
      gap.clear();
    }
  };
  add(s.in);
  text += "-> ";
  add(s.out);
  if (!s.dims.empty()) text += fmt::format("({})", fmt::join(s.dims, " "));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// Scales, zero points and the bounds of clipping come from weights and calibration.
bool comes_from_weights(const std::string& attribute) {
  return attribute[0] == '*' || attribute.find("zero") != std::string::npos ||
         attribute == "lowest" || attribute == "highest";
}

// The first word in which two steps of a family differ, "stride_h 1", or "".
std::string other_attribute(const char* family, const std::vector<int32_t>& a,
                            const std::vector<int32_t>& b) {
  if (a.size() != b.size()) return fmt::format("{} attributes", a.size());
  for (const kernels::Family& f : kernels::all_families()) {
    if (std::string_view(f.name) != family) continue;
    std::istringstream names(f.attrs);
    std::string word = "attribute";
    for (size_t i = 0; i < a.size(); ++i) {
      names >> word;
      if (a[i] != b[i] && !comes_from_weights(word)) return fmt::format("{} {}", word, a[i]);
    }
  }
  return "";
}

class Refit {
 public:
  Refit(Plan& plan, const EarlierTactics& earlier) : plan_(plan), earlier_(earlier) {}

  Status run() {
    HONE_RETURN_IF_ERROR(same_ios("input", plan_.inputs, earlier_.inputs));
    HONE_RETURN_IF_ERROR(same_ios("output", plan_.outputs, earlier_.outputs));
    if (plan_.profiles.size() != earlier_.profiles.size()) {
      return differs("profiles", fmt::format("{}", plan_.profiles.size()),
                     fmt::format("{}", earlier_.profiles.size()));
    }
    for (size_t p = 0; p < plan_.profiles.size(); ++p) HONE_RETURN_IF_ERROR(take(p));
    plan_.packed = earlier_.packed;
    return {};
  }

 private:
  Status take(size_t number) {
    Profile& profile = plan_.profiles[number];
    const std::vector<EarlierStep>& steps = earlier_.profiles[number];
    for (size_t i = 0; i < std::min(plan_.steps.size(), steps.size()); ++i) {
      Step& step = plan_.steps[i];
      const std::string where = graph::node_title(step.layer, step.op);
      HONE_RETURN_IF_ERROR(same_work(where, step, steps[i]));
      if (step.kind != Step::Kind::kernel) continue;
      HONE_RETURN_IF_ERROR(same_operands(where, step, profile, steps[i]));
      if (number > 0) {
        profile.choices[static_cast<int32_t>(i)] = {steps[i].kernel, step.in, steps[i].tactics,
                                                    steps[i].ns};
        continue;
      }
      step.kernel = steps[i].kernel;
      step.ns = steps[i].ns;
      step.tactics = steps[i].tactics;
    }
    if (plan_.steps.size() == steps.size()) return {};
    return differs("the plan", fmt::format("{} steps", plan_.steps.size()),
                   fmt::format("{}", steps.size()));
  }

  static Status same_work(const std::string& where, const Step& step, const EarlierStep& earlier) {
    if (step.kind != earlier.kind || step.op != earlier.op) {
      return differs(where, step.op, graph::node_title(earlier.layer, earlier.op));
    }
    if (step.kind != Step::Kind::kernel || step.family == earlier.kernel->family) return {};
    return differs(where, "family " + step.family, std::string("family ") + earlier.kernel->family);
  }

  Status same_operands(const std::string& where, const Step& step, const Profile& profile,
                       const EarlierStep& earlier) const {
    HONE_ASSIGN(const ConcreteStep raw, concrete(plan_, step, profile.example));
    const ConcreteStep packed = as_packed(*earlier.kernel, raw);
    if (shapes_text(packed) != shapes_text(earlier.packed)) {
      return differs(where, shapes_text(packed), shapes_text(earlier.packed));
    }
    const std::string here =
        other_attribute(earlier.kernel->family, packed.attrs, earlier.packed.attrs);
    if (!here.empty()) {
      return differs(where, here,
                     other_attribute(earlier.kernel->family, earlier.packed.attrs, packed.attrs));
    }
    alignas(16) std::byte params[kernels::max_params_bytes];
    kernels::Work work;
    const char* reason =
        earlier.kernel->bind(kernels::given_to(*earlier.kernel, packed.view()), params, &work);
    if (reason == nullptr) return {};
    return invalid(fmt::format("{}: {}, which the engine to refit runs, refuses it: {}", where,
                               earlier.kernel->name, reason));
  }

  Plan& plan_;
  const EarlierTactics& earlier_;
};

}  // namespace

std::string io_text(const std::string& name, DType dtype, const std::vector<std::string>& dims) {
  return fmt::format("{} {}[{}]", name, hone::name(dtype), fmt::join(dims, ","));
}

Status take_tactics(Plan& plan, const EarlierTactics& earlier) {
  return Refit(plan, earlier).run();
}

}  // namespace hone::plan
