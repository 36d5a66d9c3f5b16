// A plugin's inference and reference behind the OpDef's.
#include <fmt/format.h>

#include <deque>

#include "device/kernels/plugin/attributes.h"
#include "host/ops/plugin.h"

namespace hone::ops {

namespace {

// Dims by number, for as long as an inference runs. Its functions are called from C: nothing may be
// thrown through them.
class DimTable {
 public:
  DimTable() {
    table_ = {};
    table_.struct_size = sizeof(table_);
    table_.host = this;
    table_.constant = [](void* host, int64_t value) { return of(host).add(Dim(value)); };
    table_.combine = [](void* host, int32_t op, hone_plugin_dim a, hone_plugin_dim b) {
      return of(host).combine(op, a, b);
    };
    table_.known = [](void* host, hone_plugin_dim d, int64_t* value) -> int32_t {
      const Dim* dim = of(host).find(d);
      if (dim == nullptr || !dim->is_const()) return 0;
      *value = dim->value();
      return 1;
    };
    table_.equal = [](void* host, hone_plugin_dim a, hone_plugin_dim b) -> int32_t {
      const Dim *x = of(host).find(a), *y = of(host).find(b);
      if (x == nullptr || y == nullptr) return 0;
      const auto difference = (*x - *y).const_value();
      return !difference || *difference == 0 ? 1 : 0;
    };
  }

  const hone_plugin_dims* table() const { return &table_; }
  const Dim* find(hone_plugin_dim d) const {
    return d < 0 || static_cast<size_t>(d) >= dims_.size() ? nullptr
                                                           : &dims_[static_cast<size_t>(d)];
  }
  hone_plugin_dim add(Dim d) noexcept {
    if (dims_.size() >= most) return -1;
    dims_.push_back(std::move(d));
    return static_cast<hone_plugin_dim>(dims_.size() - 1);
  }

 private:
  static constexpr size_t most = 1 << 16;  // an inference that asks for more goes round in circles
  static DimTable& of(void* host) { return *static_cast<DimTable*>(host); }

  hone_plugin_dim combine(int32_t op, hone_plugin_dim a, hone_plugin_dim b) noexcept {
    const Dim *x = find(a), *y = find(b);
    if (x == nullptr || y == nullptr) return -1;
    const bool divides = op == HONE_DIM_FLOOR_DIV || op == HONE_DIM_CEIL_DIV || op == HONE_DIM_MOD;
    if (divides && *y == Dim(0)) return -1;
    switch (op) {
      case HONE_DIM_ADD: return add(*x + *y);
      case HONE_DIM_SUB: return add(*x - *y);
      case HONE_DIM_MUL: return add(*x * *y);
      case HONE_DIM_FLOOR_DIV: return add(floor_div(*x, *y));
      case HONE_DIM_CEIL_DIV: return add(ceil_div(*x, *y));
      case HONE_DIM_MOD: return add(mod(*x, *y));
      case HONE_DIM_MIN: return add(min(*x, *y));
      case HONE_DIM_MAX: return add(max(*x, *y));
      default: return -1;
    }
  }

  std::deque<Dim> dims_;  // found ones stay where they are
  hone_plugin_dims table_;
};

Status failed(hone_status status, const char* text, const char* what) {
  const bool known = status > HONE_OK && status <= HONE_INTERNAL;
  return Status(known ? static_cast<Code>(status) : Code::invalid_argument,
                *text != 0 ? text : fmt::format("{} (the plugin does not say why)", what));
}

// What the plugin's callbacks get for one node.
struct Call {
  const PluginOp* op = nullptr;
  kernels::PluginAttributes attributes;
  char text[256] = "";

  Status open(const Node& node) {
    op = find_plugin_op(node);
    HONE_ASSIGN(const std::vector<int32_t> words, encode_attributes(node));
    return attributes.decode(words) ? Status() : internal("attributes that cannot be read back");
  }

  Status infer(const std::vector<hone_plugin_fact>& in, std::vector<hone_plugin_fact>& out,
               const DimTable& dims) {
    hone_plugin_inference c = {};
    c.struct_size = sizeof(c);
    c.attributes = attributes.view();
    c.inputs = in.data();
    c.outputs = out.data();
    c.input_count = static_cast<int32_t>(in.size());
    c.output_count = static_cast<int32_t>(out.size());
    c.dims = dims.table();
    c.error_text = text;
    c.error_text_bytes = sizeof(text);
    const hone_status status = op->table->infer(&c);
    if (status == HONE_OK) return {};
    return failed(status, text, "its inference refuses these inputs");
  }
};

// Outputs the node has wait with dtype -1 to be filled.
std::vector<hone_plugin_fact> blank_outputs(const Node& node) {
  std::vector<hone_plugin_fact> out(node.outputs.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = {};
    out[i].dtype = node.output(i) == graph::none ? 0 : -1;
    out[i].rank = -1;
  }
  return out;
}

Result<Fact> checked(const hone_plugin_fact& f, size_t number, const DimTable& dims) {
  const auto bad = [&](const char* why) {
    return internal(fmt::format("a bug in the plugin: output {} {}", number, why));
  };
  const auto dtype = static_cast<DType>(f.dtype);
  if (f.dtype < 1 || f.dtype >= dtype_count || bits(dtype) == 0) return bad("was given no type");
  Fact fact;
  fact.dtype = dtype;
  if (f.rank == -1) return fact;
  if (f.rank < 0 || f.rank > HONE_MAX_RANK) return bad("was given a rank over 8");
  SymShape shape;
  for (int32_t i = 0; i < f.rank; ++i) {
    const Dim* d = dims.find(f.dims[i]);
    if (d == nullptr) return bad("was given a dimension that is none");
    if (d->is_const() && d->value() < 0) return bad("was given a negative dimension");
    shape.push_back(*d);
  }
  fact.shape = std::move(shape);
  return fact;
}

}  // namespace

Status infer_plugin(InferContext& ctx) {
  Call call;
  HONE_RETURN_IF_ERROR(call.open(ctx.node()));
  DimTable dims;
  std::vector<hone_plugin_fact> in(ctx.inputs());
  for (size_t i = 0; i < in.size(); ++i) {
    in[i] = {};
    if (!ctx.has_input(i)) continue;
    const Fact& fact = ctx.in(i);
    const bool ranked = ctx.has_rank(i) && fact.rank() <= HONE_MAX_RANK;
    if (fact.dtype != DType::none && bits(fact.dtype) == 0) return unsupported("takes no strings");
    in[i].dtype = fact.dtype == DType::none ? -1 : static_cast<int32_t>(fact.dtype);
    in[i].rank = ranked ? fact.rank() : -1;
    for (int32_t k = 0; k < in[i].rank; ++k) {
      in[i].dims[k] = dims.add((*fact.shape)[static_cast<size_t>(k)]);
    }
    if (const Tensor* t = ctx.constant(i)) in[i].data = t->data();
  }
  std::vector<hone_plugin_fact> out = blank_outputs(ctx.node());
  HONE_RETURN_IF_ERROR(call.infer(in, out, dims));
  for (size_t i = 0; i < out.size(); ++i) {
    if (!ctx.has_output(i)) continue;
    HONE_ASSIGN(Fact fact, checked(out[i], i, dims));
    ctx.set(i, std::move(fact));
  }
  return {};
}

Status reference_plugin(RefContext& ctx) {
  Call call;
  HONE_RETURN_IF_ERROR(call.open(ctx.node()));
  DimTable dims;
  std::vector<hone_plugin_fact> facts(ctx.inputs());
  std::vector<hone_plugin_tensor> in(ctx.inputs());
  for (size_t i = 0; i < in.size(); ++i) {
    facts[i] = {}, in[i] = {};
    if (!ctx.has_input(i)) continue;
    const Tensor& t = ctx.in(i);
    if (bits(t.dtype()) == 0) return unsupported("takes no strings");
    if (t.rank() > HONE_MAX_RANK) return unsupported("a rank over 8");
    in[i].dtype = facts[i].dtype = static_cast<int32_t>(t.dtype());
    in[i].rank = facts[i].rank = t.rank();
    for (int k = 0; k < t.rank(); ++k) {
      in[i].dims[k] = t.dims()[static_cast<size_t>(k)];
      facts[i].dims[k] = dims.add(Dim(in[i].dims[k]));
    }
    facts[i].data = t.data();
    in[i].data = const_cast<void*>(t.data());
  }
  std::vector<hone_plugin_fact> shapes = blank_outputs(ctx.node());
  HONE_RETURN_IF_ERROR(call.infer(facts, shapes, dims));
  std::vector<hone_plugin_tensor> out(shapes.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = {};
    if (!ctx.has_output(i)) continue;
    HONE_ASSIGN(const Fact fact, checked(shapes[i], i, dims));
    if (!fact.has_rank() || !all_const(*fact.shape)) {
      return internal(fmt::format("a bug in the plugin: output {} has no size", i));
    }
    ctx.set(i, Tensor(fact.dtype, const_dims(*fact.shape)));
    out[i].dtype = shapes[i].dtype;
    out[i].rank = shapes[i].rank;
    for (int32_t k = 0; k < out[i].rank; ++k)
      out[i].dims[k] = (*fact.shape)[static_cast<size_t>(k)].value();
    out[i].data = ctx.out(i).mutable_data();
  }
  hone_plugin_step step = {};
  step.struct_size = sizeof(step);
  step.attributes = call.attributes.view();
  step.inputs = in.data(), step.outputs = out.data();
  step.input_count = static_cast<int32_t>(in.size());
  step.output_count = static_cast<int32_t>(out.size());
  step.error_text = call.text;
  step.error_text_bytes = sizeof(call.text);
  const hone_status status = call.op->table->reference(&step);
  return status == HONE_OK ? Status()
                           : failed(status, call.text, "its reference refuses these inputs");
}

}  // namespace hone::ops
