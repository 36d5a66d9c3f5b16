// A list of files with their classes: pictures, sounds, or what a form says of bare bytes.
#include <filesystem>

#include "host/tasks/data/file_form.h"
#include "host/tasks/data/labelled_table.h"

namespace hone::tasks {

namespace {

class CsvData : public Dataset {
 public:
  CsvData(LabelledTable table, FileForm form, std::string folder)
      : table_(std::move(table)), form_(std::move(form)), folder_(std::move(folder)) {}

  int64_t count() const override { return table_.count(); }
  bool labelled() const override { return table_.labelled() || table_.has_wanted(); }

  Result<Sample> sample(int64_t i) const override {
    Sample s;
    HONE_RETURN_IF_ERROR(read_file(form_, path_of(table_.value(i)), &s));
    HONE_RETURN_IF_ERROR(table_.read_label(i, &s));
    if (table_.has_wanted()) {
      HONE_ASSIGN(s.wanted_picture, read_picture(path_of(table_.wanted(i))));
    }
    return s;
  }

  std::vector<std::string> files(bool truths) const override {
    std::vector<std::string> f = {table_.source()};
    for (int64_t i = 0; i < count(); ++i) f.push_back(path_of(table_.value(i)));
    for (int64_t i = 0; truths && table_.has_wanted() && i < count(); ++i) {
      f.push_back(path_of(table_.wanted(i)));
    }
    return f;
  }

 private:
  std::string path_of(std::string_view cell) const {
    return (std::filesystem::path(folder_) / cell).string();
  }

  LabelledTable table_;
  FileForm form_;
  std::string folder_;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  HONE_ASSIGN(FileForm form, file_form(spec));
  const std::string& path = spec.at("list");
  HONE_ASSIGN(Table list, read_csv(path));
  HONE_ASSIGN(LabelledTable table, LabelledTable::make(std::move(list), spec, "file"));
  const std::string folder = spec.at("folder").empty()
                                 ? std::filesystem::path(path).parent_path().string()
                                 : spec.at("folder");
  return std::shared_ptr<const Dataset>(
      std::make_shared<CsvData>(std::move(table), std::move(form), folder));
}

constexpr DataKey keys[] = {
    {"list", true, DataKey::Need::always},   {"folder", true, DataKey::Need::never},
    {"column", false, DataKey::Need::never}, {"label", false, DataKey::Need::never},
    {"wanted", false, DataKey::Need::never}, {"type", false, DataKey::Need::never},
    {"shape", false, DataKey::Need::never}};

}  // namespace

extern const DataFormat csv_format;
const DataFormat csv_format = {"csv", keys, open};

}  // namespace hone::tasks
