// YOLO's labels: a text file beside each picture, one object a line, "class cx cy w h", the centre
// and size as shares of the picture's width and height.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "host/tasks/detection/boxes.h"

namespace hone::tasks {

// Of a picture of width x height pixels and `classes` classes. Errors: not_found, io_error; corrupt
// with the line (not five numbers, a class that is not a whole number in [0, classes), a share
// outside [0, 1]); unsupported (polygons, as segmentation has them).
Result<std::vector<Truth>> read_yolo_labels(const std::string& path, int32_t classes, int32_t width,
                                            int32_t height);
// `what` names the source in errors.
Result<std::vector<Truth>> parse_yolo_labels(std::string_view text, const std::string& what,
                                             int32_t classes, int32_t width, int32_t height);

struct LabelledPicture {
  std::string picture;
  std::string labels;  // empty: the picture has no label file, so it shows nothing
};

struct YoloFolder {
  std::vector<LabelledPicture> pictures;  // by name
  std::vector<std::string> orphans;       // label files without a picture
};

// FOLDER/images/STEM.{jpg,jpeg,png} and FOLDER/labels/STEM.txt, as COCO-128 lies on disk. Errors:
// not_found (no such folder, no picture), io_error, invalid_argument (two pictures of one stem).
Result<YoloFolder> open_yolo_folder(const std::string& folder);

}  // namespace hone::tasks
