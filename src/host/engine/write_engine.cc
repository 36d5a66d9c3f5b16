#include "host/engine/write_engine.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "common/base/checked.h"
#include "common/base/hash.h"
#include "common/base/version.h"
#include "common/wire/header.h"
#include "common/wire/limits.h"
#include "host/engine/dim_program.h"
#include "host/ops/plugin.h"

namespace hone::engine {

using flatbuffers::Offset;
using plan::Place;
using plan::Plan;

namespace {

template <class T>
using Offsets = std::vector<Offset<T>>;

class Writer {
 public:
  Writer(const Plan& plan, const WriteOptions& options)
      : plan_(plan),
        options_(options),
        dims_(plan, [this](plan::PlanValue v) { return new_number_[static_cast<size_t>(v)]; }) {}

  Result<std::vector<std::byte>> write() {
    place_weights();
    HONE_ASSIGN(Offset<wire::EngineMeta> meta, metadata());
    wire::FinishEngineMetaBuffer(fbb_, meta);
    return assemble();
  }

 private:
  // Equal bytes lie in the file once: what a model ties together, exporters often write apart.
  void place_weights() {
    std::unordered_multimap<uint64_t, size_t> seen;
    for (size_t i = 0; i < plan_.constants.size(); ++i) {
      const plan::Constant& c = plan_.constants[i];
      const auto bytes = c.data.raw_bytes();
      const uint64_t hash = hash64(bytes);
      auto [begin, end] = seen.equal_range(hash);
      auto first = std::find_if(begin, end, [&](const auto& other) {
        return std::ranges::equal(plan_.constants[other.second].data.raw_bytes(), bytes);
      });
      if (first != end) {
        weights_at_.push_back(weights_at_[first->second]);
        continue;
      }
      seen.emplace(hash, i);
      weights_at_.push_back(weights_bytes_);
      weights_bytes_ +=
          static_cast<uint64_t>(round_up(c.data.bytes(), static_cast<int64_t>(wire::data_align)));
    }
  }

  Result<Offset<wire::Value>> value(const plan::Value& v) {
    const plan::Storage& s = plan_.storages[static_cast<size_t>(v.storage)];
    HONE_ASSIGN(std::vector<int32_t> shape, dims_.indices(v.shape));
    HONE_ASSIGN(std::vector<int32_t> strides, dims_.indices(v.strides));
    const plan::Dim place = s.block * plan::Dim(8 * plan::arena_block / bits(v.dtype));
    HONE_ASSIGN(int32_t offset, dims_.index(v.offset + place));
    auto name = fbb_.CreateString(v.name);
    auto shape_at = fbb_.CreateVector(shape);
    auto strides_at = strides.empty() ? 0 : fbb_.CreateVector(strides);
    wire::ValueBuilder b(fbb_);
    b.add_name(name);
    b.add_dtype(static_cast<uint8_t>(v.dtype));
    b.add_shape(shape_at);
    if (!strides.empty()) b.add_strides(strides_at);
    b.add_offset(offset);
    if (s.place == Place::weights) {
      auto c = static_cast<size_t>(s.index);
      b.add_place(wire::Place::weights);
      b.add_weight_offset(weights_at_[c]);
      b.add_weight_bytes(static_cast<uint64_t>(plan_.constants[c].data.bytes()));
    } else {
      constexpr wire::Place places[] = {wire::Place::arena, wire::Place::weights,
                                        wire::Place::input, wire::Place::output, wire::Place::none};
      b.add_place(places[static_cast<int>(s.place)]);
      b.add_index(s.index);
    }
    return b.Finish();
  }

  Offset<flatbuffers::Vector<uint8_t>> words_as_bytes(const std::vector<int32_t>& words) {
    return fbb_.CreateVector(reinterpret_cast<const uint8_t*>(words.data()), words.size() * 4);
  }

  Offset<wire::Plugin> plugin(const hone_plugin_op& op) {
    auto domain = fbb_.CreateString(op.domain), name = fbb_.CreateString(op.name);
    return wire::CreatePlugin(fbb_, domain, name, op.since_version, HONE_PLUGIN_ABI);
  }

  Result<Offset<wire::Step>> step(const plan::Step& s) {
    constexpr wire::StepKind kinds[] = {wire::StepKind::kernel, wire::StepKind::branch,
                                        wire::StepKind::trap, wire::StepKind::measure,
                                        wire::StepKind::loop};
    HONE_ASSIGN(std::vector<int32_t> dims, dims_.indices(s.dims));
    for (const std::string& symbol : s.measured) {
      HONE_ASSIGN(int32_t dim, dims_.index(graph::Dim::symbol(symbol)));
      dims.push_back(dim);
    }
    auto kernel = s.kernel != nullptr ? fbb_.CreateString(s.kernel->name) : 0;
    auto in = fbb_.CreateVector(renumbered(s.in)), out = fbb_.CreateVector(renumbered(s.out));
    auto dims_at = fbb_.CreateVector(dims);
    const bool custom = s.plugin != nullptr;
    auto attrs = custom ? 0 : fbb_.CreateVector(s.attrs);
    auto blob = custom ? words_as_bytes(s.attrs) : 0;
    auto owner = custom ? plugin(*s.plugin->table) : 0;
    auto layer = fbb_.CreateString(s.layer), op = fbb_.CreateString(s.op);
    auto text = s.text.empty() ? 0 : fbb_.CreateString(s.text);
    wire::StepBuilder b(fbb_);
    b.add_kind(custom ? wire::StepKind::custom : kinds[static_cast<int>(s.kind)]);
    if (s.kernel != nullptr) {
      b.add_kernel(kernel);
      b.add_kernel_version(s.kernel->version);
    }
    b.add_in(in);
    b.add_out(out);
    if (custom) {
      b.add_blob(blob);
      b.add_plugin(owner);
    } else {
      b.add_attrs(attrs);
    }
    b.add_dims(dims_at);
    b.add_then_steps(s.then_steps);
    b.add_else_steps(s.else_steps);
    if (!s.text.empty()) b.add_text(text);
    b.add_layer(layer);
    b.add_op(op);
    return b.Finish();
  }

  // Only values that something reads or writes are written.
  void number_values() {
    new_number_.assign(plan_.values.size(), -1);
    auto keep = [&](plan::PlanValue v) {
      if (v == plan::absent || new_number_[static_cast<size_t>(v)] >= 0) return;
      new_number_[static_cast<size_t>(v)] = static_cast<int32_t>(kept_.size());
      kept_.push_back(v);
    };
    for (const plan::Io& io : plan_.inputs) keep(io.value);
    for (const plan::Step& s : plan_.steps) {
      for (plan::PlanValue v : s.in) keep(v);
      for (plan::PlanValue v : s.out) keep(v);
    }
    for (const plan::Profile& p : plan_.profiles) {
      for (const auto& [step, choice] : p.choices) {
        for (plan::PlanValue v : choice.in) keep(v);
      }
    }
    for (const plan::Io& io : plan_.outputs) keep(io.value);
  }

  std::vector<int32_t> renumbered(const std::vector<plan::PlanValue>& values) const {
    std::vector<int32_t> out;
    for (plan::PlanValue v : values) {
      out.push_back(v == plan::absent ? -1 : new_number_[static_cast<size_t>(v)]);
    }
    return out;
  }

  Result<Offset<wire::Io>> io(const plan::Io& io, bool output) {
    Offsets<wire::Dim> shape;
    for (const graph::Dim& d : io.shape) {
      auto symbol = d.is_const() ? 0 : fbb_.CreateString(to_string(d));
      wire::DimBuilder b(fbb_);
      b.add_size(d.const_value().value_or(-1));
      if (!d.is_const()) {
        b.add_symbol(symbol);
        b.add_opt(d.evaluate(plan_.example()).value_or(1));
      } else {
        b.add_opt(d.value());
      }
      shape.push_back(b.Finish());
    }
    std::vector<int32_t> dims;
    if (output) {
      HONE_ASSIGN(dims, dims_.indices(io.shape));
    }
    auto name = fbb_.CreateString(io.name);
    auto shape_at = fbb_.CreateVector(shape);
    auto dims_at = fbb_.CreateVector(dims);
    return wire::CreateIo(fbb_, name, static_cast<uint8_t>(io.dtype), shape_at, dims_at,
                          new_number_[static_cast<size_t>(io.value)]);
  }

  // The plan's own checks, and one for every further use of a symbol among the inputs.
  Result<Offsets<wire::DimCheck>> checks() {
    Offsets<wire::DimCheck> out;
    auto add = [&](int32_t dim, const std::string& text) {
      out.push_back(wire::CreateDimCheck(fbb_, dim, fbb_.CreateString(text)));
    };
    for (const plan::Check& c : plan_.checks) {
      HONE_ASSIGN(int32_t dim, dims_.index(c.condition));
      add(dim, c.text);
    }
    for (size_t i = 0; i < plan_.inputs.size(); ++i) {
      const plan::Io& io = plan_.inputs[i];
      for (size_t axis = 0; axis < io.shape.size(); ++axis) {
        if (!io.shape[axis].is_symbol()) continue;
        auto here = std::pair(static_cast<int32_t>(i), static_cast<int32_t>(axis));
        const std::string& symbol = io.shape[axis].symbol_name();
        auto first = plan_.symbols.at(symbol);
        if (first == here) continue;
        int32_t a = dims_.input_dim(first.first, first.second);
        int32_t b = dims_.input_dim(here.first, here.second);
        add(dims_.emit(wire::DimOp::equal, a, b, 0),
            "'" + symbol + "' has two sizes: in input '" +
                plan_.inputs[static_cast<size_t>(first.first)].name + "' and in '" + io.name + "'");
      }
    }
    return out;
  }

  Offsets<wire::Profile> profiles() {
    Offsets<wire::Profile> out;
    for (const plan::Profile& p : plan_.profiles) {
      std::vector<wire::Range> ranges;
      for (const plan::DimRange& r : p.ranges) ranges.emplace_back(r.min, r.opt, r.max);
      std::vector<uint64_t> offsets(p.slot_offsets.begin(), p.slot_offsets.end());
      Offsets<wire::StepNote> profile_notes;
      for (const auto& [step, c] : p.choices) note(step, c.ns, c.tactics, &profile_notes);
      auto ranges_at = fbb_.CreateVectorOfStructs(ranges);
      auto offsets_at = fbb_.CreateVector(offsets);
      auto choices_at = fbb_.CreateVector(choices(p));
      auto notes_at = fbb_.CreateVector(profile_notes);
      out.push_back(wire::CreateProfile(fbb_, ranges_at, static_cast<uint64_t>(p.arena_bytes),
                                        offsets_at, choices_at, notes_at,
                                        static_cast<uint64_t>(p.lower_bound_bytes)));
    }
    return out;
  }

  // Where they are not what the steps say themselves.
  Offsets<wire::Choice> choices(const plan::Profile& p) {
    Offsets<wire::Choice> out;
    for (const auto& [number, c] : p.choices) {
      const plan::Step& s = plan_.steps[static_cast<size_t>(number)];
      if (c.kernel == s.kernel && c.in == s.in) continue;
      auto kernel = fbb_.CreateString(c.kernel->name);
      auto in = fbb_.CreateVector(renumbered(c.in));
      out.push_back(wire::CreateChoice(fbb_, number, kernel, c.kernel->version, in));
    }
    return out;
  }

  void note(int32_t step, double ns, const std::vector<plan::TacticNote>& tactics,
            Offsets<wire::StepNote>* out) {
    if (tactics.empty()) return;
    Offsets<wire::Tactic> written;
    for (const plan::TacticNote& t : tactics) {
      auto kernel = fbb_.CreateString(t.kernel);
      auto reason = t.reason.empty() ? 0 : fbb_.CreateString(t.reason);
      written.push_back(wire::CreateTactic(fbb_, kernel, t.ns, reason));
    }
    out->push_back(wire::CreateStepNote(fbb_, step, ns, fbb_.CreateVector(written)));
  }

  Offsets<wire::StepNote> notes() {
    Offsets<wire::StepNote> out;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const plan::Step& s = plan_.steps[i];
      note(static_cast<int32_t>(i), s.ns, s.tactics, &out);
    }
    return out;
  }

  Offsets<wire::Property> words(const std::vector<std::pair<std::string, std::string>>& pairs) {
    Offsets<wire::Property> out;
    for (const auto& [key, text] : pairs) {
      auto k = fbb_.CreateString(key), t = fbb_.CreateString(text);
      out.push_back(wire::CreateProperty(fbb_, k, t));
    }
    return out;
  }

  Result<Offset<wire::EngineMeta>> metadata() {
    number_values();
    Offsets<wire::Value> values;
    for (plan::PlanValue v : kept_) {
      HONE_ASSIGN(auto at, value(plan_.values[static_cast<size_t>(v)]));
      values.push_back(at);
    }
    Offsets<wire::Step> steps;
    for (const plan::Step& s : plan_.steps) {
      HONE_ASSIGN(auto at, step(s));
      steps.push_back(at);
    }
    Offsets<wire::Io> inputs, outputs;
    for (const plan::Io& i : plan_.inputs) {
      HONE_ASSIGN(auto at, io(i, false));
      inputs.push_back(at);
    }
    for (const plan::Io& o : plan_.outputs) {
      HONE_ASSIGN(auto at, io(o, true));
      outputs.push_back(at);
    }
    HONE_ASSIGN(Offsets<wire::DimCheck> all_checks, checks());
    auto producer = fbb_.CreateString(std::string("hone ") + version);
    auto model = fbb_.CreateString(plan_.model_name);
    auto precision = fbb_.CreateString(plan_.precision);
    auto cpu = fbb_.CreateString(plan_.target.cpu);
    auto inputs_at = fbb_.CreateVector(inputs), outputs_at = fbb_.CreateVector(outputs);
    auto dims_at = fbb_.CreateVectorOfStructs(dims_.instructions());
    auto checks_at = fbb_.CreateVector(all_checks);
    auto values_at = fbb_.CreateVector(values);
    auto steps_at = fbb_.CreateVector(steps);
    auto profiles_at = fbb_.CreateVector(profiles());
    auto notes_at = fbb_.CreateVector(notes());
    auto properties_at = fbb_.CreateVector(words(options_.properties));
    auto build_options_at = fbb_.CreateVector(words(options_.build_options));
    const plan::PackedBytes& bytes = plan_.packed;
    const wire::PackedBytes packed(static_cast<uint64_t>(bytes.least),
                                   static_cast<uint64_t>(bytes.fastest),
                                   static_cast<uint64_t>(bytes.chosen));
    wire::EngineMetaBuilder b(fbb_);
    b.add_producer(producer);
    b.add_model_name(model);
    b.add_model_hash(plan_.model_hash);
    b.add_precision(precision);
    b.add_target_cpu(cpu);
    b.add_target_arch(static_cast<uint8_t>(plan_.target.arch));
    b.add_threads(plan_.threads);
    b.add_slots(plan_.slots);
    b.add_inputs(inputs_at);
    b.add_outputs(outputs_at);
    b.add_dims(dims_at);
    b.add_checks(checks_at);
    b.add_values(values_at);
    b.add_steps(steps_at);
    b.add_profiles(profiles_at);
    b.add_notes(notes_at);
    b.add_properties(properties_at);
    b.add_options(build_options_at);
    b.add_packed(&packed);
    return b.Finish();
  }

  Result<std::vector<std::byte>> assemble() const {
    if (fbb_.GetSize() > wire::max_meta_bytes) {
      return unsupported("the engine's metadata would be over 64 MB");
    }
    wire::Header h{};
    std::memcpy(h.magic, wire::magic, sizeof(h.magic));
    h.version_major = wire::version_major;
    h.version_minor = wire::version_minor;
    for (const plan::Step& s : plan_.steps) {
      if (s.kernel != nullptr) h.isa |= mask(s.kernel->isa);
    }
    for (const plan::Profile& p : plan_.profiles) {
      for (const auto& [step, choice] : p.choices) h.isa |= mask(choice.kernel->isa);
    }
    h.meta_offset = sizeof(wire::Header);
    h.meta_bytes = fbb_.GetSize();
    h.weights_offset = static_cast<uint64_t>(
        round_up(static_cast<int64_t>(h.meta_offset + h.meta_bytes), wire::section_align));
    h.weights_bytes = weights_bytes_;
    h.file_bytes = h.weights_offset + h.weights_bytes;
    std::vector<std::byte> file(h.file_bytes);  // padding is zero
    std::memcpy(file.data(), &h, sizeof(h));
    std::memcpy(file.data() + h.meta_offset, fbb_.GetBufferPointer(), h.meta_bytes);
    for (size_t i = 0; i < plan_.constants.size(); ++i) {
      const Tensor& t = plan_.constants[i].data;
      std::memcpy(file.data() + h.weights_offset + weights_at_[i], t.data(),
                  static_cast<size_t>(t.bytes()));
    }
    uint64_t sum = hash64_with_hole(file, wire::checksum_offset, sizeof(uint64_t));
    std::memcpy(file.data() + wire::checksum_offset, &sum, sizeof(sum));
    return file;
  }

  const Plan& plan_;
  const WriteOptions& options_;
  DimProgram dims_;
  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<uint64_t> weights_at_;
  uint64_t weights_bytes_ = 0;
  std::vector<int32_t> new_number_;
  std::vector<plan::PlanValue> kept_;
};

}  // namespace

Result<std::vector<std::byte>> write_engine(const Plan& plan, const WriteOptions& options) {
  return Writer(plan, options).write();
}

}  // namespace hone::engine
