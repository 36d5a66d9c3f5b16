#include "host/model/tensor_files.h"

#include <fmt/format.h>

#include "host/model/files.h"
#include "host/model/pb_message.h"
#include "host/model/pb_writer.h"
#include "host/model/sniff.h"
#include "host/model/tensor_proto.h"

namespace hone::model {
namespace {

// Maps the file, parses it and puts its path in front of an error.
template <class Parse>
auto read_file(const std::string& path, Parse parse) -> decltype(parse(MappedFile())) {
  HONE_ASSIGN(const MappedFile file, map_file(path));
  auto result = parse(file);
  if (!result.ok()) return in(path, result.status());
  return result;
}

bool has_extension(const std::string& path, std::string_view extension) {
  return std::string_view(path).ends_with(extension);
}

Result<Tensor> only_member(const std::string& path) {
  HONE_ASSIGN(const auto members, read_npz(path));
  if (members.size() != 1) {
    return invalid(fmt::format("{}: holds {} arrays where one is expected", path, members.size()));
  }
  return members.begin()->second;
}

}  // namespace

Result<Tensor> read_npy(const std::string& path) {
  return read_file(path, [](const MappedFile& f) { return parse_npy(f.bytes, f.owner); });
}

Result<std::map<std::string, Tensor>> read_npz(const std::string& path) {
  return read_file(path, [](const MappedFile& f) { return parse_npz(f.bytes, f.owner); });
}

Result<Tensor> read_pb(const std::string& path, std::string* name) {
  return read_file(path,
                   [&](const MappedFile& f) { return parse_tensor_proto(f.bytes, f.owner, name); });
}

Result<Tensor> parse_tensor_proto(Bytes bytes, std::shared_ptr<const void> owner,
                                  std::string* name) {
  auto result = guarded([&]() -> Result<Tensor> {
    if (bytes.empty()) return corrupt("empty file");
    NamedTensor t;
    try {
      parse_tensor(bytes, owner, nullptr, &t);
    } catch (const ParseError& e) {
      if (!e.overrun) throw;
      return error(e.code, "truncated: " + e.text);
    }
    if (name != nullptr) *name = std::move(t.name);
    return std::move(t.tensor);
  });
  const std::string content = result.code() == Code::corrupt ? describe_content(bytes) : "";
  if (content.empty() || bytes.empty()) return result;
  return corrupt(fmt::format("not a tensor (it is {})", content));
}

std::vector<std::byte> format_pb(const Tensor& t, const std::string& name) {
  PbWriter writer;
  const auto body = [&] { put_tensor(writer, name, t); };
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<size_t>(writer.measure(body)));
  Output out(&bytes);
  writer.write(&out, body);
  return bytes;
}

Result<Tensor> read_tensor_file(const std::string& path) {
  if (has_extension(path, ".npy")) return read_npy(path);
  if (has_extension(path, ".pb")) return read_pb(path);
  if (has_extension(path, ".npz")) return only_member(path);
  return invalid(path + ": not a tensor file by its name (.npy, .npz or .pb)");
}

}  // namespace hone::model
