// The C interface: contexts and runs.
#include <cstring>

#include "device/runtime/context.h"
#include "device/runtime/structs.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::Shape;
using hone::device::error;
using hone::device::Status;
namespace runtime = hone::runtime;

namespace {

Status get_shape(const hone_context& c, bool is_input, int32_t index, int64_t* dims,
                 int32_t* rank) {
  if (dims == nullptr || rank == nullptr) {
    return error(Code::invalid_argument, "no memory given for the shape");
  }
  if (!c.bound) return error(Code::wrong_state, "bind the context before its shapes are asked for");
  const uint32_t count = is_input ? c.input_count : c.output_count;
  if (index < 0 || static_cast<uint32_t>(index) >= count) {
    return error(Code::not_found, FixedText(is_input ? "no input " : "no output ")
                                      << index << ": the model has " << count);
  }
  const Shape& shape = (is_input ? c.inputs : c.outputs)[index].shape;
  for (int i = 0; i < shape.rank(); ++i) dims[i] = shape[i];
  *rank = shape.rank();
  return {};
}

Status get_memory(hone_context& c, hone_memory_info* info) {
  HONE_RETURN_IF_ERROR(c.plan());
  hone_memory_info full = {};
  full.weights_bytes = c.engine->file.header().weights_bytes;
  full.context_bytes = c.self.bytes;
  full.arena_bytes = static_cast<uint64_t>(c.arena_bytes());
  full.values_bytes = static_cast<uint64_t>(c.layout.values);
  full.work_bytes = static_cast<uint64_t>(c.layout.workspace + c.layout.scratch * c.threads());
  full.io_bytes = static_cast<uint64_t>(c.layout.io);
  return runtime::write_struct(full, "hone_memory_info", info);
}

Status set_arena(hone_context& c, void* arena, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(arena) % 64 != 0) {
    return error(Code::invalid_argument, "the arena must begin at a multiple of 64");
  }
  c.bound = false;
  c.allocator.free(c.arena);
  c.arena = {};
  c.given_arena = arena;
  c.populated_bytes = 0;
  c.given_arena_bytes = arena == nullptr ? 0 : bytes;
  return {};
}

Status check_step(const hone_context& c, int32_t step) {
  if (step >= 0 && static_cast<uint32_t>(step) < c.engine->step_count) return {};
  return error(Code::not_found, FixedText("no step ")
                                    << step << ": the engine has " << c.engine->step_count);
}

const char* text_of(const flatbuffers::String* s) { return s == nullptr ? "" : s->c_str(); }

}  // namespace

hone_status hone_context_create(hone_engine* engine, const hone_context_options* options,
                                hone_context** out) {
  if (engine == nullptr || out == nullptr) return HONE_INVALID_ARGUMENT;
  *out = nullptr;
  hone_context_options o = {};
  if (options != nullptr) {
    const Status read = runtime::read_struct(options, "hone_context_options", &o);
    if (!read.ok()) return static_cast<hone_status>(read.code());
  }
  auto context = runtime::create_context(engine, o);
  if (!context.ok()) {
    if (engine->log != nullptr) {
      engine->log(engine->log_user, HONE_LOG_ERROR, context.status().text().c_str());
    }
    return runtime::report(context.status(), o.error_text, o.error_text_bytes);
  }
  *out = *context;
  return HONE_OK;
}

void hone_context_free(hone_context* c) {
  if (c != nullptr) runtime::free_context(c);
}

const char* hone_context_error(const hone_context* c) {
  return c == nullptr ? "" : c->error_text.c_str();
}

hone_status hone_context_set_profile(hone_context* c, int32_t profile) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->set_profile(profile));
}

int32_t hone_context_profile(const hone_context* c) {
  return c != nullptr && c->bound && c->profile != nullptr ? c->profile_number : -1;
}

hone_status hone_context_set_shape(hone_context* c, int32_t input, const int64_t* dims,
                                   int32_t rank) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->set_shape(input, dims, rank));
}

hone_status hone_context_set_shape_values(hone_context* c, int32_t input, const int64_t* values,
                                          int32_t count) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->set_shape_values(input, values, count));
}

hone_status hone_context_memory(hone_context* c, hone_memory_info* info) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(get_memory(*c, info));
}

hone_status hone_context_set_arena(hone_context* c, void* arena, size_t bytes) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(set_arena(*c, arena, bytes));
}

hone_status hone_context_bind(hone_context* c) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->bind());
}

hone_status hone_context_input_shape(hone_context* c, int32_t index, int64_t* dims, int32_t* rank) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(get_shape(*c, true, index, dims, rank));
}
hone_status hone_context_output_shape(hone_context* c, int32_t index, int64_t* dims,
                                      int32_t* rank) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(get_shape(*c, false, index, dims, rank));
}

hone_status hone_context_set_input(hone_context* c, int32_t index, const hone_buffer* buffer) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->set_buffer(true, index, buffer));
}
hone_status hone_context_set_output(hone_context* c, int32_t index, const hone_buffer* buffer) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->set_buffer(false, index, buffer));
}
hone_status hone_context_input_buffer(hone_context* c, int32_t index, hone_buffer* buffer) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->get_buffer(true, index, buffer));
}
hone_status hone_context_output_buffer(hone_context* c, int32_t index, hone_buffer* buffer) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->get_buffer(false, index, buffer));
}

hone_status hone_context_reset_state(hone_context* c) {
  if (c == nullptr) return HONE_INVALID_ARGUMENT;
  if (!c->bound) return c->fail(error(Code::wrong_state, "bind the context first"));
  c->reset_state();
  return HONE_OK;
}

hone_status hone_run(hone_context* c) {
  return c == nullptr ? HONE_INVALID_ARGUMENT : c->fail(c->run());
}

hone_status hone_run_async(hone_context* c, hone_fence* fence) {
  if (c == nullptr) return HONE_INVALID_ARGUMENT;
  hone_fence f;
  const Status read = runtime::read_struct(fence, "hone_fence", &f);
  if (!read.ok()) return c->fail(read);
  if (!c->bound) return c->fail(error(Code::wrong_state, "bind the context before it runs"));
  fence->status = c->fail(c->run());
  fence->done = 1;
  return HONE_OK;
}

hone_status hone_fence_wait(hone_fence* fence) {
  if (fence == nullptr) return HONE_INVALID_ARGUMENT;
  return fence->done != 0 ? fence->status : static_cast<hone_status>(HONE_WRONG_STATE);
}

int32_t hone_fence_done(const hone_fence* fence) {
  return fence != nullptr && fence->done != 0 ? 1 : 0;
}

hone_status hone_context_step_info(hone_context* c, int32_t step, hone_step_info* info) {
  if (c == nullptr) return HONE_INVALID_ARGUMENT;
  const Status found = check_step(*c, step);
  if (!found.ok()) return c->fail(found);
  const hone::wire::Step& s = *c->meta().steps()->Get(static_cast<uint32_t>(step));
  hone_step_info full = {};
  full.layer = text_of(s.layer());
  full.op = text_of(s.op());
  const hone::kernels::Kernel* tactic = c->steps[step].tactic;
  full.kernel = tactic != nullptr ? tactic->name : text_of(s.kernel());
  return c->fail(runtime::write_struct(full, "hone_step_info", info));
}

hone_status hone_context_enable_timing(hone_context* c, int32_t on) {
  if (c == nullptr) return HONE_INVALID_ARGUMENT;
  c->timing = on != 0;
  return HONE_OK;
}

hone_status hone_context_step_times(hone_context* c, uint64_t* ns, int32_t n) {
  if (c == nullptr) return HONE_INVALID_ARGUMENT;
  if (n < 0 || static_cast<uint32_t>(n) != c->engine->step_count || (ns == nullptr && n > 0)) {
    return c->fail(error(Code::invalid_argument, FixedText("the engine has ")
                                                     << c->engine->step_count << " steps, not "
                                                     << n));
  }
  if (!c->timing) return c->fail(error(Code::wrong_state, "timing is not enabled"));
  if (n > 0) std::memcpy(ns, c->times, sizeof(*ns) * static_cast<size_t>(n));
  return HONE_OK;
}
