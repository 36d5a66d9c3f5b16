// Texts with their classes in a tab-separated table.
#include "host/tasks/data/labelled_table.h"

namespace hone::tasks {

namespace {

class TsvData : public Dataset {
 public:
  explicit TsvData(LabelledTable table) : table_(std::move(table)) {}

  int64_t count() const override { return table_.count(); }
  bool labelled() const override { return table_.labelled(); }

  Result<Sample> sample(int64_t i) const override {
    Sample s;
    s.text = table_.value(i);
    HONE_RETURN_IF_ERROR(table_.read_label(i, &s));
    return s;
  }

  std::vector<std::string> files(bool) const override { return {table_.source()}; }

 private:
  LabelledTable table_;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  HONE_ASSIGN(Table list, read_tsv(spec.at("list")));
  HONE_ASSIGN(LabelledTable table, LabelledTable::make(std::move(list), spec, "text"));
  return std::shared_ptr<const Dataset>(std::make_shared<TsvData>(std::move(table)));
}

constexpr DataKey keys[] = {{"list", true, DataKey::Need::always},
                            {"column", false, DataKey::Need::never},
                            {"label", false, DataKey::Need::never}};

}  // namespace

extern const DataFormat tsv_format;
const DataFormat tsv_format = {"tsv", keys, open};

}  // namespace hone::tasks
