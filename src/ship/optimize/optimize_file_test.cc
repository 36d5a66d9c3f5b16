// Passes that fail, for real: what is written all the same, and what is told.
#include "ship/optimize/optimize_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "host/graph/text.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/passes/match.h"
#include "ship/optimize/forked.h"

namespace hone::ship {
namespace {

using graph::Graph;
using graph::NodeId;
using graph::Patch;
using passes::Pass;
namespace fs = std::filesystem;

constexpr const char* chain = R"(graph "g" opset {"" 17}
in %x f32[n,4]
%a = Identity(%x) "a"
%b = Relu(%a) "b"
%c = Identity(%b) "c"
%d = Relu(%c) "d"
%e = Neg(%d) "e"
%f = Relu(%e) "f"
%y = Abs(%f) "g"
out %y as "y"
)";

bool is(const Graph& g, NodeId id, const char* op) { return g.node(id).is(op); }

std::optional<Patch> crash(const Graph& g, NodeId id) {
  if (is(g, id, "Neg")) std::raise(SIGSEGV);
  return std::nullopt;
}
std::optional<Patch> crash_often(const Graph& g, NodeId id) {
  if (is(g, id, "Relu")) std::abort();
  return std::nullopt;
}
std::optional<Patch> throw_something(const Graph& g, NodeId id) {
  if (is(g, id, "Neg")) throw std::runtime_error("no such thing");
  return std::nullopt;
}
// More than any limit here, touched so that it is not only promised.
std::optional<Patch> eat(const Graph& g, NodeId id) {
  if (!is(g, id, "Neg")) return std::nullopt;
  std::vector<std::unique_ptr<std::vector<char>>> eaten;
  for (int i = 0; i < 4096; ++i) {
    eaten.push_back(std::make_unique<std::vector<char>>(size_t{1} << 20, 'x'));
  }
  return std::nullopt;
}
std::optional<Patch> sleep(const Graph& g, NodeId id) {
  if (is(g, id, "Neg")) std::this_thread::sleep_for(std::chrono::hours(1));
  return std::nullopt;
}
// Right where it begins at an operator's only, wrong in what it makes.
std::optional<Patch> negate_wrongly(const Graph& g, NodeId id) {
  if (!is(g, id, "Neg")) return std::nullopt;
  Patch p(g, id);
  graph::Node made;
  made.op = "Exp";
  made.inputs = g.node(id).inputs;
  p.replace(g.node(id).output(0), p.add(std::move(made), {id}));
  p.remove(id);
  p.set_why("Neg is almost Exp");
  return p;
}
// Removes a node that is read.
std::optional<Patch> break_graph(const Graph& g, NodeId id) {
  if (!is(g, id, "Neg")) return std::nullopt;
  Patch p(g, id);
  p.remove(id);
  return p;
}
std::optional<Patch> crash_at_all(const Graph&) { std::abort(); }

Pass pass(const char* name, std::optional<Patch> (*propose)(const Graph&, NodeId)) {
  return {name, "", passes::Stage::standard, true, propose, nullptr};
}

class OptimizeFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("hone-optimize-" + std::to_string(getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    auto g = graph::parse_text(chain);
    ASSERT_TRUE(g.ok()) << g.status().text();
    auto m = export_model(*g);
    ASSERT_TRUE(m.ok()) << m.status().text();
    o_.in = folder_ / "in.onnx";
    o_.out = folder_ / "out.onnx";
    ASSERT_TRUE(model::write_model(*m, o_.in).ok());
    ASSERT_TRUE(write_text(o_.out, "old").ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The pipeline's identities go, whatever the failing pass before or behind does.
  Result<Optimized> run(const Pass& failing, bool first = true) {
    std::vector<const Pass*> passes = {&failing};
    for (const Pass* p : passes::pipeline()) {
      if (std::string(p->name) != "remove_identity") continue;
      passes.insert(first ? passes.end() : passes.begin(), p);
    }
    return optimize_file(o_, passes);
  }

  void expect_written(const Result<Optimized>& r, const std::string& pass, const std::string& node,
                      const std::string& why) {
    ASSERT_TRUE(r.ok()) << r.status().text();
    ASSERT_FALSE(r->left_out.empty());
    EXPECT_EQ(r->left_out.back().pass, pass);
    EXPECT_EQ(r->left_out.back().node, node);
    EXPECT_NE(r->left_out.back().why.find(why), std::string::npos) << r->left_out.back().why;
    EXPECT_EQ(r->before.nodes, 7);
    EXPECT_EQ(r->after.nodes, 5);
    auto m = model::read_model(o_.out);
    ASSERT_TRUE(m.ok()) << m.status().text();
    EXPECT_EQ(m->graph.nodes.size(), 5);
    EXPECT_EQ(r->after.bytes, m->file_bytes);
    expect_nothing_left();
  }
  void expect_nothing_left() const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name == "in.onnx" || name == "out.onnx") << name;
    }
  }

  fs::path folder_;
  OptimizeOptions o_;
};

TEST_F(OptimizeFile, LeavesOutAPassThatCrashesAtItsNode) {
  for (const bool first : {true, false}) {
    const auto r = run(pass("crash", crash), first);
    ASSERT_TRUE(r.ok()) << r.status().text();
    EXPECT_EQ(r->left_out.size(), 1);
    expect_written(r, "crash", "node 'e' (Neg)", "crashed: ");
  }
}

TEST_F(OptimizeFile, LeavesOutEverywhereWhatCrashesAtThreeNodes) {
  const auto r = run(pass("crash_often", crash_often));
  ASSERT_TRUE(r.ok()) << r.status().text();
  ASSERT_EQ(r->left_out.size(), 3);
  EXPECT_EQ(r->left_out[0].node, "node 'b' (Relu)");
  EXPECT_EQ(r->left_out[1].node, "node 'd' (Relu)");
  expect_written(r, "crash_often", "", "crashed: ");
}

TEST_F(OptimizeFile, TellsWhatACrashSaid) {
  expect_written(run(pass("throw", throw_something)), "throw", "node 'e' (Neg)", "no such thing");
}

TEST_F(OptimizeFile, LeavesOutAPassWithoutMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: no limit under a sanitizer";
#endif
  o_.memory_limit = int64_t{256} << 20;
  expect_written(run(pass("eat", eat)), "eat", "node 'e' (Neg)",
                 "out of memory (limit 256 MiB; --memory-limit sets another)");
}

TEST_F(OptimizeFile, LeavesOutAPassThatDoesNotEnd) {
  o_.time_limit_s = 1;
  expect_written(run(pass("sleep", sleep)), "sleep", "node 'e' (Neg)",
                 "not done after 1 s (--time-limit sets another)");
}

TEST_F(OptimizeFile, LeavesOutAPatchThatChangesTheAnswers) {
  o_.verify = true;
  expect_written(run(pass("wrong", negate_wrongly)), "wrong", "node 'e' (Neg)",
                 "output 'y' differs by");
}

TEST_F(OptimizeFile, WithoutVerifyAWrongPatchStays) {
  const auto r = run(pass("wrong", negate_wrongly));
  ASSERT_TRUE(r.ok()) << r.status().text();
  EXPECT_TRUE(r->left_out.empty());
  EXPECT_EQ(r->after.operators.count("Exp"), 1);
}

TEST_F(OptimizeFile, LeavesOutAPassThatBreaksTheGraph) {
  expect_written(run(pass("break", break_graph)), "break", "node 'e' (Neg)", "made a bad patch");
}

TEST_F(OptimizeFile, LeavesOutAPassOverTheWholeGraph) {
  const Pass all{"all", "", passes::Stage::standard, true, nullptr, crash_at_all};
  expect_written(run(all), "all", "", "crashed: ");
}

TEST_F(OptimizeFile, WithoutMemoryToReadNothingIsWritten) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: no limit under a sanitizer";
#endif
  // Weights held as fields are unpacked when they are read.
  model::Model m = *model::read_model(o_.in);
  for (int i = 0; i < 40000; ++i) {
    model::NodeProto n;
    n.op_type = "Identity", n.name = std::string(500, 'n') + std::to_string(i);
    n.inputs = {"x"}, n.outputs = {"i" + std::to_string(i)};
    m.graph.nodes.push_back(n);
  }
  ASSERT_TRUE(model::write_model(m, o_.in).ok());
  o_.memory_limit = 4 << 20;
  const auto r = optimize_file(o_);
  EXPECT_EQ(r.code(), Code::out_of_memory) << r.status().text();
  EXPECT_EQ(*read_text(o_.out), "old");
  expect_nothing_left();
}

TEST_F(OptimizeFile, ErrorsOfTheModelAreToldAsEver) {
  ASSERT_TRUE(write_text(o_.in, "text").ok());
  const auto r = optimize_file(o_);
  EXPECT_EQ(r.code(), Code::corrupt);
  EXPECT_NE(r.status().text().find("in.onnx: not an ONNX file"), std::string::npos)
      << r.status().text();
  EXPECT_EQ(*read_text(o_.out), "old");
}

TEST(Forked, ToldBySignalAndLastLine) {
  auto forked = Forked::make();
  ASSERT_TRUE(forked.ok());
  auto e = forked->run([](Whereabouts&) -> std::string { std::_Exit(3); }, 0);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->how, Ending::How::ended);
  EXPECT_EQ(e->text, "status 3");
  e = forked->run(
      [](Whereabouts& at) -> std::string {
        at.set(Stage::writing);
        std::raise(SIGTERM);
        return "";
      },
      0);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->text, "signal 15 (Terminated)");
  EXPECT_EQ(e->at->stage, Stage::writing);
  // The kernel's way to end who takes too much.
  e = forked->run(
      [](Whereabouts&) -> std::string {
        std::raise(SIGKILL);
        return "";
      },
      0);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->how, Ending::How::no_memory);
  e = forked->run([](Whereabouts&) { return std::string(1 << 20, 'r'); }, 0);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->how, Ending::How::finished);
  EXPECT_EQ(e->text.size(), 1 << 20);
}

}  // namespace
}  // namespace hone::ship
