#include "host/tasks/data/npz_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "host/graph/quote.h"
#include "host/model/tensor_files.h"

namespace hone::tasks {

namespace {

int64_t leading(const Tensor& t) { return t.rank() > 0 ? t.dims()[0] : 1; }

std::string shown(const std::string& name, const Tensor& t) {
  return fmt::format("'{}' {}", graph::one_line(name), to_string(t.dims()));
}

Tensor piece(const Tensor& all, int64_t i) {
  Dims dims = all.dims();
  dims[0] = 1;
  Tensor t(all.dtype(), std::move(dims));
  const auto bytes = static_cast<size_t>(t.bytes());
  if (bytes > 0) {
    std::memcpy(t.mutable_data(), all.raw_bytes().data() + static_cast<size_t>(i) * bytes, bytes);
  }
  return t;
}

}  // namespace

Result<NpzArrays> NpzArrays::open(const std::string& path, const std::string& labels) {
  HONE_ASSIGN(auto arrays, model::read_npz(path));
  return make(std::move(arrays), labels, path);
}

Result<NpzArrays> NpzArrays::make(std::map<std::string, Tensor> arrays, const std::string& labels,
                                  const std::string& what) {
  NpzArrays a;
  if (!labels.empty()) {
    const auto found = arrays.find(labels);
    if (found == arrays.end()) {
      return error(Code::not_found, fmt::format("{}: no array '{}'", what, labels));
    }
    a.labels_ = found->second;
    const bool column = a.labels_.rank() == 2 && a.labels_.dims()[1] == 1;
    if (!is_integer(a.labels_.dtype()) || !(a.labels_.rank() == 1 || column)) {
      return Status(Code::shape_mismatch,
                    fmt::format("{}: {} of {} are no labels: whole numbers [n]", what,
                                shown(labels, a.labels_), name(a.labels_.dtype())));
    }
    arrays.erase(found);
  }
  if (arrays.empty()) return invalid(fmt::format("{}: holds no inputs", what));
  const auto longest = std::max_element(
      arrays.begin(), arrays.end(),
      [](const auto& x, const auto& y) { return leading(x.second) < leading(y.second); });
  a.count_ = a.labels_ ? leading(a.labels_) : leading(longest->second);
  for (const auto& [name, t] : arrays) {
    if (leading(t) == a.count_ || leading(t) == 1) continue;
    const std::string other =
        a.labels_ ? shown(labels, a.labels_) : shown(longest->first, longest->second);
    return Status(Code::shape_mismatch, fmt::format("{}: {} and {} are not of as many samples",
                                                    what, shown(name, t), other));
  }
  a.arrays_ = std::move(arrays);
  return a;
}

std::map<std::string, Tensor> NpzArrays::sample(int64_t i) const {
  std::map<std::string, Tensor> out;
  for (const auto& [name, t] : arrays_) {
    out.emplace(name, t.rank() == 0 || t.dims()[0] == 1 ? t : piece(t, i));
  }
  return out;
}

}  // namespace hone::tasks
