// The arena taken and every pointer of every step set.
#include <cstring>

#include "device/runtime/context.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::device::error;
using hone::device::Status;
using hone::runtime::IoSlot;
namespace wire = hone::wire;

Status hone_context::bind() {
  bound = false;
  HONE_RETURN_IF_ERROR(plan());
  HONE_RETURN_IF_ERROR(take_arena());
  resolve_pointers();
  for (uint32_t i = 0; i < input_count; ++i) {
    IoSlot& io = inputs[i];
    if (io.reserved != nullptr) std::memset(io.reserved, 0, static_cast<size_t>(io.bytes));
  }
  bound = true;
  return {};
}

Status hone_context::take_arena() {
  const auto need = static_cast<size_t>(arena_bytes());
  if (given_arena != nullptr) {
    if (given_arena_bytes >= need) return {};
    return error(Code::out_of_memory, FixedText("the arena given has ")
                                          << static_cast<uint64_t>(given_arena_bytes)
                                          << " bytes, these shapes need "
                                          << static_cast<uint64_t>(need));
  }
  if (arena.data != nullptr && arena.bytes >= need) return {};
  // The old one first, so that both never exist at once.
  allocator.free(arena);
  arena = {};
  HONE_ASSIGN(arena, allocator.alloc(need, "the arena of these shapes"));
  return {};
}

// Sets *pointer to the memory of a value, and notes it down where that can change.
void* hone_context::resolve(int32_t value, void** pointer) {
  if (value < 0) return nullptr;
  const wire::Value& v = *meta().values()->Get(static_cast<uint32_t>(value));
  auto* base = static_cast<char*>(given_arena != nullptr ? given_arena : arena.data);
  if (v.place() == wire::Place::none) return nullptr;
  if (v.place() == wire::Place::weights) {
    return const_cast<std::byte*>(engine->file.weights().data() + v.weight_offset());
  }
  const int64_t offset = dims[v.offset()] * hone::bits(static_cast<hone::DType>(v.dtype())) / 8;
  if (v.place() == wire::Place::arena) return base + slot_offsets[v.index()] + offset;
  const IoSlot* io = v.place() == wire::Place::input ? &inputs[v.index()] : &outputs[v.index()];
  patches[patch_count++] = {pointer, io, offset};
  return nullptr;  // set when a run begins
}

void hone_context::resolve_pointers() {
  auto* at = static_cast<char*>(given_arena != nullptr ? given_arena : arena.data);
  at += layout.values;
  workspace = at;
  at += layout.workspace;
  scratch = at;
  at += layout.scratch * threads();
  for (uint32_t i = 0; i < input_count + output_count; ++i) {
    IoSlot& io = i < input_count ? inputs[i] : outputs[i - input_count];
    io.reserved = io.reserved_bytes > 0 ? at : nullptr;
    io.dense = io.reserved;
    io.strided = nullptr;
    at += io.reserved_bytes;
  }
  patch_count = 0;
  for (uint32_t i = 0; i < engine->step_count; ++i) {
    const wire::Step& s = *meta().steps()->Get(i);
    hone::runtime::BoundStep& b = steps[i];
    if (b.kind == wire::StepKind::trap) continue;
    for (uint32_t k = 0; s.in() != nullptr && k < s.in()->size(); ++k) {
      b.in[k] = resolve(s.in()->Get(k), const_cast<void**>(&b.in[k]));
    }
    for (uint32_t k = 0; s.out() != nullptr && k < s.out()->size(); ++k) {
      b.out[k] = resolve(s.out()->Get(k), &b.out[k]);
    }
  }
  buffers_changed = true;
  any_strided = false;
}
