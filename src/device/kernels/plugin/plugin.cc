#include "device/kernels/plugin/plugin.h"

#include <cstring>

#include "common/wire/limits.h"
#include "device/kernels/plugin/attributes.h"

namespace hone::kernels {

namespace {

using device::error;
using device::Status;

constexpr int32_t max_operands = HONE_PLUGIN_MAX_OPERANDS;
static_assert(HONE_PLUGIN_MAX_OPERANDS == wire::max_step_operands);

// What stands in a bound step's params before the plugin's own.
struct alignas(16) Bound {
  void (*run)(const hone_plugin_run*);
};
static_assert(sizeof(Bound) + HONE_PLUGIN_PARAMS_BYTES <= max_params_bytes);
static_assert(max_phases == HONE_PLUGIN_MAX_PHASES && max_rank == HONE_MAX_RANK);

const hone_plugin_kernel& plugin_of(const Step& s) {
  return *static_cast<const hone_plugin_kernel*>(s.plugin);
}

// A step as callbacks see it.
class View {
 public:
  // nullptr, or why not.
  const char* open(const Step& s) {
    if (!attributes_.decode(s.attrs)) return "damaged attributes";
    if (const char* why = take(s.in, in_)) return why;
    if (const char* why = take(s.out, out_)) return why;
    step_ = {};
    step_.struct_size = sizeof(step_);
    step_.attributes = attributes_.view();
    step_.inputs = in_;
    step_.outputs = out_;
    step_.input_count = static_cast<int32_t>(s.in.size());
    step_.output_count = static_cast<int32_t>(s.out.size());
    return nullptr;
  }
  const hone_plugin_step* get() const { return &step_; }

 private:
  static const char* take(std::span<const Operand> operands, hone_plugin_tensor* to) {
    if (operands.size() > wire::max_step_operands) return "too many operands";
    for (size_t i = 0; i < operands.size(); ++i) {
      const Operand& o = operands[i];
      if (o.present() && !is_dense(o)) return "takes tensors without gaps";
      hone_plugin_tensor& t = to[i];
      t = {};
      t.dtype = static_cast<int32_t>(o.dtype);
      t.rank = o.shape.rank();
      for (int k = 0; k < t.rank; ++k) t.dims[k] = o.shape[k];
      t.constant = o.constant ? 1 : 0;
    }
    return nullptr;
  }

  PluginAttributes attributes_;
  hone_plugin_tensor in_[max_operands], out_[max_operands];
  hone_plugin_step step_;
};

const char* bind_plugin(const Step& s, void* params, Work* work) {
  const hone_plugin_kernel& k = plugin_of(s);
  View view;
  if (const char* why = view.open(s)) return why;
  hone_plugin_work w = {};
  w.struct_size = sizeof(w);
  w.phases = 1;
  w.units[0] = 1;
  auto* bound = static_cast<Bound*>(params);
  if (const char* why = k.bind(view.get(), bound + 1, &w)) return why;
  if (w.phases < 0 || w.phases > max_phases || w.scratch_bytes < 0 || w.workspace_bytes < 0) {
    return "it asks for work that cannot be";
  }
  bound->run = k.run;
  work->phases = w.phases;
  for (int p = 0; p < max_phases; ++p) work->units[p] = w.units[p];
  work->scratch_bytes = w.scratch_bytes;
  work->workspace_bytes = w.workspace_bytes;
  return nullptr;
}

void run_plugin(const RunArgs& a) {
  const auto* bound = static_cast<const Bound*>(a.params);
  const hone_plugin_run r = {bound + 1, a.in, a.out,   a.scratch, a.workspace,
                             a.phase,   0,    a.begin, a.end};
  bound->run(&r);
}

int64_t packed_bytes_plugin(const Step& s, int index) {
  View view;
  if (view.open(s) != nullptr) return 0;
  const int64_t bytes = plugin_of(s).packed_bytes(view.get(), index);
  return bytes > 0 ? bytes : 0;
}

void pack_plugin(const Step& s, const void* const* raw, int index, void* dst) {
  View view;
  if (view.open(s) == nullptr) plugin_of(s).pack(view.get(), raw, index, dst);
}

bool is_word(const char* s) {
  if (s == nullptr || *s == 0 || std::strlen(s) > 80) return false;
  for (; *s != 0; ++s) {
    if (*s <= ' ' || *s > '~' || *s == '/' || *s == ':') return false;
  }
  return true;
}

Status check_kernel(const hone_plugin_op& op, const hone_plugin_kernel* k) {
  const FixedText name = plugin_op_name(op.domain, op.name);
  const auto bad = [&](const char* why) {
    return error(Code::invalid_argument, FixedText(name) << ": " << why);
  };
  if (k == nullptr || k->struct_size < sizeof(hone_plugin_kernel)) {
    return bad("a kernel without its struct_size");
  }
  if (!is_word(k->name)) return bad("a kernel without a name");
  if (k->isa == nullptr || k->bind == nullptr || k->run == nullptr) {
    return bad("a kernel without isa, bind or run");
  }
  if ((k->packed_bytes == nullptr) != (k->pack == nullptr)) {
    return bad("a kernel with one of packed_bytes and pack");
  }
  if (k->version < 0 || k->version > UINT16_MAX) return bad("a kernel's version is 0 to 65535");
  return {};
}

bool is_range(int32_t least, int32_t most, bool open) {
  return least >= 0 && least <= max_operands && most <= max_operands &&
         (most >= least || (open && most == -1));
}

Status check_op(const hone_plugin_op* op, bool for_host) {
  if (op == nullptr || op->struct_size < sizeof(hone_plugin_op)) {
    return error(Code::invalid_argument, "an operator without its struct_size");
  }
  if (!is_word(op->domain) || !is_word(op->name)) {
    return error(Code::invalid_argument, "an operator without a domain and a name");
  }
  const FixedText name = plugin_op_name(op->domain, op->name);
  const auto bad = [&](const char* why) {
    return error(Code::invalid_argument, FixedText(name) << ": " << why);
  };
  if (std::strcmp(op->domain, "ai.onnx") == 0 || std::strcmp(op->domain, "ai.hone") == 0) {
    return bad("its domain is not for plugins");
  }
  if (op->since_version < 1) return bad("since_version begins at 1");
  if (!is_range(op->min_inputs, op->max_inputs, true) ||
      !is_range(op->min_outputs, op->max_outputs, true) || op->min_outputs < 1) {
    return bad("the numbers of inputs and outputs are not from 0 and 1 to 16");
  }
  if (op->attribute_count < 0 || op->attribute_count > HONE_PLUGIN_MAX_ATTRIBUTES ||
      (op->attribute_count > 0 && op->attributes == nullptr)) {
    return bad("it has no list of at most 32 attributes");
  }
  for (int32_t i = 0; i < op->attribute_count; ++i) {
    const hone_plugin_attribute_spec& a = op->attributes[i];
    if (is_word(a.name) && a.type >= HONE_ATTRIBUTE_INT && a.type <= HONE_ATTRIBUTE_TENSOR) {
      continue;
    }
    return bad("an attribute without a name and a type");
  }
  if (for_host && (op->infer == nullptr || op->reference == nullptr)) {
    return bad("it lacks infer or reference, which the host needs");
  }
  if (!(op->tolerance >= 0)) return bad("its tolerance is negative");
  if (op->kernel_count < 1 || op->kernels == nullptr) return bad("it has no kernel");
  for (int32_t i = 0; i < op->kernel_count; ++i) {
    HONE_RETURN_IF_ERROR(check_kernel(*op, op->kernels[i]));
    for (int32_t k = 0; k < i; ++k) {
      if (std::strcmp(op->kernels[i]->name, op->kernels[k]->name) == 0) {
        return bad("two kernels of one name");
      }
    }
  }
  return {};
}

}  // namespace

FixedText plugin_op_name(const char* domain, const char* op) {
  return FixedText(domain) << "::" << op;
}

FixedText plugin_kernel_name(const hone_plugin_op& op, const hone_plugin_kernel& kernel) {
  return plugin_op_name(op.domain, op.name) << "/" << kernel.name;
}

Status check_plugin(const hone_plugin* p, bool for_host) {
  if (p == nullptr || p->struct_size < sizeof(p->struct_size) + sizeof(p->abi)) {
    return error(Code::invalid_argument, "the plugin's table lacks its struct_size");
  }
  if (p->abi != HONE_PLUGIN_ABI) {
    return error(Code::version_mismatch, FixedText("the plugin is made for plugin ABI ")
                                             << p->abi << ", this Hone has " << HONE_PLUGIN_ABI
                                             << ": compile it with this Hone's hone/plugin.h");
  }
  if (p->struct_size < sizeof(hone_plugin) || p->op_count < 1 || p->ops == nullptr) {
    return error(Code::invalid_argument, "the plugin's table has no operators");
  }
  for (int32_t i = 0; i < p->op_count; ++i) HONE_RETURN_IF_ERROR(check_op(p->ops[i], for_host));
  return {};
}

device::Result<Kernel> plugin_kernel(const hone_plugin_kernel& k, const char* name) {
  Isa isa = Isa::portable;
  if (!parse(k.isa, &isa)) {
    return error(Code::isa_missing, FixedText(name)
                                        << " needs " << k.isa
                                        << ", which this version of Hone does not know");
  }
  const bool packs = k.packed_bytes != nullptr;
  return Kernel{name,
                "plugin",
                isa,
                static_cast<uint16_t>(k.version),
                bind_plugin,
                run_plugin,
                packs ? packed_bytes_plugin : nullptr,
                packs ? pack_plugin : nullptr,
                &k};
}

}  // namespace hone::kernels
