#include "host/tasks/detection/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iterator>
#include <map>
#include <random>

namespace hone::tasks {
namespace {

DetectionSpec spec(const char* decode, int32_t width = 64, int32_t height = 32) {
  DetectionSpec s;
  s.decode = decode;
  s.input_width = width;
  s.input_height = height;
  s.clip = false;
  return s;
}
// The picture is the input.
Geometry same(int32_t width = 64, int32_t height = 32) { return {width, height, 0, 0, 1, 1}; }

std::vector<Box> found(const DetectionSpec& s, const std::vector<Tensor>& outputs,
                       const Geometry& g = same()) {
  auto boxes = detect(s, outputs, g);
  EXPECT_TRUE(boxes.ok()) << boxes.status().text();
  return boxes.ok() ? *boxes : std::vector<Box>();
}

void expect_box(const Box& b, float x0, float y0, float x1, float y1, float score, int32_t label) {
  EXPECT_NEAR(b.x0, x0, 1e-4);
  EXPECT_NEAR(b.y0, y0, 1e-4);
  EXPECT_NEAR(b.x1, x1, 1e-4);
  EXPECT_NEAR(b.y1, y1, 1e-4);
  EXPECT_NEAR(b.score, score, 1e-6);
  EXPECT_EQ(b.label, label);
}

// A 64 x 32 input has 8 x 4, 4 x 2 and 2 x 1 cells. The second cell of the coarsest grid and the
// one at x 3, y 2 of the finest.
TEST(Decode, Yolox) {
  Tensor t(DType::f32, {1, 42, 7});
  const auto v = t.as_mutable<float>();
  const std::vector<float> coarse{.5f, .5f, std::log(.5f), std::log(.25f), .5f, .2f, .8f};
  const std::vector<float> fine{-.5f, .25f, 0, std::log(2.f), 1, .9f, 0};
  std::copy(coarse.begin(), coarse.end(), v.begin() + 41 * 7);
  std::copy(fine.begin(), fine.end(), v.begin() + (2 * 8 + 3) * 7);
  const auto boxes = found(spec("yolox"), {t});
  ASSERT_EQ(boxes.size(), 3u);
  expect_box(boxes[0], 16, 10, 24, 26, .9f, 0);
  expect_box(boxes[1], 40, 12, 56, 20, .4f, 1);
  expect_box(boxes[2], 40, 12, 56, 20, .1f, 0);
  DetectionSpec best = spec("yolox");
  best.multi_label = false;
  EXPECT_EQ(found(best, {t}).size(), 2u);
  best.classes = 3;
  EXPECT_EQ(detect(best, std::vector<Tensor>{t}, same()).code(), Code::shape_mismatch);
  best.classes = 2;
  best.strides = {8, 16};
  const auto other = detect(best, std::vector<Tensor>{t}, same());
  EXPECT_EQ(other.status().text(),
            "the output has 42 rows; the grids of a 64x32 input with strides 8, 16 have 40 cells");
}

TEST(Decode, YoloxDecoded) {
  const auto t = Tensor::of<float>({1, 2, 6}, {10, 20, 4, 8, .5f, 1, 0, 0, 0, 0, 0, 1});
  const auto boxes = found(spec("yolox-decoded"), {t});
  ASSERT_EQ(boxes.size(), 1u);
  expect_box(boxes[0], 8, 16, 12, 24, .5f, 0);
}

TEST(Decode, Yolov8) {
  const auto t = Tensor::of<float>({1, 6, 2}, {10, 30, 20, 16, 4, 2, 8, 2, .9f, 0, .1f, .3f});
  const auto boxes = found(spec("yolov8"), {t});
  ASSERT_EQ(boxes.size(), 3u);
  expect_box(boxes[0], 8, 16, 12, 24, .9f, 0);
  expect_box(boxes[1], 29, 15, 31, 17, .3f, 1);
  expect_box(boxes[2], 8, 16, 12, 24, .1f, 1);
}

TEST(Decode, Fastestdet) {
  // One line of two cells; the second is at its corner, half as wide and high as the input.
  Tensor t(DType::f32, {1, 6, 1, 2});
  const auto v = t.as_mutable<float>();
  v[1] = .5f;                // objectness
  v[3] = std::atanh(.5f);    // x
  v[5] = 0;                  // y
  v[7] = std::log(1 / 3.f);  // width: a quarter
  v[11] = .25f;
  const auto boxes = found(spec("fastestdet"), {t});
  ASSERT_EQ(boxes.size(), 1u);
  const float score = std::pow(.5f, .6f) * std::pow(.25f, .4f);
  expect_box(boxes[0], 48 - 8, -8, 48 + 8, 8, score, 0);
}

TEST(Decode, SsdWithPriors) {
  const auto priors = Tensor::of<float>({2, 4}, {.25f, .5f, .25f, .5f, .75f, .5f, .5f, 1});
  const auto offsets =
      Tensor::of<float>({1, 2, 4}, {0, 0, 0, 0, 1, -1, std::log(2.f) * 5, std::log(.5f) * 5});
  const auto logits = Tensor::of<float>({1, 2, 3}, {0, 0, -50, -50, -50, 0});
  DetectionSpec s = spec("ssd");
  s.background = 0;
  s.activation = ScoreActivation::softmax;
  const auto boxes = found(s, {offsets, logits, priors});
  ASSERT_EQ(boxes.size(), 2u);
  expect_box(boxes[0], 51.2f - 32, 12.8f - 8, 51.2f + 32, 12.8f + 8, 1, 1);
  expect_box(boxes[1], 8, 8, 24, 24, .5f, 0);
  s.activation = ScoreActivation::sigmoid;
  EXPECT_EQ(found(s, {offsets, logits, priors}).size(), 2u);
  // The same as TensorFlow lays them: y first.
  s.activation = ScoreActivation::softmax;
  s.y_first = true;
  s.priors = Tensor::of<float>({2, 4}, {.5f, .25f, .5f, .25f, .5f, .75f, 1, .5f});
  const auto swapped =
      Tensor::of<float>({1, 2, 4}, {0, 0, 0, 0, -1, 1, std::log(.5f) * 5, std::log(2.f) * 5});
  const auto again = found(s, {swapped, logits});
  ASSERT_EQ(again.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    expect_box(again[i], boxes[i].x0, boxes[i].y0, boxes[i].x1, boxes[i].y1, boxes[i].score,
               boxes[i].label);
  }
  EXPECT_EQ(detect(s, std::vector<Tensor>{swapped, logits, priors}, same()).code(),
            Code::shape_mismatch);
  s.background = 3;
  EXPECT_EQ(detect(s, std::vector<Tensor>{swapped, logits}, same()).code(), Code::invalid_argument);
}

TEST(Decode, FinishedDetections) {
  const auto boxes = Tensor::of<float>({1, 3, 4}, {0, 0, .5f, .25f, .5f, .5f, 1, 1, 0, 0, 1, 1});
  const auto classes = Tensor::of<float>({1, 3}, {1, 0, 2});
  const auto scores = Tensor::of<float>({1, 3}, {.5f, .9f, .7f});
  DetectionSpec s = spec("detections");
  s.y_first = true;
  s.suppress = false;
  const auto all = found(s, {boxes, classes, scores});
  ASSERT_EQ(all.size(), 3u);
  expect_box(all[2], 0, 0, 16, 16, .5f, 1);
  expect_box(all[0], 32, 16, 64, 32, .9f, 0);
  s.label_offset = 1;  // class 0 is the background
  const auto two = found(s, {boxes, classes, scores, Tensor::of<float>({1}, {2})});
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(two[0].label, 0);
  for (const float count : {-1.f, 4.f, NAN}) {
    const std::vector<Tensor> four{boxes, classes, scores, Tensor::of<float>({1}, {count})};
    EXPECT_EQ(detect(s, four, same()).code(), Code::shape_mismatch);
  }
  s.label_offset = 0;
  s.classes = 2;
  EXPECT_EQ(detect(s, std::vector<Tensor>{boxes, classes, scores}, same()).code(),
            Code::shape_mismatch);
}

TEST(Decode, EndToEnd) {
  const auto rows = Tensor::of<float>({1, 2, 6}, {1, 2, 30, 20, .9f, 4, 1, 2, 30, 20, .8f, 4});
  DetectionSpec s = spec("end-to-end");
  EXPECT_EQ(found(s, {rows}).size(), 1u);
  s.suppress = false;
  ASSERT_EQ(found(s, {rows}).size(), 2u);
  expect_box(found(s, {rows})[0], 1, 2, 30, 20, .9f, 4);
}

TEST(Detect, MapsBackAndClips) {
  // A 120 x 40 picture, half as large, 2 below the input's top edge; and 4 cut off at its left.
  const Geometry g{120, 40, -4, 2, .5, .5};
  const auto rows = Tensor::of<float>(
      {1, 3, 6}, {0, 4, 10, 12, .9f, 0, 50, -9, 70, 12, .8f, 0, 0, 30, 10, 40, .7f, 0});
  DetectionSpec s = spec("end-to-end");
  const auto raw = found(s, {rows}, g);
  ASSERT_EQ(raw.size(), 3u);
  expect_box(raw[0], 8, 4, 28, 20, .9f, 0);
  s.clip = true;
  const auto clipped = found(s, {rows}, g);
  ASSERT_EQ(clipped.size(), 2u);  // the third lies below the picture
  expect_box(clipped[1], 108, 0, 120, 20, .8f, 0);
}

TEST(Detect, Refuses) {
  const std::vector<Tensor> none;
  const auto unknown = detect(spec("yolo99"), none, same());
  EXPECT_EQ(unknown.code(), Code::not_found);
  EXPECT_NE(unknown.status().text().find("yolox, yolox-decoded"), std::string::npos);
  for (const std::string& name : decode_names()) {
    EXPECT_EQ(detect(spec(name.c_str()), none, same()).code(), Code::shape_mismatch) << name;
    EXPECT_EQ(detect(spec(name.c_str()), none, {0, 0, 0, 0, 1, 1}).code(), Code::invalid_argument);
  }
  EXPECT_EQ(detect(spec("yolox", 0), none, same()).code(), Code::invalid_argument);
  EXPECT_EQ(
      detect(spec("yolov8"), std::vector<Tensor>{Tensor(DType::f32, {2, 6, 3})}, same()).code(),
      Code::shape_mismatch);  // two pictures
  EXPECT_EQ(detect(spec("yolov8"), std::vector<Tensor>{Tensor::strings({1}, {"x"})}, same()).code(),
            Code::shape_mismatch);
}

// The last axes that a unit may take, one list an output.
std::vector<Dims> usual_dims(const std::string& decode, int64_t n) {
  if (decode == "yolox") return {{2, 4 + n}};
  if (decode == "yolov8") return {{4 + n, 3}};
  if (decode == "fastestdet") return {{5 + n, 2, 2}};
  if (decode == "ssd") return {{2, 4}, {2, n}, {2, 4}};
  if (decode == "ssd-decoded") return {{2, 4}, {2, n}};
  if (decode == "detections") return {{n, 4}, {n}, {n}, {}};
  return {{n, 6}};
}

// Any numbers, and now and then other sizes: an answer or an error, and no box that is not finite.
TEST(Detect, SurvivesWildOutputs) {
  std::mt19937 random(3);
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  const float wild[] = {0, 1, -1, .5f, 1e38f, -1e38f, NAN, INFINITY, -INFINITY, 88, 100, 3};
  const std::vector<std::string> names = decode_names();
  std::map<std::string, int> answered;
  for (int i = 0; i < 20000; ++i) {
    const std::string& name = names[static_cast<size_t>(i) % names.size()];
    DetectionSpec s = spec(name.c_str(), 16, 16);
    s.background = static_cast<int32_t>(below(4)) - 1;
    s.activation = static_cast<ScoreActivation>(below(3));
    s.y_first = below(2) != 0;
    s.clip = below(2) != 0;
    s.multi_label = below(2) != 0;
    s.strides = {16, 16};
    std::vector<Tensor> outputs;
    for (Dims dims : usual_dims(name, below(4))) {
      for (int64_t& d : dims) {
        if (below(10) == 0) d = below(8);
      }
      dims.insert(dims.begin(), static_cast<size_t>(below(2)), 1);
      Tensor t(DType::f32, dims);
      for (float& v : t.as_mutable<float>()) v = wild[below(std::ssize(wild))];
      outputs.push_back(t);
    }
    if (below(20) == 0) outputs.pop_back();
    const auto boxes = detect(s, outputs, same(16, 16));
    if (!boxes.ok()) continue;
    ++answered[name];
    for (const Box& b : *boxes) EXPECT_TRUE(is_finite(b)) << s.decode;
  }
  for (const std::string& name : names) EXPECT_GT(answered[name], 100) << name;
}

}  // namespace
}  // namespace hone::tasks
