// Sides that Hone runs itself: the reference, kernels, engine files.
#include "host/ops/evaluate.h"
#include "ship/parity/sides.h"

namespace hone::ship {

namespace {

std::vector<std::string> names_of(const std::vector<IoInfo>& io) {
  std::vector<std::string> names;
  for (const IoInfo& i : io) names.push_back(i.name);
  return names;
}

class Reference : public Side {
 public:
  Reference(std::string file, const graph::Graph& graph, const SideTools& tools)
      : file_(std::move(file)), graph_(graph), inputs_(tools.io(graph, graph.block().inputs)) {}

  const std::vector<IoInfo>& inputs() const override { return inputs_; }
  std::vector<std::string> outputs() const override { return graph_.output_names; }
  Result<std::vector<Tensor>> run(int64_t, const std::vector<Tensor>& inputs) override {
    auto outputs = ops::evaluate(graph_, inputs);
    return outputs.ok() ? std::move(outputs) : in(file_, outputs.status());
  }

 private:
  std::string file_;
  const graph::Graph& graph_;
  std::vector<IoInfo> inputs_;
};

// Built for the sizes of the inputs that it is given, and anew for others.
class Kernels : public Side {
 public:
  Kernels(std::string file, const graph::Graph& graph, const SideTools& tools)
      : file_(std::move(file)),
        tools_(tools),
        inputs_(tools.io(graph, graph.block().inputs)),
        outputs_(graph.output_names) {}

  const std::vector<IoInfo>& inputs() const override { return inputs_; }
  std::vector<std::string> outputs() const override { return outputs_; }
  Result<std::vector<Tensor>> run(int64_t, const std::vector<Tensor>& inputs) override {
    std::map<std::string, Dims> shapes;
    for (size_t i = 0; i < inputs.size(); ++i) shapes[inputs_[i].name] = inputs[i].dims();
    if (!session_ || shapes != shapes_) {
      HONE_ASSIGN(Session made, tools_.open(file_, shapes));
      session_.emplace(std::move(made));
      shapes_ = shapes;
    }
    return session_->run(inputs);
  }

 private:
  std::string file_;
  SideTools tools_;
  std::vector<IoInfo> inputs_;
  std::vector<std::string> outputs_;
  std::optional<Session> session_;
  std::map<std::string, Dims> shapes_;
};

class EngineSide : public Side {
 public:
  explicit EngineSide(Session session) : session_(std::move(session)), inputs_(session_.inputs()) {
    // The sizes that it was timed at, for inputs that nobody gives.
    const std::vector<Dims> sizes = session_.default_shapes();
    for (size_t i = 0; i < sizes.size(); ++i) inputs_[i].opt = sizes[i];
  }

  const std::vector<IoInfo>& inputs() const override { return inputs_; }
  std::vector<std::string> outputs() const override { return names_of(session_.outputs()); }
  std::string precision() const override { return session_.engine().info().precision; }
  Result<std::vector<Tensor>> run(int64_t, const std::vector<Tensor>& inputs) override {
    return session_.run(inputs);
  }

 private:
  Session session_;
  std::vector<IoInfo> inputs_;
};

}  // namespace

Result<std::unique_ptr<Side>> open_reference(const std::string& file, const graph::Graph& graph,
                                             const SideTools& tools) {
  return std::unique_ptr<Side>(std::make_unique<Reference>(file, graph, tools));
}

Result<std::unique_ptr<Side>> open_kernels(const std::string& file, const graph::Graph& graph,
                                           const SideTools& tools) {
  return std::unique_ptr<Side>(std::make_unique<Kernels>(file, graph, tools));
}

Result<std::unique_ptr<Side>> open_engine(const std::string& file, const SideTools& tools) {
  HONE_ASSIGN(Session session, tools.open(file, {}));
  return engine_side(std::move(session));
}

std::unique_ptr<Side> engine_side(Session session) {
  return std::make_unique<EngineSide>(std::move(session));
}

}  // namespace hone::ship
