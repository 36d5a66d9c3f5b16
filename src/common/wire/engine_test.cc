#include "common/wire/engine.h"

#include <gtest/gtest.h>

#include <functional>

#include "common/wire/limits.h"
#include "common/wire/testing/sample_engine.h"

namespace hone::wire {
namespace {

using testing::EngineSpec;
using testing::FileBytes;
using testing::sample_spec;

device::Result<Engine> verify_bytes(const FileBytes& f) { return verify({f.bytes()}); }

TEST(WireVerify, AcceptsTheSample) {
  const FileBytes file = sample_spec().build();
  const auto engine = verify_bytes(file);
  ASSERT_TRUE(engine.ok()) << engine.status().text().c_str();
  EXPECT_EQ(engine->meta().steps()->size(), 5u);
  EXPECT_EQ(engine->weights().size(), 16u);
  EXPECT_EQ(missing_isa(*engine, mask(Isa::portable)), 0u);
}

TEST(WireVerify, AcceptsAnEngineOfNothing) {
  const FileBytes file = EngineSpec().build();
  const auto engine = verify_bytes(file);
  EXPECT_TRUE(engine.ok()) << engine.status().text().c_str();
}

TEST(WireVerify, RefusesEveryFlippedBit) {
  FileBytes file = sample_spec().build();
  for (size_t i = 0; i < file.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      file[i] ^= std::byte{1} << bit;
      ASSERT_FALSE(verify_bytes(file).ok()) << "byte " << i << " bit " << bit;
      file[i] ^= std::byte{1} << bit;
    }
  }
  EXPECT_TRUE(verify_bytes(file).ok());
}

TEST(WireVerify, RefusesEveryTruncation) {
  const FileBytes file = sample_spec().build();
  for (size_t n = 0; n < file.size(); ++n) {
    const FileBytes cut(file.bytes().first(n));
    const auto engine = verify_bytes(cut);
    ASSERT_FALSE(engine.ok()) << n;
    ASSERT_EQ(engine.code(), Code::corrupt) << n;
  }
}

TEST(WireVerify, SaysWhatIsWrongWithTheFile) {
  const auto text = [](const std::function<void(FileBytes&)>& change) {
    FileBytes file = sample_spec().build();
    change(file);
    const auto engine = verify_bytes(file);
    return engine.ok() ? std::string("ok") : std::string(engine.status().text().c_str());
  };
  EXPECT_EQ(text([](FileBytes&) {}), "ok");
  EXPECT_EQ(text([](FileBytes& f) { f[0] = std::byte{0xff}; }),
            "not a Hone engine (its first bytes are something else's)");
  EXPECT_EQ(text([](FileBytes& f) { f.header().version_major = 2; }),
            "engine format 2.2, this Hone reads up to 1.x: update Hone or rebuild the engine with "
            "this one");
  EXPECT_EQ(text([](FileBytes& f) { f.header().version_minor = 7, f.seal(); }), "ok");
  EXPECT_EQ(text([](FileBytes& f) { f.header().file_bytes += 10; }).substr(0, 21),
            "truncated engine file");
  EXPECT_EQ(text([](FileBytes& f) { f.header().meta_bytes = ~uint64_t{0}, f.seal(); }),
            "metadata outside the engine file");
  EXPECT_EQ(text([](FileBytes& f) { f.header().weights_bytes += 1, f.seal(); }),
            "weights section misplaced in the engine file");
  EXPECT_EQ(text([](FileBytes& f) { f[f.size() - 1] ^= std::byte{1}; }),
            "engine file damaged: its checksum does not match");
  EXPECT_EQ(text([](FileBytes& f) { f[f.header().weights_offset - 1] = std::byte{1}, f.seal(); }),
            "padding of the engine file is not zero");
  EXPECT_EQ(text([](FileBytes& f) { f[64] = std::byte{0xff}, f.seal(); }),
            "metadata of the engine file is malformed");
}

TEST(WireVerify, WantsAlignedBytes) {
  const FileBytes file = sample_spec().build();
  FileBytes moved(file.size() + 8);
  std::memcpy(moved.data() + 8, file.data(), file.size());
  EXPECT_EQ(verify({moved.bytes().subspan(8)}).code(), Code::invalid_argument);
}

TEST(WireVerify, TrustsWhoVouchesForTheChecksum) {
  FileBytes file = sample_spec().build();
  file.header().checksum ^= 1;
  EXPECT_FALSE(verify({file.bytes()}).ok());
  EXPECT_TRUE(verify({file.bytes()}, false).ok());
}

TEST(WireVerify, NamesTheMissingInstructionSets) {
  EngineSpec spec = sample_spec();
  spec.isa |= mask(Isa::avx2) | mask(Isa::avx512);
  const FileBytes file = spec.build();
  const auto engine = verify_bytes(file);
  ASSERT_TRUE(engine.ok());
  EXPECT_EQ(missing_isa(*engine, up_to(Isa::avx2)), mask(Isa::avx512));
}

// One broken field, and the words that must stand in the refusal.
struct Broken {
  const char* name;
  void (*breaks)(EngineSpec&);
  const char* words;
};

class WireRefuses : public ::testing::TestWithParam<Broken> {};

TEST_P(WireRefuses, WithAReason) {
  EngineSpec spec = sample_spec();
  GetParam().breaks(spec);
  const FileBytes file = spec.build();
  const auto engine = verify_bytes(file);
  ASSERT_FALSE(engine.ok());
  EXPECT_NE(std::string(engine.status().text().c_str()).find(GetParam().words), std::string::npos)
      << engine.status().text().c_str();
}

constexpr int32_t huge = 1 << 30;

testing::StepSpec measurement() {
  testing::StepSpec s;
  s.kind = StepKind::measure;
  return s;
}

testing::StepSpec looping(EngineSpec& e, int32_t condition, int32_t steps) {
  e.loop(0, condition, e.arena({}, 0, DType::i64), steps);
  testing::StepSpec s = std::move(e.steps.back());
  e.steps.pop_back();
  return s;
}

// A profile of any size, which has choices as others do.
testing::ProfileSpec with_choices(std::vector<testing::ChoiceSpec> choices) {
  testing::ProfileSpec p;
  p.choices = std::move(choices);
  return p;
}

const Broken all_broken[] = {
    {"DimOfLater", [](EngineSpec& e) { e.dim(DimOp::add, huge, 0); }, "uses a later one"},
    {"DimOfItself", [](EngineSpec& e) { e.dim(DimOp::add, 0, int64_t(e.dims.size())); },
     "uses a later one"},
    {"DimNegative", [](EngineSpec& e) { e.dim(DimOp::mul, -1, 0); }, "uses a later one"},
    {"SelectCondition", [](EngineSpec& e) { e.dim(DimOp::select, 0, 0, huge); },
     "uses a later one"},
    {"DimOp", [](EngineSpec& e) { e.dim(static_cast<DimOp>(99)); }, "unknown operation"},
    {"DimInput", [](EngineSpec& e) { e.dim(DimOp::input_dim, 3, 0); }, "out of range"},
    {"DimInputAxis", [](EngineSpec& e) { e.dim(DimOp::input_dim, 0, 2); }, "out of range"},
    {"ValueType", [](EngineSpec& e) { e.values[6].dtype = DType::string; }, "value 6"},
    {"ValueTypeUnknown", [](EngineSpec& e) { e.values[5].dtype = DType{200}; }, "value 5"},
    {"ValueRank", [](EngineSpec& e) { e.values[5].shape.assign(9, 0); }, "more than 8"},
    {"ValueShape", [](EngineSpec& e) { e.values[5].shape[0] = huge; }, "dimension out of range"},
    {"StridesRank",
     [](EngineSpec& e) {
       e.values[5].strides = {{0, 0, 0}};
     },
     "strides of another rank"},
    {"Strides",
     [](EngineSpec& e) {
       e.values[6].strides = {{0, -1}};
     },
     "dimension out of range"},
    {"ValueSlot", [](EngineSpec& e) { e.values[6].index = 1; }, "slot out of range"},
    {"ValueInput",
     [](EngineSpec& e) {
       e.value({DType::f32, {}, Place::input, 3, 0, {}, 0, 0});
     },
     "slot out of range"},
    {"ValueOffset", [](EngineSpec& e) { e.values[6].offset = huge; }, "offset out of range"},
    {"ValuePlace", [](EngineSpec& e) { e.values[6].place = static_cast<Place>(9); },
     "unknown place"},
    {"WeightStart", [](EngineSpec& e) { e.values[5].offset = huge; }, "offset out of range"},
    {"WeightAlign", [](EngineSpec& e) { e.values[5].weight_offset = 4; }, "not aligned"},
    {"WeightOffset", [](EngineSpec& e) { e.values[5].weight_offset = 64; }, "outside the weights"},
    {"WeightBytes", [](EngineSpec& e) { e.values[5].weight_bytes = 17; }, "outside the weights"},
    {"WeightWrap", [](EngineSpec& e) { e.values[5].weight_offset = ~uint64_t{63}; },
     "outside the weights"},
    {"StepKind", [](EngineSpec& e) { e.steps[1].kind = static_cast<StepKind>(9); }, "unknown kind"},
    {"StepReads", [](EngineSpec& e) { e.steps[1].in[0] = huge; }, "reads a value out of range"},
    {"StepWrites", [](EngineSpec& e) { e.steps[1].out[0] = -2; }, "writes a value out of range"},
    {"StepWritesWeights", [](EngineSpec& e) { e.steps[1].out[0] = 5; }, "writes weights"},
    {"StepWritesInput", [](EngineSpec& e) { e.steps[1].out[0] = 0; }, "writes weights or an input"},
    {"StepOperands", [](EngineSpec& e) { e.steps[1].in.assign(17, 0); }, "too many operands"},
    {"StepAttrs", [](EngineSpec& e) { e.steps[1].attrs.assign(65, 0); }, "too many operands"},
    {"StepDims", [](EngineSpec& e) { e.steps[1].dims = {huge}; }, "dimension out of range"},
    {"StepKernel", [](EngineSpec& e) { e.steps[1].kernel = ""; }, "names no kernel"},
    {"TrapText", [](EngineSpec& e) { e.steps[4].kind = StepKind::trap; }, "without a reason"},
    {"BranchLong", [](EngineSpec& e) { e.steps[0].else_steps = 3; }, "longer than the region"},
    {"BranchNegative", [](EngineSpec& e) { e.steps[0].then_steps = -1; }, "longer than the region"},
    {"BranchWraps", [](EngineSpec& e) { e.steps[0].then_steps = e.steps[0].else_steps = huge; },
     "longer than the region"},
    {"BranchCrosses",
     [](EngineSpec& e) {
       e.steps[1] = e.steps[0];  // inside the then-part of step 0, which has one step left
     },
     "longer than the region"},
    {"BranchCondition", [](EngineSpec& e) { e.steps[0].in[0] = 0; }, "no bool scalar"},
    {"BranchConditions", [](EngineSpec& e) { e.steps[0].in.push_back(1); }, "other than one"},
    {"BranchAbsent", [](EngineSpec& e) { e.steps[0].in[0] = -1; }, "other than one"},
    {"BranchDeep",
     [](EngineSpec& e) {
       e.steps.clear();
       for (int i = 0; i < 20; ++i) e.branch(1, 19 - i, 0);
     },
     "nested too deep"},
    {"BranchThenMeasures", [](EngineSpec& e) { e.steps[1] = e.steps[4] = measurement(); },
     "step 3 is no measurement, but the branch before it measures"},
    {"BranchElseMeasures", [](EngineSpec& e) { e.steps[3] = measurement(); },
     "step 4 is no measurement, but the branch before it measures"},
    {"BranchMeasuresAtTheEnd",
     [](EngineSpec& e) {
       e.steps[3] = measurement();
       e.steps.pop_back();
     },
     "step 4 is no measurement, but the branch before it measures"},
    {"LoopOfNothing", [](EngineSpec& e) { e.steps[1] = looping(e, 1, 0); }, "a loop of no steps"},
    {"LoopElse",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.steps[1].else_steps = 1;
     },
     "a loop of no steps"},
    {"LoopLong", [](EngineSpec& e) { e.steps[1] = looping(e, 1, 9); }, "longer than the region"},
    {"LoopCounter",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.steps[1].out.clear();
     },
     "other than a count"},
    {"LoopCounterType",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.values[static_cast<size_t>(e.steps[1].out[0])].dtype = DType::i32;
     },
     "counter is no i64 scalar"},
    {"LoopCounterRank",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.values[static_cast<size_t>(e.steps[1].out[0])].shape.assign(2, 0);
     },
     "counter is no i64 scalar"},
    {"LoopTrips",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.steps[1].dims.clear();
     },
     "other than a count"},
    {"LoopTripsRange",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.steps[1].dims[0] = huge;
     },
     "dimension out of range"},
    {"LoopCondition", [](EngineSpec& e) { e.steps[1] = looping(e, 0, 1); },
     "condition is no bool scalar"},
    {"LoopConditions",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.steps[1].in.assign(2, 1);
     },
     "other than a count"},
    {"LoopMeasures",
     [](EngineSpec& e) {
       e.steps[1] = looping(e, 1, 1);
       e.steps[2] = measurement();
     },
     "measures inside a loop"},
    {"InputRank", [](EngineSpec& e) { e.inputs[1].sizes.assign(9, 1); }, "more than 8"},
    {"InputSize", [](EngineSpec& e) { e.inputs[0].sizes[0] = -2; }, "negative size"},
    {"InputType", [](EngineSpec& e) { e.inputs[0].dtype = DType::i32; }, "another place or type"},
    {"InputValue", [](EngineSpec& e) { e.inputs[0].value = 2; }, "another place or type"},
    {"OutputValue", [](EngineSpec& e) { e.outputs[0].value = -1; }, "value out of range"},
    {"OutputDims", [](EngineSpec& e) { e.outputs[0].dims.pop_back(); }, "another rank"},
    {"OutputDim", [](EngineSpec& e) { e.outputs[0].dims[0] = huge; }, "dimension out of range"},
    {"Check", [](EngineSpec& e) { e.checks[0].first = huge; }, "check 0"},
    {"State", [](EngineSpec& e) { e.states[0].second = 3; }, "state 0"},
    {"StateType", [](EngineSpec& e) { e.states[0].second = 1; }, "state 0"},
    {"Slots", [](EngineSpec& e) { e.slots = -1; }, "slots < 0"},
    {"SlotsMany", [](EngineSpec& e) { e.slots = huge; }, "larger than this version"},
    {"ProfileRanges",
     [](EngineSpec& e) {
       e.profiles = {{{Range(1, 1, 1)}, 64, {0}}};
     },
     "number of ranges"},
    {"ProfileRange",
     [](EngineSpec& e) {
       e.profiles = {{{Range(1, 2, 1), Range(4, 4, 4), Range(4, 4, 4)}, 64, {0}}};
     },
     "a range that is none"},
    {"ProfileSlots",
     [](EngineSpec& e) {
       e.profiles = {{{Range(1, 1, 1), Range(4, 4, 4), Range(4, 4, 4)}, 64, {}}};
     },
     "number of slots"},
    {"ProfileSlot",
     [](EngineSpec& e) {
       e.profiles = {{{Range(1, 1, 1), Range(4, 4, 4), Range(4, 4, 4)}, 64, {128}}};
     },
     "outside its arena"},
    {"ChoiceStep",
     [](EngineSpec& e) {
       e.profiles = {with_choices({{99, "k", 1, {}}})};
     },
     "runs no kernel"},
    {"ChoiceOfABranch",
     [](EngineSpec& e) {
       e.profiles = {with_choices({{0, "k", 1, {}}})};
     },
     "runs no kernel"},
    {"ChoiceOrder",
     [](EngineSpec& e) {
       e.profiles = {with_choices({{2, "k", 1, {}}, {1, "k", 1, {}}})};
     },
     "out of order"},
    {"ChoiceTwice",
     [](EngineSpec& e) {
       e.profiles = {with_choices({{1, "k", 1, {}}, {1, "k", 1, {}}})};
     },
     "out of order"},
    {"ChoiceReads",
     [](EngineSpec& e) {
       e.profiles = {with_choices({{1, "k", 1, {huge}}})};
     },
     "reads a value out of range"},
    {"ChoiceOperands",
     [](EngineSpec& e) {
       e.profiles = {with_choices({{1, "k", 1, std::vector<int32_t>(17, 0)}})};
     },
     "too many operands"},
    {"ProfileNote",
     [](EngineSpec& e) {
       e.profiles = {with_choices({})};
       e.profiles[0].notes = {huge};
     },
     "note 0"},
};

INSTANTIATE_TEST_SUITE_P(All, WireRefuses, ::testing::ValuesIn(all_broken),
                         [](const auto& info) { return std::string(info.param.name); });

// Any change, with the checksum made right again: refused or accepted, never a crash.
TEST(WireVerify, SurvivesMutations) {
  const FileBytes good = sample_spec().build();
  const size_t meta_end = sizeof(Header) + sample_spec().build().header().meta_bytes;
  uint64_t random = 88172645463325252u;
  const auto next = [&] {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    return random;
  };
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    FileBytes file(good.bytes());
    for (uint64_t changes = 1 + next() % 3; changes > 0; --changes) {
      const size_t at = 64 + next() % (meta_end - 64);
      file[at] = next() % 2 == 0 ? std::byte(next()) : file[at] ^ (std::byte{1} << (next() % 8));
    }
    file.seal();
    accepted += verify_bytes(file).ok() ? 1 : 0;
  }
  EXPECT_GT(accepted, 100);  // names and texts may be anything
  EXPECT_LT(accepted, 19000);
}

}  // namespace
}  // namespace hone::wire
