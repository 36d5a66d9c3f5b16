// Any text as hone.toml: refused with one line that names file and line, or read. Projects may name
// a labels file: none of this name is there to be read.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ship/project/project.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto project = ship::parse_project(text, "/no/such/folder/hone.toml");
  if (!project.ok()) {
    const std::string& why = project.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(project.code() != Code::internal);
    return 0;
  }
  require(!project->models.empty() && !project->targets.empty());
  for (const ship::ModelSpec& m : project->models) {
    require(!m.onnx.empty());
    for (const ship::InputSpec& i : m.inputs) {
      require(i.image.height >= 1 && i.image.width >= 1 && i.image.std[0] > 0);
    }
  }
  for (const ship::TargetSpec& t : project->targets) require(t.threads >= 1 && t.threads <= 256);
  return 0;
}
