// A chart as inline SVG. Places are percentages of its box, so it fits a phone and paper alike
// while its text keeps the size of the page's; no script is needed to read it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ship/report/axis.h"
#include "ship/report/html.h"

namespace hone::ship::report {

using Points = std::vector<std::pair<double, double>>;

class Plot {
 public:
  // `summary` is what a screen reader says in place of the picture.
  Plot(std::string summary, Axis x, Axis y) : summary_(std::move(summary)), x_(x), y_(y) {}

  void label_x(std::string label) { x_label_ = std::move(label); }
  void label_y(std::string label) { y_label_ = std::move(label); }
  // In place of the x axis' numbers: place and text.
  void tick_x(double x, std::string text) { x_ticks_.emplace_back(x, std::move(text)); }
  void no_ticks_x() { x_ticks_.emplace_back(x_.low, ""); }

  // From zero, or the axis' low end, up to y. `tip` is shown where a pointer rests.
  void bar(double x0, double x1, double y, const std::string& tip);
  // Below the axis: something is here that is too small to see as a bar.
  void rug(double x0, double x1);
  void band(const Points& low, const Points& high);
  void line(const Points& points, const char* css);
  void dot(double x, double y, const char* css, const std::string& tip);
  void whisker(double x, double low, double high, const char* css);
  // A line across, with its label: in a lane of its own above the plot, or at the right end.
  void mark_x(double x, const std::string& label, const char* css);
  void mark_y(double y, const std::string& label, const char* css);

  Html html() const;

 private:
  double px(double x) const { return x_.place(x) * 100; }
  double py(double y) const { return 100 - y_.place(y) * 100; }
  std::string path(const Points& points, const char* first) const;
  Html axes() const;

  std::string summary_, x_label_, y_label_;
  Axis x_, y_;
  std::vector<std::pair<double, std::string>> x_ticks_;
  Html marks_, shapes_, labels_;
  int lanes_ = 0, lines_ = 0;
};

// "12.34%"
std::string percent(double v);

// A small horizontal bar for table cells: `share` of the width (0 to 1), coloured by `css`.
Html cell_bar(double share, const char* css, const std::string& summary);

// An interval [low, high] around value against a limit, on an axis from `from` to `to`; without an
// interval, a bar from zero. A value beyond the axis ends in an arrow.
struct Interval {
  double from = 0, to = 1;
  double value = 0, low = 0, high = 0;
  bool has_interval = false, from_zero = false;
  double limit = 0;
  bool has_limit = false;
  const char* css = "";
  std::string summary;
};
Html interval_plot(const Interval& i);

}  // namespace hone::ship::report
