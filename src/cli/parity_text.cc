#include "cli/parity_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hone::cli {

namespace {

using ship::Metrics;
using ship::OutputSummary;

std::string line_of(const OutputSummary& o, int64_t samples, const Printer& p) {
  const Metrics& m = o.metrics;
  std::string word = fmt::format("{:<7}", o.agree ? "agrees" : "DIFFERS");
  std::string text =
      (o.agree ? p.green(word) : p.red(word)) + fmt::format(" {}: {}", o.name, o.worst.text);
  if (!o.worst.same_type) return text;
  if (m.top1()) {
    text += std::isfinite(m.snr_db()) ? fmt::format(", SNR {:.0f} dB", m.snr_db()) : ", identical";
    text += fmt::format(", top-1 {:.4g} %", 100 * *m.top1());
  }
  if (samples > 1) text += fmt::format(" (sample {} of {})", o.sample, samples);
  return text;
}

// Where values are not finite on one side only.
std::string not_finite(const OutputSummary& o) {
  const std::string &b = o.metrics.not_finite_a(), &a = o.metrics.not_finite_b();
  if (a.empty() && b.empty()) return "";
  return fmt::format("{}: not finite: {} on the second side, {} on the first", o.name,
                     b.empty() ? "none" : b, a.empty() ? "none" : a);
}

// All outputs together: shares of their values by how far they are apart.
std::vector<std::string> histogram(const ship::ParityReport& report) {
  std::array<int64_t, Metrics::bins> sum{};
  int64_t all = 0;
  for (const OutputSummary& o : report.outputs) {
    if (!o.metrics.top1()) continue;  // integers
    for (size_t k = 0; k < sum.size(); ++k) {
      sum[k] += o.metrics.histogram()[k], all += o.metrics.histogram()[k];
    }
  }
  if (all == 0 || sum[0] == all) return {};
  size_t first = 0, last = sum.size() - 1;
  while (sum[first] == 0) ++first;
  while (sum[last] == 0) --last;
  std::vector<std::string> lines = {"values by |a - b| / largest value of their channel:"};
  constexpr double width = 40;
  const auto most = static_cast<double>(*std::max_element(sum.begin(), sum.end()));
  for (size_t k = first; k <= last; ++k) {
    const auto n = static_cast<double>(sum[k]);
    const auto bar = static_cast<size_t>(std::ceil(n / most * width));
    lines.push_back(fmt::format("  {:>7} {:<40} {:.3g} %", Metrics::bin_name(k),
                                std::string(bar, '#'), 100 * n / static_cast<double>(all)));
  }
  return lines;
}

}  // namespace

void print_parity(const ship::ParityReport& report, Printer* p) {
  for (const OutputSummary& o : report.outputs) p->out(line_of(o, report.samples, *p));
  for (const OutputSummary& o : report.outputs) {
    if (const std::string text = not_finite(o); !text.empty()) p->out(text);
  }
  for (const std::string& line : histogram(report)) p->out(line);
}

}  // namespace hone::cli
