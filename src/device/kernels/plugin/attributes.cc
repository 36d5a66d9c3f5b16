#include "device/kernels/plugin/attributes.h"

#include <cstring>

#include "common/base/checked.h"
#include "common/base/cursor.h"
#include "common/tensor/dtype.h"

namespace hone::kernels {

namespace {

struct Record {
  uint8_t type;
  uint8_t dtype;
  uint8_t rank;
  uint8_t reserved;
  uint32_t name_bytes;  // without the 0 behind it
  int64_t count;        // elements of data
  int64_t value;        // the integer; the bits of the float
};
static_assert(sizeof(Record) == 24);

constexpr size_t padded(size_t n) { return (n + 7) / 8 * 8; }

// Of the data that stand behind the name; a string's 0 counts. False where there is no such type.
bool data_bytes(int32_t type, int32_t dtype, int64_t count, size_t* bytes) {
  *bytes = 0;
  if (type == HONE_ATTRIBUTE_INT || type == HONE_ATTRIBUTE_FLOAT) return count == 0;
  if (count < 0 || count > HONE_PLUGIN_ATTRIBUTE_BYTES * 8) return false;
  const int width = dtype < 0 || dtype >= dtype_count ? 0 : bits(static_cast<DType>(dtype));
  const bool fits = (type == HONE_ATTRIBUTE_STRING && dtype == HONE_U8) ||
                    (type == HONE_ATTRIBUTE_INTS && dtype == HONE_I64) ||
                    (type == HONE_ATTRIBUTE_FLOATS && dtype == HONE_F32) ||
                    type == HONE_ATTRIBUTE_TENSOR;
  if (!fits || width == 0) return false;
  *bytes = static_cast<size_t>((count * width + 7) / 8) + (type == HONE_ATTRIBUTE_STRING ? 1 : 0);
  return true;
}

bool is_text(Bytes bytes, size_t length) {
  return std::memchr(bytes.data(), 0, bytes.size()) == bytes.data() + length;
}

// dims of a tensor: as many elements as it has.
bool check_dims(const hone_plugin_attribute& a) {
  int64_t n = 1;
  for (int32_t i = 0; i < a.rank; ++i) {
    if (a.dims[i] < 0 || mul_overflows(n, a.dims[i], &n)) return false;
  }
  return n == a.count;
}

bool read_attribute(ByteCursor* cursor, hone_plugin_attribute* a) {
  Record r;
  Bytes dims, name, data;
  if (!cursor->read(&r) || r.rank > HONE_MAX_RANK) return false;
  const bool tensor = r.type == HONE_ATTRIBUTE_TENSOR;
  if (!tensor && r.rank != 0) return false;
  size_t bytes = 0;
  if (!data_bytes(r.type, r.dtype, r.count, &bytes)) return false;
  if (!cursor->take(r.rank * sizeof(int64_t), &dims)) return false;
  if (!cursor->take(padded(size_t{r.name_bytes} + 1), &name)) return false;
  if (!cursor->take(padded(bytes), &data)) return false;
  if (!is_text(name, r.name_bytes)) return false;
  if (r.type == HONE_ATTRIBUTE_STRING && !is_text(data, static_cast<size_t>(r.count))) return false;
  *a = {};
  a->name = reinterpret_cast<const char*>(name.data());
  a->type = r.type;
  a->dtype = r.dtype;
  a->rank = r.rank;
  a->count = r.count;
  if (tensor) a->dims = reinterpret_cast<const int64_t*>(dims.data());
  if (bytes > 0) a->data = data.data();
  if (r.type == HONE_ATTRIBUTE_INT) a->i = r.value;
  if (r.type == HONE_ATTRIBUTE_FLOAT) std::memcpy(&a->f, &r.value, sizeof(a->f));
  return !tensor || check_dims(*a);
}

}  // namespace

bool PluginAttributes::decode(std::span<const int32_t> words) {
  count_ = 0;
  if (words.empty()) return true;
  const size_t size = words.size_bytes();
  if (size > sizeof(bytes_)) return false;
  std::memcpy(bytes_, words.data(), size);
  ByteCursor cursor({bytes_, size});
  PluginAttributesHead head;
  if (!cursor.read(&head) || head.count > HONE_PLUGIN_MAX_ATTRIBUTES) return false;
  for (uint32_t i = 0; i < head.count; ++i) {
    if (!read_attribute(&cursor, &list_[i])) return false;
  }
  if (cursor.remaining() != 0) return false;
  count_ = static_cast<int32_t>(head.count);
  return true;
}

size_t encode_attribute(const hone_plugin_attribute& a, std::span<std::byte> out) {
  size_t bytes = 0;
  if (!data_bytes(a.type, a.dtype, a.count, &bytes)) return 0;
  const size_t name_bytes = std::strlen(a.name);
  const size_t dims_bytes = static_cast<size_t>(a.rank) * sizeof(int64_t);
  const size_t name_at = sizeof(Record) + dims_bytes, data_at = name_at + padded(name_bytes + 1);
  const size_t size = data_at + padded(bytes);
  if (size > out.size()) return size;
  Record r = {};
  r.type = static_cast<uint8_t>(a.type);
  r.dtype = static_cast<uint8_t>(a.dtype);
  r.rank = static_cast<uint8_t>(a.rank);
  r.name_bytes = static_cast<uint32_t>(name_bytes);
  r.count = a.count;
  if (a.type == HONE_ATTRIBUTE_INT) r.value = a.i;
  if (a.type == HONE_ATTRIBUTE_FLOAT) std::memcpy(&r.value, &a.f, sizeof(a.f));
  std::memset(out.data(), 0, size);
  std::memcpy(out.data(), &r, sizeof(r));
  if (a.rank > 0) std::memcpy(out.data() + sizeof(r), a.dims, dims_bytes);
  std::memcpy(out.data() + name_at, a.name, name_bytes);
  const size_t own = bytes - (a.type == HONE_ATTRIBUTE_STRING ? 1 : 0);  // the 0 is there already
  if (own > 0) std::memcpy(out.data() + data_at, a.data, own);
  return size;
}

}  // namespace hone::kernels
