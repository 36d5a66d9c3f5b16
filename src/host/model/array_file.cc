#include "host/model/array_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/model/files.h"
#include "host/model/pb_message.h"

namespace hone::model {

namespace {

// Of a member that is unpacked or copied at a time: two of them are all that its size costs.
constexpr size_t piece_bytes = size_t{128} << 10;

using File = std::shared_ptr<const int>;

File own(int fd) {
  return {new int(fd), [](const int* p) {
            ::close(*p);
            delete p;
          }};
}

[[noreturn]] void fail_errno(const char* what) {
  fail(Code::io_error, fmt::format("{}: {}", what, std::strerror(errno)));
}

File open_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) fail(Code::not_found, "no such file");
  if (fd < 0) fail_errno("cannot be opened");
  return own(fd);
}

File temporary_file() {
  const char* folder = std::getenv("TMPDIR");
  std::string name =
      fmt::format("{}/hone-XXXXXX", folder != nullptr && *folder != 0 ? folder : "/tmp");
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) fail_errno("no temporary file");
  ::unlink(name.c_str());
  return own(fd);
}

// Exactly `size` bytes; false where the file ends before.
bool read_at(int fd, uint64_t offset, std::byte* to, size_t size) {
  while (size > 0) {
    const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno("cannot be read");
    if (n == 0) return false;
    to += n;
    offset += static_cast<uint64_t>(n);
    size -= static_cast<size_t>(n);
  }
  return true;
}

void write_all(int fd, const std::byte* from, size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, from, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_errno("a temporary file cannot be written");
    from += n;
    size -= static_cast<size_t>(n);
  }
}

// f(bytes) for each piece of [offset, offset + size).
template <class F>
void each_piece(int fd, uint64_t offset, uint64_t size, F f) {
  std::vector<std::byte> buffer(static_cast<size_t>(std::min<uint64_t>(size, piece_bytes)));
  while (size > 0) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(size, buffer.size()));
    if (!read_at(fd, offset, buffer.data(), n)) fail(Code::corrupt, "the file became shorter");
    f(Bytes(buffer).first(n));
    offset += n;
    size -= n;
  }
}

uint32_t crc_of(Bytes bytes, uint32_t crc) {
  return static_cast<uint32_t>(
      ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

uint32_t stored_crc(int fd, const NpzMember& m) {
  uint32_t crc = 0;
  each_piece(fd, m.offset, m.packed, [&](Bytes piece) { crc = crc_of(piece, crc); });
  return crc;
}

// Unpacks a member into `to`; its checksum.
uint32_t inflate_into(int fd, const NpzMember& m, int to) {
  z_stream z{};
  if (::inflateInit2(&z, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&z, ::inflateEnd);
  std::vector<std::byte> out(piece_bytes);
  uint64_t written = 0, used = 0;
  uint32_t crc = 0;
  int status = Z_OK;
  each_piece(fd, m.offset, m.packed, [&](Bytes piece) {
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
    z.avail_in = static_cast<uInt>(piece.size());
    bool room_left = false;
    while (status == Z_OK && (z.avail_in > 0 || !room_left)) {
      z.next_out = reinterpret_cast<Bytef*>(out.data());
      z.avail_out = static_cast<uInt>(out.size());
      status = ::inflate(&z, Z_NO_FLUSH);
      if (status == Z_BUF_ERROR) status = Z_OK;  // wants the next piece
      room_left = z.avail_out > 0;
      const size_t n = out.size() - z.avail_out;
      written += n;
      if (written > m.size) fail(Code::corrupt, "ZIP archive is damaged: deflated data");
      crc = crc_of(Bytes(out).first(n), crc);
      write_all(to, out.data(), n);
      if (n == 0) break;
    }
    used += piece.size() - z.avail_in;
  });
  if (status != Z_STREAM_END || written != m.size || used != m.packed) {
    fail(Code::corrupt, "ZIP archive is damaged: deflated data");
  }
  return crc;
}

}  // namespace

// What parses files into ArrayFile.
struct ArrayFiles {
  // The .npy file that is [offset, offset + size) of `file`.
  static ArrayFile parse(const File& file, uint64_t offset, uint64_t size) {
    std::vector<std::byte> begin(static_cast<size_t>(std::min<uint64_t>(size, longest_npy_header)));
    if (!read_at(*file, offset, begin.data(), begin.size())) {
      fail(Code::corrupt, "the file became shorter");
    }
    auto header = parse_npy_header(begin);
    if (!header.ok()) fail(header.code(), header.status().text());
    const auto data = static_cast<uint64_t>(header->data_bytes);
    if (header->size + data != size) {
      fail(Code::corrupt, fmt::format("{}{} has {} bytes, {} remain", name(header->dtype),
                                      to_string(header->dims), data, size - header->size));
    }
    ArrayFile a;
    a.dtype_ = header->dtype;
    a.dims_ = header->dims;
    a.file_ = file;
    a.offset_ = offset + header->size;
    if (header->fortran || header->big_endian) a.whole_ = read_whole(*file, offset, size);
    return a;
  }

  static Tensor read_whole(int fd, uint64_t offset, uint64_t size) {
    auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(size));
    if (!read_at(fd, offset, bytes->data(), bytes->size())) {
      fail(Code::corrupt, "the file became shorter");
    }
    auto t = parse_npy(*bytes, bytes);
    if (!t.ok()) fail(t.code(), t.status().text());
    return *std::move(t);
  }

  static ArrayFile open_member(const File& file, const NpzMember& m) {
    File data = file;
    uint64_t offset = m.offset;
    uint32_t crc = 0;
    if (m.deflated) {
      data = temporary_file();
      offset = 0;
      crc = inflate_into(*file, m, *data);
    } else {
      crc = stored_crc(*file, m);
    }
    if (crc != m.crc) fail(Code::corrupt, "ZIP archive is damaged: checksum");
    return parse(data, offset, m.size);
  }
};

Result<Tensor> ArrayFile::read(int64_t begin, int64_t count) const {
  return guarded([&]() -> Result<Tensor> {
    Dims dims = dims_;
    if (!dims.empty()) dims[0] = count;
    Tensor t(dtype_, dims);
    if (t.count() == 0) return t;
    const auto size = static_cast<size_t>(t.bytes());
    const uint64_t row = size / static_cast<uint64_t>(std::max<int64_t>(count, 1));
    const uint64_t at = dims_.empty() ? 0 : row * static_cast<uint64_t>(begin);
    auto* to = static_cast<std::byte*>(t.mutable_data());
    if (whole_) {
      std::memcpy(to, whole_.raw_bytes().data() + at, size);
    } else if (!read_at(*file_, offset_ + at, to, size)) {
      return error(Code::io_error, "the file became shorter while it was read");
    }
    if (dtype_ == DType::boolean &&
        std::any_of(to, to + size, [](std::byte b) { return b > std::byte{1}; })) {
      return corrupt("a bool that is neither 0 nor 1");
    }
    return t;
  });
}

Result<ArrayFile> open_npy(const std::string& path) {
  auto array = guarded([&]() -> Result<ArrayFile> {
    const File file = open_file(path);
    const off_t size = ::lseek(*file, 0, SEEK_END);
    if (size < 0) fail_errno("cannot be read");
    return ArrayFiles::parse(file, 0, static_cast<uint64_t>(size));
  });
  if (!array.ok()) return in(path, array.status());
  return array;
}

Result<std::map<std::string, ArrayFile>> open_npz(const std::string& path) {
  using Arrays = std::map<std::string, ArrayFile>;
  HONE_ASSIGN(const MappedFile mapped, map_file(path));
  auto members = list_npz(mapped.bytes);
  if (!members.ok()) return in(path, members.status());
  auto arrays = guarded([&]() -> Result<Arrays> {
    const File file = open_file(path);
    Arrays found;
    for (const NpzMember& m : *members) {
      within([&] { return quote(m.name + ".npy"); },
             [&] {
               if (!found.emplace(m.name, ArrayFiles::open_member(file, m)).second) {
                 fail(Code::corrupt, "two members of this name");
               }
             });
    }
    return found;
  });
  if (!arrays.ok()) return in(path, arrays.status());
  return arrays;
}

}  // namespace hone::model
