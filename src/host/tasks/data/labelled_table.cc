#include "host/tasks/data/labelled_table.h"

namespace hone::tasks {

Result<LabelledTable> LabelledTable::make(Table table, const DataSpec& spec, const char* usual) {
  LabelledTable t;
  const std::string &named = spec.at("column"), &label = spec.at("label");
  HONE_ASSIGN(t.value_, table.column(named.empty() ? usual : named));
  if (!label.empty() || table.column("label").ok()) {
    HONE_ASSIGN(t.label_, table.column(label.empty() ? "label" : label));
  }
  if (!spec.at("wanted").empty()) {
    HONE_ASSIGN(t.wanted_, table.column(spec.at("wanted")));
  }
  t.table_ = std::move(table);
  return t;
}

Status LabelledTable::read_label(int64_t i, Sample* sample) const {
  if (!label_) return {};
  HONE_ASSIGN(sample->label, table_.integer(i, *label_));
  return {};
}

}  // namespace hone::tasks
