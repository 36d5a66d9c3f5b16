// From a sample of the data to a model's inputs, by the contracts of hone.toml.
#pragma once

#include <string>
#include <vector>

#include "ship/project/project.h"

namespace hone::ship {

class ModelInputs {
 public:
  // `names`: the model's inputs in order; each must be described. Errors: unsupported for one that
  // is not ("hone.toml does not say how input 'x' is made"). `model` outlives this.
  static Result<ModelInputs> make(const ModelSpec& model, const std::vector<std::string>& names);

  // In the order of the names, batch 1. Errors: those of preprocessing.
  Result<std::vector<Tensor>> of(const tasks::Sample& sample) const;
  // How the sample's picture becomes the first input that is a picture; as it is where none is.
  tasks::Geometry geometry(const tasks::Sample& sample) const;

 private:
  std::vector<const InputSpec*> inputs_;
};

// Names of a session's or a graph's inputs.
template <class Inputs>
std::vector<std::string> names_of(const Inputs& inputs) {
  std::vector<std::string> names;
  for (const auto& i : inputs) names.push_back(i.name);
  return names;
}

}  // namespace hone::ship
