// Samples as arrays in one .npz: by input name with a leading sample axis, labels beside them.
#pragma once

#include <map>
#include <string>

#include "host/model/tensor.h"

namespace hone::tasks {

class NpzArrays {
 public:
  // `labels`: the array of classes, whole numbers [n]; "": there is none. An array of another
  // leading axis than n is refused, but one of 1, or of none: that is every sample's. Errors: those
  // of read_npz; not_found (no such labels), shape_mismatch, naming the arrays; invalid_argument
  // (nothing but labels).
  static Result<NpzArrays> open(const std::string& path, const std::string& labels);
  // `what` names the source in errors.
  static Result<NpzArrays> make(std::map<std::string, Tensor> arrays, const std::string& labels,
                                const std::string& what);

  int64_t count() const { return count_; }
  bool has(const std::string& name) const { return arrays_.contains(name); }
  bool labelled() const { return static_cast<bool>(labels_); }
  // a[i:i+1] of each array, by its name.
  std::map<std::string, Tensor> sample(int64_t i) const;
  int64_t label(int64_t i) const { return labels_.int_at(i); }

 private:
  std::map<std::string, Tensor> arrays_;  // views of the mapped file where members are stored
  Tensor labels_;
  int64_t count_ = 0;
};

}  // namespace hone::tasks
