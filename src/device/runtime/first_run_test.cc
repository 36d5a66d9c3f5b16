// What binding pays so that the first run need not.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "common/wire/testing/sample_engine.h"
#include "device/runtime/testing/zoo.h"
#include "hone/hone.hpp"

namespace hone::runtime {
namespace {

using wire::testing::FileBytes;
using wire::testing::sample_spec;

const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));

size_t whole_pages(size_t bytes) { return (bytes + page - 1) / page; }

// Memory of pages that are not there before somebody touches them.
void* map_pages(void*, size_t bytes, size_t) {
  void* p = mmap(nullptr, whole_pages(bytes) * page, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}
void unmap_pages(void*, void* memory, size_t bytes) { munmap(memory, whole_pages(bytes) * page); }

size_t absent_pages(void* memory, size_t bytes) {
  std::vector<unsigned char> there(whole_pages(bytes));
  EXPECT_EQ(mincore(memory, bytes, there.data()), 0);
  size_t n = 0;
  for (unsigned char t : there) n += (t & 1) ^ 1;
  return n;
}

// With 9,000 rows the sample's values, inputs and outputs take 106 pages of 4 KB.
void set_rows(Context* c) {
  const int64_t shape[] = {9000, 4};
  ASSERT_EQ(c->set_shape(0, shape, 2), HONE_OK) << c->error();
}

size_t arena_bytes(Context* c) {
  auto memory = sized<hone_memory_info>();
  EXPECT_EQ(hone_context_memory(c->get(), &memory), HONE_OK);
  return memory.arena_bytes;
}

TEST(FirstRun, FindsTheArenaPresent) {
  const FileBytes file = sample_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  static size_t given_bytes;
  static void* given;
  const hone_allocator watched = {sizeof(hone_allocator), nullptr,
                                  [](void* user, size_t bytes, size_t align) {
                                    given_bytes = bytes;
                                    return given = map_pages(user, bytes, align);
                                  },
                                  unmap_pages};
  auto options = sized<hone_context_options>();
  options.allocator = &watched;
  hone_context* made = nullptr;
  ASSERT_EQ(hone_context_create(engine.get(), &options, &made), HONE_OK);
  const int64_t shape[] = {9000, 4};
  ASSERT_EQ(hone_context_set_shape(made, 0, shape, 2), HONE_OK);
  ASSERT_EQ(hone_context_bind(made), HONE_OK);
  EXPECT_GT(whole_pages(given_bytes), 400'000 / page);  // the arena came last
  EXPECT_EQ(absent_pages(given, given_bytes), 0u);
  hone_context_free(made);
}

TEST(FirstRun, FindsAnArenaOfTheCallerPresent) {
  const FileBytes file = sample_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Context context;
  ASSERT_EQ(context.create(engine), HONE_OK);
  set_rows(&context);
  const size_t bytes = arena_bytes(&context);
  void* arena = map_pages(nullptr, bytes, 64);
  ASSERT_EQ(hone_context_set_arena(context.get(), arena, bytes), HONE_OK);
  EXPECT_GT(absent_pages(arena, bytes), 100'000 / page);
  ASSERT_EQ(context.bind(), HONE_OK) << context.error();
  EXPECT_EQ(absent_pages(arena, bytes), 0u);
  ASSERT_EQ(hone_context_set_arena(context.get(), nullptr, 0), HONE_OK);
  unmap_pages(nullptr, arena, bytes);
}

// Binding runs a little of every step: of both branches, and of state.
TEST(FirstRun, IsTheFirst) {
  const FileBytes file = sample_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Context context;
  ASSERT_EQ(context.create(engine), HONE_OK);
  set_rows(&context);
  ASSERT_EQ(context.bind(), HONE_OK) << context.error();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(context.input<float>(2)[i], 0);  // h is state
  *context.input<bool>(1) = true;
  for (int i = 0; i < 36000; ++i) context.input<float>(0)[i] = -2;
  ASSERT_EQ(context.run(), HONE_OK) << context.error();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(context.output<float>(0)[35996 + i], i < 2 ? 0 : static_cast<float>(i - 1));
    EXPECT_EQ(context.output<float>(1)[i], static_cast<float>(i + 1));
  }
}

}  // namespace
}  // namespace hone::runtime
