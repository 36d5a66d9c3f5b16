// Plan: everything the engine does, complete and printable: values with their places, steps with
// their kernels, constants as they will be packed. The engine writer, exec/ and the text print are
// readers of one Plan. Nothing here reads the machine it runs on: Target is a value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/target/target.h"
#include "device/kernels/kernel.h"
#include "host/graph/graph.h"

namespace hone::ops {
struct PluginOp;
}

namespace hone::plan {

using graph::Dim;
using graph::SymShape;
using PlanValue = int32_t;
constexpr PlanValue absent = -1;

enum class Place : uint8_t { arena = 0, weights = 1, input = 2, output = 3, unplaced = 4 };

// A piece of memory that values look into.
struct Storage {
  Place place = Place::unplaced;
  int32_t index = -1;  // arena: slot; weights: constant; input, output: its number
  Dim elements;        // of dtype
  DType dtype = DType::none;
  int first_step = -1;  // arena: first and last step that touches it
  int last_step = -1;
  Dim block;  // arena: where it begins in its slot, in blocks of arena_block bytes
};
constexpr int64_t arena_block = 64;

// What steps read and write: a view of a storage. Shapes are physical (memory order).
struct Value {
  std::string name;  // of the ONNX value, for people
  DType dtype = DType::none;
  SymShape shape;
  std::vector<Dim> strides;  // elements; empty: dense
  int32_t storage = -1;
  Dim offset;  // elements
};

// Data of a weights storage: dense in physical order, or what a kernel packed.
struct Constant {
  std::string name;
  Tensor data;  // u8 [bytes] where packed
};

struct TacticNote {
  std::string kernel;
  double ns = 0;       // 0: not timed
  std::string reason;  // why it was refused; empty: it was a candidate
};

struct Step {
  enum class Kind : uint8_t { kernel = 0, branch = 1, trap = 2, measure = 3, loop = 4 };
  Kind kind = Kind::kernel;
  std::string family;
  const ops::PluginOp* plugin = nullptr;  // family plugin: whose operator; attrs: encoded
  const kernels::Kernel* kernel = nullptr;
  std::vector<PlanValue> in, out;
  std::vector<int32_t> attrs;
  std::vector<Dim> dims;
  // branch: in[0] is the condition. loop: runs the next then_steps dims[0] times, while in[0] (if
  // there is one) is true; out[0] counts.
  int32_t then_steps = 0, else_steps = 0;
  std::string text;                   // trap: why
  std::vector<std::string> measured;  // measure: the symbols it reads from in[]
  std::string layer;                  // names of the ONNX nodes, "conv1 + relu1"
  std::string op;                     // "Conv + Relu"
  std::vector<TacticNote> tactics;    // what was possible, best first
  double ns = 0;
};

struct Io {
  std::string name;
  DType dtype = DType::none;
  SymShape shape;  // row-major, as the model declares it
  PlanValue value = absent;
};

// A symbol that the data give, while a run goes on.
struct DataSize {
  PlanValue value = absent;  // dense integers
  int32_t element = 0;
  std::optional<Dim> bound;  // it is at most that; none: an input's element, any integer
};

struct Check {
  Dim condition;  // 0 refuses the shapes
  std::string text;
};

struct DimRange {
  int64_t min = 1, opt = 1, max = 1;
};

// The tactic of a kernel step at a profile's sizes.
struct Choice {
  const kernels::Kernel* kernel = nullptr;
  std::vector<PlanValue> in;        // the step's operands, as this kernel packs them
  std::vector<TacticNote> tactics;  // what was possible, best first
  double ns = 0;
};

// One arena layout, with the tactics for it. ranges empty: any size, offsets computed at bind.
struct Profile {
  std::vector<DimRange> ranges;            // every dimension of every input in order
  std::map<std::string, int64_t> example;  // the sizes tactics were timed at
  std::map<int32_t, Choice> choices;       // by step; none in the first: the steps' own
  int64_t arena_bytes = 0;
  int64_t lower_bound_bytes = 0;  // largest sum of sizes alive at one step
  std::vector<int64_t> slot_offsets;
};

// Weights as packed, of all steps of all profiles: what --max-weight-growth chooses between.
struct PackedBytes {
  int64_t least = 0;    // of any tactics
  int64_t fastest = 0;  // of the tactics that are fastest one by one
  int64_t chosen = 0;
  int64_t most = 0;  // of any tactics; 0 where an engine is refitted
};

struct Plan {
  std::string model_name;
  uint64_t model_hash = 0;
  std::string precision = "f32";
  Target target;
  int32_t threads = 1;
  std::vector<Storage> storages;
  std::vector<Value> values;
  std::vector<Constant> constants;
  std::vector<Step> steps;
  std::vector<Io> inputs, outputs;
  std::vector<Check> checks;
  std::vector<Profile> profiles;
  int32_t slots = 0;
  PackedBytes packed;
  // Where each symbol's value comes from.
  std::map<std::string, std::pair<int32_t, int32_t>> symbols;  // -> input, axis
  // And of those that only data tell, in the order they are measured.
  std::vector<std::pair<std::string, DataSize>> data;

  // The sizes of the first profile's example; empty while it is not chosen.
  const std::map<std::string, int64_t>& example() const;
  const DataSize* find_data(const std::string& symbol) const;
};

// A node that cannot be planned. Without a node it is an output or a size of the model.
struct Problem {
  std::string op, node;
  std::string reason;
};
std::string problem_text(const Problem& problem);  // "node 'body' (Loop): no kernel; ..."

// Every field, as text: plans that differ print differently (constants by their hash). For tests,
// `hone build --explain` and eyes.
std::string to_text(const Plan& plan);

// `sizes` with the data sizes that it lacks at their bounds; those without bound as in the example,
// else 1.
std::map<std::string, int64_t> with_bounds(const Plan& plan, std::map<std::string, int64_t> sizes);

}  // namespace hone::plan
