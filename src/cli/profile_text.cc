#include "cli/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace hone::cli {

using ship::ProfiledLayer;

namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }  // of UTF-8

// Three figures where there is room: "0.123", "12.3", "1234".
std::string figure(double v) {
  const int digits = v < 1 ? 3 : v < 10 ? 2 : v < 100 ? 1 : 0;
  return fmt::format("{:.{}f}", v, digits);
}

std::string rate(const std::optional<double>& amount, double us) {
  return amount && *amount > 0 ? figure(*amount / us * 1e-3) : "-";
}

std::string roof(const std::optional<ship::Roofline>& r) {
  return r ? fmt::format("{} {:.0f} %", r->compute ? "C" : "M", 100 * r->share) : "-";
}

std::string next(const ship::Layer& l) {
  return l.runner_up && l.runner_up->ratio > 0 ? fmt::format("x{:.2f}", l.runner_up->ratio) : "-";
}

constexpr size_t layer_width = 24, kernel_width = 27;

std::string row(const std::string& step, const std::string& layer, const std::string& kernel,
                const std::string& us, const std::string& share, const std::string& gflops,
                const std::string& gbps, const std::string& roof, const std::string& next) {
  return fmt::format("{:>4} {:<{}} {:<{}} {:>8} {:>5} {:>6} {:>5} {:>7} {:>5}", step,
                     shortened(layer, layer_width), layer_width, shortened(kernel, kernel_width),
                     kernel_width, us, share, gflops, gbps, roof, next);
}

void print_details(const ProfiledLayer& l, Printer& p) {
  const ship::Layer& layer = l.layer;
  const auto line = [&](const std::string& text) { p.out("       " + shortened(text, 93)); };
  line(fmt::format("{} in {}: {}", layer.op, layer.dtype, layer.layer));
  line(fmt::format("{} us, half of the runs {} to {}; {} operations, {} bytes", figure(l.us.median),
                   figure(l.us.low), figure(l.us.high),
                   layer.work.flops ? fmt::format("{:.0f}", *layer.work.flops) : "unknown",
                   layer.work.bytes() ? fmt::format("{:.0f}", *layer.work.bytes()) : "unknown"));
  if (l.roofline) {
    line(fmt::format("the machine could take {} us, bound by {}", figure(l.roofline->least_us),
                     l.roofline->compute ? "operations" : l.roofline->level));
  }
  if (layer.runner_up) {
    line(fmt::format("next: {}, {} us at build, where the chosen took {}", layer.runner_up->kernel,
                     figure(layer.runner_up->us), figure(layer.built_us.value_or(0))));
  }
  std::map<std::string, std::vector<std::string>> refused;  // kernels by reason
  for (const ship::Refusal& r : layer.refused) refused[r.reason].push_back(r.kernel);
  for (const auto& [reason, kernels] : refused) {
    line(fmt::format("not, {}: {}", reason, fmt::join(kernels, ", ")));
  }
}

void print_head(const ship::Profile& q, Printer& p) {
  p.out(
      fmt::format("{}: {} us a run, median of {} on {} thread{}; the layers sum to {:.1f} % of it",
                  shortened(q.engine, 36), figure(q.total_us), q.runs, q.threads,
                  q.threads == 1 ? "" : "s", 100 * q.layers_us / q.total_us));
  std::string levels;
  for (const ship::MemoryLevel& l : q.machine.levels) {
    levels += fmt::format("{}{} {}", levels.empty() ? "" : ", ", l.name, figure(l.gbps));
  }
  p.out(fmt::format("machine: {} {} GFLOP/s, bytes {} Gop/s; GB/s {}", q.machine.isa,
                    figure(q.machine.fma_gflops), figure(q.machine.int8_gops), levels));
}

std::string change(double v) { return (v < 0 ? "-" : "+") + figure(std::abs(v)); }

std::string percent(double ratio) { return fmt::format("{:+.1f} %", 100 * (ratio - 1)); }

void print_group(const ship::GroupDiff& g, Printer& p) {
  const auto side = [](const std::vector<ship::Layer>& layers, double us) {
    return layers.empty() ? std::string("-") : figure(us);
  };
  p.out(fmt::format("{:>9} {:>9} {:>9}  {:<10} {}", change(g.change_us.value),
                    side(g.group.a, g.a_us), side(g.group.b, g.b_us), g.verdict,
                    shortened(fmt::format("{}", fmt::join(g.group.nodes, " + ")), 57)));
  for (const std::string& why : g.reasons) {
    if (g.verdict != "same" || g.reasons[0] != "same kernels") {
      p.out(fmt::format("{:>29}{}", "", shortened(why, 71)));
    }
  }
}

}  // namespace

std::string shortened(const std::string& text, size_t width) {
  const auto columns = static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
  if (columns <= width) {
    // fmt pads by columns; nothing is to be cut.
    return text;
  }
  const size_t kept = width > 3 ? width - 3 : 0, front = (kept + 1) / 2, back = kept - front;
  size_t first = 0, last = text.size();
  for (size_t n = 0; n < front; ++n) {
    do ++first;
    while (first < text.size() && continues(text[first]));
  }
  for (size_t n = 0; n < back; ++n) {
    do --last;
    while (last > 0 && continues(text[last]));
  }
  return text.substr(0, first) + std::string("...").substr(0, width) + text.substr(last);
}

void print_profile(const ship::Profile& q, int top, bool details, Printer& p) {
  print_head(q, p);
  std::vector<const ProfiledLayer*> layers;
  for (const ProfiledLayer& l : q.layers) layers.push_back(&l);
  const auto shown = top == 0 ? layers.size() : std::min(layers.size(), static_cast<size_t>(top));
  if (top != 0) {
    std::stable_sort(layers.begin(), layers.end(),
                     [](const auto* a, const auto* b) { return a->us.median > b->us.median; });
  }
  p.out(p.bold(row("step", "layer", "kernel", "us", "%", "GFLOP/s", "GB/s", "roof", "next")));
  for (size_t i = 0; i < shown; ++i) {
    const ProfiledLayer& l = *layers[i];
    p.out(row(std::to_string(l.layer.step), l.layer.layer, l.layer.kernel, figure(l.us.median),
              fmt::format("{:.1f}", 100 * l.share), rate(l.layer.work.flops, l.us.median),
              rate(l.layer.work.bytes(), l.us.median), roof(l.roofline), next(l.layer)));
    if (details) print_details(l, p);
  }
  if (shown < layers.size()) {
    double rest = 0;
    for (size_t i = shown; i < layers.size(); ++i) rest += layers[i]->share;
    p.out(fmt::format("{:>4} more layers, {:.1f} % of the time; --top 0 lists all in order",
                      layers.size() - shown, 100 * rest));
  }
  if (q.not_run > 0) p.out(fmt::format("{:>4} layers were not run", q.not_run));
  p.out(
      "roof: share of what the machine can do, bound by C operations or M bytes. next: the second "
      "tactic");
  p.out("at build, in times of the chosen one. docs/profile.md says how they are measured.");
}

void print_diff(const ship::EngineDiff& d, int top, Printer& p) {
  p.out(fmt::format("A {:<60} {:>9} us a run", shortened(d.a, 60), figure(d.a_us)));
  p.out(fmt::format("B {:<60} {:>9} us a run", shortened(d.b, 60), figure(d.b_us)));
  p.out(fmt::format("B to A: {}, 95 % interval {} to {}, of {} rounds in turn",
                    percent(d.ratio.value), percent(d.ratio.low), percent(d.ratio.high), d.rounds));
  p.out(p.bold(
      fmt::format("{:>9} {:>9} {:>9}  {:<10} {}", "change us", "A us", "B us", "", "layers")));
  size_t shown = 0, same = 0, hidden = 0;
  for (const ship::GroupDiff& g : d.groups) {
    const bool equal = g.verdict == "same";
    same += equal ? 1 : 0;
    if (top != 0 && (equal || shown >= static_cast<size_t>(top))) {
      hidden += equal ? 0 : 1;
      continue;
    }
    print_group(g, p);
    ++shown;
  }
  if (hidden > 0) p.out(fmt::format("{:>9} more changed; --top 0 lists all", hidden));
  p.out(
      fmt::format("{} of {} groups of layers are the same: within {:.0f} % ({:.0f} % with equal "
                  "kernels) or the noise",
                  same, d.groups.size(), 100 * ship::same_margin, 100 * ship::unchanged_margin));
}

}  // namespace hone::cli
