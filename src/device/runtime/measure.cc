// Sizes that the data decide: read while a run goes on, and the steps that depend on them bound
// again, in the memory of the binding. Costs nothing but the comparison where they stay the same.
#include <cstring>

#include "common/wire/vectors.h"
#include "device/runtime/context.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::device::error;
using hone::device::Status;
using hone::kernels::Operand;
using hone::runtime::BoundStep;
using hone::wire::DimInstr;
using hone::wire::DimOp;
using hone::wire::Measured;
using hone::wire::size_of;
using hone::wire::StepKind;
namespace runtime = hone::runtime;
namespace wire = hone::wire;

namespace {

bool is_measure(const hone_context& c, uint32_t index) {
  return c.meta().steps()->Get(index)->kind() == StepKind::measure;
}

// The operand of a measure step that a data dim is read from; the verifier saw that there is one.
uint32_t operand_of(const wire::Step& s, const DimInstr& d) {
  uint32_t k = 0;
  while (s.in()->Get(k) != d.a()) ++k;
  return k;
}

}  // namespace

// from_data of every dim and the last measurement, once for a context.
void hone_context::mark_data() {
  for (uint32_t i = 0; i < engine->step_count; ++i) {
    if (is_measure(*this, i)) last_measure = i;
  }
  for (uint32_t i = 0; i < size_of(meta().dims()); ++i) {
    const DimInstr& d = *meta().dims()->Get(i);
    bool depends = d.op() == DimOp::data;
    if (d.op() >= DimOp::add && d.op() <= DimOp::select) {
      depends = from_data[d.a()] != 0 || from_data[d.b()] != 0;
      if (d.op() == DimOp::select) depends = depends || from_data[d.value()] != 0;
    }
    from_data[i] = depends ? 1 : 0;
  }
}

Status hone_context::plan_measure(uint32_t index) const {
  const wire::Step& s = *meta().steps()->Get(index);
  for (uint32_t i = 0; i < size_of(s.dims()); ++i) {
    const DimInstr& d = *meta().dims()->Get(static_cast<uint32_t>(s.dims()->Get(i)));
    Operand operand;
    HONE_RETURN_IF_ERROR(plan_operand(d.a(), &operand));
    if (d.b() < operand.shape.count()) continue;
    return error(Code::shape_mismatch, runtime::step_name(index, nullptr)
                                           << ": a size is read from element " << d.b() << " of "
                                           << operand.shape.count());
  }
  return {};
}

// True where one of the step's data is not what it was.
bool hone_context::read_data(uint32_t index) {
  const wire::Step& s = *meta().steps()->Get(index);
  bool changed = false;
  for (uint32_t i = 0; i < size_of(s.dims()); ++i) {
    const int32_t dim = s.dims()->Get(i);
    const DimInstr& d = *meta().dims()->Get(static_cast<uint32_t>(dim));
    const auto* from = static_cast<const char*>(steps[index].in[operand_of(s, d)]);
    const wire::Value& v = *meta().values()->Get(static_cast<uint32_t>(d.a()));
    int64_t value = 0;
    if (static_cast<hone::DType>(v.dtype()) == hone::DType::i32) {
      int32_t narrow = 0;
      std::memcpy(&narrow, from + static_cast<int64_t>(d.b()) * 4, sizeof(narrow));
      value = narrow;
    } else {
      std::memcpy(&value, from + static_cast<int64_t>(d.b()) * 8, sizeof(value));
    }
    if (measured[dim].known && measured[dim].value == value) continue;
    measured[dim] = {value, true};
    changed = true;
  }
  return changed;
}

// What the measurements from `index` on found is not known any more.
void hone_context::forget(uint32_t index) {
  for (uint32_t i = index; i <= last_measure; ++i) {
    if (!is_measure(*this, i)) continue;
    const auto* found = meta().steps()->Get(i)->dims();
    for (uint32_t k = 0; k < size_of(found); ++k) measured[found->Get(k)].known = false;
  }
}

Status hone_context::update_dims(uint32_t index) {
  if (read_data(index)) {
    forget(index + 1);  // that belongs to other data
    HONE_RETURN_IF_ERROR(eval_dims());
    HONE_RETURN_IF_ERROR(shape_outputs());
    for (uint32_t i = 0; i < output_count; ++i) {
      if (outputs[i].bytes <= outputs[i].capacity) continue;
      return error(Code::shape_mismatch, runtime::io_name(false, io_info(false, i))
                                             << " would take " << outputs[i].bytes
                                             << " bytes for these data, it was "
                                             << "bound for " << outputs[i].capacity);
    }
  }
  if (index != last_measure || checked) return {};
  HONE_RETURN_IF_ERROR(check_dims(true));
  checked = true;
  return {};
}

Status hone_context::measure(uint32_t index) {
  const Status updated = update_dims(index);
  if (!updated.ok()) {
    forget(index);  // the next run is not to take them for settled
    return updated;
  }
  if (steps[index].generation != generation) rebind(index);
  return {};
}

// The steps from `index` to the next measurement, that one included. One that cannot be bound ends
// the run where it is reached.
void hone_context::rebind(uint32_t index) {
  const runtime::Layout room = layout;
  bool more = true;
  for (uint32_t i = index + 1; more && i < engine->step_count; ++i) {
    const Status s = plan_step(i);
    const bool fits = layout.workspace <= room.workspace && layout.scratch <= room.scratch;
    layout = room;
    if (s.ok() && fits) {
      resolve_step(i);
    } else {
      set_trap(i);
    }
    more = !is_measure(*this, i);
  }
  steps[index].generation = generation;
}
