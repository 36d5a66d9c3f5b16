#include "host/plan/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "device/kernels/copy/copy.h"
#include "device/kernels/fill/fill.h"
#include "host/graph/stated_sizes.h"
#include "host/graph/title.h"
#include "host/ops/op_def.h"
#include "host/ops/plugin.h"
#include "host/passes/expand/expand.h"
#include "host/plan/lower/lowerings.h"

namespace hone::plan {

using graph::Fact;

namespace {

constexpr LoweringEntry table[] = {
#define HONE_LOWERING(domain, op, fn) {domain, #op, lower_##fn},
#include "host/plan/lower/lowerings.inc"
#undef HONE_LOWERING
};

std::string label(const Node& n) { return n.name.empty() ? n.op : n.name; }

std::string join(const std::vector<std::string>& parts, const char* sep) {
  return fmt::format("{}", fmt::join(parts, sep));
}

// The elements are expressions of sizes, none of them only the data's to tell.
bool is_shape(const Graph& graph, ValueId v) {
  const auto& content = graph.fact(v).content;
  if (!content) return false;
  for (size_t k = 0; k < content->size(); ++k) {
    const Dim& d = (*content)[k];
    if (d.is_symbol() && d.symbol_name() == ops::data_symbol(graph, v, k)) return false;
  }
  return true;
}

// Why a node that has no kernel was not made of others either.
Status no_lowering(const Graph& graph, const Node& n) {
  const passes::ExpandFn expand = passes::find_expansion(n);
  if (expand == nullptr || n.outputs.empty()) {
    return unsupported("no kernel; it runs in the reference executor only");
  }
  passes::Expansion e(graph, graph.value(n.output(0)).producer);
  HONE_RETURN_IF_ERROR(expand(e));
  return unsupported("no kernel; the pass expand_functions makes it of others");
}

// Copies `src` (row-major `dims`) so that physical dimension i is dimension order[i].
Tensor permute(const Tensor& src, const Dims& dims, const std::vector<int>& order) {
  Dims out_dims;
  for (int a : order) out_dims.push_back(dims[static_cast<size_t>(a)]);
  Tensor out(src.dtype(), out_dims);
  size_t rank = dims.size(), size = static_cast<size_t>(bits(src.dtype()) / 8);
  std::vector<int64_t> strides(rank, 1), index(rank, 0);
  for (size_t i = rank - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  auto* to = static_cast<std::byte*>(out.mutable_data());
  const auto* from = static_cast<const std::byte*>(src.data());
  for (int64_t k = 0, n = out.count(); k < n; ++k) {
    int64_t at = 0;
    for (size_t i = 0; i < rank; ++i) at += index[i] * strides[static_cast<size_t>(order[i])];
    std::memcpy(to + static_cast<size_t>(k) * size, from + static_cast<size_t>(at) * size, size);
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < out_dims[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

}  // namespace

std::span<const LoweringEntry> lowerings() { return table; }

LowerFn find_lowering(const Node& node) {
  for (const LoweringEntry& e : table) {
    if (node.op == e.op && node.domain == e.domain) return e.lower;
  }
  return ops::find_plugin_op(node) != nullptr ? lower_plugin : nullptr;
}

bool is_shape_arithmetic(const Graph& graph, const Node& n) {
  if (!n.blocks.empty() || n.outputs.empty()) return false;
  return std::all_of(n.outputs.begin(), n.outputs.end(),
                     [&](ValueId v) { return v == graph::none || is_shape(graph, v); });
}

PlanValue Lowering::add_value(Value v) {
  plan_.values.push_back(std::move(v));
  return static_cast<PlanValue>(plan_.values.size() - 1);
}

PlanValue Lowering::new_storage_value(const std::string& name, DType dtype, SymShape shape,
                                      Place place, int32_t index) {
  Storage s;
  s.place = place;
  s.index = index;
  s.dtype = dtype;
  s.elements = graph::product(shape, 0, shape.size());
  plan_.storages.push_back(std::move(s));
  Value v;
  v.name = name;
  v.dtype = dtype;
  v.shape = std::move(shape);
  v.storage = static_cast<int32_t>(plan_.storages.size() - 1);
  return add_value(std::move(v));
}

PlanValue Lowering::temporary(const std::string& name, DType dtype, SymShape physical) {
  return new_storage_value(name, dtype, std::move(physical), Place::arena, -1);
}

PlanValue Lowering::constant(const std::string& name, Tensor dense_physical) {
  SymShape shape(dense_physical.dims().begin(), dense_physical.dims().end());
  DType dtype = dense_physical.dtype();
  plan_.constants.push_back({name, std::move(dense_physical)});
  return new_storage_value(name, dtype, std::move(shape), Place::weights,
                           static_cast<int32_t>(plan_.constants.size() - 1));
}

PlanValue Lowering::constant_as(ValueId v, const Dims& dims, Layout layout) {
  auto order = graph::physical_order(static_cast<int>(dims.size()), layout);
  std::string key = to_string(dims) + (layout == Layout::row_major ? "" : "cl");
  auto [it, fresh] = constants_.try_emplace({v, key}, absent);
  if (fresh) {
    Tensor t = graph_.value(v).constant.reshaped(dims);
    bool moved = layout != Layout::row_major;
    it->second = constant(graph_.value(v).name, moved ? permute(t, dims, order) : std::move(t));
  }
  return it->second;
}

PlanValue Lowering::define(ValueId v) { return define_as(v, graph_.value(v).layout); }

PlanValue Lowering::define_as(ValueId v, Layout layout) {
  const graph::Value& g = graph_.value(v);
  PlanValue p = temporary(g.name, g.fact.dtype, graph::physical_shape(*g.fact.shape, layout));
  made_[{v, layout}] = p;
  return p;
}

void Lowering::define_view(ValueId v, PlanValue source) {
  define_view_as(v, source, graph_.value(v).layout);
}

void Lowering::define_view_as(ValueId v, PlanValue source, Layout layout) {
  const graph::Value& g = graph_.value(v);
  PlanValue p = reshape_view(source, graph::physical_shape(*g.fact.shape, layout));
  plan_.values[static_cast<size_t>(p)].name = g.name;
  made_[{v, layout}] = p;
}

void Lowering::bind_input(ValueId v, int32_t number) {
  const graph::Value& g = graph_.value(v);
  made_[{v, Layout::row_major}] =
      new_storage_value(g.name, g.fact.dtype, *g.fact.shape, Place::input, number);
}

PlanValue Lowering::view(PlanValue base, SymShape shape, std::vector<Dim> strides, Dim offset) {
  Value v = at(base);
  v.offset = v.offset + offset;
  v.shape = std::move(shape);
  v.strides = std::move(strides);
  return add_value(std::move(v));
}

PlanValue Lowering::reshape_view(PlanValue dense, SymShape shape) {
  assert(is_dense(dense));
  Value v = at(dense);
  v.shape = std::move(shape);
  return add_value(std::move(v));
}

PlanValue Lowering::bit_view(PlanValue dense, DType type) {
  assert(is_dense(dense) && bits(at(dense).dtype) == bits(type));
  Value v = at(dense);
  v.dtype = type;
  return add_value(std::move(v));
}

void Lowering::rename(PlanValue v, std::string name) {
  plan_.values[static_cast<size_t>(v)].name = std::move(name);
}

std::vector<Dim> Lowering::strides_of(PlanValue v) const {
  const Value& value = at(v);
  if (!value.strides.empty()) return value.strides;
  std::vector<Dim> strides(value.shape.size(), Dim(1));
  for (size_t i = value.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * value.shape[i];
  return strides;
}

PlanValue Lowering::dims_as_data(const std::string& name, DType dtype, const SymShape& shape,
                                 std::vector<Dim> dims) {
  DType made = dtype == DType::i32 ? DType::i32 : DType::i64;
  PlanValue p = temporary(name, made, shape);
  kernels::FillAttrs attrs{kernels::Fill::dims, 0, 0};
  step(*current_, "fill", {}, {p}, attrs, std::move(dims));
  if (dtype == made) return p;
  PlanValue cast = temporary(name, dtype, shape);
  add_step(*current_, "cast", {p}, {cast}, {}, {});
  return cast;
}

Result<PlanValue> Lowering::shape_as_data(ValueId v) {
  const graph::Value& g = graph_.value(v);
  PlanValue p = dims_as_data(g.name, g.fact.dtype, *g.fact.shape, *g.fact.content);
  made_[{v, Layout::row_major}] = p;
  return p;
}

Result<PlanValue> Lowering::use(ValueId v) {
  return v == graph::none ? Result<PlanValue>(absent) : use_as(v, graph_.value(v).layout);
}

Result<PlanValue> Lowering::use_as(ValueId v, Layout layout) {
  if (v == graph::none) return absent;
  if (auto it = made_.find({v, layout}); it != made_.end()) return it->second;
  const graph::Value& g = graph_.value(v);
  if (g.is_constant()) return constant_as(v, g.constant.dims(), layout);
  Layout from = layout == Layout::row_major ? Layout::channels_last : Layout::row_major;
  auto it = made_.find({v, from});
  if (it == made_.end()) {
    if (!g.fact.content) return internal(fmt::format("value '{}' was not lowered", g.name));
    HONE_ASSIGN(PlanValue data, shape_as_data(v));
    it = made_.find({v, Layout::row_major});
    if (layout == Layout::row_major) return data;
    from = Layout::row_major;
  }
  return made_[{v, layout}] = relay(v, it->second, *g.fact.shape, from, layout);
}

PlanValue Lowering::relay(ValueId v, PlanValue own, const SymShape& shape, Layout from, Layout to) {
  SymShape physical = graph::physical_shape(shape, to);
  if (graph::same_memory(shape, from, to)) return reshape_view(own, physical);
  const graph::Value& g = graph_.value(v);
  PlanValue made = temporary(g.name, g.fact.dtype, physical);
  // Read `own` through a view whose dimensions come in the other layout's order.
  int rank = static_cast<int>(shape.size());
  auto own_strides = strides_of(own);
  std::vector<Dim> strides;
  for (int axis : graph::physical_order(rank, to)) {
    strides.push_back(own_strides[static_cast<size_t>(graph::physical_axis(rank, axis, from))]);
  }
  copy(*current_, view(own, physical, std::move(strides), 0), made);
  return made;
}

Result<PlanValue> Lowering::use_broadcast(ValueId v, int rank, Layout layout) {
  const graph::Value& g = graph_.value(v);
  int own_rank = g.fact.rank();
  if (own_rank == rank || layout == Layout::row_major) return use_as(v, layout);
  size_t extra = static_cast<size_t>(rank - own_rank);
  if (g.is_constant()) {
    Dims dims(extra, 1);
    dims.insert(dims.end(), g.constant.dims().begin(), g.constant.dims().end());
    return constant_as(v, dims, layout);
  }
  HONE_ASSIGN(PlanValue row, use_as(v, Layout::row_major));
  SymShape shape(extra, Dim(1));
  shape.insert(shape.end(), g.fact.shape->begin(), g.fact.shape->end());
  return relay(v, reshape_view(row, shape), shape, Layout::row_major, layout);
}

void Lowering::add_step(const Node& node, const char* family, std::vector<PlanValue> in,
                        std::vector<PlanValue> out, std::vector<int32_t> attrs,
                        std::vector<Dim> dims) {
  Step s;
  s.family = family;
  s.in = std::move(in);
  s.out = std::move(out);
  while (!s.in.empty() && s.in.back() == absent) s.in.pop_back();
  s.attrs = std::move(attrs);
  s.dims = std::move(dims);
  s.layer = node.origin.empty() ? label(node) : join(node.origin, " + ");
  s.op = node.op;
  plan_.steps.push_back(std::move(s));
}

void Lowering::copy(const Node& node, PlanValue from, PlanValue to, uint32_t flip) {
  // Packed elements can't be strided; as a whole they are converted to the type they have.
  const bool packed = bits(at(from).dtype) < 8 && is_dense(from) && is_dense(to) && flip == 0;
  if (packed) return add_step(node, "cast", {from}, {to}, {}, {});
  step(node, "copy", {from}, {to}, kernels::CopyAttrs{flip});
}

void Lowering::check(Dim condition, std::string text) {
  if (auto c = condition.const_value(); c && *c != 0) return;
  if (depth_ == 0) {
    plan_.checks.push_back({std::move(condition), std::move(text)});
    return;
  }
  wishes.push_back(condition);
  PlanValue holds = dims_as_data("check", DType::boolean, {}, {std::move(condition)});
  add_step(*current_, "", {holds}, {}, {}, {});
  plan_.steps.back().kind = Step::Kind::branch;
  plan_.steps.back().else_steps = 1;
  add_step(*current_, "", {}, {}, {}, {});
  plan_.steps.back().kind = Step::Kind::trap;
  plan_.steps.back().text = std::move(text);
}

void Lowering::begin_measure(const Node& node) {
  Step s;
  s.kind = Step::Kind::measure;
  s.layer = label(node);
  s.op = "Measure";
  plan_.steps.push_back(std::move(s));
}

void Lowering::measure(const Node& node, const std::string& symbol, PlanValue value,
                       int32_t element, std::optional<Dim> bound) {
  plan_.data.emplace_back(symbol, DataSize{value, element, std::move(bound)});
  if (plan_.steps.empty() || plan_.steps.back().kind != Step::Kind::measure ||
      plan_.steps.back().layer != label(node)) {
    begin_measure(node);
  }
  Step& s = plan_.steps.back();
  if (std::find(s.in.begin(), s.in.end(), value) == s.in.end()) s.in.push_back(value);
  s.measured.push_back(symbol);
}

Status Lowering::measure_content(const Node& node, ValueId v) {
  const graph::Value& g = graph_.value(v);
  if (!g.fact.content) return {};
  for (size_t k = 0; k < g.fact.content->size(); ++k) {
    const Dim& d = (*g.fact.content)[k];
    std::string own = ops::data_symbol(graph_, v, k);
    if (!d.is_symbol() || d.symbol_name() != own) continue;
    HONE_ASSIGN(PlanValue from, use_as(v, Layout::row_major));
    measure(node, own, from, static_cast<int32_t>(k));
  }
  return {};
}

Result<std::vector<Dim>> Lowering::content(const Node& node, size_t input) const {
  ValueId v = node.input(input);
  if (v != graph::none) {
    const graph::Value& g = graph_.value(v);
    if (g.is_constant() && is_integer(g.fact.dtype)) {
      auto values = to_ints(g.constant);
      return std::vector<Dim>(values.begin(), values.end());
    }
    if (g.fact.content) return *g.fact.content;
  }
  return unsupported(fmt::format("input {} of {} is known only when it runs", input, node.op));
}

Result<std::vector<int64_t>> Lowering::ints(const Node& node, size_t input) const {
  HONE_ASSIGN(std::vector<Dim> dims, content(node, input));
  std::vector<int64_t> out;
  for (const Dim& d : dims) {
    if (!d.is_const()) {
      return unsupported(
          fmt::format("input {} of {} depends on the input's shape", input, node.op));
    }
    out.push_back(d.value());
  }
  return out;
}

std::optional<Dim> Lowering::stated(ValueId v, size_t axis) const {
  const std::vector<int64_t> sizes = graph::stated_sizes(graph_, v);
  if (axis >= sizes.size() || sizes[axis] < 0) return {};
  return Dim(sizes[axis]);
}

void Lowering::check_stated() {
  if (!graph::states_sizes(graph_)) return;
  const auto known = [&](const Dim& d) {
    const std::set<std::string> symbols = d.symbols();
    return std::all_of(symbols.begin(), symbols.end(), [&](const std::string& name) {
      return plan_.symbols.contains(name) || plan_.find_data(name) != nullptr;
    });
  };
  for (ValueId v = 0; v < graph_.value_count(); ++v) {
    if (!graph_.is_live(v)) continue;
    const std::vector<int64_t> sizes = graph::stated_sizes(graph_, v);
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      const Dim& size = (*graph_.fact(v).shape)[axis];
      if (sizes[axis] < 0 || !graph::is_told_by_data(size)) continue;
      const Dim holds = Dim(1) - Dim::apply(Dim::Op::less, {Dim(sizes[axis]), size});
      if (!known(holds)) continue;  // nothing depends on it, or it is too large to be said
      check(holds, fmt::format("these data make axis {} of '{}' larger than the {} which the model "
                               "states",
                               axis, graph_.value(v).name, sizes[axis]));
    }
  }
}

Status Lowering::has_kernel_type(ValueId v) const {
  const Fact& f = graph_.fact(v);
  if (f.kind != Fact::Kind::tensor)
    return unsupported("sequences, optionals and maps have no kernels");
  if (!f.has_rank()) {
    return unsupported(fmt::format("the rank of '{}' depends on the input's shape; give --profile",
                                   graph_.value(v).name));
  }
  if (f.rank() > max_rank) return unsupported(fmt::format("rank {} is over 8", f.rank()));
  return {};
}

Status Lowering::node(const Node& n) {
  if (is_shape_arithmetic(graph_, n)) return {};
  LowerFn lower = find_lowering(n);
  if (lower == nullptr) return no_lowering(graph_, n);
  for (const auto* values : {&n.inputs, &n.outputs}) {
    for (ValueId v : *values) {
      if (v != graph::none) HONE_RETURN_IF_ERROR(has_kernel_type(v));
    }
  }
  current_ = &n;
  HONE_RETURN_IF_ERROR(lower(*this, n));
  for (ValueId v : n.outputs) {
    if (v != graph::none) HONE_RETURN_IF_ERROR(measure_content(n, v));
  }
  return {};
}

Status Lowering::block(graph::BlockId b) {
  const graph::Block& block = graph_.block(b);
  for (graph::NodeId id : block.nodes) {
    const Node& n = graph_.node(id);
    size_t steps = plan_.steps.size();
    if (Status s = node(n); !s.ok()) {
      if (s.code() != Code::unsupported) return in(title(graph_, n), s);
      problems.push_back({n.op, label(n), s.text()});
      plan_.steps.resize(steps);
      for (ValueId v : n.outputs) {  // so that what reads it can still be looked at
        if (v != graph::none && graph_.fact(v).has_rank()) define(v);
      }
    }
  }
  return {};
}

Status Lowering::inner_block(graph::BlockId b) {
  ++depth_;
  Status s = block(b);
  --depth_;
  return s;
}

}  // namespace hone::plan
