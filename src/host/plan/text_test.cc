// The plan's text is complete: what differs prints differently.
#include <functional>
#include <sstream>

#include "host/ops/plugin.h"
#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::planned;
using testing::test_options;

constexpr const char* small = R"(in %x f32[n,4]
const %w f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]
%a = MatMul(%x, %w) "fc"
%b = Exp(%a) "exp"
%y = Concat(%b, %b) {axis=1} "cat"
out %y as "y"
)";

TEST(PlanText, OfASmallPlan) {
  PlanOptions o = test_options(mask(Isa::portable));
  // Without what was refused, which grows with every kernel.
  std::string text;
  std::istringstream lines(to_text(planned(small, o)));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ")) text += line + "\n";
  }
  EXPECT_EQ(text, R"(plan "g" model 0000000000000000 precision f32 threads 1
target "Test CPU" x86_64 "linux" isa portable cores 2 l1d 32768 l2 262144 l3 0 memory 0
symbol "n" = input 0 axis 0
timed at "n" = 1
input "x" f32[n,4] v0
output "y" f32[n,4] v5
constant 0 f32[4,2] cdf15df2906d00c7 "w"
storage s0 input 0 f32[4*n] steps 0..0
storage s1 weights 0 f32[8] steps 0..0
storage s2 unplaced -1 f32[2*n] steps -1..-1
storage s3 arena 0 f32[2*n] steps 0..3
storage s4 output 0 f32[4*n] steps 2..3
value v0 f32[n,4] in s0 "x"
value v1 f32[4,2] in s1 "w"
value v2 f32[n,2] in s3 "a"
value v3 f32[n,2] in s3 "a"
value v4 f32[n,2] in s3 "b"
value v5 f32[n,4] in s4 "y"
value v6 f32[n,2] in s4 strides [4,1] "y"
value v7 f32[n,2] in s4 strides [4,1] offset 2 "y"
step 0 v3 = gemm gemm_f32_portable v1 (v0, v1) trans_a=0 trans_b=0 alpha=1 act=0 act_a=0 act_b=0 )"
                  R"("fc" "MatMul" 0 ns
step 1 v4 = unary unary_f32_portable v1 (v2) op=68 a=0 b=0 "exp" "Exp" 0 ns
step 2 v6 = copy copy_any_portable v2 (v4) flip=0 "cat" "Concat" 0 ns
step 3 v7 = copy copy_any_portable v2 (v4) flip=0 "cat" "Concat" 0 ns
packed 32 least 32 fastest 32 most 32
slots 1
profile arena 0 lower bound 64 slots at
)");
}

// One of everything.
Plan full() {
  Plan p = planned(small);
  p.checks.push_back({Dim::symbol("n"), "n is not 0"});
  p.profiles = {{{{1, 2, 4}, {4, 4, 4}}, p.example(), {}, 640, 512, {0, 64}}};
  Choice choice{p.steps[0].kernel, {0}, {{"gemm_f32_portable", 2, "no"}}, 3};
  p.profiles.push_back({{{1, 9, 9}, {4, 4, 4}}, {{"n", 9}}, {{0, choice}}, 64, 64, {0, 0}});
  Value view = p.values[0];
  view.strides = {Dim(8), Dim(1)};
  view.offset = Dim(3);
  p.values.push_back(view);
  Step branch;
  branch.kind = Step::Kind::branch;
  branch.in = {0};
  branch.then_steps = 1;
  p.steps.push_back(branch);
  p.data = {{"d", {0, 1, Dim(9)}}, {"e", {0, 2, std::nullopt}}};
  Step measure;
  measure.kind = Step::Kind::measure;
  measure.in = {0};
  measure.measured = {"d"};
  p.steps.insert(p.steps.end() - 1, measure);
  Step trap;
  trap.kind = Step::Kind::trap;
  trap.text = "never";
  p.steps.push_back(trap);
  return p;
}

// Binds every member, so that whoever adds one must come here and to to_text().
void count_members(Plan& p) {
  [[maybe_unused]] auto& [name, hash, precision, target, threads, storages, values, constants,
                          steps, inputs, outputs, checks, profiles, slots, bytes, symbols, sizes] =
      p;
  [[maybe_unused]] auto& [place, index, elements, dtype, first, last, block] = storages.at(0);
  [[maybe_unused]] auto& [vname, vdtype, vshape, vstrides, vstorage, voffset] = values.at(0);
  [[maybe_unused]] auto& [cname, data] = constants.at(0);
  [[maybe_unused]] auto& [kind, family, plugin, kernel, in, out, attrs, dims, then_steps,
                          else_steps, text, measured, layer, op, tactics, ns] = steps.at(0);
  [[maybe_unused]] auto& [tkernel, tns, reason] = tactics.at(0);
  [[maybe_unused]] auto& [ioname, iodtype, ioshape, iovalue] = inputs.at(0);
  [[maybe_unused]] auto& [condition, ctext] = checks.at(0);
  [[maybe_unused]] auto& [svalue, element, most] = sizes.at(0).second;
  [[maybe_unused]] auto& [ranges, sizes_of, choices, arena, bound, offsets] = profiles.at(1);
  [[maybe_unused]] auto& [chosen, packed, possible, time] = choices.at(0);
  [[maybe_unused]] auto& [min, opt, max] = ranges.at(0);
  [[maybe_unused]] auto& [least_bytes, fastest_bytes, chosen_bytes, most_bytes] = bytes;
  [[maybe_unused]] auto& [cpu, os, arch, isa, cores, l1d, l2, l3, memory] = target;
}

TEST(PlanText, EveryFieldShows) {
  Plan base = full();
  count_members(base);
  const std::string text = to_text(base);
  ASSERT_EQ(to_text(full()), text);
  using Change = std::function<void(Plan&)>;
  const std::pair<const char*, Change> changes[] = {
      {"model_name", [](Plan& p) { p.model_name += "x"; }},
      {"model_hash", [](Plan& p) { ++p.model_hash; }},
      {"precision", [](Plan& p) { p.precision = "f16"; }},
      {"threads", [](Plan& p) { ++p.threads; }},
      {"slots", [](Plan& p) { ++p.slots; }},
      {"packed.least", [](Plan& p) { ++p.packed.least; }},
      {"packed.fastest", [](Plan& p) { ++p.packed.fastest; }},
      {"packed.chosen", [](Plan& p) { ++p.packed.chosen; }},
      {"packed.most", [](Plan& p) { ++p.packed.most; }},
      {"symbols",
       [](Plan& p) {
         p.symbols["m"] = {0, 0};
       }},
      {"symbol's input", [](Plan& p) { ++p.symbols["n"].first; }},
      {"symbol's axis", [](Plan& p) { ++p.symbols["n"].second; }},
      {"example", [](Plan& p) { ++p.profiles[0].example["n"]; }},
      {"target.cpu", [](Plan& p) { p.target.cpu[0] = 'X'; }},
      {"target.os", [](Plan& p) { p.target.os[0] = 'X'; }},
      {"target.arch", [](Plan& p) { p.target.arch = Arch::other; }},
      {"target.isa", [](Plan& p) { p.target.isa ^= mask(Isa::avx2); }},
      {"target.cores", [](Plan& p) { ++p.target.cores; }},
      {"target.l1d", [](Plan& p) { ++p.target.l1d_bytes; }},
      {"target.l2", [](Plan& p) { ++p.target.l2_bytes; }},
      {"target.l3", [](Plan& p) { ++p.target.l3_bytes; }},
      {"target.memory", [](Plan& p) { ++p.target.memory_bytes; }},
      {"storage.place", [](Plan& p) { p.storages[0].place = Place::unplaced; }},
      {"storage.index", [](Plan& p) { ++p.storages[0].index; }},
      {"storage.elements", [](Plan& p) { p.storages[0].elements = Dim(7); }},
      {"storage.dtype", [](Plan& p) { p.storages[0].dtype = DType::i8; }},
      {"storage.first", [](Plan& p) { p.storages[0].first_step = 77; }},
      {"storage.last", [](Plan& p) { p.storages[0].last_step = 77; }},
      {"storage.block", [](Plan& p) { p.storages[0].block = Dim(3); }},
      {"value.name", [](Plan& p) { p.values[0].name += "\n"; }},
      {"value.dtype", [](Plan& p) { p.values[0].dtype = DType::i8; }},
      {"value.shape", [](Plan& p) { p.values[0].shape[1] = Dim(5); }},
      {"value.strides", [](Plan& p) { p.values.back().strides[0] = Dim(9); }},
      {"value.no strides", [](Plan& p) { p.values.back().strides.clear(); }},
      {"value.storage", [](Plan& p) { ++p.values[0].storage; }},
      {"value.offset", [](Plan& p) { p.values[0].offset = Dim(1); }},
      {"constant.name", [](Plan& p) { p.constants[0].name += "x"; }},
      {"constant.data",
       [](Plan& p) {
         Tensor& t = p.constants[0].data;
         *static_cast<char*>(t.mutable_data()) ^= 1;
       }},
      {"constant.dims",
       [](Plan& p) {
         Tensor& t = p.constants[0].data;
         t = t.reshaped({1, t.count()});
       }},
      {"step.kind", [](Plan& p) { p.steps[0].kind = Step::Kind::trap; }},
      {"step.plugin",
       [](Plan& p) {
         static const ops::PluginOp op;
         p.steps[0].plugin = &op;
       }},
      {"step.family", [](Plan& p) { p.steps[0].family = "conv"; }},
      {"step.kernel", [](Plan& p) { p.steps[0].kernel = p.steps[1].kernel; }},
      {"step.no kernel", [](Plan& p) { p.steps[0].kernel = nullptr; }},
      {"step.in", [](Plan& p) { p.steps[0].in[0] = absent; }},
      {"step.out", [](Plan& p) { ++p.steps[0].out[0]; }},
      {"step.attrs", [](Plan& p) { p.steps[0].attrs[0] ^= 1; }},
      {"step.attrs float", [](Plan& p) { p.steps[0].attrs[2] ^= 1; }},
      {"step.dims", [](Plan& p) { p.steps[0].dims.push_back(Dim(1)); }},
      {"step.then", [](Plan& p) { ++p.steps[p.steps.size() - 2].then_steps; }},
      {"step.else", [](Plan& p) { ++p.steps[p.steps.size() - 2].else_steps; }},
      {"step.text", [](Plan& p) { p.steps.back().text += "!"; }},
      {"step.measured", [](Plan& p) { p.steps[p.steps.size() - 3].measured[0] += "x"; }},
      {"measure.in", [](Plan& p) { ++p.steps[p.steps.size() - 3].in[0]; }},
      {"data.symbol", [](Plan& p) { p.data[0].first += "x"; }},
      {"data.value", [](Plan& p) { ++p.data[0].second.value; }},
      {"data.element", [](Plan& p) { ++p.data[0].second.element; }},
      {"data.bound", [](Plan& p) { p.data[0].second.bound = Dim(8); }},
      {"data.no bound", [](Plan& p) { p.data[0].second.bound.reset(); }},
      {"step.layer", [](Plan& p) { p.steps[0].layer += "x"; }},
      {"trap.layer", [](Plan& p) { p.steps.back().layer += "x"; }},
      {"step.op", [](Plan& p) { p.steps[0].op += "x"; }},
      {"branch.op", [](Plan& p) { p.steps[p.steps.size() - 2].op += "x"; }},
      {"step.ns", [](Plan& p) { ++p.steps[0].ns; }},
      {"tactic.kernel", [](Plan& p) { p.steps[0].tactics[0].kernel += "x"; }},
      {"tactic.ns", [](Plan& p) { p.steps[0].tactics[0].ns += 0.5; }},
      {"tactic.reason", [](Plan& p) { p.steps[0].tactics[0].reason = "no"; }},
      {"tactics", [](Plan& p) { p.steps[0].tactics.pop_back(); }},
      {"input.name", [](Plan& p) { p.inputs[0].name += "x"; }},
      {"input.dtype", [](Plan& p) { p.inputs[0].dtype = DType::i8; }},
      {"input.shape", [](Plan& p) { p.inputs[0].shape[1] = Dim(5); }},
      {"input.value", [](Plan& p) { ++p.inputs[0].value; }},
      {"output.name", [](Plan& p) { p.outputs[0].name += "x"; }},
      {"output.value", [](Plan& p) { ++p.outputs[0].value; }},
      {"check.condition", [](Plan& p) { p.checks[0].condition = Dim(1); }},
      {"check.text", [](Plan& p) { p.checks[0].text += "\""; }},
      {"profile.min", [](Plan& p) { ++p.profiles[0].ranges[0].min; }},
      {"profile.opt", [](Plan& p) { ++p.profiles[0].ranges[0].opt; }},
      {"profile.max", [](Plan& p) { ++p.profiles[0].ranges[0].max; }},
      {"profile.arena", [](Plan& p) { ++p.profiles[0].arena_bytes; }},
      {"profile.bound", [](Plan& p) { ++p.profiles[0].lower_bound_bytes; }},
      {"profile.offsets", [](Plan& p) { ++p.profiles[0].slot_offsets[0]; }},
      {"profile.example", [](Plan& p) { ++p.profiles[1].example["n"]; }},
      {"choice.kernel", [](Plan& p) { p.profiles[1].choices[0].kernel = p.steps[1].kernel; }},
      {"choice.in", [](Plan& p) { ++p.profiles[1].choices[0].in[0]; }},
      {"choice.ns", [](Plan& p) { ++p.profiles[1].choices[0].ns; }},
      {"choice.tactics", [](Plan& p) { p.profiles[1].choices[0].tactics[0].reason = ""; }},
      {"choices", [](Plan& p) { p.profiles[1].choices.clear(); }},
      {"profiles", [](Plan& p) { p.profiles.push_back(p.profiles[0]); }},
  };
  for (const auto& [what, change] : changes) {
    Plan p = full();
    change(p);
    EXPECT_NE(to_text(p), text) << what << " does not show";
  }
}

TEST(PlanText, NamesOfAnyKindStayOnTheirLine) {
  Plan p = planned(small);
  const auto lines = [](const std::string& s) { return std::count(s.begin(), s.end(), '\n'); };
  const auto before = lines(to_text(p));
  p.values[0].name = p.inputs[0].name = p.steps[0].layer = p.model_name = "a\nb\"c";
  EXPECT_EQ(lines(to_text(p)), before);
}

}  // namespace
}  // namespace hone::plan
