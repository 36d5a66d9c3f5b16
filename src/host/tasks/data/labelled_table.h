// A table with what samples are made of in one column and, where there is one, their class in
// another.
#pragma once

#include <optional>

#include "host/tasks/data/table.h"
#include "host/tasks/dataset.h"

namespace hone::tasks {

class LabelledTable {
 public:
  // The columns by name, "column" and "label" in `spec`; `usual` where that names none. The label's
  // may be missing where nobody named it: data to calibrate on. Errors: not_found.
  static Result<LabelledTable> make(Table table, const DataSpec& spec, const char* usual);

  int64_t count() const { return table_.rows(); }
  bool labelled() const { return label_.has_value(); }
  const std::string& source() const { return table_.source(); }
  std::string_view value(int64_t i) const { return table_.cell(i, value_); }
  // The file of the picture that a model should make of it, in the column that "wanted" names.
  bool has_wanted() const { return wanted_.has_value(); }
  std::string_view wanted(int64_t i) const { return table_.cell(i, *wanted_); }
  // Sets the sample's label where there are any. Errors: corrupt, naming the line.
  Status read_label(int64_t i, Sample* sample) const;

 private:
  Table table_;
  size_t value_ = 0;
  std::optional<size_t> label_, wanted_;
};

}  // namespace hone::tasks
