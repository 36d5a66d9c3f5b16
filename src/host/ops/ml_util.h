// What the operators of ai.onnx.ml have in common: rows of features, class labels, post_transform.
#pragma once

#include <string>
#include <vector>

#include "host/ops/op_def.h"

namespace hone::ops {

// nullptr where the attribute is absent or of another type.
const std::vector<std::string>* strings_of(const Node& node, const char* name);
std::vector<double> doubles_of(const Node& node, const char* name);

// Rows of features: [n, features], or one row.
struct Rows {
  int64_t count = 1, size = 1;
};
Rows rows_of(const Tensor& x);
Dim row_count(const InferContext& ctx);  // of input 0
// Numbers of any kind. Throws NotANumber (ref_util.h).
std::vector<double> numbers_of(const Tensor& x);
Status need_rows(const RefContext& ctx);  // input 0 has rank 1 or 2

enum class PostTransform : uint8_t { none, softmax, logistic, softmax_zero, probit };
Result<PostTransform> post_transform_of(const Node& node);
// On the scores of one row, n >= 1. softmax_zero leaves zeros as they are; probit of what is not in
// (0, 1) is NaN.
void transform(PostTransform kind, double* y, int64_t n);

// classlabels_*: i64 or strings, of which exactly one list is given.
class ClassLabels {
 public:
  // `ints`: the name of the attribute of numbers. Errors: invalid_argument.
  static Result<ClassLabels> of(const Node& node, const char* ints);
  int64_t count() const { return static_cast<int64_t>(words_ ? words_->size() : numbers_.size()); }
  DType dtype() const { return words_ != nullptr ? DType::string : DType::i64; }
  // All of them, and those at these places: a vector.
  Tensor all() const;
  Tensor at(const std::vector<size_t>& places) const;

 private:
  const std::vector<std::string>* words_ = nullptr;
  std::vector<int64_t> numbers_;
};

// Output 0: a label for each row; output 1: f32[rows, scores].
Status set_classes(InferContext& ctx, DType labels, const Dim& scores);

}  // namespace hone::ops
