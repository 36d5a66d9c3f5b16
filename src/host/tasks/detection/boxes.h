// Objects in a picture: what a model found, and what is there.
#pragma once

#include <cstdint>

namespace hone::tasks {

// A found object. Which pixels (of the model's input, of the picture) is said where it is used; x1
// and y1 are the far edges, so the width is x1 - x0.
struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0, score = 0;
  int32_t label = 0;
};

// A labelled object, in pixels of the picture. The numbers are those of COCO's annotations, in its
// precision: whether a box of exactly 32 x 32 is small is decided on them.
struct Truth {
  double x = 0, y = 0, width = 0, height = 0;
  int32_t label = 0;
  bool crowd = false;  // a group that was not told apart: found or not, it does not count
  double area = -1;    // of the object's mask; below 0: width x height
};

// Intersection over union in f32, 0 where the boxes share nothing or one of them is not finite.
float iou(const Box& a, const Box& b);
bool is_finite(const Box& box);

}  // namespace hone::tasks
