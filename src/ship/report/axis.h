// From values to places on a chart.
#pragma once

#include <string>
#include <vector>

namespace hone::ship::report {

struct Axis {
  double low = 0, high = 1;
  bool log = false;
  std::vector<double> ticks;

  // 0 at low, 1 at high; outside values are held at the ends.
  double place(double v) const;
  bool holds(double v) const { return v >= low && v <= high; }
};

// About `about` ticks at 1, 2 or 5 times a power of ten; low and high are moved out to ticks. A
// range of no width is widened. Both finite.
Axis linear_axis(double low, double high, int about = 5);
// As it is, with ticks inside: for a chart whose bars must touch its ends.
Axis tight_axis(double low, double high, int about = 5);
// Ticks at powers of ten, at 1, 2, 5 where there are few of them. low > 0.
Axis log_axis(double low, double high);

// All ticks with the digits that tell them apart: 0, 0.05, 0.10.
std::vector<std::string> tick_labels(const Axis& axis);

}  // namespace hone::ship::report
