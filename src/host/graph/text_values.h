// Facts, tensors and attributes as text: the pieces of the graph's text form.
//   tensor     f32[2,3] = [1.0, 2.0, ...] | f32[2,3] = 0x...   ("=" only behind a name)
//   attribute  1 | 1.0 | float(7fc00000) | "s" | [1, 2] | ints[] | tensor f32[] [1.0] | type ...
#pragma once

#include <string>

#include "host/graph/attributes.h"
#include "host/graph/fact.h"

namespace hone::graph {

// Constants of at most this many elements print as lists, where their type has a plain notation.
constexpr int64_t max_list = 16;

// The elements; with `weights` off, "..." for more than max_list of them.
std::string tensor_data(const Tensor& t, bool weights);
std::string to_string(const Attr& attr, bool weights);
std::string to_string(const model::TypeProto& type);

}  // namespace hone::graph
