#include "host/engine/retype.h"

namespace hone::engine {

Tensor with_type(const Tensor& t, DType type) {
  Tensor out(type, t.dims());
  for (int64_t i = 0; i < t.count(); ++i) out.set(i, t.at(i));
  return out;
}

graph::ValueId add_cast(graph::Patch* patch, graph::ValueId v, DType to, graph::NodeId origin) {
  graph::Node n;
  n.op = "Cast";
  n.inputs = {v};
  n.attributes.set("to", static_cast<int64_t>(to));
  return patch->add(std::move(n), {origin});
}

}  // namespace hone::engine
