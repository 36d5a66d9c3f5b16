#include "ship/measure/inputs.h"

#include <algorithm>

namespace hone::ship {

nlohmann::json Inputs::to_json() const {
  return {{"kind", kind}, {"distinct", samples.size()}, {"same_input", same}};
}

Tensor random_input(const IoInfo& io, const Dims& dims, uint64_t seed) {
  Tensor t(io.dtype, dims);
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    auto word = static_cast<uint32_t>(state >> 33);
    bool real = is_float(io.dtype);
    t.set(i, real ? static_cast<double>(word) * 0x1p-30 - 1 : static_cast<double>(word % 2));
  }
  return t;
}

Inputs noise_inputs(const Session& session, const std::vector<Dims>& shapes, bool same) {
  Inputs all;
  all.same = same;
  int64_t bytes = 1;
  for (size_t i = 0; i < shapes.size(); ++i)
    bytes += byte_size(session.inputs()[i].dtype, element_count(shapes[i]));
  const int64_t count = same ? 1 : std::clamp<int64_t>(input_bytes / bytes, 2, distinct_inputs);
  const auto inputs = static_cast<uint64_t>(shapes.size());
  for (uint64_t k = 0; k < static_cast<uint64_t>(count); ++k) {
    std::vector<Tensor> sample;
    for (size_t i = 0; i < shapes.size(); ++i) {
      const IoInfo& io = session.inputs()[i];
      if (k > 0 && io.shape_values) {
        sample.push_back(all.samples[0][i]);
      } else {
        sample.push_back(random_input(io, shapes[i], k * inputs + i + 1));
      }
    }
    all.samples.push_back(std::move(sample));
  }
  return all;
}

Status InferWork::prepare(int64_t frame) {
  const auto n = static_cast<int64_t>(inputs_.samples.size());
  const std::vector<Tensor>& sample = inputs_.samples[static_cast<size_t>(frame % n)];
  for (size_t i = 0; i < sample.size(); ++i) {
    HONE_RETURN_IF_ERROR(session_.set_input(i, sample[i]));
  }
  return {};
}

Result<FrameTimes> InferWork::run(TimeSource& time) {
  FrameTimes t;
  t.begin = t.preprocessed = time.now_ns();
  HONE_RETURN_IF_ERROR(session_.run());
  t.inferred = t.end = time.now_ns();
  return t;
}

}  // namespace hone::ship
