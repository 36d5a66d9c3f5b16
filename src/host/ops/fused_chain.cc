// FusedChain of FUSED.md: functions of one and two values one after the other.
#include <fmt/format.h>

#include "host/ops/activation.h"
#include "host/ops/binary.h"
#include "host/ops/chain.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"
#include "host/ops/unary.h"

namespace hone::ops {

bool is_chain_unary(const std::string& op) {
  return find_activation(op).has_value() || unary_function(op) != nullptr;
}

bool is_chain_binary(const std::string& op) {
  for (const char* known : {"Add", "Sub", "Mul", "Div", "Pow", "PRelu", "Min", "Max"}) {
    if (op == known) return true;
  }
  return false;
}

namespace {

Result<std::vector<std::string>> names_of(const Node& node) {
  const graph::Attr* attr = node.attributes.find("ops");
  const auto* names = attr == nullptr ? nullptr : std::get_if<std::vector<std::string>>(attr);
  if (names == nullptr || names->empty() || names->size() > max_chain_ops) {
    return invalid(fmt::format("ops are not 1 to {} functions", max_chain_ops));
  }
  return *names;
}

Status check_op(const ChainOp& c, size_t there, std::vector<bool>* used) {
  const bool binary = is_chain_binary(c.op);
  if (!binary && !is_chain_unary(c.op)) {
    return invalid(fmt::format("there is no function '{}'", c.op));
  }
  if (!binary && c.b != -1) return invalid(fmt::format("'{}' is a function of one value", c.op));
  for (int arg : {c.a, c.b}) {
    if (arg == -1 && !binary && c.a >= 0) continue;
    if (arg < 0 || static_cast<size_t>(arg) >= there) {
      return invalid(fmt::format("'{}' is of value {}, of {} there", c.op, arg, there));
    }
    (*used)[static_cast<size_t>(arg)] = true;
  }
  return {};
}

}  // namespace

Result<std::vector<ChainOp>> chain_of(const Node& node) {
  HONE_ASSIGN(const std::vector<std::string> names, names_of(node));
  const std::vector<int64_t> args = node.attributes.ints("args");
  const std::vector<float> params = node.attributes.floats("params");
  const size_t inputs = node.inputs.size();
  if (args.size() != 2 * names.size() || params.size() != 2 * names.size()) {
    return invalid("args and params are not two for each of ops");
  }
  std::vector<bool> used(inputs + names.size(), false);
  used.back() = true;
  std::vector<ChainOp> chain;
  for (size_t i = 0; i < names.size(); ++i) {
    for (size_t k : {2 * i, 2 * i + 1}) {
      if (args[k] < -1 || args[k] > 100) return invalid(fmt::format("argument {}", args[k]));
    }
    chain.push_back({names[i], static_cast<int>(args[2 * i]), static_cast<int>(args[2 * i + 1]),
                     params[2 * i], params[2 * i + 1]});
    HONE_RETURN_IF_ERROR(check_op(chain.back(), inputs + i, &used));
  }
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) return invalid(fmt::format("value {} is not used", i));
  }
  return chain;
}

void set_chain(Node& node, const std::vector<ChainOp>& chain) {
  std::vector<std::string> names;
  std::vector<int64_t> args;
  std::vector<float> params;
  for (const ChainOp& c : chain) {
    names.push_back(c.op);
    args.insert(args.end(), {c.a, c.b});
    params.insert(params.end(), {c.p, c.q});
  }
  node.attributes.set("ops", std::move(names));
  node.attributes.set("args", std::move(args));
  node.attributes.set("params", std::move(params));
}

namespace {

Status infer_fused_chain(InferContext& ctx) {
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    const DType t = ctx.in(i).dtype;
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is absent", i));
    if (t != DType::none && t != DType::f32) {
      return invalid(fmt::format("input {} has type {}, not f32", i, name(t)));
    }
  }
  HONE_RETURN_IF_ERROR(chain_of(ctx.node()).status());
  HONE_ASSIGN(auto out, broadcast_inputs(ctx));
  if (out) {
    ctx.set(0, DType::f32, std::move(*out));
  } else {
    ctx.set_unranked(0, DType::f32);
  }
  return {};
}

Tensor map(const ChainOp& c, const Tensor& x) {
  std::vector<double> values = load<double>(x);
  if (const auto act = find_activation(c.op)) {
    const Activation f{*act, static_cast<double>(c.p), static_cast<double>(c.q)};
    for (double& v : values) v = f(v);
  } else {
    const auto f = unary_function(c.op);
    for (double& v : values) v = f(v);
  }
  return store(DType::f64, x.dims(), values);
}

Status fused_chain(RefContext& ctx) {
  HONE_ASSIGN(const std::vector<ChainOp> chain, chain_of(ctx.node()));
  std::vector<Tensor> values;
  for (size_t i = 0; i < ctx.inputs(); ++i) values.push_back(ctx.in(i));
  for (const ChainOp& c : chain) {
    const Tensor& a = values[static_cast<size_t>(c.a)];
    if (c.b < 0) {
      values.push_back(map(c, a));
      continue;
    }
    HONE_ASSIGN(Tensor y, apply_binary(c.op, a, values[static_cast<size_t>(c.b)]));
    values.push_back(std::move(y));
  }
  ctx.set(0, store(DType::f32, values.back().dims(), load<double>(values.back())));
  return {};
}

constexpr AttrSpec chain_attrs[] = {{"args", AttrType::ints, true},
                                    {"ops", AttrType::strings, true},
                                    {"params", AttrType::floats, true}};
const OpDef defs[] = {
    {graph::hone_domain, "FusedChain", 1, 1, 4, 1, 1, chain_attrs, infer_fused_chain, fused_chain,
     nullptr, 1e-4},
};

}  // namespace

std::span<const OpDef> fused_chain_defs() { return defs; }

}  // namespace hone::ops
