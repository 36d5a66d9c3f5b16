// Gray pictures and their classes in two idx files, as MNIST has them.
#include <fmt/format.h>

#include "host/tasks/dataset.h"
#include "host/tasks/idx.h"

namespace hone::tasks {

namespace {

class IdxData : public Dataset {
 public:
  IdxData(DataSpec spec, Tensor images, Tensor labels)
      : spec_(std::move(spec)), images_(std::move(images)), labels_(std::move(labels)) {}

  int64_t count() const override { return images_.dims()[0]; }
  bool labelled() const override { return static_cast<bool>(labels_); }

  Result<Sample> sample(int64_t i) const override {
    Sample s;
    s.picture.height = static_cast<int32_t>(images_.dims()[1]);
    s.picture.width = static_cast<int32_t>(images_.dims()[2]);
    s.picture.channels = 1;
    const int64_t bytes = int64_t{s.picture.height} * s.picture.width;
    const uint8_t* pixels = images_.as<uint8_t>().data() + i * bytes;
    s.picture.pixels.assign(pixels, pixels + bytes);
    if (labels_) s.label = labels_.as<uint8_t>()[static_cast<size_t>(i)];
    return s;
  }

  std::vector<std::string> files(bool truths) const override {
    std::vector<std::string> f = {spec_.at("images")};
    if (labels_ && truths) f.push_back(spec_.at("labels"));
    return f;
  }

 private:
  DataSpec spec_;
  Tensor images_, labels_;  // u8 [n, height, width] and [n]
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  const std::string &images = spec.at("images"), &labels = spec.at("labels");
  HONE_ASSIGN(Tensor x, read_idx(images));
  const auto side = [&](int axis) { return x.dims()[static_cast<size_t>(axis)]; };
  if (x.rank() != 3 || side(1) < 1 || side(2) < 1 || side(1) > 65536 || side(2) > 65536) {
    return Status(Code::shape_mismatch, fmt::format("{} {}: no pictures [n, height, width]", images,
                                                    to_string(x.dims())));
  }
  Tensor y;
  if (!labels.empty()) {
    HONE_ASSIGN(y, read_idx(labels));
    if (y.rank() != 1 || x.dims()[0] != y.dims()[0]) {
      return Status(Code::shape_mismatch,
                    fmt::format("{} {} and {} {} do not go together", images, to_string(x.dims()),
                                labels, to_string(y.dims())));
    }
  }
  return std::shared_ptr<const Dataset>(
      std::make_shared<IdxData>(spec, std::move(x), std::move(y)));
}

constexpr DataKey keys[] = {{"images", true, DataKey::Need::always},
                            {"labels", true, DataKey::Need::to_judge}};

}  // namespace

extern const DataFormat idx_format;
const DataFormat idx_format = {"idx", keys, open};

}  // namespace hone::tasks
