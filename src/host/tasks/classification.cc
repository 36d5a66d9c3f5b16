#include "host/tasks/classification.h"

#include <cmath>
#include <limits>

namespace hone::tasks {

int64_t arg_max(const Tensor& scores) {
  int64_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0, n = scores.count(); i < n; ++i) {
    double v = scores.at(i);
    if (v > most) most = v, best = i;
  }
  return best;
}

void add_sample(Accuracy* a, const Tensor& scores, int64_t label, int64_t class_count) {
  a->classes.resize(static_cast<size_t>(class_count));
  bool right = arg_max(scores) == label;
  ++a->samples;
  a->right += right;
  a->hits.push_back(right);
  if (label < 0 || label >= class_count) return;
  ClassCount& k = a->classes[static_cast<size_t>(label)];
  ++k.samples;
  k.right += right;
}

}  // namespace hone::tasks
