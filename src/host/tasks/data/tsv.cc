// Texts with their classes in a tab-separated table.
#include "host/tasks/data/table.h"
#include "host/tasks/dataset.h"

namespace hone::tasks {

namespace {

class TsvData : public Dataset {
 public:
  explicit TsvData(Table table) : table_(std::move(table)) {}

  Status open(const std::string& text, const std::string& label) {
    HONE_ASSIGN(text_, table_.column(text));
    if (label.empty()) return {};
    HONE_ASSIGN(label_, table_.column(label));
    has_labels_ = true;
    return {};
  }

  int64_t count() const override { return table_.rows(); }
  bool labelled() const override { return has_labels_; }

  Result<Sample> sample(int64_t i) const override {
    Sample s;
    s.text = table_.cell(i, text_);
    if (has_labels_) {
      HONE_ASSIGN(s.label, table_.integer(i, label_));
    }
    return s;
  }

  std::vector<std::string> files(bool) const override { return {table_.source()}; }

 private:
  Table table_;
  size_t text_ = 0, label_ = 0;
  bool has_labels_ = false;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  HONE_ASSIGN(Table table, read_tsv(spec.at("list")));
  std::string label = spec.at("label");
  if (label.empty() && table.column("label").ok()) label = "label";
  auto data = std::make_shared<TsvData>(std::move(table));
  HONE_RETURN_IF_ERROR(data->open(spec.at("column").empty() ? "text" : spec.at("column"), label));
  return std::shared_ptr<const Dataset>(std::move(data));
}

constexpr DataKey keys[] = {{"list", true, DataKey::Need::always},
                            {"column", false, DataKey::Need::never},
                            {"label", false, DataKey::Need::never}};

}  // namespace

extern const DataFormat tsv_format;
const DataFormat tsv_format = {"tsv", keys, open};

}  // namespace hone::tasks
