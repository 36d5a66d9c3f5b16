// The in-process half of test_ops.py: runs the cases that HONE_CASES lists, one "case folder<TAB>
// output folder" a line, by the reference executor. Every value computed is held against the fact
// that inference gave it, once with the model's own symbols and once with the inputs' sizes bound.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/import/import.h"
#include "host/model/tensor_files.h"
#include "host/ops/evaluate.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

bool agrees(const graph::Fact& fact, const Tensor& t) {
  if (fact.dtype != t.dtype()) return false;
  if (!fact.has_rank()) return true;
  if (fact.rank() != t.rank()) return false;
  for (size_t d = 0; d < t.dims().size(); ++d) {
    if ((*fact.shape)[d].const_value().value_or(t.dims()[d]) != t.dims()[d]) return false;
  }
  if (!fact.content) return true;
  if (static_cast<int64_t>(fact.content->size()) != t.count()) return false;
  for (size_t i = 0; i < fact.content->size(); ++i) {
    const int64_t value = t.int_at(static_cast<int64_t>(i));
    if ((*fact.content)[i].const_value().value_or(value) != value) return false;
  }
  return true;
}

Result<std::vector<Tensor>> run_checked(const graph::Graph& graph,
                                        const std::vector<Tensor>& inputs) {
  Status wrong;
  HONE_ASSIGN(auto outputs, ops::evaluate(graph, inputs, [&](graph::ValueId v, const Tensor& t) {
                const graph::Value& value = graph.value(v);
                if (agrees(value.fact, t)) return;
                wrong = internal("'" + value.name + "' was inferred as " + to_string(value.fact) +
                                 " and is " + name(t.dtype()) + to_string(t.dims()));
              }));
  if (!wrong.ok()) return wrong;
  return outputs;
}

Status run_set(const graph::Graph& graph, const fs::path& set, const fs::path& out) {
  std::vector<Tensor> inputs;
  std::map<std::string, Dims> shapes;
  for (size_t i = 0; i < graph.block().inputs.size(); ++i) {
    const fs::path file = set / ("input_" + std::to_string(i) + ".pb");
    HONE_ASSIGN(Tensor t, model::read_pb(file.string()));
    shapes[graph.value(graph.block().inputs[i]).name] = t.dims();
    inputs.push_back(std::move(t));
  }
  graph::Graph bound = graph;
  HONE_RETURN_IF_ERROR(ops::bind_input_shapes(bound, shapes));
  HONE_RETURN_IF_ERROR(run_checked(bound, inputs).status());
  HONE_ASSIGN(const std::vector<Tensor> outputs, run_checked(graph, inputs));
  fs::create_directories(out);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::vector<std::byte> bytes = model::format_pb(outputs[i], graph.output_names[i]);
    std::ofstream file(out / ("output_" + std::to_string(i) + ".pb"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  return {};
}

Status run_case(const fs::path& folder, const fs::path& out) {
  HONE_ASSIGN(const model::Model model, model::read_model((folder / "model.onnx").string()));
  HONE_ASSIGN(const graph::Graph graph, import(model));
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    HONE_RETURN_IF_ERROR(run_set(graph, entry.path(), out / entry.path().filename()));
  }
  return {};
}

TEST(OpsReference, RunsForThePythonTest) {
  const char* listing = std::getenv("HONE_CASES");
  if (listing == nullptr) GTEST_SKIP() << "run by tests/ops/test_ops.py";
  std::ifstream lines(listing);
  std::string folder, out;
  while (std::getline(lines, folder, '\t') && std::getline(lines, out)) {
    fs::create_directories(out);
    const Status status = run_case(folder, out);
    if (!status.ok()) {
      std::ofstream(fs::path(out) / "error") << name(status.code()) << ": " << status.text();
    }
  }
}

}  // namespace
}  // namespace hone
