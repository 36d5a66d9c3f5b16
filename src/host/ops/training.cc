// ai.onnx.preview.training: one step of Adagrad, Adam and Momentum.
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Inputs: rate, step, then of each kind (weights, gradients, states ...) one for every tensor that
// is trained; outputs: of each kind but the gradients likewise.
Result<size_t> trained(const Node& node, size_t kinds) {
  const size_t given = node.inputs.size() - 2;
  if (node.inputs.size() < 2 + kinds || given % kinds != 0 ||
      node.outputs.size() != given / kinds * (kinds - 1)) {
    return invalid(
        fmt::format("{} inputs and {} outputs", node.inputs.size(), node.outputs.size()));
  }
  return given / kinds;
}

template <size_t Kinds>
Status infer(InferContext& ctx) {
  HONE_ASSIGN(const size_t n, trained(ctx.node(), Kinds));
  for (size_t i = 2; i < ctx.inputs(); ++i) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
    HONE_RETURN_IF_ERROR(check_float(ctx, i));
  }
  for (size_t i = 0; i < ctx.outputs(); ++i) {
    const Fact& like = ctx.in(2 + i + (i < n ? 0 : n));  // the gradients are left out
    if (ctx.has_output(i)) ctx.set(i, shaped_like(like, like.dtype));
  }
  return {};
}

// What the three read before they look at an element.
struct Setting {
  double rate, step, decay, alpha, beta, epsilon, norm, norm_post;
  bool nesterov;
};

Result<Setting> setting_of(const RefContext& ctx) {
  const graph::Attributes& a = ctx.node().attributes;
  if (ctx.in(0).count() != 1 || ctx.in(1).count() != 1) return invalid("rate or step: one number");
  const std::string mode = a.s("mode", "standard");
  if (mode != "standard" && mode != "nesterov") return invalid("mode '" + mode + "'");
  const auto f = [&](const char* name, float fallback) {
    return static_cast<double>(a.f(name, fallback));
  };
  const bool adam = ctx.node().op == "Adam";
  return Setting{load<double>(ctx.in(0))[0],
                 static_cast<double>(ints_of(ctx.in(1))[0]),
                 f("decay_factor", 0),
                 f("alpha", adam ? 0.9f : 0),
                 f("beta", adam ? 0.999f : 0),
                 f("epsilon", 1e-6f),
                 f("norm_coefficient", 0),
                 f("norm_coefficient_post", 0),
                 mode == "nesterov"};
}

// x, g and the states of one element; the states and x become the next ones.
using Update = void (*)(const Setting& s, double* x, double g, double* v, double* h);

void adagrad(const Setting& s, double* x, double g, double* h, double*) {
  g += s.norm * *x;
  *h += g * g;
  *x -= s.rate / (1 + s.step * s.decay) * g / (std::sqrt(*h) + s.epsilon);
}

void adam(const Setting& s, double* x, double g, double* v, double* h) {
  g += s.norm * *x;
  *v = s.alpha * *v + (1 - s.alpha) * g;
  *h = s.beta * *h + (1 - s.beta) * g * g;
  double rate = s.rate;
  if (s.step > 0) {
    rate *= std::sqrt(1 - std::pow(s.beta, s.step)) / (1 - std::pow(s.alpha, s.step));
  }
  *x = (1 - s.norm_post) * (*x - rate * *v / (std::sqrt(*h) + s.epsilon));
}

void momentum(const Setting& s, double* x, double g, double* v, double*) {
  g += s.norm * *x;
  *v = s.alpha * *v + (s.step > 0 ? s.beta : 1) * g;
  *x -= s.rate * (s.nesterov ? g + s.alpha * *v : *v);
}

template <size_t Kinds>
Status train(RefContext& ctx, Update update) {
  HONE_ASSIGN(const size_t n, trained(ctx.node(), Kinds));
  HONE_ASSIGN(const Setting s, setting_of(ctx));
  for (size_t i = 0; i < n; ++i) {
    std::vector<std::vector<double>> of;  // by kind
    const Tensor& x = ctx.in(2 + i);
    for (size_t k = 0; k < Kinds; ++k) {
      if (!ctx.has_input(2 + k * n + i)) return invalid("an input is missing");
      of.push_back(load<double>(ctx.in(2 + k * n + i)));
      if (ctx.in(2 + k * n + i).dims() != x.dims()) {
        return error(Code::shape_mismatch, "a gradient or a state of another shape");
      }
    }
    for (size_t e = 0; e < of[0].size(); ++e) {
      update(s, &of[0][e], of[1][e], &of[2][e], Kinds > 3 ? &of[Kinds - 1][e] : nullptr);
    }
    for (size_t k = 0; k < Kinds; ++k) {
      if (k == 1) continue;  // gradients
      ctx.set((k == 0 ? 0 : k - 1) * n + i, store(ctx.in(2 + k * n + i).dtype(), x.dims(), of[k]));
    }
  }
  return {};
}

Status run_adagrad(RefContext& ctx) { return train<3>(ctx, adagrad); }
Status run_adam(RefContext& ctx) { return train<4>(ctx, adam); }
Status run_momentum(RefContext& ctx) { return train<3>(ctx, momentum); }

constexpr const char* domain = "ai.onnx.preview.training";
constexpr AttrSpec adagrad_attrs[] = {
    {"decay_factor", AttrType::f}, {"epsilon", AttrType::f}, {"norm_coefficient", AttrType::f}};
constexpr AttrSpec adam_attrs[] = {{"alpha", AttrType::f},
                                   {"beta", AttrType::f},
                                   {"epsilon", AttrType::f},
                                   {"norm_coefficient", AttrType::f},
                                   {"norm_coefficient_post", AttrType::f}};
constexpr AttrSpec momentum_attrs[] = {{"alpha", AttrType::f, true},
                                       {"beta", AttrType::f, true},
                                       {"mode", AttrType::s, true},
                                       {"norm_coefficient", AttrType::f, true}};
const OpDef defs[] = {
    {domain, "Adagrad", 1, 5, -1, 1, -1, adagrad_attrs, infer<3>, run_adagrad, nullptr},
    {domain, "Adam", 1, 6, -1, 1, -1, adam_attrs, infer<4>, run_adam, nullptr},
    {domain, "Momentum", 1, 5, -1, 1, -1, momentum_attrs, infer<3>, run_momentum, nullptr},
};

}  // namespace

std::span<const OpDef> training_defs() { return defs; }

}  // namespace hone::ops
