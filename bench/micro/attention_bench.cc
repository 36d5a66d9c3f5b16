// Attention of vision and language transformers.
#include "device/kernels/attention/attention.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

struct Heads {
  const char* name;
  int batch, heads, queries, keys, size;
  bool packed;  // q, k and v side by side in the rows of one product
  bool mask;    // a number for each score; else one for each key
};
constexpr Heads models[] = {
    {"deit_tiny_197", 1, 3, 197, 197, 64, true, false},
    {"swin_tiny_windows_49", 64, 3, 49, 49, 32, true, true},
    {"minilm_128", 1, 12, 128, 128, 32, false, false},
    {"bert_large_384", 1, 16, 384, 384, 64, false, false},
    {"vit_large_197", 1, 16, 197, 197, 64, true, false},
    {"whisper_tiny_encoder_1500", 1, 6, 1500, 1500, 64, false, false},
    {"mobilevit_256", 4, 4, 256, 256, 24, true, false},
    {"one_query_448", 1, 6, 1, 448, 64, false, false},
};

TestStep make(const Heads& h) {
  Rng rng(1);
  const int64_t width = int64_t{h.heads} * h.size, row = (h.packed ? 3 : 1) * width;
  // Heads of rows that hold all of them.
  auto heads = [&](int64_t rows) {
    Tensor t =
        strided_tensor(DType::f32, {h.batch, h.heads, rows, h.size}, {rows * row, h.size, row, 1});
    fill<float>(t, [&](int64_t) { return random_float(rng); });
    return t;
  };
  TestStep s;
  s.attrs = words(AttentionAttrs{1 / std::sqrt(static_cast<float>(h.size)), 0, 0});
  s.dims = {0};
  s.in = {heads(h.queries), heads(h.keys), heads(h.keys), Tensor{}};
  const Shape scores{h.batch, h.heads, h.queries, h.keys};
  s.in[3] = h.mask ? random_tensor(rng, scores) : strided_tensor(DType::f32, scores, {0, 0, 0, 1});
  fill<float>(s.in[3], [&](int64_t) { return random_float(rng); });
  s.out = {strided_tensor(DType::f32, {h.batch, h.heads, h.queries, h.size},
                          {h.queries * width, h.size, width, 1})};
  return s;
}

}  // namespace

void register_attention() {
  for (const Heads& h : models) {
    const double products = 2.0 * h.batch * h.heads * h.queries * h.keys * h.size;
    register_step("attention", h.name, {2 * products}, [&h] { return make(h); });
  }
}

}  // namespace hone::kernels::testing
