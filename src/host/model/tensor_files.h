// Tensors in files of their own: NumPy's .npy and .npz, ONNX TensorProto .pb.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/cursor.h"
#include "host/model/tensor.h"

namespace hone::model {

// .npy: versions 1 to 3, C or Fortran order (Fortran is transposed), little- and big-endian, bool,
// integers, f16/f32/f64, complex. Errors: corrupt, unsupported (objects, structured types).
Result<Tensor> read_npy(const std::string& path);
Result<Tensor> parse_npy(Bytes bytes, std::shared_ptr<const void> owner);
// C order, version 1.0, "()" for scalars. Types NumPy lacks (bf16, f8, sub-byte) are unsupported.
Result<std::vector<std::byte>> format_npy(const Tensor& t);
// .npz: stored and deflated members, by name without ".npy".
Result<std::map<std::string, Tensor>> read_npz(const std::string& path);
Result<std::map<std::string, Tensor>> parse_npz(Bytes bytes, std::shared_ptr<const void> owner);

// What a .npy file says before its elements. `bytes` may end anywhere behind the header.
struct NpyHeader {
  DType dtype = DType::none;
  bool big_endian = false, fortran = false;
  Dims dims;
  uint64_t size = 0;       // of the header: the elements begin there
  int64_t data_bytes = 0;  // of the elements
};
constexpr size_t longest_npy_header = 65536 + 12;
Result<NpyHeader> parse_npy_header(Bytes bytes);

// Where the .npy members of a .npz lie, for who reads them piece by piece. Touches the archive's
// directory and the members' own headers only; no checksum is looked at.
struct NpzMember {
  std::string name;  // without ".npy"
  bool deflated = false;
  uint32_t crc = 0;
  uint64_t offset = 0, packed = 0, size = 0;  // packed bytes at offset; size when unpacked
};
Result<std::vector<NpzMember>> list_npz(Bytes bytes);

// A TensorProto; *name receives its name when not null.
Result<Tensor> read_pb(const std::string& path, std::string* name = nullptr);
Result<Tensor> parse_tensor_proto(Bytes bytes, std::shared_ptr<const void> owner,
                                  std::string* name = nullptr);
std::vector<std::byte> format_pb(const Tensor& t, const std::string& name);

// By extension: .npy, .pb; .npz with exactly one member.
Result<Tensor> read_tensor_file(const std::string& path);

}  // namespace hone::model
