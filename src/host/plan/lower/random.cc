// RandomUniform, RandomNormal (and -Like), Bernoulli -> family random, the reference's numbers.

#include "device/kernels/random/random.h"

#include "host/ops/random.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

Status lower_random(Lowering& l, const Node& n) {
  const DType t = l.graph().fact(n.output(0)).dtype;
  if (bits(t) < 8) return unsupported(std::string("no random numbers of ") + name(t));
  const bool chances = n.is("Bernoulli"), normal = n.op.starts_with("RandomNormal");
  kernels::RandomAttrs a{};
  a.kind = chances  ? kernels::Random::bernoulli
           : normal ? kernels::Random::normal
                    : kernels::Random::uniform;
  const uint64_t seed = ops::random_seed(n);
  a.seed_lo = static_cast<uint32_t>(seed), a.seed_hi = static_cast<uint32_t>(seed >> 32);
  a.a = n.attributes.f(normal ? "mean" : "low", 0);
  a.b = n.attributes.f(normal ? "scale" : "high", 1);
  std::vector<PlanValue> in;
  if (chances) {
    HONE_ASSIGN(PlanValue p, l.use_as(n.input(0), Layout::row_major));
    p = dense(l, n, p);
    if (l.at(p).dtype != DType::f32 && l.at(p).dtype != DType::f64) {
      const PlanValue wide = l.temporary(n.name, DType::f32, l.at(p).shape);
      l.add_step(n, "cast", {p}, {wide}, {}, {});
      p = wide;
    }
    in.push_back(p);
  }
  const PlanValue y = l.define_as(n.output(0), Layout::row_major);
  // Other types are rounded from f64, as the reference does.
  const DType made = chances ? DType::boolean : t == DType::f32 ? t : DType::f64;
  const PlanValue own = made == t ? y : l.temporary(n.name, made, l.at(y).shape);
  l.step(n, "random", std::move(in), {own}, a);
  if (own != y) l.add_step(n, "cast", {own}, {y}, {}, {});
  return {};
}

}  // namespace hone::plan
