// What quantisation made of the model: how much smaller, what was tried to keep it accurate, and
// which layers suffer.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/precision_search.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr size_t most_read = 20000, most_layers = 1000, first_layers = 20, most_rungs = 100,
                 most_findings = 40;
constexpr double full_bar_db = 50;  // rounding is no longer seen

struct Layer {
  std::string name, op, precision, cause, tried;
  std::optional<double> snr_db;
  bool integers() const { return precision.starts_with("int"); }
};

std::vector<Layer> layers_of(const json& quantize) {
  std::vector<Layer> out;
  for (const json* j : items(at(quantize, {"layers"}), most_read)) {
    if (!j->is_object()) continue;
    out.push_back({text(at(*j, {"node"}), 600), text(at(*j, {"op"}), 80),
                   text(at(*j, {"precision"}), 40), text(at(*j, {"cause"}), 300),
                   text(at(*j, {"tried"}), 300), number(*j, {"snr_db"})});
  }
  const auto key = [](const Layer& l) {
    return l.snr_db.value_or(std::numeric_limits<double>::infinity());
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](const Layer& a, const Layer& b) { return key(a) < key(b); });
  return out;
}

Html tiles(const json& quantize, const std::vector<Layer>& layers) {
  Html out;
  const auto before = number(quantize, {"size", "before"}),
             after = number(quantize, {"size", "after"});
  if (after) {
    std::string note;
    if (before && *before > 0) {
      note = fmt::format("of {}, × {:.2f}", bytes(*before), *after / *before);
    }
    out += tile("model", bytes(*after), note);
  }
  if (!layers.empty()) {
    const auto n =
        std::count_if(layers.begin(), layers.end(), [](auto& l) { return l.integers(); });
    out += tile("layers on integers", fmt::format("{} of {}", n, layers.size()),
                text(at(quantize, {"format"}), 40));
  }
  if (const auto percent = number(quantize, {"macs", "int8_percent"})) {
    const auto all = number(quantize, {"macs", "all"});
    out += tile("multiply-adds in int8", fmt::format("{:.1f} %", *percent),
                all ? fmt::format("of {}", count(*all)) : "");
  }
  const json& c = at(quantize, {"calibration"});
  if (const auto samples = number(c, {"samples"})) {
    const std::string calibrator = text(at(c, {"calibrator"}), 40);
    out += tile("calibration samples", count(*samples),
                calibrator.empty() ? "" : "ranges by " + calibrator);
  }
  if (const auto held = number(c, {"held_out"})) {
    out += tile("held out", count(*held),
                *held > 0 ? "decided between candidates" : "none: too few samples");
  }
  if (out.empty()) return out;
  return element("dl", {{"class", "tiles"}}, out);
}

// The likeliest slip of preprocessing: what the data look like, what tells, what to do.
Html slip(const json& quantize) {
  const auto slips = items(at(quantize, {"slips"}), 1);
  const std::string what = slips.empty() ? "" : text(*slips[0], {"text"});
  if (what.empty()) return {};
  return element("p", {{"class", "slip"}},
                 badge("undecided", "preprocessing") + escaped(" " + what));
}

Html ladder(const Place& place, const json& quantize) {
  Table t;
  t.css = "ladder stack";
  t.caption = "";
  t.head = {"Tried", "Result", "On samples held out"};
  bool any_kept = false;
  for (const json* j : items(at(quantize, {"ladder"}), most_rungs)) {
    const std::string result = text(at(*j, {"result"}), 200);
    const json& kept = at(*j, {"kept"});
    const bool is_kept = kept.is_boolean() && kept.get<bool>();
    any_kept |= is_kept;
    const bool judged = result == "within" || result == "beyond" || result == "no better";
    Html shown = result == "within"   ? badge("pass", "within the limit")
                 : result == "beyond" ? badge("fail", "beyond the limit")
                                      : escaped(result);
    if (is_kept) shown += escaped(" ") + element("strong", {{"class", "kept"}}, "kept");
    t.rows.push_back({cell(text(at(*j, {"rung"}), 300)), cell(shown, judged ? "" : "words"),
                      cell(text(at(*j, {"figure"}), 300), "words")});
  }
  if (t.rows.empty()) return {};
  Html out = heading(place.level + 1, "Rescue ladder") + html_of(t);
  if (any_kept) {
    out += paragraph("note",
                     "In the order tried. Range searches and fast bias correction are always "
                     "compared; what follows is tried only while none is within the limit.");
  }
  return out;
}

// The colours of the roofline: red is where something is to be won.
const char* shade(double db) {
  return db < 10   ? "roof r1"
         : db < 20 ? "roof r2"
         : db < 30 ? "roof r3"
         : db < 40 ? "roof r4"
                   : "roof r5";
}

Html legend() {
  constexpr const char* names[][2] = {{"r1", "under 10 dB"},
                                      {"r2", "10 to 20 dB"},
                                      {"r3", "20 to 30 dB"},
                                      {"r4", "30 to 40 dB"},
                                      {"r5", "over 40 dB"}};
  Html list;
  for (const auto& n : names) {
    list += element("li", {},
                    element("span", {{"class", std::string("key roof ") + n[0]}}) + escaped(n[1]));
  }
  return element("ul", {{"class", "legend"}}, list);
}

Table::Cell snr_bar(const std::optional<double>& db) {
  if (!db) return cell("");
  Table::Cell c = cell(
      cell_bar(std::clamp(*db / full_bar_db, 0.0, 1.0), shade(*db), fmt::format("{:.1f} dB", *db)),
      "barcell");
  c.sort_by = fmt::format("{:.2f}", *db);
  return c;
}

Table layer_table(const std::vector<Layer>& layers, size_t from, size_t to) {
  bool bars = false, why = false, tried = false;
  for (const Layer& l : layers) {
    bars |= l.snr_db.has_value();
    why |= !l.cause.empty();
    tried |= !l.tried.empty();
  }
  Table t;
  t.css = "layers stack";
  t.sortable = true;
  t.head = {"Layer", "Operator", "Precision"};
  t.numeric = {false, false, false};
  if (bars) t.head.insert(t.head.end(), {"Signal to noise", "dB"});
  if (bars) t.numeric.insert(t.numeric.end(), {false, true});
  if (why) t.head.emplace_back("Why");
  if (tried) t.head.emplace_back("Tried");
  for (size_t i = from; i < to; ++i) {
    const Layer& l = layers[i];
    std::vector<Table::Cell> row = {cell(layer_name(l.name)), cell(l.op), cell(l.precision)};
    if (bars) {
      row.push_back(snr_bar(l.snr_db));
      row.push_back(cell(l.snr_db ? fmt::format("{:.1f}", *l.snr_db) : ""));
      // Sorted by it, what has none stands behind the best.
      if (!l.snr_db) row[3].sort_by = row[4].sort_by = "1000";
    }
    if (why) row.push_back(cell(l.cause, "words"));
    if (tried) row.push_back(cell(l.tried, "words tried"));
    t.rows.push_back(std::move(row));
  }
  return t;
}

Html layer_part(const Place& place, std::vector<Layer> layers) {
  if (layers.empty()) return {};
  const auto all = static_cast<double>(layers.size());
  if (layers.size() > most_layers) layers.resize(most_layers);
  Html out = heading(place.level + 1, "Layers");
  const bool measured = layers[0].snr_db.has_value();
  if (measured) {
    out += paragraph("lead",
                     "The output of each against the float model's, with all that was rounded "
                     "before it; the worst first. At 20 dB the noise is a tenth of the signal.");
    out += legend();
  }
  if (static_cast<double>(layers.size()) < all) {
    out += paragraph("note", fmt::format("The worst {} of {} layers.",
                                         count(static_cast<double>(layers.size())), count(all)));
  }
  const size_t first = layers.size() > first_layers + 10 ? first_layers : layers.size();
  out += html_of(layer_table(layers, 0, first));
  if (first < layers.size()) {
    out += element("details", {},
                   element("summary", {}, fmt::format("{} more layers", layers.size() - first)) +
                       html_of(layer_table(layers, first, layers.size())));
  }
  return out;
}

Html findings(const Place& place, const json& quantize) {
  Html list;
  const json& all = at(quantize, {"findings"});
  for (const json* j : items(all, most_findings)) {
    const std::string s = text(*j, 600);
    if (!s.empty()) list += element("li", {}, std::string_view(s));
  }
  if (list.empty()) return {};
  if (all.size() > most_findings) {
    list +=
        element("li", {},
                fmt::format("and {} more", count(static_cast<double>(all.size() - most_findings))));
  }
  return heading(place.level + 1, "Findings") + element("ul", {{"class", "findings"}}, list);
}

}  // namespace

Html quantisation_section(const Place& place, const json& report) {
  const json& quantize = at(report, {"stages", "quantize"});
  const std::vector<Layer> layers = layers_of(quantize);
  Html body = slip(quantize) + tiles(quantize, layers) + ladder(place, quantize) +
              precision_search(place, quantize) + layer_part(place, layers) +
              findings(place, quantize);
  return section(place, "quantisation", "Quantisation", body);
}

}  // namespace hone::ship::report
