#include "host/inspect/layout.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "host/inspect/layout_steps.h"

namespace hone::inspect {

namespace {

size_t at(int v) { return static_cast<size_t>(v); }

constexpr double wire_width = 2;
// Layers that all wires together may pass: what 3,000 boxes come to many times over.
constexpr long long most_passed = 100'000;

struct Net {
  int from = -1;
  std::vector<int> to;  // in order of layer
  int first = -1;       // vertex in the layer below `from`, others follow
  int passed = 0;       // how many
  bool direct = false;  // too long: no vertices
};

// The longest path from the top; what nothing leads to stands just above its first reader.
std::vector<int> layers_of(size_t boxes, const std::vector<Wire>& wires) {
  std::vector<std::vector<int>> readers(boxes);
  std::vector<char> led_to(boxes, 0);
  for (const Wire& w : wires) {
    assert(w.from < w.to);
    readers[at(w.from)].push_back(w.to);
    led_to[at(w.to)] = 1;
  }
  std::vector<int> layer(boxes, 0);
  for (size_t v = 0; v < boxes; ++v) {
    for (const int to : readers[v]) layer[at(to)] = std::max(layer[at(to)], layer[v] + 1);
  }
  for (size_t v = boxes; v-- > 0;) {
    if (led_to[v] || readers[v].empty()) continue;
    int first = layer[at(readers[v][0])];
    for (const int to : readers[v]) first = std::min(first, layer[at(to)]);
    layer[v] = first - 1;
  }
  return layer;
}

std::vector<Net> nets_of(const std::vector<Wire>& wires, const std::vector<int>& layer) {
  std::vector<Net> nets;
  for (const Wire& w : wires) {
    if (nets.size() <= at(w.net)) nets.resize(at(w.net) + 1);
    Net& net = nets[at(w.net)];
    assert(net.from < 0 || net.from == w.from);
    net.from = w.from;
    net.to.push_back(w.to);
  }
  std::vector<Net*> by_length;
  for (Net& net : nets) {
    if (net.to.empty()) continue;
    std::sort(net.to.begin(), net.to.end(), [&](int a, int b) {
      return std::pair(layer[at(a)], a) < std::pair(layer[at(b)], b);
    });
    net.to.erase(std::unique(net.to.begin(), net.to.end()), net.to.end());
    net.passed = layer[at(net.to.back())] - layer[at(net.from)] - 1;
    by_length.push_back(&net);
  }
  std::stable_sort(by_length.begin(), by_length.end(),
                   [](const Net* a, const Net* b) { return a->passed < b->passed; });
  long long all = 0;
  for (Net* net : by_length) {
    all += net->passed;
    net->direct = all > most_passed;
    if (net->direct) net->passed = 0;
  }
  return nets;
}

// The vertex of a net in a layer from its box's on.
int vertex(const Net& net, const std::vector<int>& layer, int in_layer) {
  const int k = in_layer - layer[at(net.from)];
  return k == 0 ? net.from : net.first + k - 1;
}

Layered layered(const std::vector<Size>& boxes, std::vector<int> layer, std::vector<Net>* nets) {
  Layered g;
  g.boxes = static_cast<int>(boxes.size());
  for (const Size& s : boxes) g.width.push_back(s.width);
  for (Net& net : *nets) {
    net.first = static_cast<int>(layer.size());
    for (int k = 1; k <= net.passed; ++k) {
      layer.push_back(layer[at(net.from)] + k);
      g.width.push_back(wire_width);
    }
  }
  g.layer = std::move(layer);
  g.above.resize(g.layer.size());
  g.below.resize(g.layer.size());
  const auto join = [&](int a, int b) {
    g.below[at(a)].push_back(b);
    g.above[at(b)].push_back(a);
  };
  for (const Net& net : *nets) {
    if (net.from < 0 || net.direct) continue;
    for (int k = 1; k <= net.passed; ++k) {
      const int l = g.layer[at(net.from)] + k;
      join(vertex(net, g.layer, l - 1), vertex(net, g.layer, l));
    }
    for (const int to : net.to) join(vertex(net, g.layer, g.layer[at(to)] - 1), to);
  }
  for (size_t v = 0; v < g.layer.size(); ++v) {
    if (g.layers.size() <= at(g.layer[v])) g.layers.resize(at(g.layer[v]) + 1);
    g.layers[at(g.layer[v])].push_back(static_cast<int>(v));
  }
  return g;
}

// A layer's height, and more room below it where lines go far to the side.
void place_down(const std::vector<Size>& boxes, const Spacing& spacing, const Layered& g,
                const std::vector<double>& x, std::vector<double>* top,
                std::vector<double>* bottom) {
  double y = 0;
  for (const std::vector<int>& layer : g.layers) {
    double height = 0, aside = 0;
    for (const int v : layer) {
      if (!g.is_wire(v)) height = std::max(height, boxes[at(v)].height);
      for (const int w : g.below[at(v)]) aside = std::max(aside, std::abs(x[at(v)] - x[at(w)]));
    }
    top->push_back(y);
    bottom->push_back(y + height);
    y = std::round(y + height + spacing.layers + std::min(aside * 0.08, spacing.layers * 2.5));
  }
}

void add(std::vector<Point>* line, double x, double y) {
  const Point p{std::round(x), std::round(y)};
  const size_t n = line->size();
  if (n > 0 && line->back() == p) return;
  // A straight part that goes on needs no point between.
  if (n > 1 && (*line)[n - 1].x == p.x && (*line)[n - 2].x == p.x) {
    line->back() = p;
  } else {
    line->push_back(p);
  }
}

struct Routes {
  const Layered& g;
  const std::vector<Size>& boxes;
  const std::vector<double>& x;
  const std::vector<double>& bottom;
  const Layout& out;

  // `port`: where the net leaves its box.
  void leave(const Net& net, int v, double port, std::vector<Point>* line) const {
    if (v == net.from) add(line, port, out.at[at(v)].y + boxes[at(v)].height);
    add(line, v == net.from ? port : x[at(v)], bottom[at(g.layer[at(v)])]);
  }
  void arrive(int box, std::vector<Point>* line) const {
    add(line, x[at(box)], out.top[at(g.layer[at(box)])]);
    add(line, x[at(box)], out.at[at(box)].y);
  }

  // The last reader's line is the whole way; others leave it in the layer above theirs.
  std::vector<std::vector<Point>> of(const Net& net, double port) const {
    std::vector<std::vector<Point>> lines;
    for (const int to : net.to) {
      std::vector<Point> line;
      if (net.direct || to == net.to.back()) {
        leave(net, net.from, port, &line);
        for (int k = 0; k < net.passed; ++k) {
          const int v = net.first + k;
          add(&line, x[at(v)], out.top[at(g.layer[at(v)])]);
          add(&line, x[at(v)], bottom[at(g.layer[at(v)])]);
        }
      } else {
        leave(net, vertex(net, g.layer, g.layer[at(to)] - 1), port, &line);
      }
      arrive(to, &line);
      lines.push_back(std::move(line));
    }
    return lines;
  }
};

// Several nets leave a box side by side, in the order of where they go.
std::vector<double> ports(const std::vector<Net>& nets, const std::vector<Size>& boxes,
                          const std::vector<double>& x) {
  std::vector<std::vector<std::pair<double, size_t>>> leaving(boxes.size());
  for (size_t i = 0; i < nets.size(); ++i) {
    if (nets[i].from < 0) continue;
    const int next = nets[i].passed > 0 ? nets[i].first : nets[i].to[0];
    leaving[at(nets[i].from)].emplace_back(x[at(next)], i);
  }
  std::vector<double> port(nets.size(), 0);
  for (size_t b = 0; b < leaving.size(); ++b) {
    std::sort(leaving[b].begin(), leaving[b].end());
    const double n = static_cast<double>(leaving[b].size());
    const double step = std::min(24.0, boxes[b].width * 0.8 / std::max(1.0, n));
    for (size_t i = 0; i < leaving[b].size(); ++i) {
      port[leaving[b][i].second] = std::round(x[b] + (static_cast<double>(i) - (n - 1) / 2) * step);
    }
  }
  return port;
}

}  // namespace

Layout lay_out(const std::vector<Size>& boxes, const std::vector<Wire>& wires,
               const Spacing& spacing) {
  Layout out;
  out.layer = layers_of(boxes.size(), wires);
  std::vector<Net> nets = nets_of(wires, out.layer);
  Layered g = layered(boxes, out.layer, &nets);
  order_layers(&g);
  const std::vector<double> x = place_across(g, spacing);
  std::vector<double> bottom;
  place_down(boxes, spacing, g, x, &out.top, &bottom);
  for (size_t v = 0; v < boxes.size(); ++v) {
    const size_t l = at(out.layer[v]);
    const double y = out.top[l] + (bottom[l] - out.top[l] - boxes[v].height) / 2;
    out.at.push_back({x[v] - boxes[v].width / 2, std::round(y)});
    out.height = std::max(out.height, out.at[v].y + boxes[v].height);
  }
  for (size_t v = 0; v < x.size(); ++v) out.width = std::max(out.width, x[v] + g.width[v] / 2);
  const Routes routes{g, boxes, x, bottom, out};
  const std::vector<double> port = ports(nets, boxes, x);
  for (size_t i = 0; i < nets.size(); ++i) out.nets.push_back(routes.of(nets[i], port[i]));
  return out;
}

}  // namespace hone::inspect
