// The arena taken and every pointer of every step set.
#include <cstring>

#include "device/platform/pages.h"
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
    io.bound_shape = io.shape;
  }
  run_first_units();
  bound = true;
  return {};
}

Status hone_context::take_arena() {
  const auto need = static_cast<size_t>(arena_bytes());
  if (given_arena != nullptr) {
    if (given_arena_bytes >= need) {
      if (populated_bytes < need) hone::platform::populate(given_arena, need);
      populated_bytes = need;
      return {};
    }
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
  // The first run is to take as long as any other.
  hone::platform::populate(arena.data, arena.bytes);
  return {};
}

// The memory of a value, and a patch where that can change: then the pointer is set when a run
// begins, or at once where the memory is known. A step that is not bound (`runs` = false) has no
// offsets, but its patches keep their places.
void* hone_context::resolve(int32_t value, bool runs, void** pointer, uint32_t* patch) {
  if (value < 0) return nullptr;
  const wire::Value& v = *meta().values()->Get(static_cast<uint32_t>(value));
  auto* base = static_cast<char*>(given_arena != nullptr ? given_arena : arena.data);
  if (v.place() == wire::Place::none) return nullptr;
  const int64_t offset =
      !runs ? 0 : dims[v.offset()] * hone::bits(static_cast<hone::DType>(v.dtype())) / 8;
  if (v.place() == wire::Place::weights) {
    return const_cast<std::byte*>(engine->file.weights().data() + v.weight_offset()) + offset;
  }
  if (v.place() == wire::Place::arena) return base + slot_offsets[v.index()] + offset;
  const IoSlot* io = v.place() == wire::Place::input ? &inputs[v.index()] : &outputs[v.index()];
  patches[(*patch)++] = {pointer, io, offset};
  return io->dense == nullptr ? nullptr : static_cast<char*>(io->dense) + offset;
}

void hone_context::resolve_step(uint32_t index) {
  const wire::Step& s = *meta().steps()->Get(index);
  hone::runtime::BoundStep& b = steps[index];
  uint32_t patch = b.first_patch;
  const bool runs = b.kind != wire::StepKind::trap;
  for (size_t k = 0; k < b.operands.size(); ++k) {
    b.in[k] = resolve(b.operands[k], runs, const_cast<void**>(&b.in[k]), &patch);
  }
  for (uint32_t k = 0; s.out() != nullptr && k < s.out()->size(); ++k) {
    b.out[k] = resolve(s.out()->Get(k), runs, &b.out[k], &patch);
  }
  if (patch > patch_count) patch_count = patch;
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
    steps[i].first_patch = patch_count;
    resolve_step(i);
  }
  buffers_changed = true;
  any_strided = false;
}
