#include "ship/drawing/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ship/drawing/texts.h"

namespace hone::ship::drawing {

using inspect::Point;
using report::Attributes;
using report::element;
using report::Html;

namespace {

// Labels may stand beside the outermost boxes.
constexpr double margin = 48;
// Boxes that are shown or hidden together as the view moves.
constexpr size_t in_band = 60;

std::string n(double v) { return fmt::format("{:g}", v); }
// To a tenth, without a fraction of 0.
std::string exact(double v) {
  std::string text = fmt::format("{:.1f}", v);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

// Straight down, or a curve that leaves and arrives upright.
void add_line(const std::vector<Point>& line, std::string* d) {
  *d += fmt::format("M{} {}", exact(line[0].x), exact(line[0].y));
  for (size_t i = 1; i < line.size(); ++i) {
    const Point a = line[i - 1], b = line[i];
    if (a.x == b.x) {
      *d += "V" + exact(b.y);
    } else {
      const double half = (b.y - a.y) / 2;
      *d += fmt::format("c0 {0} {1} {0} {1} {2}", exact(half), exact(b.x - a.x), exact(b.y - a.y));
    }
  }
}

Html lines_of(const Sheet& s) {
  Html out;
  for (size_t i = 0; i < s.layout.nets.size(); ++i) {
    std::string d;
    for (const auto& line : s.layout.nets[i]) add_line(line, &d);
    out += element("path", {{"id", fmt::format("e{}-{}", s.block, s.nets[i])}, {"d", d}});
  }
  return element("g", {{"class", "wires"}}, out);
}

const char* kind_of(const Box& b) {
  switch (b.kind) {
    case Box::Kind::input: return "input";
    case Box::Kind::output: return "output";
    case Box::Kind::outer: return "outer";
    case Box::Kind::node: break;
  }
  return "node";
}

std::string spoken(const graph::Graph& g, const Box& b) {
  if (b.kind != Box::Kind::node) return std::string(kind_of(b)) + " " + b.title;
  std::string text = b.title + " " + shortened(g.node(b.node).name, 80);
  for (const std::string& l : b.lines) text += ", " + l;
  return text;
}

Html text(double x, double y, const char* css, const std::string& words) {
  Attributes a = {{"x", n(x)}, {"y", n(y)}};
  if (*css != 0) a.push_back({"class", css});
  return element("text", a, words);
}

Html inside(const Box& b, const Marks& marks) {
  const double w = b.size.width, h = b.size.height;
  const char* radius = b.kind == Box::Kind::node ? "5" : "12";
  const char* css = b.lines.empty() ? "box whole" : "box";
  Html out = element("rect", {{"class", css}, {"width", n(w)}, {"height", n(h)}, {"rx", radius}});
  if (b.kind == Box::Kind::node && !b.lines.empty()) {
    out += element(
        "path",
        {{"class", "head"},
         {"d", fmt::format("M0 {0}V5a5 5 0 0 1 5-5H{1}a5 5 0 0 1 5 5V{0}z", title_height, w - 5)}});
  }
  out += text(w / 2, 16.5, "t", b.title);
  const size_t plain = b.lines.size() - b.opens.size();
  for (size_t i = 0; i < b.lines.size(); ++i) {
    Attributes a = {{"x", "9"}, {"y", n(title_height + 15 + line_height * static_cast<double>(i))}};
    if (i >= plain) {
      a.push_back({"class", "open"});
      a.push_back({"data-open", std::to_string(b.opens[i - plain])});
    }
    out += element("text", a, b.lines[i]);
  }
  if (b.kind == Box::Kind::node && marks.most_flops > 0) {
    const double share = marks.flops[static_cast<size_t>(b.node)] / marks.most_flops;
    if (share >= 0.04) {
      out += element("rect", {{"class", "work"},
                              {"x", "1"},
                              {"y", n(h - 5)},
                              {"width", exact(std::max(2.0, (w - 2) * std::min(share, 1.0)))},
                              {"height", "4"}});
    }
  }
  if (marks.marked.contains(b.node)) {
    out += element("circle", {{"class", "mark"}, {"cx", n(w)}, {"cy", "0"}, {"r", "6"}});
  }
  return out;
}

// Lines that leave to the right, and none to the left: their label stands on the left.
bool turns_right(const std::vector<std::vector<Point>>& net) {
  bool right = false;
  for (const std::vector<Point>& line : net) {
    if (line[0] != net[0][0]) continue;
    for (size_t i = 1; i < std::min<size_t>(line.size(), 3); ++i) {
      if (line[i].x < line[0].x) return false;
      right = right || line[i].x > line[0].x;
    }
  }
  return right;
}

Html box_html(const graph::Graph& g, const Sheet& s, size_t i, const Marks& marks) {
  const Box& b = s.boxes[i];
  const Point p = s.layout.at[i];
  std::string css = std::string("b ") + kind_of(b);
  if (b.kind == Box::Kind::node) css += std::string(" ") + family(g.node(b.node));
  Html in = inside(b, marks);
  if (b.entered) {
    in += element("path", {{"class", "tip"},
                           {"d", fmt::format("M{} -7h9l-4.5 7z", exact(b.size.width / 2 - 4.5))}});
  }
  if (!b.label.empty()) {
    const bool left = b.net >= 0 && turns_right(s.layout.nets[static_cast<size_t>(b.net)]);
    in +=
        text(b.size.width / 2 + (left ? -7 : 7), b.size.height + 15, left ? "l end" : "l", b.label);
  }
  Attributes a = {{"id", b.id},
                  {"class", css},
                  {"transform", fmt::format("translate({} {})", exact(p.x), exact(p.y))},
                  {"tabindex", "-1"},
                  {"role", "button"},
                  {"aria-label", spoken(g, b)},
                  {"data-layer", std::to_string(s.layout.layer[i])}};
  if (b.value != graph::none) a.push_back({"data-value", std::to_string(b.value)});
  return element("g", a, in);
}

}  // namespace

Html svg_of(const graph::Graph& g, const Sheet& s, const Marks& marks) {
  std::vector<size_t> order(s.boxes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tuple(s.layout.layer[a], s.layout.at[a].x, a) <
           std::tuple(s.layout.layer[b], s.layout.at[b].x, b);
  });
  Html bands;
  for (size_t from = 0; from < order.size(); from += in_band) {
    Html band;
    double top = 1e18, bottom = 0;
    for (size_t i = from; i < std::min(from + in_band, order.size()); ++i) {
      const size_t b = order[i];
      top = std::min(top, s.layout.at[b].y);
      bottom = std::max(bottom, s.layout.at[b].y + s.boxes[b].size.height);
      band += box_html(g, s, b, marks);
    }
    bands += element(
        "g",
        {{"class", "band"}, {"data-top", exact(top - 12)}, {"data-bottom", exact(bottom + 30)}},
        band);
  }
  const std::string box =
      fmt::format("{0} {0} {1} {2}", -margin, exact(s.layout.width + 2 * margin),
                  exact(s.layout.height + 2 * margin));
  return element("svg",
                 {{"viewBox", box},
                  {"style", fmt::format("--w:{}px", exact(s.layout.width + 2 * margin))},
                  {"role", "application"},
                  {"aria-label", "Drawing of " + s.title},
                  {"tabindex", "0"}},
                 lines_of(s) + bands);
}

}  // namespace hone::ship::drawing
