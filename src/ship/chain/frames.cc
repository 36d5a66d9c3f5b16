#include "ship/chain/frames.h"

#include <algorithm>
#include <cstring>

#include "host/tasks/classification.h"
#include "ship/chain/golden.h"
#include "ship/project/model_inputs.h"
#include "ship/project/picture.h"

namespace hone::ship {

namespace {

// Bytes of a fixed seed: preprocessing takes as long for any picture.
model::DecodedPicture noise_picture(const preprocess::ImageContract& k, uint64_t seed) {
  model::DecodedPicture p{{}, k.width, k.height, k.channels()};
  p.pixels.resize(static_cast<size_t>(k.width) * static_cast<size_t>(k.height) *
                  static_cast<size_t>(k.channels()));
  uint64_t state = seed;
  for (uint8_t& b : p.pixels) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    b = static_cast<uint8_t>(state >> 56);
  }
  return p;
}

}  // namespace

Result<PictureWork> PictureWork::make(Session& session, const ModelSpec& model, bool same) {
  if (model.inputs.size() != 1 || model.inputs[0].kind != InputSpec::Kind::image ||
      session.inputs().size() != 1 || session.inputs()[0].name != model.inputs[0].name ||
      session.inputs()[0].dtype != type_of(model.inputs[0].image)) {
    return unsupported("stages are timed for a model whose only input is a picture");
  }
  PictureWork w(session);
  w.contract_ = model.inputs[0].image;
  HONE_RETURN_IF_ERROR(w.choose(model, same));
  size_t largest = 0;
  int64_t scratch = 0;
  for (const model::DecodedPicture& p : w.pictures_) {
    largest = std::max(largest, p.pixels.size());
    scratch = std::max(scratch, preprocess::scratch_bytes(w.contract_, view_of(p)));
  }
  w.scratch_.resize(static_cast<size_t>(scratch));
  w.captured_.resize(largest);
  HONE_ASSIGN(Tensor x, to_input(w.contract_, view_of(w.pictures_[0])));
  w.shape_ = x.dims();
  HONE_RETURN_IF_ERROR(session.bind({w.shape_}));
  HONE_RETURN_IF_ERROR(session.set_input(0, x));
  auto buffer = sized<hone_buffer>();
  if (hone_context_input_buffer(session.context().get(), 0, &buffer) != HONE_OK) {
    return internal("the engine's input has no memory");
  }
  w.input_ = buffer.data;
  for (const OutputSpec& o : model.outputs) {
    if (o.task != "classification") continue;
    for (size_t i = 0; i < session.outputs().size(); ++i) {
      if (session.outputs()[i].name == o.name) w.output_ = i, w.task_ = o.task;
    }
  }
  return w;
}

Status PictureWork::choose(const ModelSpec& model, bool same) {
  same_ = same;
  const auto& data = model.evaluation ? model.evaluation : model.calibration;
  const int64_t wanted = same ? 1 : distinct_inputs;
  if (!data) {
    const int64_t bytes = int64_t{contract_.width} * contract_.height * contract_.channels();
    const int64_t room = std::clamp<int64_t>(input_bytes / bytes, 2, wanted);
    for (int64_t i = 0; i < (same ? 1 : room); ++i)
      pictures_.push_back(noise_picture(contract_, static_cast<uint64_t>(i) + 1));
    kind_ = "noise pictures";
    return {};
  }
  HONE_ASSIGN(auto d, tasks::open_dataset(*data));
  const int64_t n = std::min(wanted, d->count());
  for (int64_t i = 0; i < n; ++i) {
    HONE_ASSIGN(tasks::Sample s, d->sample(i * (d->count() / n)));
    pictures_.push_back(std::move(s.picture));
  }
  kind_ = model.evaluation ? "evaluation pictures" : "calibration pictures";
  return {};
}

Status PictureWork::prepare(int64_t frame) {
  const auto n = static_cast<int64_t>(pictures_.size());
  const model::DecodedPicture& p = pictures_[static_cast<size_t>(frame % n)];
  std::memcpy(captured_.data(), p.pixels.data(), p.pixels.size());
  frame_ = view_of(p, captured_.data());
  return {};
}

Result<FrameTimes> PictureWork::run(TimeSource& time) {
  FrameTimes t;
  t.begin = time.now_ns();
  auto s = preprocess::image_to_tensor(contract_, frame_, input_,
                                       {scratch_.data(), static_cast<int64_t>(scratch_.size())});
  if (!s.ok()) return Status(s.code(), s.text().c_str());
  t.preprocessed = time.now_ns();
  HONE_RETURN_IF_ERROR(session_.run());
  t.inferred = time.now_ns();
  if (task_.empty()) {
    for (size_t i = 0; i < session_.outputs().size(); ++i) (void)session_.output(i);
  } else {
    answer_ = tasks::arg_max(session_.output(output_));
  }
  t.end = time.now_ns();
  return t;
}

nlohmann::json PictureWork::describe() const {
  return {{"kind", kind_}, {"distinct", pictures_.size()}, {"same_input", same_}};
}

namespace {

// Samples of the data as the model takes them: real ids, real features.
Result<Inputs> data_inputs(const ModelSpec& model, const tasks::DataSpec& spec,
                           const ModelInputs& made, bool same) {
  HONE_ASSIGN(auto data, tasks::open_dataset(spec));
  Inputs all;
  all.kind = model.evaluation ? "evaluation samples" : "calibration samples";
  all.same = same;
  const int64_t n = std::min(same ? int64_t{1} : distinct_inputs, data->count());
  for (int64_t i = 0; i < n; ++i) {
    HONE_ASSIGN(tasks::Sample sample, data->sample(i * (data->count() / n)));
    HONE_ASSIGN(std::vector<Tensor> x, made.of(sample));
    all.samples.push_back(std::move(x));
  }
  return all;
}

// One binding serves all: those of the first one's shapes stay.
void keep_one_shape(Inputs* all) {
  const std::vector<Tensor> first = all->samples[0];
  std::erase_if(all->samples, [&first](const std::vector<Tensor>& x) {
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i].dims() != first[i].dims()) return true;
    }
    return false;
  });
}

}  // namespace

Result<Inputs> project_inputs(const Session& session, const ModelSpec& model, bool same) {
  const auto& data = model.evaluation ? model.evaluation : model.calibration;
  auto made = ModelInputs::make(model, input_forms(session));
  Inputs all;
  if (data && made.ok()) {
    HONE_ASSIGN(all, data_inputs(model, *data, *made, same));
  } else if (!model.golden.empty()) {
    HONE_ASSIGN(std::vector<GoldenPair> pairs,
                golden_pairs(model.golden, session.inputs().size(), 0));
    all.kind = "golden inputs";
    all.same = same;
    for (GoldenPair& p : pairs) all.samples.push_back(std::move(p.in));
    if (same) all.samples.resize(1);
  } else {
    return noise_inputs(session, session.default_shapes(), same);
  }
  keep_one_shape(&all);
  return all;
}

}  // namespace hone::ship
