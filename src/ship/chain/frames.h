// Frames as a project describes them, whole: a picture in memory is preprocessed by the model's
// contract, run, and its scores become an answer.
#pragma once

#include "ship/measure/inputs.h"
#include "ship/project/project.h"

namespace hone::ship {

// Stages of one frame, on buffers that do not move:
//   capture      outside the timing: the picture is copied to where a camera's driver would put it
//   preprocess   image_to_tensor() into the engine's own input memory
//   infer        the engine
//   postprocess  the task: the likeliest class; without a task the outputs are read
class PictureWork : public Workload {
 public:
  // At most distinct_inputs pictures of the evaluation data (of the calibration data, noise where
  // there are neither), spread over it; one with `same`. Binds the session for one picture. Errors:
  // unsupported where the project describes no picture for the only input, those of the data.
  static Result<PictureWork> make(Session& session, const ModelSpec& model, bool same);

  bool staged() const override { return true; }
  Status prepare(int64_t frame) override;
  Result<FrameTimes> run(TimeSource& time) override;

  int64_t answer() const { return answer_; }  // class of the last frame; -1 without a task
  const Dims& shape() const { return shape_; }
  const std::string& task() const { return task_; }
  // {"kind", "distinct", "same_input"}
  nlohmann::json describe() const;

 private:
  explicit PictureWork(Session& session) : session_(session) {}
  Status choose(const ModelSpec& model, bool same);

  Session& session_;
  preprocess::ImageContract contract_;
  std::vector<model::DecodedPicture> pictures_;
  std::string kind_, task_;
  bool same_ = false;
  std::vector<uint8_t> captured_;  // has room for any of them
  preprocess::Picture frame_;      // the one that is there
  std::vector<uint8_t> scratch_;   // enough for any of them
  void* input_ = nullptr;          // the engine's memory
  size_t output_ = 0;
  Dims shape_;
  int64_t answer_ = -1;
};

// What a project has to run where it describes no picture: samples of its data, of one shape;
// golden inputs; else noise.
Result<Inputs> project_inputs(const Session& session, const ModelSpec& model, bool same);

}  // namespace hone::ship
