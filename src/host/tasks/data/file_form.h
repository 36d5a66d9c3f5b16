// What the files of a list hold, where their bytes do not say it.
#pragma once

#include "host/tasks/dataset.h"

namespace hone::tasks {

struct FileForm {
  enum class Kind : uint8_t { picture, sound, pixels, tensor };
  Kind kind = Kind::picture;
  DType dtype = DType::none;  // of a tensor
  Dims dims;                  // of a tensor; of pixels: height, width
  int32_t channels = 0;       // of pixels
  bool nv12 = false;
};

// From the keys "type" and "shape" of a data table: neither, a picture (PNG, JPEG); "wav"; pixels
// "nv12", "rgb", "gray" of "HxW"; else a tensor's elements, row-major. Errors: invalid_argument.
Result<FileForm> file_form(const DataSpec& spec);

// The file as a sample holds it. Errors: those of the files' readers; shape_mismatch for a file of
// another size than its form.
Status read_file(const FileForm& form, const std::string& path, Sample* sample);

}  // namespace hone::tasks
