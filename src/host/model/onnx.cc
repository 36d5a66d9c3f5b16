#include "host/model/onnx.h"

#include <fmt/format.h>

#include "common/base/hash.h"
#include "host/model/files.h"
#include "host/model/onnx_reader.h"
#include "host/model/sniff.h"

namespace hone::model {
namespace {

// The one line for a file that could not be parsed.
Status describe_failure(const ParseError& e, Bytes bytes, bool saw_model) {
  const std::string content = describe_content(bytes);
  if (!content.empty()) return corrupt(fmt::format("not an ONNX file (it is {})", content));
  if (!saw_model) return corrupt("not an ONNX file");
  if (e.overrun) return error(e.code, "truncated: " + e.text + "; copy or export it again");
  return error(e.code, e.text);
}

Result<Model> read(Bytes bytes, std::shared_ptr<const void> owner, const std::string& folder) {
  if (bytes.empty()) return corrupt("empty file");
  OnnxReader reader(std::move(owner), folder, static_cast<int64_t>(bytes.size()));
  try {
    Model model = reader.model(PbMessage(bytes));
    model.file_hash = reader.external().hash(hash64(bytes));
    model.file_bytes = static_cast<int64_t>(bytes.size()) + reader.external().bytes_used();
    return model;
  } catch (const ParseError& e) {
    if (e.code != Code::corrupt) throw;
    return describe_failure(e, bytes, reader.saw_model());
  }
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<Model> read_model(Bytes bytes, std::shared_ptr<const void> owner,
                         const std::string& folder) {
  return guarded([&]() -> Result<Model> { return read(bytes, std::move(owner), folder); });
}

Result<Model> read_model(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  auto model = read_model(file.bytes, file.owner, folder_of(path));
  if (!model.ok()) return in(path, model.status());
  return model;
}

}  // namespace hone::model
