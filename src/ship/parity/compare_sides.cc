#include "ship/parity/compare_sides.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hone::ship {

namespace {

using Places = std::vector<size_t>;

// Where each of `names` stands in `theirs`: by name, else by place.
Result<Places> places_of(const std::vector<std::string>& names,
                         const std::vector<std::string>& theirs, const char* what) {
  Places by_name;
  for (const std::string& n : names) {
    const auto at = std::find(theirs.begin(), theirs.end(), n);
    if (at == theirs.end()) break;
    by_name.push_back(static_cast<size_t>(at - theirs.begin()));
  }
  if (by_name.size() == names.size()) return by_name;
  if (names.size() != theirs.size()) {
    return error(Code::shape_mismatch,
                 fmt::format("{}s of the two sides cannot be paired: '{}' and '{}'", what,
                             fmt::join(theirs, "', '"), fmt::join(names, "', '")));
  }
  Places in_order;
  for (size_t i = 0; i < names.size(); ++i) in_order.push_back(i);
  return in_order;
}

std::vector<std::string> names_of(const std::vector<IoInfo>& io) {
  std::vector<std::string> names;
  for (const IoInfo& i : io) names.push_back(i.name);
  return names;
}

class Pair {
 public:
  Pair(Side& a, Side& b) : a_(a), b_(b) {}

  Status join() {
    HONE_ASSIGN(outputs_, places_of(a_.outputs(), b_.outputs(), "output"));
    const bool fixed = a_.saved() > 0 || b_.saved() > 0;
    if (fixed) return {};
    HONE_ASSIGN(inputs_, places_of(names_of(b_.inputs()), names_of(a_.inputs()), "input"));
    return {};
  }

  Result<std::vector<Tensor>> run_a(int64_t k, const std::vector<Tensor>& inputs) {
    HONE_ASSIGN(std::vector<Tensor> made, a_.run(k, inputs));
    types_.clear();
    for (const Tensor& t : made) types_.push_back(t.dtype());
    return made;
  }

  // In A's order, and in the types of what A gave last.
  Result<std::vector<Tensor>> run_b(int64_t k, const std::vector<Tensor>& inputs) {
    std::vector<Tensor> given;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      given.push_back(in_type(inputs.at(inputs_[i]), b_.inputs()[i].dtype));
    }
    HONE_ASSIGN(std::vector<Tensor> got, b_.run(k, inputs_.empty() ? inputs : given));
    std::vector<Tensor> ordered;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Tensor& t = got.at(outputs_[i]);
      ordered.push_back(i < types_.size() ? in_type(t, types_[i]) : t);
    }
    return ordered;
  }

 private:
  Side& a_;
  Side& b_;
  Places outputs_, inputs_;
  std::vector<DType> types_;
};

// The largest distance of any output from its other; 1 where one is of another type or size.
double distance(const std::vector<Tensor>& one, const std::vector<Tensor>& other) {
  double worst = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    const Comparison c = compare(one[i], other[i], 0);
    worst = std::max(worst, c.same_type && c.not_finite == 0 ? c.worst : 1);
  }
  return worst;
}

bool is_constant(const Tensor& t) {
  if (t.dtype() == DType::string || !t.is_plain()) return false;
  for (int64_t i = 1, n = t.count(); i < n; ++i) {
    if (t.at(i) != t.at(0)) return false;
  }
  return true;
}

// Zeros, say: whoever exchanges channels or shifts a window gives the same.
bool all_constant(const std::vector<Tensor>& inputs) {
  const bool any = std::any_of(inputs.begin(), inputs.end(),
                               [](auto& t) { return t.is_plain() && t.count() > 1; });
  return any && std::all_of(inputs.begin(), inputs.end(), is_constant);
}

void find_blind(double apart, double tolerance, ParityReport* report) {
  report->sees = apart > tolerance;
  if (report->sees) return;
  report->blind = fmt::format(
      "outputs of two different inputs are only {:.1e} apart (limit {:.0e})", apart, tolerance);
}

// Whether the outputs say anything of the inputs: B's on two inputs, and A's where B's are the
// same. Inputs that do not run (an index out of range, say) tell nothing.
Status look_for_differences(Pair& pair, Side& a, Side& b, const std::vector<Tensor>& first_got,
                            const std::vector<Tensor>& first_want, const ParitySamples& samples,
                            double tolerance, ParityReport* report) {
  if (!samples.other || first_got.empty()) return {};
  auto inputs = samples.other();
  if (!inputs.ok()) return {};
  if (b.saved() == 0) {
    auto other = pair.run_b(0, *inputs);
    if (!other.ok()) return {};
    const double apart = distance(*other, first_got);
    if (apart > tolerance || a.saved() > 0) {
      find_blind(apart, tolerance, report);
      return {};
    }
  }
  auto other = pair.run_a(0, *inputs);
  if (!other.ok()) return {};
  find_blind(distance(*other, first_want), tolerance, report);
  // A sees the difference that B does not: B is wrong, whatever it says of the first.
  report->agree = report->agree && (!report->sees || b.saved() > 0);
  if (!report->agree)
    report->where = "two different inputs give the same outputs on the second side";
  return {};
}

}  // namespace

Result<ParityReport> compare_sides(Side& a, Side& b, const ParitySamples& samples, double tolerance,
                                   const ParityJudge& judge,
                                   const std::function<void(int64_t, int64_t)>& progress) {
  Pair pair(a, b);
  HONE_RETURN_IF_ERROR(pair.join());
  ParityReport report;
  for (const std::string& name : a.outputs()) report.outputs.push_back({name, true, {}, 0, {}});
  std::vector<Tensor> first_want, first_got;
  bool differ = false, varied = false;
  double apart = 0;
  for (int64_t k = 0; k < samples.count; ++k) {
    if (progress) progress(k, samples.count);
    HONE_ASSIGN(const std::vector<Tensor> inputs, samples.get(k));
    varied = varied || !all_constant(inputs);
    HONE_ASSIGN(std::vector<Tensor> want, pair.run_a(k, inputs));
    HONE_ASSIGN(std::vector<Tensor> got, pair.run_b(k, inputs));
    HONE_ASSIGN(const OutputParity found, judge(inputs, want, got));
    for (size_t i = 0; i < report.outputs.size(); ++i) {
      OutputSummary& o = report.outputs[i];
      const Comparison& c = found.outputs.at(i);
      o.metrics.add(got[i], want[i]);
      const bool worse =
          k == 0 || (o.agree && !c.agree) || (o.agree == c.agree && c.worst > o.worst.worst);
      if (worse) o.worst = c, o.sample = k;
      o.agree = o.agree && c.agree;
    }
    if (!found.agree && report.agree) report.agree = false, report.where = found.where;
    report.worst = std::max(report.worst, found.worst);
    ++report.samples;
    if (!report.agree && samples.to_first_difference) break;
    if (k == 0) {
      first_want = std::move(want), first_got = std::move(got);
    } else if (!differ) {
      apart = std::max(apart, distance(got, first_got));
      differ = apart > tolerance;
    }
  }
  if (!report.agree) return report;
  if (!varied) {
    report.sees = false;
    report.blind = "every input has one value throughout";
    return report;
  }
  if (differ) return report;
  HONE_RETURN_IF_ERROR(
      look_for_differences(pair, a, b, first_got, first_want, samples, tolerance, &report));
  return report;
}

}  // namespace hone::ship
