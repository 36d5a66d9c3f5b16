#include <algorithm>
#include <vector>

#include "host/graph/text.h"

namespace hone::graph {
namespace {

using Lines = std::vector<std::string_view>;

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void write(char sign, std::string_view line, std::string* out) {
  ((((*out) += sign) += ' ') += line) += '\n';
}

// Longest common subsequence, of parts small enough for its table.
void diff(const Lines& a, const Lines& b, std::string* out) {
  const size_t n = a.size(), m = b.size(), width = m + 1;
  std::vector<uint32_t> common((n + 1) * width, 0);
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                       : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  size_t i = 0, j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[i] == b[j]) {
      ++i, ++j;
    } else if (j == m || (i < n && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      write('-', a[i++], out);
    } else {
      write('+', b[j++], out);
    }
  }
}

}  // namespace

std::string diff_text(const std::string& before, const std::string& after) {
  constexpr size_t max_cells = 4 << 20;
  Lines a = split(before), b = split(after);
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.pop_back();
    b.pop_back();
  }
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  a.erase(a.begin(), x);
  b.erase(b.begin(), y);
  std::string out;
  if ((a.size() + 1) * (b.size() + 1) <= max_cells) {
    diff(a, b, &out);
  } else {
    for (std::string_view line : a) write('-', line, &out);
    for (std::string_view line : b) write('+', line, &out);
  }
  if (out.empty() && before != after) out = "? the texts differ in their last line end\n";
  return out;
}

}  // namespace hone::graph
