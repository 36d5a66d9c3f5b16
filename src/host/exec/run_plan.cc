#include "host/exec/run_plan.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "host/exec/bound_step.h"
#include "host/plan/tactics.h"

namespace hone::exec {

using plan::Place;
using plan::Plan;
using plan::PlanValue;
using plan::Step;

// Every storage gets memory of its own: nothing a tap may want is overwritten but by in-place
// steps.
class PlanRunner::Work {
 public:
  explicit Work(const Plan& plan) : plan_(plan), bound_(plan.steps.size()) {}

  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs, const Tap& tap) {
    tap_ = &tap;
    const plan::Sizes before = std::move(sized_);
    HONE_RETURN_IF_ERROR(take_sizes(inputs));
    // What was made for the sizes of the run before serves these if they are the same, and if no
    // data decide them on the way.
    if (before != sized_ || buffers_.empty() || !plan_.data.empty()) {
      HONE_RETURN_IF_ERROR(make_buffers());
    }
    point(inputs);
    HONE_RETURN_IF_ERROR(region(0, plan_.steps.size()));
    std::vector<Tensor> outputs;
    for (const plan::Io& io : plan_.outputs) {
      HONE_ASSIGN(Tensor t, read(io.value));
      outputs.push_back(std::move(t));
    }
    return outputs;
  }

 private:
  Status take_sizes(const std::vector<Tensor>& inputs) {
    sizes_.clear();
    if (inputs.size() != plan_.inputs.size()) {
      return Status(Code::shape_mismatch, fmt::format("{} inputs given, the plan takes {}",
                                                      inputs.size(), plan_.inputs.size()));
    }
    for (const auto& [symbol, where] : plan_.symbols) {
      const Tensor& t = inputs[static_cast<size_t>(where.first)];
      if (where.second < t.rank()) sizes_[symbol] = t.dims()[static_cast<size_t>(where.second)];
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const plan::Io& io = plan_.inputs[i];
      bool fits = inputs[i].dtype() == io.dtype && inputs[i].dims().size() == io.shape.size();
      for (size_t axis = 0; fits && axis < io.shape.size(); ++axis) {
        fits = io.shape[axis].evaluate(sizes_) == inputs[i].dims()[axis];
      }
      if (!fits) {
        return Status(
            Code::shape_mismatch,
            fmt::format("input '{}' is {}{}, the plan takes {}{}", io.name, name(inputs[i].dtype()),
                        to_string(inputs[i].dims()), name(io.dtype), to_string(io.shape)));
      }
    }
    take_shape_values(inputs);
    for (const plan::Check& c : plan_.checks) {
      if (depends_on_data(c.condition)) continue;
      if (c.condition.evaluate(sizes_).value_or(0) == 0) {
        return Status(Code::shape_mismatch, c.text);
      }
    }
    return {};
  }

  bool depends_on_data(const plan::Dim& d) const {
    for (const std::string& symbol : d.symbols()) {
      if (plan_.find_data(symbol) != nullptr) return true;
    }
    return false;
  }

  // Buffers are for the sizes that inputs decide and for the bounds of others.
  void take_shape_values(const std::vector<Tensor>& inputs) {
    sized_ = sizes_;
    for (const auto& [symbol, data] : plan_.data) {
      const plan::Value& v = plan_.values[static_cast<size_t>(data.value)];
      const plan::Storage& s = plan_.storages[static_cast<size_t>(v.storage)];
      if (s.place != Place::input) continue;
      const Tensor& t = inputs[static_cast<size_t>(s.index)];
      if (data.element < t.count()) sized_[symbol] = t.int_at(data.element);
    }
    sized_ = plan::with_bounds(plan_, std::move(sized_));
  }

  Status make_buffers() {
    buffers_.clear();
    for (auto& b : bound_) b.reset();
    std::vector<Buffer> made;
    for (const plan::Storage& s : plan_.storages) {
      Buffer own;
      if (s.place == Place::arena || s.place == Place::output) {
        auto n = s.elements.evaluate(sized_);
        if (!n || *n < 0) return Status(Code::shape_mismatch, "a size does not fit these inputs");
        own = Buffer(byte_size(s.dtype, *n));
      }
      made.push_back(std::move(own));
    }
    buffers_ = std::move(made);
    return {};
  }

  void point(const std::vector<Tensor>& inputs) {
    pointers_.clear();
    for (size_t i = 0; i < plan_.storages.size(); ++i) {
      const plan::Storage& s = plan_.storages[i];
      auto index = static_cast<size_t>(s.index);
      const void* outside = nullptr;
      if (s.place == Place::weights) outside = plan_.constants[index].data.data();
      if (s.place == Place::input) outside = inputs[index].data();
      pointers_.push_back(outside != nullptr ? static_cast<const std::byte*>(outside)
                                             : buffers_[i].data());
    }
  }

  // Address of the value's first element.
  Result<std::byte*> address(PlanValue v) const {
    const plan::Value& value = plan_.values[static_cast<size_t>(v)];
    auto offset = value.offset.evaluate(sized_);
    if (!offset) return internal("an offset cannot be computed");
    const std::byte* base = pointers_[static_cast<size_t>(value.storage)];
    return const_cast<std::byte*>(base) + byte_size(value.dtype, *offset);
  }

  Result<Tensor> read(PlanValue v) const {
    const plan::Value& value = plan_.values[static_cast<size_t>(v)];
    Step probe;
    probe.in = {v};
    HONE_ASSIGN(plan::ConcreteStep c, plan::concrete(plan_, probe, sized_));
    const kernels::Operand& o = c.in[0];
    HONE_ASSIGN(const std::byte* from, address(v));
    Tensor t(value.dtype, Dims(o.shape.begin(), o.shape.end()));
    auto size = static_cast<size_t>(bits(value.dtype) / 8);
    auto* to = static_cast<std::byte*>(t.mutable_data());
    if (kernels::is_dense(o)) {
      std::memcpy(to, from, static_cast<size_t>(t.bytes()));
      return t;
    }
    int64_t index[max_rank] = {};
    for (int64_t k = 0, n = t.count(); k < n; ++k) {
      int64_t at = 0;
      for (int i = 0; i < o.shape.rank(); ++i) at += index[i] * o.strides[i];
      std::memcpy(to + static_cast<size_t>(k) * size, from + static_cast<size_t>(at) * size, size);
      for (int i = o.shape.rank(); i-- > 0;) {
        if (++index[i] < o.shape[i]) break;
        index[i] = 0;
      }
    }
    return t;
  }

  Status region(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Step& s = plan_.steps[i];
      if (s.kind == Step::Kind::trap) return invalid(s.text);
      if (s.kind == Step::Kind::branch) {
        HONE_ASSIGN(const std::byte* condition, address(s.in[0]));
        auto then_end = i + 1 + static_cast<size_t>(s.then_steps);
        auto else_end = then_end + static_cast<size_t>(s.else_steps);
        bool yes = *condition != std::byte{0};
        HONE_RETURN_IF_ERROR(yes ? region(i + 1, then_end) : region(then_end, else_end));
        i = else_end - 1;
        continue;
      }
      if (s.kind == Step::Kind::loop) {
        HONE_RETURN_IF_ERROR(loop(i, s));
        i += static_cast<size_t>(s.then_steps);
        continue;
      }
      if (s.kind == Step::Kind::measure) {
        HONE_RETURN_IF_ERROR(in(s.layer, measure(s)));
        continue;
      }
      HONE_RETURN_IF_ERROR(in(s.layer, run_step(i, s)));
    }
    return {};
  }

  Status loop(size_t at, const Step& s) {
    const auto trips = s.dims[0].evaluate(sized_);
    if (!trips) return internal("a loop's count cannot be computed");
    HONE_ASSIGN(std::byte * counter, address(s.out[0]));
    const std::byte* condition = nullptr;
    if (!s.in.empty()) {
      HONE_ASSIGN(condition, address(s.in[0]));
    }
    for (int64_t turn = 0;; ++turn) {
      std::memcpy(counter, &turn, sizeof(turn));
      if (turn >= *trips || (condition != nullptr && *condition == std::byte{0})) return {};
      HONE_RETURN_IF_ERROR(region(at + 1, at + 1 + static_cast<size_t>(s.then_steps)));
    }
  }

  Status measure(const Step& s) {
    for (const std::string& symbol : s.measured) {
      const plan::DataSize& data = *plan_.find_data(symbol);
      HONE_ASSIGN(Tensor t, read(data.value));
      if (data.element >= t.count()) return internal("a size is read from beyond its value");
      sizes_[symbol] = t.int_at(data.element);
    }
    sized_ = plan::with_bounds(plan_, sizes_);
    // What still lacks a measurement has no value.
    for (const plan::Check& c : plan_.checks) {
      if (c.condition.evaluate(sizes_) == 0) return Status(Code::shape_mismatch, c.text);
    }
    return {};
  }

  Status run_step(size_t number, const Step& s) {
    std::optional<BoundStep>& bound = bound_[number];
    if (!bound || !plan_.data.empty()) {
      HONE_ASSIGN(plan::ConcreteStep c, plan::concrete(plan_, s, sized_));
      HONE_ASSIGN(bound, BoundStep::bind(*s.kernel, c.view()));
    }
    std::vector<const void*> in;
    std::vector<void*> out;
    for (PlanValue v : s.in) {
      const void* p = nullptr;
      if (v != plan::absent) {
        HONE_ASSIGN(p, address(v));
      }
      in.push_back(p);
    }
    for (PlanValue v : s.out) {
      void* p = nullptr;
      if (v != plan::absent) {
        HONE_ASSIGN(p, address(v));
      }
      out.push_back(p);
    }
    bound->run(in.data(), out.data());
    if (!*tap_) return {};
    for (PlanValue v : s.out) {
      if (v == plan::absent) continue;
      HONE_ASSIGN(Tensor t, read(v));
      (*tap_)(number, v, t);
    }
    return {};
  }

  const Plan& plan_;
  const Tap* tap_ = nullptr;
  plan::Sizes sizes_;  // known
  plan::Sizes sized_;  // and what the data decide later, at its bounds
  std::vector<Buffer> buffers_;
  std::vector<const std::byte*> pointers_;
  std::vector<std::optional<BoundStep>> bound_;  // by step, for the sizes of buffers_
};

PlanRunner::PlanRunner(const Plan& plan) : work_(std::make_unique<Work>(plan)) {}
PlanRunner::PlanRunner(PlanRunner&&) noexcept = default;
PlanRunner& PlanRunner::operator=(PlanRunner&&) noexcept = default;
PlanRunner::~PlanRunner() = default;

Result<std::vector<Tensor>> PlanRunner::run(const std::vector<Tensor>& inputs, const Tap& tap) {
  return work_->run(inputs, tap);
}

Result<std::vector<Tensor>> run_plan(const Plan& plan, const std::vector<Tensor>& inputs,
                                     const Tap& tap) {
  return PlanRunner(plan).run(inputs, tap);
}

}  // namespace hone::exec
