#include "ship/report/view.h"

#include <fmt/format.h>

#include "ship/report/fields.h"

namespace hone::ship::report {

using nlohmann::json;

Html heading(int level, std::string_view text) {
  constexpr const char* tags[] = {"h1", "h2", "h3", "h4", "h5", "h6"};
  return element(tags[level < 1 ? 0 : level > 6 ? 5 : level - 1], {}, text);
}

Html paragraph(const char* css, std::string_view text) {
  return element("p", {{"class", css}}, text);
}

Html section(const Place& place, const char* id, const char* title, const Html& body) {
  if (body.empty()) return {};
  return element("section", {{"id", place.prefix + id}}, heading(place.level, title) + body) +
         literal("\n");
}

Html tile(std::string_view name, std::string_view value, std::string_view note) {
  return element("div", {{"class", "tile"}},
                 element("dt", {}, name) + element("dd", {},
                                                   element("span", {{"class", "big"}}, value) +
                                                       element("span", {{"class", "note"}}, note)));
}

Html layer_name(std::string_view rest) {
  std::string what, where;
  while (!rest.empty()) {
    const size_t plus = rest.find(" + ");
    std::string_view part = rest.substr(0, plus);
    const size_t slash = part.rfind('/');
    if (slash != std::string_view::npos && slash + 1 < part.size()) {
      if (where.empty()) where = part.substr(0, slash);
      part = part.substr(slash + 1);
    }
    what += (what.empty() ? "" : " + ") + std::string(part);
    rest = plus == std::string_view::npos ? "" : rest.substr(plus + 3);
  }
  Html out = element("span", {{"class", "what"}}, what);
  if (!where.empty()) out += element("span", {{"class", "where"}}, where);
  return out;
}

Table::Cell cell(std::string_view text, const char* css) { return {escaped(text), "", css}; }
Table::Cell cell(Html html, const char* css) { return {std::move(html), "", css}; }

Html html_of(const Table& t) {
  if (t.rows.empty()) return {};
  auto numeric = [&](size_t column) { return column < t.numeric.size() && t.numeric[column]; };
  Html head;
  for (size_t i = 0; i < t.head.size(); ++i) {
    head += element("th", {{"scope", "col"}, {"class", numeric(i) ? "num" : ""}},
                    std::string_view(t.head[i]));
  }
  Html body;
  for (const auto& row : t.rows) {
    Html cells;
    for (size_t i = 0; i < row.size(); ++i) {
      Attributes a = {{"class", std::string(numeric(i) ? "num " : "") + row[i].css}};
      if (!row[i].sort_by.empty()) a.push_back({"data-sort", row[i].sort_by});
      if (i == 0) a.push_back({"scope", "row"});
      // On a phone rows become cards, and figures need their column's name beside them.
      if (i > 0 && numeric(i) && i < t.head.size()) a.push_back({"data-label", t.head[i]});
      cells += element(i == 0 ? "th" : "td", a, row[i].html);
    }
    body += element("tr", {}, cells) + literal("\n");
  }
  Html table;
  if (!t.caption.empty()) table += element("caption", {}, std::string_view(t.caption));
  table += element("thead", {}, element("tr", {}, head)) + element("tbody", {}, body);
  const std::string css = std::string(t.css) + (t.sortable ? " sortable" : "");
  // Whoever uses a keyboard must reach what scrolls.
  const std::string name = t.caption.empty() && !t.head.empty() ? t.head[0] : t.caption;
  return element("div",
                 {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", name}},
                 element("table", {{"class", css}}, table));
}

std::vector<CheckView> checks_of(const json& report) {
  std::vector<CheckView> out;
  for (const json* c : items(at(report, {"gate"}), 1000)) {
    CheckView v;
    v.what = text(at(*c, {"what"}), 300);
    v.result = text(at(*c, {"result"}), 40);
    v.text = text(*c, {"text"});
    v.unit = text(at(*c, {"unit"}), 40);
    v.value = number(*c, {"value"});
    v.low = number(*c, {"low"});
    v.high = number(*c, {"high"});
    v.limit = number(*c, {"limit"});
    v.needed = number(*c, {"needed"});
    out.push_back(std::move(v));
  }
  return out;
}

const char* tone_of(const CheckView& c) {
  return c.failed() ? "fail" : c.undecided() ? "undecided" : "pass";
}

const char* tone_of_verdict(const std::string& word) {
  return word == "SHIP" ? "pass" : word == "NO SHIP" ? "fail" : "undecided";
}

Html icon(const char* tone) {
  const std::string t(tone);
  const char* shape = t == "pass"   ? "M4.5 10.5l3.6 3.6 7.4-8"
                      : t == "fail" ? "M5.5 5.5l9 9M14.5 5.5l-9 9"
                                    : "M6.8 7.2a3.2 3.2 0 1 1 4.6 3c-1 .5-1.4 1-1.4 2.2M10 15.6v.2";
  return element("svg", {{"class", "icon"}, {"viewBox", "0 0 20 20"}, {"aria-hidden", "true"}},
                 element("path", {{"d", shape}}));
}

Html badge(const char* tone, std::string_view word) {
  return element("span", {{"class", std::string("badge ") + tone}}, icon(tone) + escaped(word));
}

std::optional<double> latency_limit(const json& report, const std::string& percentile) {
  // Where stages are timed apart, latency_ms is from capture to result, and so must be the limit.
  const bool staged = at(report, {"stages", "bench", "stages_ms"}).is_object();
  const std::string wanted = staged ? "capture-to-result " + percentile : percentile + " latency";
  for (const CheckView& c : checks_of(report)) {
    if (c.what == wanted && c.limit && (c.unit == "ms" || c.unit.empty())) return c.limit;
  }
  return std::nullopt;
}

}  // namespace hone::ship::report
