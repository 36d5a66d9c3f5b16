#include "ship/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hone::ship::report {

namespace {

constexpr int lane_px = 17;

Html tip_of(const std::string& tip) {
  return tip.empty() ? Html() : element("title", {}, std::string_view(tip));
}

Html svg_text(const std::string& x, const std::string& y, const char* css,
              const std::string& text) {
  return element("text", {{"x", x}, {"y", y}, {"class", css}}, std::string_view(text));
}

Html svg_line(const std::string& x1, const std::string& y1, const std::string& x2,
              const std::string& y2, const std::string& css) {
  return element("line", {{"x1", x1}, {"y1", y1}, {"x2", x2}, {"y2", y2}, {"class", css}});
}

}  // namespace

std::string percent(double v) { return fmt::format("{:.2f}%", v); }

void Plot::bar(double x0, double x1, double y, const std::string& tip) {
  const double left = px(x0), width = px(x1) - left, top = py(y);
  if (width <= 0 || top >= 100) return;
  shapes_ += element("rect",
                     {{"x", percent(left)},
                      {"y", percent(top)},
                      {"width", percent(width)},
                      {"height", percent(100 - top)},
                      {"class", "bar"}},
                     tip_of(tip));
}

void Plot::rug(double x0, double x1) {
  const double left = px(x0), width = std::max(0.4, px(x1) - left);
  shapes_ += element("svg", {{"y", "100%"}, {"class", "over"}},
                     element("rect", {{"x", percent(left)},
                                      {"y", "2"},
                                      {"width", percent(width)},
                                      {"height", "3"},
                                      {"class", "rug"}}));
}

// In the units of a nested viewport that is stretched over the plot.
std::string Plot::path(const Points& points, const char* first) const {
  std::string d;
  for (const auto& [x, y] : points) {
    d += fmt::format("{}{:.1f} {:.1f}", d.empty() ? first : "L", px(x) * 10, py(y) * 10);
  }
  return d;
}

void Plot::band(const Points& low, const Points& high) {
  Points back(low.rbegin(), low.rend());
  shapes_ +=
      element("svg", {{"viewBox", "0 0 1000 1000"}, {"preserveAspectRatio", "none"}},
              element("path", {{"d", path(high, "M") + path(back, "L") + "Z"}, {"class", "band"}}));
}

void Plot::line(const Points& points, const char* css) {
  shapes_ += element("svg", {{"viewBox", "0 0 1000 1000"}, {"preserveAspectRatio", "none"}},
                     element("path", {{"d", path(points, "M")}, {"class", css}}));
}

void Plot::dot(double x, double y, const char* css, const std::string& tip) {
  shapes_ += element("circle",
                     {{"cx", percent(px(x))}, {"cy", percent(py(y))}, {"r", "4"}, {"class", css}},
                     tip_of(tip));
}

void Plot::whisker(double x, double low, double high, const char* css) {
  shapes_ += svg_line(percent(px(x)), percent(py(low)), percent(px(x)), percent(py(high)), css);
}

void Plot::mark_x(double x, const std::string& label, const char* css) {
  const double place = px(x);
  const int up = 6 + lane_px * lanes_++;
  marks_ += svg_line(percent(place), std::to_string(-up - 8), percent(place), "100%",
                     std::string("mark ") + css);
  // An svg element of no size moves what is in it by a percentage plus pixels.
  const bool left = place > 55;
  labels_ +=
      element("svg", {{"x", percent(place)}, {"class", "over"}},
              svg_text(left ? "-5" : "5", std::to_string(-up), left ? "lane end" : "lane", label));
}

void Plot::mark_y(double y, const std::string& label, const char* css) {
  marks_ += svg_line("0", percent(py(y)), "100%", percent(py(y)), std::string("mark ") + css);
  // Labels of lines close to each other stand side by side.
  const std::string x = percent(100 - 33.0 * (lines_++ % 3));
  labels_ += element("svg", {{"x", x}, {"y", percent(py(y))}, {"class", "over"}},
                     svg_text("0", py(y) < 8 ? "13" : "-5", "lane end", label));
}

Html Plot::axes() const {
  Html out;
  const auto y_labels = tick_labels(y_);
  for (size_t i = 0; i < y_.ticks.size(); ++i) {
    const std::string y = percent(py(y_.ticks[i]));
    out += svg_line("0", y, "100%", y, "grid");
    out +=
        element("svg", {{"y", y}, {"class", "over"}}, svg_text("-8", "4", "tick end", y_labels[i]));
  }
  auto ticks = x_ticks_;
  if (ticks.empty()) {
    const auto x_labels = tick_labels(x_);
    for (size_t i = 0; i < x_.ticks.size(); ++i) ticks.emplace_back(x_.ticks[i], x_labels[i]);
  }
  for (size_t i = 0; i < ticks.size(); ++i) {
    if (ticks[i].second.empty()) continue;
    const double place = px(ticks[i].first);
    const char* css = i % 2 == 1 ? "over minor" : "over";  // every other one goes on a phone
    out += element(
        "svg", {{"x", percent(place)}, {"y", "100%"}, {"class", css}},
        svg_line("0", "0", "0", "5", "axis") + svg_text("0", "19", "tick mid", ticks[i].second));
  }
  out += svg_line("0", "100%", "100%", "100%", "axis");
  if (!x_label_.empty()) {
    out += element("svg", {{"x", "100%"}, {"y", "100%"}, {"class", "over"}},
                   svg_text("0", "37", "name end", x_label_));
  }
  return out;
}

Html Plot::html() const {
  const std::string lanes = fmt::format("plot lanes{}", std::min(lanes_, 9));
  const Html svg = element("svg", {{"role", "img"}, {"aria-label", summary_}, {"class", "chart"}},
                           axes() + shapes_ + marks_ + labels_);
  const Html name =
      y_label_.empty() ? Html() : element("div", {{"class", "yname"}}, std::string_view(y_label_));
  return element("div", {{"class", "plotbox"}}, name + element("div", {{"class", lanes}}, svg));
}

Html cell_bar(double share, const char* css, const std::string& summary) {
  const double width = std::clamp(share, 0.0, 1.0) * 100;
  const Html track = element(
      "rect", {{"x", "0"}, {"y", "0"}, {"width", "100%"}, {"height", "100%"}, {"class", "track"}});
  const Html bar = element(
      "rect",
      {{"x", "0"}, {"y", "0"}, {"width", percent(width)}, {"height", "100%"}, {"class", css}});
  return element("svg", {{"class", "cellbar"}, {"role", "img"}, {"aria-label", summary}},
                 track + bar);
}

Html interval_plot(const Interval& i) {
  const Axis axis{i.from, i.to, false, {}};
  auto x = [&](double v) { return percent(axis.place(v) * 100); };
  Html g = svg_line("0", "50%", "100%", "50%", "rail");
  if (i.from <= 0 && i.to >= 0) g += svg_line(x(0), "15%", x(0), "85%", "zero");
  if (i.from_zero) {
    g += element("rect", {{"x", x(std::min(0.0, i.value))},
                          {"y", "35%"},
                          {"width", percent(std::abs(axis.place(i.value) - axis.place(0)) * 100)},
                          {"height", "30%"},
                          {"class", std::string("fill ") + i.css}});
  }
  if (i.has_interval) {
    g += svg_line(x(i.low), "50%", x(i.high), "50%", std::string("span ") + i.css);
  }
  if (i.value >= i.from && i.value <= i.to) {
    g += element("circle", {{"cx", x(i.value)},
                            {"cy", "50%"},
                            {"r", "4.5"},
                            {"class", std::string("point ") + i.css}});
  } else {
    const bool over = i.value > i.to;
    g += element("svg", {{"x", over ? "100%" : "0"}, {"y", "50%"}, {"class", "over"}},
                 element("path", {{"d", over ? "M-9 -5L0 0L-9 5Z" : "M9 -5L0 0L9 5Z"},
                                  {"class", std::string("point ") + i.css}}));
  }
  if (i.has_limit) g += svg_line(x(i.limit), "2%", x(i.limit), "98%", "limit");
  return element("svg", {{"class", "interval"}, {"role", "img"}, {"aria-label", i.summary}}, g);
}

}  // namespace hone::ship::report
