// Plan -> file -> steps as data and what a refit takes; damaged files, too, are refused or read.
#include "host/engine/read_steps.h"

#include "common/wire/testing/tiny_engine.h"
#include "host/engine/refit.h"
#include "host/engine/write_engine.h"
#include "host/plan/testing/planned.h"

namespace hone::engine {
namespace {

using plan::testing::planned;
using wire::testing::FileBytes;

constexpr const char* model = R"(in %x f32[n,4,m]
const %w f32[4,4] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
%t = Transpose(%x) {perm=[0, 2, 1]} "t"
%a = MatMul(%t, %w) "fc"
%y = Exp(%a) "u"
out %y as "y"
)";

// Two profiles that choose different kernels.
FileBytes written(const CompileOptions& options = {}) {
  plan::PlanOptions o = plan::testing::test_options();
  o.profiles = {{{"x", {{1, 2, 4}, {4, 4, 4}, {1, 8, 8}}}},
                {{"x", {{5, 6, 7}, {4, 4, 4}, {1, 3, 8}}}}};
  o.time = [](const plan::Candidate& c, int) -> Result<double> {
    const bool portable = std::string(c.kernel->name).find("portable") != std::string::npos;
    return portable == (c.step.in[0].shape[0] == 6) ? 10.0 : 20.0;
  };
  auto bytes = write_engine(planned(model, o), {{}, option_words(options)});
  EXPECT_TRUE(bytes.ok());
  return FileBytes(*bytes);
}

TEST(ReadSteps, SaysWhatEachProfileRunsAtItsSizes) {
  const FileBytes file = written();
  auto e = wire::verify({file.bytes()});
  ASSERT_TRUE(e.ok()) << e.status().text().c_str();
  auto first = read_steps(e->meta(), 0), second = read_steps(e->meta(), 1);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_EQ(first->size(), 3u);
  const FileStep &fc = (*first)[1], &other = (*second)[1];
  EXPECT_EQ(fc.op, "MatMul");
  EXPECT_EQ(fc.layer, "fc");
  EXPECT_NE(fc.kernel, "gemm_f32_portable");
  EXPECT_EQ(fc.out[0].view.shape, Shape({2, 8, 4}));
  EXPECT_EQ(fc.in[1].place, wire::Place::weights);
  EXPECT_EQ(fc.in[1].view.dtype, DType::u8) << "packed";
  EXPECT_EQ(fc.ns, 10);
  EXPECT_EQ(other.kernel, "gemm_f32_portable");
  EXPECT_EQ(other.out[0].view.shape, Shape({6, 3, 4}));
  ASSERT_FALSE(other.tactics.empty());
  EXPECT_EQ(other.tactics[0].kernel, "gemm_f32_portable");
}

TEST(ReadRefit, GivesBackWhatDecided) {
  CompileOptions o;
  o.precision = "bf16";
  o.opt_level = 5;
  o.max_weight_growth = 1.75;
  o.max_workspace = 4096;
  o.tactics = {{"gemm_*"}, {"*avx2"}};
  o.prefer_kernel = "portable";
  o.passes.disabled = {"fuse_chain", "fold_scale"};
  o.passes.stop_after = 7;
  const FileBytes file = written(o);
  auto e = wire::verify({file.bytes()});
  ASSERT_TRUE(e.ok());
  auto refit = read_refit(*e);
  ASSERT_TRUE(refit.ok()) << refit.status().text();
  EXPECT_EQ(option_words(refit->options), option_words(o));
  EXPECT_EQ(refit->options.profiles.size(), 2u);
  EXPECT_EQ(refit->options.profiles[1].at("x")[2].max, 8);
  EXPECT_STREQ(refit->options.target.cpu, "Test CPU");
  EXPECT_EQ(refit->tactics.inputs, (std::vector<std::string>{"x f32[n,4,m]"}));
  EXPECT_EQ(refit->tactics.profiles.size(), 2u);
  EXPECT_GT(refit->tactics.packed.least, 0);
}

TEST(ReadRefit, AnEngineThatDoesNotSayIsRefused) {
  auto bytes = write_engine(planned(model));
  ASSERT_TRUE(bytes.ok());
  const FileBytes file(*bytes);
  auto refit = read_refit(*wire::verify({file.bytes()}));
  EXPECT_EQ(refit.code(), Code::version_mismatch);
  EXPECT_NE(refit.status().text().find("does not say how it was built"), std::string::npos);
}

// Every byte of the metadata in turn becomes something else, under a right checksum.
TEST(ReadRefit, DamageIsRefusedOrRead) {
  FileBytes file = written();
  const size_t end = sizeof(wire::Header) + file.header().meta_bytes;
  int read = 0, refused = 0;
  for (size_t i = sizeof(wire::Header); i < end; ++i) {
    const std::byte was = file[i];
    for (int to : {0, 0x7f, 0xff}) {
      file[i] = static_cast<std::byte>(to);
      file.seal();
      auto e = wire::verify({file.bytes()});
      const bool fine = e.ok() && read_refit(*e).ok();
      ++(fine ? read : refused);
    }
    file[i] = was;
  }
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace hone::engine
