#include "device/kernels/simd/strassen.h"

#include "common/base/checked.h"

namespace hone::kernels {
namespace {

constexpr int products = 7, row_sums = 5;
// What the rows of a unit and their sums may take of the L2 cache; but a panel is read once for a
// unit, so some tiles of rows at least.
constexpr int64_t row_bytes_per_unit = 200 * 1024, fewest_tiles = 3, most_tiles = 8;
// Units there should be at least. Where there are fewer blocks of rows the panels are cut: each
// part adds the rows anew, so no narrower than what that is small against.
constexpr int64_t wanted_units = 4, narrowest_part = 8;

// Quarters of the weights as rows (k) and columns (n) of halves: which are added, with what sign.
// Product 0: (X11 + X22)(W11 + W22), 1: (X21 + X22) W11, 2: X11 (W12 - W22), 3: X22 (W21 - W11),
// 4: (X11 + X12) W22, 5: (X21 - X11)(W11 + W12), 6: (X12 - X22)(W21 + W22).
struct Quarter {
  int k, n;
};
struct WeightSum {
  Quarter first, second;
  int sign;  // of the second; 0: none
};
constexpr WeightSum weight_sums[products] = {
    {{0, 0}, {1, 1}, 1}, {{0, 0}, {}, 0},     {{0, 1}, {1, 1}, -1}, {{1, 0}, {0, 0}, -1},
    {{1, 1}, {}, 0},     {{0, 0}, {0, 1}, 1}, {{1, 0}, {1, 1}, 1}};
// Product 2 is a term of both results of the right half, product 3 of both of the left one: the
// bias is added there.
constexpr int right_bias = 2, left_bias = 3;

// A cache line more than the data, so that rows do not fall on each other.
int64_t sums_row(int64_t k) { return round_up(k / 2, 16) + 16; }
int64_t most_rows(const Strassen& s, int64_t k) {
  const int64_t rows = s.tiling->rows;
  int64_t tiles = row_bytes_per_unit / ((row_sums + 2) * sums_row(k) * 4 * rows);
  if (tiles < fewest_tiles) tiles = fewest_tiles;
  return 2 * rows * (tiles < most_tiles ? tiles : most_tiles);
}

// Where the seven panels of two columns stay in the L2 cache, each tile of rows goes through all of
// them, so that its products stay in the L1 cache; else all rows go through one after the other.
constexpr int64_t most_panel_bytes = 400 * 1024;
bool panels_stay(const Strassen& s, int64_t k) {
  return products * (k / 2) * s.tiling->panel.columns * 4 <= most_panel_bytes;
}

// Scratch of one thread.
struct Scratch {
  float *zeros, *sums, *products;
};
Scratch scratch_of(int64_t top, int64_t k, void* scratch) {
  Scratch s;
  s.zeros = static_cast<float*>(scratch);
  s.sums = s.zeros + sums_row(k);
  s.products = s.sums + row_sums * top * sums_row(k);
  for (int64_t i = 0; i < k / 2; ++i) s.zeros[i] = 0;
  return s;
}

struct Unit {
  const float* x;
  int64_t top, bottom;
};

// Where the factors of product `i`'s row `row` begin.
const float* row_of(const StrassenProduct& p, const Unit& u, const Scratch& s, int i, int64_t row) {
  if (i == 2) return u.x + row * p.x_row;
  if (i == 3) return row < u.bottom ? u.x + (u.top + row) * p.x_row + p.k / 2 : s.zeros;
  constexpr int number[products] = {0, 1, 0, 0, 2, 3, 4};
  return s.sums + (number[i] * u.top + row) * sums_row(p.k);
}

// Rows (of halves) that go through the seven products with one panel together.
struct Pass {
  int64_t begin, end;
  int64_t column, wide;  // of the panel
};
int64_t product_step(const Tiling& t, int64_t rows) { return rows * t.panel.columns + 16; }

// The seven products of a pass.
void multiply(const Tiling& t, const StrassenProduct& p, const Unit& u, const Scratch& s,
              const Pass& pass) {
  const Epilogue none = make_epilogue(Act::none, 0, 0, false);
  const int64_t k = p.k / 2, rows = pass.end - pass.begin;
  const float* a[max_tile_rows];
  Tile tile{};
  tile.a = a, tile.taps = 1, tile.k = k, tile.epilogue = &none;
  tile.y_row = tile.columns = pass.wide;
  for (int i = 0; i < products; ++i) {
    tile.panel = p.panels + products * panel_offset(pass.column, k) + i * pass.wide * (k + 1);
    for (int64_t m = 0, count; m < rows; m += count) {
      count = next_rows(t, rows - m);
      for (int64_t r = 0; r < count; ++r) a[r] = row_of(p, u, s, i, pass.begin + m + r);
      tile.y = s.products + i * product_step(t, rows) + m * pass.wide;
      t.get(count, pass.wide / t.panel.width)(tile);
    }
  }
}

// m: the unit's first row.
void run_pass(const Strassen& s, const StrassenProduct& p, const Unit& u, const Scratch& scratch,
              const Pass& pass, int64_t m) {
  const int64_t rows = pass.end - pass.begin, n = p.n / 2, first = m + pass.begin;
  multiply(*s.tiling, p, u, scratch, pass);
  StrassenFinish f{};
  f.products = scratch.products, f.product_step = product_step(*s.tiling, rows);
  f.wide = pass.wide, f.columns = n - pass.column < f.wide ? n - pass.column : f.wide;
  f.top = rows, f.bottom = u.bottom < pass.end ? u.bottom - pass.begin : rows;
  f.lower = u.top, f.right = n;
  f.y = p.y + first * p.y_row + pass.column, f.y_row = p.y_row;
  f.residual = p.residual ? p.residual + first * p.r_row + pass.column : nullptr;
  f.r_row = p.r_row, f.epilogue = p.epilogue;
  s.loops->finish(f);
}

// The unit's rows with one panel.
void run_panel(const Strassen& s, const StrassenProduct& p, const Unit& u, const Scratch& scratch,
               int64_t m, int64_t column) {
  const int64_t wide = panel_width(s.tiling->panel, p.n / 2, column);
  int64_t rows = u.top;
  for (int64_t row = 0; row < u.top; row += rows) {
    if (panels_stay(s, p.k)) rows = next_rows(*s.tiling, u.top - row);
    run_pass(s, p, u, scratch, {row, row + rows, column, wide}, m);
  }
}

}  // namespace

const char* check_strassen(int64_t n, int64_t k) {
  return n >= 2 && k >= 2 && n % 2 == 0 && k % 2 == 0 ? nullptr : "not of even columns and sums";
}

int64_t strassen_floats(const Strassen& s, int64_t n, int64_t k) {
  return products * panel_floats(s.tiling->panel, n / 2, k / 2);
}

void pack_strassen(const Strassen& s, const PanelSource& source, float* dst) {
  const PanelShape shape = s.tiling->panel;
  const int64_t k = source.k / 2, n = source.n / 2;
  auto quarter = [&](Quarter q) {
    return source.w + q.k * k * source.k_step + q.n * n * source.n_step;
  };
  for (int64_t panel = 0; panel < panel_count(shape, n); ++panel) {
    const int64_t first = panel * shape.columns, at = panel_offset(first, k);
    for (int i = 0; i < products; ++i) {
      const WeightSum& sum = weight_sums[i];
      PanelSource part = source;
      part.w = quarter(sum.first), part.n = n, part.k = k, part.bias = nullptr;
      if (sum.sign != 0) part.other = quarter(sum.second), part.sign = sum.sign;
      if (source.bias && i == left_bias) part.bias = source.bias;
      if (source.bias && i == right_bias) part.bias = source.bias + n;
      // pack_panel() adds `at` once; here seven panels stand where one would.
      pack_panel(shape, part, panel,
                 dst + (products - 1) * at + i * panel_width(shape, n, first) * (k + 1));
    }
  }
}

StrassenBlocking block_strassen(const Strassen& s, int64_t rows, int64_t n, int64_t k) {
  StrassenBlocking b{};
  if (rows == 0) return b;
  const int64_t panels = panel_count(s.tiling->panel, n / 2);
  b.row_units = ceil_div(rows, most_rows(s, k));
  b.block = ceil_div(rows, b.row_units);
  const int64_t parts = panels / narrowest_part;
  b.panel_units = ceil_div(wanted_units, b.row_units);
  if (b.panel_units > parts) b.panel_units = parts > 1 ? parts : 1;
  b.panels = ceil_div(panels, b.panel_units);
  b.panel_units = ceil_div(panels, b.panels);
  return b;
}

int64_t strassen_scratch_bytes(const Strassen& s, int64_t rows, int64_t k) {
  const int64_t most = most_rows(s, k), top = ceil_div(rows < most ? rows : most, 2);
  return 4 * ((1 + row_sums * top) * sums_row(k) +
              products * product_step(*s.tiling, panels_stay(s, k) ? s.tiling->rows : top));
}

void run_strassen(const Strassen& s, const StrassenBlocking& b, const StrassenProduct& p,
                  int64_t begin, int64_t end, void* memory) {
  const int64_t n = p.n / 2, columns = s.tiling->panel.columns;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t m = unit / b.panel_units * b.block;
    const int64_t count = p.rows - m < b.block ? p.rows - m : b.block;
    const Unit u{p.x + m * p.x_row, ceil_div(count, 2), count / 2};
    const Scratch scratch = scratch_of(u.top, p.k, memory);
    s.loops->add_rows(
        {u.x, p.x_row, u.top, u.bottom, p.k / 2, scratch.zeros, scratch.sums, sums_row(p.k)});
    const int64_t first = unit % b.panel_units * b.panels * columns;
    const int64_t last = first + b.panels * columns < n ? first + b.panels * columns : n;
    for (int64_t o = first; o < last; o += columns) run_panel(s, p, u, scratch, m, o);
  }
}

}  // namespace hone::kernels
