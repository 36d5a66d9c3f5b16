// Any bytes as a comma and as a tab separated table: refused in one line, or as wide everywhere as
// the header, with no field longer than the bytes it came from.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "host/tasks/data/table.h"

namespace {

using namespace hone;

void require(bool condition) {
  if (!condition) std::abort();
}

void read(const Result<tasks::Table>& t, size_t size) {
  if (!t.ok()) {
    const std::string& why = t.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos && t.code() == Code::corrupt);
    return;
  }
  size_t sum = 0;
  for (int64_t row = -1; row < t->rows(); ++row) {
    for (size_t c = 0; c < t->columns(); ++c) {
      sum += t->cell(row, c).size();
      if (row < 0) continue;
      const auto number = t->integer(row, c);
      require(number.ok() || number.status().text().find('\n') == std::string::npos);
    }
  }
  require(sum <= size && t->columns() > 0);
  require(t->column("no such column").status().text().find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read(tasks::parse_csv(bytes, "t"), size);
  read(tasks::parse_tsv(bytes, "t"), size);
  return 0;
}
