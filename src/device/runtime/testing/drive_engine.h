// Takes any bytes through load, create, bind and run, as far as they come; for fuzzing. Bytes that
// would only cost time (a loop over 2^40 elements is safe, but long) are not run.
#pragma once

#include <cstring>

#include "common/wire/testing/tiny_engine.h"
#include "device/runtime/context.h"
#include "device/runtime/testing/allocators.h"
#include "device/runtime/testing/double_plugin.h"

namespace hone::runtime::testing {

constexpr int64_t max_driven_elements = 1 << 14;
constexpr int64_t max_driven_units = 1 << 12;
constexpr int64_t max_driven_turns = 1 << 8;

// Small shapes: 2 for every dynamic dimension, or the least the profile takes.
inline bool set_small_shapes(hone_engine* engine, hone_context* context, int32_t profile) {
  for (uint32_t i = 0; i < context->input_count; ++i) {
    const auto input = static_cast<int32_t>(i);
    hone_tensor_info info = {};
    info.struct_size = sizeof(info);
    if (hone_engine_input(engine, input, &info) != HONE_OK) return false;
    for (int32_t d = 0; d < info.rank; ++d) {
      int64_t min = 2, opt = 0, max = 0;
      if (info.dims[d] >= 0) continue;
      hone_engine_profile_range(engine, profile, input, d, &min, &opt, &max);
      info.dims[d] = min;
    }
    if (hone_context_set_shape(context, input, info.dims, info.rank) != HONE_OK) return false;
  }
  return true;
}

inline bool cheap(const hone_context& c) {
  const auto* values = c.meta().values();
  for (uint32_t i = 0; values != nullptr && i < values->size(); ++i) {
    const auto* shape = values->Get(i)->shape();
    double elements = 1;
    for (uint32_t d = 0; shape != nullptr && d < shape->size(); ++d) {
      elements *= static_cast<double>(c.dims[shape->Get(d)]);
    }
    if (elements > static_cast<double>(max_driven_elements)) return false;
  }
  int64_t units = 0, turns = 1;  // as if every loop stood in all those before it
  for (uint32_t i = 0; i < c.engine->step_count; ++i) {
    if (c.steps[i].kind == wire::StepKind::loop && c.steps[i].trips > 1) {
      if (c.steps[i].trips > max_driven_turns) return false;
      turns *= c.steps[i].trips;
      if (turns > max_driven_turns) return false;
    }
    for (int p = 0; p < c.steps[i].phases; ++p) {
      if (c.steps[i].units[p] > max_driven_units) return false;
      units += c.steps[i].units[p];
    }
  }
  return units * turns <= 4 * max_driven_units;
}

// What became of the bytes, for statistics.
enum class Driven { refused, created, bound, ran };

inline Driven drive(const wire::testing::FileBytes& file) {
  TestAllocator memory;
  memory.limit = size_t{1} << 26;
  const hone_allocator fns = memory.fns();
  hone_load_options load = {};
  load.struct_size = sizeof(load);
  load.allocator = &fns;
  static const DoublePlugin twice;
  const hone_plugin* const plugins[] = {&twice.table};
  load.plugins = plugins;
  load.plugin_count = 1;
  hone_engine* engine = nullptr;
  if (hone_load_memory(file.data(), file.size(), &load, &engine) != HONE_OK) return Driven::refused;
  Driven result = Driven::created;
  hone_context* context = nullptr;
  if (hone_context_create(engine, nullptr, &context) == HONE_OK) {
    // Two profiles, then whichever fits: each in the memory of the one before.
    for (int32_t profile : {0, 1, HONE_ANY_PROFILE}) {
      if (hone_context_set_profile(context, profile) != HONE_OK) continue;
      if (!set_small_shapes(engine, context, profile)) continue;
      if (hone_context_bind(context) != HONE_OK) continue;
      if (result == Driven::created) result = Driven::bound;
      if (cheap(*context) && hone_run(context) == HONE_OK) result = Driven::ran;
    }
  }
  hone_context_free(context);
  hone_engine_free(engine);
  if (memory.live != 0 || !memory.sizes_agree) std::abort();
  return result;
}

}  // namespace hone::runtime::testing
