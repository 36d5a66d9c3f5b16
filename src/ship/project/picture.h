// The contract an engine carries: how its inputs are preprocessed, what its outputs are called.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/model/tensor.h"
#include "ship/measure/session.h"
#include "ship/project/project.h"

namespace hone::ship {

// Properties written into an engine: "input.<name>" and "labels.<name>" as JSON.
std::vector<std::pair<std::string, std::string>> contract_properties(const ModelSpec& model);

// An input's part of them and back. Errors: corrupt for a text that Hone did not write.
std::string contract_text(const preprocess::ImageContract& contract);
Result<preprocess::ImageContract> parse_contract(std::string_view text);

bool is_picture(const std::string& path);  // by extension: .png, .jpg, .jpeg

// Decodes the file and applies the engine's own contract for `input`. Errors: unsupported where the
// engine carries none ("give an .npy"), shape_mismatch for a picture of a size that it does not
// take.
Result<Tensor> read_picture_for(const Session& session, const std::string& input,
                                const std::string& path);
// A decoded picture as preprocessing takes it; looks into `p`.
preprocess::Picture view_of(const model::DecodedPicture& p);
// The same of a copy of its pixels.
preprocess::Picture view_of(const model::DecodedPicture& p, const uint8_t* pixels);
// Of the tensor that a contract makes.
DType type_of(const preprocess::ImageContract& contract);
// A picture through a contract, as the input tensor of batch 1. Errors: those of image_to_tensor();
// unsupported where resizing would take over 1 GB of scratch.
Result<Tensor> to_input(const preprocess::ImageContract& contract,
                        const preprocess::Picture& picture);

// Labels of a classifier's output; empty where the engine carries none.
std::vector<std::string> labels_of(const Session& session, const std::string& output);
// The likeliest classes with their softmax shares.
std::vector<std::pair<std::string, double>> top_classes(const Tensor& scores,
                                                        const std::vector<std::string>& labels,
                                                        int count);

}  // namespace hone::ship
