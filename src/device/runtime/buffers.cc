// Memory of inputs and outputs: the caller's, or the arena's.
#include <cstring>

#include "device/runtime/context.h"
#include "device/runtime/strided.h"
#include "device/runtime/structs.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::Shape;
using hone::device::error;
using hone::device::Status;
using hone::runtime::IoSlot;
namespace kernels = hone::kernels;
namespace runtime = hone::runtime;
namespace wire = hone::wire;

namespace {

// Type and shape of the caller's buffer against those of the binding.
Status check_type(const wire::Io& io, bool is_input, const IoSlot& slot, const hone_buffer& b) {
  FixedText text = runtime::io_name(is_input, io);
  if (b.rank < 0 || b.rank > hone::max_rank || (b.rank > 0 && b.dims == nullptr)) {
    return error(Code::invalid_argument, text << ": a buffer has 0 to 8 dims");
  }
  const Shape shape(std::span<const int64_t>(b.dims, static_cast<size_t>(b.rank)));
  if (b.dtype == static_cast<int32_t>(slot.dtype) && shape == slot.bound_shape) return {};
  text << " is " << name(slot.dtype) << " ";
  runtime::append_shape(slot.bound_shape.span(), &text);
  text << " here, the buffer is " << hone_dtype_name(b.dtype) << " ";
  runtime::append_shape(shape.span(), &text);
  return error(Code::shape_mismatch, text);
}

// Room, alignment, strides. *dense: used as it is.
Status check_memory(const FixedText& name, const IoSlot& slot, const hone_buffer& b, bool* dense) {
  const auto fail = [&](const char* why) {
    return error(Code::invalid_argument, FixedText(name) << ": " << why);
  };
  if (b.memory_space != HONE_MEMORY_HOST) {
    return error(Code::unsupported, FixedText(name) << ": no memory space but the host's yet");
  }
  kernels::Operand o = kernels::dense(slot.dtype, slot.bound_shape);
  for (int d = 0; b.strides != nullptr && d < slot.shape.rank(); ++d) o.strides[d] = b.strides[d];
  int64_t elements = 0;
  const int bits = hone::bits(slot.dtype);
  if (!kernels::extent(o, &elements) || elements > (int64_t{1} << 48)) {
    return fail("its strides are negative or too large");
  }
  *dense = kernels::is_dense(o);
  if (!*dense && bits < 8) return fail("types narrower than a byte cannot be strided");
  const auto need = static_cast<uint64_t>(hone::byte_size(slot.dtype, elements));
  if (b.bytes < need) {
    return error(Code::shape_mismatch, FixedText(name)
                                           << ": the buffer has " << static_cast<uint64_t>(b.bytes)
                                           << " bytes, " << need << " are needed");
  }
  if (b.data == nullptr && need > 0) return fail("data is NULL");
  const auto align = static_cast<uintptr_t>(bits <= 8 ? 1 : bits >= 64 ? 8 : bits / 8);
  if (reinterpret_cast<uintptr_t>(b.data) % align != 0) {
    return fail("data is not aligned to its elements");
  }
  return {};
}

}  // namespace

Status hone_context::set_buffer(bool is_input, int32_t index, const hone_buffer* buffer) {
  if (!bound) return error(Code::wrong_state, "bind the context before its buffers are set");
  const uint32_t count = is_input ? input_count : output_count;
  if (index < 0 || static_cast<uint32_t>(index) >= count) {
    return error(Code::not_found, FixedText(is_input ? "no input " : "no output ")
                                      << index << ": the model has " << count);
  }
  IoSlot& slot = (is_input ? inputs : outputs)[index];
  if (buffer == nullptr) {
    slot.dense = slot.reserved;
    slot.strided = nullptr;
    buffers_changed = true;
    return {};
  }
  const wire::Io& io = io_info(is_input, static_cast<uint32_t>(index));
  const FixedText name = runtime::io_name(is_input, io);
  hone_buffer b;
  HONE_RETURN_IF_ERROR(runtime::read_struct(buffer, "hone_buffer", &b));
  if (slot.state) {
    return error(Code::invalid_argument, FixedText(name)
                                             << " is state: write to its input_buffer instead");
  }
  HONE_RETURN_IF_ERROR(check_type(io, is_input, slot, b));
  bool dense = false;
  HONE_RETURN_IF_ERROR(check_memory(name, slot, b, &dense));
  if (!dense && slot.reserved == nullptr) {
    return error(Code::unsupported, FixedText(name) << ": a strided buffer is copied, and with "
                                                       "HONE_CONTEXT_EXTERNAL_IO there is no "
                                                       "memory for the copy");
  }
  slot.dense = dense ? b.data : slot.reserved;
  slot.strided = dense ? nullptr : b.data;
  for (int d = 0; !dense && d < slot.shape.rank(); ++d) slot.strides[d] = b.strides[d];
  buffers_changed = true;
  return {};
}

Status hone_context::get_buffer(bool is_input, int32_t index, hone_buffer* buffer) {
  if (!bound) return error(Code::wrong_state, "bind the context before its buffers are asked for");
  const uint32_t count = is_input ? input_count : output_count;
  if (index < 0 || static_cast<uint32_t>(index) >= count) {
    return error(Code::not_found, FixedText(is_input ? "no input " : "no output ")
                                      << index << ": the model has " << count);
  }
  const IoSlot& slot = (is_input ? inputs : outputs)[index];
  if (slot.dense == nullptr) {
    return error(Code::wrong_state,
                 runtime::io_name(is_input, io_info(is_input, static_cast<uint32_t>(index)))
                     << " has no memory: with HONE_CONTEXT_EXTERNAL_IO the caller sets it");
  }
  hone_buffer full = {};
  full.data = slot.dense;
  full.bytes = static_cast<size_t>(slot.bytes);
  full.dtype = static_cast<int32_t>(slot.dtype);
  full.rank = slot.shape.rank();
  full.dims = slot.shape.begin();
  full.memory_space = HONE_MEMORY_HOST;
  return runtime::write_struct(full, "hone_buffer", buffer);
}

void hone_context::reset_state() {
  for (uint32_t i = 0; i < input_count; ++i) {
    if (inputs[i].state) std::memset(inputs[i].dense, 0, static_cast<size_t>(inputs[i].bytes));
  }
}

// Before and after the steps of a run.
void hone_context::copy_in() {
  for (uint32_t i = 0; i < input_count; ++i) {
    const IoSlot& io = inputs[i];
    const auto width = static_cast<size_t>(hone::bits(io.dtype) / 8);
    if (io.strided == nullptr) continue;
    runtime::copy_from_strided(io.shape, io.strides, width, io.strided, io.dense);
  }
}

void hone_context::copy_out() {
  for (uint32_t i = 0; i < output_count; ++i) {
    const IoSlot& io = outputs[i];
    const auto width = static_cast<size_t>(hone::bits(io.dtype) / 8);
    if (io.strided == nullptr) continue;
    runtime::copy_to_strided(io.shape, io.strides, width, io.dense, io.strided);
  }
}
