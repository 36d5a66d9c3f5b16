// One of the two that are compared: something that gives outputs for inputs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "ship/measure/session.h"

namespace hone::ship {

// What a side is written as:
//   reference:FILE.onnx   the operators' definitions
//   kernels:FILE.onnx     an engine built in memory
//   RUNTIME:FILE          somebody else's runtime (docs/backends.md): onnxruntime, openvino, ... or
//                         the path of an adapter
//   DIR                   outputs that were saved: output_0.npy (or .pb) ..., or such folders
//   called
//                         test_data_set_0 ...
//   FILE                  an engine; an ONNX file: its reference as the first side, its kernels as
//                         the second
struct SideSpec {
  enum class Kind : uint8_t { reference, kernels, engine, golden, runtime };
  Kind kind = Kind::reference;
  std::string file;
  std::string runtime;
  bool is_onnx = false;      // `file` is an ONNX file
  std::string text() const;  // "reference of model.onnx", "m.engine", "onnxruntime on model.onnx"
};
// Errors: not_found for files, those of reading the beginning of a file.
Result<SideSpec> parse_side(const std::string& text, bool first);

class Side {
 public:
  virtual ~Side() = default;
  // Empty for saved outputs.
  virtual const std::vector<IoInfo>& inputs() const = 0;
  virtual std::vector<std::string> outputs() const = 0;
  // Outputs for these inputs, in the order of inputs(); saved ones are those of sample k.
  virtual Result<std::vector<Tensor>> run(int64_t k, const std::vector<Tensor>& inputs) = 0;
  virtual std::string precision() const { return "f32"; }
  virtual int64_t saved() const { return 0; }  // samples there are; 0: it runs any
};

// What sides need that is the commands' to know.
struct SideTools {
  // An engine file, or the engine of an ONNX file built in memory for these shapes.
  std::function<Result<Session>(const std::string& file, const std::map<std::string, Dims>& shapes)>
      open;
  std::function<std::vector<IoInfo>(const graph::Graph&, const std::vector<graph::ValueId>&)> io;
};

// `graph`: of the ONNX file, where that could be read; null else. Outlives the side.
Result<std::unique_ptr<Side>> open_side(const SideSpec& spec, const graph::Graph* graph,
                                        const SideTools& tools);

}  // namespace hone::ship
