// Operators whose result's size the data decide: NonZero, Compress, Unique.
#include <algorithm>
#include <map>
#include <numeric>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- NonZero ------------------------------------------------------------------------------------

Status infer_nonzero(InferContext& ctx) {
  const Dim count = ctx.unknown(0, 1);
  if (ctx.has_rank(0)) {
    ctx.set(0, DType::i64, {Dim(ctx.in(0).rank()), count});
  } else {
    ctx.set(0, DType::i64, {ctx.unknown(0, 0), count});
  }
  return {};
}

Status nonzero(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const std::vector<double> values = load<double>(x);
  std::vector<std::vector<int64_t>> found(x.dims().size());
  int64_t count = 0;
  Walk<1> walk(x.dims(), {Dims(x.dims().size(), 0)});
  for (double v : values) {
    if (v != 0) {
      for (size_t d = 0; d < found.size(); ++d) found[d].push_back(walk.index()[d]);
      ++count;
    }
    walk.next();
  }
  std::vector<int64_t> rows;
  for (const auto& row : found) rows.insert(rows.end(), row.begin(), row.end());
  ctx.set(0, Tensor::of<int64_t>({static_cast<int64_t>(found.size()), count}, rows));
  return {};
}

// --- Compress -----------------------------------------------------------------------------------

Status infer_compress(InferContext& ctx) {
  const DType condition = ctx.in(1).dtype;
  if (condition != DType::none && condition != DType::boolean) {
    return invalid(fmt::format("the condition has type {}, not bool", name(condition)));
  }
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 1));
  const DType t = ctx.in(0).dtype;
  if (!ctx.node().attributes.has("axis")) {
    ctx.set(0, t, {ctx.unknown(0, 0)});
    return {};
  }
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), ctx.in(0).rank()));
  SymShape out = ctx.shape(0);
  out[static_cast<size_t>(axis)] = ctx.unknown(0, axis);
  ctx.set(0, t, std::move(out));
  return {};
}

Status compress(RefContext& ctx) {
  const Tensor& condition = ctx.in(1);
  if (condition.dtype() != DType::boolean) return bad_dtype(ctx.node(), condition.dtype());
  const bool flat = !ctx.node().attributes.has("axis");
  const Tensor x = flat ? ctx.in(0).reshaped({ctx.in(0).count()}) : ctx.in(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const Lines lines = lines_of(x.dims(), axis);
  if (condition.rank() != 1 || condition.count() > lines.size) {
    return error(Code::shape_mismatch, "the condition is longer than the axis");
  }
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < condition.count(); ++i) {
    if (condition.int_at(i) != 0) kept.push_back(i);
  }
  Dims dims = x.dims();
  const auto n = static_cast<int64_t>(kept.size());
  dims[static_cast<size_t>(axis)] = n;
  HONE_ASSIGN(Tensor y, gather_elements(x, dims, [&](int64_t i) {
                const int64_t row = kept[static_cast<size_t>(i / lines.stride % n)];
                return (i / lines.stride / n * lines.size + row) * lines.stride + i % lines.stride;
              }));
  ctx.set(0, std::move(y));
  return {};
}

// --- Unique -------------------------------------------------------------------------------------

Status infer_unique(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  const bool flat = !ctx.node().attributes.has("axis");
  SymShape out{ctx.unknown(0, 0)};
  Dim inverse = ctx.unknown(2, 0);
  if (ctx.has_rank(0)) {
    const SymShape& x = ctx.shape(0);
    inverse = graph::product(x, 0, x.size());
    if (!flat) {
      HONE_ASSIGN(const int axis,
                  normal_axis(ctx.node().attributes.i("axis", 0), ctx.in(0).rank()));
      out = x;
      inverse = x[static_cast<size_t>(axis)];
      out[static_cast<size_t>(axis)] = ctx.unknown(0, axis);
    }
  }
  if (flat || ctx.has_rank(0)) {
    ctx.set(0, t, out);
  } else {
    ctx.set_unranked(0, t);
  }
  // As many as output 0 has along its axis, whether that is there or not.
  ctx.set(1, DType::i64, {ctx.unknown(1, 0)});
  ctx.set(2, DType::i64, {inverse});
  ctx.set(3, DType::i64, {ctx.unknown(3, 0)});
  return {};
}

// The subtensors along an axis as comparable keys.
template <class Key, class Read>
std::vector<std::vector<Key>> subtensors(const Lines& lines, Read&& read) {
  std::vector<std::vector<Key>> keys(static_cast<size_t>(lines.size));
  for (size_t k = 0; k < keys.size(); ++k) {
    for (int64_t i = 0; i < lines.count; ++i) {
      keys[k].push_back(read(lines.first(i) + static_cast<int64_t>(k) * lines.stride));
    }
  }
  return keys;
}

struct Distinct {
  std::vector<int64_t> first, inverse, counts;  // of each distinct key; of each subtensor; of each
};

template <class Key>
Distinct distinct(const std::vector<std::vector<Key>>& keys, bool sorted) {
  std::map<std::vector<Key>, int64_t> places;  // in order of the keys
  Distinct d;
  for (size_t k = 0; k < keys.size(); ++k) {
    const auto [at, fresh] = places.emplace(keys[k], static_cast<int64_t>(d.first.size()));
    if (fresh) {
      d.first.push_back(static_cast<int64_t>(k));
      d.counts.push_back(0);
    }
    ++d.counts[static_cast<size_t>(at->second)];
    d.inverse.push_back(at->second);
  }
  if (!sorted) return d;
  Distinct s;
  std::vector<int64_t> rank(d.first.size());
  for (const auto& [key, place] : places) {
    rank[static_cast<size_t>(place)] = static_cast<int64_t>(s.first.size());
    s.first.push_back(d.first[static_cast<size_t>(place)]);
    s.counts.push_back(d.counts[static_cast<size_t>(place)]);
  }
  for (int64_t place : d.inverse) s.inverse.push_back(rank[static_cast<size_t>(place)]);
  return s;
}

Result<Distinct> distinct_of(const Node& node, const Tensor& x, const Lines& lines, bool sorted) {
  if (x.dtype() == DType::string) {
    const auto& strings = x.as_strings();
    return distinct(
        subtensors<std::string>(lines, [&](int64_t i) { return strings[static_cast<size_t>(i)]; }),
        sorted);
  }
  Distinct d;
  HONE_RETURN_IF_ERROR(in_domain(node, x.dtype(), [&]<class W>() -> Status {
    const std::vector<W> values = load<W>(x);
    if (std::any_of(values.begin(), values.end(), [](W v) { return v != v; })) {
      return unsupported("Unique of NaN");
    }
    d = distinct(subtensors<W>(lines, [&](int64_t i) { return values[static_cast<size_t>(i)]; }),
                 sorted);
    return {};
  }));
  return d;
}

Status unique(RefContext& ctx) {
  const bool flat = !ctx.node().attributes.has("axis");
  const bool sorted = ctx.node().attributes.i("sorted", 1) != 0;
  const Tensor x = flat ? ctx.in(0).reshaped({ctx.in(0).count()}) : ctx.in(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const Lines lines = lines_of(x.dims(), axis);
  HONE_ASSIGN(const Distinct d, distinct_of(ctx.node(), x, lines, sorted));
  Dims dims = x.dims();
  const auto n = static_cast<int64_t>(d.first.size());
  dims[static_cast<size_t>(axis)] = n;
  HONE_ASSIGN(Tensor y, gather_elements(x, dims, [&](int64_t i) {
                const int64_t row = d.first[static_cast<size_t>(i / lines.stride % n)];
                return (i / lines.stride / n * lines.size + row) * lines.stride + i % lines.stride;
              }));
  ctx.set(0, std::move(y));
  if (ctx.has_output(1)) ctx.set(1, Tensor::of<int64_t>({n}, d.first));
  if (ctx.has_output(2)) ctx.set(2, Tensor::of<int64_t>({lines.size}, d.inverse));
  if (ctx.has_output(3)) ctx.set(3, Tensor::of<int64_t>({n}, d.counts));
  return {};
}

double inputs(const Graph& graph, const Node& node) { return input_elements(graph, node); }

constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec unique_attrs[] = {{"axis", AttrType::i}, {"sorted", AttrType::i}};
const OpDef defs[] = {
    {"", "NonZero", 9, 1, 1, 1, 1, {}, infer_nonzero, nonzero, inputs, 0},
    {"", "Compress", 9, 2, 2, 1, 1, axis, infer_compress, compress, no_flops, 0},
    {"", "Unique", 11, 1, 1, 1, 4, unique_attrs, infer_unique, unique, inputs, 0},
};

}  // namespace

std::span<const OpDef> nonzero_defs() { return defs; }

}  // namespace hone::ops
