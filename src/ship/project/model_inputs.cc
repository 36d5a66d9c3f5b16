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

tasks::Geometry ModelInputs::geometry(const tasks::Sample& sample) const {
  tasks::Geometry g;
  g.picture_width = sample.picture.width, g.picture_height = sample.picture.height;
  for (const InputSpec* i : inputs_) {
    auto p = preprocess::placement(i->image, g.picture_width, g.picture_height);
    if (!p.ok()) continue;
    g.left = p->x, g.top = p->y, g.scale_x = p->scale_x, g.scale_y = p->scale_y;
    return g;
  }
  return g;
}

}  // namespace hone::ship
