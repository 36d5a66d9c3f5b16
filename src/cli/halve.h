// A model in half precision that was tried before it is kept.
#pragma once

#include <optional>
#include <string>

#include "cli/inputs.h"
#include "host/model/onnx.h"
#include "ship/project/calibration.h"

namespace hone::cli {

// Converts `model` where no output becomes infinite or NaN that was finite before, on the first of:
// `inputs`; the data of `described`, where there are some that fit; random inputs. `what`: which
// these were. Errors: unsupported with the output and the first value that is not finite; those of
// the reference and of reading the data. The model is as it was then.
Status halve(const InputOptions& inputs, const std::optional<ship::Described>& described,
             model::Model* model, std::string* what);

}  // namespace hone::cli
