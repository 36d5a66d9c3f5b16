#include "device/kernels/qconv/tiled.h"

#include <cstring>

#include "common/base/checked.h"
#include "device/kernels/conv/tile_windows.h"
#include "device/kernels/qconv/pack.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

bool is_depthwise(const ConvParams& c) { return c.c > 1 && c.groups == c.c && c.groups == c.o; }

// Packed weights of a step whose attributes and x were checked.
bool weights_fit(const QTiling& t, const QConvParams& p, int64_t* bytes) {
  const ConvParams& c = p.conv;
  int64_t column = 0, columns = 0;
  if (mul_overflows(runs_of(p.source), words_of(p.source) * t.weights_of_word(), &column) ||
      column > max_elements || mul_overflows(round_up(c.og, t.panel.width), c.groups, &columns) ||
      mul_overflows(columns, column + panel_head, bytes) || *bytes > max_elements * 2) {
    return false;
  }
  *bytes += static_cast<int64_t>(sizeof(QPackHead));
  return true;
}

// The windows of output pixels [m, m + rows), of channels from `x` on.
void find_windows(const QConvParams& p, const uint8_t* x, int64_t m, int64_t rows, QTile* tile) {
  const ConvParams& c = p.conv;
  int64_t ox = m % c.ow, oy = m / c.ow % c.oh, n = m / c.ow / c.oh;
  for (int64_t i = 0; i < rows; ++i) {
    tile->a[i] = window_at(p, x, n, oy, ox);
    if (++ox < c.ow) continue;
    ox = 0;
    if (++oy == c.oh) oy = 0, ++n;
  }
}

template <class X>
void sum_rows(const QTile& t, int64_t rows, int32_t* sums) {
  const QSource& s = *t.source;
  for (int64_t i = 0; i < rows; ++i) {
    uint32_t sum = 0;  // wraps, as the tile's sums do
    for (int64_t ky = 0; ky < s.taps_y; ++ky) {
      for (int64_t kx = 0; kx < s.taps_x; ++kx) {
        const uint8_t* a = t.a[i] + ky * s.step_y + kx * s.step_x;
        for (int64_t k = 0; k < s.run; ++k) {
          X x;
          memcpy(&x, a + k * static_cast<int64_t>(sizeof x), sizeof x);
          sum += static_cast<uint32_t>(int32_t{x});
        }
      }
    }
    sums[i] = static_cast<int32_t>(sum);
  }
}

struct Job {
  const QTiling& t;
  const QConvParams& p;
  QFinish finish;
  const uint8_t* x;
  const uint8_t* w;
  uint8_t* y;
  bool row_sums;
  void* scratch;
};

// A group's panels of columns [begin, end).
struct Panels {
  const Job& job;
  int64_t group, begin, end;

  // Of output pixels from m on: multiply(tile, vectors).
  template <class Multiply>
  void run(QTile* tile, int64_t m, Multiply multiply) const {
    const QTiling& t = job.t;
    const ConvParams& c = job.p.conv;
    const uint8_t* w = job.w + group * qgroup_bytes(t, job.p);
    const int64_t y_bytes = gives_floats(job.p) ? 4 : 1;
    tile->y_row = c.y_row * y_bytes, tile->finish = job.finish;
    for (int64_t o = begin; o < end; o += t.panel.columns) {
      tile->panel = w + o * qcolumn_bytes(t, job.p);
      tile->columns = end - o < t.panel.columns ? end - o : t.panel.columns;
      tile->y = job.y + (m * c.y_row + group * c.og + o) * y_bytes;
      multiply(*tile, panel_width(t.panel, c.og, o) / t.panel.width);
    }
  }
};

// Output pixels [m, m_end) by rows of words.
void run_rows(const Panels& panels, int64_t m, int64_t m_end) {
  const Job& job = panels.job;
  const QTiling& t = job.t;
  const uint8_t* x = job.x + panels.group * job.p.conv.cg * job.p.source.element;
  int32_t sums[max_tile_rows];
  QTile tile;
  tile.source = &job.p.source, tile.row_sums = job.row_sums ? sums : nullptr;
  for (int64_t rows; m < m_end; m += rows) {
    const int64_t left = m_end - m, tiles = ceil_div(left, t.rows);
    rows = ceil_div(left, tiles);
    find_windows(job.p, x, m, rows, &tile);
    if (job.row_sums) {
      t.element == QElement::byte ? sum_rows<uint8_t>(tile, rows, sums)
                                  : sum_rows<int16_t>(tile, rows, sums);
    }
    panels.run(&tile, m, [&](const QTile& at, int64_t vectors) { t.get(rows, vectors)(at); });
  }
}

// sum_rows() of AMX's tiles.
template <class X>
void sum_tiles(const AmxBlock& block, int64_t rows, int32_t* sums) {
  for (int64_t i = 0; i < rows; ++i) {
    uint32_t sum = 0;
    for (int64_t s = 0; s < block.steps; ++s) {
      const TileRows& tile = block.a[i / tile_rows][s];
      const X* a = static_cast<const X*>(tile.at) + i % tile_rows * tile.stride;
      for (int k = 0; k < tile_row_bytes; ++k) sum += static_cast<uint32_t>(a[k]);
    }
    sums[i] = static_cast<int32_t>(sum);
  }
}

// The same by tiles of AMX.
void run_tiles(const Panels& panels, int64_t m, int64_t m_end) {
  const Job& job = panels.job;
  const ConvParams& c = job.p.conv;
  const bool x_signed = job.p.x_type == DType::i8;
  const Windows windows{c, job.x + panels.group * c.cg, 1, static_cast<uint8_t>(job.p.x_zero)};
  const TileLists lists(job.scratch, windows.steps());
  int32_t sums[amx_rows];
  QTile tile;
  tile.source = nullptr, tile.row_sums = job.row_sums ? sums : nullptr;
  for (; m < m_end; m += amx_rows) {
    const int64_t rows = m_end - m < amx_rows ? m_end - m : amx_rows;
    AmxBlock block = lists.fill(windows, m, rows);
    if (job.row_sums) {
      x_signed ? sum_tiles<int8_t>(block, rows, sums) : sum_tiles<uint8_t>(block, rows, sums);
    }
    panels.run(&tile, m, [&](const QTile& at, int64_t vectors) {
      block.first = at.panel, block.b = at.panel + vectors * tile_rows * panel_head;
      job.t.amx->block(at, block, static_cast<int>(rows), static_cast<int>(vectors), x_signed);
    });
  }
}

void run_unit(const Job& job, int64_t unit) {
  const ConvParams& c = job.p.conv;
  const Blocking& b = c.blocking;
  const int64_t pixels = c.batch * c.oh * c.ow, units_per_group = b.row_units * b.panel_units;
  const int64_t columns = b.panels * job.t.panel.columns;
  int64_t row_unit, panel_unit;
  split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
  const int64_t m = row_unit * b.rows, m_end = m + b.rows < pixels ? m + b.rows : pixels;
  Panels panels{job, unit / units_per_group, panel_unit * columns, (panel_unit + 1) * columns};
  if (panels.end > c.og) panels.end = c.og;
  job.t.amx ? run_tiles(panels, m, m_end) : run_rows(panels, m, m_end);
}

}  // namespace

bool set_source(const QTiling& t, QConvParams* p, int64_t* workspace) {
  if (!t.amx) return find_source(p, t.element, t.together, workspace);
  *workspace = 0;
  set_tiled_source(p);
  return true;
}

int64_t x_zero_as_read(const QTiling& t, const QConvParams& p) {
  return t.amx ? p.x_zero : x_zero_of(p);
}

const char* bind_qconv_tiled(const QTiling& t, const Step& step, void* params, Work* work) {
  QConvParams* p = static_cast<QConvParams*>(params);
  if (const char* reason = check_qconv(step, p)) return reason;
  ConvParams& c = p->conv;
  if (p->wide != 0 && p->wide != 1) return "sums may need more than 32 bits";
  if (is_depthwise(c)) return "depthwise has kernels of its own";
  if (t.together > 1 && c.batch * c.oh * c.ow < 2) return "one pixel: half of each product is lost";
  for (size_t i = 2; i < 5; ++i) {
    if (operand_or_absent(step.in, i).present()) return "bias, scale or zero are not constant";
  }
  int64_t weights = 0, workspace = 0;
  if (!set_source(t, p, &workspace) || !weights_fit(t, *p, &weights)) return "too large";
  if (!is_blob(step.in[1], weights)) return "weights not packed";
  const QSource& s = p->source;
  const int64_t pixels = c.batch * c.oh * c.ow;
  c.blocking = block_work(t.rows, t.panel, pixels, c.og, runs_of(s) * words_of(s),
                          c.batch * c.h * c.w * ceil_div(c.cg * s.element, 4));
  *work = {};
  work->phases = s.copied ? 2 : 1;
  if (s.copied) work->units[0] = c.batch * s.h;
  work->units[work->phases - 1] = c.groups * c.blocking.row_units * c.blocking.panel_units;
  work->workspace_bytes = workspace;
  if (t.amx) work->scratch_bytes = TileLists::bytes(tile_steps(words_of(s) * 4));
  return nullptr;
}

int64_t qconv_tiled_bytes(const QTiling& t, const Step& step, int index) {
  QConvParams p;
  int64_t weights = 0, workspace = 0;
  if (index < 1 || !has_constant_weights(step) || check_qconv_raw_weights(step, &p)) return 0;
  if (!set_source(t, &p, &workspace) || !weights_fit(t, p, &weights)) return 0;
  return index > 4 ? 0 : index > 1 ? -1 : weights;
}

void run_qconv_tiled(const QTiling& t, const RunArgs& args) {
  QConvParams p = *static_cast<const QConvParams*>(args.params);
  QFinish finish = finish_of(p);
  if (p.dynamic) {
    finish.dynamic = true, finish.factor = read_dynamic(args, &p);
    finish.x_zero = t.element == QElement::byte ? p.x_zero : 0;  // words are without it
  }
  if (p.source.copied && args.phase == 0) {
    return copy_source(p, t.convert, args.in[0], args.workspace, args.begin, args.end);
  }
  const QPackHead* head = static_cast<const QPackHead*>(args.in[1]);
  const void* x = p.source.copied ? args.workspace : args.in[0];
  const Job job{t,
                p,
                finish,
                static_cast<const uint8_t*>(x),
                reinterpret_cast<const uint8_t*>(head + 1),
                static_cast<uint8_t*>(args.out[0]),
                head->zeros != 0,
                args.scratch};
  if (t.amx) t.amx->begin();
  for (int64_t unit = args.begin; unit < args.end; ++unit) run_unit(job, unit);
  if (t.amx) t.amx->end();
}

}  // namespace hone::kernels
