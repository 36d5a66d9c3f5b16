// Arrays in .npy and .npz files, read piece by piece: for data sets larger than memory.
#pragma once

#include <map>

#include "host/model/tensor_files.h"

namespace hone::model {

class ArrayFile {
 public:
  const Dims& dims() const { return dims_; }
  DType dtype() const { return dtype_; }
  // Rows [begin, begin + count) along axis 0; rank 0 is one row. Safe from several threads. Errors:
  // io_error.
  Result<Tensor> read(int64_t begin, int64_t count) const;
  int64_t rows() const { return dims_.empty() ? 1 : dims_[0]; }

 private:
  friend struct ArrayFiles;
  DType dtype_ = DType::none;
  Dims dims_;
  std::shared_ptr<const int> file_;  // of the elements, in C order and little-endian
  uint64_t offset_ = 0;
  Tensor whole_;  // instead of a file: column-major and big-endian arrays
};

// The array of a .npy file.
Result<ArrayFile> open_npy(const std::string& path);
// The arrays of a .npz file by name. Checksums are verified here, once, by reading in pieces.
// Deflated members are unpacked into an unnamed temporary file (TMPDIR, else /tmp).
Result<std::map<std::string, ArrayFile>> open_npz(const std::string& path);

}  // namespace hone::model
