// Operators defined by others: a fused or quantised operator infers and computes by the OpDef of
// the ONNX operator inside it.
#pragma once

#include "host/ops/ref_util.h"

namespace hone::ops {

struct Inner {
  const char* op;  // of ai.onnx
  int64_t version;
  graph::Attributes attributes;
};

// Infers `inner` on these facts (an empty one: absent) and sets ctx's output 0 to what its output 0
// is, with the type `out`.
Status infer_inner(InferContext& ctx, const Inner& inner, const std::vector<Fact>& inputs,
                   DType out);
// Output 0 of `inner` on these tensors (an empty one: absent).
Result<Tensor> run_inner(const RefContext& ctx, const Inner& inner,
                         const std::vector<Tensor>& inputs);
// All of its first `outputs` outputs.
Result<std::vector<Tensor>> run_inner_all(const RefContext& ctx, const Inner& inner,
                                          const std::vector<Tensor>& inputs, size_t outputs);

// The node's attributes without those named.
graph::Attributes without(const graph::Attributes& attributes,
                          std::initializer_list<const char*> names);
// A fact of this type with the same shape.
Fact with_type(const Fact& fact, DType dtype);

}  // namespace hone::ops
