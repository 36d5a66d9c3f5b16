// Matrix products of classifiers and transformers, every kernel, one thread, warm caches.
#include "device/kernels/gemm/gemm.h"
#include "device/kernels/testing/typed_tensor.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

struct Product {
  const char* name;
  int batch, m, n, k;
  bool trans_b, constant_b;
};
constexpr Product products[] = {
    {"mobilenetv2_classifier", 1, 1, 1000, 1280, true, true},
    {"resnet50_classifier", 1, 1, 1000, 2048, true, true},
    {"deit_tiny_qkv", 1, 197, 576, 192, false, true},
    {"deit_tiny_mlp", 1, 197, 768, 192, false, true},
    {"deit_tiny_mlp_down", 1, 197, 192, 768, false, true},
    {"minilm_mlp", 1, 128, 1536, 384, false, true},
    {"minilm_mlp_down", 1, 128, 384, 1536, false, true},
    {"bert_base_mlp", 1, 128, 3072, 768, false, true},
    {"square_512", 1, 512, 512, 512, false, true},
    {"deit_tiny_qk", 3, 197, 197, 64, true, false},
    {"deit_tiny_av", 3, 197, 64, 197, false, false},
    {"square_512_dynamic", 1, 512, 512, 512, false, false},
    {"one_row_dynamic", 1, 1, 512, 512, false, false},
};

TestStep make(const Product& p) {
  Rng rng(1);
  TestStep step;
  step.attrs = words(GemmAttrs{0, p.trans_b, 1.0f, Act::none, 0, 0});
  Shape b = p.trans_b ? Shape{p.n, p.k} : Shape{p.k, p.n};
  if (!p.constant_b) b = p.trans_b ? Shape{p.batch, p.n, p.k} : Shape{p.batch, p.k, p.n};
  Shape a{p.m, p.k}, y{p.m, p.n};
  if (!p.constant_b) a = Shape{p.batch, p.m, p.k}, y = Shape{p.batch, p.m, p.n};
  step.in = {random_tensor(rng, a), random_tensor(rng, b), constant(random_tensor(rng, {p.n})),
             Tensor{}};
  step.in[1].op.constant = p.constant_b;
  step.out = {tensor(DType::f32, y)};
  return step;
}

TestStep make_f64(int64_t size) {
  Rng rng(1);
  TestStep step;
  step.attrs = words(GemmAttrs{0, 0, 1.0f, Act::none, 0, 0});
  const Shape square{size, size};
  step.in = {random_of(rng, DType::f64, square), random_of(rng, DType::f64, square)};
  step.out = {tensor(DType::f64, square)};
  return step;
}

}  // namespace

void register_gemm() {
  register_step("gemm", "square_128_f64", {2.0 * 128 * 128 * 128}, [] { return make_f64(128); });
  for (const Product& p : products) {
    register_step("gemm", p.name, {2.0 * p.batch * p.m * p.n * p.k}, [&p] { return make(p); });
  }
}

}  // namespace hone::kernels::testing
