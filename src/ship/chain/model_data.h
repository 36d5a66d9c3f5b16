// What the chains of one model, one for each target, share: its data, opened and hashed once, and
// what the baseline answered.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "host/tasks/evaluator.h"
#include "ship/project/project.h"

namespace hone::ship {

class ModelData {
 public:
  using Opened = Result<std::shared_ptr<const tasks::Dataset>>;

  // `model` outlives this.
  explicit ModelData(const ModelSpec& model) : model_(model) {}

  // Of the data, which are set.
  const Opened& evaluation() const { return open(*model_.evaluation, &evaluation_); }
  const Opened& calibration() const { return open(*model_.calibration, &calibration_); }

  // Their tables in hone.toml and what their files hold; "" where there are none. `truths`: what is
  // true of the samples counts, too. Where the files cannot be read, what reads them says why.
  const std::string& evaluation_key(bool truths) const;
  const std::string& calibration_key() const;

  // check_overlap() of both, where both are set.
  Status check_overlap() const;

  // The model as it came on all evaluation samples, once that is known: no target changes it.
  std::shared_ptr<const tasks::Evaluator> baseline;

 private:
  static const Opened& open(const tasks::DataSpec& spec, std::optional<Opened>* kept);
  std::string key(const tasks::DataSpec& spec, const Opened& data, bool truths) const;

  const ModelSpec& model_;
  mutable std::optional<Opened> evaluation_, calibration_;
  mutable std::map<std::string, std::string> hashes_;  // of files, by path
  mutable std::string evaluation_key_[2], calibration_key_;
  mutable std::optional<Status> overlap_;
};

}  // namespace hone::ship
