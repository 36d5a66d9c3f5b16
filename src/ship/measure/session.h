// An engine ready to run on this machine, through the C interface of the device library: what
// commands, benchmarks and evaluations use, so that all of them run what the device will run.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "hone/hone.hpp"
#include "host/model/tensor.h"

namespace hone::ship {

struct IoInfo {
  std::string name;
  DType dtype = DType::none;
  Dims dims;                         // -1: dynamic
  Dims opt;                          // the sizes the engine was timed at
  std::vector<std::string> symbols;  // "" where the size is fixed
  bool ranked = true;                // false: a model that states no shape at all; dims are empty
  bool tensor = true;         // false: a sequence or an optional of such tensors; models only
  bool shape_values = false;  // its elements decide sizes
};

class Session {
 public:
  // Errors: those of hone_load_file / hone_load_memory, with the library's text.
  static Result<Session> open(const std::string& path, int threads);
  // Bytes that begin at a multiple of 64 are kept and used where they are; others are copied.
  static Result<Session> open(std::shared_ptr<const std::vector<std::byte>> bytes, int threads);
  // A copy of the bytes, and all else but the pool of threads, in memory of this allocator.
  static Result<Session> open(std::span<const std::byte> bytes, int threads,
                              const hone_allocator& allocator);

  const std::vector<IoInfo>& inputs() const { return inputs_; }
  const std::vector<IoInfo>& outputs() const { return outputs_; }
  const Engine& engine() const { return engine_; }
  Context& context() { return context_; }

  // Elements of an input whose shape_values is set, to bind for. Ignored for others.
  Status set_shape_values(size_t index, const Tensor& value);
  // Shapes of all inputs in order, for the first profile that takes them; reserves no memory for
  // them: what it would take can be asked before it is.
  Status set_shapes(const std::vector<Dims>& shapes);
  // And binds them. Does nothing where they are those already bound.
  Status bind(const std::vector<Dims>& shapes);
  // Every dynamic dimension at the size that profile was timed at.
  std::vector<Dims> default_shapes(int32_t profile = 0) const;
  int32_t profiles() const;  // at least 1
  // Copies into the bound input's memory. Errors: shape_mismatch.
  Status set_input(size_t index, const Tensor& value);
  Status run();
  Tensor output(size_t index);

  // bind + set_input + run + outputs.
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs);

 private:
  Status start(int threads);

  std::shared_ptr<const std::vector<std::byte>> bytes_;  // outlives engine_; empty where copied
  Pool pool_;
  Engine engine_;
  Context context_;
  std::vector<IoInfo> inputs_, outputs_;
  std::vector<Dims> bound_;
  std::vector<Dims> values_;  // by input, those set
  bool is_bound_ = false;
};

}  // namespace hone::ship
