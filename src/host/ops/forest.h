// Decision trees whose leaves vote: what TreeEnsemble, TreeEnsembleClassifier and
// TreeEnsembleRegressor compute.
#pragma once

#include <set>
#include <vector>

#include "common/base/status.h"

namespace hone::ops {

struct Forest {
  enum class Mode : uint8_t { at_most, below, at_least, above, equal, unequal, member };
  enum class Aggregate : uint8_t { average, sum, least, most };

  struct Place {  // of a split, or of a leaf
    size_t at = 0;
    bool leaf = false;
  };
  struct Split {
    Mode mode = Mode::at_most;
    size_t feature = 0;
    double threshold = 0;
    std::set<double> members;      // of Mode::member
    bool missing_is_true = false;  // NaN counts as "true"; else it compares as NaN does
    Place next[2];                 // if false, if true
  };
  struct Vote {
    int64_t target = 0;
    double weight = 0;
  };

  std::vector<Split> splits;
  std::vector<std::vector<Vote>> leaves;
  std::vector<Place> roots;  // one per tree
  int64_t targets = 0;       // a Vote's is in [0, targets)
  Aggregate aggregate = Aggregate::sum;
};

// [rows, targets] of samples [rows, features]: what the leaves that a row ends at say; 0 of a
// target that none votes for. Places in the forest are valid. Errors: a feature that is not there,
// nodes in a circle, more numbers than a reference run may take.
Result<std::vector<double>> votes_of(const Forest& forest, const std::vector<double>& samples,
                                     int64_t rows, int64_t features);

}  // namespace hone::ops
