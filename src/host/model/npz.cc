// NumPy's .npz: a ZIP archive (also of more than 4 GB) of .npy files, stored or deflated. Found by
// the central directory at the end; local headers only say how long they themselves are.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "host/model/files.h"
#include "host/model/pb_message.h"
#include "host/model/sniff.h"
#include "host/model/tensor_files.h"

namespace hone::model {
namespace {

// Caps for what a few bytes of an archive can claim.
constexpr uint64_t most_entries = 65536;
constexpr uint64_t most_inflated = uint64_t{4} << 30;
constexpr uint64_t deflate_ratio = 1032;  // the best deflate can do

constexpr uint32_t end_signature = 0x06054b50, end64_signature = 0x06064b50;
constexpr uint32_t locator64_signature = 0x07064b50;
constexpr uint32_t central_signature = 0x02014b50, local_signature = 0x04034b50;

[[noreturn]] void bad(const char* what) {
  fail(Code::corrupt, fmt::format("ZIP archive is damaged: {}", what));
}

template <class T>
T get(ByteCursor& c, const char* what) {
  T value;
  if (!c.read(&value)) bad(what);
  return value;
}

void skip(ByteCursor& c, uint64_t n, const char* what) {
  if (!c.skip(n)) bad(what);
}

Bytes take(ByteCursor& c, uint64_t n, const char* what) {
  Bytes bytes;
  if (!c.take(n, &bytes)) bad(what);
  return bytes;
}

ByteCursor cursor_at(Bytes file, uint64_t offset, const char* what) {
  ByteCursor c(file);
  skip(c, offset, what);
  return c;
}

struct Directory {
  uint64_t entries = 0, size = 0, offset = 0;
};

// Offset of the end record: fixed 22 bytes and a comment of at most 65535.
uint64_t find_end(Bytes file) {
  constexpr size_t fixed = 22;
  const size_t lowest = file.size() > fixed + 65535 ? file.size() - fixed - 65535 : 0;
  for (size_t at = file.size() < fixed ? 0 : file.size() - fixed + 1; at-- > lowest;) {
    uint32_t signature = 0;
    uint16_t comment = 0;
    std::memcpy(&signature, file.data() + at, 4);
    std::memcpy(&comment, file.data() + at + 20, 2);
    if (signature == end_signature && at + fixed + comment == file.size()) return at;
  }
  const std::string what = describe_content(file);
  fail(Code::corrupt, what.empty() || what.rfind("a ZIP", 0) == 0
                          ? std::string("not a whole .npz file")
                          : fmt::format("not a .npz file (it is {})", what));
}

Directory read_end64(Bytes file, uint64_t end) {
  constexpr const char* what = "64-bit end record";
  constexpr uint64_t locator_size = 20;
  if (end < locator_size) bad(what);
  ByteCursor locator = cursor_at(file, end - locator_size, what);
  if (get<uint32_t>(locator, what) != locator64_signature) bad(what);
  skip(locator, 4, what);
  ByteCursor c = cursor_at(file, get<uint64_t>(locator, what), what);
  if (get<uint32_t>(c, what) != end64_signature) bad(what);
  skip(c, 8 + 2 + 2 + 4 + 4 + 8, what);
  Directory d;
  d.entries = get<uint64_t>(c, what);
  d.size = get<uint64_t>(c, what);
  d.offset = get<uint64_t>(c, what);
  return d;
}

Directory read_end(Bytes file) {
  constexpr const char* what = "end record";
  const uint64_t end = find_end(file);
  ByteCursor c = cursor_at(file, end, what);
  skip(c, 10, what);
  Directory d;
  d.entries = get<uint16_t>(c, what);
  d.size = get<uint32_t>(c, what);
  d.offset = get<uint32_t>(c, what);
  if (d.entries == UINT16_MAX || d.size == UINT32_MAX || d.offset == UINT32_MAX) {
    d = read_end64(file, end);
  }
  if (d.entries > most_entries) {
    fail(Code::unsupported, fmt::format("{} members, more than {}", d.entries, most_entries));
  }
  return d;
}

struct Entry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, size = 0, offset = 0;
};

// Sizes and offset that did not fit 32 bits stand in an extra field, in this order.
void read_extra64(Bytes extra, Entry* e) {
  constexpr const char* what = "extra field";
  for (ByteCursor c(extra); c.remaining() > 0;) {
    const auto id = get<uint16_t>(c, what);
    ByteCursor body(take(c, get<uint16_t>(c, what), what));
    if (id != 1) continue;
    for (uint64_t* value : {&e->size, &e->packed, &e->offset}) {
      if (*value == UINT32_MAX) *value = get<uint64_t>(body, what);
    }
    return;
  }
}

Entry read_entry(ByteCursor& c) {
  constexpr const char* what = "central directory";
  if (get<uint32_t>(c, what) != central_signature) bad(what);
  skip(c, 4, what);
  Entry e;
  e.flags = get<uint16_t>(c, what);
  e.method = get<uint16_t>(c, what);
  skip(c, 4, what);
  e.crc = get<uint32_t>(c, what);
  e.packed = get<uint32_t>(c, what);
  e.size = get<uint32_t>(c, what);
  const auto name_size = get<uint16_t>(c, what);
  const auto extra_size = get<uint16_t>(c, what);
  const auto comment_size = get<uint16_t>(c, what);
  skip(c, 2 + 2 + 4, what);
  e.offset = get<uint32_t>(c, what);
  const Bytes name = take(c, name_size, what);
  e.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if (!is_utf8(e.name)) fail(Code::corrupt, "the name of a member is not UTF-8");
  read_extra64(take(c, extra_size, what), &e);
  skip(c, comment_size, what);
  return e;
}

Bytes packed_bytes(Bytes file, const Entry& e) {
  constexpr const char* what = "local header";
  ByteCursor c = cursor_at(file, e.offset, what);
  if (get<uint32_t>(c, what) != local_signature) bad(what);
  skip(c, 22, what);
  const auto name_size = get<uint16_t>(c, what);
  const auto extra_size = get<uint16_t>(c, what);
  skip(c, uint64_t{name_size} + extra_size, what);
  return take(c, e.packed, "a member reaches past the end");
}

// zlib counts in 32 bits: both sides are handed over in pieces.
std::shared_ptr<std::vector<std::byte>> inflate_member(Bytes packed, uint64_t size) {
  auto out = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(size));
  z_stream z{};
  if (::inflateInit2(&z, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&z, ::inflateEnd);
  constexpr size_t piece = size_t{1} << 30;
  std::byte spare{};  // where size is 0 the end mark still has to be read
  size_t read = 0, written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t in = std::min(packed.size() - read, piece);
    const size_t room = std::min(out->size() - written, piece);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + read));
    z.avail_in = static_cast<uInt>(in);
    z.next_out = reinterpret_cast<Bytef*>(room > 0 ? out->data() + written : &spare);
    z.avail_out = static_cast<uInt>(room);
    status = ::inflate(&z, Z_NO_FLUSH);
    read += in - z.avail_in;
    written += room - z.avail_out;
  }
  if (status != Z_STREAM_END || written != out->size() || read != packed.size()) {
    bad("deflated data");
  }
  return out;
}

uint32_t checksum(Bytes bytes) {
  return static_cast<uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Refuses what no member can be, before anything of it is read.
void check_member(Bytes packed, const Entry& e, uint64_t* inflated) {
  if ((e.flags & 1) != 0) fail(Code::unsupported, "encrypted");
  if (e.method == 8) {
    if (e.size > packed.size() * deflate_ratio + 64) bad("a size that cannot be");
    *inflated += e.size;
    if (*inflated > most_inflated) fail(Code::unsupported, "more than 4 GiB when unpacked");
  } else if (e.method != 0) {
    fail(Code::unsupported, fmt::format("compression method {}", e.method));
  } else if (e.size != e.packed) {
    bad("a stored member of two sizes");
  }
}

Tensor read_member(Bytes packed, const std::shared_ptr<const void>& owner, const Entry& e) {
  Bytes data = packed;
  std::shared_ptr<const void> data_owner = owner;
  if (e.method == 8) {
    auto buffer = inflate_member(packed, e.size);
    data = *buffer;
    data_owner = std::move(buffer);
  }
  if (checksum(data) != e.crc) bad("checksum");
  auto tensor = parse_npy(data, std::move(data_owner));
  if (!tensor.ok()) fail(tensor.code(), tensor.status().text());
  return *std::move(tensor);
}

// f(name without ".npy", its packed bytes, its entry) for each array, in the order of the archive.
template <class F>
void each_member(Bytes file, F f) {
  const Directory d = read_end(file);
  ByteCursor whole = cursor_at(file, d.offset, "central directory");
  ByteCursor c(take(whole, d.size, "central directory"));
  uint64_t inflated = 0;
  for (uint64_t i = 0; i < d.entries; ++i) {
    const Entry e = read_entry(c);
    constexpr std::string_view suffix = ".npy";
    // Folders and foreign files are no tensors.
    if (e.name.size() <= suffix.size() || !std::string_view(e.name).ends_with(suffix)) continue;
    const std::string name = e.name.substr(0, e.name.size() - suffix.size());
    within([&] { return quote(e.name); },
           [&] {
             const Bytes packed = packed_bytes(file, e);
             check_member(packed, e, &inflated);
             f(name, packed, e);
           });
  }
}

std::map<std::string, Tensor> read_archive(Bytes file, const std::shared_ptr<const void>& owner) {
  std::map<std::string, Tensor> tensors;
  each_member(file, [&](const std::string& name, Bytes packed, const Entry& e) {
    if (!tensors.emplace(name, read_member(packed, owner, e)).second)
      fail(Code::corrupt, "two members of this name");
  });
  return tensors;
}

}  // namespace

Result<std::map<std::string, Tensor>> parse_npz(Bytes bytes, std::shared_ptr<const void> owner) {
  using Tensors = std::map<std::string, Tensor>;
  return guarded([&]() -> Result<Tensors> {
    if (bytes.empty()) return corrupt("empty file");
    return read_archive(bytes, owner);
  });
}

Result<std::vector<NpzMember>> list_npz(Bytes bytes) {
  return guarded([&]() -> Result<std::vector<NpzMember>> {
    if (bytes.empty()) return corrupt("empty file");
    std::vector<NpzMember> members;
    each_member(bytes, [&](const std::string& name, Bytes packed, const Entry& e) {
      const auto offset = static_cast<uint64_t>(packed.data() - bytes.data());
      members.push_back({name, e.method == 8, e.crc, offset, e.packed, e.size});
    });
    return members;
  });
}

}  // namespace hone::model
