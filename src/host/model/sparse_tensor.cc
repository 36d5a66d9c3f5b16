#include "host/model/sparse_tensor.h"

#include <fmt/format.h>

#include <cstring>

#include "common/base/checked.h"
#include "host/model/onnx.h"
#include "host/model/onnx_fields.h"
#include "host/model/pb_message.h"

namespace hone::model {
namespace {

struct Parts {
  NamedTensor values, indices;
  Dims dims;
};

Parts parse_parts(PbMessage m, const std::shared_ptr<const void>& owner, ExternalFiles* external) {
  namespace f = field::sparse_tensor;
  Parts p;
  while (m.next()) {
    switch (m.tag()) {
      case f::values: parse_tensor(m.bytes("values"), owner, external, &p.values); break;
      case f::indices: parse_tensor(m.bytes("indices"), owner, external, &p.indices); break;
      case f::dims:
        m.each_varint("dims", [&](uint64_t d) { p.dims.push_back(static_cast<int64_t>(d)); });
        if (static_cast<int64_t>(p.dims.size()) > limits::rank) {
          fail(Code::unsupported, fmt::format("rank over {}", limits::rank));
        }
        break;
      default: m.skip();
    }
  }
  return p;
}

// Places in row-major order of each value. Errors: an index outside the tensor.
std::vector<int64_t> places(const Parts& p, int64_t count) {
  const Tensor& indices = p.indices.tensor;
  const int64_t n = p.values.tensor.count();
  const auto rank = static_cast<int64_t>(p.dims.size());
  const bool flat = indices.dims() == Dims{n};
  if (indices.dtype() != DType::i64 || (!flat && indices.dims() != Dims{n, rank})) {
    fail(Code::corrupt, fmt::format("indices {}{} of {} values in {}", name(indices.dtype()),
                                    to_string(indices.dims()), n, to_string(p.dims)));
  }
  const std::vector<int64_t> given = to_ints(indices);
  std::vector<int64_t> out(static_cast<size_t>(n), 0);
  for (int64_t i = 0; i < n; ++i) {
    int64_t place = flat ? given[static_cast<size_t>(i)] : 0;
    bool inside = place >= 0 && place < count;
    for (int64_t d = 0; !flat && d < rank; ++d) {
      const int64_t at = given[static_cast<size_t>(i * rank + d)];
      const int64_t size = p.dims[static_cast<size_t>(d)];
      inside = inside && at >= 0 && at < size;
      if (inside) place = place * size + at;
    }
    if (!inside) fail(Code::corrupt, fmt::format("value {} is outside {}", i, to_string(p.dims)));
    out[static_cast<size_t>(i)] = place;
  }
  return out;
}

// The number of elements of the dense tensor, whose bytes are taken off `room`.
int64_t dense_count(const Parts& p, int64_t* room) {
  int64_t count = 1;
  bool fits = true;
  for (int64_t d : p.dims) {
    if (d < 0) fail(Code::corrupt, fmt::format("dimension {}", d));
    fits = fits && !mul_overflows(count, d, &count);
  }
  const int64_t each = bits(p.values.tensor.dtype()) / 8;
  if (!fits || count > *room / each) {
    fail(Code::unsupported,
         fmt::format("sparse tensors of more than {} MiB without their sparseness",
                     most_sparse_bytes >> 20));
  }
  *room -= count * each;
  return count;
}

}  // namespace

void parse_sparse_tensor(Bytes bytes, const std::shared_ptr<const void>& owner,
                         ExternalFiles* external, int64_t* room, NamedTensor* out) {
  const Parts p = parse_parts(PbMessage(bytes), owner, external);
  out->name = p.values.name;
  const Tensor& values = p.values.tensor;
  if (!values || !p.indices.tensor) fail(Code::corrupt, "values or indices are missing");
  if (values.dtype() == DType::string || bits(values.dtype()) < 8) {
    fail(Code::unsupported, fmt::format("a sparse tensor of {}", name(values.dtype())));
  }
  if (values.rank() != 1) fail(Code::corrupt, "the values are no vector");
  const int64_t count = dense_count(p, room);
  const std::vector<int64_t> at = places(p, count);
  Tensor dense(values.dtype(), p.dims);
  auto* to = static_cast<std::byte*>(dense.mutable_data());
  const auto each = static_cast<size_t>(bits(values.dtype()) / 8);
  const std::byte* from = values.raw_bytes().data();
  for (size_t i = 0; i < at.size(); ++i) {
    std::memcpy(to + static_cast<size_t>(at[i]) * each, from + i * each, each);
  }
  out->tensor = std::move(dense);
}

}  // namespace hone::model
