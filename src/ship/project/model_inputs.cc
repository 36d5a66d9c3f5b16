#include "ship/project/model_inputs.h"

#include <fmt/format.h>

#include "ship/project/picture.h"

namespace hone::ship {

Result<ModelInputs> ModelInputs::make(const ModelSpec& model,
                                      const std::vector<std::string>& names) {
  ModelInputs m;
  for (const std::string& name : names) {
    const InputSpec* found = nullptr;
    for (const InputSpec& i : model.inputs) {
      if (i.name == name) found = &i;
    }
    if (found == nullptr) {
      return unsupported(fmt::format("hone.toml does not say how input '{}' is made", name));
    }
    m.inputs_.push_back(found);
  }
  return m;
}

Result<std::vector<Tensor>> ModelInputs::of(const tasks::Sample& sample) const {
  std::vector<Tensor> out;
  for (const InputSpec* i : inputs_) {
    HONE_ASSIGN(Tensor x, to_input(i->image, view_of(sample.picture)));
    out.push_back(std::move(x));
  }
  return out;
}

}  // namespace hone::ship
