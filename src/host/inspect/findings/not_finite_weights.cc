#include "host/import/import.h"
#include "host/inspect/finding.h"

namespace hone::inspect {

std::vector<Finding> find_not_finite_weights(const Subject& s) {
  std::vector<Finding> all;
  for (const BadWeights& bad : find_bad_weights(s.graph)) {
    Finding f;
    f.text = bad.text;
    f.nodes = {s.graph.value(bad.value).name};
    f.fix = "the training diverged, or the conversion to 16 bits overflowed: look there";
    all.push_back(std::move(f));
  }
  return all;
}

}  // namespace hone::inspect
