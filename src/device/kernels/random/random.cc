#include "device/kernels/random/random.h"

#include <cmath>

#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/random/kernels.inc"
#undef HONE_KERNEL

namespace {

struct RandomParams {
  uint64_t seed;
  int64_t count;
  double a, b;
  Random kind;
  bool wide;  // y, or p, is f64
};

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<RandomAttrs>(step);
  if (!at || step.out.size() != 1 || !step.dims.empty()) return "random: attributes or operands";
  if (at->kind < Random::uniform || at->kind > Random::bernoulli) return "random: kind";
  const bool chances = at->kind == Random::bernoulli;
  if (step.in.size() != (chances ? 1u : 0u)) return "random: operands";
  const Operand &y = step.out[0], &numbers = chances ? step.in[0] : y;
  int64_t n = 0;
  if (!dense_count(y, &n) || !dense_count(numbers, &n)) return "random: operands must be dense";
  if (!(numbers.shape == y.shape)) return "random: shapes";
  if (numbers.dtype != DType::f32 && numbers.dtype != DType::f64) return "random: types";
  if (chances && y.dtype != DType::boolean) return "random: types";
  const uint64_t seed = static_cast<uint64_t>(at->seed_hi) << 32 | at->seed_lo;
  *params_as<RandomParams>(params) = {seed,
                                      n,
                                      static_cast<double>(at->a),
                                      static_cast<double>(at->b),
                                      at->kind,
                                      numbers.dtype == DType::f64};
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

double number(const RandomParams& p, int64_t i) {
  const auto at = static_cast<uint64_t>(i);
  if (p.kind == Random::uniform) return p.a + (p.b - p.a) * random_draw(p.seed, at);
  const double radius = std::sqrt(-2 * std::log(1 - random_draw(p.seed, 2 * at)));
  return p.a + p.b * (radius * std::cos(2 * M_PI * random_draw(p.seed, 2 * at + 1)));
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const RandomParams*>(args.params);
  const Span64 part = elements_of_units(args, p.count);
  for (int64_t i = part.begin; i < part.end; ++i) {
    if (p.kind == Random::bernoulli) {
      const double chance = p.wide ? static_cast<const double*>(args.in[0])[i]
                                   : static_cast<double>(static_cast<const float*>(args.in[0])[i]);
      static_cast<uint8_t*>(args.out[0])[i] =
          random_draw(p.seed, static_cast<uint64_t>(i)) < chance ? 1 : 0;
    } else if (p.wide) {
      static_cast<double*>(args.out[0])[i] = number(p, i);
    } else {
      static_cast<float*>(args.out[0])[i] = static_cast<float>(number(p, i));
    }
  }
}

}  // namespace

const Kernel random_any_portable = {
    "random_any_portable", "random", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
