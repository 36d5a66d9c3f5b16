// Samples as arrays by input name, labels beside them.
#include <fmt/format.h>

#include "host/tasks/data/npz_arrays.h"
#include "host/tasks/dataset.h"

namespace hone::tasks {

namespace {

class NpzData : public Dataset {
 public:
  NpzData(NpzArrays arrays, DataSpec spec)
      : arrays_(std::move(arrays)), file_(spec.at("file")), wanted_(spec.at("wanted")) {}

  int64_t count() const override { return arrays_.count(); }
  bool labelled() const override { return arrays_.labelled() || !wanted_.empty(); }
  Result<Sample> sample(int64_t i) const override {
    Sample s;
    s.tensors = arrays_.sample(i);
    if (arrays_.labelled()) s.label = arrays_.label(i);
    if (!wanted_.empty()) {
      auto wanted = s.tensors.extract(wanted_);
      s.wanted = std::move(wanted.mapped());
    }
    return s;
  }
  std::vector<std::string> files(bool) const override { return {file_}; }

 private:
  NpzArrays arrays_;
  std::string file_, wanted_;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  const std::string &file = spec.at("file"), &wanted = spec.at("wanted");
  HONE_ASSIGN(NpzArrays arrays, NpzArrays::open(file, spec.at("label")));
  if (!wanted.empty() && !arrays.has(wanted)) {
    return error(Code::not_found, fmt::format("{}: no array '{}'", file, wanted));
  }
  return std::shared_ptr<const Dataset>(std::make_shared<NpzData>(std::move(arrays), spec));
}

constexpr DataKey keys[] = {{"file", true, DataKey::Need::always},
                            {"label", false, DataKey::Need::to_judge},
                            {"wanted", false, DataKey::Need::never}};

}  // namespace

extern const DataFormat npz_format;
const DataFormat npz_format = {"npz", keys, open};

}  // namespace hone::tasks
