// What the drawing says of values, constants and operators, in few characters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/graph/graph.h"

namespace hone::ship::drawing {

// At most `most` characters of what can be shown of a name, its middle left out: who made it is at
// its start, which one it is at its end.
std::string shortened(std::string_view text, size_t most);

// "1×3×224×224", "scalar"; empty where the rank is not known.
std::string shape_text(const graph::Fact& fact);
std::string shape_text(const Dims& dims);

// "0.5, -1, 3e+20, ..."
std::string first_values(const Tensor& tensor, size_t most);
std::string attribute_text(const graph::Attr& attribute);

// "W" for the second input of Conv; "input 1" where ONNX's names say no more than the place.
std::string operand_name(const graph::Node& node, size_t input);

// CSS class of the operator's colour: "product", "activation", "pool", "norm", "shape", "quant",
// "control", "other".
const char* family(const graph::Node& node);

// A guess that is rather too wide, in units of the font's size: fonts are the reader's.
double text_width(std::string_view text);

}  // namespace hone::ship::drawing
