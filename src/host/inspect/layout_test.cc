#include "host/inspect/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "host/inspect/layout_steps.h"

namespace hone::inspect {
namespace {

size_t at(int v) { return static_cast<size_t>(v); }

// Numbers that are the same everywhere.
struct Random {
  uint32_t state = 1;
  int below(int n) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 8) % static_cast<uint32_t>(n));
  }
};

struct Drawing {
  std::vector<Size> boxes;
  std::vector<Wire> wires;
};

// Mostly a chain, as models are, with wires from `back` boxes before: a net for each box.
Drawing random_drawing(int n, uint32_t seed, int back) {
  Random r{seed};
  Drawing d;
  for (int i = 0; i < n; ++i) {
    d.boxes.push_back({60.0 + 2 * r.below(60), 24.0 + r.below(50)});
    if (i > 0 && r.below(10) > 0) d.wires.push_back({i - 1, i, i - 1});
    for (int k = r.below(3); k > 0 && i > 1; --k) {
      const int from = std::max(0, i - 1 - r.below(back));
      d.wires.push_back({from, i, from});
    }
  }
  return d;
}

void check(const Drawing& d, const Layout& l) {
  ASSERT_EQ(l.at.size(), d.boxes.size());
  for (const Wire& w : d.wires) EXPECT_LT(l.layer[at(w.from)], l.layer[at(w.to)]);
  std::vector<int> order(d.boxes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return std::pair(l.layer[at(a)], l.at[at(a)].x) < std::pair(l.layer[at(b)], l.at[at(b)].x);
  });
  for (size_t i = 0; i < order.size(); ++i) {
    const Point p = l.at[at(order[i])];
    const Size s = d.boxes[at(order[i])];
    EXPECT_GE(p.x, -0.5);
    EXPECT_GE(p.y, 0);
    EXPECT_LE(p.x + s.width, l.width + 0.5);
    EXPECT_LE(p.y + s.height, l.height + 0.5);
    EXPECT_GE(p.y, l.top[at(l.layer[at(order[i])])]);
    if (i + 1 == order.size()) continue;
    const int next = order[i + 1];
    if (l.layer[at(next)] == l.layer[at(order[i])]) {
      EXPECT_GE(l.at[at(next)].x, p.x + s.width + 20) << "boxes side by side";
    }
  }
}

// A wire passes no box: its upright parts are beside all, its curves between two layers.
void check_routes(const Drawing& d, const Layout& l) {
  for (const auto& net : l.nets) {
    for (const auto& line : net) {
      for (size_t i = 0; i + 1 < line.size(); ++i) {
        const Point a = line[i], b = line[i + 1];
        EXPECT_LE(a.y, b.y) << "goes up";
        const double left = std::min(a.x, b.x), right = std::max(a.x, b.x);
        for (size_t box = 0; box < d.boxes.size(); ++box) {
          const Point p = l.at[box];
          const Size s = d.boxes[box];
          const bool above = p.y + s.height <= a.y, below = p.y >= b.y;
          const bool beside = p.x >= right || p.x + s.width <= left;
          EXPECT_TRUE(above || below || beside) << "box " << box;
        }
      }
    }
  }
}

TEST(Layout, NoBoxesOverlapAndWiresGoDown) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    const Drawing d = random_drawing(80, seed, seed % 3 == 0 ? 70 : 6);
    const Layout l = lay_out(d.boxes, d.wires);
    check(d, l);
    check_routes(d, l);
  }
}

TEST(Layout, EveryWireEndsAtItsBoxes) {
  const Drawing d = random_drawing(60, 7, 20);
  const Layout l = lay_out(d.boxes, d.wires);
  for (const Wire& w : d.wires) {
    const Point p = l.at[at(w.to)];
    const Point end = {std::round(p.x + d.boxes[at(w.to)].width / 2), p.y};
    const auto& net = l.nets[at(w.net)];
    EXPECT_TRUE(
        std::any_of(net.begin(), net.end(), [&](const auto& line) { return line.back() == end; }))
        << w.from << " to " << w.to;
  }
}

TEST(Layout, ChainsAreStraight) {
  Drawing d;
  for (int i = 0; i < 20; ++i) {
    d.boxes.push_back({60.0 + 10 * (i % 5), 30});
    if (i > 0) d.wires.push_back({i - 1, i, i - 1});
  }
  d.wires.push_back({3, 12, 3});  // around eight of them
  const Layout l = lay_out(d.boxes, d.wires);
  for (size_t i = 0; i + 1 < 20; ++i) {
    EXPECT_EQ(l.at[i].x + d.boxes[i].width / 2, l.at[i + 1].x + d.boxes[i + 1].width / 2) << i;
  }
  ASSERT_EQ(l.nets[0].size(), 1u);
  EXPECT_EQ(l.nets[0][0].size(), 2u) << "a straight line has two points";
}

TEST(Layout, ReadersOfOneValueShareTheWay) {
  Drawing d;
  for (int i = 0; i < 12; ++i) {
    d.boxes.push_back({80, 30});
    if (i > 0) d.wires.push_back({i - 1, i, i});
  }
  for (int i = 2; i < 12; ++i) d.wires.push_back({0, i, 0});
  const Layout l = lay_out(d.boxes, d.wires);
  ASSERT_EQ(l.nets[0].size(), 10u);
  size_t points = 0;
  for (const auto& line : l.nets[0]) points += line.size();
  EXPECT_LE(points, 50u);
}

TEST(Layout, UncrossesWhatCanBe) {
  // Two chains whose boxes come in turn, the second one's first.
  Drawing d;
  for (int i = 0; i < 20; ++i) {
    d.boxes.push_back({60, 30});
    if (i > 1) d.wires.push_back({i / 2 % 2 == 0 ? i - 2 : (i ^ 1) - 2, i, 0});
  }
  for (size_t i = 0; i < d.wires.size(); ++i) d.wires[i].net = d.wires[i].from;
  const Layout l = lay_out(d.boxes, d.wires);
  for (const auto& net : l.nets) {
    for (const auto& line : net) EXPECT_EQ(line.front().x, line.back().x);
  }
}

TEST(Layout, CountsCrossings) {
  Layered g;
  g.boxes = 4;
  g.layer = {0, 0, 1, 1};
  g.above = {{}, {}, {1}, {0}};
  g.below = {{3}, {2}, {}, {}};
  g.width = {1, 1, 1, 1};
  g.layers = {{0, 1}, {2, 3}};
  EXPECT_EQ(crossings(g), 1);
  order_layers(&g);
  EXPECT_EQ(crossings(g), 0);
}

TEST(Layout, IsTheSameEveryTime) {
  const Drawing d = random_drawing(200, 3, 40);
  const Layout a = lay_out(d.boxes, d.wires), b = lay_out(d.boxes, d.wires);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.nets, b.nets);
}

TEST(Layout, OfNothingAndOfOne) {
  EXPECT_EQ(lay_out({}, {}).width, 0);
  const Layout one = lay_out({{50, 20}}, {});
  EXPECT_EQ(one.at[0], (Point{0, 0}));
  EXPECT_EQ(one.width, 50);
  EXPECT_EQ(one.height, 20);
}

TEST(Layout, LoneSourcesStandAboveTheirReaders) {
  const Layout l =
      lay_out({{50, 20}, {50, 20}, {50, 20}, {50, 20}}, {{0, 1, 0}, {1, 3, 1}, {2, 3, 2}});
  EXPECT_EQ(l.layer, (std::vector<int>{0, 1, 1, 2}));
}

// What would be quadratic where it is done carelessly: 3,000 boxes that read one value, and a
// thousand values that all go from the top to the bottom.
TEST(Layout, ThreeThousandBoxes) {
  Drawing d = random_drawing(3000, 11, 60);
  for (int i = 1; i < 3000; ++i) d.wires.push_back({0, i, 0});
  check(d, lay_out(d.boxes, d.wires));

  Drawing far;
  for (int i = 0; i < 3000; ++i) {
    far.boxes.push_back({60, 30});
    if (i >= 1000 && i < 2000) far.wires.push_back({i - 1, i, i - 1});
    if (i >= 2000) {
      far.wires.push_back({i - 2000, i, i - 2000});
      far.wires.push_back({1999, i, 1999});
    }
  }
  for (int i = 0; i < 1000; ++i) far.wires.push_back({i, 1000, i});
  check(far, lay_out(far.boxes, far.wires));
}

}  // namespace
}  // namespace hone::inspect
