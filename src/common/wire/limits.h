// How much an engine file may ask for. The verifier refuses more, so the runtime can keep a step's
// operands on the stack and nothing in a file makes loading take longer than linear time.
#pragma once

#include <cstdint>

namespace hone::wire {

constexpr uint32_t max_step_operands = 16;  // of each side
constexpr uint32_t max_step_attrs = 64;     // words
constexpr uint32_t max_step_dims = 64;
constexpr uint32_t max_blob_bytes = 4096;  // attributes of a custom step
constexpr uint32_t max_branch_depth = 16;
constexpr uint32_t max_steps = 1u << 18;
constexpr uint32_t max_values = 1u << 20;
constexpr uint32_t max_dims = 1u << 20;
constexpr uint32_t max_slots = 1u << 20;
constexpr uint32_t max_ios = 1u << 12;  // inputs, and as many outputs
constexpr uint32_t max_profiles = 1u << 8;
constexpr uint64_t data_align = 64;  // of weights, slots, the arena

}  // namespace hone::wire
