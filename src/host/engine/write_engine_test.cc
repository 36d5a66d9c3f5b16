// Plan -> file -> what the verifier hands to the runtime: nothing is lost, nothing depends on when
// or how often it is written.
#include "host/engine/write_engine.h"

#include "common/base/checked.h"
#include "common/wire/dims.h"
#include "common/wire/engine.h"
#include "common/wire/testing/tiny_engine.h"
#include "engine_generated.h"
#include "host/plan/testing/planned.h"

namespace hone::engine {
namespace {

using graph::Dim;
using plan::testing::planned;
using wire::testing::FileBytes;

constexpr const char* model = R"(in %x f32[n,4,m]
in %flag bool[]
const %w f32[4,4] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
%t = Transpose(%x) {perm=[0, 2, 1]} "t"
%a = MatMul(%t, %w) "fc"
%b = If(%flag) "if"
  then_branch: {
    %u = Exp(%a) "u"
    out %u
  }
  else_branch: {
    %v = Neg(%a) "v"
    out %v
  }
%s = Shape(%x)
%y = Concat(%b, %a) {axis=2} "cat"
out %y as "y"
out %s as "s"
)";

plan::Plan sample() {
  plan::PlanOptions o = plan::testing::test_options();
  o.threads = 3;
  plan::Plan p = planned(model, o);
  p.model_hash = 0x1234;
  return p;
}

std::vector<std::byte> written(const plan::Plan& p, const WriteOptions& options = {}) {
  auto bytes = write_engine(p, options);
  EXPECT_TRUE(bytes.ok()) << bytes.status().text();
  return bytes.ok() ? *bytes : std::vector<std::byte>();
}

TEST(WriteEngine, EqualPlansGiveEqualBytes) {
  EXPECT_EQ(written(sample()), written(sample()));
  EXPECT_NE(written(sample()), written(sample(), {{{"labels", "a b"}}}));
}

TEST(WriteEngine, WhatIsReadIsWhatWasPlanned) {
  const plan::Plan p = sample();
  const FileBytes file(written(p, {{{"labels", "a b"}, {"contract", ""}}}));
  auto engine = wire::verify({file.bytes()});
  ASSERT_TRUE(engine.ok()) << engine.status().text().c_str();
  const wire::EngineMeta& m = engine->meta();
  IsaMask needs = 0;
  for (const plan::Step& s : p.steps) {
    if (s.kernel != nullptr) needs |= mask(s.kernel->isa);
  }
  EXPECT_EQ(engine->header().isa, needs);
  EXPECT_EQ(m.model_name()->str(), "g");
  EXPECT_EQ(m.model_hash(), 0x1234u);
  EXPECT_EQ(m.precision()->str(), "f32");
  EXPECT_EQ(m.target_cpu()->str(), "Test CPU");
  EXPECT_EQ(m.threads(), 3);
  EXPECT_EQ(m.slots(), p.slots);
  ASSERT_EQ(m.properties()->size(), 2u);
  EXPECT_EQ(m.properties()->Get(0)->key()->str(), "labels");
  EXPECT_EQ(m.properties()->Get(0)->text()->str(), "a b");

  ASSERT_EQ(m.inputs()->size(), 2u);
  const wire::Io& x = *m.inputs()->Get(0);
  EXPECT_EQ(x.name()->str(), "x");
  EXPECT_EQ(static_cast<DType>(x.dtype()), DType::f32);
  EXPECT_EQ(x.shape()->Get(0)->size(), -1);
  EXPECT_EQ(x.shape()->Get(0)->symbol()->str(), "n");
  EXPECT_EQ(x.shape()->Get(0)->opt(), 1);
  EXPECT_EQ(x.shape()->Get(1)->size(), 4);
  EXPECT_EQ(x.shape()->Get(2)->opt(), 64);
  ASSERT_EQ(m.outputs()->size(), 2u);
  EXPECT_EQ(m.outputs()->Get(0)->name()->str(), "y");
  EXPECT_EQ(m.outputs()->Get(1)->name()->str(), "s");

  ASSERT_EQ(m.steps()->size(), p.steps.size());
  for (size_t i = 0; i < p.steps.size(); ++i) {
    const wire::Step& s = *m.steps()->Get(static_cast<uint32_t>(i));
    EXPECT_EQ(s.layer()->str(), p.steps[i].layer);
    EXPECT_EQ(s.op()->str(), p.steps[i].op);
    EXPECT_EQ(static_cast<int>(s.kind()), static_cast<int>(p.steps[i].kind));
    EXPECT_EQ(s.then_steps(), p.steps[i].then_steps);
    EXPECT_EQ(s.else_steps(), p.steps[i].else_steps);
    ASSERT_EQ(s.in()->size(), p.steps[i].in.size());
    ASSERT_EQ(s.attrs()->size(), p.steps[i].attrs.size());
    for (size_t k = 0; k < p.steps[i].attrs.size(); ++k) {
      EXPECT_EQ(s.attrs()->Get(static_cast<uint32_t>(k)), p.steps[i].attrs[k]);
    }
    if (p.steps[i].kernel == nullptr) continue;
    EXPECT_EQ(s.kernel()->str(), p.steps[i].kernel->name);
    EXPECT_EQ(s.kernel_version(), p.steps[i].kernel->version);
  }
}

// Shapes, strides and offsets of all operands, evaluated by the program in the file and by the
// plan.
TEST(WriteEngine, SizesAreThePlansAtAnyShape) {
  const plan::Plan p = sample();
  const FileBytes file(written(p));
  auto engine = wire::verify({file.bytes()});
  ASSERT_TRUE(engine.ok());
  const wire::EngineMeta& m = engine->meta();
  const auto* instrs = reinterpret_cast<const wire::DimInstr*>(m.dims()->Data());
  for (auto [n, cols] : {std::pair<int64_t, int64_t>{1, 64}, {3, 1}, {17, 1000}}) {
    const Shape shapes[] = {Shape({n, 4, cols}), Shape()};
    std::vector<int64_t> dims(m.dims()->size());
    ASSERT_TRUE(wire::eval_dims({instrs, dims.size()}, shapes, {}, dims).ok());
    const std::map<std::string, int64_t> sizes = {{"n", n}, {"m", cols}};
    for (size_t i = 0; i < p.steps.size(); ++i) {
      const wire::Step& s = *m.steps()->Get(static_cast<uint32_t>(i));
      for (size_t k = 0; k < p.steps[i].in.size(); ++k) {
        if (p.steps[i].in[k] == plan::absent) continue;
        const plan::Value& want = p.values[static_cast<size_t>(p.steps[i].in[k])];
        const wire::Value& got =
            *m.values()->Get(static_cast<uint32_t>(s.in()->Get(static_cast<uint32_t>(k))));
        ASSERT_EQ(got.name()->str(), want.name);
        ASSERT_EQ(got.shape()->size(), want.shape.size());
        for (uint32_t d = 0; d < want.shape.size(); ++d) {
          EXPECT_EQ(dims[static_cast<size_t>(got.shape()->Get(d))], want.shape[d].evaluate(sizes));
        }
        ASSERT_EQ(got.strides() != nullptr, !want.strides.empty());
        for (uint32_t d = 0; d < want.strides.size(); ++d) {
          EXPECT_EQ(dims[static_cast<size_t>(got.strides()->Get(d))],
                    want.strides[d].evaluate(sizes));
        }
        const plan::Storage& storage = p.storages[static_cast<size_t>(want.storage)];
        const graph::Dim place = storage.block * graph::Dim(512 / bits(want.dtype));
        EXPECT_EQ(dims[static_cast<size_t>(got.offset())], (want.offset + place).evaluate(sizes));
      }
    }
  }
}

TEST(WriteEngine, WeightsLieAlignedAndWhole) {
  const plan::Plan p = sample();
  const FileBytes file(written(p));
  auto engine = wire::verify({file.bytes()});
  ASSERT_TRUE(engine.ok());
  ASSERT_FALSE(p.constants.empty());
  size_t seen = 0;
  for (const wire::Value* v : *engine->meta().values()) {
    if (v->place() != wire::Place::weights) continue;
    EXPECT_EQ(v->weight_offset() % 64, 0u);
    bool found = false;
    for (const plan::Constant& c : p.constants) {
      const auto want = c.data.raw_bytes();
      if (want.size() != v->weight_bytes()) continue;
      found = found || std::equal(want.begin(), want.end(),
                                  engine->weights().begin() +
                                      static_cast<std::ptrdiff_t>(v->weight_offset()));
    }
    EXPECT_TRUE(found) << v->name()->str();
    ++seen;
  }
  EXPECT_EQ(seen, p.constants.size());
}

TEST(WriteEngine, EqualWeightsLieInTheFileOnce) {
  plan::Plan p = sample();
  const FileBytes once(written(p));
  const size_t before = wire::verify({once.bytes()})->weights().size();
  p.constants.push_back(p.constants[0]);
  const FileBytes again(written(p));
  EXPECT_EQ(wire::verify({again.bytes()})->weights().size(), before);
  p.constants.back().data.set(0, p.constants.back().data.at(0) + 1);
  const FileBytes other(written(p));
  EXPECT_GT(wire::verify({other.bytes()})->weights().size(), before);
}

TEST(WriteEngine, AFlippedBitIsFoundWhereverItIs) {
  FileBytes file(written(sample()));
  for (size_t at = 0; at < file.size(); at += 37) {
    file[at] ^= std::byte{4};
    EXPECT_FALSE(wire::verify({file.bytes()}).ok()) << "byte " << at;
    file[at] ^= std::byte{4};
  }
  EXPECT_TRUE(wire::verify({file.bytes()}).ok());
}

}  // namespace
}  // namespace hone::engine
