// A list of files with their classes: pictures, or tensors as bare bytes.
#include <fmt/format.h>

#include <cstring>
#include <filesystem>

#include "host/model/files.h"
#include "host/plan/profile_text.h"
#include "host/tasks/data/labelled_table.h"

namespace hone::tasks {

namespace {

// What a file that is no picture holds: elements of one type, row-major.
struct RawForm {
  DType dtype = DType::none;  // none: files are pictures
  Dims dims;
};

Result<RawForm> raw_form(const DataSpec& spec) {
  RawForm form;
  const std::string &type = spec.at("type"), &shape = spec.at("shape");
  if (type.empty() && shape.empty()) return form;
  if (type.empty() || shape.empty()) {
    return invalid("'type' and 'shape' of tensors go together, as \"i8\" and \"49x10\"");
  }
  for (DType t : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f32}) {
    if (type == name(t)) form.dtype = t;
  }
  if (form.dtype == DType::none) {
    return invalid(
        fmt::format("type \"{}\" is not known; known: u8, i8, i16, i32, i64, f32", type));
  }
  auto dims = plan::parse_dims(shape);
  if (!dims.ok()) return in("shape \"" + shape + "\"", dims.status());
  form.dims = std::move(*dims);
  return form;
}

class CsvData : public Dataset {
 public:
  CsvData(LabelledTable table, RawForm form, std::string folder)
      : table_(std::move(table)), form_(std::move(form)), folder_(std::move(folder)) {}

  int64_t count() const override { return table_.count(); }
  bool labelled() const override { return table_.labelled(); }

  Result<Sample> sample(int64_t i) const override {
    Sample s;
    const std::string path = path_of(i);
    if (form_.dtype == DType::none) {
      HONE_ASSIGN(s.picture, read_picture(path));
    } else {
      HONE_ASSIGN(s.tensors[""], read_raw(path));
    }
    HONE_RETURN_IF_ERROR(table_.read_label(i, &s));
    return s;
  }

  std::vector<std::string> files(bool) const override {
    std::vector<std::string> f = {table_.source()};
    for (int64_t i = 0; i < count(); ++i) f.push_back(path_of(i));
    return f;
  }

 private:
  std::string path_of(int64_t i) const {
    return (std::filesystem::path(folder_) / table_.value(i)).string();
  }

  Result<Tensor> read_raw(const std::string& path) const {
    HONE_ASSIGN(MappedFile file, map_file(path));
    const int64_t bytes = byte_size(form_.dtype, element_count(form_.dims));
    if (static_cast<int64_t>(file.bytes.size()) != bytes) {
      return Status(Code::shape_mismatch,
                    fmt::format("{}: {} bytes, {} {} takes {}", path, file.bytes.size(),
                                name(form_.dtype), to_string(form_.dims), bytes));
    }
    Tensor t(form_.dtype, form_.dims);
    if (bytes > 0) std::memcpy(t.mutable_data(), file.bytes.data(), file.bytes.size());
    return t;
  }

  LabelledTable table_;
  RawForm form_;
  std::string folder_;
};

Result<std::shared_ptr<const Dataset>> open(const DataSpec& spec) {
  HONE_ASSIGN(RawForm form, raw_form(spec));
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
    {"type", false, DataKey::Need::never},   {"shape", false, DataKey::Need::never}};

}  // namespace

extern const DataFormat csv_format;
const DataFormat csv_format = {"csv", keys, open};

}  // namespace hone::tasks
