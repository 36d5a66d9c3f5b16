// Lowering: one graph node -> steps of kernel families. A lowering is one function in lower/<x>.cc
// and one line in lowerings.inc; which kernel of the family runs is decided later, by timing.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "host/graph/layout.h"
#include "host/plan/plan.h"

namespace hone::plan {

using graph::Graph;
using graph::Layout;
using graph::Node;
using graph::ValueId;

class Lowering {
 public:
  Lowering(const Graph& graph, Plan& plan) : graph_(graph), plan_(plan) {}

  const Graph& graph() const { return graph_; }
  Plan& plan() { return plan_; }

  // ---- values

  // The value as plan value in its own layout. Makes it if nothing has: a constant, or (a shape as
  // data) a fill step.
  Result<PlanValue> use(ValueId v);
  // The same elements in another layout: a view where memory agrees, a permuted constant, else a
  // copy step.
  Result<PlanValue> use_as(ValueId v, Layout layout);
  // For broadcasting against a result of `rank` dimensions in `layout`: leading ones added,
  // permuted.
  Result<PlanValue> use_broadcast(ValueId v, int rank, Layout layout);
  // The value of graph input `number`.
  void bind_input(ValueId v, int32_t number);
  // A fresh value for the node's output, in the output's layout; arena storage.
  PlanValue define(ValueId v);
  // The same in the layout the lowering computes in; readers that want another get a copy.
  PlanValue define_as(ValueId v, Layout layout);
  // A fresh arena value that is no ONNX value.
  PlanValue temporary(const std::string& name, DType dtype, SymShape physical);
  // The output is the same memory as `source` under its own (dense) shape.
  void define_view(ValueId v, PlanValue source);
  void define_view_as(ValueId v, PlanValue source, Layout layout);
  // The output is `source` itself, a value of the same shape in this layout, strides and all.
  void define_alias(ValueId v, PlanValue source, Layout layout) { made_[{v, layout}] = source; }
  // A strided view.
  PlanValue view(PlanValue base, SymShape shape, std::vector<Dim> strides, Dim offset);
  PlanValue reshape_view(PlanValue dense, SymShape shape);
  // The same bits as elements of another type of that width.
  PlanValue bit_view(PlanValue dense, DType type);
  // A view that is not the ONNX value whose memory it is.
  void rename(PlanValue v, std::string name);
  PlanValue constant(const std::string& name, Tensor dense_physical);
  bool is_dense(PlanValue v) const { return plan_.values[static_cast<size_t>(v)].strides.empty(); }
  std::vector<Dim> strides_of(PlanValue v) const;
  const Value& at(PlanValue v) const { return plan_.values[static_cast<size_t>(v)]; }

  // ---- steps

  template <class Attrs>
  void step(const Node& node, const char* family, std::vector<PlanValue> in,
            std::vector<PlanValue> out, const Attrs& attrs, std::vector<Dim> dims = {}) {
    auto words = kernels::as_words(attrs);
    add_step(node, family, std::move(in), std::move(out), {words.begin(), words.end()},
             std::move(dims));
  }
  void add_step(const Node& node, const char* family, std::vector<PlanValue> in,
                std::vector<PlanValue> out, std::vector<int32_t> attrs, std::vector<Dim> dims);
  // y = x, any views of one shape.
  void copy(const Node& node, PlanValue from, PlanValue to, uint32_t flip = 0);
  // Shapes for which the condition is 0 are refused: at bind, or inside a region, which shapes
  // alone do not lead to, when a run comes there.
  void check(Dim condition, std::string text);
  // Conditions that hold where the regions run which a valid input takes: the sizes that tactics
  // are timed at should meet them.
  std::vector<Dim> wishes;
  // From here on `symbol` is element `element` of `value` (dense i64 or i32), at most `bound`.
  void measure(const Node& node, const std::string& symbol, PlanValue value, int32_t element = 0,
               std::optional<Dim> bound = {});
  // A measurement of nothing so far, from which steps are bound again: an else-part begins with one
  // where the then-part measures, and one follows each branch that measures (wire/FORMAT.md).
  void begin_measure(const Node& node);
  // Likewise for every element of `v` that is a symbol of its own (see ops: InferContext::sizes).
  Status measure_content(const Node& node, ValueId v);

  // ---- facts

  // Elements of an integer input as expressions; error names the input where only data tell.
  Result<std::vector<Dim>> content(const Node& node, size_t input) const;
  Result<std::vector<int64_t>> ints(const Node& node, size_t input) const;
  // What the file states of the size: a bound of what is measured. nullopt: nothing.
  std::optional<Dim> stated(ValueId v, size_t axis) const;
  // Refuses runs where what the file states of sizes does not hold.
  void check_stated();

  // Lowers all nodes of a block. What is unsupported goes to `problems`, so that all of it can be
  // named at once; other errors end it.
  Status block(graph::BlockId b);
  // The nodes of a region: what may or may not run.
  Status inner_block(graph::BlockId b);
  int depth() const { return depth_; }  // regions around what is being lowered
  Status node(const Node& n);
  std::vector<Problem> problems;
  // Storages that copies put together from parts which do not overlap.
  std::set<int32_t> assembled;
  // What stands for a value that no step makes: an input of a block.
  void set_made(ValueId v, PlanValue p) { made_[{v, Layout::row_major}] = p; }
  // The node that copies made by use_as() are booked on.
  void set_current(const Node& n) { current_ = &n; }

  // Values made by steps, by the layout they are in. A branch puts back what it found, because its
  // own may not have run.
  using Made = std::map<std::pair<ValueId, Layout>, PlanValue>;
  Made save() const { return made_; }
  void restore(Made made) { made_ = std::move(made); }

 private:
  PlanValue add_value(Value v);
  PlanValue new_storage_value(const std::string& name, DType dtype, SymShape shape, Place place,
                              int32_t index);
  Status has_kernel_type(ValueId v) const;
  Result<PlanValue> shape_as_data(ValueId v);
  PlanValue dims_as_data(const std::string& name, DType dtype, const SymShape& shape,
                         std::vector<Dim> dims);
  PlanValue constant_as(ValueId v, const Dims& dims, Layout layout);
  PlanValue relay(ValueId v, PlanValue own, const SymShape& shape, Layout from, Layout to);

  const Graph& graph_;
  Plan& plan_;
  Made made_;
  std::map<std::pair<ValueId, std::string>, PlanValue> constants_;  // by value and how it lies
  const Node* current_ = nullptr;
  int depth_ = 0;
};

using LowerFn = Status (*)(Lowering&, const Node&);

struct LoweringEntry {
  const char* domain;
  const char* op;
  LowerFn lower;
};
std::span<const LoweringEntry> lowerings();
// nullptr where the operator runs in the reference executor only.
LowerFn find_lowering(const Node& node);
// All it computes are shapes known from shapes (Shape, Size, what is made of them): whoever reads
// one as data has it filled in, the node itself needs no step.
bool is_shape_arithmetic(const Graph& graph, const Node& node);

}  // namespace hone::plan
