#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/inspect/numbers.h"
#include "ship/drawing/details.h"
#include "ship/drawing/drawing.h"
#include "ship/drawing/scene.h"
#include "ship/drawing/sheet.h"
#include "ship/drawing/style.h"
#include "ship/drawing/texts.h"
#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/page.h"
#include "ship/report/style.h"

namespace hone::ship::drawing {

using graph::Graph;
using graph::NodeId;
using nlohmann::json;
using report::at;
using report::Attributes;
using report::element;
using report::Html;
using report::items;

namespace {

// Why nodes are marked, by node.
using Notes = std::map<NodeId, std::vector<std::string>>;

std::map<std::string, NodeId> nodes_by_name(const Graph& g) {
  std::map<std::string, NodeId> all;
  for (const NodeId n : g.all_nodes()) {
    if (!g.node(n).name.empty()) all.emplace(g.node(n).name, n);
  }
  return all;
}

// A finding's names are nodes or initializers; of these the first reader.
NodeId node_of(const Graph& g, const std::map<std::string, NodeId>& by_name,
               const std::string& name) {
  if (const auto n = by_name.find(name); n != by_name.end()) return n->second;
  const graph::ValueId v = g.find_value(name);
  if (v == graph::none) return graph::none;
  const std::vector<NodeId> users = g.users(v);
  return users.empty() ? g.value(v).producer : users[0];
}

Html button(const std::string& text, Attributes more) {
  more.insert(more.begin(), {"type", "button"});
  return element("button", more, text);
}

Html pair(const char* name, const std::string& text) {
  return text.empty() ? Html() : element("dt", {}, name) + element("dd", {}, text);
}

std::string scaled(double v) {
  for (const auto& [size, unit] : {std::pair(1e12, " T"), {1e9, " G"}, {1e6, " M"}, {1e3, " k"}}) {
    if (v >= size) return report::figure(v / size) + unit;
  }
  return report::count(v) + " ";
}

// "11.7 M", "18".
std::string short_count(double v) { return v >= 1e3 ? scaled(v) : report::count(v); }

double number(const json& j, const char* key) { return report::number(j, {key}).value_or(0); }

Html facts(const Graph& g, const json& d) {
  std::string opsets;
  for (const auto& [domain, version] : g.opsets) {
    opsets += (opsets.empty() ? "" : ", ") + (domain.empty() ? "" : shortened(domain, 40) + " ") +
              std::to_string(version);
  }
  std::string dynamic;
  for (const json* s : items(at(d, {"dynamic"}))) {
    dynamic += (dynamic.empty() ? "" : ", ") + shortened(report::text(*s), 40);
  }
  const std::string sizes = dynamic.empty() ? "" : " (dynamic sizes 1, then 64)";
  const bool least = at(d, {"peak_is_least"}) == true;
  std::string producer = shortened(report::text(d, {"producer"}), 60);
  producer += " " + shortened(report::text(d, {"producer_version"}), 40);
  return element("dl", {},
                 pair("producer", producer == " " ? "" : producer) +
                     pair("IR", report::anything(at(d, {"ir_version"}))) + pair("opset", opsets) +
                     pair("nodes", report::count(g.live_nodes())) +
                     pair("parameters", report::count(number(d, "parameters"))) +
                     pair("weights", report::bytes(number(d, "weight_bytes"))) +
                     pair("file", report::bytes(number(d, "bytes"))) +
                     pair("work", scaled(number(d, "macs")) + "MAC, " + scaled(number(d, "flops")) +
                                      "FLOP" + sizes) +
                     pair("activations", (least ? "at least " : "") +
                                             report::bytes(number(d, "activation_peak_bytes")) +
                                             " at their peak") +
                     pair("dynamic", dynamic));
}

Html ends(const Graph& g, const std::vector<graph::ValueId>& values, bool outputs) {
  Html list;
  for (size_t i = 0; i < values.size(); ++i) {
    const graph::ValueId v = values[i];
    const std::string& name = outputs ? g.output_names.at(i) : g.value(v).name;
    const std::string id = outputs ? fmt::format("o0-{}", i) : fmt::format("i0-{}", v);
    list += element("li", {},
                    button(shortened(name, 80), {{"class", "link"}, {"data-go", id}}) +
                        element("code", {}, shortened(to_string(g.fact(v)), 120)));
  }
  return element("h3", {}, outputs ? "Outputs" : "Inputs") + element("ul", {{"class", "io"}}, list);
}

Html operators(const Graph& g) {
  std::map<std::string, std::pair<int, const char*>> counts;
  for (const NodeId n : g.all_nodes()) {
    auto& [count, css] = counts[g.node(n).op];
    ++count;
    css = family(g.node(n));
  }
  std::vector<std::tuple<int, std::string, const char*>> order;
  for (const auto& [op, c] : counts) order.emplace_back(-c.first, op, c.second);
  std::sort(order.begin(), order.end());
  Html list;
  for (const auto& [count, op, css] : order) {
    list +=
        element("button", {{"type", "button"}, {"class", css}, {"data-find", shortened(op, 80)}},
                report::escaped(shortened(op, 40)) + element("span", {}, std::to_string(-count)));
  }
  return element("h3", {}, "Operators") + element("div", {{"class", "ops"}}, list);
}

// What was found and what has no kernel; each with ways to its nodes.
Html findings(const Graph& g, const json& d, Notes* notes) {
  const auto by_name = nodes_by_name(g);
  Html out;
  const auto add = [&](const std::string& text, const std::string& fix, const json& names) {
    Html slip = element("p", {}, shortened(text, 600));
    if (!fix.empty()) slip += element("p", {{"class", "note"}}, shortened(fix, 600));
    Html ways;
    for (const json* name : items(names, 8)) {
      const std::string called = report::text(*name, 70000);
      const NodeId n = node_of(g, by_name, called);
      if (n == graph::none) continue;
      (*notes)[n].push_back(shortened(text, 600));
      ways += button("show " + shortened(called, 40),
                     {{"class", "link"}, {"data-go", fmt::format("n{}", n)}}) +
              report::literal(" ");
    }
    if (!ways.empty()) slip += element("p", {}, ways);
    out += element("div", {{"class", "slip"}}, slip);
  };
  for (const json* f : items(at(d, {"findings"}))) {
    add(report::text(*f, {"text"}), report::text(*f, {"fix"}), at(*f, {"nodes"}));
  }
  const json& missing = at(d, {"without_kernel"});
  for (const auto& [op, names] : missing.items()) {
    const json& why = at(d, {"without_kernel_reason"});
    add("No kernel for " + op + ": " + report::text(why.value(op, json())),
        "The reference executor may run it.", names);
  }
  return out.empty() ? out : element("h3", {}, "Findings") + out;
}

// What each kind of machine runs; those that say the same stand together.
Html targets(const json& d) {
  std::vector<std::pair<std::string, Html>> rows;  // names, the rest
  for (const json* t : items(at(d, {"targets"}))) {
    std::string name = shortened(report::text(*t, {"name"}), 60);
    Html rest;
    if (at(*t, {"runs"}) == true) {
      double portable = 0;
      for (const auto& [op, n] : at(*t, {"portable"}).items()) portable += n.get<double>();
      const double steps = number(*t, "steps");
      rest = element("td", {}, report::count(steps - portable) + " of " + report::count(steps)) +
             element("td", {}, report::text(*t, {"bf16"})) +
             element("td", {}, report::text(*t, {"int8"}));
    } else {
      std::string why;
      for (const json* p : items(at(*t, {"problems"}), 1)) why = report::text(*p, {"reason"});
      rest = element("td", {{"colspan", "3"}}, "does not run: " + shortened(why, 200));
    }
    const std::string arch = name.substr(0, name.find(' ') + 1);
    const bool same = !rows.empty() && !arch.empty() && rows.back().first.starts_with(arch) &&
                      rows.back().second.str() == rest.str();
    if (same) {
      rows.back().first += ", " + name.substr(arch.size());
    } else {
      rows.emplace_back(std::move(name), std::move(rest));
    }
  }
  if (rows.empty()) return {};
  Html body = element("tr", {},
                      element("th", {}, "target") + element("th", {}, "own kernels") +
                          element("th", {}, "bf16 by") + element("th", {}, "int8 by"));
  for (const auto& [name, rest] : rows) body += element("tr", {}, element("td", {}, name) + rest);
  return element("h3", {}, "Targets") + element("table", {{"class", "targets"}}, body);
}

Html keys() {
  const auto key = [](const char* k) { return element("kbd", {}, k); };
  const auto say = [](const char* t) { return report::escaped(t); };
  return element("p", {{"class", "keys"}},
                 say("Wheel and ") + key("+") + say(" ") + key("-") + say(" zoom, drag moves, ") +
                     key("0") + say(" shows all, ") + key("/") +
                     say(" searches; arrows move from a chosen node along its lines, ") +
                     key("Esc") + say(" leaves it. Orange bars: a node's share of the work."));
}

Html bar(const std::string& file, const std::string& subtitle) {
  const Html found = element("input", {{"id", "search"},
                                       {"type", "search"},
                                       {"placeholder", "Find a node or value"},
                                       {"role", "combobox"},
                                       {"aria-label", "Find a node or value"},
                                       {"aria-controls", "found"},
                                       {"aria-expanded", "false"},
                                       {"aria-autocomplete", "list"},
                                       {"autocomplete", "off"},
                                       {"spellcheck", "false"}}) +
                     element("ul", {{"id", "found"},
                                    {"class", "found"},
                                    {"role", "listbox"},
                                    {"aria-label", "Found"},
                                    {"hidden", "hidden"}});
  const Html zoom = button("−", {{"id", "out"}, {"aria-label", "Zoom out"}}) +
                    button("+", {{"id", "in"}, {"aria-label", "Zoom in"}}) +
                    button("Fit", {{"id", "fit"}, {"aria-label", "Show the whole graph"}}) +
                    button("Panel", {{"id", "fold"}, {"aria-label", "Show or hide the panel"}});
  return element("header", {{"class", "bar"}},
                 element("h1", {{"title", shortened(file, 200)}}, shortened(file, 60)) +
                     element("p", {{"class", "sub"}}, subtitle) +
                     element("div", {{"class", "find"}}, found) +
                     element("div", {{"class", "zoom"}}, zoom));
}

Html stage(const Graph& g, const Marks& marks) {
  Html out = element("nav", {{"id", "crumbs"},
                             {"class", "crumbs"},
                             {"hidden", "hidden"},
                             {"aria-label", "Where this graph stands"}});
  for (const Sheet& s : sheets_of(g)) {
    Attributes a = {{"class", "sheet"}, {"data-block", std::to_string(s.block)}};
    if (s.block != 0) a.push_back({"hidden", "hidden"});
    out += element("section", a, element("h2", {}, s.title) + svg_of(g, s, marks));
  }
  return element("main", {{"class", "stage"}}, out);
}

}  // namespace

Status check_drawable(const Graph& g) {
  if (g.live_nodes() <= most_nodes) return {};
  return Status(Code::unsupported,
                fmt::format("{} nodes, of which at most {} are drawn; hone edit --from and --to "
                            "cut a part out",
                            g.live_nodes(), most_nodes));
}

Result<std::string> page_of(const Graph& g, const json& described, const std::string& file) {
  HONE_RETURN_IF_ERROR(check_drawable(g));
  Marks marks;
  marks.flops = inspect::flops_by_node(g);
  for (const double f : marks.flops) marks.most_flops = std::max(marks.most_flops, f);
  Notes notes;
  const Html found = findings(g, described, &notes);
  json data = details_of(g, marks.flops);
  data["flops"] = number(described, "flops");
  data["notes"] = json::object();
  for (const auto& [node, texts] : notes) {
    marks.marked.insert(node);
    data["notes"][fmt::format("n{}", node)] = texts;
  }
  const std::string subtitle =
      fmt::format("{} nodes, {} parameters, {}MAC", report::count(g.live_nodes()),
                  short_count(number(described, "parameters")), scaled(number(described, "macs")));
  const Html model = element(
      "section", {{"id", "model"}},
      element("h2", {}, "Model") + facts(g, described) + found + ends(g, g.block().inputs, false) +
          ends(g, g.block().outputs, true) + operators(g) + targets(described) + keys());
  const Html side =
      element("aside", {{"class", "side"}, {"aria-label", "Details"}},
              model + element("section",
                              {{"id", "details"}, {"aria-live", "polite"}, {"hidden", "hidden"}}));
  const std::string text = script_text(data);
  const Html body = bar(file, subtitle) + stage(g, marks) + side +
                    element("script", {{"id", "data"}, {"type", "application/json"}},
                            report::literal(text.c_str()));
  return report::html_file(
      report::Frame{shortened(file, 60), {report::style, style}, script, script_hash},
      element("div", {{"class", "app"}}, body));
}

}  // namespace hone::ship::drawing
