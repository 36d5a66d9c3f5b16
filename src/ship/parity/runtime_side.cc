// Somebody else's runtime, in a child process.
#include <fmt/format.h>

#include <filesystem>

#include "host/backends/backend.h"
#include "host/backends/work_folder.h"
#include "ship/parity/sides.h"

namespace hone::ship {

namespace {

// What the runtime says of an input; sizes it leaves open are 1, then 64.
IoInfo info_of(const backends::Port& port) {
  IoInfo io;
  io.name = port.name;
  io.dtype = port.dtype;
  io.dims = port.dims;
  for (const int64_t d : port.dims) {
    io.opt.push_back(d >= 0 ? d : io.opt.empty() ? 1 : 64);
    io.symbols.push_back(d >= 0 ? "" : "?");
  }
  return io;
}

class Runtime : public Side {
 public:
  Runtime(backends::WorkFolder work, backends::Backend backend, std::string model)
      : work_(std::move(work)), backend_(std::move(backend)), model_(std::move(model)) {}

  const std::vector<IoInfo>& inputs() const override { return inputs_; }
  std::vector<std::string> outputs() const override { return outputs_; }

  Result<std::vector<Tensor>> run(int64_t, const std::vector<Tensor>& inputs) override {
    std::map<std::string, Dims> shapes;
    std::vector<std::pair<std::string, Tensor>> named;
    for (size_t i = 0; i < inputs.size(); ++i) {
      shapes[inputs_[i].name] = inputs[i].dims();
      named.emplace_back(inputs_[i].name, inputs[i]);
    }
    if (!loaded_ || shapes != shapes_) HONE_RETURN_IF_ERROR(load(shapes));
    HONE_RETURN_IF_ERROR(backend_.bind(named));
    std::vector<Tensor> all;
    for (size_t i = 0; i < backend_.outputs().size(); ++i) all.push_back(backend_.output(i));
    return all;
  }

  Status load(const std::map<std::string, Dims>& shapes) {
    backends::LoadRequest request;
    std::error_code error;
    request.model = std::filesystem::absolute(model_, error).string();
    request.shapes = shapes;
    request.work = work_.path();
    HONE_RETURN_IF_ERROR(backend_.load(request));
    loaded_ = true;
    shapes_ = shapes;
    return {};
  }

  // Where there is no ONNX graph that says it.
  Status ask() {
    HONE_RETURN_IF_ERROR(load({}));
    HONE_ASSIGN(const backends::Description d, backend_.describe());
    for (const backends::Port& p : d.inputs) inputs_.push_back(info_of(p));
    for (const backends::Port& p : d.outputs) outputs_.push_back(p.name);
    return {};
  }

  void take(const graph::Graph& graph, const SideTools& tools) {
    inputs_ = tools.io(graph, graph.block().inputs);
    outputs_ = graph.output_names;
  }

 private:
  backends::WorkFolder work_;
  backends::Backend backend_;
  std::string model_;
  std::vector<IoInfo> inputs_;
  std::vector<std::string> outputs_;
  std::map<std::string, Dims> shapes_;
  bool loaded_ = false;
};

}  // namespace

Result<std::unique_ptr<Side>> open_runtime(const SideSpec& spec, const graph::Graph* graph,
                                           const SideTools& tools) {
  HONE_ASSIGN(const backends::Command command, backends::find_backend(spec.runtime));
  HONE_ASSIGN(backends::WorkFolder work, backends::WorkFolder::create());
  HONE_ASSIGN(backends::Backend backend, backends::Backend::start(command));
  auto side = std::make_unique<Runtime>(std::move(work), std::move(backend), spec.file);
  if (graph != nullptr) {
    side->take(*graph, tools);
  } else {
    HONE_RETURN_IF_ERROR(side->ask());
  }
  return std::unique_ptr<Side>(std::move(side));
}

}  // namespace hone::ship
