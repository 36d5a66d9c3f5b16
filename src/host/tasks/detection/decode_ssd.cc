// SSD heads (Liu et al., 2016). Outputs: boxes [1, N, 4], scores [1, N, classes and background],
// and the prior boxes [N, 4] where the spec has none.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/base/checked.h"
#include "host/tasks/detection/decode.h"

namespace hone::tasks {

namespace {

struct Heads {
  Rows boxes, scores;
  int64_t classes = 0;
};

Result<Heads> heads(const DetectionSpec& spec, std::span<const Tensor> outputs) {
  Heads h;
  HONE_ASSIGN(h.boxes, rows_of(outputs[0], 2, "the boxes"));
  HONE_ASSIGN(h.scores, rows_of(outputs[1], 2, "the scores"));
  if (h.boxes.columns != 4 || h.boxes.rows != h.scores.rows) {
    return error(Code::shape_mismatch,
                 fmt::format("boxes {} and scores {} are not [N,4] and [N,classes]",
                             to_string(outputs[0].dims()), to_string(outputs[1].dims())));
  }
  if (spec.background >= h.scores.columns) {
    return invalid(
        fmt::format("the background is class {} of {}", spec.background, h.scores.columns));
  }
  h.classes = h.scores.columns - (spec.background >= 0 ? 1 : 0);
  HONE_RETURN_IF_ERROR(check_classes(spec, h.classes));
  return h;
}

void activate(ScoreActivation activation, std::span<float> scores) {
  if (activation == ScoreActivation::sigmoid) {
    for (float& s : scores) s = 1 / (1 + std::exp(-s));
  } else if (activation == ScoreActivation::softmax) {
    const float most = *std::max_element(scores.begin(), scores.end());
    float sum = 0;
    for (float& s : scores) sum += s = std::exp(s - most);
    for (float& s : scores) s /= sum;
  }
}

// Centre and size of a prior or offset, whichever axis stands first.
struct Center {
  float x, y, width, height;
};
Center center(const DetectionSpec& spec, const float* v) {
  return spec.y_first ? Center{v[1], v[0], v[3], v[2]} : Center{v[0], v[1], v[2], v[3]};
}

void add_scores(const DetectionSpec& spec, const Box& box, Heads* heads, int64_t r,
                std::vector<Box>* out) {
  float* row = heads->scores[r];
  activate(spec.activation, {row, static_cast<size_t>(heads->scores.columns)});
  const auto score = [&](int64_t c) {
    return row[spec.background >= 0 && c >= spec.background ? c + 1 : c];
  };
  add_classes(spec, box, heads->classes, score, out);
}

}  // namespace

// The boxes are offsets from the priors: centre (in sizes of the prior) and logarithm of the size,
// each times its variance (TFLite's scale factors are 1 / variance).
Result<std::vector<Box>> decode_ssd(const DetectionSpec& spec, std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_input(spec));
  const size_t count = spec.priors ? 2 : 3;
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, count, count));
  HONE_ASSIGN(Heads h, heads(spec, outputs));
  const Tensor& given = spec.priors ? spec.priors : outputs[2];
  HONE_ASSIGN(const Rows priors, rows_of(given, 2, "the priors"));
  if (priors.columns != 4 || priors.rows != h.boxes.rows) {
    return error(Code::shape_mismatch,
                 fmt::format("priors {} for {} boxes", to_string(given.dims()), h.boxes.rows));
  }
  const auto width = static_cast<float>(spec.input_width);
  const auto height = static_cast<float>(spec.input_height);
  std::vector<Box> boxes;
  for (int64_t r = 0; r < h.boxes.rows; ++r) {
    const Center p = center(spec, priors[r]), d = center(spec, h.boxes[r]);
    const Box box = from_center((p.x + d.x * spec.variances[0] * p.width) * width,
                                (p.y + d.y * spec.variances[0] * p.height) * height,
                                p.width * std::exp(d.width * spec.variances[1]) * width,
                                p.height * std::exp(d.height * spec.variances[1]) * height);
    add_scores(spec, box, &h, r, &boxes);
  }
  return boxes;
}

// The boxes are corners as shares of the input: decoded in the graph.
Result<std::vector<Box>> decode_ssd_decoded(const DetectionSpec& spec,
                                            std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_input(spec));
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, 2, 2));
  HONE_ASSIGN(Heads h, heads(spec, outputs));
  std::vector<Box> boxes;
  for (int64_t r = 0; r < h.boxes.rows; ++r) {
    add_scores(spec, from_shares(spec, h.boxes[r]), &h, r, &boxes);
  }
  return boxes;
}

Tensor square_priors(int32_t input_width, int32_t input_height,
                     std::span<const PriorLevel> levels) {
  std::vector<float> values;
  const auto share = [](double v, double of) {
    return static_cast<float>(std::clamp(v / of, 0., 1.));
  };
  for (const PriorLevel& level : levels) {
    const int64_t columns = ceil_div(input_width, level.stride);
    const int64_t lines = ceil_div(input_height, level.stride);
    for (int64_t cell = 0; cell < columns * lines; ++cell) {
      // The cells share the input evenly, also where the stride does not divide it.
      const float x =
          share(static_cast<double>(cell % columns) + 0.5, static_cast<double>(columns));
      const float y = share(static_cast<double>(cell / columns) + 0.5, static_cast<double>(lines));
      for (float size : level.sizes) {
        values.insert(values.end(), {x, y, share(size, input_width), share(size, input_height)});
      }
    }
  }
  return Tensor::of<float>({static_cast<int64_t>(values.size() / 4), 4}, values);
}

}  // namespace hone::tasks
