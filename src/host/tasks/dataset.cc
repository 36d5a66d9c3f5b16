#include "host/tasks/dataset.h"

#include <fmt/format.h>

#include "common/base/hash.h"

namespace hone::tasks {

#define HONE_DATA_FORMAT(name) extern const DataFormat name##_format;
#include "host/tasks/data_formats.inc"
#undef HONE_DATA_FORMAT

namespace {

constexpr const DataFormat* formats[] = {
#define HONE_DATA_FORMAT(name) &name##_format,
#include "host/tasks/data_formats.inc"
#undef HONE_DATA_FORMAT
};

// The first so many of another.
class Head : public Dataset {
 public:
  Head(std::shared_ptr<const Dataset> all, int64_t count) : all_(std::move(all)), count_(count) {}
  int64_t count() const override { return count_; }
  bool labelled() const override { return all_->labelled(); }
  Result<Sample> sample(int64_t i) const override { return all_->sample(i); }
  std::vector<std::string> files(bool truths) const override { return all_->files(truths); }

 private:
  std::shared_ptr<const Dataset> all_;
  int64_t count_;
};

}  // namespace

const std::string& DataSpec::at(std::string_view key) const {
  static const std::string nothing;
  auto it = values.find(key);
  return it == values.end() ? nothing : it->second;
}

std::span<const DataFormat* const> data_formats() { return formats; }

const DataFormat* find_data_format(std::string_view name) {
  for (const DataFormat* f : formats) {
    if (f->name == name) return f;
  }
  return nullptr;
}

Result<std::shared_ptr<const Dataset>> open_dataset(const DataSpec& spec) {
  const DataFormat* format = find_data_format(spec.format);
  if (format == nullptr) return invalid(fmt::format("no data format '{}'", spec.format));
  HONE_ASSIGN(std::shared_ptr<const Dataset> all, format->open(spec));
  if (all->count() == 0) {
    std::string where;
    for (const DataKey& k : format->keys) {
      if (where.empty() && k.path) where = spec.at(k.name);
    }
    return invalid(where + ": holds no sample");
  }
  if (spec.limit <= 0 || spec.limit >= all->count()) return all;
  return std::shared_ptr<const Dataset>(std::make_shared<Head>(std::move(all), spec.limit));
}

uint64_t content_hash(const Sample& s) {
  const DecodedPicture& p = s.picture;
  const int32_t size[] = {p.width, p.height, p.channels};
  uint64_t h = hash64(std::as_bytes(std::span(p.pixels)), hash64(std::as_bytes(std::span(size))));
  h = hash64(std::as_bytes(std::span(s.text)), h);
  if (!s.sound.samples.empty()) h = hash64(std::as_bytes(std::span(s.sound.samples)), h);
  for (const auto& [name, t] : s.tensors) {
    h = hash64(std::as_bytes(std::span(name)), h);
    const auto type = static_cast<int32_t>(t.dtype());
    h = hash64(std::as_bytes(std::span(&type, 1)), h);
    h = hash64(std::as_bytes(std::span(t.dims())), h);
    h = hash64(t.raw_bytes(), h);
  }
  return h;
}

}  // namespace hone::tasks
