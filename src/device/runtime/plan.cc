// From shapes to sizes: the shape program, slots, operands against their memory, kernels bound.

#include "common/wire/dims.h"
#include "common/wire/vectors.h"
#include "device/runtime/context.h"
#include "device/runtime/plugins.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::add_overflows;
using hone::Code;
using hone::DType;
using hone::FixedText;
using hone::mul_overflows;
using hone::Shape;
using hone::device::error;
using hone::device::Status;
using hone::kernels::Operand;
using hone::runtime::IoSlot;
using hone::runtime::Layout;
using hone::runtime::PlacedValue;
using hone::wire::size_of;
namespace kernels = hone::kernels;
namespace runtime = hone::runtime;
namespace wire = hone::wire;

namespace {

// Shapes and strides beyond this have no memory on any machine; below it kernels may multiply a
// size by an element's width without looking.
constexpr int64_t max_elements = int64_t{1} << 48;
constexpr int64_t max_arena_part = int64_t{1} << 56;

Status too_large() { return error(Code::shape_mismatch, "a tensor of these shapes is too large"); }

// A dimension of 0 counts as 1 here: the strides of an empty tensor must be small, too.
bool sane(const Shape& shape) {
  int64_t n = 1;
  for (int64_t d : shape) {
    if (d < 0 || d > max_elements) return false;
    if (mul_overflows(n, d > 0 ? d : 1, &n) || n > max_elements) return false;
  }
  return true;
}

// elements <= 64-bit; false where the bytes are more than 64 bits can say.
bool bytes_of(DType dtype, int64_t elements, int64_t* bytes) {
  int64_t bits = 0;
  if (mul_overflows(elements, hone::bits(dtype), &bits) || add_overflows(bits, 7, &bits)) {
    return false;
  }
  *bytes = bits / 8;
  return true;
}

constexpr int64_t align64(int64_t n) { return (n + 63) & ~int64_t{63}; }

int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

}  // namespace

// Everything that follows from input_shapes.
Status hone_context::plan_shapes() {
  layout = {};
  for (uint32_t i = 0; i < input_count; ++i) {
    int64_t count = 0;
    if (!sane(input_shapes[i]) || !input_shapes[i].count_checked(&count)) return too_large();
    if (!bytes_of(inputs[i].dtype, count, &inputs[i].bytes)) return too_large();
  }
  for (uint32_t i = 0; measured != nullptr && i < size_of(meta().dims()); ++i) {
    measured[i] = given[i];
  }
  HONE_RETURN_IF_ERROR(eval_dims());
  HONE_RETURN_IF_ERROR(check_dims(false));
  HONE_RETURN_IF_ERROR(shape_outputs());
  HONE_RETURN_IF_ERROR(reserve_io());
  HONE_RETURN_IF_ERROR(place_slots());
  bool measured_before = false;
  for (uint32_t i = 0; i < engine->step_count; ++i) {
    const Status s = plan_step(i);
    steps[i].generation = generation;
    // What comes after a measurement, or in a branch that may be for other shapes, fails only when
    // a run comes there.
    if (!s.ok() && !measured_before && !engine->steps[i].nested) return s;
    if (!s.ok()) set_trap(i);
    measured_before = measured_before || steps[i].kind == wire::StepKind::measure;
  }
  layout.raise(reserve);
  return {};
}

void hone_context::set_trap(uint32_t index) {
  steps[index].kind = wire::StepKind::trap;
  steps[index].kernel = nullptr;
}

Status hone_context::eval_dims() {
  const auto* program = meta().dims();
  const size_t count = size_of(program);
  // A struct vector is an array of its structs; its alignment was verified.
  const auto* instrs =
      count == 0 ? nullptr : reinterpret_cast<const wire::DimInstr*>(program->Data());
  ++generation;
  checked = false;
  return wire::eval_dims({instrs, count}, {input_shapes, input_count},
                         {measured, measured == nullptr ? 0 : count}, {dims, count});
}

// Before the data are known only what does not depend on them (`all` = false).
Status hone_context::check_dims(bool all) const {
  for (uint32_t i = 0; i < size_of(meta().checks()); ++i) {
    const wire::DimCheck& check = *meta().checks()->Get(i);
    if (dims[check.dim()] != 0) continue;
    if (!all && from_data != nullptr && from_data[check.dim()] != 0) continue;
    return error(Code::shape_mismatch, check.text()->c_str());
  }
  return {};
}

Status hone_context::shape_outputs() {
  for (uint32_t i = 0; i < output_count; ++i) {
    const wire::Io& io = io_info(false, i);
    Shape shape;
    for (uint32_t d = 0; d < size_of(io.dims()); ++d) shape.push(dims[io.dims()->Get(d)]);
    if (!sane(shape)) {
      FixedText text = runtime::io_name(false, io);
      text << " would be ";
      runtime::append_shape(shape.span(), &text);
      return error(Code::shape_mismatch, text);
    }
    outputs[i].shape = shape;
    if (!bytes_of(outputs[i].dtype, shape.count(), &outputs[i].bytes)) return too_large();
  }
  return {};
}

Status hone_context::reserve_io() {
  for (uint32_t i = 0; i < size_of(meta().states()); ++i) {
    const wire::StateAlias& a = *meta().states()->Get(i);
    if (outputs[a.output()].bytes == inputs[a.input()].bytes) continue;
    const auto output = static_cast<uint32_t>(a.output());
    return error(Code::shape_mismatch, runtime::io_name(false, io_info(false, output))
                                           << " is the state of another size");
  }
  for (uint32_t i = 0; i < input_count + output_count; ++i) {
    IoSlot& io = i < input_count ? inputs[i] : outputs[i - input_count];
    io.capacity = io.bytes;
    if (i >= input_count) io.bound_shape = io.shape;
    const bool wanted = !external_io || io.state;
    const int64_t bytes = wanted ? align64(max_of(io.bytes, 1)) : 0;
    io.reserved_bytes = profile == nullptr ? bytes : max_of(bytes, io.reserved_bytes);
    if (add_overflows(layout.io, io.reserved_bytes, &layout.io)) return too_large();
    if (layout.io > max_arena_part) return too_large();
  }
  return {};
}

// Offsets of the profile, or one slot after the other, each as large as its largest value.
Status hone_context::place_slots() {
  const auto slots = static_cast<uint32_t>(meta().slots());
  if (profile != nullptr) {
    for (uint32_t i = 0; i < slots; ++i) {
      slot_offsets[i] = static_cast<int64_t>(profile->slot_offsets()->Get(i));
    }
    layout.values = static_cast<int64_t>(profile->arena_bytes());
    if (layout.values > max_arena_part) return too_large();
    layout.values = align64(layout.values);
    return {};
  }
  for (uint32_t i = 0; i < slots; ++i) slot_offsets[i] = 0;
  for (uint32_t i = 0; i < size_of(meta().values()); ++i) {
    const wire::Value& v = *meta().values()->Get(i);
    if (v.place() != wire::Place::arena) continue;
    PlacedValue p;
    // What has no size takes no room; whoever uses it is refused by plan_step.
    if (!place_value(v, &p).ok()) continue;
    slot_offsets[v.index()] = max_of(slot_offsets[v.index()], p.offset + p.bytes);
  }
  int64_t at = 0;
  for (uint32_t i = 0; i < slots; ++i) {
    const int64_t size = slot_offsets[i];
    slot_offsets[i] = at;
    if (size > max_arena_part || add_overflows(at, align64(size), &at)) return too_large();
    if (at > max_arena_part) return too_large();
  }
  layout.values = at;
  return {};
}

Status hone_context::place_value(const wire::Value& v, PlacedValue* out) const {
  Operand& o = out->operand;
  o.dtype = static_cast<DType>(v.dtype());
  o.constant = v.place() == wire::Place::weights && v.strides() == nullptr && dims[v.offset()] == 0;
  for (uint32_t i = 0; i < size_of(v.shape()); ++i) o.shape.push(dims[v.shape()->Get(i)]);
  if (!sane(o.shape)) return error(Code::shape_mismatch, "a negative size or one too large");
  if (v.strides() == nullptr) {
    kernels::dense_strides(o.shape, o.strides);
  } else {
    for (uint32_t i = 0; i < v.strides()->size(); ++i) {
      o.strides[i] = dims[v.strides()->Get(i)];
      if (o.strides[i] < 0 || o.strides[i] > max_elements) {
        return error(Code::shape_mismatch, "a negative stride or one too large");
      }
    }
  }
  int64_t elements = 0;
  if (!kernels::extent(o, &elements) || elements > max_elements ||
      !bytes_of(o.dtype, elements, &out->bytes)) {
    return error(Code::shape_mismatch, "an extent too large");
  }
  const int64_t start = dims[v.offset()];
  if (start < 0 || start > max_elements || start * hone::bits(o.dtype) % 8 != 0) {
    return error(Code::shape_mismatch, "a view that begins nowhere");
  }
  out->offset = start * hone::bits(o.dtype) / 8;
  return {};
}

// The check that makes runs safe: all that an operand can touch lies in its memory.
Status hone_context::check_place(const wire::Value& v, const PlacedValue& p) const {
  const int64_t end = p.offset + p.bytes;  // both below 2^56
  int64_t room = 0;
  switch (v.place()) {
    case wire::Place::weights: room = static_cast<int64_t>(v.weight_bytes()); break;
    case wire::Place::input: room = inputs[v.index()].capacity; break;
    case wire::Place::output: room = outputs[v.index()].capacity; break;
    default: room = layout.values - slot_offsets[v.index()]; break;
  }
  if (end <= room) return {};
  return error(Code::corrupt, FixedText("an operand that touches ")
                                  << end << " bytes of a buffer of " << room);
}

Status hone_context::plan_operand(int32_t value, Operand* out) const {
  if (value < 0) return {};
  const wire::Value& v = *meta().values()->Get(static_cast<uint32_t>(value));
  if (v.place() == wire::Place::none) return {};  // absorbed by another operand: absent
  PlacedValue p;
  HONE_RETURN_IF_ERROR(place_value(v, &p));
  HONE_RETURN_IF_ERROR(check_place(v, p));
  *out = p.operand;
  return {};
}

Status hone_context::check_scalar(uint32_t index, int32_t value, const char* what) const {
  Operand operand;
  HONE_RETURN_IF_ERROR(plan_operand(value, &operand));
  if (operand.shape.count() == 1) return {};
  return error(Code::shape_mismatch, runtime::step_name(index, nullptr) << what);
}

Status hone_context::plan_branch(uint32_t index) const {
  return check_scalar(index, meta().steps()->Get(index)->in()->Get(0),
                      ": its condition is not one bool");
}

Status hone_context::plan_loop(uint32_t index) {
  const wire::Step& s = *meta().steps()->Get(index);
  if (size_of(s.in()) > 0 && s.in()->Get(0) >= 0) HONE_RETURN_IF_ERROR(plan_branch(index));
  HONE_RETURN_IF_ERROR(check_scalar(index, s.out()->Get(0), ": its counter is not one number"));
  steps[index].trips = dims[s.dims()->Get(0)];
  return {};
}

Status hone_context::load_operands(uint32_t index, runtime::StepOperands* o) const {
  const wire::Step& s = *meta().steps()->Get(index);
  const runtime::BoundStep& b = steps[index];
  o->in_count = static_cast<uint32_t>(b.operands.size());
  o->out_count = size_of(s.out());
  o->dim_count = size_of(s.dims());
  for (uint32_t i = 0; i < o->in_count; ++i) {
    HONE_RETURN_IF_ERROR(plan_operand(b.operands[i], &o->in[i]));
  }
  for (uint32_t i = 0; i < o->out_count; ++i) {
    HONE_RETURN_IF_ERROR(plan_operand(s.out()->Get(i), &o->out[i]));
  }
  for (uint32_t i = 0; i < o->dim_count; ++i) o->dims[i] = dims[s.dims()->Get(i)];
  const auto* words = s.attrs();
  if (words != nullptr) o->attrs = {words->data(), words->size()};
  if (s.kind() == wire::StepKind::custom) o->attrs = runtime::plugin_words(s);
  return {};
}

Status hone_context::plan_step(uint32_t index) {
  const wire::Step& s = *meta().steps()->Get(index);
  runtime::BoundStep& b = steps[index];
  b.kind = s.kind();
  b.kernel = nullptr;
  if (s.kind() == wire::StepKind::branch) return plan_branch(index);
  if (s.kind() == wire::StepKind::measure) return plan_measure(index);
  if (s.kind() == wire::StepKind::loop) return plan_loop(index);
  if (s.kind() == wire::StepKind::custom) b.kind = wire::StepKind::kernel;  // it runs like others
  if (b.kind != wire::StepKind::kernel) return {};

  const auto refuse = [&](Code code, const char* why) {
    return error(code, runtime::step_name(index, s.layer() ? s.layer()->c_str() : nullptr)
                           << ", " << b.tactic->name << ": " << why);
  };
  runtime::StepOperands operands;
  const Status placed = load_operands(index, &operands);
  if (!placed.ok()) return refuse(placed.code(), placed.text().c_str());
  kernels::Work work;
  const char* reason =
      b.tactic->bind(kernels::given_to(*b.tactic, operands.view()), b.params, &work);
  if (reason != nullptr) return refuse(Code::unsupported, reason);
  if (work.phases < 0 || work.phases > kernels::max_phases || work.scratch_bytes < 0 ||
      work.scratch_bytes > max_arena_part / hone::platform::max_threads ||
      work.workspace_bytes < 0 || work.workspace_bytes > max_arena_part) {
    return refuse(Code::shape_mismatch, "it wants more memory than there is");
  }
  layout.workspace = max_of(layout.workspace, align64(work.workspace_bytes));
  layout.scratch = max_of(layout.scratch, align64(work.scratch_bytes));
  b.kernel = b.tactic;
  b.phases = work.phases;
  for (int p = 0; p < work.phases; ++p) b.units[p] = work.units[p];
  return {};
}
