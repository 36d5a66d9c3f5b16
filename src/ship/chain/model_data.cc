#include "ship/chain/model_data.h"

#include <fmt/format.h>

#include "ship/chain/stage_cache.h"
#include "ship/project/calibration.h"

namespace hone::ship {

const ModelData::Opened& ModelData::open(const tasks::DataSpec& spec, std::optional<Opened>* kept) {
  if (!*kept) *kept = tasks::open_dataset(spec);
  return **kept;
}

std::string ModelData::key(const tasks::DataSpec& spec, const Opened& data, bool truths) const {
  std::string key = fmt::format("{} {} ", spec.format, spec.limit);
  for (const auto& [name, value] : spec.values) key += name + "=" + value + " ";
  if (!data.ok()) return hash_text(key);
  for (const std::string& f : (*data)->files(truths)) {
    auto [it, fresh] = hashes_.try_emplace(f);
    if (fresh) it->second = hash_file(f);
    key += it->second;
  }
  return hash_text(key);
}

const std::string& ModelData::evaluation_key(bool truths) const {
  std::string& known = evaluation_key_[truths ? 1 : 0];
  if (model_.evaluation && known.empty()) known = key(*model_.evaluation, evaluation(), truths);
  return known;
}

const std::string& ModelData::calibration_key() const {
  std::string& known = calibration_key_;
  if (model_.calibration && known.empty()) known = key(*model_.calibration, calibration(), true);
  return known;
}

Status ModelData::check_overlap() const {
  if (!model_.calibration || !model_.evaluation) return {};
  if (!overlap_) {
    if (!calibration().ok()) return calibration().status();
    if (!evaluation().ok()) return evaluation().status();
    overlap_ = ship::check_overlap(**calibration(), **evaluation());
  }
  return *overlap_;
}

}  // namespace hone::ship
