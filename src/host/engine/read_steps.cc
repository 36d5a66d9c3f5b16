#include "host/engine/read_steps.h"

#include <algorithm>
#include <cstring>

#include "common/base/checked.h"
#include "common/wire/dims.h"
#include "common/wire/vectors.h"

namespace hone::engine {

using wire::size_of;

namespace {

std::string text(const flatbuffers::String* s) { return s == nullptr ? "" : s->str(); }

class Reader {
 public:
  explicit Reader(const wire::EngineMeta& meta) : meta_(meta) {}

  Result<std::vector<FileStep>> read(uint32_t profile) {
    const wire::Profile* p =
        profile < size_of(meta_.profiles()) ? meta_.profiles()->Get(profile) : nullptr;
    HONE_RETURN_IF_ERROR(evaluate(p));
    look_at_values();
    std::vector<FileStep> steps;
    for (uint32_t i = 0; i < size_of(meta_.steps()); ++i) {
      steps.push_back(step(*meta_.steps()->Get(i)));
    }
    add_notes(meta_.notes(), &steps);
    if (profile == 0 || p == nullptr) return steps;
    add_notes(p->notes(), &steps);
    for (uint32_t i = 0; i < size_of(p->choices()); ++i) {
      const wire::Choice& c = *p->choices()->Get(i);
      FileStep& s = steps[static_cast<size_t>(c.step())];
      s.kernel = text(c.kernel());
      s.kernel_version = c.kernel_version();
      s.in = operands(c.in());
    }
    return steps;
  }

 private:
  // Every dimension, with the inputs at the sizes tactics were timed at.
  Status evaluate(const wire::Profile* p) {
    std::vector<Shape> inputs;
    uint32_t at = 0;
    for (uint32_t i = 0; i < size_of(meta_.inputs()); ++i) {
      const wire::Io& io = *meta_.inputs()->Get(i);
      Shape shape;
      for (uint32_t d = 0; d < size_of(io.shape()); ++d, ++at) {
        const bool ranged = p != nullptr && size_of(p->ranges()) > 0;
        const wire::Dim& dim = *io.shape()->Get(d);
        shape.push(dim.size() >= 0 ? dim.size() : ranged ? p->ranges()->Get(at)->opt() : dim.opt());
      }
      inputs.push_back(shape);
    }
    std::vector<wire::DimInstr> program;
    for (uint32_t i = 0; i < size_of(meta_.dims()); ++i) program.push_back(*meta_.dims()->Get(i));
    dims_.resize(program.size());
    const auto done = wire::eval_dims(program, inputs, {}, dims_);
    return done.ok() ? Status() : Status(done.code(), done.text().c_str());
  }

  int64_t dim(int32_t index) const { return dims_[static_cast<size_t>(index)]; }

  // The sizes of a value that only a branch of other shapes has may be none: it has no view.
  bool shape_of(const wire::Value& v, Shape* shape) const {
    int64_t elements = 1;  // an empty value's strides must fit, too
    for (uint32_t i = 0; i < size_of(v.shape()); ++i) {
      const int64_t size = dim(v.shape()->Get(i));
      if (size < 0 || mul_overflows(elements, std::max<int64_t>(size, 1), &elements)) return false;
      shape->push(size);
    }
    return true;
  }

  void look_at_values() {
    for (uint32_t i = 0; i < size_of(meta_.values()); ++i) {
      const wire::Value& v = *meta_.values()->Get(i);
      FileOperand o;
      o.name = text(v.name());
      o.place = v.place();
      o.weight_bytes = v.weight_bytes();
      if (shape_of(v, &o.view.shape)) {
        o.view.dtype = static_cast<DType>(v.dtype());
        o.view.constant = v.place() == wire::Place::weights;
        kernels::dense_strides(o.view.shape, o.view.strides);
        for (uint32_t d = 0; d < size_of(v.strides()); ++d) {
          o.view.strides[d] = dim(v.strides()->Get(d));
        }
      }
      values_.push_back(std::move(o));
    }
  }

  std::vector<FileOperand> operands(const flatbuffers::Vector<int32_t>* values) const {
    std::vector<FileOperand> out;
    for (uint32_t i = 0; i < size_of(values); ++i) {
      const int32_t v = values->Get(i);
      out.push_back(v < 0 ? FileOperand() : values_[static_cast<size_t>(v)]);
    }
    return out;
  }

  FileStep step(const wire::Step& s) const {
    FileStep f;
    f.kind = s.kind();
    f.layer = text(s.layer());
    f.op = text(s.op());
    f.kernel = text(s.kernel());
    f.kernel_version = s.kernel_version();
    f.in = operands(s.in());
    f.out = operands(s.out());
    if (s.attrs() != nullptr) f.attrs.assign(s.attrs()->begin(), s.attrs()->end());
    if (s.kind() == wire::StepKind::custom) {  // attributes, encoded
      f.attrs.resize(size_of(s.blob()) / sizeof(int32_t));
      if (!f.attrs.empty()) std::memcpy(f.attrs.data(), s.blob()->data(), f.attrs.size() * 4);
    }
    for (uint32_t i = 0; i < size_of(s.dims()); ++i) f.dims.push_back(dim(s.dims()->Get(i)));
    return f;
  }

  static void add_notes(const flatbuffers::Vector<flatbuffers::Offset<wire::StepNote>>* notes,
                        std::vector<FileStep>* steps) {
    for (uint32_t i = 0; i < size_of(notes); ++i) {
      const wire::StepNote& note = *notes->Get(i);
      FileStep& s = (*steps)[static_cast<size_t>(note.step())];
      s.ns = note.ns();
      s.tactics.clear();
      for (uint32_t t = 0; t < size_of(note.tactics()); ++t) {
        const wire::Tactic& tactic = *note.tactics()->Get(t);
        s.tactics.push_back({text(tactic.kernel()), tactic.ns(), text(tactic.reason())});
      }
    }
  }

  const wire::EngineMeta& meta_;
  std::vector<int64_t> dims_;
  std::vector<FileOperand> values_;
};

std::vector<kernels::Operand> views(const std::vector<FileOperand>& operands) {
  std::vector<kernels::Operand> out;
  for (const FileOperand& o : operands) out.push_back(o.view);
  return out;
}

}  // namespace

std::vector<kernels::Operand> FileStep::inputs() const { return views(in); }
std::vector<kernels::Operand> FileStep::outputs() const { return views(out); }

Result<std::vector<FileStep>> read_steps(const wire::EngineMeta& meta, uint32_t profile) {
  return Reader(meta).read(profile);
}

}  // namespace hone::engine
