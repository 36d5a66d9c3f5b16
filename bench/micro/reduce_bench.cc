// Pools, reductions, softmax, LSTM.
#include "device/kernels/lstm/lstm.h"
#include "device/kernels/pool/pool.h"
#include "device/kernels/reduce/reduce.h"
#include "device/kernels/softmax/softmax.h"
#include "device/kernels/testing/typed_tensor.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

void add_pool(const char* name, DType t, PoolAttrs a, const Shape& x, const Shape& y) {
  const auto bytes = static_cast<double>(byte_size(t, x.count() + y.count()));
  register_step("pool", name, {0, bytes}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(a);
    s.in = {random_of(rng, t, x)};
    s.out = {tensor(t, y)};
    return s;
  });
}

void add_reduce(const char* name, Reduce op, uint32_t axes, DType t, const Shape& x, const Shape& y,
                DType result) {
  const auto bytes = static_cast<double>(byte_size(t, x.count()));
  register_step("reduce", name, {0, bytes}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(ReduceAttrs{op, axes, 0});
    s.in = {random_of(rng, t, x)};
    s.out = {tensor(result, y)};
    return s;
  });
}

void add_softmax(const char* name, const Shape& x, int log, DType t = DType::f32) {
  const int last = x.rank() - 1;
  register_step("softmax", name, {0, 8.0 * static_cast<double>(x.count())}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(SoftmaxAttrs{last, last + 1, log});
    s.in = {random_of(rng, t, x)};
    s.out = {tensor(t, x)};
    return s;
  });
}

}  // namespace

void register_pool() {
  add_pool("resnet_stem_max_3x3_s2", DType::f32, {Pool::max, 0, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0},
           {1, 112, 112, 64}, {1, 56, 56, 64});
  add_pool("resnet_stem_max_3x3_s2_bf16", DType::bf16,
           {Pool::max, 0, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0}, {1, 112, 112, 64}, {1, 56, 56, 64});
  add_pool("average_2x2_s2", DType::f32, {Pool::average, 0, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0},
           {1, 56, 56, 128}, {1, 28, 28, 128});
  add_pool("global_average_7x7", DType::f32, {Pool::average, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0},
           {1, 7, 7, 1280}, {1, 1, 1, 1280});
}

void register_reduce() {
  add_reduce("mean_of_pixels", Reduce::mean, 0b0110, DType::f32, {1, 28, 28, 120}, {1, 1, 1, 120},
             DType::f32);
  add_reduce("mean_of_rows", Reduce::mean, 0b10, DType::f32, {197, 768}, {197, 1}, DType::f32);
  add_reduce("arg_max_1000", Reduce::arg_max, 0b10, DType::f32, {1, 1000}, {1, 1}, DType::i64);
  add_reduce("arg_max_class_map", Reduce::arg_max, 0b0010, DType::f32, {1, 21, 128, 128},
             {1, 1, 128, 128}, DType::i64);
  add_reduce("arg_max_last_axis", Reduce::arg_max, 0b1000, DType::f32, {1, 128, 128, 21},
             {1, 128, 128, 1}, DType::i64);
  add_reduce("sum_i64", Reduce::sum, 0b10, DType::i64, {64, 1024}, {64, 1}, DType::i64);
}

void register_softmax() {
  add_softmax("classes_1000", {1, 1000}, 0);
  add_softmax("attention_12x197", {12, 197, 197}, 0);
  add_softmax("log_classes_1000", {1, 1000}, 1);
  add_softmax("classes_1000_f64", {1, 1000}, 0, DType::f64);
}

void register_lstm() {
  constexpr int hidden = 128, input = 128;
  register_step("lstm", "silero_step_128", {2.0 * 4 * hidden * (hidden + input)}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(LstmAttrs{hidden, 0, 0, 0, Act::sigmoid, Act::tanh, Act::tanh, Act::sigmoid,
                              Act::tanh, Act::tanh});
    s.in = {random_tensor(rng, {1, 1, input}),
            constant(random_tensor(rng, {1, 4 * hidden, input})),
            constant(random_tensor(rng, {1, 4 * hidden, hidden})),
            constant(random_tensor(rng, {1, 8 * hidden})),
            random_tensor(rng, {1, 1, hidden}),
            random_tensor(rng, {1, 1, hidden})};
    s.out = {tensor(DType::f32, {1, 1, 1, hidden}), tensor(DType::f32, {1, 1, hidden}),
             tensor(DType::f32, {1, 1, hidden})};
    return s;
  });
}

}  // namespace hone::kernels::testing
