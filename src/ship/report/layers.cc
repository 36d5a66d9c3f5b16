// Time by layer, coloured by how much of the machine's roofline the layer reaches: long bars of a
// low share are where time can still be won.

#include <fmt/format.h>

#include <algorithm>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr size_t most_layers = 1000, first_layers = 25;

struct Layer {
  std::string name, kernel, op, bound, runner_up;
  double us = 0;
  size_t index = 0;
  std::optional<double> share, runner_up_us, runner_up_ratio;
};

// "a/b/Conv + a/b/Relu (kernel)" of bench.steps.
void split_kernel(Layer* l) {
  const size_t open = l->name.rfind(" (");
  if (open == std::string::npos || !l->name.ends_with(")")) return;
  l->kernel = l->name.substr(open + 2, l->name.size() - open - 3);
  l->name.resize(open);
}

std::vector<Layer> profiled(const json& profile) {
  std::vector<Layer> out;
  for (const json* j : items(at(profile, {"layers"}), most_layers)) {
    const auto us = number(*j, {"us"});
    if (!us || *us < 0) continue;
    Layer l;
    l.us = *us;
    l.index = out.size();
    l.name = text(at(*j, {"layer"}), 600);
    l.op = text(at(*j, {"op"}), 80);
    if (l.name.empty()) l.name = l.op;
    l.kernel = text(at(*j, {"kernel"}), 120);
    l.bound = text(at(*j, {"roofline", "bound"}), 40);
    l.share = number(*j, {"roofline", "share"});
    if (const std::string level = text(at(*j, {"roofline", "level"}), 20); l.bound == "memory") {
      l.bound = level.empty() || level == "memory" ? "memory" : level;
    }
    l.runner_up_ratio = number(*j, {"runner_up", "ratio"});
    l.runner_up = text(at(*j, {"runner_up", "kernel"}), 120);
    l.runner_up_us = number(*j, {"runner_up", "us"});
    out.push_back(std::move(l));
  }
  return out;
}

std::vector<Layer> timed(const json& bench) {
  std::vector<Layer> out;
  for (const json* j : items(at(bench, {"steps"}), most_layers)) {
    const auto us = number(*j, {"us"});
    if (!us || *us < 0) continue;
    Layer l;
    l.us = *us;
    l.index = out.size();
    l.name = text(at(*j, {"layer"}), 600);
    split_kernel(&l);
    out.push_back(std::move(l));
  }
  return out;
}

Html name_of(const Layer& l) {
  Html out = layer_name(l.name);
  if (!l.kernel.empty()) out += element("code", {}, l.kernel);
  return out;
}

const char* shade(const std::optional<double>& share) {
  if (!share) return "roof none";
  return *share < 0.1    ? "roof r1"
         : *share < 0.25 ? "roof r2"
         : *share < 0.5  ? "roof r3"
         : *share < 0.75 ? "roof r4"
                         : "roof r5";
}

Html legend() {
  constexpr const char* names[][2] = {{"r1", "under 10 %"},
                                      {"r2", "10 to 25 %"},
                                      {"r3", "25 to 50 %"},
                                      {"r4", "50 to 75 %"},
                                      {"r5", "over 75 % of the roofline"}};
  Html list;
  for (const auto& n : names) {
    list += element("li", {},
                    element("span", {{"class", std::string("key roof ") + n[0]}}) + escaped(n[1]));
  }
  return element("ul", {{"class", "legend"}}, list);
}

// The two were timed together when the engine was built, not in this profile: their ratio counts.
std::string runner_up_text(const Layer& l) {
  if (l.runner_up_ratio) return fmt::format("{:.2f} ×", *l.runner_up_ratio);
  return l.runner_up_us ? figure(*l.runner_up_us) + " µs" : "–";
}

Table layer_table(const std::vector<Layer>& layers, size_t from, size_t to, double all,
                  bool roofline) {
  double top = 1e-9;
  for (const Layer& l : layers) top = std::max(top, l.us);
  bool runner_up = false;
  for (const Layer& l : layers) runner_up |= !l.runner_up.empty();
  Table t;
  t.css = "layers stack";
  t.sortable = true;
  t.head = {"Layer", "Step", "Time", "µs", "% of all"};
  t.numeric = {false, true, false, true, true};
  if (roofline) t.head.insert(t.head.end(), {"% of roofline", "Bound by"});
  if (runner_up) t.head.emplace_back("Runner-up");
  t.numeric.resize(t.head.size(), true);
  if (roofline) t.numeric[6] = false;
  for (size_t i = from; i < to; ++i) {
    const Layer& l = layers[i];
    const std::string summary = fmt::format("{} µs", figure(l.us));
    std::vector<Table::Cell> row = {cell(name_of(l)), cell(std::to_string(l.index + 1)),
                                    cell(cell_bar(l.us / top, shade(l.share), summary), "barcell"),
                                    cell(figure(l.us)),
                                    cell(fmt::format("{:.1f}", l.us / all * 100))};
    row[2].sort_by = row[3].sort_by = row[4].sort_by = fmt::format("{:.4f}", l.us);
    if (roofline) {
      row.push_back(cell(l.share ? fmt::format("{:.0f}", *l.share * 100) : "–"));
      row.push_back(cell(l.bound));
    }
    if (runner_up) {
      row.push_back(cell(escaped(runner_up_text(l)) + element("code", {}, l.runner_up)));
      row.back().sort_by = fmt::format("{:.4f}", l.runner_up_ratio.value_or(0));
    }
    t.rows.push_back(std::move(row));
  }
  return t;
}

std::string machine_line(const json& profile) {
  const auto fma = number(profile, {"machine", "fma_gflops"}),
             bandwidth = number(profile, {"machine", "bandwidth_gbps"});
  if (!fma || !bandwidth) return "";
  std::string s =
      fmt::format("Roofline measured here: {} GFLOP/s, {} GB/s", figure(*fma), figure(*bandwidth));
  const std::string how = text(profile, {"machine", "how"});
  return s + (how.empty() ? "." : " (" + how + ").");
}

}  // namespace

Html layers_section(const Place& place, const json& report) {
  const json& profile = at(report, {"stages", "profile"});
  std::vector<Layer> layers = profiled(profile);
  bool roofline = false;
  for (const Layer& l : layers) roofline |= l.share.has_value();
  const bool from_bench = layers.empty();
  if (from_bench) layers = timed(at(report, {"stages", "bench"}));
  double all = 0;
  for (const Layer& l : layers) all += l.us;
  if (all <= 0) return {};
  std::stable_sort(layers.begin(), layers.end(),
                   [](const Layer& a, const Layer& b) { return a.us > b.us; });
  Html body = paragraph("lead", fmt::format("{} layers, {} µs in all, the slowest first.{}",
                                            layers.size(), figure(all, 4),
                                            from_bench ? " Of the bench's last run; no profile, so "
                                                         "no roofline."
                                                       : ""));
  if (roofline) body += legend();
  const size_t first = layers.size() > first_layers + 15 ? first_layers : layers.size();
  body += html_of(layer_table(layers, 0, first, all, roofline));
  if (first < layers.size()) {
    body += element("details", {},
                    element("summary", {}, fmt::format("{} more layers", layers.size() - first)) +
                        html_of(layer_table(layers, first, layers.size(), all, roofline)));
  }
  const std::string machine = machine_line(profile);
  if (!machine.empty()) body += paragraph("note", machine);
  return section(place, "layers", "Time by layer", body);
}

}  // namespace hone::ship::report
