#include "device/runtime/text.h"

#include <cstring>

#include "common/tensor/dtype.h"
#include "common/wire/vectors.h"
#include "engine_generated.h"

namespace hone::runtime {
namespace {

// A name of a file may be long; the rest of the message must stay readable.
constexpr size_t max_name = 80;

void append_name(const char* name, FixedText* text) {
  char cut[max_name + 1];
  const size_t n = strnlen(name, max_name);
  std::memcpy(cut, name, n);
  cut[n] = 0;
  *text << cut;
  if (n == max_name) *text << "...";
}

}  // namespace

void append_shape(std::span<const int64_t> dims, FixedText* text) {
  *text << "[";
  for (size_t i = 0; i < dims.size(); ++i) *text << (i == 0 ? "" : ", ") << dims[i];
  *text << "]";
}

void append_type(const wire::Io& io, FixedText* text) {
  *text << name(static_cast<DType>(io.dtype())) << " [";
  const uint32_t rank = wire::size_of(io.shape());
  for (uint32_t i = 0; i < rank; ++i) {
    const wire::Dim& d = *io.shape()->Get(i);
    if (i > 0) *text << ", ";
    if (d.size() >= 0) {
      *text << d.size();
    } else if (d.symbol() != nullptr && d.symbol()->size() > 0) {
      append_name(d.symbol()->c_str(), text);
    } else {
      *text << "?";
    }
  }
  *text << "]";
}

FixedText io_name(bool is_input, const wire::Io& io) {
  FixedText text(is_input ? "input '" : "output '");
  append_name(io.name()->c_str(), &text);
  return text << "'", text;
}

FixedText step_name(uint32_t index, const char* layer) {
  FixedText text("step ");
  text << index;
  if (layer != nullptr && layer[0] != 0) {
    text << " (";
    append_name(layer, &text);
    text << ")";
  }
  return text;
}

}  // namespace hone::runtime
