#include "device/kernels/qconv/tiled.h"

#include "common/base/checked.h"
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

void sum_rows(const QTile& t, int64_t rows, int32_t* sums) {
  const QSource& s = *t.source;
  for (int64_t i = 0; i < rows; ++i) {
    uint32_t sum = 0;  // wraps, as the tile's sums do
    for (int64_t ky = 0; ky < s.taps_y; ++ky) {
      for (int64_t kx = 0; kx < s.taps_x; ++kx) {
        const uint8_t* a = t.a[i] + ky * s.step_y + kx * s.step_x;
        for (int64_t k = 0; k < s.run; ++k) sum += a[k];
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
};

void run_unit(const Job& job, int64_t unit) {
  const QTiling& t = job.t;
  const ConvParams& c = job.p.conv;
  const Blocking& b = c.blocking;
  const int64_t pixels = c.batch * c.oh * c.ow, units_per_group = b.row_units * b.panel_units;
  int64_t g = unit / units_per_group, row_unit, panel_unit;
  split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
  const uint8_t* x = job.x + g * c.cg * job.p.source.element;
  const uint8_t* w = job.w + g * qgroup_bytes(t, job.p);
  const int64_t m_end = row_unit * b.rows + b.rows < pixels ? row_unit * b.rows + b.rows : pixels;
  const int64_t o_begin = panel_unit * b.panels * t.panel.columns;
  int64_t o_end = o_begin + b.panels * t.panel.columns;
  if (o_end > c.og) o_end = c.og;
  int32_t sums[max_tile_rows];
  QTile tile;
  tile.source = &job.p.source, tile.row_sums = job.row_sums ? sums : nullptr;
  const int64_t y_bytes = gives_floats(job.p) ? 4 : 1;
  tile.y_row = c.y_row * y_bytes, tile.finish = job.finish;
  for (int64_t m = row_unit * b.rows, rows; m < m_end; m += rows) {
    const int64_t left = m_end - m, tiles = ceil_div(left, t.rows);
    rows = ceil_div(left, tiles);
    find_windows(job.p, x, m, rows, &tile);
    if (job.row_sums) sum_rows(tile, rows, sums);
    for (int64_t o = o_begin; o < o_end; o += t.panel.columns) {
      tile.panel = w + o * qcolumn_bytes(t, job.p);
      tile.columns = o_end - o < t.panel.columns ? o_end - o : t.panel.columns;
      tile.y = job.y + (m * c.y_row + g * c.og + o) * y_bytes;
      t.get(rows, panel_width(t.panel, c.og, o) / t.panel.width)(tile);
    }
  }
}

}  // namespace

const char* bind_qconv_tiled(const QTiling& t, const Step& step, void* params, Work* work) {
  QConvParams* p = static_cast<QConvParams*>(params);
  if (const char* reason = check_qconv(step, p)) return reason;
  ConvParams& c = p->conv;
  if (p->wide != 0 && p->wide != 1) return "sums may need more than 32 bits";
  if (is_depthwise(c)) return "depthwise has kernels of its own";
  for (size_t i = 2; i < 5; ++i) {
    if (operand_or_absent(step.in, i).present()) return "bias, scale or zero are not constant";
  }
  int64_t weights = 0, workspace = 0;
  if (!find_source(p, t.element, &workspace) || !weights_fit(t, *p, &weights)) return "too large";
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
  return nullptr;
}

int64_t qconv_tiled_bytes(const QTiling& t, const Step& step, int index) {
  QConvParams p;
  int64_t weights = 0, workspace = 0;
  if (index < 1 || !has_constant_weights(step) || check_qconv_raw_weights(step, &p)) return 0;
  if (!find_source(&p, t.element, &workspace) || !weights_fit(t, p, &weights)) return 0;
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
                head->zeros != 0 && t.element == QElement::byte};
  for (int64_t unit = args.begin; unit < args.end; ++unit) run_unit(job, unit);
}

}  // namespace hone::kernels
