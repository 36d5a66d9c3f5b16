// Pictures with the objects in them, as YOLO and COCO-128 lay them out.
#include <limits>

#include "host/tasks/dataset.h"
#include "host/tasks/detection/yolo_labels.h"

namespace hone::tasks {

namespace {

class YoloData : public Dataset {
 public:
  explicit YoloData(YoloFolder folder) : folder_(std::move(folder)) {}

  int64_t count() const override { return static_cast<int64_t>(folder_.pictures.size()); }
  bool labelled() const override { return true; }

  Result<Sample> sample(int64_t i) const override {
    const LabelledPicture& p = folder_.pictures[static_cast<size_t>(i)];
    Sample s;
    HONE_ASSIGN(s.picture, read_picture(p.picture));
    if (p.labels.empty()) return s;
    // Which classes there are is the task's to know.
    HONE_ASSIGN(s.objects, read_yolo_labels(p.labels, std::numeric_limits<int32_t>::max(),
                                            s.picture.width, s.picture.height));
    return s;
  }

  std::vector<std::string> files(bool truths) const override {
    std::vector<std::string> f;
    for (const LabelledPicture& p : folder_.pictures) {
      f.push_back(p.picture);
      if (truths && !p.labels.empty()) f.push_back(p.labels);
    }
    return f;
  }

 private:
  YoloFolder folder_;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  HONE_ASSIGN(YoloFolder folder, open_yolo_folder(spec.at("folder")));
  return std::shared_ptr<const Dataset>(std::make_shared<YoloData>(std::move(folder)));
}

constexpr DataKey keys[] = {{"folder", true, DataKey::Need::always}};

}  // namespace

extern const DataFormat yolo_format;
const DataFormat yolo_format = {"yolo", keys, open};

}  // namespace hone::tasks
