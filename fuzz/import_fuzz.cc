// Any model as a graph: refused with one line, or a graph that verifies, prints, parses back, and
// is exported to a model that can be read.
#include <cstdint>
#include <cstdlib>

#include "host/graph/text.h"
#include "host/import/import.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto model = model::read_model(bytes, nullptr, "");
  if (!model.ok()) return 0;
  const auto g = import(*model);
  if (!g.ok()) {
    const std::string& text = g.status().text();
    require(!text.empty() && text.find('\n') == std::string::npos);
    require(g.code() != Code::internal);
    return 0;
  }
  bad_weights(*g);
  const auto parsed = graph::parse_text(to_text(*g));
  require(parsed.ok());
  require(to_text(*parsed) == to_text(*g));
  const auto exported = export_model(*g);
  if (!exported.ok()) return 0;
  const auto again = serialize(*exported);
  require(model::read_model(again, nullptr, "").ok());
  return 0;
}
