// The in-process half of test_engines.py: builds the cases that HONE_ENGINE_CASES lists, one "case
// folder<TAB>output folder" a line, to an engine's bytes before any input is read, and runs those.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/model_args.h"
#include "host/engine/compile.h"
#include "host/import/import.h"
#include "host/model/tensor_files.h"
#include "ship/measure/session.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

// A status that says which half of the way it ended on.
Status on(const std::string& stage, const Status& s) {
  return s.ok() ? s : Status(s.code(), stage + ": " + s.text());
}

Result<ship::Session> build(const fs::path& file, const Target& target) {
  HONE_ASSIGN(const model::Model model, model::read_model(file.string()));
  engine::CompileOptions options;
  options.target = target;
  HONE_ASSIGN(engine::Compiled built, engine::compile(model, options));
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(built.bytes));
  return ship::Session::open(bytes, 1);
}

Status run_set(ship::Session& session, const fs::path& set, const fs::path& out) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    HONE_ASSIGN(Tensor t, model::read_pb((set / ("input_" + std::to_string(i) + ".pb")).string()));
    inputs.push_back(std::move(t));
  }
  HONE_ASSIGN(const std::vector<Tensor> outputs, session.run(inputs));
  fs::create_directories(out);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::vector<std::byte> bytes = model::format_pb(outputs[i], session.outputs()[i].name);
    std::ofstream file(out / ("output_" + std::to_string(i) + ".pb"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  return {};
}

Status run_case(const fs::path& folder, const fs::path& out, const Target& target) {
  auto session = build(folder / "model.onnx", target);
  if (!session.ok()) return on("build", session.status());
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    const Status ran = run_set(*session, entry.path(), out / entry.path().filename());
    HONE_RETURN_IF_ERROR(on("run", ran));
  }
  return {};
}

TEST(OpsEngine, RunsForThePythonTest) {
  const char* listing = std::getenv("HONE_ENGINE_CASES");
  if (listing == nullptr) GTEST_SKIP() << "run by tests/ops/test_engines.py";
  auto target = cli::this_machine();
  ASSERT_TRUE(target.ok());
  std::ifstream lines(listing);
  std::string folder, out;
  while (std::getline(lines, folder, '\t') && std::getline(lines, out)) {
    fs::create_directories(out);
    const Status status = run_case(folder, out, *target);
    if (!status.ok()) {
      std::ofstream(fs::path(out) / "error") << name(status.code()) << ": " << status.text();
    }
  }
}

}  // namespace
}  // namespace hone
