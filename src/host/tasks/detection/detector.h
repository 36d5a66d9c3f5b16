// From a detection model's outputs to boxes in the picture: decode, suppress, map back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/model/tensor.h"
#include "host/tasks/detection/boxes.h"
#include "host/tasks/detection/nms.h"

namespace hone::tasks {

// What raw scores go through to become probabilities.
enum class ScoreActivation : uint8_t { none, sigmoid, softmax };

// Of one model. `decode` names a unit of decodes.inc; docs/tasks.md says what outputs each takes.
struct DetectionSpec {
  std::string decode;
  int32_t classes = 0;                        // 0: as many as the outputs have
  int32_t input_width = 0, input_height = 0;  // of the model's input, in pixels
  std::vector<int32_t> strides{8, 16, 32};    // yolox: of the grids, in the order of the rows
  // A place with several classes above the score threshold gives a box for each, as evaluations
  // count; false: one box of the best class, as applications want.
  bool multi_label = true;

  // ssd: one row a prior box: centre x, y, width, height as shares of the input. Empty: the last
  // output holds them.
  Tensor priors;
  float variances[2] = {0.1f, 0.2f};  // of the centre, of the size
  bool y_first = false;  // ssd: offsets and priors are y, x, h, w, as TensorFlow has them
  ScoreActivation activation = ScoreActivation::none;  // ssd
  int32_t background =
      -1;  // ssd: this column of the scores is no class; classes after it move down
  int32_t label_offset = 0;  // detections: taken off the labels; 1 where 0 is the background

  NmsOptions nms;
  bool suppress = true;  // false: the model did it itself; thresholds and limits still hold
  bool clip = true;      // boxes end at the picture's edges
};

// How the picture became the input: a point (x, y) of the input is ((x - left) / scale_x,
// (y - top) / scale_y) in the picture.
struct Geometry {
  int32_t picture_width = 0, picture_height = 0;
  double left = 0, top = 0, scale_x = 1, scale_y = 1;
};

// Boxes in pixels of the picture, best first. `outputs` are the model's for one picture (leading
// axis of 1), in the order the unit takes them. Errors: not_found (no such decode),
// shape_mismatch (outputs of other sizes than the unit takes), invalid_argument (a spec that makes
// no sense). Values that are not finite make no box.
Result<std::vector<Box>> detect(const DetectionSpec& spec, std::span<const Tensor> outputs,
                                const Geometry& geometry);

// The units: boxes above spec.nms.score_threshold in pixels of the input, in no order of meaning,
// not suppressed.
using Decode = Result<std::vector<Box>> (*)(const DetectionSpec& spec,
                                            std::span<const Tensor> outputs);
Decode find_decode(const std::string& name);  // nullptr: no such unit
std::vector<std::string> decode_names();

// The priors of detectors with square anchors of given sizes in pixels at each cell of their grids
// (Ultra-Light-Fast-Generic-Face-Detector's define_img_size): [N, 4], clamped to the input.
struct PriorLevel {
  int32_t stride = 0;
  std::vector<float> sizes;
};
Tensor square_priors(int32_t input_width, int32_t input_height, std::span<const PriorLevel> levels);

}  // namespace hone::tasks
