#include "device/runtime/loaded_engine.h"

#include <new>

#include "common/wire/limits.h"
#include "common/wire/vectors.h"
#include "device/platform/cpu.h"
#include "device/platform/pages.h"
#include "device/runtime/plugins.h"
#include "device/runtime/structs.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

namespace hone::runtime {

using device::error;
using device::Status;
using wire::size_of;
using wire::StepKind;

namespace {

Status missing_isa_error(IsaMask missing) {
  FixedText text("the engine needs ");
  platform::append_isa_names(missing & ((1u << isa_count) - 1), &text);
  if ((missing >> isa_count) != 0) text << " instructions unknown to this version";
  return error(Code::isa_missing,
               text << ", which this machine lacks: build the engine for this machine");
}

FixedText name_of(const wire::Step& s, uint32_t i) {
  return step_name(i, s.layer() == nullptr ? nullptr : s.layer()->c_str());
}

// The kernel `name` that step `i` asks for.
device::Result<const kernels::Kernel*> find_kernel(const wire::Step& s, uint32_t i,
                                                   const char* name, uint32_t version,
                                                   IsaMask machine) {
  const kernels::Kernel* k = kernels::find_kernel(name);
  if (k == nullptr) {
    return error(Code::unsupported, name_of(s, i)
                                        << " needs a kernel this version of Hone lacks: " << name);
  }
  if (k->version != version) {
    return error(Code::version_mismatch,
                 name_of(s, i) << " was built for version " << version << " of kernel " << name
                               << ", this Hone has version " << static_cast<uint32_t>(k->version)
                               << ": rebuild the engine");
  }
  if (!has(machine, k->isa)) return missing_isa_error(mask(k->isa));
  return k;
}

bool runs_kernel(const wire::Step& s) {
  return s.kind() == StepKind::kernel || s.kind() == StepKind::custom;
}

// `own`: where the next plugin's kernel is kept.
device::Result<const kernels::Kernel*> find_any_kernel(const wire::Step& s, uint32_t i,
                                                       const char* name, uint32_t version,
                                                       IsaMask machine, PluginTables plugins,
                                                       kernels::Kernel** own) {
  if (s.kind() == StepKind::kernel) return find_kernel(s, i, name, version, machine);
  HONE_ASSIGN(const kernels::Kernel k, find_plugin_kernel(s, i, name, version, machine, plugins));
  return ::new (static_cast<void*>((*own)++)) kernels::Kernel(k);
}

Status find_kernels(hone_engine* e, IsaMask machine, PluginTables plugins, kernels::Kernel* own) {
  const wire::EngineMeta& m = e->meta();
  for (uint32_t i = 0; i < e->step_count; ++i) {
    const wire::Step& s = *m.steps()->Get(i);
    e->steps[i].operands = size_of(s.in());
    if (!runs_kernel(s)) continue;
    HONE_ASSIGN(e->steps[i].kernel, find_any_kernel(s, i, s.kernel()->c_str(), s.kernel_version(),
                                                    machine, plugins, &own));
  }
  uint32_t at = 0;
  for (uint32_t p = 0; p < size_of(m.profiles()); ++p) {
    const auto* choices = m.profiles()->Get(p)->choices();
    for (uint32_t k = 0; k < size_of(choices); ++k) {
      const wire::Choice& c = *choices->Get(k);
      const auto i = static_cast<uint32_t>(c.step());
      HONE_ASSIGN(e->choices[at++], find_any_kernel(*m.steps()->Get(i), i, c.kernel()->c_str(),
                                                    c.kernel_version(), machine, plugins, &own));
      if (size_of(c.in()) > e->steps[i].operands) e->steps[i].operands = size_of(c.in());
    }
  }
  for (uint32_t i = 0; i < e->step_count; ++i) {
    e->steps[i].operands += size_of(m.steps()->Get(i)->out());
    e->operand_count += e->steps[i].operands;
  }
  return {};
}

size_t count_choices(const wire::EngineMeta& meta) {
  size_t n = 0;
  for (uint32_t i = 0; i < size_of(meta.profiles()); ++i) {
    n += size_of(meta.profiles()->Get(i)->choices());
  }
  return n;
}

// Of custom steps, by themselves and by choices of profiles.
size_t count_plugin_kernels(const wire::EngineMeta& meta) {
  const auto custom = [&meta](uint32_t i) {
    return meta.steps()->Get(i)->kind() == StepKind::custom ? size_t{1} : 0;
  };
  size_t n = 0;
  for (uint32_t i = 0; i < size_of(meta.steps()); ++i) n += custom(i);
  for (uint32_t p = 0; p < size_of(meta.profiles()); ++p) {
    const auto* choices = meta.profiles()->Get(p)->choices();
    for (uint32_t k = 0; k < size_of(choices); ++k) {
      n += custom(static_cast<uint32_t>(choices->Get(k)->step()));
    }
  }
  return n;
}

bool has_data(const wire::EngineMeta& meta) {
  for (uint32_t i = 0; meta.dims() != nullptr && i < meta.dims()->size(); ++i) {
    if (meta.dims()->Get(i)->op() == wire::DimOp::data) return true;
  }
  return false;
}

// Everything but who owns the bytes.
device::Result<hone_engine*> load(Bytes bytes, const hone_load_options& o,
                                  const Allocator& allocator) {
  const bool checksum = (o.flags & HONE_LOAD_TRUSTED) == 0;
  HONE_ASSIGN(const wire::Engine file, wire::verify({bytes}, checksum));
  HONE_ASSIGN(const IsaMask machine, platform::usable_isa());
  const IsaMask missing = wire::missing_isa(file, machine);
  if (missing != 0) return missing_isa_error(missing);

  const uint32_t steps = size_of(file.meta().steps());
  const size_t choices = count_choices(file.meta());
  const size_t plugin_kernels = count_plugin_kernels(file.meta());
  const PluginTables plugins(o.plugins, static_cast<size_t>(o.plugin_count));
  Carver size(nullptr);
  size.take<hone_engine>(1);
  size.take<EngineStep>(steps);
  size.take<const kernels::Kernel*>(choices);
  size.take<kernels::Kernel>(plugin_kernels);
  HONE_ASSIGN(const Block block, allocator.alloc(size.bytes(), "an engine"));
  Carver carver(block.data);
  auto* e = ::new (static_cast<void*>(carver.take<hone_engine>(1))) hone_engine;
  e->file = file;
  e->steps = carver.take<EngineStep>(steps);
  for (uint32_t i = 0; i < steps; ++i) ::new (static_cast<void*>(e->steps + i)) EngineStep;
  e->step_count = steps;
  e->choices = carver.take<const kernels::Kernel*>(choices);
  e->has_data = has_data(file.meta());
  e->allocator = allocator;
  e->log = o.log;
  e->log_user = o.log_user;
  e->self = block;
  const Status found =
      find_kernels(e, machine, plugins, carver.take<kernels::Kernel>(plugin_kernels));
  if (!found.ok()) {
    allocator.free(block);
    return found;
  }
  plan_flow(file.meta(), e->steps);
  return e;
}

Status check_options(const hone_load_options& o, Allocator* allocator) {
  HONE_RETURN_IF_ERROR(read_allocator(o.allocator, allocator));
  constexpr uint64_t known = HONE_LOAD_TRUSTED | HONE_LOAD_COPY;
  if ((o.flags & ~known) != 0) {
    return error(Code::invalid_argument, "hone_load_options.flags has a flag that does not exist");
  }
  if (o.plugin_count < 0 || (o.plugin_count > 0 && o.plugins == nullptr)) {
    return error(Code::invalid_argument, "hone_load_options.plugins is no list of plugin_count");
  }
  return check_plugins({o.plugins, static_cast<size_t>(o.plugin_count)});
}

}  // namespace

void plan_flow(const wire::EngineMeta& meta, EngineStep* out) {
  struct Region {
    uint32_t step, else_begin, end;
    bool loops;
  };
  Region open[wire::max_branch_depth];
  uint32_t depth = 0;
  const uint32_t steps = size_of(meta.steps());
  for (uint32_t i = 0; i < steps; ++i) {
    while (depth > 0 && i >= open[depth - 1].end) --depth;
    // A position that ends the then-part of a region around step i means: behind its else-part;
    // one that ends a loop's means: the loop again.
    const auto behind = [&](uint32_t position) {
      for (uint32_t d = depth; d > 0; --d) {
        const Region& r = open[d - 1];
        if (r.loops && position == r.end) return r.step;
        if (i < r.else_begin && position == r.else_begin) position = r.end;
      }
      return position;
    };
    const wire::Step& s = *meta.steps()->Get(i);
    Flow& flow = out[i].flow;
    flow.next = behind(i + 1);
    out[i].nested = depth > 0;
    if (s.kind() != StepKind::branch && s.kind() != StepKind::loop) continue;
    const uint32_t else_begin = i + 1 + static_cast<uint32_t>(s.then_steps());
    const uint32_t end = else_begin + static_cast<uint32_t>(s.else_steps());
    flow.then_step = s.then_steps() > 0 ? i + 1 : behind(end);
    flow.else_step = s.else_steps() > 0 ? else_begin : behind(end);
    open[depth++] = {i, else_begin, end, s.kind() == StepKind::loop};
  }
}

device::Result<hone_engine*> load_file(const char* path, const hone_load_options& o) {
  Allocator allocator;
  HONE_RETURN_IF_ERROR(check_options(o, &allocator));
  HONE_ASSIGN(const platform::MappedFile mapped, platform::map_file(path));
  if ((o.flags & HONE_LOAD_TRUSTED) != 0) {  // no checksum comes by every page
    platform::populate_mapping(mapped.bytes.data(), mapped.bytes.size());
  }
  auto engine = load(mapped.bytes, o, allocator);
  if (!engine.ok()) {
    platform::unmap(mapped);
    return engine.status();
  }
  (*engine)->mapped = mapped;
  return engine;
}

device::Result<hone_engine*> load_memory(Bytes bytes, const hone_load_options& o) {
  Allocator allocator;
  HONE_RETURN_IF_ERROR(check_options(o, &allocator));
  if ((o.flags & HONE_LOAD_COPY) == 0) return load(bytes, o, allocator);
  HONE_ASSIGN(const Block copy, allocator.alloc(bytes.size(), "a copy of the engine"));
  std::memcpy(copy.data, bytes.data(), bytes.size());
  auto engine = load({static_cast<const std::byte*>(copy.data), bytes.size()}, o, allocator);
  if (!engine.ok()) {
    allocator.free(copy);
    return engine.status();
  }
  (*engine)->copy = copy;
  return engine;
}

void retain(hone_engine* engine) { engine->users.fetch_add(1, std::memory_order_relaxed); }

void release(hone_engine* engine) {
  if (engine->users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  platform::unmap(engine->mapped);
  const Allocator allocator = engine->allocator;
  allocator.free(engine->copy);
  allocator.free(engine->self);
}

}  // namespace hone::runtime
