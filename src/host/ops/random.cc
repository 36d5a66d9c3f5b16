// Random numbers: RandomNormal, RandomUniform (and -Like), Bernoulli, Multinomial. ONNX leaves the
// generator open; Hone's gives the same numbers on every machine. Without a seed, each node has its
// own sequence, by its name. Engines compute the same numbers, in every run.
#include "host/ops/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "device/kernels/random/random.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {

uint64_t random_seed(const Node& node) {
  uint64_t seed = 0x9e3779b97f4a7c15u;
  if (node.attributes.has("seed")) {
    return seed ^ std::bit_cast<uint32_t>(node.attributes.f("seed", 0));
  }
  for (char c : node.name) seed = (seed ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return seed;
}

namespace {

class Generator {
 public:
  explicit Generator(const Node& node) : seed_(random_seed(node)) {}
  // In [0, 1).
  double uniform() { return kernels::random_draw(seed_, drawn_++); }
  double normal() {  // Box and Muller
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  uint64_t seed_, drawn_ = 0;
};

// The attribute, or what stands for its absence.
Result<DType> type_of(const Node& node, DType absent) {
  const int64_t t = node.attributes.i("dtype", 0);
  if (t == 0) return absent;
  const bool real = t > 0 && t < dtype_count &&
                    (is_float(static_cast<DType>(t)) || is_integer(static_cast<DType>(t)) ||
                     static_cast<DType>(t) == DType::boolean);
  if (!real) return unsupported(fmt::format("dtype {}", t));
  return static_cast<DType>(t);
}
DType or_f32(DType t) { return is_float(t) ? t : DType::f32; }

using Draw = double (*)(Generator&, const Node&);
double draw_normal(Generator& g, const Node& node) {
  return node.attributes.f("mean", 0) + node.attributes.f("scale", 1) * g.normal();
}
double draw_uniform(Generator& g, const Node& node) {
  const double low = node.attributes.f("low", 0), high = node.attributes.f("high", 1);
  return low + (high - low) * g.uniform();
}

template <Draw D>
Status fill(RefContext& ctx, DType t, const Dims& dims) {
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  Generator generator(ctx.node());
  std::vector<double> values(static_cast<size_t>(element_count(dims)));
  for (double& v : values) v = D(generator, ctx.node());
  ctx.set(0, store(t, dims, values));
  return {};
}

Status infer_shape(InferContext& ctx) {
  HONE_ASSIGN(const DType t, type_of(ctx.node(), DType::f32));
  const std::vector<int64_t> shape = ctx.node().attributes.ints("shape");
  if (std::any_of(shape.begin(), shape.end(), [](int64_t d) { return d < 0; })) {
    return invalid("a size is negative");
  }
  ctx.set(0, t, SymShape(shape.begin(), shape.end()));
  return {};
}
template <Draw D>
Status of_shape(RefContext& ctx) {
  HONE_ASSIGN(const DType t, type_of(ctx.node(), DType::f32));
  return fill<D>(ctx, t, ctx.node().attributes.ints("shape"));
}

// The type is X's; where that is no float, f32.
Status infer_like(InferContext& ctx) {
  const DType x = ctx.in(0).dtype;
  HONE_ASSIGN(const DType t, type_of(ctx.node(), x == DType::none ? x : or_f32(x)));
  ctx.set(0, shaped_like(ctx.in(0), t));
  return {};
}
template <Draw D>
Status like(RefContext& ctx) {
  HONE_ASSIGN(const DType t, type_of(ctx.node(), or_f32(ctx.in(0).dtype())));
  return fill<D>(ctx, t, ctx.in(0).dims());
}

// --- Bernoulli, Multinomial ---------------------------------------------------------------------

Status infer_bernoulli(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_ASSIGN(const DType t, type_of(ctx.node(), ctx.in(0).dtype));
  ctx.set(0, shaped_like(ctx.in(0), t));
  return {};
}

Status bernoulli(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const DType t, type_of(ctx.node(), x.dtype()));
  Generator generator(ctx.node());
  std::vector<double> values = load<double>(x);
  for (double& v : values) v = generator.uniform() < v ? 1 : 0;
  ctx.set(0, store(t, x.dims(), values));
  return {};
}

Status infer_multinomial(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2, 2));
  HONE_ASSIGN(const DType t, type_of(ctx.node(), DType::i32));
  const int64_t samples = ctx.node().attributes.i("sample_size", 1);
  if (samples < 1) return invalid(fmt::format("sample_size is {}", samples));
  ctx.set(0, t, {ctx.has_rank(0) ? ctx.shape(0)[0] : ctx.unknown(0, 0), Dim(samples)});
  return {};
}

// Classes drawn with the probabilities whose logarithms, up to a constant, are given.
Status multinomial(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const DType t, type_of(ctx.node(), DType::i32));
  const int64_t samples = ctx.node().attributes.i("sample_size", 1);
  if (x.rank() != 2 || x.dims()[1] == 0 || samples < 1) {
    return error(Code::shape_mismatch, "the input is not [batch, classes]");
  }
  const Dims dims{x.dims()[0], samples};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  Generator generator(ctx.node());
  const std::vector<double> logits = load<double>(x);
  std::vector<double> values;
  for (int64_t n = 0; n < dims[0]; ++n) {
    const double* row = logits.data() + n * x.dims()[1];
    const double top = *std::max_element(row, row + x.dims()[1]);
    double sum = 0;
    for (int64_t k = 0; k < x.dims()[1]; ++k) sum += std::exp(row[k] - top);
    for (int64_t s = 0; s < samples; ++s) {
      double rest = generator.uniform() * sum;
      int64_t k = 0;
      while (k + 1 < x.dims()[1] && (rest -= std::exp(row[k] - top)) >= 0) ++k;
      values.push_back(static_cast<double>(k));
    }
  }
  ctx.set(0, store(t, dims, values));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr AttrSpec normal_attrs[] = {{"dtype", AttrType::i},
                                     {"mean", AttrType::f},
                                     {"scale", AttrType::f},
                                     {"seed", AttrType::f},
                                     {"shape", AttrType::ints, true}};
constexpr AttrSpec uniform_attrs[] = {{"dtype", AttrType::i},
                                      {"high", AttrType::f},
                                      {"low", AttrType::f},
                                      {"seed", AttrType::f},
                                      {"shape", AttrType::ints, true}};
constexpr AttrSpec normal_like[] = {
    {"dtype", AttrType::i}, {"mean", AttrType::f}, {"scale", AttrType::f}, {"seed", AttrType::f}};
constexpr AttrSpec uniform_like[] = {
    {"dtype", AttrType::i}, {"high", AttrType::f}, {"low", AttrType::f}, {"seed", AttrType::f}};
constexpr AttrSpec bernoulli_attrs[] = {{"dtype", AttrType::i}, {"seed", AttrType::f}};
constexpr AttrSpec multinomial_attrs[] = {
    {"dtype", AttrType::i}, {"sample_size", AttrType::i}, {"seed", AttrType::f}};

constexpr OpDef random(const char* name, int since, int inputs, std::span<const AttrSpec> attrs,
                       Status (*infer)(InferContext&), Status (*reference)(RefContext&)) {
  OpDef def{"", name, since, inputs, inputs, 1, 1, attrs, infer, reference, nullptr, 0};
  def.deterministic = false;
  return def;
}
const OpDef defs[] = {
    random("RandomNormal", 1, 0, normal_attrs, infer_shape, of_shape<draw_normal>),
    random("RandomUniform", 1, 0, uniform_attrs, infer_shape, of_shape<draw_uniform>),
    random("RandomNormalLike", 1, 1, normal_like, infer_like, like<draw_normal>),
    random("RandomUniformLike", 1, 1, uniform_like, infer_like, like<draw_uniform>),
    random("Bernoulli", 15, 1, bernoulli_attrs, infer_bernoulli, bernoulli),
    random("Multinomial", 7, 1, multinomial_attrs, infer_multinomial, multinomial),
};

}  // namespace

std::span<const OpDef> random_defs() { return defs; }

}  // namespace hone::ops
