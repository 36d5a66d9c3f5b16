// Samples as arrays by input name, labels beside them.
#include "host/tasks/data/npz_arrays.h"
#include "host/tasks/dataset.h"

namespace hone::tasks {

namespace {

class NpzData : public Dataset {
 public:
  NpzData(NpzArrays arrays, std::string file)
      : arrays_(std::move(arrays)), file_(std::move(file)) {}

  int64_t count() const override { return arrays_.count(); }
  bool labelled() const override { return arrays_.labelled(); }
  Result<Sample> sample(int64_t i) const override {
    Sample s;
    s.tensors = arrays_.sample(i);
    if (labelled()) s.label = arrays_.label(i);
    return s;
  }
  std::vector<std::string> files(bool) const override { return {file_}; }

 private:
  NpzArrays arrays_;
  std::string file_;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  HONE_ASSIGN(NpzArrays arrays, NpzArrays::open(spec.at("file"), spec.at("label")));
  return std::shared_ptr<const Dataset>(
      std::make_shared<NpzData>(std::move(arrays), spec.at("file")));
}

constexpr DataKey keys[] = {{"file", true, DataKey::Need::always},
                            {"label", false, DataKey::Need::to_judge}};

}  // namespace

extern const DataFormat npz_format;
const DataFormat npz_format = {"npz", keys, open};

}  // namespace hone::tasks
