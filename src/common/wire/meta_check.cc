#include "common/wire/meta_check.h"

#include "common/tensor/dtype.h"
#include "common/tensor/shape.h"
#include "common/wire/limits.h"
#include "common/wire/vectors.h"
#include "engine_generated.h"

namespace hone::wire {
namespace {

using device::error;
using device::Status;

bool below(int64_t index, uint32_t count) {
  return index >= 0 && index < static_cast<int64_t>(count);
}

// FlatBuffers checks the alignment of a vector's length, not of its 64-bit elements.
template <class T>
bool aligned(const flatbuffers::Vector<T>* v) {
  return size_of(v) == 0 || reinterpret_cast<uintptr_t>(v->Data()) % 8 == 0;
}

Status bad(const char* what, uint64_t index, const char* why) {
  return error(Code::corrupt, FixedText("engine metadata: ") << what << " " << index << " " << why);
}

class Checker {
 public:
  Checker(const EngineMeta& meta, uint64_t weights_bytes)
      : m_(meta),
        weights_bytes_(weights_bytes),
        inputs_(size_of(meta.inputs())),
        outputs_(size_of(meta.outputs())),
        dims_(size_of(meta.dims())),
        values_(size_of(meta.values())),
        steps_(size_of(meta.steps())),
        profiles_(size_of(meta.profiles())) {}

  Status run() const {
    HONE_RETURN_IF_ERROR(check_counts());
    for (uint32_t i = 0; i < inputs_; ++i) {
      HONE_RETURN_IF_ERROR(check_io("input", *m_.inputs()->Get(i), i, Place::input));
    }
    HONE_RETURN_IF_ERROR(check_dims());
    for (uint32_t i = 0; i < outputs_; ++i) {
      HONE_RETURN_IF_ERROR(check_io("output", *m_.outputs()->Get(i), i, Place::output));
    }
    for (uint32_t i = 0; i < values_; ++i) {
      HONE_RETURN_IF_ERROR(check_value(*m_.values()->Get(i), i));
    }
    for (uint32_t i = 0; i < steps_; ++i) {
      HONE_RETURN_IF_ERROR(check_step(*m_.steps()->Get(i), i));
    }
    HONE_RETURN_IF_ERROR(check_nesting());
    for (uint32_t i = 0; i < profiles_; ++i) {
      HONE_RETURN_IF_ERROR(check_profile(*m_.profiles()->Get(i), i));
    }
    return check_rest();
  }

 private:
  Status check_counts() const {
    const bool fits = inputs_ <= max_ios && outputs_ <= max_ios && dims_ <= max_dims &&
                      values_ <= max_values && steps_ <= max_steps && profiles_ <= max_profiles &&
                      m_.slots() <= static_cast<int32_t>(max_slots);
    if (!fits) return error(Code::unsupported, "engine larger than this version of Hone runs");
    if (m_.slots() < 0) return error(Code::corrupt, "engine metadata: slots < 0");
    if (!aligned(m_.dims())) return error(Code::corrupt, "engine metadata: dims not aligned");
    return {};
  }

  // Inputs come before dims are known to be sound, and so may only count them.
  Status check_io(const char* what, const Io& io, uint32_t i, Place place) const {
    const uint32_t rank = size_of(io.shape());
    if (!usable(io.dtype())) return bad(what, i, "has no element type that can be stored");
    if (rank > max_rank) return bad(what, i, "has more than 8 dimensions");
    for (uint32_t d = 0; d < rank; ++d) {
      if (io.shape()->Get(d)->size() < -1) return bad(what, i, "has a negative size");
    }
    if (place == Place::output) {
      if (size_of(io.dims()) != rank) return bad(what, i, "has dims of another rank");
      if (!all_dims(io.dims())) return bad(what, i, "names a dimension out of range");
    }
    // An input that no step reads need not be a value.
    if (place == Place::input && io.value() == -1) return {};
    if (!below(io.value(), values_)) return bad(what, i, "names a value out of range");
    const Value& v = *m_.values()->Get(static_cast<uint32_t>(io.value()));
    if (v.place() != place || v.index() != static_cast<int32_t>(i) || v.dtype() != io.dtype()) {
      return bad(what, i, "names a value of another place or type");
    }
    return {};
  }

  Status check_dims() const {
    for (uint32_t i = 0; i < dims_; ++i) {
      const DimInstr& d = *m_.dims()->Get(i);
      if (d.op() > DimOp::data) return bad("dimension", i, "has an unknown operation");
      if (d.op() == DimOp::constant) continue;
      if (d.op() == DimOp::input_dim) {
        if (!below(d.a(), inputs_) ||
            !below(d.b(), size_of(m_.inputs()->Get(static_cast<uint32_t>(d.a()))->shape()))) {
          return bad("dimension", i, "names an input or its dimension out of range");
        }
        continue;
      }
      if (d.op() == DimOp::data) {
        HONE_RETURN_IF_ERROR(check_data(d, i));
        continue;
      }
      const bool operands =
          below(d.a(), i) && below(d.b(), i) && (d.op() != DimOp::select || below(d.value(), i));
      if (!operands) return bad("dimension", i, "uses a later one");
    }
    return {};
  }

  // Data are read from dense integers.
  Status check_data(const DimInstr& d, uint32_t i) const {
    if (!below(d.a(), values_) || d.b() < 0 || (d.value() != -1 && !below(d.value(), i))) {
      return bad("dimension", i, "names data or a bound out of range");
    }
    const Value& v = *m_.values()->Get(static_cast<uint32_t>(d.a()));
    const auto dtype = static_cast<DType>(v.dtype());
    if ((dtype == DType::i64 || dtype == DType::i32) && v.strides() == nullptr &&
        v.place() != Place::none && v.place() != Place::weights) {
      return {};
    }
    return bad("dimension", i, "is read from a value that is no dense integers");
  }

  Status check_value(const Value& v, uint32_t i) const {
    const uint32_t rank = size_of(v.shape());
    if (!usable(v.dtype())) return bad("value", i, "has no element type that can be stored");
    if (rank > max_rank) return bad("value", i, "has more than 8 dimensions");
    if (v.strides() != nullptr && v.strides()->size() != rank) {
      return bad("value", i, "has strides of another rank");
    }
    if (!all_dims(v.shape()) || !all_dims(v.strides())) {
      return bad("value", i, "names a dimension out of range");
    }
    uint32_t places = 0;
    switch (v.place()) {
      case Place::none: return {};
      case Place::weights: return check_weights(v, i);
      case Place::arena: places = static_cast<uint32_t>(m_.slots()); break;
      case Place::input: places = inputs_; break;
      case Place::output: places = outputs_; break;
      default: return bad("value", i, "lies in an unknown place");
    }
    if (!below(v.index(), places)) return bad("value", i, "lies in a slot out of range");
    if (!below(v.offset(), dims_)) return bad("value", i, "has its offset out of range");
    return {};
  }

  Status check_weights(const Value& v, uint32_t i) const {
    if (!below(v.offset(), dims_)) return bad("value", i, "has its offset out of range");
    if (v.weight_offset() % data_align != 0) return bad("value", i, "is not aligned in weights");
    if (v.weight_offset() > weights_bytes_ ||
        v.weight_bytes() > weights_bytes_ - v.weight_offset()) {
      return bad("value", i, "lies outside the weights");
    }
    return {};
  }

  Status check_step(const Step& s, uint32_t i) const {
    if (s.kind() > StepKind::loop) return bad("step", i, "is of an unknown kind");
    if (size_of(s.in()) > max_step_operands || size_of(s.out()) > max_step_operands ||
        size_of(s.attrs()) > max_step_attrs || size_of(s.dims()) > max_step_dims) {
      return bad("step", i, "has too many operands or attributes");
    }
    if (!all_dims(s.dims())) return bad("step", i, "names a dimension out of range");
    if (!all_values(s.in())) return bad("step", i, "reads a value out of range");
    for (uint32_t k = 0; k < size_of(s.out()); ++k) {
      const int32_t v = s.out()->Get(k);
      if (v == -1) continue;
      if (!below(v, values_)) return bad("step", i, "writes a value out of range");
      const Place place = m_.values()->Get(static_cast<uint32_t>(v))->place();
      if (place == Place::weights || place == Place::input) {
        return bad("step", i, "writes weights or an input");
      }
    }
    return check_kind(s, i);
  }

  Status check_kind(const Step& s, uint32_t i) const {
    switch (s.kind()) {
      case StepKind::kernel:
        if (s.kernel() == nullptr) return bad("step", i, "names no kernel");
        return {};
      case StepKind::custom: return check_custom(s, i);
      case StepKind::trap:
        if (s.text() == nullptr) return bad("step", i, "is a trap without a reason");
        return {};
      case StepKind::measure: return check_measure(s, i);
      case StepKind::loop: return check_loop(s, i);
      default: break;
    }
    if (size_of(s.in()) != 1 || size_of(s.out()) != 0 || s.in()->Get(0) < 0) {
      return bad("step", i, "is a branch with other than one condition");
    }
    if (!is_scalar(s.in()->Get(0), DType::boolean)) {
      return bad("step", i, "is a branch whose condition is no bool scalar");
    }
    return {};
  }

  // Of one element, as far as the rank tells.
  bool is_scalar(int32_t value, DType type) const {
    const Value& v = *m_.values()->Get(static_cast<uint32_t>(value));
    return v.dtype() == static_cast<uint8_t>(type) && size_of(v.shape()) <= 1 &&
           v.place() != Place::none;
  }

  Status check_loop(const Step& s, uint32_t i) const {
    const uint32_t conditions = size_of(s.in());
    if (conditions > 1 || size_of(s.out()) != 1 || s.out()->Get(0) < 0 || size_of(s.dims()) != 1) {
      return bad("step", i, "is a loop with other than a count, a counter and a condition");
    }
    if (!is_scalar(s.out()->Get(0), DType::i64)) {
      return bad("step", i, "is a loop whose counter is no i64 scalar");
    }
    if (conditions == 1 && s.in()->Get(0) >= 0 && !is_scalar(s.in()->Get(0), DType::boolean)) {
      return bad("step", i, "is a loop whose condition is no bool scalar");
    }
    if (s.then_steps() < 1 || s.else_steps() != 0) return bad("step", i, "is a loop of no steps");
    return {};
  }

  Status check_custom(const Step& s, uint32_t i) const {
    if (s.kernel() == nullptr) return bad("step", i, "names no kernel");
    if (s.plugin() == nullptr || s.plugin()->version() < 1) {
      return bad("step", i, "is of no plugin's operator");
    }
    if (size_of(s.attrs()) != 0) return bad("step", i, "has words a plugin does not take");
    if (size_of(s.blob()) > max_blob_bytes || size_of(s.blob()) % 8 != 0) {
      return bad("step", i, "has attributes of no plugin's size");
    }
    return {};
  }

  // It reads what its dims name and no more.
  Status check_measure(const Step& s, uint32_t i) const {
    if (size_of(s.out()) != 0) return bad("step", i, "is a measurement that writes");
    for (uint32_t k = 0; k < size_of(s.dims()); ++k) {
      const DimInstr& d = *m_.dims()->Get(static_cast<uint32_t>(s.dims()->Get(k)));
      bool read = false;
      for (uint32_t j = 0; j < size_of(s.in()); ++j) read = read || s.in()->Get(j) == d.a();
      if (d.op() == DimOp::data && read) continue;
      return bad("step", i, "measures a dimension that is not data of its operands");
    }
    return {};
  }

  struct Region {
    uint32_t else_begin, end;
    bool then_measures, measures, loops;
  };

  // Of a branch that measures, the else-part (where the then-part does) and what comes behind it
  // begin with a measurement: whatever way a run takes, the last one in the file before a step is
  // the last one it made.
  bool must_measure(const Region& r, uint32_t i) const {
    return (i == r.else_begin && i < r.end && r.then_measures) || (i == r.end && r.measures);
  }

  // Both regions of a branch lie inside the region the branch is in.
  Status check_nesting() const {
    Region open[max_branch_depth];
    uint32_t depth = 0;
    for (uint32_t i = 0; i <= steps_; ++i) {
      const bool measures = i < steps_ && m_.steps()->Get(i)->kind() == StepKind::measure;
      for (uint32_t d = depth; d > 0; --d) {
        if (must_measure(open[d - 1], i) && !measures) {
          return bad("step", i, "is no measurement, but the branch before it measures");
        }
      }
      while (depth > 0 && i >= open[depth - 1].end) --depth;
      if (i == steps_) break;
      for (uint32_t d = 0; measures && d < depth; ++d) {
        // What an iteration measures would be the next one's before it measures.
        if (open[d].loops) return bad("step", i, "measures inside a loop");
        open[d].measures = true;
        open[d].then_measures = open[d].then_measures || i < open[d].else_begin;
      }
      const Step& s = *m_.steps()->Get(i);
      if (s.kind() != StepKind::branch && s.kind() != StepKind::loop) continue;
      uint32_t end = steps_;
      if (depth > 0) {
        const Region& r = open[depth - 1];
        end = i < r.else_begin ? r.else_begin : r.end;
      }
      const int64_t room = static_cast<int64_t>(end) - i - 1;
      if (s.then_steps() < 0 || s.else_steps() < 0 || s.then_steps() > room ||
          s.else_steps() > room - s.then_steps()) {
        return bad("step", i, "is a branch longer than the region it is in");
      }
      if (depth == max_branch_depth) return bad("step", i, "is a branch nested too deep");
      const uint32_t else_begin = i + 1 + static_cast<uint32_t>(s.then_steps());
      open[depth++] = {else_begin, else_begin + static_cast<uint32_t>(s.else_steps()), false, false,
                       s.kind() == StepKind::loop};
    }
    return {};
  }

  Status check_profile(const Profile& p, uint32_t i) const {
    if (!aligned(p.ranges()) || !aligned(p.slot_offsets())) {
      return bad("profile", i, "is not aligned");
    }
    HONE_RETURN_IF_ERROR(check_choices(p, i));
    HONE_RETURN_IF_ERROR(check_notes(p.notes()));
    if (size_of(p.ranges()) == 0) return {};
    uint32_t total_rank = 0;
    for (uint32_t k = 0; k < inputs_; ++k) total_rank += size_of(m_.inputs()->Get(k)->shape());
    if (p.ranges()->size() != total_rank) return bad("profile", i, "has another number of ranges");
    for (uint32_t k = 0; k < total_rank; ++k) {
      const Range& r = *p.ranges()->Get(k);
      if (r.min() < 0 || r.opt() < r.min() || r.max() < r.opt()) {
        return bad("profile", i, "has a range that is none");
      }
    }
    if (p.arena_bytes() > INT64_MAX) return bad("profile", i, "wants too large an arena");
    if (size_of(p.slot_offsets()) != static_cast<uint32_t>(m_.slots())) {
      return bad("profile", i, "has another number of slots");
    }
    for (uint32_t k = 0; k < p.slot_offsets()->size(); ++k) {
      const uint64_t offset = p.slot_offsets()->Get(k);
      if (offset % data_align != 0 || offset > p.arena_bytes()) {
        return bad("profile", i, "has a slot outside its arena");
      }
    }
    return {};
  }

  Status check_choices(const Profile& p, uint32_t i) const {
    int64_t last = -1;
    for (uint32_t k = 0; k < size_of(p.choices()); ++k) {
      const Choice& c = *p.choices()->Get(k);
      if (c.step() <= last) return bad("profile", i, "has choices out of order");
      last = c.step();
      if (!below(last, steps_) || !runs_kernel(*m_.steps()->Get(static_cast<uint32_t>(last)))) {
        return bad("profile", i, "chooses for a step that runs no kernel");
      }
      if (size_of(c.in()) > max_step_operands) return bad("profile", i, "has too many operands");
      if (!all_values(c.in())) return bad("profile", i, "reads a value out of range");
    }
    return {};
  }

  static bool runs_kernel(const Step& s) {
    return s.kind() == StepKind::kernel || s.kind() == StepKind::custom;
  }

  Status check_notes(const flatbuffers::Vector<flatbuffers::Offset<StepNote>>* notes) const {
    for (uint32_t i = 0; i < size_of(notes); ++i) {
      if (!below(notes->Get(i)->step(), steps_)) return bad("note", i, "is out of range");
    }
    return {};
  }

  Status check_rest() const {
    for (uint32_t i = 0; i < size_of(m_.checks()); ++i) {
      if (!below(m_.checks()->Get(i)->dim(), dims_)) return bad("check", i, "is out of range");
    }
    for (uint32_t i = 0; i < size_of(m_.states()); ++i) {
      const StateAlias& a = *m_.states()->Get(i);
      if (!below(a.output(), outputs_) || !below(a.input(), inputs_) ||
          m_.outputs()->Get(static_cast<uint32_t>(a.output()))->dtype() !=
              m_.inputs()->Get(static_cast<uint32_t>(a.input()))->dtype()) {
        return bad("state", i, "joins an output and an input that do not fit");
      }
    }
    return check_notes(m_.notes());
  }

  static bool usable(uint8_t dtype) { return bits(static_cast<DType>(dtype)) != 0; }

  bool all_dims(const flatbuffers::Vector<int32_t>* v) const {
    for (uint32_t i = 0; i < size_of(v); ++i) {
      if (!below(v->Get(i), dims_)) return false;
    }
    return true;
  }

  // Operands that are read; -1: absent.
  bool all_values(const flatbuffers::Vector<int32_t>* v) const {
    for (uint32_t i = 0; i < size_of(v); ++i) {
      if (v->Get(i) != -1 && !below(v->Get(i), values_)) return false;
    }
    return true;
  }

  const EngineMeta& m_;
  uint64_t weights_bytes_;
  uint32_t inputs_, outputs_, dims_, values_, steps_, profiles_;
};

}  // namespace

device::Status check_meta(const EngineMeta& meta, uint64_t weights_bytes) {
  return Checker(meta, weights_bytes).run();
}

}  // namespace hone::wire
