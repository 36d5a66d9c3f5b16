// What hone.h promises of structs, status codes, texts and the log, promise by promise.
#include <gtest/gtest.h>

#include <cstddef>
#include <iterator>

#include "device/runtime/testing/loaded.h"

namespace hone::runtime {
namespace {

using testing::Loaded;
using wire::testing::FileBytes;
using wire::testing::sample_spec;

// --- structs carry their size ---

// A caller whose header has one field more.
template <class T>
struct Newer {
  T known = {};
  uint64_t later = 0;
};

// `call` with sizes that were never set, larger ones with and without something in what is new.
template <class T, class Call>
void expect_size_rule(const T& right, hone_status expected, Call call) {
  Newer<T> s;
  s.known = right;
  s.known.struct_size = sizeof(T);
  EXPECT_EQ(call(&s.known), expected);
  s.known.struct_size = sizeof(s);
  EXPECT_EQ(call(&s.known), expected) << "zero in fields it does not know";
  s.later = uint64_t{1} << 63;
  EXPECT_EQ(call(&s.known), HONE_INVALID_ARGUMENT) << "something in them";
  s.later = 0;
  for (size_t size : {size_t{0}, sizeof(size_t), size_t{4097}, SIZE_MAX}) {
    s.known.struct_size = size;
    EXPECT_EQ(call(&s.known), HONE_INVALID_ARGUMENT) << size;
  }
  EXPECT_EQ(call(static_cast<T*>(nullptr)), HONE_INVALID_ARGUMENT);
}

TEST(ApiStructs, OptionsOfEveryCall) {
  const FileBytes file = sample_spec().build();
  hone_load_options load = {};
  load.allocator = hone_default_allocator();
  expect_size_rule(load, HONE_OK, [&](const hone_load_options* o) {
    hone_engine* made = nullptr;
    const hone_status s = hone_load_memory(file.data(), file.size(), o, &made);
    EXPECT_EQ(made != nullptr, s == HONE_OK);
    hone_engine_free(made);
    return s;
  });
  hone_pool_options pool = {};
  pool.allocator = hone_default_allocator();
  pool.threads = 1;
  expect_size_rule(pool, HONE_OK, [](const hone_pool_options* o) {
    hone_pool* made = nullptr;
    const hone_status s = hone_pool_create(o, &made);
    EXPECT_EQ(made != nullptr, s == HONE_OK);
    hone_pool_free(made);
    return s;
  });
  expect_size_rule(*hone_default_allocator(), HONE_OK, [&](const hone_allocator* a) {
    Engine engine;
    return engine.load_memory(file.data(), file.size(), nullptr, 0, a);
  });
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {1, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  expect_size_rule(hone_context_options{}, HONE_OK, [&](const hone_context_options* o) {
    if (o == nullptr) return hone_status{HONE_INVALID_ARGUMENT};  // allowed here: the defaults
    hone_context* made = nullptr;
    const hone_status s = hone_context_create(l.engine.get(), o, &made);
    EXPECT_EQ(made != nullptr, s == HONE_OK);
    hone_context_free(made);
    return s;
  });
  float x[4] = {};
  const int64_t dims[] = {1, 4};
  hone_buffer buffer = {};
  buffer.data = x, buffer.bytes = sizeof(x), buffer.dtype = HONE_F32;
  buffer.rank = 2, buffer.dims = dims;
  expect_size_rule(buffer, HONE_OK, [&](const hone_buffer* b) {
    if (b == nullptr) return hone_status{HONE_INVALID_ARGUMENT};  // allowed here: the arena's
    return l.context.set_input(0, b);
  });
  expect_size_rule(hone_fence{}, HONE_OK,
                   [&](hone_fence* f) { return hone_run_async(l.context.get(), f); });
}

// A caller built when options were shorter: what it does not have is the default.
TEST(ApiStructs, OlderCallers) {
  const FileBytes file = sample_spec().build();
  hone_load_options o = {};
  o.struct_size = offsetof(hone_load_options, flags);
  o.allocator = hone_default_allocator();
  o.flags = ~uint64_t{0};  // not part of its struct
  hone_engine* engine = nullptr;
  EXPECT_EQ(hone_load_memory(file.data(), file.size(), &o, &engine), HONE_OK);
  hone_engine_free(engine);
}

TEST(ApiStructs, AreFilledAsFarAsTheCallerKnows) {
  const Loaded l(sample_spec());
  Newer<hone_engine_info> newer;
  newer.known.struct_size = sizeof(newer);
  newer.later = 77;
  EXPECT_EQ(hone_engine_get_info(l.engine.get(), &newer.known), HONE_OK);
  EXPECT_EQ(newer.known.inputs, 3);
  EXPECT_EQ(newer.known.struct_size, sizeof(newer));
  EXPECT_EQ(newer.later, 0u);

  hone_engine_info older;
  std::memset(static_cast<void*>(&older), 0x5a, sizeof(older));
  older.struct_size = offsetof(hone_engine_info, model_hash);
  EXPECT_EQ(hone_engine_get_info(l.engine.get(), &older), HONE_OK);
  EXPECT_STREQ(older.model_name, "tiny");
  EXPECT_EQ(older.model_hash, 0x5a5a5a5a5a5a5a5au);  // never touched

  hone_tensor_info unset = {};
  EXPECT_EQ(hone_engine_input(l.engine.get(), 0, &unset), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(hone_engine_input(l.engine.get(), 0, nullptr), HONE_INVALID_ARGUMENT);
}

// --- status codes and texts ---

TEST(ApiStatus, EveryCodeHasAName) {
  for (int32_t s = HONE_OK; s <= HONE_INTERNAL; ++s) {
    EXPECT_STRNE(hone_status_name(s), "unknown") << s;
    EXPECT_STRNE(hone_status_name(s), "") << s;
  }
  for (int32_t s : {-1, HONE_INTERNAL + 1, INT32_MAX, INT32_MIN}) {
    EXPECT_STREQ(hone_status_name(s), "unknown") << s;
    EXPECT_STRNE(hone_dtype_name(s), "") << s;
  }
  EXPECT_STREQ(hone_dtype_name(HONE_F32), "f32");
  EXPECT_STRNE(hone_version(), "");
}

TEST(ApiStatus, TextsAreTheContextsOwn) {
  const FileBytes file = sample_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Context a, b;
  ASSERT_EQ(a.create(engine), HONE_OK);
  ASSERT_EQ(b.create(engine), HONE_OK);
  EXPECT_STREQ(a.error(), "");
  EXPECT_EQ(a.run(), HONE_WRONG_STATE);
  EXPECT_STREQ(a.error(), "bind the context before it runs");
  EXPECT_STREQ(b.error(), "");
  const int64_t wrong[] = {2, 5};
  EXPECT_EQ(b.set_shape(0, wrong, 2), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(a.error(), "bind the context before it runs");
  auto memory = sized<hone_memory_info>();
  EXPECT_EQ(a.memory(&memory), HONE_WRONG_STATE);  // the shapes come first
  EXPECT_STREQ(a.error(), "input 'x' has dynamic dimensions, f32 [N, 4]: set its shape first");
  EXPECT_STREQ(hone_context_error(nullptr), "");
}

TEST(ApiStatus, TextsOfOptionsAreCutToTheirRoom) {
  auto o = sized<hone_load_options>();
  o.allocator = hone_default_allocator();
  char text[8] = "xxxxxxx";
  o.error_text = text, o.error_text_bytes = 5;
  hone_engine* out = reinterpret_cast<hone_engine*>(&o);
  EXPECT_EQ(hone_load_file("/no/such.hone", &o, &out), HONE_NOT_FOUND);
  EXPECT_EQ(out, nullptr);
  EXPECT_STREQ(text, "cann");
  EXPECT_STREQ(text + 5, "xx");
  o.error_text_bytes = 0;
  EXPECT_EQ(hone_load_file("/no/such.hone", &o, &out), HONE_NOT_FOUND);
  o.error_text = nullptr, o.error_text_bytes = 100;
  EXPECT_EQ(hone_load_file("/no/such.hone", &o, &out), HONE_NOT_FOUND);
}

TEST(ApiStatus, NullIsAnArgumentThatMakesNoSense) {
  auto load = sized<hone_load_options>();
  load.allocator = hone_default_allocator();
  auto pool = sized<hone_pool_options>();
  auto info = sized<hone_engine_info>();
  auto tensor = sized<hone_tensor_info>();
  auto step = sized<hone_step_info>();
  auto memory = sized<hone_memory_info>();
  auto buffer = sized<hone_buffer>();
  auto fence = sized<hone_fence>();
  hone_engine* engine = nullptr;
  hone_context* context = nullptr;
  int64_t n[HONE_MAX_RANK] = {};
  int32_t rank = 0;
  uint64_t ns = 0;
  const hone_status statuses[] = {
      hone_pool_create(&pool, nullptr),
      hone_load_file("x", &load, nullptr),
      hone_load_file(nullptr, &load, &engine),
      hone_load_memory(nullptr, 1, &load, &engine),
      hone_engine_get_info(nullptr, &info),
      hone_engine_input(nullptr, 0, &tensor),
      hone_engine_output(nullptr, 0, &tensor),
      hone_engine_profile_range(nullptr, 0, 0, 0, n, n, n),
      hone_engine_refit(nullptr, "w", &buffer, nullptr, 0),
      hone_engine_add_plugin(nullptr, nullptr, nullptr, 0),
      hone_context_create(nullptr, nullptr, &context),
      hone_context_set_shape(nullptr, 0, n, 1),
      hone_context_memory(nullptr, &memory),
      hone_context_set_arena(nullptr, nullptr, 0),
      hone_context_bind(nullptr),
      hone_context_input_shape(nullptr, 0, n, &rank),
      hone_context_output_shape(nullptr, 0, n, &rank),
      hone_context_set_input(nullptr, 0, &buffer),
      hone_context_set_output(nullptr, 0, &buffer),
      hone_context_input_buffer(nullptr, 0, &buffer),
      hone_context_output_buffer(nullptr, 0, &buffer),
      hone_context_reset_state(nullptr),
      hone_run(nullptr),
      hone_run_async(nullptr, &fence),
      hone_fence_wait(nullptr),
      hone_context_step_info(nullptr, 0, &step),
      hone_context_enable_timing(nullptr, 1),
      hone_context_step_times(nullptr, &ns, 1),
  };
  for (size_t i = 0; i < std::size(statuses); ++i) EXPECT_EQ(statuses[i], 1) << "call " << i;
  hone_pool_free(nullptr);
  hone_engine_free(nullptr);
  hone_context_free(nullptr);
  EXPECT_EQ(hone_pool_threads(nullptr), 1);
  EXPECT_EQ(hone_engine_find_input(nullptr, "x"), -1);
  EXPECT_EQ(hone_engine_find_output(nullptr, "x"), -1);
  EXPECT_EQ(hone_engine_property(nullptr, "x"), nullptr);
  EXPECT_EQ(hone_fence_done(nullptr), 0);
  const Loaded l(sample_spec());
  EXPECT_EQ(l.engine.find_input(nullptr), -1);
  EXPECT_EQ(l.engine.property(nullptr), nullptr);
}

TEST(ApiStatus, PluginsAreForLoading) {
  const Loaded l(sample_spec());
  Text why;
  const auto* plugin = reinterpret_cast<const hone_plugin*>(&l);
  EXPECT_EQ(hone_engine_add_plugin(l.engine.get(), plugin, why.data(), Text::size()),
            HONE_UNSUPPORTED);
  EXPECT_STREQ(why.c_str(),
               "plugins are given when the engine is loaded: hone_load_options.plugins");
  EXPECT_EQ(hone_engine_add_plugin(l.engine.get(), plugin, nullptr, 0), HONE_UNSUPPORTED);
}

// --- what the caller gives ---

struct Log {
  std::vector<std::pair<int32_t, std::string>> lines;
  static void take(void* user, int32_t level, const char* text) {
    static_cast<Log*>(user)->lines.emplace_back(level, text);
  }
};

TEST(ApiLog, TellsOfLoadsAndFailuresNeverOfRuns) {
  const FileBytes file = sample_spec().build();
  Log log;
  auto o = sized<hone_load_options>();
  o.allocator = hone_default_allocator();
  o.log = Log::take, o.log_user = &log;
  hone_engine* made = nullptr;
  ASSERT_EQ(hone_load_memory(file.data(), file.size(), &o, &made), HONE_OK);
  Engine engine;
  engine.reset(made);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_EQ(log.lines[0].first, HONE_LOG_INFO);
  EXPECT_EQ(log.lines[0].second, "loaded engine 'tiny': 5 steps, 16 bytes of weights");
  Context context;
  EXPECT_EQ(context.create(engine, nullptr, 9), HONE_NOT_FOUND);
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_EQ(log.lines[1].first, HONE_LOG_ERROR);
  ASSERT_EQ(context.create(engine), HONE_OK);
  const int64_t dims[] = {2, 4};
  ASSERT_EQ(context.set_shape(0, dims, 2), HONE_OK);
  ASSERT_EQ(context.bind(), HONE_OK);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(context.run(), HONE_OK);
  EXPECT_EQ(log.lines.size(), 2u);
  EXPECT_EQ(hone_load_memory(file.data(), 10, &o, &made), HONE_CORRUPT);
  ASSERT_EQ(log.lines.size(), 3u);
  EXPECT_EQ(log.lines[2].first, HONE_LOG_ERROR);
  for (const auto& [level, text] : log.lines) EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace hone::runtime
