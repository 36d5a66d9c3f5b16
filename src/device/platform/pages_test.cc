#include "device/platform/pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

namespace hone::platform {
namespace {

const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));

// Fresh pages, none of them present.
struct Pages {
  explicit Pages(size_t n) : count(n) {
    void* p = mmap(nullptr, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(p, MAP_FAILED);
    memory = static_cast<char*>(p);
  }
  ~Pages() { munmap(memory, count * page); }

  size_t present() const {
    std::vector<unsigned char> there(count);
    EXPECT_EQ(mincore(memory, count * page, there.data()), 0);
    size_t n = 0;
    for (unsigned char t : there) n += t & 1;
    return n;
  }
  size_t count;
  char* memory;
};

TEST(Pages, OfWritableMemoryBecomePresentAndKeepWhatTheyHold) {
  const Pages pages(1500);  // 6 MB and no whole number of large pages
  ASSERT_EQ(pages.present(), 0u);
  pages.memory[page + 8] = 'a';
  pages.memory[1500 * page - 1] = 'z';
  populate(pages.memory + 64, 1500 * page - 64);
  EXPECT_EQ(pages.present(), 1500u);
  EXPECT_EQ(pages.memory[page + 8], 'a');
  EXPECT_EQ(pages.memory[1500 * page - 1], 'z');
}

TEST(Pages, BeyondTheMemoryStayAway) {
  const Pages pages(64);
  populate(pages.memory + 10 * page + 100, 2 * page);  // parts of three pages
  EXPECT_EQ(pages.present(), 3u);
  populate(pages.memory + 20 * page + 100, 1);
  EXPECT_EQ(pages.present(), 4u);
  populate(pages.memory + 30 * page, 0);
  EXPECT_EQ(pages.present(), 4u);
}

TEST(Pages, OfAMappingAreNotWritten) {
  const Pages pages(64);
  pages.memory[5 * page] = 7;
  ASSERT_EQ(mprotect(pages.memory, 64 * page, PROT_READ), 0);
  populate_mapping(pages.memory + 1, 64 * page - 1);
  EXPECT_EQ(pages.memory[5 * page], 7);
}

}  // namespace
}  // namespace hone::platform
