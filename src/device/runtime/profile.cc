// Which profile the shapes belong to: its ranges, its tactics, and the memory that its largest
// shapes need.
#include "common/wire/vectors.h"
#include "device/runtime/context.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::Shape;
using hone::device::error;
using hone::device::Status;
using hone::wire::size_of;
namespace runtime = hone::runtime;
namespace wire = hone::wire;

namespace {

void append_range(const wire::Range& r, FixedText* text) {
  *text << r.min();
  if (r.max() != r.min()) *text << " to " << r.max();
}

// A dimension that a profile does not take.
struct Misfit {
  uint32_t input = 0;
  int dim = 0;
  const wire::Range* range = nullptr;  // nullptr: the profile takes the shapes
};

Misfit find_misfit(const hone_context& c, const wire::Profile& p) {
  if (size_of(p.ranges()) == 0) return {};  // any size
  uint32_t at = 0;
  for (uint32_t i = 0; i < c.input_count; ++i) {
    const Shape& shape = c.inputs[i].shape;
    for (int d = 0; d < shape.rank(); ++d) {
      const wire::Range* r = p.ranges()->Get(at++);
      if (shape[d] < r->min() || shape[d] > r->max()) return {i, d, r};
    }
  }
  return {};
}

Status misfit_error(const hone_context& c, const Misfit& m) {
  FixedText text = runtime::io_name(true, c.io_info(true, m.input));
  text << ": dimension " << m.dim << " is " << c.inputs[m.input].shape[m.dim]
       << ", the profile takes ";
  append_range(*m.range, &text);
  return error(Code::shape_mismatch, text);
}

// What keeps the shapes out of each profile.
Status misfits_error(const hone_context& c) {
  FixedText text("these shapes fit no profile: ");
  for (uint32_t p = 0; p < size_of(c.meta().profiles()); ++p) {
    const Misfit m = find_misfit(c, *c.meta().profiles()->Get(p));
    text << (p == 0 ? "profile " : "; profile ") << p << " takes ";
    append_range(*m.range, &text);
    text << " for dimension " << m.dim << " of "
         << runtime::io_name(true, c.io_info(true, m.input)).c_str() << ", not "
         << c.inputs[m.input].shape[m.dim];
  }
  return error(Code::shape_mismatch, text);
}

std::span<const int32_t> values_of(const flatbuffers::Vector<int32_t>* v) {
  return v == nullptr ? std::span<const int32_t>() : std::span<const int32_t>(v->data(), v->size());
}

}  // namespace

Status runtime::check_profile(const hone_engine& e, int32_t number) {
  const uint32_t profiles = size_of(e.meta().profiles());
  const bool known = number == HONE_ANY_PROFILE || number == 0 ||
                     (number > 0 && static_cast<uint32_t>(number) < profiles);
  if (known) return {};
  return error(Code::not_found, FixedText("no profile ")
                                    << number << ": the engine has " << profiles);
}

Status hone_context::set_profile(int32_t number) {
  HONE_RETURN_IF_ERROR(runtime::check_profile(*engine, number));
  if (number == wanted_profile) return {};
  wanted_profile = number;
  reserve_known = planned = bound = false;
  return {};
}

Status hone_context::plan() {
  if (planned) return {};
  HONE_RETURN_IF_ERROR(check_shapes_set());
  int32_t number = 0;
  HONE_RETURN_IF_ERROR(choose_profile(&number));
  if (!reserve_known) plan_reserve();
  take_profile(number);
  for (uint32_t i = 0; i < input_count; ++i) input_shapes[i] = inputs[i].shape;
  HONE_RETURN_IF_ERROR(plan_shapes());
  planned = true;
  return {};
}

Status hone_context::check_shapes_set() const {
  for (uint32_t i = 0; i < input_count; ++i) {
    if (inputs[i].shape_set) continue;
    FixedText text = runtime::io_name(true, io_info(true, i));
    text << " has dynamic dimensions, ";
    runtime::append_type(io_info(true, i), &text);
    return error(Code::wrong_state, text << ": set its shape first");
  }
  return {};
}

Status hone_context::choose_profile(int32_t* number) const {
  const auto* profiles = meta().profiles();
  const bool any = wanted_profile == HONE_ANY_PROFILE;
  *number = any ? 0 : wanted_profile;
  if (size_of(profiles) == 0) return {};
  const Misfit wanted = find_misfit(*this, *profiles->Get(static_cast<uint32_t>(*number)));
  if (wanted.range == nullptr) return {};
  if (!any || profiles->size() == 1) return misfit_error(*this, wanted);
  for (uint32_t p = 1; p < profiles->size(); ++p) {
    *number = static_cast<int32_t>(p);
    if (find_misfit(*this, *profiles->Get(p)).range == nullptr) return {};
  }
  return misfits_error(*this);
}

// Steps run what they name, but for the profile's choices.
void hone_context::take_profile(int32_t number) {
  if (number == profile_number) return;
  profile_number = number;
  profile = nullptr;
  for (uint32_t i = 0; i < engine->step_count; ++i) {
    steps[i].tactic = engine->steps[i].kernel;
    steps[i].operands = values_of(meta().steps()->Get(i)->in());
  }
  const auto* profiles = meta().profiles();
  if (size_of(profiles) == 0) return;
  const hone::kernels::Kernel* const* kernel = engine->choices;
  for (uint32_t p = 0; p < static_cast<uint32_t>(number); ++p) {
    kernel += size_of(profiles->Get(p)->choices());
  }
  const wire::Profile* taken = profiles->Get(static_cast<uint32_t>(number));
  for (uint32_t k = 0; k < size_of(taken->choices()); ++k) {
    const wire::Choice& c = *taken->choices()->Get(k);
    steps[c.step()].tactic = kernel[k];
    steps[c.step()].operands = values_of(c.in());
  }
  if (size_of(taken->ranges()) > 0) profile = taken;
}

// With profile the arena is taken once, for the largest shapes of those wanted. Where all the
// largest sizes together are no valid input, each binding says what it needs.
void hone_context::plan_reserve() {
  reserve_known = true;
  reserve = {};
  for (uint32_t i = 0; i < input_count; ++i) inputs[i].reserved_bytes = 0;
  for (uint32_t i = 0; i < output_count; ++i) outputs[i].reserved_bytes = 0;
  const auto* profiles = meta().profiles();
  for (uint32_t p = 0; p < size_of(profiles); ++p) {
    const auto number = static_cast<int32_t>(p);
    if (wanted_profile != HONE_ANY_PROFILE && wanted_profile != number) continue;
    take_profile(number);
    if (profile == nullptr) continue;
    uint32_t range = 0;
    for (uint32_t i = 0; i < input_count; ++i) {
      Shape shape;
      for (int d = 0; d < inputs[i].shape.rank(); ++d) {
        shape.push(profile->ranges()->Get(range++)->max());
      }
      input_shapes[i] = shape;
    }
    if (plan_shapes().ok()) reserve.raise(layout);
  }
}
