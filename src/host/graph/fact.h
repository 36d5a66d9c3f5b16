// Fact: what is known of a value before it is computed.
#pragma once

#include <optional>
#include <string>

#include "common/tensor/dtype.h"
#include "host/graph/dim.h"

namespace hone::graph {

// How a value of rank 3 to 5 lies in memory. Its shape is always the ONNX one ([N, C, ...]).
enum class Layout : uint8_t {
  row_major = 0,
  channels_last = 1,  // [N, C, L] stored as [N, L, C], [N, C, D, H, W] as [N, D, H, W, C]
};

struct Fact {
  enum class Kind : uint8_t { tensor, sequence, optional, map };
  Kind kind = Kind::tensor;       // others: dtype and shape of the element, of a map's values
  DType dtype = DType::none;      // none: not known yet
  std::optional<SymShape> shape;  // nullopt: not even the rank is known
  // Elements of a small integer or bool tensor of rank 0 or 1 (shapes, axes, indices on their way
  // to Reshape, Slice, ...) as expressions. Row-major order.
  std::optional<std::vector<Dim>> content;
  // What a map is keyed by: i64 or string. A sequence or an optional with a key holds maps.
  DType key = DType::none;

  static Fact of(DType dtype, SymShape shape) {
    Fact f;
    f.dtype = dtype;
    f.shape = std::move(shape);
    return f;
  }
  bool has_rank() const { return shape.has_value(); }
  int rank() const { return static_cast<int>(shape->size()); }
};

constexpr size_t max_content = 64;

// `b` says nothing that contradicts `a`: same kind and type, dimensions not provably different.
bool compatible(const Fact& a, const Fact& b);
// The most that both say together. compatible(a, b).
Fact merge(const Fact& a, const Fact& b);
std::string to_string(const Fact& f);  // "f32[batch,3,224,224]", "i64[2]={s, 4}", "f32[...]"

}  // namespace hone::graph
