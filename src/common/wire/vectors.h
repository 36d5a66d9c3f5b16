// Vectors of the engine's metadata.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdint>

namespace hone::wire {

// One that the file leaves out is an empty one.
template <class T>
uint32_t size_of(const flatbuffers::Vector<T>* v) {
  return v == nullptr ? 0 : v->size();
}

}  // namespace hone::wire
