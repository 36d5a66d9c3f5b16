// Engines with steps of a plugin's operator: run, or refused in words.
#include <gtest/gtest.h>

#include "device/runtime/testing/loaded.h"
#include "device/runtime/testing/zoo.h"

namespace hone::runtime {
namespace {

using testing::DoublePlugin;
using testing::plugin_spec;
using wire::testing::EngineSpec;
using wire::testing::FileBytes;

using Refusal = std::pair<hone_status, std::string>;

// The status and words of loading with these plugins.
Refusal load(const EngineSpec& spec, std::vector<const hone_plugin*> plugins) {
  const FileBytes file = spec.build();
  Engine engine;
  Text why;
  Plugins given;
  given.list = plugins.data();
  given.count = static_cast<int32_t>(plugins.size());
  const hone_status s =
      engine.load_memory(file.data(), file.size(), &why, 0, hone_default_allocator(), given);
  return {s, why.c_str()};
}

TEST(RuntimePlugin, RunsOnAnyNumberOfThreads) {
  const DoublePlugin plugin;
  const hone_plugin* const list[] = {&plugin.table};
  Plugins given;
  given.list = list;
  given.count = 1;
  const FileBytes file = plugin_spec().build();
  for (int32_t threads : {1, 3}) {
    Engine engine;
    Text why;
    ASSERT_EQ(
        engine.load_memory(file.data(), file.size(), &why, 0, hone_default_allocator(), given),
        HONE_OK)
        << why.c_str();
    Pool pool;
    ASSERT_EQ(pool.create(threads), HONE_OK);
    Context context;
    ASSERT_EQ(context.create(engine, &pool), HONE_OK);
    const int64_t shape[] = {5, 4};
    ASSERT_EQ(context.set_shape(0, shape, 2), HONE_OK);
    ASSERT_EQ(context.bind(), HONE_OK) << context.error();
    for (uint8_t branch : {0, 1}) {
      for (int i = 0; i < 20; ++i) context.input<float>(0)[i] = static_cast<float>(i);
      *context.input<uint8_t>(1) = branch;
      ASSERT_EQ(context.run(), HONE_OK);
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(context.output<float>(0)[i], 2 * (2 * static_cast<float>(i) + 3)) << threads;
      }
    }
  }
}

TEST(RuntimePlugin, MissingOnesAreNamed) {
  EXPECT_EQ(
      load(plugin_spec(), {}),
      Refusal(HONE_NOT_FOUND,
              "step 0 (layer0) needs the plugin operator com.test::Double version 1: give its "
              "plugin (--plugin FILE.so, hone_load_options.plugins)"));
  DoublePlugin newer;
  newer.op.since_version = 2;
  EXPECT_EQ(load(plugin_spec(), {&newer.table}),
            Refusal(HONE_VERSION_MISMATCH,
                    "step 0 (layer0) needs the plugin operator com.test::Double version 1; the "
                    "plugin given has version 2"));
  DoublePlugin other;
  other.kernel.name = "one_phase";
  EXPECT_EQ(load(plugin_spec(), {&other.table}),
            Refusal(HONE_NOT_FOUND,
                    "step 0 (layer0) needs kernel com.test::Double/two_phases, which the plugin "
                    "given lacks: rebuild the engine"));
  DoublePlugin repacked;
  repacked.kernel.version = 2;
  EXPECT_EQ(
      load(plugin_spec(), {&repacked.table}),
      Refusal(HONE_VERSION_MISMATCH,
              "step 0 (layer0) was built for version 1 of kernel com.test::Double/two_phases, "
              "the plugin given has version 2: rebuild the engine"));
}

TEST(RuntimePlugin, TwoOfOneOperatorAreRefused) {
  const DoublePlugin a, b;
  EXPECT_EQ(load(plugin_spec(), {&a.table, &b.table}),
            Refusal(HONE_INVALID_ARGUMENT, "two of the plugins given have com.test::Double"));
  EXPECT_EQ(load(plugin_spec(), {&a.table, &a.table}).first, HONE_OK) << "the same one twice";
}

TEST(RuntimePlugin, WrongTablesAreRefused) {
  DoublePlugin abi;
  abi.table.abi = HONE_PLUGIN_ABI + 1;
  EXPECT_EQ(load(plugin_spec(), {&abi.table}).first, HONE_VERSION_MISMATCH);
  DoublePlugin isa;
  isa.kernel.isa = "sve2";
  EXPECT_EQ(load(plugin_spec(), {&isa.table}).first, HONE_ISA_MISSING);
#if defined(__x86_64__)
  isa.kernel.isa = "neon_i8mm";
  EXPECT_EQ(load(plugin_spec(), {&isa.table}),
            Refusal(HONE_ISA_MISSING,
                    "step 0 (layer0): kernel com.test::Double/two_phases needs neon_i8mm, which "
                    "this machine lacks"));
#endif
  const auto why = [](void (*break_it)(DoublePlugin*)) {
    DoublePlugin p;
    break_it(&p);
    return load(plugin_spec(), {&p.table});
  };
  const auto invalid = [](const char* text) { return Refusal(HONE_INVALID_ARGUMENT, text); };
  EXPECT_EQ(why([](DoublePlugin* p) { p->table.struct_size = 0; }),
            invalid("the plugin's table lacks its struct_size"));
  EXPECT_EQ(why([](DoublePlugin* p) { p->table.op_count = 0; }),
            invalid("the plugin's table has no operators"));
  EXPECT_EQ(why([](DoublePlugin* p) { p->ops[0] = nullptr; }),
            invalid("an operator without its struct_size"));
  EXPECT_EQ(why([](DoublePlugin* p) { p->op.domain = ""; }),
            invalid("an operator without a domain and a name"));
  EXPECT_EQ(why([](DoublePlugin* p) { p->op.domain = "ai.hone"; }),
            invalid("ai.hone::Double: its domain is not for plugins"));
  EXPECT_EQ(
      why([](DoublePlugin* p) { p->op.max_inputs = 17; }),
      invalid("com.test::Double: the numbers of inputs and outputs are not from 0 and 1 to 16"));
  EXPECT_EQ(why([](DoublePlugin* p) { p->kernel.bind = nullptr; }),
            invalid("com.test::Double: a kernel without isa, bind or run"));
  EXPECT_EQ(why([](DoublePlugin* p) {
              p->kernel.packed_bytes = [](const hone_plugin_step*, int32_t) { return int64_t{0}; };
            }),
            invalid("com.test::Double: a kernel with one of packed_bytes and pack"));
  EXPECT_EQ(load(plugin_spec(), {nullptr}), invalid("the plugin's table lacks its struct_size"));
}

TEST(RuntimePlugin, DamagedStepsAreRefused) {
  const DoublePlugin plugin;
  const auto why = [&](auto break_it) {
    EngineSpec e = plugin_spec();
    break_it(&e.steps[0]);
    return load(e, {&plugin.table});
  };
  using Step = wire::testing::StepSpec;
  EXPECT_EQ(why([](Step* s) { s->plugin->abi = 2; }),
            Refusal(HONE_VERSION_MISMATCH,
                    "step 0 (layer0) was built for plugin ABI 2, this Hone has 1: update Hone"));
  EXPECT_EQ(why([](Step* s) { s->blob[0] = 200; }),
            Refusal(HONE_CORRUPT, "step 0 (layer0) has damaged attributes"));
  EXPECT_EQ(why([](Step* s) { s->blob.push_back(0); }).first, HONE_CORRUPT);
  EXPECT_EQ(why([](Step* s) { s->plugin.reset(); }).first, HONE_CORRUPT);
  EXPECT_EQ(why([](Step* s) { s->plugin->version = 0; }).first, HONE_CORRUPT);
  EXPECT_EQ(why([](Step* s) { s->attrs = {1}; }).first, HONE_CORRUPT);
}

// What the plugin's own bind says of sizes that do not fit together.
TEST(RuntimePlugin, BindRefuses) {
  const DoublePlugin plugin;
  const hone_plugin* const list[] = {&plugin.table};
  Plugins given;
  given.list = list;
  given.count = 1;
  EngineSpec e = plugin_spec();
  e.values[2].shape = {e.size(3)};  // h
  const FileBytes file = e.build();
  Engine engine;
  ASSERT_EQ(
      engine.load_memory(file.data(), file.size(), nullptr, 0, hone_default_allocator(), given),
      HONE_OK);
  Context context;
  ASSERT_EQ(context.create(engine), HONE_OK);
  const int64_t shape[] = {5, 4};
  ASSERT_EQ(context.set_shape(0, shape, 2), HONE_OK);
  EXPECT_EQ(context.bind(), HONE_UNSUPPORTED);
  EXPECT_STREQ(context.error(), "step 0 (layer0), com.test::Double/two_phases: takes f32");
}

TEST(RuntimePlugin, Opens) {
  const hone_plugin* table = nullptr;
  Text why;
  EXPECT_EQ(hone_plugin_open("/no/such.so", &table, why.data(), Text::size()), HONE_NOT_FOUND);
  EXPECT_STREQ(why.c_str(), "cannot read '/no/such.so': no such file");
  EXPECT_EQ(hone_plugin_open("/proc/self/maps", &table, nullptr, 0), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(hone_plugin_open(nullptr, &table, nullptr, 0), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(table, nullptr);
}

}  // namespace
}  // namespace hone::runtime
