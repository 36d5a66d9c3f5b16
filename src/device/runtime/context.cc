#include "device/runtime/context.h"

#include <cstring>
#include <new>

#include "common/wire/vectors.h"
#include "device/runtime/structs.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::Shape;
using hone::device::error;
using hone::device::Status;
using hone::wire::size_of;
namespace runtime = hone::runtime;
namespace wire = hone::wire;

namespace hone::runtime {
namespace {

struct alignas(64) Params {
  char bytes[kernels::max_params_bytes];
};

// Every array of the context; run twice, first to find the size.
struct Arrays {
  hone_context* context;
  IoSlot *inputs, *outputs;
  Shape* input_shapes;
  int64_t *dims, *slot_offsets;
  wire::Measured *measured, *given;
  uint8_t* from_data;
  BoundStep* steps;
  Params* params;
  void** pointers;
  Patch* patches;
  uint64_t* times;

  Arrays(Carver& c, const hone_engine& e) {
    const wire::EngineMeta& m = e.meta();
    context = c.take<hone_context>(1);
    inputs = c.take<IoSlot>(size_of(m.inputs()));
    outputs = c.take<IoSlot>(size_of(m.outputs()));
    input_shapes = c.take<Shape>(size_of(m.inputs()));
    dims = c.take<int64_t>(size_of(m.dims()));
    const size_t data = e.has_data ? size_of(m.dims()) : 0;
    measured = c.take<wire::Measured>(data);
    given = c.take<wire::Measured>(data);
    from_data = c.take<uint8_t>(data);
    slot_offsets = c.take<int64_t>(static_cast<size_t>(m.slots()));
    steps = c.take<BoundStep>(e.step_count);
    params = c.take<Params>(e.step_count);
    pointers = c.take<void*>(e.operand_count);
    patches = c.take<Patch>(e.operand_count);
    times = c.take<uint64_t>(e.step_count);
  }
};

void start_io(IoSlot* slot, const wire::Io& io) {
  ::new (static_cast<void*>(slot)) IoSlot;
  slot->dtype = static_cast<DType>(io.dtype());
  slot->shape_set = true;
  for (uint32_t d = 0; d < size_of(io.shape()); ++d) {
    const int64_t size = io.shape()->Get(d)->size();
    slot->shape.push(size);
    if (size < 0) slot->shape_set = false;
  }
}

void start_steps(const Arrays& a, const hone_engine& e) {
  void** pointer = a.pointers;
  for (uint32_t i = 0; i < e.step_count; ++i) {
    const wire::Step& s = *e.meta().steps()->Get(i);
    BoundStep* b = ::new (static_cast<void*>(a.steps + i)) BoundStep;
    b->params = a.params + i;
    b->in = const_cast<const void**>(pointer);
    pointer += e.steps[i].operands;
    b->out = pointer - size_of(s.out());
    b->flow = e.steps[i].flow;
    a.times[i] = 0;
  }
  for (uint32_t i = 0; i < e.operand_count; ++i) a.pointers[i] = nullptr;
}

Status check_create(const hone_engine& e, const hone_context_options& o) {
  if ((o.flags & ~static_cast<uint64_t>(HONE_CONTEXT_EXTERNAL_IO)) != 0) {
    return error(Code::invalid_argument, "hone_context_options.flags has an unknown flag");
  }
  return check_profile(e, o.profile);
}

}  // namespace

device::Result<hone_context*> create_context(hone_engine* e, const hone_context_options& o) {
  Allocator allocator = e->allocator;
  if (o.allocator != nullptr) HONE_RETURN_IF_ERROR(read_allocator(o.allocator, &allocator));
  HONE_RETURN_IF_ERROR(check_create(*e, o));
  Carver size(nullptr);
  Arrays(size, *e);
  HONE_ASSIGN(const Block block, allocator.alloc(size.bytes(), "a context"));
  Carver carver(block.data);
  const Arrays a(carver, *e);

  auto* c = ::new (static_cast<void*>(a.context)) hone_context;
  c->engine = e;
  c->allocator = allocator;
  c->self = block;
  c->external_io = (o.flags & HONE_CONTEXT_EXTERNAL_IO) != 0;
  const wire::EngineMeta& m = e->meta();
  c->wanted_profile = o.profile;
  c->input_count = size_of(m.inputs());
  c->output_count = size_of(m.outputs());
  c->inputs = a.inputs;
  c->outputs = a.outputs;
  c->input_shapes = a.input_shapes;
  c->dims = a.dims;
  if (e->has_data) {
    c->measured = a.measured;
    c->given = a.given;
    c->from_data = a.from_data;
    for (uint32_t i = 0; i < size_of(m.dims()); ++i) {
      ::new (static_cast<void*>(c->measured + i)) wire::Measured;
      ::new (static_cast<void*>(c->given + i)) wire::Measured;
    }
    c->mark_data();
  }
  c->slot_offsets = a.slot_offsets;
  c->steps = a.steps;
  c->patches = a.patches;
  c->times = a.times;
  for (uint32_t i = 0; i < c->input_count; ++i) {
    start_io(&c->inputs[i], *m.inputs()->Get(i));
    ::new (static_cast<void*>(c->input_shapes + i)) Shape;
  }
  for (uint32_t i = 0; i < c->output_count; ++i) start_io(&c->outputs[i], *m.outputs()->Get(i));
  for (uint32_t i = 0; i < size_of(m.states()); ++i) {
    c->inputs[m.states()->Get(i)->input()].state = true;
  }
  start_steps(a, *e);
  retain(e);
  if (o.pool != nullptr) retain(o.pool);
  c->pool = o.pool;
  return c;
}

void free_context(hone_context* c) {
  c->allocator.free(c->arena);
  if (c->pool != nullptr) release(c->pool);
  hone_engine* engine = c->engine;
  const Allocator allocator = c->allocator;
  allocator.free(c->self);
  release(engine);
}

}  // namespace hone::runtime

hone_status hone_context::fail(const Status& s) {
  if (!s.ok()) error_text = s.text();
  return static_cast<hone_status>(s.code());
}

const wire::Io& hone_context::io_info(bool is_input, uint32_t index) const {
  return *(is_input ? meta().inputs() : meta().outputs())->Get(index);
}

// Its symbol stands for any number: a name that begins with '?', in quotes.
static bool may_be_empty(const wire::Dim& d) {
  return d.symbol() != nullptr && d.symbol()->size() > 2 && d.symbol()->c_str()[1] == '?';
}

Status hone_context::set_shape(int32_t input, const int64_t* sizes, int32_t rank) {
  if (input < 0 || static_cast<uint32_t>(input) >= input_count) {
    return error(Code::not_found, FixedText("no input ")
                                      << input << ": the model has " << input_count);
  }
  const wire::Io& io = io_info(true, static_cast<uint32_t>(input));
  FixedText text = runtime::io_name(true, io);
  if (rank < 0 || rank > hone::max_rank || (sizes == nullptr && rank > 0)) {
    return error(Code::invalid_argument, text << ": a shape has 0 to 8 dimensions");
  }
  const Shape shape(std::span<const int64_t>(sizes, static_cast<size_t>(rank)));
  text << ": ";
  runtime::append_shape(shape.span(), &text);
  text << " does not fit ";
  runtime::append_type(io, &text);
  const uint32_t wanted = size_of(io.shape());
  if (static_cast<uint32_t>(rank) != wanted) return error(Code::shape_mismatch, text);
  for (int i = 0; i < rank; ++i) {
    const wire::Dim& d = *io.shape()->Get(static_cast<uint32_t>(i));
    const int64_t size = d.size();
    // The kernels are chosen for sizes >= 1; an input that is always empty, or one that may be, is
    // the model's own.
    const int64_t least = may_be_empty(d) ? 0 : 1;
    if (size < 0 ? shape[i] >= least : shape[i] == size) continue;
    text << " (dimension " << i;
    if (size < 0) text << " is at least " << least;
    return error(Code::shape_mismatch, text << ")");
  }
  runtime::IoSlot& slot = inputs[input];
  if (slot.shape_set && slot.shape == shape) return {};
  slot.shape = shape;
  slot.shape_set = true;
  planned = bound = false;
  return {};
}

Status hone_context::set_shape_values(int32_t input, const int64_t* values, int32_t count) {
  if (input < 0 || static_cast<uint32_t>(input) >= input_count) {
    return error(Code::not_found, FixedText("no input ")
                                      << input << ": the model has " << input_count);
  }
  if (count < 0 || (values == nullptr && count > 0)) {
    return error(Code::invalid_argument, "no memory given for the values");
  }
  bool any = false;
  for (uint32_t i = 0; measured != nullptr && i < size_of(meta().dims()); ++i) {
    const wire::DimInstr& d = *meta().dims()->Get(i);
    if (d.op() != wire::DimOp::data) continue;
    const wire::Value& v = *meta().values()->Get(static_cast<uint32_t>(d.a()));
    if (v.place() != wire::Place::input || v.index() != input) continue;
    if (d.b() >= count) {
      return error(Code::shape_mismatch,
                   runtime::io_name(true, io_info(true, static_cast<uint32_t>(input)))
                       << ": " << count << " values given, element " << d.b() << " decides a size");
    }
    given[i] = {values[d.b()], true};
    any = true;
  }
  if (!any) return {};
  planned = bound = false;
  return {};
}

int64_t hone_context::arena_bytes() const {
  return layout.values + layout.workspace + layout.scratch * threads() + layout.io;
}
