// Shapes and tensor types in messages.
#pragma once

#include <span>

#include "common/base/device_status.h"

namespace hone::wire {
struct Io;
}

namespace hone::runtime {

// "[1, 3, 224, 224]"
void append_shape(std::span<const int64_t> dims, FixedText* text);
// "f32 [N, 3, 224, 224]"; "?" for a dynamic dimension without a name.
void append_type(const wire::Io& io, FixedText* text);
// "input 'image'"
FixedText io_name(bool is_input, const wire::Io& io);
// "step 12 (conv1)"
FixedText step_name(uint32_t index, const char* layer);

}  // namespace hone::runtime
