// The task `super_resolution`: peak signal-to-noise ratio of the picture that the model makes.
#include <fmt/format.h>

#include <algorithm>

#include "device/preprocess/preprocess.h"
#include "device/preprocess/tensor_rows.h"
#include "host/tasks/evaluator.h"

namespace hone::tasks {

namespace {

// What a picture without one error counts as: PSNR has no bound, a mean needs one.
constexpr double exact_decibels = 100;

int64_t channels_of(const Tensor& t, bool channels_last) {
  const Dims& d = t.dims();
  if (d.size() < 3) return 1;
  return channels_last ? d.back() : d[d.size() - 3];
}

// A file's pixels in the range and layout of the model's output; of a model of one channel, the Y
// of a picture in colour.
Tensor as_output(const DecodedPicture& p, const PsnrOptions& options, int64_t channels) {
  const int64_t pixels = int64_t{p.width} * p.height;
  const bool luma = p.channels == 3 && channels == 1;
  const int64_t kept = luma ? 1 : p.channels;
  Tensor t(DType::f32,
           options.channels_last ? Dims{p.height, p.width, kept} : Dims{kept, p.height, p.width});
  const auto out = t.as_mutable<float>();
  for (int64_t i = 0; i < pixels; ++i) {
    const uint8_t* pixel = p.pixels.data() + i * p.channels;
    for (int64_t c = 0; c < kept; ++c) {
      const int32_t v = luma ? preprocess::gray_of(preprocess::Color::luma, pixel) : pixel[c];
      const int64_t at = options.channels_last ? i * kept + c : c * pixels + i;
      out[static_cast<size_t>(at)] = static_cast<float>(v * options.peak / 255);
    }
  }
  return t;
}

class SuperResolution : public Evaluator {
 public:
  explicit SuperResolution(const PsnrOptions& options) : options_(options), psnr_(options) {}

  const char* metric() const override { return "PSNR"; }
  const char* unit() const override { return "dB"; }

  Status add(const Sample& truth, std::span<const Tensor> outputs, const Geometry&) override {
    const Tensor& made = outputs[0];
    if (!truth.wanted && truth.wanted_picture.pixels.empty()) {
      return invalid(
          fmt::format("sample {} has no picture to compare with; name it as 'wanted'", samples()));
    }
    HONE_RETURN_IF_ERROR(
        psnr_.add(made, truth.wanted ? truth.wanted
                                     : as_output(truth.wanted_picture, options_,
                                                 channels_of(made, options_.channels_last))));
    decibels_.push_back(std::min(psnr_.decibels().back(), exact_decibels));
    return {};
  }

  int64_t samples() const override { return psnr_.samples(); }
  double value() const override {
    double sum = 0;
    for (double d : decibels_) sum += d;
    return decibels_.empty() ? 0 : sum / static_cast<double>(decibels_.size());
  }
  double value_of(std::span<const int32_t> samples) const override {
    double sum = 0;
    for (int32_t i : samples) sum += decibels_[static_cast<size_t>(i)];
    return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
  }

 private:
  PsnrOptions options_;
  Psnr psnr_;
  std::vector<double> decibels_;
};

Result<std::unique_ptr<Evaluator>> make(const TaskSpec& spec) {
  return std::unique_ptr<Evaluator>(std::make_unique<SuperResolution>(spec.psnr));
}

}  // namespace

extern const Task super_resolution_task;
const Task super_resolution_task = {"super_resolution", make};

}  // namespace hone::tasks
