// Preprocessing inside the model: bytes in, as a camera gives them.
#pragma once

#include <string>
#include <vector>

#include "host/model/onnx.h"

namespace hone::edit {

// What the model's input was made of bytes x by: (x scale - mean) / deviation, by channel.
struct Normalisation {
  double scale = 1.0 / 255;
  std::vector<double> mean, deviation;  // one for each channel, or one for all
  bool planes = true;                   // the model takes [N,C,H,W]; else [N,H,W,C]
  bool channels_last = false;  // the bytes lie as [N,H,W,C]; they always do where the model does
};

// `input` becomes u8. The division goes into the weights of the convolutions that read it, the mean
// into their bias where they do not pad, else it is subtracted before (the border is then the mean,
// as it was); one that something else reads is normalised by nodes of its own, as
// pictures whose channels lie last are.
// Errors: not_found; unsupported for an input that is no float of rank 4, or has another number of
// channels than the means; invalid_argument for a deviation of 0.
Status fold_preprocess(model::Model* model, const std::string& input, const Normalisation& how);

}  // namespace hone::edit
