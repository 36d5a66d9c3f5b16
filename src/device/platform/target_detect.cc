#include "device/platform/target_detect.h"

#include <cstdlib>
#include <cstring>

#include "device/platform/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <fcntl.h>
#include <sched.h>
#include <sys/sysinfo.h>
#endif
#include <unistd.h>

namespace hone::platform {
namespace {

// Without the blanks in front, behind and doubled that vendors put into names.
void copy_name(const char* from, size_t n, char (&to)[64]) {
  size_t k = 0;
  for (size_t i = 0; i < n && from[i] != 0 && from[i] != '\n' && k + 1 < sizeof(to); ++i) {
    if (from[i] == ' ' && (k == 0 || to[k - 1] == ' ')) continue;
    to[k++] = from[i];
  }
  if (k > 0 && to[k - 1] == ' ') --k;
  to[k] = 0;
}

#if defined(__linux__)

// The first bytes of a small file; false where it cannot be read.
bool read_text(const char* path, char* out, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = read(fd, out, size - 1);
  close(fd);
  if (n <= 0) return false;
  out[n] = 0;
  return true;
}

int32_t count_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  const long online = sysconf(_SC_NPROCESSORS_ONLN);  // more CPUs than cpu_set_t has room for
  return online > 0 ? static_cast<int32_t>(online) : 1;
}

int64_t count_memory() {
  struct sysinfo info;
  if (sysinfo(&info) != 0) return 0;
  int64_t bytes = static_cast<int64_t>(info.totalram) * static_cast<int64_t>(info.mem_unit);
  char text[32];
  if (read_text("/sys/fs/cgroup/memory.max", text, sizeof(text))) {
    const int64_t limit = std::strtoll(text, nullptr, 10);  // "max" gives 0
    if (limit > 0 && limit < bytes) bytes = limit;
  }
  return bytes;
}

void read_caches_of_system(Target* t) {
  for (int i = 0; i < 8; ++i) {
    const auto read = [i](const char* leaf, char(&text)[32]) {
      FixedText path("/sys/devices/system/cpu/cpu0/cache/index");
      path << i << "/" << leaf;
      return read_text(path.c_str(), text, sizeof(text));
    };
    char level[32], type[32], size[32];
    if (!read("level", level) || !read("type", type) || !read("size", size)) return;
    if (type[0] == 'I') continue;
    char* unit = nullptr;
    int64_t bytes = std::strtoll(size, &unit, 10);
    if (*unit == 'K') bytes <<= 10;
    if (*unit == 'M') bytes <<= 20;
    if (level[0] == '1') t->l1d_bytes = bytes;
    if (level[0] == '2') t->l2_bytes = bytes;
    if (level[0] == '3') t->l3_bytes = bytes;
  }
}

#else

int32_t count_cores() {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<int32_t>(online) : 1;
}
int64_t count_memory() { return 0; }
void read_caches_of_system(Target*) {}

#endif

#if defined(__x86_64__)

void read_name(Target* t) {
  unsigned brand[12] = {};
  for (unsigned i = 0; i < 3; ++i) {
    unsigned* r = brand + 4 * i;
    if (__get_cpuid(0x80000002u + i, &r[0], &r[1], &r[2], &r[3]) == 0) return;
  }
  char text[sizeof(brand)];
  std::memcpy(text, brand, sizeof(brand));
  copy_name(text, sizeof(text), t->cpu);
}

// Leaf 4 (Intel) or 0x8000001D (AMD) lists the caches; false where the CPU has neither.
bool read_caches_of_cpu(Target* t) {
  for (const unsigned leaf : {4u, 0x8000001du}) {
    bool found = false;
    for (unsigned i = 0; i < 16; ++i) {
      unsigned a = 0, b = 0, c = 0, d = 0;
      if (__get_cpuid_count(leaf, i, &a, &b, &c, &d) == 0) break;
      const unsigned type = a & 31, level = (a >> 5) & 7;  // type 1: data, 3: unified, 0: no more
      if (type == 0) break;
      if (type == 2) continue;
      const int64_t ways = (b >> 22) + 1, parts = ((b >> 12) & 1023) + 1, line = (b & 4095) + 1;
      const int64_t bytes = ways * parts * line * (static_cast<int64_t>(c) + 1);
      if (level == 1) t->l1d_bytes = bytes;
      if (level == 2) t->l2_bytes = bytes;
      if (level == 3) t->l3_bytes = bytes;
      found = true;
    }
    if (found) return true;
  }
  return false;
}

#else

void read_name(Target* t) {
#if defined(__linux__)
  char text[128];
  if (read_text("/sys/firmware/devicetree/base/model", text, sizeof(text))) {
    copy_name(text, sizeof(text), t->cpu);
  }
#else
  (void)t;
#endif
}
bool read_caches_of_cpu(Target*) { return false; }

#endif

}  // namespace

Target detect_target() {
  Target t;
#if defined(__x86_64__)
  t.arch = Arch::x86_64;
#elif defined(__aarch64__)
  t.arch = Arch::aarch64;
#else
  t.arch = Arch::other;
#endif
#if !defined(__linux__)
  std::strncpy(t.os, "other", sizeof(t.os) - 1);
#endif
  const auto isa = usable_isa();
  t.isa = isa.ok() ? *isa : mask(Isa::portable);
  t.cores = count_cores();
  t.memory_bytes = count_memory();
  read_name(&t);
  if (!read_caches_of_cpu(&t)) read_caches_of_system(&t);
  return t;
}

}  // namespace hone::platform
