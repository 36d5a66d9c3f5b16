#include "ship/measure/memory.h"

#include <cstdio>
#include <cstring>

#include "host/model/files.h"

namespace hone::ship {

namespace {

std::optional<int64_t> status_field(const char* field) {
  auto text = read_text("/proc/self/status", 1 << 16);
  if (!text.ok()) return std::nullopt;
  size_t at = text->find(field);
  long kib = 0;
  if (at == std::string::npos ||
      std::sscanf(text->c_str() + at + std::strlen(field), " %ld", &kib) != 1) {
    return std::nullopt;
  }
  return static_cast<int64_t>(kib) * 1024;
}

}  // namespace

std::optional<int64_t> peak_rss_bytes() { return status_field("VmHWM:"); }

void reset_peak_rss() {
  if (FILE* f = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", f);
    std::fclose(f);
  }
}

}  // namespace hone::ship
