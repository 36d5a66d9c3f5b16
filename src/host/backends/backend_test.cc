// The client against children that do as they should not.
#include "host/backends/backend.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "host/backends/python_modules.h"

namespace hone::backends {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Lt;
using testing::Not;
using testing::SizeIs;

constexpr const char* hello =
    R"(read line; echo '{"ok":true,"protocol":1,"name":"x","version":"1.0"}';)";
constexpr const char* loaded = R"(read line; echo '{"ok":true}';)";

// A child that is this shell script, given little time.
Result<Backend> start(const std::string& script) {
  return Backend::start({"fake", {"/bin/sh", "-c", script}}, {2000, 2000, 2000});
}

LoadRequest model(const char* path) {
  LoadRequest r;
  r.model = path;
  return r;
}

// What of a whole conversation fails, "" where nothing does.
std::string talk(const std::string& script) {
  auto b = start(script);
  if (!b.ok()) return b.status().text();
  if (Status s = b->load(model("m.onnx")); !s.ok()) return s.text();
  Tensor x = Tensor::of<float>({2}, {1, 2});
  if (Status s = b->bind({{"x", x}}); !s.ok()) return s.text();
  auto ns = b->run(3, 1);
  return ns.ok() ? "" : ns.status().text();
}

std::string bound(const std::string& outputs) {
  return std::string(hello) + loaded + "read line; echo '{\"ok\":true,\"outputs\":" + outputs +
         "}'; read line; echo '{\"ok\":true,\"ns\":[5,6,7]}'; read line";
}

char state_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  size_t at = text.rfind(')');
  return at == std::string::npos ? '-' : text[at + 2];
}

bool comes_to(pid_t pid, std::string_view states) {
  for (int i = 0; i < 400; ++i) {
    if (states.find(state_of(pid)) != std::string_view::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// Every error is one line that begins with the backend's name.
void expect_line(const std::string& text, const std::string& part) {
  EXPECT_THAT(text, AllOf(testing::StartsWith("fake"), HasSubstr(part), Not(HasSubstr("\n")),
                          SizeIs(Lt(600u))));
}

TEST(Backend, SaysHowAChildEnded) {
  expect_line(talk("exit 7"), "ended with status 7");
  expect_line(talk("echo out of luck >&2; exit 3"), "status 3: out of luck");
  expect_line(talk("kill -9 $$"), "signal 9");
  expect_line(talk(std::string(hello) + "read line; exit 5"), "load: ended with status 5");
  expect_line(talk(std::string(hello) + "exec >&-; sleep 30"), "load");
}

TEST(Backend, DoesNotWaitForever) {
  auto begin = std::chrono::steady_clock::now();
  expect_line(talk("sleep 60"), "no answer within 2 s");
  expect_line(talk("printf '{\"ok\":'; sleep 60"), "no answer within 2 s");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Backend, RefusesWhatIsNoAnswer) {
  expect_line(talk("echo hello there; sleep 60"), "no JSON object: hello there");
  expect_line(talk("echo '[1]'; sleep 60"), "no JSON object");
  expect_line(talk("echo '{}'; sleep 60"), "none of ok, cannot, error");
  expect_line(talk("printf 'a\\033[31mb\\n'; sleep 60"), "a [31mb");
  expect_line(talk("head -c 3000000 /dev/zero | tr '\\0' x; sleep 60"), "more than 1048576 bytes");
  expect_line(talk("echo '{\"ok\":true,\"protocol\":2,\"version\":\"1\"}'; sleep 60"),
              "does not speak protocol 1");
  expect_line(talk("echo '{\"ok\":true,\"protocol\":1}'; sleep 60"), "states no version");
}

TEST(Backend, RefusesOutputsThatDoNotFit) {
  auto port = [](const char* fields) {
    return bound(fmt::format("[{{\"name\":\"y\",{}}}]", fields));
  };
  EXPECT_EQ(talk(bound("[]")), "");
  expect_line(talk(port(R"("dtype":"f32","shape":[2],"offset":64,"bytes":8)")),
              "does not lie in the shared memory");
  expect_line(talk(port(R"("dtype":"f32","shape":[2],"offset":0,"bytes":8)")),
              "does not lie in the shared memory");
  expect_line(talk(port(R"("dtype":"f32","shape":[2],"offset":-8,"bytes":8)")),
              "does not lie in the shared memory");
  expect_line(talk(port(R"("dtype":"f32","shape":[2],"offset":64,"bytes":12)")),
              "cannot have 12 bytes");
  expect_line(talk(port(R"("dtype":"f32","shape":[-1],"offset":64,"bytes":4)")), "cannot have");
  expect_line(talk(port(R"("dtype":"f99","shape":[1],"offset":64,"bytes":4)")), "cannot have");
  expect_line(talk(port(R"("dtype":"f32","shape":[4294967296,4294967296],"offset":64,"bytes":0)")),
              "cannot have");
  expect_line(talk(port(R"("dtype":"f32","shape":"two","offset":64,"bytes":8)")), "lacks");
  expect_line(talk(bound("7")), "lacks");
}

TEST(Backend, RefusesTimesThatAreNone) {
  auto times = [](const char* ns) {
    return std::string(hello) + loaded + "read line; echo '{\"ok\":true,\"outputs\":[]}';" +
           "read line; echo '{\"ok\":true,\"ns\":" + ns + "}'; read line";
  };
  EXPECT_EQ(talk(times("[1,2,3]")), "");
  expect_line(talk(times("[1,2]")), "2 times for 3 runs");
  expect_line(talk(times("[1,-2,3]")), "less than no time");
  expect_line(talk(times("[1,\"2\",3]")), "lacks the times");
}

TEST(Backend, CannotIsNoFault) {
  auto b = start(std::string(hello) + "read line; echo '{\"cannot\":\"no LSTM\"}';" + loaded +
                 "read line");
  ASSERT_TRUE(b.ok()) << b.status().text();
  EXPECT_EQ(b->version(), "1.0");
  Status s = b->load(model("m.onnx"));
  EXPECT_EQ(s.code(), Code::unsupported);
  EXPECT_EQ(s.text(), "no LSTM");
  EXPECT_TRUE(b->load(model("n.onnx")).ok());  // it can be asked again
}

TEST(Backend, NoSuchProgram) {
  auto b = Backend::start({"fake", {"/no/such/program"}});
  EXPECT_EQ(b.code(), Code::not_found);
  expect_line(b.status().text(), "cannot start '/no/such/program'");
}

TEST(Backend, SharedMemoryGrowsByTheChildAndNeverShrinks) {
  // 64 bytes hold the input; the child tries to cut them off, then appends eight.
  auto b =
      start(std::string(hello) + loaded +
            R"(read line; (: > /proc/self/fd/3) 2>/dev/null; printf abcdefgh >> /proc/self/fd/3;)"
            R"(echo '{"ok":true,"outputs":[{"name":"y","dtype":"u8","shape":[8],)"
            R"("offset":64,"bytes":8}]}'; read line)");
  ASSERT_TRUE(b.ok()) << b.status().text();
  ASSERT_TRUE(b->load(model("m.onnx")).ok());
  Status s = b->bind({{"x", Tensor::of<float>({2}, {1, 2})}});
  ASSERT_TRUE(s.ok()) << s.text();
  Tensor y = b->output(0);
  EXPECT_EQ(std::string(static_cast<const char*>(y.data()), 8), "abcdefgh");
}

TEST(Backend, StandsWhileStoppedAndEndsWithAllItStarted) {
  auto b = start(
      "sleep 1000 & echo \"{\\\"ok\\\":true,\\\"protocol\\\":1,\\\"version\\\":\\\"$!\\\"}\";" +
      std::string(loaded) + loaded + "read line");
  ASSERT_TRUE(b.ok()) << b.status().text();
  const pid_t child = b->child().pid(), grandchild = std::stoi(b->version());
  b->stop();
  b->stop();
  EXPECT_EQ(state_of(child), 'T');
  EXPECT_TRUE(comes_to(grandchild, "T"));
  b->resume();
  EXPECT_TRUE(b->load(model("m.onnx")).ok());
  b->stop();
  { Backend gone = std::move(b).value(); }  // a stopped one ends too
  EXPECT_TRUE(comes_to(child, "-Z"));
  EXPECT_TRUE(comes_to(grandchild, "-Z"));
}

TEST(FindBackend, NamesAndPaths) {
  auto known = known_backends();
  EXPECT_THAT(known, testing::IsSupersetOf({"onnxruntime", "openvino", "ncnn", "mnn", "litert"}));
  auto c = find_backend("openvino");
  ASSERT_TRUE(c.ok()) << c.status().text();
  EXPECT_THAT(c->words, SizeIs(3));
  EXPECT_THAT(find_backend("openvinno").status().text(), HasSubstr("there are litert, mnn"));
  EXPECT_EQ(find_backend("./no_such.py").code(), Code::not_found);
  auto program = find_backend("/bin/sh");
  ASSERT_TRUE(program.ok());
  EXPECT_THAT(program->words, testing::ElementsAre("/bin/sh"));
}

TEST(PythonModules, AnInterpreterThatIsNone) {
  EXPECT_EQ(importable_modules("/no/such/python", {"sys"}).code(), Code::not_found);
  EXPECT_EQ(importable_modules("/bin/false", {"sys"}).code(), Code::io_error);
}

}  // namespace
}  // namespace hone::backends
