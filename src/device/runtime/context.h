// hone_context: one binding of an engine to shapes and memory. The work is in profile.cc (shapes ->
// profile), plan.cc (shapes -> sizes, kernels bound), bind.cc (arena, pointers), buffers.cc (inputs
// and outputs), run.cc.
#pragma once

#include <span>

#include "common/base/device_status.h"
#include "common/tensor/dtype.h"
#include "common/tensor/shape.h"
#include "common/wire/dims.h"
#include "common/wire/limits.h"
#include "device/runtime/loaded_engine.h"
#include "device/runtime/memory.h"
#include "device/runtime/pool.h"
#include "device/runtime/trace.h"

namespace hone::wire {
enum class StepKind : uint8_t;
struct Io;
struct Value;
struct Profile;
}  // namespace hone::wire

namespace hone::runtime {

// An input or an output.
struct IoSlot {
  Shape shape;                 // of an output: what the last run gave; until then as `bound_shape`
  Shape bound_shape;           // what its memory is for: data count as their bounds
  int64_t bytes = 0;           // of `shape`
  int64_t capacity = 0;        // of `bound_shape`
  int64_t reserved_bytes = 0;  // in the arena: for the largest shapes of the profiles; 0: none
  void* reserved = nullptr;
  void* dense = nullptr;    // what kernels read or write; nullptr: not set
  void* strided = nullptr;  // the caller's memory where it is copied from or to
  int64_t strides[max_rank] = {};
  DType dtype = DType::none;
  bool shape_set = false;
  bool state = false;  // input that a run's output replaces
};

// Parts of the arena, in this order, each a multiple of 64 bytes.
struct Layout {
  int64_t values = 0;
  int64_t workspace = 0;
  int64_t scratch = 0;  // of one thread
  int64_t io = 0;

  void raise(const Layout& at_least) {
    const auto to = [](int64_t* part, int64_t least) { *part = *part < least ? least : *part; };
    to(&values, at_least.values);
    to(&workspace, at_least.workspace);
    to(&scratch, at_least.scratch);
    to(&io, at_least.io);
  }
};

struct BoundStep {
  const kernels::Kernel* tactic = nullptr;  // of kernel steps: the one of the profile taken
  std::span<const int32_t> operands;        // what it reads: values
  const kernels::Kernel* kernel = nullptr;  // bound; nullptr: branch or trap
  void* params = nullptr;
  const void** in = nullptr;
  void** out = nullptr;
  int64_t units[kernels::max_phases] = {};
  int32_t phases = 0;
  wire::StepKind kind{};
  int64_t trips = 0, turn = 0;  // loop: how often it runs at most, how often it has
  Flow flow;
  uint32_t first_patch = 0;
  uint32_t generation = 0;  // measure: of the dims that the steps after it are bound for
};

// An operand in a caller's buffer: its pointer follows the buffer.
struct Patch {
  void** pointer;
  const IoSlot* io;
  int64_t offset;
};

// A Value with this binding's sizes.
struct PlacedValue {
  kernels::Operand operand;
  int64_t offset = 0;  // bytes from the start of its slot, input or output
  int64_t bytes = 0;   // that it can touch from there on
};

// A kernel step as its kernel sees it, with this binding's sizes.
struct StepOperands {
  kernels::Operand in[wire::max_step_operands], out[wire::max_step_operands];
  int64_t dims[wire::max_step_dims];
  uint32_t in_count = 0, out_count = 0, dim_count = 0;
  std::span<const int32_t> attrs;

  kernels::Step view() const {
    return {{in, in_count}, {out, out_count}, attrs, {dims, dim_count}};
  }
};

}  // namespace hone::runtime

struct hone_context {
  using Status = hone::device::Status;

  // Says what went wrong, once; see hone_context_error.
  hone_status fail(const Status& s);

  Status set_shape(int32_t input, const int64_t* sizes, int32_t rank);
  // Data dims of that input, known before it is bound.
  Status set_shape_values(int32_t input, const int64_t* values, int32_t count);
  // A number, or HONE_ANY_PROFILE.
  Status set_profile(int32_t number);
  // Shapes -> profile, layout, params of kernels. Needs no arena; does nothing where shapes are the
  // same.
  Status plan();
  Status bind();
  void mark_data();  // once, when created

  Status set_buffer(bool is_input, int32_t index, const hone_buffer* buffer);
  Status get_buffer(bool is_input, int32_t index, hone_buffer* buffer);
  void reset_state();
  void copy_in();
  void copy_out();

  Status run();
  // Of a kernel step, with the sizes of the binding or, where data decide some, of the last run.
  Status load_operands(uint32_t index, hone::runtime::StepOperands* out) const;

  int64_t arena_bytes() const;
  const hone::wire::EngineMeta& meta() const { return engine->meta(); }
  const hone::wire::Io& io_info(bool is_input, uint32_t index) const;
  int threads() const { return pool == nullptr ? 1 : pool->threads; }

  hone_engine* engine = nullptr;
  hone_pool* pool = nullptr;
  hone::runtime::Allocator allocator;
  hone::runtime::Block self;
  bool external_io = false;
  int32_t wanted_profile = 0;                    // HONE_ANY_PROFILE: the first that fits
  int32_t profile_number = -1;                   // taken; -1: none yet
  const hone::wire::Profile* profile = nullptr;  // nullptr: any shape

  uint32_t input_count = 0, output_count = 0;
  hone::runtime::IoSlot* inputs = nullptr;
  hone::runtime::IoSlot* outputs = nullptr;
  hone::Shape* input_shapes = nullptr;  // for the shape program
  int64_t* dims = nullptr;
  hone::wire::Measured* measured = nullptr;  // by dim; nullptr: the engine has no data dims
  hone::wire::Measured* given = nullptr;     // likewise: what the caller said before binding
  uint8_t* from_data = nullptr;              // by dim: 1 where it depends on data
  uint32_t generation = 0;                   // of dims
  uint32_t last_measure = 0;                 // the step from which on all data are known
  bool checked = false;                      // the checks that depend on data hold for dims
  int64_t* slot_offsets = nullptr;
  hone::runtime::BoundStep* steps = nullptr;
  hone::runtime::Patch* patches = nullptr;
  uint32_t patch_count = 0;
  uint64_t* times = nullptr;
  hone::runtime::Trace* trace = nullptr;  // nullptr: runs are not recorded

  hone::runtime::Layout layout;   // at least `reserve`
  hone::runtime::Layout reserve;  // what the largest shapes of the profiles wanted need
  hone::runtime::Block arena;     // owned, or:
  void* given_arena = nullptr;
  size_t given_arena_bytes = 0;
  size_t populated_bytes = 0;  // of the arena given: their pages are present
  void* scratch = nullptr;
  void* workspace = nullptr;

  bool reserve_known = false;
  bool planned = false;
  bool bound = false;
  bool buffers_changed = false;
  bool any_strided = false;
  bool warm = false;  // run_first_units() was here
  bool timing = false;
  hone::FixedText error_text;

 private:
  Status check_shapes_set() const;
  Status choose_profile(int32_t* number) const;
  void take_profile(int32_t number);
  void plan_reserve();
  Status plan_shapes();
  Status place_slots();
  Status place_value(const hone::wire::Value& v, hone::runtime::PlacedValue* out) const;
  Status check_place(const hone::wire::Value& v, const hone::runtime::PlacedValue& p) const;
  Status plan_operand(int32_t value, hone::kernels::Operand* out) const;
  Status plan_step(uint32_t index);
  Status plan_branch(uint32_t index) const;
  Status plan_loop(uint32_t index);
  Status check_scalar(uint32_t index, int32_t value, const char* what) const;
  Status plan_measure(uint32_t index) const;
  Status measure(uint32_t index);
  Status update_dims(uint32_t index);
  void forget(uint32_t index);
  bool read_data(uint32_t index);
  void rebind(uint32_t index);
  Status eval_dims();
  Status check_dims(bool all) const;
  Status shape_outputs();
  void set_trap(uint32_t index);
  Status reserve_io();
  Status take_arena();
  void resolve_pointers();
  void resolve_step(uint32_t index);
  void* resolve(int32_t value, bool runs, void** pointer, uint32_t* patch);
  Status apply_buffers();
  Status run_steps();
  bool turn_loop(uint32_t index, bool again);
  void run_kernel(uint32_t index);
  void run_first_units();
};

namespace hone::runtime {

// Errors (not_found): the engine has no such profile.
device::Status check_profile(const hone_engine& engine, int32_t number);
device::Result<hone_context*> create_context(hone_engine* engine,
                                             const hone_context_options& options);
void free_context(hone_context* context);

}  // namespace hone::runtime
