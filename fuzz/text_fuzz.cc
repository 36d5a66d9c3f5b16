// Any text as a graph: refused with one line, or printed and parsed back to the same text.
#include <cstdint>
#include <cstdlib>

#include "host/graph/text.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  const auto g = graph::parse_text({reinterpret_cast<const char*>(data), size});
  if (!g.ok()) {
    const std::string& text = g.status().text();
    require(g.code() == Code::corrupt && text.find('\n') == std::string::npos);
    return 0;
  }
  require(verify_structure(*g).ok());
  const std::string text = to_text(*g);
  const auto again = graph::parse_text(text);
  require(again.ok());
  require(to_text(*again) == text);
  return 0;
}
