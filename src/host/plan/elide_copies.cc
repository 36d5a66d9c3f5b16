#include "host/plan/elide_copies.h"

#include <algorithm>
#include <set>

#include "device/kernels/copy/copy.h"
#include "host/plan/lower.h"

namespace hone::plan {

namespace {

using Values = std::set<PlanValue>;

bool writes_rows(const std::string& family) {
  static const std::set<std::string> families = {"conv", "hconv", "copy",  "gemm",
                                                 "pool", "qconv", "qpool", "qbinary",
                                                 "table"};
  return families.contains(family);
}
// Operands that a family takes as rows apart from each other: see the families' headers.
bool reads_rows(const std::string& family, size_t operand) {
  if (family == "conv" || family == "hconv") return operand == 0 || operand == 3;
  if (family == "qbinary") return operand < 2;
  return operand == 0 && writes_rows(family);
}

std::vector<Dim> dense_strides(const SymShape& shape) {
  std::vector<Dim> strides(shape.size(), Dim(1));
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

class Elision {
 public:
  Elision(Plan& plan, const std::set<int32_t>& assembled)
      : plan_(plan), assembled_(assembled), kept_(plan.steps.size(), true) {
    mark_regions();
    for (const auto& [symbol, size] : plan.data) measured_.insert(storage(size.value));
  }

  void run() {
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& s = plan_.steps[i];
      const bool copy = s.kind == Step::Kind::kernel && s.family == "copy" && !inner_[i];
      if (!copy || s.attrs != std::vector<int32_t>{0}) continue;  // attrs: axes read backwards
      if (!merge(i, s.out[0], s.in[0], false)) merge(i, s.in[0], s.out[0], true);
    }
    drop_steps();
  }

 private:
  const Value& at(PlanValue v) const { return plan_.values[static_cast<size_t>(v)]; }
  int32_t storage(PlanValue v) const { return at(v).storage; }
  const Storage& storage_at(PlanValue v) const {
    return plan_.storages[static_cast<size_t>(storage(v))];
  }

  // What branches may or may not run, or loops run again, is left alone.
  void mark_regions() {
    inner_.assign(plan_.steps.size(), false);
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& s = plan_.steps[i];
      if (s.kind != Step::Kind::branch && s.kind != Step::Kind::loop) continue;
      const size_t count = static_cast<size_t>(s.then_steps) + static_cast<size_t>(s.else_steps);
      for (size_t k = 1; k <= count && i + k < inner_.size(); ++k) inner_[i + k] = true;
    }
  }

  // All of an arena storage, in order.
  bool is_whole(PlanValue v) const {
    const Value& value = at(v);
    const Storage& s = storage_at(v);
    return s.place == Place::arena && value.strides.empty() && value.offset == Dim(0) &&
           value.dtype == s.dtype &&
           graph::product(value.shape, 0, value.shape.size()) == s.elements;
  }

  // Rows (the last dimension) that are contiguous and equally far apart, whatever the sizes.
  bool has_rows(PlanValue v) const {
    const Value& value = at(v);
    if (value.strides.empty()) return true;
    const size_t rank = value.shape.size();
    if (rank < 2 || value.strides[rank - 1] != Dim(1)) return false;
    for (size_t i = 0; i + 2 < rank; ++i) {
      const bool one = value.shape[i] == Dim(1);
      if (!one && value.strides[i] != value.strides[i + 1] * value.shape[i + 1]) return false;
    }
    return true;
  }

  // Every size of the storage is known before the first step: data decide none of it.
  bool is_sized_early(PlanValue v) const {
    const Value& value = at(v);
    auto early = [&](const Dim& d) {
      const auto symbols = d.symbols();
      return std::all_of(symbols.begin(), symbols.end(),
                         [&](const std::string& s) { return plan_.symbols.contains(s); });
    };
    return early(storage_at(v).elements) && early(value.offset) &&
           std::all_of(value.shape.begin(), value.shape.end(), early) &&
           std::all_of(value.strides.begin(), value.strides.end(), early);
  }

  // Nothing that was written there changes later.
  bool is_written_once(PlanValue part) const {
    if (assembled_.contains(storage(part))) return true;
    int writers = 0;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const auto& out = plan_.steps[i].out;
      writers += kept_[i] && std::any_of(out.begin(), out.end(), [&](PlanValue v) {
                   return v != absent && storage(v) == storage(part);
                 });
    }
    return writers <= 1;
  }

  // `v` is all rows of `dense`, whole or some columns of them.
  bool is_columns(PlanValue v, PlanValue dense) const {
    const Value &a = at(v), &b = at(dense);
    if (a.dtype != b.dtype || a.shape.size() != b.shape.size() || a.shape.empty()) return false;
    if (!std::equal(a.shape.begin(), a.shape.end() - 1, b.shape.begin())) return false;
    if (!a.strides.empty() && a.strides != dense_strides(b.shape)) return false;
    if (a.strides.empty() && a.shape != b.shape) return false;
    const auto begin = a.offset.const_value(), size = a.shape.back().const_value(),
               all = b.shape.back().const_value();
    if (a.offset == Dim(0) && a.shape == b.shape) return true;
    return begin && size && all && *begin >= 0 && *begin + *size <= *all;
  }

  // Makes `dense` the memory of `part`; `copy` is the step that copied between them. With `written`
  // the dense value was copied into the part, else out of it.
  bool merge(size_t copy, PlanValue dense, PlanValue part, bool written) {
    if (!is_whole(dense) || !has_rows(part) || at(part).shape != at(dense).shape) return false;
    if (storage(dense) == storage(part) || measured_.contains(storage(dense))) return false;
    if (!is_sized_early(part) || at(part).dtype != at(dense).dtype) return false;
    if (written ? !assembled_.contains(storage(part)) : !is_written_once(part)) return false;
    Values same;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      if (i == copy || !kept_[i]) continue;
      if (!agrees(plan_.steps[i], i, dense, i < copy && written, &same)) return false;
    }
    same.insert(dense);
    for (PlanValue v : same) move(v, part);
    kept_[copy] = false;
    return true;
  }

  // Whether a step, where it touches the storage of `dense`, takes it by rows: as the result only
  // where `may_write`.
  bool agrees(const Step& s, size_t i, PlanValue dense, bool may_write, Values* same) const {
    auto takes = [&](PlanValue v, bool by_rows) {
      if (v == absent || storage(v) != storage(dense)) return true;
      same->insert(v);
      return by_rows && s.kind == Step::Kind::kernel && !inner_[i] && is_columns(v, dense);
    };
    for (size_t k = 0; k < s.in.size(); ++k) {
      if (!takes(s.in[k], reads_rows(s.family, k))) return false;
    }
    for (PlanValue v : s.out) {
      if (!takes(v, may_write && s.out.size() == 1 && writes_rows(s.family))) return false;
    }
    return true;
  }

  // Columns of a row lie as far apart in the part as in the dense value: 1.
  void move(PlanValue v, PlanValue part) {
    Value& value = plan_.values[static_cast<size_t>(v)];
    const Value& to = at(part);
    value.storage = to.storage;
    value.offset = value.offset + to.offset;
    value.strides = to.strides.empty() ? dense_strides(to.shape) : to.strides;
  }

  void drop_steps() {
    std::vector<Step> steps;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      if (kept_[i]) steps.push_back(std::move(plan_.steps[i]));
    }
    plan_.steps = std::move(steps);
  }

  Plan& plan_;
  const std::set<int32_t>& assembled_;
  std::vector<bool> kept_, inner_;
  std::set<int32_t> measured_;
};

}  // namespace

void elide_copies(Plan& plan, const std::set<int32_t>& assembled) {
  Elision(plan, assembled).run();
}

}  // namespace hone::plan
