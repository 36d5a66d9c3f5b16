// From a sample of the data to a model's inputs, by the contracts of hone.toml.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "host/tasks/text/tokenizer.h"
#include "ship/measure/session.h"
#include "ship/project/project.h"

namespace hone::ship {

// What a model says of an input.
struct InputForm {
  std::string name;
  DType dtype = DType::none;
  Dims dims;  // -1: dynamic; empty: of unknown rank, or a scalar
};
std::vector<InputForm> input_forms(const Session& session);
std::vector<InputForm> input_forms(const graph::Graph& graph);

class ModelInputs {
 public:
  // `forms`: the model's inputs in order; each must be described. Errors: unsupported for one that
  // is not ("hone.toml does not say how input 'x' is made"); those of reading a tokenizer. `model`
  // outlives this.
  static Result<ModelInputs> make(const ModelSpec& model, std::vector<InputForm> forms);

  // In the order of the forms, batch 1. Errors: those of preprocessing; shape_mismatch where the
  // data are not what the input takes.
  Result<std::vector<Tensor>> of(const tasks::Sample& sample) const;
  // How the sample's picture becomes the first input that is a picture; as it is where none is.
  tasks::Geometry geometry(const tasks::Sample& sample) const;

 private:
  struct Made {
    InputForm form;
    const InputSpec* spec;
    std::shared_ptr<const tasks::text::Tokenizer> tokenizer;  // of text
  };
  std::vector<Made> inputs_;
};

}  // namespace hone::ship
